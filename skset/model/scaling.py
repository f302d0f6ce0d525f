"""`Scaling`: the units of a network's inputs; `Scaled`: a table in these units."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Scaled", "Scaling"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scaling:
    """The inputs of a network are ``(X - shift) * factor``.

    This is computed in float64, before the result is cast to the network's type: in
    float32 the difference of two numbers near 100,000 has lost most of its digits. So
    it does not matter either in which type the numbers of X are stored.

    Attributes
    ----------
    shift, factor : ndarray of shape (n_features,), float64
        For each feature.
    """

    shift: Array
    factor: Array

    def applied(self, X: Array, dtype: DTypeLike) -> Array:
        """Return an array in the units and in the type of a network, as a new table."""
        with np.errstate(over="ignore", invalid="ignore"):
            units: Array = X - self.shift
            units *= self.factor
            return units.astype(dtype, order="C", copy=False)


@dataclass(frozen=True, eq=False)
class Scaled:
    """A table in the units of a network; it is standardised where it is read.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Of any real type. It is not copied.
    scaling : Scaling
        The units.
    """

    X: Any
    scaling: Scaling

    @property
    def shape(self) -> tuple[int, int]:
        """Number of samples and of features."""
        shape: tuple[int, int] = self.X.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of X."""
        dtype: np.dtype[Any] = self.X.dtype
        return dtype
