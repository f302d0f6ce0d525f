"""`select_genes`: the genes that a sparse network finds most informative."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import ArrayLike

from skset.anndata._cell_blocks import CellBlocks, blocks_of
from skset.anndata._expression import Expression, check_adata, expression_of
from skset.anndata._groups import Groups, groups_of
from skset.anndata._in_place import unchanged_by_errors
from skset.anndata._results import Results, check_destination
from skset.estimators import QuickSelection, fit_blocks

__all__ = ["select_genes"]

# Columns of var, and the attributes of a selector that they show.
ATTRIBUTES = {"rank": "ranking_", "importance": "feature_importances_"}


def select_genes(
    adata: AnnData,
    n: int | float | Literal["all", "auto"] | None = None,
    *,
    groupby: str | None = None,
    layer: str | None = None,
    use_raw: bool | None = None,
    mask_var: str | ArrayLike | None = None,
    key_added: str = "skset",
    selector: Any = None,
    random_state: int | np.random.RandomState | None = 0,
    n_jobs: int | None = None,
    chunk_rows: int | None = None,
    inplace: bool = True,
    copy: bool = False,
) -> AnnData | pd.DataFrame | None:
    """Select the genes that matter most, by training a sparse network on all cells.

    With `groupby` a sparse perceptron learns to tell the groups, or to predict the
    numbers. Without it a sparse autoencoder learns to rebuild each gene from others.
    One training ranks all genes: see `skset.QuickSelection`. As scanpy's functions it
    expects logarithmised values. It standardises each gene itself: values need not be
    scaled, and are better not, because scaled ones are dense.

    Values in a file are read in blocks of rows, once to standardise them and once in
    each epoch, and never whole. They are shuffled as `skset.fit_blocks` says. So the
    result differs a little from that in memory, unless the table is small.

    Parameters
    ----------
    adata : AnnData
        Cells x genes; in memory, opened with ``backed="r"``, or made of tables in
        files. Files must store sparse values by rows (CSR). A view of a backed one is
        refused.
    n : int, float in (0, 1], "all" or "auto", default=None
        Number or share of the genes to select. "auto" finds it out by cross-validation,
        with `groupby` and in memory. None means 50, or what `selector` says.
    groupby : str, default=None
        Column of ``adata.obs`` to learn from. Categories, strings and booleans are
        classes. Numbers are classes if they are whole and few are different, as in
        `~skset.QuickSelection`. Cells where it is missing are left out, with a warning.
    layer : str, default=None
        Layer to read. None means X, or raw.
    use_raw : bool, default=None
        Whether to read ``adata.raw``. None reads it if there is one and no layer is
        named, as scanpy's `tl.rank_genes_groups`. Only the genes of adata are read from
        it. Genes that only raw has can be ranked with ``adata.raw.to_adata()``.
    mask_var : str or array-like of bool of shape (n_vars,), default=None
        Genes to choose from: an array, or the name of a column of ``adata.var``, for
        instance "highly_variable". None means all.
    key_added : str, default="skset"
        Under what name results are written.
    selector : selector, default=None
        An estimator with `fit` and `support_`: a `~skset.QuickSelection` with
        parameters of your own, or a `~skset.StableSelection`, which finds out n by
        itself. It is fitted, so that you have it afterwards. If it fails it stays as it
        was. Files can only be read by a `~skset.QuickSelection`. None is
        ``QuickSelection(random_state=random_state, n_jobs=n_jobs)``.
    random_state : int, RandomState instance or None, default=0
        Seed. The default is a number, as in scanpy. A `selector` has its own.
    n_jobs : int, default=None
        Number of threads; None means 1. A `selector` has its own.
    chunk_rows : int, default=None
        Number of cells to read at once from a file. None means about 4 MB.
    inplace : bool, default=True
        Whether to write into adata. False returns a table and changes nothing.
    copy : bool, default=False
        Whether to write into a copy of adata, which is returned.

    Returns
    -------
    result : AnnData, DataFrame or None
        The copy; with ``inplace=False`` the three columns below, for each gene; else
        None. These are set (in memory only, where adata is backed):

        ``adata.var[key_added]`` : bool
            Whether the gene is selected.
        ``adata.var[key_added + "_rank"]`` : float
            Its rank; 1 is the best. NaN where `mask_var` leaves it out.
        ``adata.var[key_added + "_importance"]`` : float
            Its importance; they add up to 1. NaN where `mask_var` leaves it out. For a
            selector without `feature_importances_` there is no such column.
        ``adata.uns[key_added]`` : dict
            "params", and "n_obs" and "n_selected", the numbers of cells that were
            learned from and of genes that were selected.

    Warns
    -----
    UserWarning
        If cells have no label.
    ImplicitModificationWarning
        If adata is a view: anndata makes it a copy of its own.

    Raises
    ------
    TypeError
        If adata is no AnnData; if the column of `groupby` has dates; or if a file is to
        be read by something else than a `~skset.QuickSelection`.
    ValueError
        If adata has no cells; if the layer, raw, or a key is not there; if n is more
        than the number of genes; if a file stores values by columns; or if values are
        invalid. Nothing changes.

    See Also
    --------
    skset.QuickSelection : The selector.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from skset.anndata import select_genes
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 30)).astype(np.float32)
    >>> adata = anndata.AnnData(X)
    >>> adata.obs["type"] = np.where(X[:, 3] + X[:, 7] > 0, "a", "b")
    >>> select_genes(adata, 2, groupby="type")
    >>> list(adata.var_names[adata.var["skset"]])
    ['3', '7']
    """
    check_adata(adata, "select_genes")
    check_destination(adata, key_added, copy)
    if copy and not inplace:
        raise ValueError("copy=True cannot be used with inplace=False.")
    values = expression_of(adata, layer=layer, use_raw=use_raw, mask_var=mask_var)
    _check_number(n, values)
    groups = groups_of(adata, groupby)
    if selector is None:
        selector = QuickSelection(random_state=random_state, n_jobs=n_jobs)
    blocks = blocks_of(values, groups, chunk_rows)
    _fit(selector, n, values, groups, blocks)

    columns = _columns(selector, values.genes, key_added)
    if not inplace:
        there = {key: column for key, column in columns.items() if column is not None}
        return pd.DataFrame(there, index=adata.var_names)
    facts = {
        "params": {
            "n": n,
            "groupby": groupby,
            "layer": layer,
            "use_raw": values.is_raw,
            "mask_var": mask_var if isinstance(mask_var, str) else None,
            "selector": repr(selector),
        },
        "n_obs": values.n_rows if groups is None else int(groups.known.sum()),
        "n_selected": int(columns[key_added].sum()),
    }
    return Results(var=columns, uns={key_added: facts}).written(adata, copy)


def _check_number(n: Any, values: Expression) -> None:
    is_number = isinstance(n, (int, np.integer)) and not isinstance(n, bool)
    if is_number and n > values.n_genes:
        raise ValueError(f"n={n}, but there are {values.n_genes} genes to choose from.")


def _fit(
    selector: Any,
    n: Any,
    values: Expression,
    groups: Groups | None,
    blocks: CellBlocks,
) -> None:
    """Fit a selector to values in memory, or block by block to those in a file."""
    with unchanged_by_errors(selector, values.name):
        if n is not None:
            selector.set_params(n_features_to_select=n)
        if values.in_memory:
            selector.fit(*_labelled(values, groups))
        else:
            _check_reads_blocks(selector, values)
            fit_blocks(selector, blocks)


def _labelled(values: Expression, groups: Groups | None) -> tuple[Any, ...]:
    """Return X, or X and y of the cells that have a label."""
    X = values.rows()
    if groups is None:
        return (X,)
    if groups.known.all():
        return X, groups.labels
    return X[groups.known], groups.labels[groups.known]


def _check_reads_blocks(selector: Any, values: Expression) -> None:
    if not isinstance(selector, QuickSelection):
        raise TypeError(
            f"{values.name} is in a file, which only a QuickSelection can learn from "
            f"block by block, not a {type(selector).__name__}. Use adata.to_memory()."
        )


def _columns(selector: Any, genes: Any, key: str) -> dict[str, Any]:
    """Return the columns of var: selected, rank, importance; None if there is none."""
    selected = np.zeros(genes.size, bool)
    selected[genes] = selector.get_support()
    columns: dict[str, Any] = {key: selected}
    for name, attribute in ATTRIBUTES.items():
        column = None
        if hasattr(selector, attribute):
            column = np.full(genes.size, np.nan)
            column[genes] = getattr(selector, attribute)
        columns[f"{key}_{name}"] = column
    return columns
