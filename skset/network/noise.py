"""`GaussianNoise`: what a denoising autoencoder has to see through."""

from dataclasses import dataclass

import numpy as np

__all__ = ["GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise:
    """Adds N(0, scale^2) to every input of a training step.

    Vincent et al. 2010, JMLR 11, section 3.3.

    Attributes
    ----------
    scale : float
        Standard deviation.
    seed : int, default=None
        If given, a sample has the same noise in every epoch; by default it is new in
        every step.
    """

    scale: float
    seed: int | None = None

    def add(self, A, rows, rng, buffer):
        """Add noise to A (n_features, batch), whose columns are the given samples.

        In place; `buffer`, of A's shape and type, is overwritten.
        """
        if self.seed is None:
            rng.standard_normal(dtype=A.dtype, out=buffer)
        else:
            for column, row in enumerate(rows):
                own = np.random.Generator(np.random.SFC64([self.seed, row]))
                buffer[:, column] = own.standard_normal(A.shape[0], A.dtype)
        buffer *= A.dtype.type(self.scale)
        A += buffer
