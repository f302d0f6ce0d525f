"""`ExplainedVariance`: how much of each input's variance the targets explain."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model.samples import Samples

__all__ = ["ExplainedVariance"]

Array: TypeAlias = NDArray[Any]

# Numbers of X that are looked at together.
MAX_VALUES = 1 << 20
# Shares of an input's squares, and of the greatest eigenvalue of the targets' products,
# below which there are only rounding errors.
ROUNDING, RANK = 1e-12, 1e-10


@dataclass(frozen=True, eq=False)
class ExplainedVariance:
    """Sums over samples, from which the explained variance of each input follows.

    An input is regressed on all targets together. For classes, each of them a target of
    zeros and ones, the coefficient of determination is the ratio of the variance
    between the classes to that of all samples. It grows with the F statistic of an
    analysis of variance. For one number it is the squared correlation.

    Objects of several calls can be added.

    Attributes
    ----------
    weight : float
        Sum of the samples' weights.
    inputs, squares : ndarray of shape (n_inputs,)
        Weighted sums of the inputs and of their squares.
    targets, target_products : ndarray of shape (n_targets,), (n_targets, n_targets)
        Weighted sums of the targets and of their products.
    products : ndarray of shape (n_inputs, n_targets)
        Weighted sums of inputs times targets.
    """

    weight: float
    inputs: Array
    squares: Array
    targets: Array
    target_products: Array
    products: Array

    @classmethod
    def of(cls, samples: Samples, n_targets: int) -> "ExplainedVariance":
        """Return the sums over some samples.

        Parameters
        ----------
        samples : Samples
            Their targets are numbers, or numbers of classes.
        n_targets : int
            Outputs of the network.
        """
        n = samples.n_features
        total = cls._of_batch(np.zeros((n, 0)), np.zeros((n_targets, 0)), np.zeros(0))
        step = max(1, MAX_VALUES // n)
        for start in range(0, samples.n_samples, step):
            rows = np.arange(start, min(start + step, samples.n_samples))
            X = np.empty((n, rows.size), samples.dtype)
            samples.gather(rows, X)
            weight = np.ones(rows.size)
            if samples.weight is not None:
                weight = samples.weight[rows].astype(float)
            Y = _numbers(samples.targets(rows), n_targets)
            total += cls._of_batch(X.astype(float), Y, weight)
        return total

    @classmethod
    def _of_batch(cls, X: Array, Y: Array, weight: Array) -> "ExplainedVariance":
        weighted = Y * weight
        return cls(
            weight=float(weight.sum()),
            inputs=X @ weight,
            squares=X**2 @ weight,
            targets=weighted.sum(axis=1),
            target_products=weighted @ Y.T,
            products=X @ weighted.T,
        )

    def __add__(self, other: "ExplainedVariance") -> "ExplainedVariance":
        sums = {name: part + vars(other)[name] for name, part in vars(self).items()}
        return ExplainedVariance(**sums)

    def ratios(self) -> Array:
        """Return the explained share of each input's variance; 0 if it has none."""
        weight = self.weight or 1.0
        variances = self.squares - self.inputs**2 / weight
        among = self.target_products - np.outer(self.targets, self.targets) / weight
        across = self.products - np.outer(self.inputs, self.targets / weight)
        inverse = np.linalg.pinv(among, rcond=RANK, hermitian=True)
        explained = np.einsum("ij,ij->i", across @ inverse, across)
        varies = variances > ROUNDING * self.squares
        ratios = explained / np.where(varies, variances, 1)
        return np.where(varies, np.clip(ratios, 0, 1), 0.0)


def _numbers(targets: Array, n_targets: int) -> Array:
    """Return targets as numbers (n_targets, batch); a class is 1 in its own row."""
    if targets.ndim == 1:
        targets = targets == np.arange(n_targets)[:, None]
    numbers: Array = targets.astype(float)
    return numbers
