"""Fits that are killed, and go on from their last checkpoint.

    cd tests && python -m persistence.kills 10

kills so many fits at random moments, in the middle of a step or of the writing of a
file. It goes on with each and compares the result with that of a fit in one piece.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from persistence.cases import X, same, y

import skset
from skset import SETClassifier
from skset.callbacks import Checkpoint

__all__ = ["killed", "whole"]

N_EPOCHS = 150
ROOT = Path(skset.__file__).parent.parent


def model():
    """Return a classifier with all that a checkpoint has to keep."""
    return SETClassifier(
        hidden_layer_sizes=(300, 200),
        max_iter=N_EPOCHS,
        grow="momentum",
        early_stopping=True,
        n_iter_no_change=N_EPOCHS,
        random_state=5,
    )


def whole():
    """Return the classifier after a fit in one piece."""
    return model().fit(X, y)


def killed(path, seconds, rng):
    """Kill a fit so long after its first checkpoint; return what it has become.

    Returns the classifier after the rest of its fit, and the epoch of the checkpoint.
    """
    path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "persistence.kills", "fit", str(path)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": paths}
    fit = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        begun = time.monotonic()
        while not path.exists():
            assert fit.poll() is None
            assert time.monotonic() < begun + 120
            time.sleep(0.001)
        time.sleep(seconds * rng.random())
    finally:
        fit.kill()
        fit.wait()
    n_epochs = skset.load(path).n_iter_
    return skset.resume(path, X, y), n_epochs


def main():
    if sys.argv[1] == "fit":
        model().set_callbacks(Checkpoint(sys.argv[2])).fit(X, y)
        return
    expected, rng = whole(), random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(int(sys.argv[1])):
            found, n_epochs = killed(Path(folder) / "fit.npz", 3.0, rng)
            print(f"killed after {n_epochs} epochs: same {same(found, expected)}")
            assert same(found, expected)


if __name__ == "__main__":
    main()
