"""Files are learned from block by block, with the result of memory."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from anndata import read_h5ad
from scipy import sparse
from with_anndata.cells import PLANTED, chosen, made
from with_anndata.cells import machine as small_machine
from with_anndata.cells import selector as small
from with_anndata.test_cell_blocks import of_dask, of_h5ad, of_zarr

import skset
from skset import SETClassifier
from skset.anndata import blocks, rbm, select_genes

KEY = "X_skset_rbm"
IN_FILES = [
    *((make, kind) for make in (of_h5ad, of_zarr) for kind in ("csr", "dense")),
    (of_dask, "csr"),
]
in_each_file = pytest.mark.parametrize(
    ("make", "container"), IN_FILES, ids=[f"{m.__name__}-{c}" for m, c in IN_FILES]
)
groupings = pytest.mark.parametrize("groupby", [None, "type", "age", "is_t"])


def dense(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


@in_each_file
@groupings
def test_one_block_of_a_file_has_the_bits_of_memory(make, container, groupby, tmp_path):
    adata, whole = make(tmp_path, container), made(container)
    asked = {"groupby": groupby, "use_raw": False, "inplace": False}
    found = select_genes(adata, 6, selector=small(), **asked)
    expected = select_genes(whole, 6, selector=small(), **asked)
    pd.testing.assert_frame_equal(found, expected)


@in_each_file
def test_a_machine_of_one_block_has_the_bits_of_memory(make, container, tmp_path):
    adata, whole = make(tmp_path, container), made(container)
    for each in (adata, whole):
        rbm(each, use_raw=False, machine=small_machine())
    np.testing.assert_array_equal(adata.obsm[KEY], whole.obsm[KEY])
    np.testing.assert_array_equal(dense(adata.varm[KEY]), dense(whole.varm[KEY]))
    assert repr(adata.uns[KEY]) == repr(whole.uns[KEY])


@pytest.mark.parametrize("chunk_rows", [7, 50, 1000])
def test_planted_genes_are_found_in_small_blocks(chunk_rows, tmp_path):
    adata = of_h5ad(tmp_path, "csr")
    select_genes(adata, 6, groupby="type", selector=small(), chunk_rows=chunk_rows)
    assert chosen(adata) == PLANTED
    assert adata.uns["skset"]["params"]["use_raw"]


@pytest.mark.filterwarnings("ignore:.*are left out")
@groupings
def test_raw_a_mask_and_gaps_in_a_file(groupby, tmp_path):
    tables = []
    for make in (of_h5ad, lambda *_: made()):
        adata = make(tmp_path, "csr")
        lost = np.arange(adata.n_obs) % 3 == 0
        adata.obs["type"] = adata.obs["type"].where(~lost)
        adata.obs["age"] = adata.obs["age"].where(~lost)
        asked = {"groupby": groupby, "mask_var": "odd", "inplace": False}
        tables.append(select_genes(adata, 3, selector=small(), **asked))
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["skset_rank"].notna().sum() == 20


def test_results_of_a_file_are_in_memory_and_can_be_written(tmp_path):
    adata = of_h5ad(tmp_path, "csr")
    before = (tmp_path / "cells.h5ad").read_bytes()
    select_genes(adata, 6, groupby="type", selector=small())
    rbm(adata, mask_var="skset", machine=small_machine())
    assert adata.obsm[KEY].shape == (240, 12)
    assert adata.isbacked
    adata.write_h5ad(tmp_path / "new.h5ad")
    assert (tmp_path / "cells.h5ad").read_bytes() == before
    back = read_h5ad(tmp_path / "new.h5ad")
    assert chosen(back) == PLANTED
    np.testing.assert_array_equal(back.obsm[KEY], adata.obsm[KEY])
    assert np.flatnonzero(np.diff(back.varm[KEY].indptr)).tolist() == PLANTED


def test_no_whole_matrix_is_read(tmp_path, monkeypatch):
    adata = of_h5ad(tmp_path, "csr")
    kinds = type(adata.X), type(adata.raw.X)
    for kind in kinds:
        monkeypatch.setattr(kind, "to_memory", None)
    largest = []
    take = kinds[0].__getitem__

    def recorded(dataset, index):
        part = take(dataset, index)
        largest.append(part.shape[0])
        return part

    monkeypatch.setattr(kinds[0], "__getitem__", recorded)
    select_genes(adata, 6, groupby="type", selector=small(), chunk_rows=20)
    rbm(adata, machine=small_machine(), chunk_rows=30)
    assert max(largest) == 30


def test_blocks_are_learned_from_by_any_estimator(tmp_path):
    adata = of_h5ad(tmp_path, "csr")
    pairs = blocks(adata, groupby="type", chunk_rows=40)
    model = SETClassifier(30, max_iter=15, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the number of epochs
        skset.fit_blocks(model, pairs)
    X, y = pairs[1]
    assert list(model.classes_) == ["B", "NK", "T"]
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize("function", [select_genes, rbm])
def test_values_that_are_not_finite_in_a_file(function, tmp_path):
    adata = made()
    adata.X.data[-1] = np.nan
    adata.write_h5ad(tmp_path / "cells.h5ad")
    adata = read_h5ad(tmp_path / "cells.h5ad", backed="r")
    model = small(3) if function is select_genes else small_machine()
    before = vars(model).copy()
    given = {"selector" if function is select_genes else "machine": model}
    with pytest.raises(ValueError, match="NaN") as caught:
        function(adata, use_raw=False, chunk_rows=50, **given)
    text = [str(caught.value), *getattr(caught.value, "__notes__", [])]
    assert "adata.X" in " ".join(text)
    assert vars(model) == before
    assert "skset" not in adata.uns
    assert KEY not in adata.obsm


def test_a_number_found_out_needs_memory(tmp_path):
    adata = of_h5ad(tmp_path, "csr")
    with pytest.raises(ValueError, match="auto"):
        select_genes(adata, "auto", groupby="type", selector=small())
    assert "skset" not in adata.var


def test_sorted_cells_of_a_file_are_mixed(tmp_path, monkeypatch):
    """Blocks come in random order, so a window has cells of all types."""
    adata = made()
    in_order = adata[np.argsort(adata.obs["dose"])].copy()
    in_order.write_h5ad(tmp_path / "cells.h5ad")
    adata = read_h5ad(tmp_path / "cells.h5ad", backed="r")
    several = partial(skset.fit_blocks, window=60)
    monkeypatch.setattr("skset.anndata._genes.fit_blocks", several)
    select_genes(adata, 6, groupby="type", selector=small(), chunk_rows=8)
    assert chosen(adata) == PLANTED


def test_hidden_units_of_several_windows_are_in_the_order_of_the_cells(
    tmp_path, monkeypatch
):
    adata, machine = of_h5ad(tmp_path, "csr"), small_machine(batch_size=10)
    several = partial(skset.fit_blocks, window=60)
    monkeypatch.setattr("skset.anndata._hidden_units.fit_blocks", several)
    rbm(adata, use_raw=False, machine=machine, chunk_rows=17)
    X = dense(made().X)
    scaled = (X / X.max(axis=0)).astype(np.float32)
    np.testing.assert_array_equal(adata.obsm[KEY], machine.transform(scaled))
