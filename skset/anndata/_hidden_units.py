"""`rbm`: cells represented by the hidden units of a sparse Boltzmann machine."""

from typing import Any, Literal

import numpy as np
from anndata import AnnData
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from skset.anndata._cell_blocks import blocks_of
from skset.anndata._expression import Expression, check_adata, expression_of
from skset.anndata._in_place import unchanged_by_errors
from skset.anndata._results import Results, check_destination
from skset.anndata._unit_interval import SCALES, ScaledBlocks, UnitScale, unit_scale_of
from skset.estimators import SparseRBM, fit_blocks

__all__ = ["rbm"]


def rbm(
    adata: AnnData,
    n_components: int | None = None,
    *,
    layer: str | None = None,
    use_raw: bool | None = None,
    mask_var: str | ArrayLike | None = None,
    scale: Literal["auto", "log1p", "max"] | None = "auto",
    key_added: str = "X_skset_rbm",
    machine: SparseRBM | None = None,
    random_state: int | np.random.RandomState | None = 0,
    n_jobs: int | None = None,
    chunk_rows: int | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Represent each cell by the hidden units of a sparse Boltzmann machine.

    A `skset.SparseRBM` is trained on all cells. Its hidden units, probabilities in
    [0, 1], are written into ``adata.obsm``, where scanpy's `pp.neighbors` and others
    find them by ``use_rep``.

    A machine takes values in [0, 1]. So each gene is divided by its greatest value in
    any cell, after the logarithm if they are counts: see `scale`. Zeros stay zeros, and
    values that are 0 or 1 stay as they are. Files are read in blocks of rows: once for
    the greatest values, once for the means, once in each epoch, and once for the hidden
    units.

    Parameters
    ----------
    adata : AnnData
        Cells x genes, as in `select_genes`.
    n_components : int, default=None
        Number of hidden units. None means 256, or what `machine` says.
    layer, use_raw, mask_var
        What is read, as in `select_genes`.
    scale : {"auto", "log1p", "max"} or None, default="auto"
        "log1p" makes ``log(1 + v) / log(1 + max v)`` of a value v, with the greatest of
        its gene; "max" makes ``v / max v``. "auto" is "log1p" if all values are whole
        numbers, as counts are, else "max". None takes values as they are.
    key_added : str, default="X_skset_rbm"
        Under what name results are written.
    machine : SparseRBM, default=None
        One with parameters of your own. It is fitted, so that you have it afterwards.
        If it fails it stays as it was. None is ``SparseRBM(random_state=random_state,
        n_jobs=n_jobs)``.
    random_state : int, RandomState instance or None, default=0
        Seed. The default is a number, as in scanpy. A `machine` has its own.
    n_jobs : int, default=None
        Number of threads; None means 1. A `machine` has its own.
    chunk_rows : int, default=None
        Number of cells to read at once from a file. None means about 4 MB.
    copy : bool, default=False
        Whether to write into a copy of adata, which is returned.

    Returns
    -------
    adata : AnnData or None
        The copy, or None. These are set (in memory only, where adata is backed):

        ``adata.obsm[key_added]`` : ndarray of float32 of shape (n_obs, n_components)
            Hidden units.
        ``adata.varm[key_added]`` : csr_matrix of shape (n_vars, n_components)
            Weights. Genes that `mask_var` leaves out have none.
        ``adata.uns[key_added]`` : dict
            "params" (with the scale that was used) and "reconstruction_error", one
            number for each epoch.

    Warns
    -----
    ImplicitModificationWarning
        If adata is a view: anndata makes it a copy of its own.

    Raises
    ------
    TypeError
        If adata is no AnnData.
    ValueError
        If adata has no cells; if the layer, raw, or a key is not there; if a file
        stores values by columns; if values are negative or not finite, or not in [0, 1]
        with ``scale=None``. Nothing changes.

    See Also
    --------
    skset.SparseRBM : The machine.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from skset.anndata import rbm
    >>> counts = np.random.default_rng(0).poisson(1.0, size=(100, 30))
    >>> adata = anndata.AnnData(counts.astype(np.float32))
    >>> rbm(adata, 8)
    >>> adata.obsm["X_skset_rbm"].shape
    (100, 8)
    >>> adata.uns["X_skset_rbm"]["params"]["scale"]
    'log1p'
    """
    check_adata(adata, "rbm")
    check_destination(adata, key_added, copy)
    if scale not in (*SCALES, None):
        raise ValueError(f"scale must be one of {SCALES} or None: {scale!r}.")
    values = expression_of(adata, layer=layer, use_raw=use_raw, mask_var=mask_var)
    blocks: Any = blocks_of(values, None, chunk_rows)
    unit_scale = None
    if scale is not None:
        unit_scale = unit_scale_of(blocks, values.n_genes, scale, values.name)
        blocks = ScaledBlocks(blocks, unit_scale)
        scale = "log1p" if unit_scale.logarithmic else "max"
    if machine is None:
        machine = SparseRBM(random_state=random_state, n_jobs=n_jobs)
    hidden = _fit(machine, n_components, values, blocks, unit_scale)

    params = {
        "layer": layer,
        "use_raw": values.is_raw,
        "mask_var": mask_var if isinstance(mask_var, str) else None,
        "scale": scale,
        "machine": repr(machine),
    }
    errors = np.array(machine.reconstruction_error_curve_)
    return Results(
        obsm={key_added: hidden},
        varm={key_added: _weights(machine, values)},
        uns={key_added: {"params": params, "reconstruction_error": errors}},
    ).written(adata, copy)


def _fit(
    machine: SparseRBM,
    n_components: int | None,
    values: Expression,
    blocks: Any,
    unit_scale: UnitScale | None,
) -> NDArray[np.float32]:
    """Fit a machine, in memory or block by block; return the hidden units."""
    with unchanged_by_errors(machine, values.name):
        if n_components is not None:
            machine.set_params(n_components=n_components)
        if not values.in_memory:
            fit_blocks(machine, blocks)
            return _hidden(machine, values.n_rows, blocks)
        X = values.rows()
        X = X if unit_scale is None else unit_scale(X)
        machine.fit(X)
        return _hidden(machine, values.n_rows, [X])


def _hidden(machine: SparseRBM, n_rows: int, blocks: Any) -> NDArray[np.float32]:
    """Return the hidden units of all blocks."""
    hidden = np.empty((n_rows, machine.n_components), np.float32)
    first = 0
    for X in blocks:
        hidden[first : first + X.shape[0]] = machine.transform(X)
        first += X.shape[0]
    return hidden


def _weights(machine: SparseRBM, values: Expression) -> sparse.csr_matrix:
    """Return the weights of each gene of the AnnData, none for those left out."""
    weights = sparse.csr_matrix(machine.components_.T)
    if values.genes.all():
        return weights
    n_of_gene = np.zeros(values.genes.size, int)
    n_of_gene[values.genes] = np.diff(weights.indptr)
    indptr = np.concatenate([[0], np.cumsum(n_of_gene)])
    shape = values.genes.size, weights.shape[1]
    return sparse.csr_matrix((weights.data, weights.indices, indptr), shape)
