"""The guards of the disk cache, each in processes and a package of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import skset.kernels

CALL = """
import numpy as np
from skset.kernels import flat_positions

positions = np.empty(3, np.int64)
flat_positions(np.array([0, 1, 3]), np.array([1, 0, 1], np.int32), 2, positions)
print(positions.tolist(), sum(getattr(flat_positions, "stats").cache_hits.values()))
"""
COMPILED, LOADED = "[1, 2, 3] 0\n", "[1, 2, 3] 1\n"


class Installation:
    """A copy of the kernels, and a cache directory."""

    def __init__(self, root):
        self.root, self.cache = root, root / "cache"
        self.kernels = root / "skset" / "kernels"
        source = Path(skset.kernels.__file__).parent
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, self.kernels, ignore=ignore)
        (root / "skset" / "__init__.py").touch()

    def run(self, code=CALL, ok=True, **environment):
        """Run the code in a new process; return its output and its errors."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=inherited
            | {"PYTHONPATH": str(self.root), "NUMBA_CACHE_DIR": str(self.cache)}
            | environment,
            cwd=self.root,
            capture_output=True,
            text=True,
        )
        assert (done.returncode == 0) == ok, done.stderr
        return done.stdout, done.stderr


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("installation"))
    assert installation.run() == (COMPILED, "")
    shutil.copytree(installation.cache, installation.root / "kept")
    return installation


@pytest.fixture
def installation(filled):
    """The installation, its cache holding one compiled kernel."""
    shutil.rmtree(filled.cache, ignore_errors=True)
    shutil.copytree(filled.root / "kept", filled.cache)
    return filled


def test_a_second_process_loads_what_the_first_compiled(installation):
    before = {path: path.stat().st_mtime_ns for path in installation.cache.rglob("*.*")}
    assert len(before) == 2
    assert installation.run() == (LOADED, "")
    after = {path: path.stat().st_mtime_ns for path in installation.cache.rglob("*.*")}
    assert after == before


@pytest.mark.parametrize("damage", ["truncated", "emptied", "overwritten"])
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_damaged_file_is_compiled_anew_and_replaced(installation, suffix, damage):
    (path,) = installation.cache.rglob(f"*.{suffix}")
    content = path.read_bytes()
    half = len(content) // 2
    damaged = {"truncated": content[:half], "emptied": b"", "overwritten": b"\xff" * 99}
    path.write_bytes(damaged[damage])
    assert installation.run() == (COMPILED, "")
    assert installation.run() == (LOADED, "")


def test_a_change_of_another_file_makes_cached_code_stale(tmp_path):
    installation = Installation(tmp_path)
    head = "from skset.kernels._jit import kernel\n"
    helper = installation.kernels / "helper.py"
    helper.write_text(f"{head}@kernel\ndef inner(x):\n    return x + 1\n")
    (installation.kernels / "caller.py").write_text(
        f"{head}from skset.kernels.helper import inner\n"
        "@kernel\ndef outer(x):\n    return 10 * inner(x)\n"
    )
    code = "from skset.kernels.caller import outer; print(outer(1))"
    assert installation.run(code) == ("20\n", "")
    helper.write_text(helper.read_text().replace("+ 1", "+ 2"))
    assert installation.run(code) == ("30\n", "")


def test_bounds_checks_are_not_lost_to_code_cached_without_them(installation):
    code = """
import numpy as np
from skset.kernels import flat_positions

flat_positions(np.array([0, 9]), np.zeros(1, np.int32), 2, np.empty(9, np.int64))
"""
    installation.run(code)
    assert "IndexError" in installation.run(code, ok=False, NUMBA_BOUNDSCHECK="1")[1]
    installation.run(code)  # and the other way round: nothing checks without need


def test_without_a_writable_directory_it_compiles_and_warns_once(tmp_path):
    installation = Installation(tmp_path)
    # Not by permissions, which do not bind root: a file stands where a directory would.
    no_directory = installation.root / "file"
    no_directory.touch()
    (installation.kernels / "__pycache__").touch()
    homes = ["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "NUMBA_CACHE_DIR"]
    places = dict.fromkeys(homes, str(no_directory))
    code = f"""
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    {CALL.strip().replace(chr(10), chr(10) + "    ")}
    from skset.kernels import merge
    born = np.array([2])
    arrays = np.zeros(3, np.int64), np.empty(1, np.int32), np.empty(1, np.int64)
    print(merge(born[:0], born[:0], born, 2, *arrays))
print([(w.category.__name__, "NUMBA_CACHE_DIR" in str(w.message)) for w in caught])
"""
    expected = COMPILED + "True\n[('UserWarning', True)]\n"
    assert installation.run(code, **places) == (expected, "")


def test_a_file_that_cannot_be_written_costs_only_the_saving(installation):
    (index,) = installation.cache.rglob("*.nbi")
    (data,) = installation.cache.rglob("*.nbc")
    index.unlink()
    data.unlink()
    data.mkdir()
    assert installation.run() == (COMPILED, "")


def test_a_cache_directory_that_vanishes_costs_only_the_saving(installation):
    code = f"""
import shutil
import skset.kernels
shutil.rmtree({str(installation.cache)!r})
open({str(installation.cache)!r}, "w").close()
{CALL}
"""
    try:
        assert installation.run(code) == (COMPILED, "")
    finally:
        installation.cache.unlink()
