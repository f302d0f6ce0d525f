"""Blocks of rows can be read in any order, any number of times, and are all rows."""

import warnings

import h5py
import numpy as np
import pytest
from anndata import AnnData, read_h5ad
from anndata.io import read_elem, sparse_dataset
from scipy import sparse
from with_anndata.cells import CONTAINERS, N_CELLS, N_GENES, made

from skset.anndata import CellBlocks, blocks


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


def stacked(parts):
    return np.vstack([dense(X) for X in parts])


def of_zarr(tmp_path, container):
    """Return an AnnData of a zarr store, of which only the labels are in memory."""
    zarr = pytest.importorskip("zarr")
    path = tmp_path / "cells.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the next version of its format
        made(container).write_zarr(path)
    store = zarr.open(path, mode="r")
    in_file = store["X"]
    X = in_file if isinstance(in_file, zarr.Array) else sparse_dataset(in_file)
    obs, var = read_elem(store["obs"]), read_elem(store["var"])
    return AnnData(X, obs=obs, var=var)


def of_h5ad(tmp_path, container):
    path = tmp_path / "cells.h5ad"
    made(container).write_h5ad(path)
    return read_h5ad(path, backed="r")


def of_dask(tmp_path, container):
    array = pytest.importorskip("dask.array")
    X = made(container).X
    rows = sparse.csr_matrix if sparse.issparse(X) else np.asarray
    chunks = array.from_array(dense(X), chunks=(50, N_GENES)).map_blocks(rows)
    return AnnData(chunks, obs=made().obs, var=made().var)


def in_memory(tmp_path, container):
    return made(container)


SOURCES = [
    *((in_memory, container) for container in CONTAINERS),
    *((make, kind) for make in (of_h5ad, of_zarr) for kind in ("csr", "dense")),
    *((of_dask, kind) for kind in ("csr", "dense")),
]
from_everywhere = pytest.mark.parametrize(
    ("make", "container"), SOURCES, ids=[f"{m.__name__}-{c}" for m, c in SOURCES]
)


@from_everywhere
@pytest.mark.parametrize("chunk_rows", [23, N_CELLS, 1000, None])
def test_blocks_are_all_rows(make, container, chunk_rows, tmp_path):
    adata = make(tmp_path, container)
    found = blocks(adata, use_raw=False, chunk_rows=chunk_rows)
    expected = dense(made().X)
    for _ in range(2):
        np.testing.assert_array_equal(stacked(found), expected)
    assert len(found) == -(-N_CELLS // (chunk_rows or N_CELLS))
    rows = slice(0, chunk_rows)
    np.testing.assert_array_equal(dense(found[0]), expected[rows])
    assert all(type(X) in (np.ndarray, sparse.csr_matrix) for X in found)
    assert all(X.dtype == np.float32 for X in found)


@from_everywhere
def test_a_block_of_one_row(make, container, tmp_path):
    found = blocks(make(tmp_path, container), use_raw=False, chunk_rows=1)
    assert len(found) == N_CELLS
    np.testing.assert_array_equal(dense(found[5]), dense(made().X)[5:6])


@from_everywhere
def test_genes_and_labels(make, container, tmp_path):
    adata = make(tmp_path, container)
    pairs = blocks(adata, groupby="type", use_raw=False, mask_var="odd", chunk_rows=50)
    X, y = zip(*pairs, strict=True)
    expected = made()
    np.testing.assert_array_equal(stacked(X), dense(expected.X)[:, 1::2])
    np.testing.assert_array_equal(np.concatenate(y), expected.obs["name"])


def test_raw_of_a_file_has_its_own_genes(tmp_path):
    adata = of_h5ad(tmp_path, "csr")
    found = blocks(adata, mask_var="odd", chunk_rows=50)
    assert "adata.raw.X" in repr(found)
    np.testing.assert_array_equal(stacked(found), dense(made().X)[:, 1::2])


def test_cells_without_a_label_are_in_no_block():
    adata = made()
    unknown = np.arange(N_CELLS) < 130
    unknown[::7] = True
    adata.obs["type"] = adata.obs["type"].where(~unknown)
    with pytest.warns(UserWarning, match="left out") as caught:
        pairs = blocks(adata, groupby="type", chunk_rows=20)
    assert caught[0].filename == __file__
    assert len(pairs) == 6  # those before have no label
    X, y = zip(*pairs, strict=True)
    np.testing.assert_array_equal(stacked(X), dense(made().X)[~unknown])
    np.testing.assert_array_equal(np.concatenate(y), made().obs["name"][~unknown])


def test_numbers_as_labels():
    for key in ("age", "dose", "is_t"):
        adata = made()
        y = np.concatenate([y for _, y in blocks(adata, groupby=key, chunk_rows=100)])
        np.testing.assert_array_equal(y, adata.obs[key])
        assert y.dtype == adata.obs[key].dtype


def test_a_sequence():
    found = blocks(made(), chunk_rows=100)
    assert isinstance(found, CellBlocks)
    assert (
        repr(found) == "CellBlocks(3 blocks of up to 100 rows of adata.raw.X, 40 genes)"
    )
    np.testing.assert_array_equal(dense(found[-1]), dense(found[2]))
    np.testing.assert_array_equal(stacked(found[1:]), dense(made().X)[100:])
    with pytest.raises(IndexError):
        found[3]


def test_a_view_of_cells_in_memory():
    view = made()[10:200]
    np.testing.assert_array_equal(
        stacked(blocks(view, use_raw=False, chunk_rows=50)), dense(made().X)[10:200]
    )
    assert view.is_view


def test_only_the_block_asked_for_is_read(tmp_path, monkeypatch):
    adata = of_h5ad(tmp_path, "csr")
    found = blocks(adata, use_raw=False, chunk_rows=10)
    n_stored = made().X[20:30].nnz
    read = []
    take = h5py.Dataset.__getitem__

    def counting(dataset, key, **kwargs):
        part = take(dataset, key, **kwargs)
        if dataset.name == "/X/data":
            read.append(np.size(part))
        return part

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counting)
    found[2]
    assert sum(read) == n_stored


@pytest.mark.parametrize("chunk_rows", [0, -1, 2.5, True, "many"])
def test_a_wrong_number_of_rows(chunk_rows):
    with pytest.raises(ValueError, match="chunk_rows must be a whole number above 0"):
        blocks(made(), chunk_rows=chunk_rows)


def test_blocks_of_a_few_megabytes():
    wide = AnnData(np.zeros((3000, 5000), np.float32))
    assert blocks(wide).chunk_rows == (4 << 20) // (4 * 5000)
    stored = AnnData(sparse.csr_matrix((3000, 5000), dtype=np.float32))
    assert blocks(stored).chunk_rows == (4 << 20) // (4 * 1000)
