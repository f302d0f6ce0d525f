"""How many connections each layer gets: Erdős-Rényi, uniform, and others."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from skset.topology.arrays import Floats

__all__ = ["erdos_renyi", "shared_out", "uniform", "uniform_plus"]

Shapes: TypeAlias = Sequence[tuple[int, int]]


def erdos_renyi(
    shapes: Shapes, epsilon: float | None = None, density: float | None = None
) -> list[int]:
    """Return the numbers of connections of Erdős-Rényi layers.

    The density of a layer is ``min(1, epsilon (n_in + n_out) / (n_in n_out))``
    (Mocanu et al. 2018, Nature Communications 9:2383, equation 3): small layers are
    denser than large ones. With `density`, epsilon is found so that all layers together
    have this share of their possible connections.

    Parameters
    ----------
    shapes : sequence of tuple of int
        (n_in, n_out) of each layer.
    epsilon : float, default=None
        Connections per unit, about: a layer gets ``epsilon (n_in + n_out)``.
    density : float in (0, 1], default=None
        Overall share of existing connections, in place of epsilon.

    Returns
    -------
    nnz : list of int
        Exact numbers, at least 1 per layer.
    """
    sizes = _sizes(shapes)
    units = np.array([n_in + n_out for n_in, n_out in shapes], dtype=float)
    if density is not None:
        epsilon = _epsilon_for(density * sizes.sum(), sizes, units)
    return _counts(np.minimum(1.0, epsilon * units / sizes), sizes)


def uniform(
    shapes: Shapes, epsilon: float | None = None, density: float | None = None
) -> list[int]:
    """Return the numbers of connections of layers that all have the same density.

    Parameters
    ----------
    shapes : sequence of tuple of int
        (n_in, n_out) of each layer.
    epsilon : float, default=None
        The overall density is then that of `erdos_renyi` with this epsilon.
    density : float in (0, 1], default=None
        Share of existing connections in every layer, in place of epsilon.

    Returns
    -------
    nnz : list of int
        Exact numbers, at least 1 per layer.
    """
    sizes = _sizes(shapes)
    if density is None:
        density = sum(erdos_renyi(shapes, epsilon)) / sizes.sum()
    return _counts(np.full(sizes.size, density), sizes)


def uniform_plus(
    shapes: Shapes, epsilon: float | None = None, density: float | None = None
) -> list[int]:
    """Return the numbers of connections with a dense first and a denser last layer.

    The first layer is dense, the last one has a density of 0.2 at least, and the others
    have an equal density (Gale, Elsen and Hooker 2019, arXiv 1902.09574). A single
    layer is neither first nor last.

    Parameters
    ----------
    shapes : sequence of tuple of int
        (n_in, n_out) of each layer.
    epsilon : float, default=None
        The overall density is then that of `erdos_renyi` with this epsilon.
    density : float in (0, 1], default=None
        Overall share of existing connections, in place of epsilon.

    Returns
    -------
    nnz : list of int
        Exact numbers, at least 1 per layer.

    Raises
    ------
    ValueError
        If the first and the last layer alone take more than the overall density.
    """
    if len(shapes) == 1:
        return erdos_renyi(shapes, epsilon, density)
    sizes = _sizes(shapes)
    budget = sum(erdos_renyi(shapes, epsilon, density))
    fixed = np.zeros(sizes.size)
    fixed[0], fixed[-1] = 1.0, max(0.2, min(1.0, budget / sizes.sum()))
    rest = sizes[1:-1].sum()
    left = budget - fixed @ sizes
    if left < 0:
        raise ValueError(
            "uniform_plus makes the first layer dense and the last one at least 0.2 "
            f"dense, which takes {int(fixed @ sizes)} connections, but {budget} are to "
            "be shared out. Raise density or epsilon, or choose 'erdos_renyi'."
        )
    fixed[1:-1] = left / rest if rest else 0.0
    return _counts(fixed, sizes)


def shared_out(shares: npt.ArrayLike, shapes: Shapes, total: int) -> list[int]:
    """Return the numbers of connections of layers that share a total.

    Parameters
    ----------
    shares : sequence of float
        Each layer gets connections in proportion to its share, until it is full.
    shapes : sequence of tuple of int
        (n_in, n_out) of each layer.
    total : int
        Number of all connections.

    Returns
    -------
    nnz : list of int
        At least 1 per layer. Their sum is the total, up to rounding.
    """
    sizes, parts = _sizes(shapes), np.maximum(np.asarray(shares, float), 1e-9)
    factor = _epsilon_for(min(total, sizes.sum()), sizes, parts)
    return _counts(np.minimum(1.0, factor * parts / sizes), sizes)


def _sizes(shapes: Shapes) -> Floats:
    return np.array([int(n_in) * int(n_out) for n_in, n_out in shapes], dtype=float)


def _counts(densities: Iterable[float], sizes: Floats) -> list[int]:
    return [
        max(1, min(int(size), round(float(share) * int(size))))
        for share, size in zip(densities, sizes, strict=True)
    ]


def _epsilon_for(budget: float, sizes: Floats, units: Floats) -> float:
    """Return the epsilon at which the connections of all layers add up to the budget.

    No layer gets more than its size. The sum is piecewise linear in epsilon: its slope
    changes where a layer is full, in the order of sizes / units.
    """
    full = np.zeros(sizes.size, bool)
    while not full.all():
        epsilon: float = (budget - sizes[full].sum()) / units[~full].sum()
        overflowing = ~full & (epsilon * units > sizes)
        if not overflowing.any():
            return epsilon
        full |= overflowing
    return float(np.max(sizes / units))
