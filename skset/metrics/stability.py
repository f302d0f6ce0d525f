"""Stability of feature selections: how much several of them agree."""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["selection_stability"]


def selection_stability(selections: ArrayLike, *, index: str = "kuncheva") -> float:
    """Return how much selections of features agree, over all pairs of them.

    Use it on the selections of one selector with several seeds, or on several resamples
    of the data. If its selections hardly agree, a selector does not tell which features
    matter, even if a model does well on them.

    Parameters
    ----------
    selections : array-like of bool of shape (n_selections, n_features)
        Masks, as `get_support` returns them. At least two.
    index : {"kuncheva", "jaccard"}, default="kuncheva"
        What is averaged over the pairs. With r features in both selections, k_1 and k_2
        in each and n in all:

        - "kuncheva" is ``(r - k_1 k_2 / n) / (min(k_1, k_2) - k_1 k_2 / n)``: the
          agreement beyond that of random selections, for which it is about 0 whatever
          their size; 1 for equal ones [1]_. For selections of different sizes this is
          the generalisation of Lustgarten et al. [2]_ without its lower bound. Two
          selections of which one is empty or has all features tell nothing; they count
          as 1 if equal, else as 0.
        - "jaccard" is ``r / (k_1 + k_2 - r)``, in [0, 1]; it grows with the share of
          the features that is selected. Two empty selections count as 1.

    Returns
    -------
    stability : float
        Mean over all pairs; 1 if all are equal.

    Raises
    ------
    ValueError
        If there are fewer than two selections, if they are not masks of the same
        length, or if `index` is unknown.

    References
    ----------
    .. [1] Kuncheva (2007). "A stability index for feature selection." Artificial
       Intelligence and Applications, IASTED.
    .. [2] Lustgarten, Gopalakrishnan and Visweswaran (2009). "Measuring stability of
       feature selection in biomedical datasets." AMIA Annual Symposium.

    Examples
    --------
    >>> from skset.metrics import selection_stability
    >>> masks = [[True, True, False, False], [True, False, True, False]]
    >>> selection_stability(masks)
    0.0
    """
    if index not in INDICES:
        raise ValueError(f"index must be one of {sorted(INDICES)}, got {index!r}.")
    masks = np.asarray(selections)
    if masks.ndim != 2 or masks.dtype != bool or not masks.size:
        raise ValueError(
            "selections must be boolean masks of shape (n_selections, n_features), as "
            f"get_support returns them; got shape {masks.shape} and type {masks.dtype}."
        )
    if len(masks) < 2:
        raise ValueError("At least 2 selections are needed to compare them, got 1.")
    pairs = combinations(masks, 2)
    return float(np.mean([INDICES[index](one, other) for one, other in pairs]))


def _kuncheva(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    common, sizes = np.sum(one & other), (one.sum(), other.sum())
    by_chance = sizes[0] * sizes[1] / one.size
    if min(sizes) == by_chance:  # one of them is empty, or has all features
        return float(np.array_equal(one, other))
    return float((common - by_chance) / (min(sizes) - by_chance))


def _jaccard(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    union = np.sum(one | other)
    return float(np.sum(one & other) / union) if union else 1.0


INDICES = {"kuncheva": _kuncheva, "jaccard": _jaccard}
