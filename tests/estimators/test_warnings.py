"""Warnings name the line of the user's program that made the call."""

import warnings

import numpy as np
import pytest
from estimators.cases import bits, machine, selector, small, toy
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset.estimators import SETClassifier, SETRegressor, SparseRBM

X, Y = toy(SETClassifier)
CALLS = {
    "batch_size": lambda: small(SETClassifier, batch_size=41).fit(X, Y),
    "batch_size of a machine": lambda: machine(batch_size=41).fit(bits()),
    "convergence": lambda: small(SETRegressor).fit(X, Y),
    "few steps": lambda: selector(max_iter=1).fit(X),
    "few features": lambda: selector(99).fit(X),
    "in a pipeline": lambda: make_pipeline(StandardScaler(), selector(99)).fit(X, Y),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_warning_names_this_file(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert caught
    assert {warning.filename for warning in caught} == {__file__}


def test_warning_from_within_a_search_is_seen():
    """Where no frame of the user is near, that of whoever called scikit-learn."""
    with pytest.warns(ConvergenceWarning, match="Maximum iterations") as caught:
        cross_val_score(small(SETClassifier), X, Y, cv=2)
    assert len(caught) == 2
    assert {warning.filename for warning in caught} == {__file__}


def test_small_calls_of_a_machine_are_silent():
    model = SparseRBM(5, batch_size=20)
    for rows in np.array_split(bits(), 8):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.partial_fit(rows)
    assert model.n_iter_ == 8
