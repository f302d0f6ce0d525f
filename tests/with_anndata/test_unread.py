"""Estimators refuse what has not been read from a file, and say who reads it."""

import numpy as np
import pytest
from anndata import read_h5ad
from with_anndata.cells import machine, made, selector

from skset import ContinualSETClassifier, SETClassifier, SETRegressor, StableSelection

ESTIMATORS = {
    "classifier": SETClassifier(10, max_iter=3, random_state=0),
    "regressor": SETRegressor(10, max_iter=3, random_state=0),
    "selector": selector(3),
    "stable": StableSelection(selector(3), n_resamples=4, random_state=0),
    "machine": machine(),
    "continual": ContinualSETClassifier(10, max_iter=3, random_state=0),
}
each = pytest.mark.parametrize("model", ESTIMATORS.values(), ids=ESTIMATORS)


@pytest.fixture(params=["csr", "csc"])
def in_file(request, tmp_path):
    made(request.param).write_h5ad(tmp_path / "cells.h5ad")
    return read_h5ad(tmp_path / "cells.h5ad", backed="r").X


@each
def test_a_matrix_in_a_file(model, in_file):
    before = vars(model).copy()
    with pytest.raises(TypeError, match=r"CS[RC]Dataset.*to_memory.*skset\.anndata"):
        model.fit(in_file, np.arange(240) % 2)
    assert vars(model) == before


@each
def test_an_anndata(model):
    adata = made()
    with pytest.raises(TypeError, match=r"X is an AnnData, not a table.*select_genes"):
        model.fit(adata, np.arange(240) % 2)


@pytest.mark.filterwarnings("ignore")
def test_after_the_fit(in_file):
    X, y = made().X, made().obs["dose"]
    for model, answer in ((selector(3), "transform"), (machine(), "transform")):
        model.fit(X / X.max(), y)
        with pytest.raises(TypeError, match="has not been read"):
            getattr(model, answer)(in_file)


@pytest.mark.filterwarnings("ignore")
def test_what_has_been_read_is_learned_from(in_file):
    y = np.array(made().obs["dose"])
    learned = selector(3).fit(in_file.to_memory(), y)
    expected = selector(3).fit(made().X, y)
    np.testing.assert_array_equal(learned.ranking_, expected.ranking_)
