"""The labelled tables that models are compared on, and the half that is held back.

Nothing is chosen on the sets held back: no default, no rule, no grid. They are the
evidence for what was chosen on the others.
"""

from pathlib import Path

import numpy as np
from _data import load
from sklearn import datasets
from sklearn.model_selection import train_test_split

__all__ = [
    *["CLASSIFICATION", "GENES", "HELD", "REGRESSION", "REGRESSION_HELD"],
    *["held_half", "read", "read_numbers"],
]

# The sets by size: each half gets its share of tiny, small and large ones.
SIZES = {
    "up to 250 rows": [
        *["iris", "wine", "colon", "leukemia", "lymphoma", "nci9", "lung_small"],
        *["khan", "christensen", "gordon", "nutrimouse", "warppie10p", "orlraws10p"],
    ],
    "up to 4,000 rows": [
        *["breast_cancer", "digits", "orl", "coil20", "isolet", "pcmac", "madelon"],
        *["dna", "cifar10_jpeg_subset"],
    ],
    "more rows": ["usps", "letter", "adult", "higgs_subset", "fashion_mnist", "mnist"],
}
GENES = [
    *["colon", "leukemia", "lymphoma", "nci9", "lung_small", "khan", "christensen"],
    *["gordon", "nutrimouse"],
]
CLASSIFICATION = [name for names in SIZES.values() for name in names]
REGRESSION_SIZES = {
    "up to 500 rows": ["riboflavin", "gasoline", "eyedata", "diabetes"],
    "more rows": ["solubility", "communities"],
}
REGRESSION = [name for names in REGRESSION_SIZES.values() for name in names]

# What `held_half` drew, once. It is written down because a set that is added later
# changes the draw, and no set may change sides after something was chosen.
HELD = [
    *["iris", "leukemia", "lung_small", "gordon", "warppie10p", "christensen"],
    *["wine", "coil20", "dna", "cifar10_jpeg_subset", "breast_cancer"],
    *["letter", "fashion_mnist", "adult"],
]
REGRESSION_HELD = ["gasoline", "diabetes", "solubility"]

SHIPPED = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
}


def held_half(sizes, searched=(), seed=0):
    """Draw half of the sets of each size; `searched` are known too well to be held."""
    rng = np.random.default_rng(seed)
    n_searched, held = len(searched), []
    for names in sizes.values():
        drawn = list(rng.permutation([name for name in names if name not in searched]))
        half = len(drawn) // 2 + (n_searched <= len(held) and len(drawn) % 2)
        n_searched += half
        held += map(str, drawn[half:])
    return held


def read(folder, name, rows=None):
    """Return X as it is at its origin and y; at most so many rows, if that is given."""
    if name in SHIPPED:
        X, y = SHIPPED[name](return_X_y=True)
    elif (Path(folder) / f"{name}.npz").exists():
        X, y = load(folder, name)
    else:
        X, y = joined(folder, name)
    return capped(X, y, rows)


def joined(folder, name):
    """Return X and y of a set that lies in parts, training and test rows together."""
    paths = sorted(Path(folder).glob(f"{name}_t*.npz"))
    if not paths:
        raise FileNotFoundError(f"no {name}.npz or {name}_t*.npz in {folder}")
    parts = [load(folder, path.stem) for path in paths]
    return np.concatenate([X for X, _ in parts]), np.concatenate([y for _, y in parts])


def capped(X, y, rows):
    """Return some rows, the same in each call, with the classes' shares kept."""
    if not rows or len(y) <= rows:
        return X, y
    kept, _ = train_test_split(
        np.arange(len(y)), train_size=rows, stratify=y, random_state=0
    )
    kept.sort()
    return X[kept], y[kept]


def read_numbers(folder, name):
    """Return X and y of a set for regression."""
    if name in SHIPPED:
        return SHIPPED[name](return_X_y=True)
    return load(folder, f"reg_{name}")
