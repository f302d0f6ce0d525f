"""`Targets`: what every kind of targets does."""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import ArrayLike

from skset.estimators._types import Array, Matrix
from skset.model import Loss, Samples

__all__ = ["Targets"]


class Targets(Protocol):
    """Checks y, remembers what has to be remembered of it, and makes the samples.

    An object is never changed: what it has learned is in the one that `learned` or
    `resumed` returns.

    Attributes
    ----------
    kind : str
        What they are called in errors.
    loss_function : Loss
        The loss of the training.
    n_outputs : int or None
        Number of output units, once known.
    output : str
        Name of the network's output function.
    attributes : mapping of str to object
        What the estimator shows of them.
    """

    @property
    def kind(self) -> str:
        """As above."""

    @property
    def loss_function(self) -> Loss:
        """As above."""

    @property
    def n_outputs(self) -> int | None:
        """As above."""

    @property
    def output(self) -> str:
        """As above."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """As above."""

    def learned(
        self,
        y: Any,
        given: Any,
        sample_weight: Array | None = None,
        classes: ArrayLike | None = None,
    ) -> tuple["Targets", Array | None]:
        """Return these targets with what is to be remembered of y, and y; or raise.

        `given` is y before scikit-learn has checked it.
        """

    def seen(
        self, y: Any, given: Any, sample_weight: Array | None = None
    ) -> tuple[Any, Array | None]:
        """Return what is to be known of all y before a fit, and y; or raise.

        What is known of several parts of y can be merged.
        """

    def of(self, facts: Any) -> "Targets":
        """Return these targets with what is to be remembered of all y."""

    def resumed(
        self, earlier: Any, y: Any, given: Any, caller: str
    ) -> tuple["Targets", Array | None]:
        """Return these targets with what was learned earlier, and y; or raise."""

    def samples(
        self, X: Matrix, y: Any, weight: Array | None, rows: Array | None = None
    ) -> Samples:
        """Return the samples to train on or to validate on: all of X, or some rows."""

    def strata(self, y: Any) -> Array | None:
        """Return what a split keeps the proportions of, or None."""

    def combined_weight(self, y: Any, sample_weight: Array | None) -> Array | None:
        """Return the weight of each sample for training, or None for 1 each."""

    def weighed(self, y: Any, sample_weight: Array | None) -> tuple[Array | None, int]:
        """Return that weight, divided by a power of two, and its exponent."""
