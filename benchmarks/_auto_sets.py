"""The sets on which automatic defaults are searched and judged, in two halves.

The halves were drawn once, at random within each size of sets, by `halves(0)`. Only
MNIST was put into the search half by hand: its curves had been seen before.
"""

from functools import cache

import numpy as np
from _data import load, load_images
from scipy.sparse import issparse
from sklearn import datasets
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler

__all__ = ["HELD", "SEARCH", "halves", "scaled", "splits", "table"]

TINY = [
    *["iris", "wine", "colon", "leukemia", "lymphoma", "nci9", "lung_small"],
    *["khan", "christensen", "gordon", "nutrimouse", "warppie10p", "orlraws10p"],
]
SMALL = [
    *["breast_cancer", "digits", "orl", "coil20", "isolet", "pcmac", "madelon"],
    *["dna", "cifar10_jpeg_subset"],
]
LARGE = ["usps", "letter", "adult", "higgs_subset", "fashion_mnist", "mnist"]
SHIPPED = ["iris", "wine", "breast_cancer", "digits"]
# Counts and pixels: one factor for all columns. The others are standardised.
ONE_FACTOR = ["pcmac", "mnist", "fashion_mnist", "digits", "coil20"]
# Above so many rows there is a test set of a quarter in place of folds.
MOST_FOLDED = 4000


def halves(seed):
    """Return two lists of names, drawn at random within the sizes of sets."""
    rng = np.random.default_rng(seed)
    search, held = ["mnist"], []
    for names in (TINY, SMALL, LARGE[:-1]):
        drawn = list(rng.permutation(names))
        half = len(names) // 2 + (len(search) <= len(held) and len(names) % 2)
        search += map(str, drawn[:half])
        held += map(str, drawn[half:])
    return search, held


SEARCH, HELD = halves(0)


@cache
def table(folder, name):
    """Return X and y of a set; y are class numbers."""
    if name in SHIPPED:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return X.astype(np.float32), y
    if name in ("mnist", "fashion_mnist"):
        X, y, X_test, y_test = load_images(folder, name)
        return np.concatenate([X, X_test]), np.concatenate([y, y_test])
    return load(folder, name)


def splits(name, y, repeats=1, rows=None):
    """Yield seed, training rows and test rows; at most `rows` of the former."""
    for seed in range(repeats):
        if len(y) <= MOST_FOLDED:
            folds = StratifiedKFold(3, shuffle=True, random_state=seed)
            found = folds.split(np.zeros(len(y)), y)
        elif name in ("mnist", "fashion_mnist"):
            every = np.arange(len(y))
            found = [(every[:-10000], every[-10000:])]
        else:
            found = StratifiedShuffleSplit(1, test_size=0.25, random_state=seed).split(
                np.zeros(len(y)), y
            )
        for fold, (train, test) in enumerate(found):
            if rows and len(train) > rows:
                rng = np.random.default_rng(seed)
                train = np.sort(rng.choice(train, rows, replace=False))
            yield 3 * seed + fold, train, test


def scaled(name, X, train, test):
    """Return both parts of X, scaled by what the training rows say."""
    if name in ONE_FACTOR:
        part = X[train]
        squares = part.multiply(part).sum() if issparse(X) else np.square(part).sum()
        scale = np.float32(np.sqrt(squares / np.prod(part.shape)))
        return part / scale, X[test] / scale
    scaler = StandardScaler().fit(X[train])
    return scaler.transform(X[train]), scaler.transform(X[test])
