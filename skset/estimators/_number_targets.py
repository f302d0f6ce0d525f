"""`NumberTargets` and `InputTargets`: targets that are numbers, or X itself.

Each kind of targets checks y, remembers its scale, and makes the samples to train on.
An object is never changed: `learned` and `resumed` return a new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.utils.validation import column_or_1d

from skset.estimators._columns import located, refuse_dates
from skset.estimators._sample_weight import scaled
from skset.estimators._types import Array, Matrix
from skset.model import Loss, Reconstruction, Samples, SquaredError

__all__ = ["InputTargets", "NumberTargets"]

# Distance of the quartiles of normal numbers, in standard deviations.
QUARTILES = 1.349
# Largest distance of a target from the mean, in standard deviations; its square where
# the loss minds outliers less.
MOST_DEVIATIONS = 1e6


@dataclass(frozen=True, eq=False)
class NumberTargets:
    """One or more numbers for each sample.

    Attributes
    ----------
    dtype : type
        Of the network.
    loss_function : Loss
        The loss of the training.
    standardised : bool, default=False
        Whether each output is learned with mean 0 and variance 1.
    n_outputs : int, default=None
        Numbers per sample, once learned.
    mean, scale : ndarray of shape (n_outputs,)
        Of the numbers in the fit, if they are standardised. For a loss that minds
        outliers less than the squared error does, they are the median and the distance
        of the quartiles.
    """

    dtype: type
    loss_function: Loss = field(default_factory=SquaredError)
    standardised: bool = False
    n_outputs: int | None = None
    mean: Any = 0.0
    scale: Any = 1.0
    kind: ClassVar[str] = "numbers"
    attributes: ClassVar[Mapping[str, Any]] = {}  # the estimator shows nothing of them

    @property
    def output(self) -> str:
        """Name of the network's output function."""
        return self.loss_function.outputs[0]

    def _checked(self, y: Any, given: Any) -> Array:
        """Return y as a finite array of the network's dtype, or raise.

        `given` has the types of all columns, its array only one.
        """
        refuse_dates(given, "y")
        if sparse.issparse(y):
            raise TypeError(
                "Sparse data was passed for y, but dense data is required where y is "
                "numbers. Use '.toarray()' to convert to a dense numpy array."
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        try:
            with np.errstate(over="ignore"):
                numbers: Array = np.asarray(y).astype(self.dtype)
        except (TypeError, ValueError) as error:
            better = located(error, given, "y")
            if better is None:
                raise
            raise better from error
        if not np.isfinite(numbers).all():
            raise ValueError(
                "Input y contains NaN, infinity or a value too large for "
                f"{np.dtype(self.dtype)}."
            )
        self.loss_function.check_targets(numbers)
        # What is standardised is cast afterwards.
        return np.asarray(y).astype(np.float64) if self.standardised else numbers

    def learned(
        self,
        y: Any,
        given: Any,
        sample_weight: Array | None = None,
        classes: ArrayLike | None = None,
    ) -> tuple["NumberTargets", Array]:
        """Return these targets with what is to be remembered of y, and y; or raise.

        Parameters
        ----------
        y : ndarray
            As scikit-learn returns it.
        given : array-like
            As the user gave it.
        sample_weight : ndarray, default=None
            Weights of the rows.
        classes : array-like, default=None
            Not used here.
        """
        y = self._checked(y, given)
        return self._with_numbers_of(y, sample_weight), y

    def _with_numbers_of(
        self, y: Array, sample_weight: Array | None = None
    ) -> "NumberTargets":
        learned = replace(self, n_outputs=1 if y.ndim == 1 else y.shape[1])
        if not self.standardised:
            return learned
        weight = scaled(sample_weight)
        if weight is not None and weight.any():
            y, weight = y[weight > 0], weight[weight > 0]
        largest = np.abs(y).max(axis=0).astype(float)  # else a square may overflow
        y = y / np.where(largest > 0, largest, 1.0)
        mean = np.average(y, axis=0, weights=weight)
        scale = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=weight))
        is_robust = not isinstance(self.loss_function, SquaredError)
        if is_robust:
            mean, scale = _robust(y, weight, scale)
        # Beside a row with nearly all the weight the others must not overflow.
        most = MOST_DEVIATIONS ** (2 if is_robust else 1)
        scale = np.maximum(scale, np.abs(y - mean).max(axis=0) / most)
        scale = np.where(scale * largest > 0, scale * largest, 1.0)
        return replace(learned, mean=largest * mean, scale=scale)

    def resumed(
        self, earlier: "NumberTargets", y: Any, given: Any, caller: str
    ) -> tuple["NumberTargets", Array]:
        """Return these targets with the earlier scale, and y; or raise."""
        y = self._checked(y, given)
        now = self._with_numbers_of(y)
        if now.n_outputs != earlier.n_outputs:
            raise ValueError(
                f"{caller}: `y` has {now.n_outputs} outputs, the network "
                f"{earlier.n_outputs}."
            )
        if now.loss_function != earlier.loss_function:
            raise ValueError(
                f"{caller} can only be used where loss is the same as in the previous "
                f"call to fit. Previously it was {earlier.loss_function!r}, now "
                f"{now.loss_function!r}."
            )
        return replace(now, mean=earlier.mean, scale=earlier.scale), y

    def samples(
        self, X: Matrix, y: Array, weight: Array | None, rows: Array | None = None
    ) -> Samples:
        """Return the samples to train on or to validate on: all of X, or some rows."""
        if self.standardised:
            y = (y - self.mean) / self.scale
            if weight is not None:  # rows without weight may be far from all others
                y = np.where(weight.reshape(-1, *[1] * (y.ndim - 1)) > 0, y, 0.0)
            y = y.astype(self.dtype)
        return Samples(X, y.reshape(len(y), -1), scaled(weight), rows, self.dtype)

    def decoded(self, outputs: Array) -> Array:
        """Return outputs of the network (n_outputs, n_samples) in the units of y."""
        if not self.standardised:
            return outputs
        mean, scale = (np.reshape(unit, (-1, 1)) for unit in (self.mean, self.scale))
        return (outputs * scale + mean).astype(outputs.dtype)

    def strata(self, y: Any) -> None:
        """Return what a split keeps the proportions of: nothing."""
        return

    def combined_weight(self, y: Any, sample_weight: Array | None) -> Array | None:
        """Return the weight of each sample for training, or None for 1 each."""
        return sample_weight


def _robust(y: Array, weight: Array | None, scale: Array) -> tuple[Array, Array]:
    """Return the median of each column, and the distance of its quartiles.

    The distance is in units in which it is the deviation of normal numbers. If it is 0,
    `scale` stands for it.
    """
    columns = y.reshape(len(y), -1)
    order = np.argsort(columns, axis=0, kind="stable")
    weight = np.ones(len(y)) if weight is None else weight
    shares = np.cumsum(weight[order], axis=0) / weight.sum()
    places = [np.argmax(shares >= share - 1e-12, axis=0) for share in (0.25, 0.5, 0.75)]
    ordered = np.take_along_axis(columns, order, axis=0)
    low, median, high = (ordered[place, range(len(place))] for place in places)
    distance = (high - low).reshape(y.shape[1:]) / QUARTILES
    return median.reshape(y.shape[1:]), np.where(distance > 0, distance, scale)


@dataclass(frozen=True, eq=False)
class InputTargets:
    """X alone: y is ignored, and nothing is remembered.

    Attributes
    ----------
    dtype : type
        Of the network.
    n_outputs : int, default=None
        The number of inputs, if the network is an autoencoder.
    reconstructs : bool, default=True
        Whether the input is the target; a Boltzmann machine has none.
    """

    dtype: type
    n_outputs: int | None = None
    reconstructs: bool = True
    kind: ClassVar[str] = "X alone"
    output: ClassVar[str] = "identity"
    loss_function: ClassVar[Loss] = SquaredError()
    attributes: ClassVar[Mapping[str, Any]] = {}

    def learned(
        self,
        y: Any,
        given: Any,
        sample_weight: Array | None = None,
        classes: ArrayLike | None = None,
    ) -> tuple["InputTargets", None]:
        """Return these targets, and None for y."""
        return self, None

    def resumed(
        self, earlier: "InputTargets", y: Any, given: Any, caller: str
    ) -> tuple["InputTargets", None]:
        """Return these targets, and None for y."""
        return self, None

    def samples(
        self, X: Matrix, y: None, weight: Array | None, rows: Array | None = None
    ) -> Samples:
        """Return the samples to train on or to validate on: all of X, or some rows."""
        if self.reconstructs:
            return Reconstruction(X, scaled(weight), rows, self.dtype)
        return Samples(X, None, scaled(weight), rows, self.dtype)

    def strata(self, y: Any) -> None:
        """Return what a split keeps the proportions of: nothing."""
        return

    def combined_weight(self, y: Any, sample_weight: Array | None) -> Array | None:
        """Return the weight of each sample for training, or None for 1 each."""
        return sample_weight
