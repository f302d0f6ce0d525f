"""Code on the pages of the documentation runs, each block by itself."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Libraries that a block may need and that may not be installed.
OPTIONAL = (
    *("torch", "skorch", "skops", "onnx", "onnxruntime", "skl2onnx", "shap"),
    *("matplotlib", "networkx", "pyarrow", "h5py", "zarr", "dask", "anndata"),
)
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
]


def missing(block):
    """Return the libraries that a block imports and that are not there."""
    found = re.findall(r"^\s*(?:import|from) (?:skset\.)?(\w+)", block, re.MULTILINE)
    found += ["matplotlib"] if "inspection" in found else []
    return [name for name in OPTIONAL if name in found and find_spec(name) is None]


class NoPandas:
    """Finds every module but pandas."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pandas":
            raise ImportError("the README's installation brings no pandas")


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs_by_itself(block, request, tmp_path, monkeypatch, capsys):
    if lacking := missing(block):
        pytest.skip(f"needs {lacking}")
    if "set_callbacks" in block:
        pytest.importorskip("sklearn.callback")
    if "ProgressBar" in block:
        pytest.importorskip("rich")
    monkeypatch.chdir(tmp_path)
    if request.node.callspec.id.startswith("README"):  # it installs no pandas
        monkeypatch.delitem(sys.modules, "pandas", raising=False)
        monkeypatch.setattr(sys, "meta_path", [NoPandas, *sys.meta_path])
    exec(compile(block, "block", "exec"), {"__name__": "__main__"})
    assert "Traceback" not in capsys.readouterr().err
