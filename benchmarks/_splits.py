"""The sets that selectors are tried on, and what they learn from and are judged by."""

from dataclasses import dataclass

import numpy as np
from _data import load, load_images
from scipy import sparse
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split
from sklearn.preprocessing import StandardScaler

__all__ = [
    *["IMAGES", "MICROARRAYS", "SETS", "Round", "Table"],
    *["default_k", "read", "rounds", "some_rows"],
]

MICROARRAYS = [
    *["leukemia", "colon", "lymphoma", "nci9", "gordon", "khan", "christensen"],
    "lung_small",
]
IMAGES = ["mnist", "fashion_mnist"]
FACES = ["orl", "orlraws10p", "warppie10p"]
SETS = [
    *["madelon", "isolet", "coil20", "usps", "dna", "pcmac", *IMAGES],
    *[*MICROARRAYS, *FACES],
]


@dataclass(frozen=True)
class Table:
    """A set, with the split that came with it if one did."""

    name: str
    X: np.ndarray | sparse.csr_matrix
    y: np.ndarray
    given: tuple[np.ndarray, np.ndarray] | None


@dataclass(frozen=True)
class Round:
    """One split of a table: standardised columns, the rows' parts, and a seed."""

    X: np.ndarray | sparse.csr_matrix
    y: np.ndarray
    raw: np.ndarray | sparse.csr_matrix
    train: np.ndarray
    test: np.ndarray
    seed: int


def default_k(name):
    return 20 if name == "madelon" else 50


def read(folder, name):
    """Return the `Table` of that name."""
    if name in IMAGES:
        X, y, X_test, y_test = load_images(folder, name)
        rows = np.arange(len(X) + len(X_test))
        X, y = np.concatenate([X, X_test]), np.concatenate([y, y_test])
        return Table(name, X, y, (rows[: -len(X_test)], rows[-len(X_test) :]))
    return Table(name, *load(folder, name), None)


def rounds(table, n_splits):
    """Yield a `Round` for every split, or for every seed where the split is given."""
    if table.given is not None:
        splits = [table.given] * n_splits
    else:
        splits = [
            next(split.split(np.zeros(len(table.y)), table.y))
            for split in (
                StratifiedShuffleSplit(1, test_size=0.2, random_state=seed)
                for seed in range(n_splits)
            )
        ]
    X = None
    for seed, (train, test) in enumerate(splits):
        if X is None or table.given is None:
            scaler = StandardScaler(with_mean=not sparse.issparse(table.X))
            X = scaler.fit(table.X[train]).transform(table.X)
        yield Round(X, table.y, table.X, train, test, seed)


def some_rows(y, rows, most, seed):
    """Return at most so many of the rows, with the classes' shares kept."""
    if len(rows) <= most:
        return rows
    kept, _ = train_test_split(
        rows, train_size=most, stratify=y[rows], random_state=seed
    )
    return kept
