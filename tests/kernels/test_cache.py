"""The guards of the disk cache, each in processes and a package of its own."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import skset.kernels
from skset.kernels import _cache

CALL = """
import numpy as np
from skset.kernels import flat_positions

positions = np.empty(3, np.int64)
flat_positions(np.array([0, 1, 3]), np.array([1, 0, 1], np.int32), 2, positions)
print(positions.tolist(), sum(getattr(flat_positions, "stats").cache_hits.values()))
"""
COMPILED, LOADED = "[1, 2, 3] 0\n", "[1, 2, 3] 1\n"
# The same for indices of any type; each is a signature of its own.
CALL_WITH = CALL.replace("np.int32", "np.{}")


class Installation:
    """A copy of the kernels, and a cache directory."""

    def __init__(self, root):
        self.root, self.cache = root, root / "cache"
        self.kernels = root / "skset" / "kernels"
        source = Path(skset.kernels.__file__).parent
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, self.kernels, ignore=ignore)
        (root / "skset" / "__init__.py").touch()

    def start(self, code, *arguments, **environment):
        """Start a new process that runs the code."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=inherited
            | {"PYTHONPATH": str(self.root), "NUMBA_CACHE_DIR": str(self.cache)}
            | environment,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code=CALL, ok=True, **environment):
        """Run the code in a new process; return its output and its errors."""
        process = self.start(code, **environment)
        output, errors = process.communicate()
        assert (process.returncode == 0) == ok, errors
        return output, errors


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
    assert len(before) == 1
    assert installation.run() == (LOADED, "")
    after = {path: path.stat().st_mtime_ns for path in installation.cache.rglob("*.*")}
    assert after == before


@pytest.mark.parametrize(
    "damage", ["truncated", "emptied", "overwritten", "zeroed", "sealed"]
)
def test_a_damaged_file_is_compiled_anew_and_replaced(installation, damage):  # row 48
    (path,) = installation.cache.rglob("*.nbc")
    content = path.read_bytes()
    half = len(content) // 2
    damaged = {
        "truncated": content[:half],
        "emptied": b"",
        "overwritten": b"\xff" * 99,
        # As after a power failure, in the midst of the machine code: nothing that
        # unpickles it would notice.
        "zeroed": content[:half] + bytes(512) + content[half + 512 :],
        # Whole, but not to be unpickled.
        "sealed": hashlib.sha256(b"junk").digest() + b"junk",
    }
    path.write_bytes(damaged[damage])
    assert installation.run() == (COMPILED, "")
    assert installation.run() == (LOADED, "")


def test_a_change_of_another_file_makes_cached_code_stale(tmp_path):  # row 49
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


def test_code_is_stamped_with_the_sources_it_was_imported_from(tmp_path):
    """An upgrade replaces a file while a process has not compiled yet."""
    installation = Installation(tmp_path)
    head = "from skset.kernels._jit import kernel\n"
    helper = installation.kernels / "helper.py"
    old = f"{head}@kernel\ndef inner(x):\n    return x + 1\n"
    helper.write_text(old)
    (installation.kernels / "caller.py").write_text(
        f"{head}from skset.kernels.helper import inner\n"
        "@kernel\ndef outer(x):\n    return 10 * inner(x)\n"
    )
    code = "from skset.kernels.caller import outer; {}print(outer(1))"
    new = old.replace("+ 1", "+ 2")
    upgrade = f"open({str(helper)!r}, 'w').write({new!r}); "
    assert installation.run(code.format(upgrade)) == ("20\n", "")
    assert installation.run(code.format("")) == ("30\n", "")


def test_code_of_older_sources_does_not_pile_up(installation):
    (old,) = installation.cache.rglob("*.nbc")
    text = (installation.kernels / "patterns.py").read_text()
    try:
        (installation.kernels / "patterns.py").write_text(text + "# changed\n")
        assert installation.run() == (COMPILED, "")
    finally:
        (installation.kernels / "patterns.py").write_text(text)
    (new,) = installation.cache.rglob("*.nbc")
    assert new != old


@pytest.mark.parametrize(
    "change",
    [
        "import numba; numba.__version__ = '0.1'",
        "import numba, numpy; numpy.__version__ = '9.9.9'",
        "import numba; numba.config.LOOP_VECTORIZE = 0",
    ],
    ids=["numba", "numpy", "optimisation"],
)
def test_code_of_another_version_or_setting_is_not_loaded(installation, change):
    assert installation.run(change + CALL) == (COMPILED, "")
    assert installation.run(change + CALL) == (LOADED, "")
    assert installation.run() == (LOADED, "")  # nor is what was there lost


def test_bounds_checks_are_not_lost_to_code_cached_without_them(installation):
    code = """
import numpy as np
from skset.kernels import flat_positions

flat_positions(np.array([0, 9]), np.zeros(1, np.int32), 2, np.empty(9, np.int64))
"""
    installation.run(code)
    assert "IndexError" in installation.run(code, ok=False, NUMBA_BOUNDSCHECK="1")[1]
    installation.run(code)  # and the other way round: nothing checks without need


def test_without_a_writable_directory_it_compiles_and_warns_once(tmp_path):  # row 47
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
    from skset.kernels import squeeze
    print(squeeze(np.array([2, 2])))
print([(w.category.__name__, "NUMBA_CACHE_DIR" in str(w.message)) for w in caught])
"""
    expected = COMPILED + "1\n[('UserWarning', True)]\n"
    assert installation.run(code, **places) == (expected, "")


def test_a_file_that_cannot_be_written_costs_only_the_saving(installation):
    (data,) = installation.cache.rglob("*.nbc")
    data.unlink()
    data.mkdir()
    assert installation.run() == (COMPILED, "")


def test_a_full_disk_costs_only_the_saving_and_leaves_nothing_half(installation):
    pytest.importorskip("resource", reason="limits the size of files")
    (data,) = installation.cache.rglob("*.nbc")
    data.unlink()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"
    report = "from skset.kernels._cache import RECORD; print(RECORD.failure is None)"
    expected = COMPILED + "False\n"
    assert installation.run(f"{limit}\n{CALL}\n{report}") == (expected, "")
    assert [path for path in installation.cache.rglob("*") if path.is_file()] == []


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


def test_a_file_with_code_of_another_signature_is_not_run(installation):
    """As processes that number their files can leave one."""
    (path,) = installation.cache.rglob("*.nbc")
    of_int32 = path.read_bytes()
    path.unlink()
    assert installation.run(CALL_WITH.format("int64")) == (COMPILED, "")
    (path,) = installation.cache.rglob("*.nbc")
    path.write_bytes(of_int32)
    assert installation.run(CALL_WITH.format("int64")) == (COMPILED, "")


def test_a_process_that_saves_while_another_does_loses_nothing(tmp_path):
    """The second runs from its beginning to its end within the first one's saving."""
    installation = Installation(tmp_path)
    second = CALL_WITH.format("int64")
    other = f"""
import os, subprocess, sys
replace, done = os.replace, []
def interrupted(*paths):
    if not done:
        done.append(subprocess.run([sys.executable, "-c", {second!r}]))
    replace(*paths)
os.replace = interrupted
"""
    both = (COMPILED * 2, "")
    assert installation.run(f"{other}{CALL}") == both
    assert installation.run() == (LOADED, "")
    assert installation.run(second) == (LOADED, "")


def test_processes_that_start_at_once_on_an_empty_cache(tmp_path):  # row 52
    installation = Installation(tmp_path)
    kinds = ["int32", "int64", "int32"]
    wait = f"""
import pathlib, sys, time, skset.kernels
(pathlib.Path({str(tmp_path)!r}) / ("ready" + sys.argv[1])).touch()
while len(list(pathlib.Path({str(tmp_path)!r}).glob("ready*"))) < {len(kinds)}:
    time.sleep(0.001)
"""
    running = [
        installation.start(wait + CALL_WITH.format(kind), str(k))
        for k, kind in enumerate(kinds)
    ]
    for process in running:
        out, errors = process.communicate()
        assert out in (COMPILED, LOADED), errors
        assert errors == ""
    for kind in set(kinds):
        assert installation.run(CALL_WITH.format(kind)) == (LOADED, "")
    names = [path.name for path in installation.cache.rglob("*") if path.is_file()]
    assert len(names) == 2
    assert not any("tmp" in name for name in names)


def test_readers_never_meet_a_file_that_is_being_written(tmp_path):
    files, data = _cache.CodeFiles(tmp_path, "module.kernel"), os.urandom(1 << 22)
    files.save("key", data)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            files.save("key", data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert all(files.load("key") == data for _ in range(40))
    finally:
        stop.set()
        writer.join()
