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
from skset.estimators._number_facts import NumberFacts, ends_of
from skset.estimators._sample_weight import brought, scaled
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

    def _checked(self, y: Any, given: Any, is_all: bool = False) -> Array:
        """Return y as a finite array of the network's dtype, or raise.

        `given` has the types of all columns, its array only one. Some rows of many may
        be all 0 where all rows may not: see `of`.
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
        if is_all or numbers.any():
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
        facts, y = self.seen(y, given, sample_weight)
        return self.of(facts), y

    def seen(
        self, y: Any, given: Any, sample_weight: Array | None = None
    ) -> tuple[NumberFacts, Array]:
        """Return what is to be known of all y, and y checked; see `learned`."""
        y = self._checked(y, given)
        if not self.standardised:
            return NumberFacts(y.shape[1:], len(y), ends_of(y)), y
        weight, exponent = brought(sample_weight)
        return NumberFacts.of(y, weight, exponent, self._is_robust), y

    def of(self, facts: NumberFacts) -> "NumberTargets":
        """Return these targets with what is to be remembered of all y."""
        self.loss_function.check_targets(np.array(facts.ends))
        n_outputs = facts.shape[0] if facts.shape else 1
        learned = replace(self, n_outputs=n_outputs)
        if not self.standardised:
            return learned
        mean, scale, largest = facts.mean, np.sqrt(facts.variance), facts.largest
        if self._is_robust:
            low, mean, high = facts.quantiles([0.25, 0.5, 0.75])
            distance = (high - low) / QUARTILES
            scale = np.where(distance > 0, distance, scale)
        # Beside a row with nearly all the weight the others must not overflow.
        most = MOST_DEVIATIONS ** (2 if self._is_robust else 1)
        farthest = np.maximum(facts.high - mean, mean - facts.low)
        scale = np.maximum(scale, farthest / most)
        scale = np.where(scale * largest > 0, scale * largest, 1.0)
        return replace(learned, mean=largest * mean, scale=scale)

    @property
    def _is_robust(self) -> bool:
        """Whether the loss minds outliers less than the squared error does."""
        return not isinstance(self.loss_function, SquaredError)

    def resumed(
        self, earlier: "NumberTargets", y: Any, given: Any, caller: str
    ) -> tuple["NumberTargets", Array]:
        """Return these targets with the earlier scale, and y; or raise."""
        y = self._checked(y, given, is_all=caller == "warm_start")
        now = replace(self, n_outputs=1 if y.ndim == 1 else y.shape[1])
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

    def weighed(self, y: Any, sample_weight: Array | None) -> tuple[Array | None, int]:
        """Return that weight, divided by a power of two, and its exponent."""
        return brought(sample_weight)


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

    def seen(
        self, y: Any, given: Any, sample_weight: Array | None = None
    ) -> tuple[None, None]:
        """Return what is to be known of all y, nothing, and None for y."""
        return None, None

    def of(self, facts: None) -> "InputTargets":
        """Return these targets."""
        return self

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

    def weighed(self, y: Any, sample_weight: Array | None) -> tuple[Array | None, int]:
        """Return that weight, divided by a power of two, and its exponent."""
        return brought(sample_weight)
