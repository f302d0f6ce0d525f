"""Small fitted estimators, each made once."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from skset import QuickSelection, SETClassifier, SparseRBM

impatient = pytest.mark.filterwarnings("ignore:Maximum iterations")
NAMES = [f"gene {letter}" for letter in "abcdefgh"]


@cache
def table():
    """Return 120 rows of eight named columns, and classes that the third tells."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.standard_normal((120, 8)), columns=NAMES)
    return X, (X["gene c"] > 0).to_numpy().astype(int)


@cache
def digits():
    return load_digits().data[:300] / 16


@cache
def classifier(seed=0, named=True):
    X, y = table()
    model = SETClassifier((10,), max_iter=5, random_state=seed)
    return model.fit(X if named else X.to_numpy(), y)


@cache
def selector(seed=0, named=True):
    X, y = table()
    return brief(random_state=seed).fit(X if named else X.to_numpy(), y)


@cache
def machine():
    return SparseRBM(24, n_iter=3, random_state=0).fit(digits())


def brief(n_features_to_select=3, **params):
    """Return a selector that is quickly fitted."""
    params = {"hidden_layer_sizes": (10,), "max_iter": 8, "batch_size": 10, **params}
    return QuickSelection(n_features_to_select, **params)
