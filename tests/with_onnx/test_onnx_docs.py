"""docs/onnx.md runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_page_has_code():
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_block_runs_by_itself(number, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", BLOCKS[number]],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "False" not in done.stdout.replace("sparse=False", "")
    sizes = [float(size) for size in re.findall(r"([\d.]+) MB", done.stdout)]
    assert not sizes or sizes[1] > 5 * max(sizes[0], sizes[2])
