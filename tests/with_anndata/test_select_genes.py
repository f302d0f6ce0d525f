"""`select_genes` finds planted genes, and writes what it finds as scanpy does."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import ImplicitModificationWarning
from sklearn.feature_selection import SelectKBest
from with_anndata.cells import CONTAINERS, N_CELLS, N_GENES, PLANTED, chosen, made
from with_anndata.cells import selector as small

from skset import QuickSelection, StableSelection
from skset.anndata import select_genes


@pytest.mark.parametrize("container", CONTAINERS)
def test_planted_genes_are_found_with_labels(container):
    adata = made(container)
    assert select_genes(adata, 6, groupby="type", selector=small()) is None
    assert chosen(adata) == PLANTED


def test_planted_genes_are_found_without_labels():
    adata = made()
    select_genes(adata, 6, selector=small(hidden_layer_sizes=100, max_iter=100))
    assert chosen(adata) == PLANTED


def test_defaults_are_those_of_a_selector_with_a_seed():
    adata = made()
    select_genes(adata, 5, groupby="type", use_raw=False)
    model = QuickSelection(5, random_state=0).fit(adata.X, np.array(adata.obs["type"]))
    assert chosen(adata) == np.flatnonzero(model.support_).tolist()
    np.testing.assert_array_equal(adata.var["skset_rank"], model.ranking_)
    np.testing.assert_array_equal(
        adata.var["skset_importance"], model.feature_importances_
    )


def test_what_is_written():
    adata = made()
    before, values = set(adata.var.columns), adata.X.copy()
    select_genes(adata, 4, groupby="type", selector=small(), key_added="mine")
    new = {"mine", "mine_rank", "mine_importance"}
    assert set(adata.var.columns) == before | new
    assert set(adata.uns) == {"mine"}
    assert abs(values - adata.X).nnz == 0
    assert adata.var["mine"].dtype == bool
    assert adata.var["mine"].sum() == 4
    assert sorted(adata.var["mine_rank"]) == list(range(1, N_GENES + 1))
    assert (adata.var["mine"] == (adata.var["mine_rank"] <= 4)).all()
    assert adata.var["mine_importance"].sum() == pytest.approx(1)
    found = adata.uns["mine"]
    assert (found["n_obs"], found["n_selected"]) == (N_CELLS, 4)
    assert found["params"] == {
        "n": 4,
        "groupby": "type",
        "use_raw": True,
        "selector": repr(small(4)),
    }


@pytest.mark.parametrize("n", [3, 0.1, "all", "auto", None])
def test_results_survive_a_file(n, tmp_path):
    adata = made()
    select_genes(
        adata, n, groupby="type", mask_var="odd", layer="counts", selector=small(5)
    )
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    pd.testing.assert_frame_equal(back.var, adata.var)
    assert back.uns["skset"] == adata.uns["skset"]


@pytest.mark.parametrize(
    ("groupby", "learned"),
    [
        ("type", "classification"),
        ("name", "classification"),
        ("is_t", "classification"),
        ("dose", "classification"),
        ("age", "regression"),
    ],
)
def test_the_kind_of_labels(groupby, learned):
    adata, selector = made(), small()
    select_genes(adata, 4, groupby=groupby, selector=selector)
    assert selector.supervised_ == learned
    best = PLANTED[-1] if groupby == "age" else PLANTED[2]
    assert best in chosen(adata)


def test_the_layer_is_read():
    adata = made()
    adata.X = np.ones(adata.shape, np.float32)
    select_genes(adata, 6, groupby="type", layer="counts", selector=small())
    assert chosen(adata) == PLANTED
    assert adata.uns["skset"]["params"]["layer"] == "counts"
    assert not adata.uns["skset"]["params"]["use_raw"]


@pytest.mark.parametrize("use_raw", [None, True])
def test_raw_gives_the_values_of_the_genes_of_adata(use_raw):
    adata = made()
    adata.X = np.ones(adata.shape, np.float32)
    select_genes(adata, 6, groupby="type", use_raw=use_raw, selector=small())
    assert chosen(adata) == PLANTED


def test_without_raw_x_is_read():
    adata = made("dense")
    adata.X[:, PLANTED[0]] = 0
    select_genes(adata, 5, groupby="type", use_raw=False, selector=small())
    assert chosen(adata) == PLANTED[1:]


@pytest.mark.parametrize("mask", ["odd", np.arange(N_GENES) % 2 == 1], ids=type)
def test_genes_outside_the_mask_are_not_looked_at(mask):
    adata = made()
    select_genes(adata, 4, groupby="type", mask_var=mask, selector=small())
    assert chosen(adata) == [gene for gene in PLANTED if gene % 2]
    for column in ("skset_rank", "skset_importance"):
        assert (adata.var[column].isna() == ~adata.var["odd"]).all()


def test_cells_without_a_label_are_left_out():
    adata, whole = made(), made()
    lost = np.arange(N_CELLS) % 5 == 0
    whole.obs["type"] = whole.obs["type"].where(~lost)
    with pytest.warns(UserWarning, match=r"'type'.*48 of 240 cells") as caught:
        select_genes(whole, 6, groupby="type", selector=small())
    assert caught[0].filename == __file__
    adata = adata[~lost].copy()
    select_genes(adata, 6, groupby="type", selector=small())
    pd.testing.assert_frame_equal(whole.var, adata.var)
    assert whole.uns["skset"]["n_obs"] == N_CELLS - 48


@pytest.mark.filterwarnings("ignore:.*is missing in")
@pytest.mark.parametrize(
    "labels",
    [
        pd.array(["a", None] * 60 + ["b", "c"] * 60, dtype="string"),
        np.array([1.5, np.nan] * 60 + [2.5, 1.5] * 60),
        pd.array([1, None] * 60 + [2, 3] * 60, dtype="Int64"),
        pd.array([True, None] * 60 + [False, True] * 60, dtype="boolean"),
        np.array(["a", None] * 60 + ["b", "c"] * 60, dtype=object),
        pd.Categorical([1, None] * 60 + [2, 3] * 60),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_gaps_in_labels_of_any_type(labels):
    adata = made()
    adata.obs["mine"] = labels
    select_genes(adata, 6, groupby="mine", selector=small())
    assert adata.uns["skset"]["n_obs"] == N_CELLS - 60
    assert adata.var["skset"].sum() == 6


def test_a_view_becomes_a_copy_with_one_warning():
    adata = made()
    view = adata[:200, ::-1]
    with pytest.warns(ImplicitModificationWarning) as caught:
        select_genes(view, 6, groupby="type", selector=small())
    assert len(caught) == 1
    assert not view.is_view
    assert "skset" not in adata.var
    assert set(view.var_names[view.var["skset"]]) == {f"gene{i}" for i in PLANTED}


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_view_can_be_left_alone(container):
    adata = made(container)
    view = adata[:200, ::-1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy = select_genes(view, 6, groupby="type", selector=small(), copy=True)
        table = select_genes(view, 6, groupby="type", selector=small(), inplace=False)
    assert view.is_view
    assert not copy.is_view
    pd.testing.assert_frame_equal(table, copy.var[table.columns])


def test_a_copy_is_returned():
    adata = made()
    copy = select_genes(adata, 6, groupby="type", selector=small(), copy=True)
    assert chosen(copy) == PLANTED
    assert "skset" not in adata.var
    assert "skset" not in adata.uns


def test_a_table_is_returned():
    adata = made()
    table = select_genes(adata, 6, groupby="type", selector=small(), inplace=False)
    assert list(table.columns) == ["skset", "skset_rank", "skset_importance"]
    assert list(table.index[table["skset"]]) == [f"gene{i}" for i in PLANTED]
    assert "skset" not in adata.var


def test_the_selector_is_fitted_and_keeps_its_own_number():
    adata, selector = made(), small(3)
    select_genes(adata, groupby="type", selector=selector)
    assert adata.var["skset"].sum() == 3
    assert selector.n_features_in_ == N_GENES
    select_genes(adata, 4, groupby="type", selector=selector)
    assert selector.n_features_to_select == 4


def test_a_stable_selection_finds_out_how_many():
    adata = made()
    stable = StableSelection(small(5), n_resamples=8, random_state=0)
    select_genes(adata, groupby="type", selector=stable)
    assert set(chosen(adata)) <= set(PLANTED)
    assert chosen(adata)
    assert chosen(adata) == np.flatnonzero(stable.support_).tolist()
    assert "skset_importance" not in adata.var
    assert adata.uns["skset"]["n_selected"] == stable.n_features_to_select_


def test_the_same_seed_gives_the_same_result():
    tables = [
        select_genes(made(), 5, groupby="type", inplace=False, n_jobs=jobs)
        for jobs in (1, 2)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_any_selector_in_memory():
    adata, selector = made(), SelectKBest(k=6)
    select_genes(adata, groupby="type", selector=selector)
    assert chosen(adata) == PLANTED
    assert set(adata.var.columns) == {"odd", "skset"}


def test_nothing_of_an_earlier_call_is_left():
    adata = made()
    select_genes(adata, 4, groupby="type", selector=small())
    select_genes(adata, groupby="type", selector=SelectKBest(k=6))
    assert set(adata.var.columns) == {"odd", "skset"}
    assert adata.uns["skset"]["n_selected"] == 6
    assert "n" not in adata.uns["skset"]["params"]
