"""`Labels`: from class labels to the network's targets and back."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

__all__ = ["Labels", "checked_labels"]


def checked_labels(y):
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
    return y


@contextmanager
def _types_named(y):
    """Make an error about labels that cannot be compared name y and their types."""
    try:
        yield
    except TypeError as error:
        types = sorted({type(label).__name__ for label in y.flat})
        raise TypeError(
            f"The labels in y must be all strings or all numbers, got {types}."
        ) from error


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a problem.

    Attributes
    ----------
    classes : ndarray
        Sorted class labels; of a multilabel problem, the columns' names.
    multilabel : bool
        Whether a sample can have any number of labels.
    """

    classes: np.ndarray
    multilabel: bool = False

    @classmethod
    def of(cls, y, classes=None):
        """Return the labels in y, or those in `classes` if given."""
        multilabel = type_of_target(y).startswith("multilabel")
        if classes is None:
            classes = np.arange(y.shape[1]) if multilabel else np.unique(y)
        return cls(classes, multilabel)

    @property
    def n_outputs(self):
        """Number of output units: one for two classes, else one for each."""
        return 1 if self.is_binary else self.classes.size

    @property
    def is_binary(self):
        """Whether there are just two classes, of which a sample has one."""
        return not self.multilabel and self.classes.size == 2

    @property
    def output(self):
        """Name of the network's output function."""
        return "logistic" if self.multilabel or self.is_binary else "softmax"

    def unseen(self, y):
        """Return the labels in y that are not among the classes."""
        multilabel = type_of_target(y).startswith("multilabel")
        if multilabel != self.multilabel:
            kinds = ["one label for each sample", "a multilabel indicator matrix"]
            raise ValueError(
                "y must be a multilabel indicator matrix in every call, or in none. "
                f"Previously it was {kinds[self.multilabel]}, now {kinds[multilabel]}."
            )
        if self.multilabel:
            return np.arange(self.classes.size, y.shape[1])
        return np.setdiff1d(y, self.classes)

    def encode(self, y, dtype):
        """Return the network's targets: class numbers, or a column for each output."""
        if self.multilabel:
            return y.astype(dtype)
        codes = np.searchsorted(self.classes, y)
        return codes.astype(dtype)[:, None] if self.is_binary else codes

    def decode(self, Z):
        """Return the predicted labels for weighted sums Z (n_outputs, n_samples)."""
        if self.multilabel:
            return (Z.T > 0).astype(int)
        codes = (Z[0] > 0).astype(int) if self.is_binary else Z.argmax(axis=0)
        return self.classes[codes]
