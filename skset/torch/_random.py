"""Random generators, from a seed or from PyTorch's own generator."""

from numbers import Integral
from typing import Any

import numpy as np
import torch

__all__ = ["generator"]


def generator(random_state: Any) -> np.random.Generator:
    """Return a generator.

    Parameters
    ----------
    random_state : int, numpy.random.Generator or None
        None takes a seed from PyTorch's global generator, so that `torch.manual_seed`
        decides. A generator is returned as it is.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if random_state is None:
        return np.random.default_rng(int(torch.randint(2**62, ())))
    is_seed = isinstance(random_state, Integral) and not isinstance(random_state, bool)
    if not is_seed or random_state < 0:
        raise ValueError(
            "random_state must be None, a whole number of at least 0, or a "
            f"numpy.random.Generator, got {random_state!r}."
        )
    return np.random.default_rng(int(random_state))
