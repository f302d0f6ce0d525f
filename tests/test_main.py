"""``python -m skset``, in processes with a cache directory of their own."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numba
import pytest

import skset
from skset import __main__ as command_line
from skset import _warmup
from skset.runtime import cache

FITS = """
import warnings, numpy as np
from scipy import sparse
from skset import QuickSelection, SETClassifier, SETRegressor, SparseRBM
from skset.runtime.cache import RECORD

warnings.simplefilter("ignore")
X = np.random.default_rng(0).random((60, 10))
y = np.arange(60) % 2
for data in (X, X.astype(np.float32, order="F"), sparse.csc_matrix(X)):
    SETClassifier(early_stopping=True, n_jobs=2).fit(data, y).predict_proba(data)
    SETRegressor(dtype=np.float64).fit(data, y).predict(data)
    SparseRBM(n_iter=2).fit(data).score_samples(data)
    QuickSelection(2, supervised=True).fit(data, y).transform(data)
print(RECORD.compiled, RECORD.loaded > 0)
"""


def start(arguments, cache):
    """Run Python in a new process and return how it ended."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    root = str(Path(skset.__file__).parent.parent)
    return subprocess.run(
        [sys.executable, *arguments],
        env=inherited | {"PYTHONPATH": root, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
    )


def command(name, cache):
    """Run a command in a new process and return what it printed."""
    done = start(["-m", "skset", name], cache)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def numbers(output):
    """Return how many signatures were compiled, and how many loaded."""
    pattern = r"(\d+) signatures of kernels compiled and (\d+) loaded .* in [\d.]+ s\n"
    return tuple(map(int, re.fullmatch(pattern, output).groups()))


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A cache directory, warmed up."""
    cache = tmp_path_factory.mktemp("cache")
    compiled, loaded = numbers(command("warmup", cache))
    assert compiled == len(list(cache.rglob("*.nbc"))) > 20
    assert loaded == 0
    return cache


def test_a_second_warmup_compiles_nothing(warm):
    before = {path: path.stat().st_mtime_ns for path in warm.rglob("*")}
    compiled, loaded = numbers(command("warmup", warm))
    assert compiled == 0
    assert loaded > 20
    assert {path: path.stat().st_mtime_ns for path in warm.rglob("*")} == before


def test_after_a_warmup_no_fit_compiles_anything(warm):
    done = start(["-c", FITS], warm)
    assert (done.stdout, done.stderr) == ("0 True\n", "")


def test_no_kernel_is_compiled_for_read_only_patterns_besides(warm):
    """Every pattern is read-only, as all are from the same doors: one type each."""
    names = [path.name.split("-")[0] for path in warm.rglob("*.nbc")]
    counts = Counter(names)
    # Of X, and of the network.
    assert counts.pop("batches.gather_dense") == 4
    assert counts.pop("batches.gather_sparse") in (3, 4)
    assert max(counts.values()) == 2  # float32 and float64
    of_weights = {"patterns.carry", "patterns.by_output"}
    assert {counts[name] for name in of_weights} == {2}
    of_patterns = {n for n in counts if n.startswith("patterns.")} - of_weights
    assert len(of_patterns) > 8
    assert {counts[name] for name in of_patterns} == {1}


def test_info_says_where_the_kernels_are(warm):
    facts = dict(line.split(maxsplit=1) for line in command("info", warm).splitlines())
    files = list(warm.rglob("*.nbc"))
    assert facts["cache"] == str(files[0].parent)
    assert facts["cached"].startswith(f"{len(files)} files (")
    assert facts["kernels"] == "compiled at first use, and kept"
    assert facts["numba"] == numba.__version__
    assert facts["NUMBA_CACHE_DIR"] == str(warm)
    assert {"skset", "python", "machine", "cpu", "cpus"} <= set(facts)


def test_clear_cache_removes_what_is_ours_and_nothing_else(warm, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(warm, cache)
    ours = list(cache.rglob("*.nbc"))
    (
        ours[0].parent / f"{ours[0].name}.tmp.0123"
    ).touch()  # of a process that was killed
    numbas = ["f-1.py311.nbi", "f-1.py311.1.nbc", "f-1.py311.nbi.tmp.0123"]
    others = [ours[0].parent / name for name in ("notes.txt", *numbas)]
    others.append(cache / "other_0123" / ours[0].name)
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    size = sum(path.stat().st_size for path in ours) / 1e6
    assert command("clear-cache", cache) == (
        f"removed {len(ours) + 1} files ({size:.1f} MB) from {ours[0].parent}\n"
    )
    assert sorted(p for p in cache.rglob("*") if p.is_file()) == sorted(others)
    assert command("clear-cache", cache).startswith("removed 0 files (0.0 MB)")


# What goes wrong, and is said.


@pytest.fixture
def cold(monkeypatch):
    """A warm-up that does nothing, and a record of its own to be tampered with."""
    monkeypatch.setattr(_warmup, "warm_up", lambda: None)
    record = cache.Record(directories={Path("somewhere")})
    monkeypatch.setattr(command_line, "RECORD", record)
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    return record


def test_a_warmup_that_nothing_keeps_has_failed(cold, capsys):
    assert command_line.main(["warmup"]) == 0
    cold.directories.clear()
    assert command_line.main(["warmup"]) == 1
    assert "Set NUMBA_CACHE_DIR" in capsys.readouterr().err


def test_a_warmup_that_finds_all_where_it_cannot_write_has_not_failed(cold, capsys):
    cold.directories.clear()
    cold.read_only.add(Path("image"))
    assert command_line.main(["warmup"]) == 0
    assert command_line.main(["info"]) == 0
    assert "image (read only)\n" in capsys.readouterr().out
    cold.compiled = 1
    assert command_line.main(["warmup"]) == 1
    assert "Set NUMBA_CACHE_DIR" in capsys.readouterr().err


def test_a_warmup_that_is_not_kept_as_a_whole_has_failed(cold, capsys):
    cold.failure = OSError("No space left on device")
    assert command_line.main(["warmup"]) == 1
    assert "No space left on device" in capsys.readouterr().err


def test_a_warmup_of_interpreted_kernels_has_failed(cold, capsys, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert command_line.main(["warmup"]) == 1
    assert "NUMBA_DISABLE_JIT" in capsys.readouterr().err
    assert command_line.main(["info"]) == 0
    assert "interpreted" in capsys.readouterr().out


def test_info_says_that_nothing_is_kept(cold, capsys):
    cold.directories.clear()
    assert command_line.main(["info"]) == 0
    assert "compiled anew in every process" in capsys.readouterr().out


def test_a_file_that_cannot_be_removed_keeps_no_other(cold, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "RECORD", cold)
    cold.directories = {tmp_path}
    names = [f"m.f-1.py311.01234567.0123456789abcde{n}.nbc" for n in range(3)]
    for name in names:
        (tmp_path / name).touch()
    unlink = Path.unlink

    def refuse(path):
        if path.name == names[0]:
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path)

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(PermissionError, match=names[0]):
        cache.clear_cache()
    assert [path.name for path in tmp_path.iterdir()] == names[:1]


def test_files_that_cannot_be_removed_are_told(capsys, monkeypatch):
    def refuse():
        raise PermissionError(13, "Permission denied", "a.nbc")

    monkeypatch.setattr(command_line, "clear_cache", refuse)
    assert command_line.main(["clear-cache"]) == 1
    assert "Permission denied: 'a.nbc'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: command"),
        (["warm"], "invalid choice: 'warm'"),
        (["warmup", "now"], "unrecognized arguments: now"),
    ],
)
def test_a_wrong_command_is_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as refused:
        command_line.main(arguments)
    assert refused.value.code == 2
    assert message in capsys.readouterr().err


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for name in ("warmup", "info", "clear-cache", "NUMBA_CACHE_DIR"):
        assert name in text
