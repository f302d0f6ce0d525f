"""`ClassTargets`: from class labels to the network's targets, and back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from skset.estimators._label_facts import LabelFacts
from skset.estimators._sample_weight import (
    brought,
    product,
    scaled,
    weight_by_class,
)
from skset.estimators._sklearn import check_partial_fit_first_call
from skset.estimators._types import Array, ClassWeight, Matrix
from skset.model import LogLoss, Samples, log_softmax

__all__ = ["NO_WEIGHT", "ClassTargets", "checked_classes", "checked_labels"]

NO_WEIGHT = (
    "class_weight, multiplied with sample_weight where that is given, must leave at "
    "least one non-zero weight."
)


@dataclass(frozen=True, eq=False)
class ClassTargets:
    """Class labels: two or more classes, or any number of labels for each sample.

    It checks y, remembers the classes, and makes the samples to train on. An object is
    never changed: `learned` and `resumed` return a new one.

    Attributes
    ----------
    dtype : type
        Type of the network.
    class_weight : dict, "balanced" or None
        Weights of the classes.
    loss_function : LogLoss
        The loss of the training, and of early stopping by the loss.
    classes : ndarray, default=None
        Sorted class labels, once learned; of a multilabel problem, the columns' names.
    multilabel : bool, default=False
        Whether a sample can have any number of labels.
    is_binary : bool
        Whether there are two classes, and a sample has one of them.
    n_outputs : int
        Number of output units: one for two classes, else one for each.
    output : str
        Name of the network's output function.
    attributes : dict
        Attributes of the estimator that are known from them.
    """

    dtype: type
    class_weight: ClassWeight = None
    loss_function: LogLoss = field(default_factory=LogLoss)
    classes: Any = None
    multilabel: bool = False
    is_binary: bool = field(init=False)
    n_outputs: int = field(init=False)
    output: str = field(init=False)
    attributes: Mapping[str, Any] = field(init=False)
    kind: ClassVar[str] = "classes"

    def __post_init__(self) -> None:
        if self.classes is None:
            return
        binary = not self.multilabel and self.classes.size == 2
        vars(self).update(
            is_binary=binary,
            n_outputs=1 if binary else self.classes.size,
            output="logistic" if self.multilabel or binary else "softmax",
            attributes={"classes_": self.classes},
        )

    def learned(
        self,
        y: Any,
        given: Any,
        sample_weight: Array | None = None,
        classes: ArrayLike | None = None,
    ) -> tuple["ClassTargets", Array]:
        """Return these targets with the labels in y, and y as an array of labels.

        Parameters
        ----------
        y : ndarray
            As scikit-learn returns it.
        given : array-like
            As the user gave it; not used here.
        sample_weight : ndarray, default=None
            Not used here.
        classes : array-like, default=None
            The labels, if they are given.
        """
        facts, y = self.seen(y, given)
        learned = self.of(facts)
        if classes is not None:  # checked before
            learned = replace(learned, classes=np.unique(classes))
        if unseen := learned.unseen(y).tolist():
            raise ValueError(f"y has classes not in `classes`: {unseen}.")
        return learned, y

    def seen(
        self, y: Any, given: Any, sample_weight: Array | None = None
    ) -> tuple[LabelFacts, Array]:
        """Return what is to be known of all labels, and y checked; see `learned`."""
        y = checked_labels(y)
        return LabelFacts.of(y), y

    def of(self, facts: LabelFacts) -> "ClassTargets":
        """Return these targets with what is to be remembered of all labels."""
        return replace(self, classes=facts.classes, multilabel=facts.multilabel)

    def check_first_call(
        self, estimator: Any, classes: ArrayLike | None, required: bool = True
    ) -> None:
        """Raise if `partial_fit` of the estimator cannot go on with these classes.

        They become the estimator's `classes_`. If they are neither given nor required,
        those of the first call's y are taken.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which cannot "
                "know how frequent the classes are. Give a dict instead."
            )
        if required or classes is not None:
            check_partial_fit_first_call(estimator, classes)

    def resumed(
        self, earlier: "ClassTargets", y: Any, given: Any, caller: str
    ) -> tuple["ClassTargets", Array]:
        """Return these targets with the earlier classes, and y; or raise."""
        y = checked_labels(y)
        unseen = earlier.unseen(y)
        if caller == "warm_start":
            now = LabelFacts.of(y).classes
            if not np.array_equal(now, earlier.classes):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in "
                    f"the previous call to fit. Previously got {earlier.classes}, `y` "
                    f"has {now}."
                )
        if unseen.size:
            raise ValueError(
                f"{caller}: `y` has classes not in `self.classes_`: {unseen}. "
                f"`self.classes_` is {earlier.classes}."
            )
        resumed = replace(self, classes=earlier.classes, multilabel=earlier.multilabel)
        return resumed, y

    def unseen(self, y: Array) -> Array:
        """Return the labels in y that are not among the classes."""
        multilabel = type_of_target(y).startswith("multilabel")
        if multilabel != self.multilabel:
            kinds = ["one label for each sample", "a multilabel indicator matrix"]
            raise ValueError(
                "y must be a multilabel indicator matrix in every call, or in none. "
                f"Previously it was {kinds[self.multilabel]}, now {kinds[multilabel]}."
            )
        if self.multilabel:
            if y.shape[1] < self.classes.size:
                raise ValueError(
                    f"y must have a column for each of the {self.classes.size} labels, "
                    f"got {y.shape[1]} columns."
                )
            return np.arange(self.classes.size, y.shape[1])
        return np.setdiff1d(y, self.classes)

    def samples(
        self, X: Matrix, y: Array, weight: Array | None, rows: Array | None = None
    ) -> Samples:
        """Return the samples to train on or to validate on: all of X, or some rows."""
        return Samples(X, self._encoded(y), scaled(weight), rows, self.dtype)

    def _encoded(self, y: Array) -> Array:
        """Return the network's targets: class numbers, or a column for each output."""
        if self.multilabel:
            return y.astype(self.dtype)
        codes = np.searchsorted(self.classes, y)
        return codes.astype(self.dtype)[:, None] if self.is_binary else codes

    def decoded(self, Z: Array) -> Array:
        """Return the predicted labels for weighted sums Z (n_outputs, n_samples)."""
        if self.multilabel:
            return (Z.T > 0).astype(int)
        codes = (Z[0] > 0).astype(int) if self.is_binary else Z.argmax(axis=0)
        labels: Array = self.classes[codes]
        return labels

    def logits(self, Z: Array) -> Array:
        """Return the logits (n_samples, n_outputs), each row on its own in memory.

        Sums along a row then have the same bits whatever other samples there are.
        """
        return np.ascontiguousarray(Z.T, dtype=np.float64)

    def log_probabilities(self, Z: Array) -> Array:
        """Return those of the classes for weighted sums Z (n_outputs, n_samples).

        Where logits are farther apart than the greatest number they are not finite.
        """
        logits = self.logits(Z)
        with np.errstate(over="ignore"):
            if not (self.is_binary or self.multilabel):
                return log_softmax(logits, axis=1)
            each = np.hstack([logits, -logits]) if self.is_binary else -logits
            log_sigmoids: Array = -np.logaddexp(0, each)
        return log_sigmoids

    def strata(self, y: Array) -> Array | None:
        """Return the labels whose proportions a split keeps, or None."""
        return None if self.multilabel else y

    def combined_weight(self, y: Array, sample_weight: Array | None) -> Array | None:
        """Return the weight of each sample for training, or None for 1 each."""
        if self.class_weight is None:
            return sample_weight
        weight, _ = self.weighed(y, sample_weight)
        assert weight is not None
        if not weight.any():
            raise ValueError(NO_WEIGHT)
        return weight

    def weighed(
        self, y: Array, sample_weight: Array | None
    ) -> tuple[Array | None, int]:
        """Return that weight, divided by a power of two, and its exponent."""
        if self.class_weight is None:
            return brought(sample_weight)
        by_class, exponent = weight_by_class(self.class_weight, self, y)
        weight, more = product(by_class, sample_weight)
        return weight, exponent + more


def checked_classes(classes: ArrayLike) -> Array:
    """Return class labels as an array; raise unless they are sorted and different."""
    classes = np.array(classes)
    if classes.ndim != 1 or not np.array_equal(np.unique(classes), classes):
        raise ValueError(f"classes must be sorted and different, got {classes!r}.")
    return classes


def checked_labels(y: Any) -> Array:
    """Return y as a 1-D array of labels or a dense 2-D indicator matrix.

    Raises
    ------
    ValueError
        If y is continuous, or has columns of more than two classes.
    TypeError
        If y mixes strings with numbers.
    """
    y = y.toarray() if sparse.issparse(y) else y
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    with _types_named(y):
        check_classification_targets(y)
        np.unique(y)
    if type_of_target(y) == "multiclass-multioutput":
        raise ValueError(
            "Unknown label type: a 2-D y must be a multilabel indicator matrix of 0 "
            "and 1, got multiclass-multioutput."
        )
    labels: Array = y
    return labels


@contextmanager
def _types_named(y: Array) -> Iterator[None]:
    """Replace errors about labels that cannot be compared: name y and the types."""
    try:
        yield
    except TypeError as error:
        types = sorted({type(label).__name__ for label in y.flat})
        raise TypeError(
            f"The labels in y must be all strings or all numbers, got {types}."
        ) from error
