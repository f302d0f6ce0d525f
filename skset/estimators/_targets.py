"""What a network learns to put out: labels, numbers, or what was put in.

Each kind checks y, remembers what has to be remembered of it, and makes the samples to
train on. An object is never changed: what it has learned is in the one that `learned`
or `resumed` returns.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.utils.validation import column_or_1d

from skset.estimators._columns import faults_located, refuse_dates
from skset.estimators._labels import Labels, checked_labels
from skset.estimators._sample_weight import multiplied, scaled, weight_by_class
from skset.estimators._sklearn import check_partial_fit_first_call
from skset.model import Reconstruction, Samples

__all__ = ["OUTPUT_OF_LOSS", "ClassTargets", "InputTargets", "NumberTargets"]

# Standard deviations from the mean that a target can be away.
MOST_DEVIATIONS = 1e6
OUTPUT_OF_LOSS = {"squared_error": "identity", "poisson": "exp"}


@dataclass(frozen=True, eq=False)
class ClassTargets:
    """Class labels: two or more classes, or any number of labels for each sample.

    Attributes
    ----------
    dtype : type
        Of the network.
    class_weight : dict, "balanced" or None
        Weights of the classes.
    labels : Labels, default=None
        The classes, once learned.
    """

    dtype: type
    class_weight: Any = None
    labels: Any = None
    kind: ClassVar = "classes"

    @property
    def n_outputs(self):
        """Number of output units."""
        return self.labels.n_outputs

    @property
    def output(self):
        """Name of the network's output function."""
        return self.labels.output

    @property
    def attributes(self):
        """What the estimator shows of it."""
        return {"classes_": self.labels.classes}

    def checked(self, y, given=None):
        """Return y as an array of labels, or raise; `given` is what it was made of."""
        return checked_labels(y)

    def learned(self, y, sample_weight=None, classes=None):
        """Return these targets with the labels in y, or with the given ones."""
        if classes is not None:
            classes = np.unique(classes)  # checked before
        labels = Labels.of(y, classes)
        if unseen := labels.unseen(y).tolist():
            raise ValueError(f"y has classes not in `classes`: {unseen}.")
        return replace(self, labels=labels)

    def check_first_call(self, estimator, classes, required=True):
        """Raise if `partial_fit` of the estimator cannot go on with these classes.

        They are noted as the estimator's `classes_`. If they are not required, those of
        the first call's y are taken where none are given.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which cannot "
                "know how frequent the classes are. Give a dict instead."
            )
        if required or classes is not None:
            check_partial_fit_first_call(estimator, classes)

    def resumed(self, earlier, y, caller):
        """Return these targets with what was learned earlier, or raise if y differs."""
        _check_same_kind(earlier, self, caller)
        classes = earlier.labels.classes
        unseen = earlier.labels.unseen(y)
        if caller == "warm_start":
            now = Labels.of(y).classes
            if not np.array_equal(now, classes):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in "
                    f"the previous call to fit. Previously got {classes}, `y` has "
                    f"{now}."
                )
        if unseen.size:
            raise ValueError(
                f"{caller}: `y` has classes not in `self.classes_`: {unseen}. "
                f"`self.classes_` is {classes}."
            )
        return replace(self, labels=earlier.labels)

    def samples(self, X, y, weight, rows=None):
        """Return the samples to train on or to validate on: all of X, or some rows."""
        return Samples(
            X, self.labels.encode(y, self.dtype), scaled(weight), rows, self.dtype
        )

    def strata(self, y):
        """Return what a split keeps the proportions of, or None."""
        return None if self.labels.multilabel else y

    def combined_weight(self, y, sample_weight):
        """Return the weight of each sample for training, or None for 1 each."""
        if self.class_weight is None:
            return sample_weight
        by_class = weight_by_class(self.class_weight, self.labels, y)
        weight = multiplied(by_class, sample_weight)
        if not weight.any():
            raise ValueError(
                "class_weight, multiplied with sample_weight where that is given, must "
                "leave at least one non-zero weight."
            )
        return weight


@dataclass(frozen=True, eq=False)
class NumberTargets:
    """One or more numbers for each sample.

    Attributes
    ----------
    dtype : type
        Of the network.
    loss : str
        A key of `OUTPUT_OF_LOSS`.
    standardised : bool, default=False
        Whether each output is learned with mean 0 and variance 1.
    n_outputs : int, default=None
        Numbers per sample, once learned.
    mean, scale : ndarray of shape (n_outputs,)
        Of the numbers that were learned from, if they are standardised.
    """

    dtype: type
    loss: str = "squared_error"
    standardised: bool = False
    n_outputs: int | None = None
    mean: Any = 0.0
    scale: Any = 1.0
    kind: ClassVar = "numbers"

    @property
    def attributes(self):
        """What the estimator shows of it: nothing."""
        return {}

    @property
    def output(self):
        """Name of the network's output function."""
        return OUTPUT_OF_LOSS[self.loss]

    def checked(self, y, given=None):
        """Return y as a finite array of the network's dtype, or raise.

        Of what was `given` all types are known, of the array of it only one.
        """
        given = y if given is None else given
        refuse_dates(given, "y")
        if sparse.issparse(y):
            raise TypeError(
                "Sparse data was passed for y, but dense data is required where y is "
                "numbers. Use '.toarray()' to convert to a dense numpy array."
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        with faults_located(given, "y"), np.errstate(over="ignore"):
            y = np.asarray(y).astype(self.dtype)
        if not np.isfinite(y).all():
            raise ValueError(
                "Input y contains NaN, infinity or a value too large for "
                f"{np.dtype(self.dtype)}."
            )
        if self.loss == "poisson" and ((y < 0).any() or not (y > 0).any()):
            raise ValueError(
                "Some value(s) of y are negative, or all are 0, which is not allowed "
                "for loss='poisson'."
            )
        return y

    def learned(self, y, sample_weight=None, classes=None):
        """Return these targets with what is to be remembered of y."""
        learned = replace(self, n_outputs=1 if y.ndim == 1 else y.shape[1])
        if not self.standardised:
            return learned
        largest = np.abs(y).max(axis=0).astype(float)  # so that no square overflows
        y, weight = y / np.where(largest > 0, largest, 1.0), scaled(sample_weight)
        mean = np.average(y, axis=0, weights=weight)
        scale = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=weight))
        # What is far away from all that has weight must not overflow. Without weights
        # nothing is as far as the square root of the number of samples.
        scale = np.maximum(scale, np.abs(y - mean).max(axis=0) / MOST_DEVIATIONS)
        scale = np.where(scale * largest > 0, scale * largest, 1.0)
        return replace(learned, mean=largest * mean, scale=scale)

    def resumed(self, earlier, y, caller):
        """Return these targets with what was learned earlier, or raise if y differs."""
        _check_same_kind(earlier, self, caller)
        now = self.learned(y)
        if now.n_outputs != earlier.n_outputs:
            raise ValueError(
                f"{caller}: `y` has {now.n_outputs} outputs, the network "
                f"{earlier.n_outputs}."
            )
        if now.output != earlier.output:
            raise ValueError(
                f"{caller} can only be used where loss is the same as in the previous "
                f"call to fit. Previously it was {earlier.loss!r}, now {now.loss!r}."
            )
        return replace(now, mean=earlier.mean, scale=earlier.scale)

    def samples(self, X, y, weight, rows=None):
        """Return the samples to train on or to validate on: all of X, or some rows."""
        if self.standardised:
            y = ((y - self.mean) / self.scale).astype(self.dtype)
        return Samples(X, y.reshape(len(y), -1), scaled(weight), rows, self.dtype)

    def strata(self, y):
        """Return what a split keeps the proportions of: nothing."""
        return

    def combined_weight(self, y, sample_weight):
        """Return the weight of each sample for training, or None for 1 each."""
        return sample_weight


@dataclass(frozen=True, eq=False)
class InputTargets(NumberTargets):
    """The input itself: the network is an autoencoder, and y is ignored."""

    kind: ClassVar = "X alone"

    def checked(self, y, given=None):
        """Return None, whatever y is."""
        return

    def learned(self, y, sample_weight=None, classes=None):
        """Return these targets; the network has as many outputs as inputs."""
        return self

    def resumed(self, earlier, y, caller):
        """Return these targets, or raise if the earlier ones were others."""
        _check_same_kind(earlier, self, caller)
        return self

    def samples(self, X, y, weight, rows=None):
        """Return the samples to train on or to validate on: all of X, or some rows."""
        return Reconstruction(X, scaled(weight), rows, self.dtype)


def _check_same_kind(earlier, now, caller):
    """Raise if a network that learned one kind of targets is to learn another."""
    if type(earlier) is not type(now):
        raise ValueError(
            f"{caller}: the network has learned from {earlier.kind} and cannot go on "
            f"with {now.kind}; `supervised` and the kind of y must stay the same."
        )
