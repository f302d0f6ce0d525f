"""`rbm` writes hidden units and weights, whatever the values are scaled from."""

import warnings

import anndata
import numpy as np
import pytest
from scipy import sparse
from with_anndata.cells import CONTAINERS, N_CELLS, N_GENES, made
from with_anndata.cells import machine as small

from skset import SparseRBM
from skset.anndata import rbm

KEY = "X_skset_rbm"


def dense(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


@pytest.mark.parametrize("container", CONTAINERS)
def test_counts_become_logarithms_of_unit_range(container):
    adata = made(container)
    rbm(adata, layer="counts", machine=small())
    counts = dense(adata.layers["counts"]).astype(float)
    scaled = np.log1p(counts) / np.log1p(counts.max(axis=0))
    expected = small().fit(sparse.csr_matrix(scaled.astype(np.float32)))
    found = adata.obsm[KEY]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected.transform(scaled.astype(np.float32)))
    weights = adata.varm[KEY]
    assert weights.shape == (N_GENES, 12)
    np.testing.assert_array_equal(dense(weights), expected.components_.T.toarray())
    assert adata.uns[KEY]["params"] == {
        "layer": "counts",
        "use_raw": False,
        "scale": "log1p",
        "machine": repr(small()),
    }
    assert len(adata.uns[KEY]["reconstruction_error"]) == 3


@pytest.mark.parametrize("container", ["csr", "dense"])
def test_logarithms_are_divided_by_their_maximum(container):
    adata = made(container)
    rbm(adata, use_raw=False, machine=small())
    X = dense(adata.X)
    expected = small().fit((X / X.max(axis=0)).astype(np.float32))
    np.testing.assert_allclose(
        adata.obsm[KEY], expected.transform(X / X.max(axis=0)), rtol=1e-5
    )
    assert adata.uns[KEY]["params"]["scale"] == "max"


@pytest.mark.parametrize(("scale", "power"), [("log1p", 1.0), ("max", 1.0), (None, 1)])
def test_the_scale_can_be_chosen(scale, power):
    adata = made()
    adata.X = (adata.layers["counts"] > 0).astype(np.float32)
    rbm(adata, use_raw=False, scale=scale, machine=small())
    expected = small().fit(adata.X)
    np.testing.assert_array_equal(adata.obsm[KEY], expected.transform(adata.X))
    assert adata.uns[KEY]["params"].get("scale") == scale


def test_defaults():
    adata = made()
    rbm(adata, 6, random_state=1)
    machine = SparseRBM(6, random_state=1)
    assert adata.uns[KEY]["params"]["machine"] == repr(machine)
    assert adata.obsm[KEY].shape == (N_CELLS, 6)


def test_hidden_units_tell_the_types():
    adata, machine = made(), small(20, n_iter=30, batch_size=10)
    rbm(adata, machine=machine)
    H, y = adata.obsm[KEY], np.array(adata.obs["type"])
    means = np.array([H[y == name].mean(axis=0) for name in ("B", "NK", "T")])
    nearest = ((H[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (np.array(["B", "NK", "T"])[nearest] == y).mean() > 0.9
    assert machine.n_features_in_ == N_GENES


def test_genes_outside_the_mask_have_no_weights():
    adata = made()
    rbm(adata, mask_var="odd", machine=small())
    weights = adata.varm[KEY]
    assert weights[::2].nnz == 0
    assert weights.nnz > 0
    without = made()[:, 1::2].copy()
    rbm(without, machine=small())
    np.testing.assert_array_equal(adata.obsm[KEY], without.obsm[KEY])
    np.testing.assert_array_equal(dense(weights)[1::2], dense(without.varm[KEY]))


def test_a_gene_that_no_cell_has():
    adata = made("dense")
    adata.X[:, 5] = 0
    rbm(adata, use_raw=False, machine=small())
    assert np.isfinite(adata.obsm[KEY]).all()


def test_results_survive_a_file(tmp_path):
    adata = made()
    rbm(adata, layer="counts", machine=small(), key_added="hidden")
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(back.obsm["hidden"], adata.obsm["hidden"])
    np.testing.assert_array_equal(
        dense(back.varm["hidden"]), dense(adata.varm["hidden"])
    )
    assert back.uns["hidden"]["params"] == adata.uns["hidden"]["params"]


def test_a_copy_is_returned():
    adata = made()
    view = adata[5:100]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy = rbm(view, machine=small(), copy=True)
    assert copy.obsm[KEY].shape == (95, 12)
    assert view.is_view
    assert KEY not in view.obsm


def test_a_view_becomes_a_copy_with_one_warning():
    adata = made()
    view = adata[5:100]
    with pytest.warns(anndata.ImplicitModificationWarning) as caught:
        rbm(view, machine=small())
    assert len(caught) == 1
    assert view.obsm[KEY].shape == (95, 12)
    assert KEY not in adata.obsm


def test_stored_duplicates_are_added_before_the_logarithm():
    adata = made()
    X = adata.layers["counts"]
    twice = sparse.csr_matrix(
        (np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), X.indptr * 2), X.shape
    )
    adata.X = twice
    rbm(adata, use_raw=False, machine=small())
    other = made()
    rbm(other, layer="counts", machine=small())
    np.testing.assert_array_equal(adata.obsm[KEY], other.obsm[KEY])
    assert adata.X.nnz == 2 * X.nnz


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float64, bool])
@pytest.mark.parametrize("container", ["csr", "dense"])
def test_values_of_any_type(dtype, container):
    adata, floats = made(container), made(container)
    adata.X = adata.layers["counts"].astype(dtype)
    floats.X = adata.X.astype(np.float32)
    for each in (adata, floats):
        rbm(each, use_raw=False, machine=small())
    np.testing.assert_array_equal(adata.obsm[KEY], floats.obsm[KEY])
