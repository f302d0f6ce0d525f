"""Made AnnData: counts of cells of three types, with planted genes."""

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from skset import QuickSelection, SparseRBM

N_CELLS, N_GENES = 240, 40
# Genes that tell the types; the last two also follow the age.
PLANTED = [3, 8, 15, 22, 31, 37]
CONTAINERS = {
    "csr": sparse.csr_matrix,
    "csr array": sparse.csr_array,
    "csc": sparse.csc_matrix,
    "dense": np.asarray,
}


def made(container="csr", seed=0):
    """Return logarithmised counts with labels, a layer of counts, and raw.

    Each type has two genes of its own. Raw has other genes too, in another order.
    """
    rng = np.random.default_rng(seed)
    of_cell = rng.integers(3, size=N_CELLS)
    rates = np.full((N_CELLS, N_GENES), 0.5)
    for number, gene in enumerate(PLANTED):
        rates[of_cell == number % 3, gene] = 6.0
    counts = rng.poisson(rates).astype(np.float32)
    names = [f"gene{i}" for i in range(N_GENES)]
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(N_CELLS)])
    obs["type"] = pd.Categorical(np.array(["B", "NK", "T"])[of_cell])
    obs["age"] = counts[:, PLANTED[-1]] + rng.normal(size=N_CELLS)
    obs["dose"] = of_cell
    obs["name"] = obs["type"].astype(str)
    obs["is_t"] = of_cell == 2
    form = CONTAINERS[container]
    adata = AnnData(
        form(np.log1p(counts)),
        obs=obs,
        var=pd.DataFrame({"odd": np.arange(N_GENES) % 2 == 1}, index=names),
        layers={"counts": form(counts)},
    )
    wider = np.hstack([np.log1p(counts), rng.random((N_CELLS, 5), np.float32)])
    order = rng.permutation(N_GENES + 5)
    others = [f"other{i}" for i in range(5)]
    raw = AnnData(
        form(wider[:, order]),
        var=pd.DataFrame(index=np.array(names + others)[order]),
        obs=obs[[]],
    )
    adata.raw = raw
    return adata


def selector(n=50, **parameters):
    """Return a selector that is fitted in a fraction of a second."""
    given = {"hidden_layer_sizes": 30, "max_iter": 12, "random_state": 0, **parameters}
    return QuickSelection(n, **given)


def machine(n_components=12, **parameters):
    """Return a machine that is fitted in a fraction of a second."""
    return SparseRBM(n_components, **{"n_iter": 3, "random_state": 0, **parameters})


def chosen(adata, key="skset"):
    """Return the numbers of the selected genes."""
    return np.flatnonzero(adata.var[key]).tolist()


def state(adata):
    """Return everything that a function might have changed, to be compared."""
    return (
        str(adata),
        adata.obs.to_csv(),
        adata.var.to_csv(),
        repr(dict(adata.uns)),
        None if adata.X is None else str(adata.X[:].sum(axis=0)),
    )
