"""The data sets that the benchmarks read, from a folder given by ``--data``."""

from pathlib import Path

import numpy as np
from scipy import sparse

__all__ = ["load", "load_images"]


def load(folder, name):
    """Return X (float32 array or CSR matrix) and y of one ``.npz`` file."""
    with np.load(Path(folder) / f"{name}.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    if "X" in arrays:
        return arrays["X"].astype(np.float32), arrays["y"]
    parts = arrays["data"], arrays["indices"], arrays["indptr"]
    return sparse.csr_matrix(parts, shape=tuple(arrays["shape"])), arrays["y"]


def load_images(folder, name):
    """Return X_train, y_train, X_test, y_test of MNIST or Fashion-MNIST, in [0, 1]."""

    def joined(part):
        paths = sorted(Path(folder).glob(f"{name}_{part}*.npz"))
        if not paths:
            raise FileNotFoundError(f"no {name}_{part}*.npz in {folder}")
        sets = [load(folder, path.stem) for path in paths]
        X = np.concatenate([X for X, _ in sets]) / np.float32(255)
        return X, np.concatenate([y for _, y in sets])

    return *joined("train"), *joined("test")
