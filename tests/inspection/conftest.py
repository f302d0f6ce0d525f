"""A small fit and its snapshots; plots without a window, closed after each test."""

import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits

from skset import SETClassifier
from skset.topology import Topology


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    return pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def plt(pyplot):
    yield pyplot
    pyplot.close("all")


@pytest.fixture(scope="session")
def digits():
    """Return a fitted model and its static twin."""
    X, y = load_digits(return_X_y=True)
    model = SETClassifier((60, 40), epsilon=5, max_iter=3, random_state=0).fit(X, y)
    return model, clone(model).set_params(method="static").fit(X, y)


@pytest.fixture(scope="session")
def table():
    """Return a model that was fitted on a DataFrame."""
    pytest.importorskip("pandas")
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return SETClassifier((30, 20), epsilon=3, max_iter=3, random_state=0).fit(X, y)


@pytest.fixture
def snapshots():
    """Return three snapshots of a network 2-2-1, whose first layer changes."""
    last = Topology.from_positions((2, 1), np.array([0, 1]))
    firsts = ([0, 1], [0, 2], [0, 3])
    return [
        (epoch, [Topology.from_positions((2, 2), np.array(first)), last])
        for epoch, first in zip((0, 5, 10), firsts, strict=True)
    ]
