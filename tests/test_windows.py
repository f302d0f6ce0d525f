"""skset without what only POSIX has, in processes that have lost it.

It is no Windows, but it finds a name that Windows lacks. What its files do differently
is in the tests of the cache and of the files.
"""

import subprocess
import sys
from pathlib import Path

import pytest

import skset

# What Windows lacks of `os` and `signal`, and the modules that it does not have. They
# are taken away once the libraries are imported: these have looked at the platform.
LOSE_POSIX = """
import multiprocessing.connection, os, signal, sys
import joblib, numba, scipy.sparse, sklearn.pipeline

class Nobody:
    def find_spec(name, path=None, target=None):
        if name in ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios"):
            raise ModuleNotFoundError(name)

for name in ("fcntl", "grp", "pty", "pwd", "resource", "termios"):
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Nobody)
for name in (
    *("fork", "forkpty", "register_at_fork", "killpg", "setsid", "sched_getaffinity"),
    *("chown", "fchmod", "fchown", "uname", "sysconf", "getloadavg", "sched_yield"),
    *(s + who for s in ("get", "set") for who in ("uid", "euid", "gid", "groups")),
):
    vars(os).pop(name, None)
for name in ("SIGKILL", "SIGALRM", "setitimer", "pthread_sigmask", "SIGHUP"):
    vars(signal).pop(name, None)
"""
USE = """
import tempfile
from pathlib import Path
import numpy as np
import skset
from skset.runtime import places

X = np.random.default_rng(0).standard_normal((60, 8))
y = (X[:, 0] > 0).astype(int)
for n_jobs in (1, 2):
    model = skset.SETClassifier((9,), max_iter=2, tol=0, n_jobs=n_jobs, random_state=0)
    model.fit(X, y)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.npz"
    skset.save(model, path)
    again = skset.load(path)
print((again.predict(X) == model.predict(X)).all(), places.HAS_OWNERS)
"""


def run(code, *arguments):
    """Run the code in a new process and return what it printed."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOSE_POSIX + code, *arguments],
        cwd=Path(skset.__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_a_model_is_trained_and_kept():
    assert run(USE) == "True False\n"


@pytest.mark.parametrize("command", ["info", "clear-cache"])
def test_the_command_line(command, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    code = "from skset.__main__ import main; sys.exit(main(sys.argv[1:]))"
    assert str(tmp_path) in run(code, command)
