"""docs/torch.md and examples/set_cnn.py run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("skorch")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "torch.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS += [
    block
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    if "skset.torch" in block
]


def run(*command):
    # A thread that waits for another one costs a busy machine most.
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=600,
        env=one_thread,
    )


def test_the_page_has_code():
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_block_runs_by_itself(number):
    done = run("-W", "error::UserWarning", "-c", BLOCKS[number])
    assert done.returncode == 0, done.stderr
    for accuracy in re.findall(r"accuracy (0\.\d+)", done.stdout):
        assert float(accuracy) > 0.9
    assert done.stdout


def test_a_set_cnn_takes_thirty_lines():
    [block] = [block for block in BLOCKS if "nn.Conv2d" in block]
    assert len([line for line in block.splitlines() if line]) <= 30


def test_the_example():
    done = run(str(ROOT / "examples" / "set_cnn.py"))
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^(.*?) +(\d\.\d{3}) +([\d,]+) ", done.stdout, re.M)
    assert [name for name, *_ in found] == [
        "SET, 5 %",
        "static, 5 %",
        "full",
        "own loop",
    ]
    assert min(float(accuracy) for _, accuracy, _ in found) > 0.93
