"""`GaussianNoise`: noise on the inputs of a denoising autoencoder."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset import kernels

__all__ = ["FixedNoise", "FreshNoise", "GaussianNoise"]

Array: TypeAlias = NDArray[Any]

# Least and greatest size of the pool of random numbers that fresh noise is cut from. It
# is drawn once per training. To draw a number for every input and sample would take a
# fifth of a step.
POOL_SIZES = (1 << 16, 1 << 20)


@dataclass(frozen=True)
class GaussianNoise:
    """Adds N(0, scale^2) to every input of a training step.

    Vincent et al. 2010, JMLR 11, section 3.3.

    Attributes
    ----------
    scale : float
        Standard deviation.
    seed : int, default=None
        If given, a sample has the same noise in every epoch. By default its noise is
        new in every step.
    """

    scale: float
    seed: int | None = None

    def source(
        self, shape: tuple[int, int], rng: np.random.Generator, dtype: np.dtype[Any]
    ) -> "FreshNoise | FixedNoise":
        """Return an object that adds this noise in steps (n_inputs, batch)."""
        if self.seed is not None:
            return FixedNoise(self.scale, self.seed)
        size = max(int(np.clip(16 * shape[0] * shape[1], *POOL_SIZES)), 2 * shape[1])
        return FreshNoise(self.scale, size, rng, dtype)


class FreshNoise:
    """Noise that is new in every step.

    An input gets consecutive values from a random place in a large pool. The noise of
    two inputs has a part in common only if their places happen to be near.
    """

    def __init__(
        self, scale: float, size: int, rng: np.random.Generator, dtype: np.dtype[Any]
    ) -> None:
        self.pool = rng.standard_normal(size, dtype) * dtype.type(scale)
        self.rng = rng

    def add(self, A: Array, rows: Array) -> None:
        """Add noise to A (n_inputs, batch), in place."""
        last = self.pool.size - A.shape[1]
        starts = self.rng.integers(last, size=A.shape[0], endpoint=True)
        kernels.add_slices(self.pool, starts, A)


class FixedNoise:
    """Noise that is the same whenever a sample comes."""

    def __init__(self, scale: float, seed: int) -> None:
        self.scale, self.seed = scale, seed

    def add(self, A: Array, rows: Array) -> None:
        """Add the noise of the given samples to the columns of A, in place."""
        for column, row in enumerate(rows):
            own = np.random.Generator(np.random.SFC64([self.seed, row]))
            noise = own.standard_normal(A.shape[0], A.dtype)
            A[:, column] += noise * A.dtype.type(self.scale)
