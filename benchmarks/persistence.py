"""What files cost: seconds and bytes of `skset.save`, pickle and joblib.

    python benchmarks/persistence.py

Networks of a few sizes after one epoch of `partial_fit`, with the optimiser's state.
The ways take turns; medians. The files lie in a folder of the system for temporary
files, and are written to the disk (fsync) by `skset.save` alone.
"""

import argparse
import pickle
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from _report import print_table, write_json

import skset
from skset import SETClassifier

# Hidden units and density.
SIZES = [((1000,), 0.05), ((3000, 3000), 0.05), ((10000, 10000), 0.1)]
N_FEATURES, N_ROWS, N_CLASSES = 784, 2000, 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", default="benchmarks/results/persistence.json")
    options = parser.parse_args()
    results = [measured(*size, options.repeats) for size in SIZES]
    print_table(
        ["connections", "way", "MB", "write, s", "read, s"],
        [
            [
                *[str(case["nnz"]) if n == 0 else "", way["name"]],
                f"{way['bytes'] / 1e6:.2f}",
                *(f"{way[part]:.4f}" for part in ("write", "read")),
            ]
            for case in results
            for n, way in enumerate(case["ways"])
        ],
    )
    write_json(options.out, results)


def measured(hidden, density, repeats):
    """Return bytes and seconds of each way for one network."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_FEATURES)).astype(np.float32)
    y = rng.integers(N_CLASSES, size=N_ROWS)
    model = SETClassifier(
        hidden_layer_sizes=hidden, density=density, batch_size=500, random_state=0
    )
    model.partial_fit(X, y, classes=range(N_CLASSES))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        found = {name: [] for name in WAYS}
        for _ in range(repeats):
            for name, (write, read) in WAYS.items():
                found[name].append((*timed(write, model, path), *timed(read, path)))
                size = path.stat().st_size
                found[name][-1] = (*found[name][-1], size)
    ways = [
        dict(zip(("name", "write", "read", "bytes"), (name, *median), strict=True))
        for name, median in ((n, np.median(of, axis=0)) for n, of in found.items())
    ]
    return {"hidden": hidden, "nnz": model.nnz_, "ways": ways}


def timed(function, *args):
    """Return the seconds that a call takes, in a tuple."""
    began = time.perf_counter()
    function(*args)
    return (time.perf_counter() - began,)


def pickled(model, path):
    path.write_bytes(pickle.dumps(model, protocol=5))


def unpickled(path):
    return pickle.loads(path.read_bytes())


def saved_with_training(model, path):
    skset.save(model, path, training=True)


WAYS = {
    "skset.save": (skset.save, skset.load),
    "skset.save, training=True": (saved_with_training, skset.load),
    "pickle": (pickled, unpickled),
    "joblib": (joblib.dump, joblib.load),
}


if __name__ == "__main__":
    main()
