"""Wrong requests: errors say what is there, and nothing changes."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, read_h5ad
from sklearn.feature_selection import SelectKBest
from with_anndata.cells import machine, made, selector, state

from skset.anndata import blocks, rbm, select_genes


def spoilt(value, container="csr"):
    adata = made(container)
    if container == "dense":
        adata.X[3, 5] = value
    else:
        adata.X.data[7] = value
    return adata


def with_obs(**columns):
    adata = made()
    for name, values in columns.items():
        adata.obs[name] = values
    return adata


def with_var(**columns):
    adata = made()
    for name, values in columns.items():
        adata.var[name] = values
    return adata


def without_raw():
    adata = made()
    adata.raw = None
    return adata


def without_x():
    adata = AnnData(obs=made().obs, var=made().var)
    adata.layers["counts"] = made().layers["counts"]
    return adata


def raw_lacks_genes():
    adata = made()
    adata.raw = adata[:, 3:].copy()
    return adata


def raw_has_twins():
    adata = made()
    raw = adata.raw.to_adata()
    raw.var_names = ["gene0"] * raw.n_vars
    adata.raw = raw
    return adata


# How adata is made, what is asked of all three functions, and what the error says.
OF_ALL = {
    "layer": (made, {"layer": "rna"}, "adata.layers has no 'rna'. It has: 'counts'"),
    "no layers": (
        lambda: AnnData(made().X),
        {"layer": "rna"},
        "adata.layers has no 'rna'. It has: nothing",
    ),
    "raw": (without_raw, {"use_raw": True}, "use_raw=True, but adata.raw is None"),
    "raw and layer": (
        made,
        {"use_raw": True, "layer": "counts"},
        "either layer='counts' or use_raw=True",
    ),
    "raw lacks genes": (raw_lacks_genes, {}, "adata.raw lacks 3 genes.*'gene0'"),
    "raw has twins": (raw_has_twins, {}, "adata.raw.var_names are not unique"),
    "no X": (without_x, {}, "adata.X is None. Name a layer; there are: 'counts'"),
    "mask": (made, {"mask_var": "hvg"}, "adata.var has no 'hvg'. It has: 'odd'"),
    "many columns": (
        lambda: with_var(**{f"c{i}": 0 for i in range(30)}),
        {"mask_var": "hvg"},
        "'c18' and 11 more",
    ),
    "mask of numbers": (
        lambda: with_var(n=1.0),
        {"mask_var": "n"},
        r"adata.var\['n'\] must have one boolean.*float64",
    ),
    "short mask": (made, {"mask_var": [True]}, "mask_var must have one boolean"),
    "empty mask": (lambda: with_var(no=False), {"mask_var": "no"}, "leaves no gene"),
    "no cells": (lambda: made()[:0].copy(), {}, r"adata has no cells.*\(0, 40\)"),
    "no genes": (lambda: made()[:, :0].copy(), {}, r"adata has no genes.*\(240, 0\)"),
    "chunk_rows": (made, {"chunk_rows": 0}, "chunk_rows must be a whole number"),
}
OF_LABELS = {
    "groupby": (
        made,
        {"groupby": "cell_type"},
        "adata.obs has no 'cell_type'. It has: 'type', 'age', 'dose', 'name', 'is_t'",
    ),
    "one value": (
        lambda: with_obs(same="a"),
        {"groupby": "same"},
        r"adata.obs\['same'\] has 1 different values",
    ),
    "no value": (
        lambda: with_obs(lost=np.nan),
        {"groupby": "lost"},
        r"adata.obs\['lost'\] has 0 different values",
    ),
}
OF_GENES = {
    **OF_ALL,
    **OF_LABELS,
    "n": (made, {"n": 41}, "n=41, but there are 40 genes"),
    "n of mask": (made, {"n": 21, "mask_var": "odd"}, "n=21, but there are 20 genes"),
    "n 0": (made, {"n": 0}, "n_features_to_select"),
    "n unknown": (made, {"n": "most"}, "n_features_to_select"),
    "NaN": (lambda: spoilt(np.nan), {"use_raw": False}, "contains NaN"),
    "infinite": (lambda: spoilt(np.inf), {"use_raw": False}, "contains infinity"),
    "empty key": (made, {"key_added": ""}, "key_added must be a name without '/'"),
    "key with slash": (made, {"key_added": "a/b"}, "key_added must be a name"),
    "copy of nothing": (
        made,
        {"copy": True, "inplace": False},
        "copy=True cannot be used with inplace=False",
    ),
}
OF_MACHINES = {
    **OF_ALL,
    "n_components": (made, {"n_components": 0}, "n_components"),
    "scale": (made, {"scale": "log2"}, "scale must be one of"),
    "not scaled": (
        made,
        {"scale": None},
        r"takes values in \[0, 1\].*values from 0 to",
    ),
    "negative": (lambda: spoilt(-1), {"use_raw": False}, "adata.X has negative values"),
    "negative, dense": (
        lambda: spoilt(-1, "dense"),
        {"use_raw": False},
        "adata.X has negative values",
    ),
    "NaN": (lambda: spoilt(np.nan), {"use_raw": False}, "adata.X contains NaN"),
    "infinite, dense": (
        lambda: spoilt(np.inf, "dense"),
        {"use_raw": False},
        "adata.X contains NaN or infinity",
    ),
    "key": (made, {"key_added": ""}, "key_added must be a name"),
}


def cases(of):
    return pytest.mark.parametrize(("make", "asked", "message"), of.values(), ids=of)


def fails(function, make, asked, message, **more):
    adata = make()
    before = state(adata)
    with pytest.raises(ValueError, match=message):
        function(adata, **more, **asked)
    assert state(adata) == before


@cases(OF_GENES)
def test_select_genes(make, asked, message):
    model = selector(3)
    before = vars(model).copy()
    fails(select_genes, make, {"n": 2, **asked}, message, selector=model)
    assert vars(model) == before


@cases(OF_MACHINES)
def test_rbm(make, asked, message):
    model = machine()
    before = vars(model).copy()
    fails(rbm, make, asked, message, machine=model)
    assert vars(model) == before


@pytest.mark.parametrize("function", [select_genes, rbm])
def test_the_layer_is_named_where_the_selector_says_x(function):
    adata = made()
    adata.layers["counts"].data[3] = np.nan
    with pytest.raises(ValueError, match="contains NaN") as caught:
        function(adata, layer="counts", **({} if function is rbm else {"n": 3}))
    text = [str(caught.value), *getattr(caught.value, "__notes__", [])]
    assert "adata.layers['counts']" in " ".join(text)


@cases({**OF_ALL, **OF_LABELS})
def test_blocks(make, asked, message):
    fails(blocks, make, asked, message)


@pytest.mark.parametrize("function", [select_genes, rbm, blocks])
@pytest.mark.parametrize("given", [np.eye(3), pd.DataFrame(np.eye(3)), None])
def test_something_that_is_no_anndata(function, given):
    kind = type(given).__name__
    name = function.__name__
    with pytest.raises(TypeError, match=f"{name} takes an AnnData, and got a {kind}"):
        function(given)


@pytest.mark.parametrize("function", [select_genes, rbm])
def test_a_key_that_is_no_string(function):
    with pytest.raises(TypeError, match="key_added must be a string: 3"):
        function(made(), key_added=3)


@pytest.mark.parametrize("function", [select_genes, blocks])
@pytest.mark.parametrize(
    "dates", [pd.Timestamp("2020-01-01"), pd.Timedelta("1h")], ids=["dates", "times"]
)
def test_labels_that_are_dates(function, dates):
    adata = with_obs(when=[dates, 2 * (dates - dates) + dates] * 120)
    adata.obs.loc[adata.obs_names[0], "when"] += pd.Timedelta("1h")
    with pytest.raises(TypeError, match=r"adata.obs\['when'\] has dtype"):
        function(adata, groupby="when")


@pytest.fixture
def path(tmp_path):
    made().write_h5ad(tmp_path / "cells.h5ad")
    return tmp_path / "cells.h5ad"


@pytest.mark.parametrize("function", [select_genes, rbm, blocks])
def test_a_view_of_a_file(function, path):
    view = read_h5ad(path, backed="r")[:100]
    with pytest.raises(ValueError, match=r"a view of a backed AnnData.*to_memory"):
        function(view)


@pytest.mark.parametrize("function", [select_genes, rbm])
def test_a_copy_of_a_file(function, path):
    adata = read_h5ad(path, backed="r")
    with pytest.raises(ValueError, match="copy=True would copy the file"):
        function(adata, copy=True)


@pytest.mark.parametrize("function", [select_genes, rbm, blocks])
@pytest.mark.parametrize("use_raw", [True, False])
def test_a_file_stored_by_columns(function, use_raw, tmp_path):
    made("csc").write_h5ad(tmp_path / "cells.h5ad")
    adata = read_h5ad(tmp_path / "cells.h5ad", backed="r")
    name = "adata.raw.X" if use_raw else "adata.X"
    with pytest.raises(ValueError, match=f"stores {name} by columns"):
        function(adata, use_raw=use_raw)


def test_a_file_and_a_selector_that_wants_it_whole(path):
    adata = read_h5ad(path, backed="r")
    with pytest.raises(TypeError, match=r"in a file, which only.*not a SelectKBest"):
        select_genes(adata, groupby="type", selector=SelectKBest(k=3))
    assert "skset" not in adata.var
