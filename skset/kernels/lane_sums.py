"""Operations on lanes that add up, of one vector or of eight rows at once.

They are declared as those in `lanes.py`. `_lane_sum_instructions.py` has their
instructions. A sum over the lanes of a vector takes as many steps as their number has
doublings. So eight sums are made in one tree, whose steps serve all of them.
"""

import numpy as np
from numba.core import types

from skset.kernels.lanes import Lanes, load, operation

__all__: list[str] = []  # every operation

# The order of eight rows, from which the tree of `group_totals` makes the natural one.
TURNED = (0, 4, 1, 5, 2, 6, 3, 7)


def _type_of_gathered(rows, places, column, like):
    fits = isinstance(places, types.UniTuple) and places.count == len(TURNED)
    return Lanes(like.dtype, 8 * like.n) if fits else None


@operation(lambda a: a.dtype)
def total(a):
    """Return the sum of the numbers."""
    return a.sum()


@operation(lambda a, b: Lanes(a.dtype, min(a.n, 8)))
def products(a, b):
    """Return ``a * b``, added up to eight numbers: every eighth to one of them."""
    return (a * b).reshape(-1, min(a.size, 8)).sum(axis=0)


@operation(lambda a, b: a)
def folded(a, b):
    """Return the sums of a's lower and upper half, then those of b's."""
    n = a.size // 2
    return np.concatenate([a[:n] + a[n:], b[:n] + b[n:]])


@operation(lambda p, q, r, s: p)
def totals(p, q, r, s):
    """Return the sums of the four lower halves, then those of the four upper halves.

    Each argument has eight numbers.
    """
    return np.array([p, q, r, s]).reshape(4, 2, 4).sum(axis=2).T.ravel()


# Eight narrow rows in one vector


@operation(_type_of_gathered)
def gathered(rows, places, column, like):
    """Return pieces of eight rows side by side, each as long as `like`, see `load`.

    They come in the order `TURNED`.
    """
    return np.concatenate([load(rows, places[n], column, like) for n in TURNED])


@operation(lambda values, like: Lanes(like.dtype, 8 * like.n))
def repeated(values, like):
    """Return eight values in the order `TURNED`, each as often as `like` is long."""
    return np.repeat(np.array([values[n] for n in TURNED], like.dtype), like.size)


@operation(lambda a: Lanes(a.dtype, 8 * a.n))
def tiled(a):
    """Return eight copies of a, side by side."""
    return np.tile(a, 8)


@operation(lambda a, like: like)
def tile_total(a, like):
    """Return the sum of eight pieces that stand side by side."""
    return a.reshape(8, -1).sum(axis=0)


@operation(lambda a: Lanes(a.dtype, 8))
def group_totals(a):
    """Return the sums of eight pieces that stand in the order `TURNED`."""
    sums = np.empty(8, a.dtype)
    sums[list(TURNED)] = a.reshape(8, -1).sum(axis=1)
    return sums
