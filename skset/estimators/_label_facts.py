"""`LabelFacts`: classes of labels and how frequent they are; mergeable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils.multiclass import type_of_target

from skset.estimators._types import Array, ClassWeight

__all__ = ["LabelFacts"]


@dataclass(frozen=True, eq=False)
class LabelFacts:
    """What class targets have to know of all labels.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels; of a multilabel problem, the numbers of the columns.
    counts : ndarray of int of shape (n_classes,)
        Rows of each class; of a multilabel problem, rows that have the label.
    n_rows : int
        All rows.
    multilabel : bool
        Whether a row can have any number of labels.
    """

    classes: Array
    counts: Array
    n_rows: int
    multilabel: bool

    @classmethod
    def of(cls, y: Array) -> Self:
        """Return the facts of checked labels."""
        if type_of_target(y).startswith("multilabel"):
            return cls(np.arange(y.shape[1]), (y != 0).sum(axis=0), len(y), True)
        classes, counts = np.unique(y, return_counts=True)
        return cls(classes, counts, len(y), False)

    @classmethod
    def merged(
        cls, parts: Sequence["LabelFacts"], names: Sequence[str]
    ) -> "LabelFacts":
        """Return the facts of all labels of several parts, which errors name.

        Raises
        ------
        ValueError
            If only some parts are multilabel, or if these differ in their columns.
        TypeError
            If the labels of some parts are strings, and those of others numbers.
        """
        first = parts[0]
        for part, name in zip(parts, names, strict=True):
            first.check_fits(part, names[0], name)
        n_rows = sum(part.n_rows for part in parts)
        if first.multilabel:
            return cls(first.classes, _sum([p.counts for p in parts]), n_rows, True)
        if len(parts) == 1:
            return first
        labels = np.concatenate([part.classes for part in parts])
        classes, places = np.unique(labels, return_inverse=True)
        counts = np.zeros(classes.size, int)
        np.add.at(counts, places, np.concatenate([part.counts for part in parts]))
        return cls(classes, counts, n_rows, False)

    def check_fits(self, other: "LabelFacts", own_name: str, name: str) -> None:
        """Raise unless the labels of another part are of the same kind."""
        if self.multilabel != other.multilabel:
            kinds = ["one label for each sample", "a multilabel indicator matrix"]
            raise ValueError(
                f"y of {name} is {kinds[other.multilabel]}, but that of {own_name} is "
                f"{kinds[self.multilabel]}."
            )
        if self.multilabel and self.classes.size != other.classes.size:
            raise ValueError(
                f"y of {name} has {other.classes.size} columns, but that of {own_name} "
                f"has {self.classes.size}."
            )
        if _are_strings(self.classes) != _are_strings(other.classes):
            kinds = ["numbers", "strings"]
            raise TypeError(
                "The labels in y must be all strings or all numbers; those of "
                f"{own_name} are {kinds[_are_strings(self.classes)]}, those of {name} "
                f"{kinds[_are_strings(other.classes)]}."
            )

    def class_weight(self, given: ClassWeight) -> Any:
        """Return class weights as numbers, also where they are "balanced".

        That is ``n_rows / (n_classes * count)`` for each class, as scikit-learn's
        `compute_class_weight` has it; of a multilabel problem, for each value of each
        column.
        """
        if given != "balanced":
            return given
        if not self.multilabel:
            return _balanced(self.classes.tolist(), self.counts)
        without = self.n_rows - self.counts
        pairs = np.transpose([without, self.counts])
        return [
            _balanced(np.flatnonzero(pair).tolist(), pair[pair > 0]) for pair in pairs
        ]

    def own_class_weight(self, given: ClassWeight) -> Any:
        """Return class weights without those of classes that are not here."""
        if not isinstance(given, dict) or self.multilabel:
            return given
        labels = set(self.classes.tolist())
        return {label: weight for label, weight in given.items() if label in labels}


def _balanced(labels: Sequence[Any], counts: Array) -> dict[Any, float]:
    weights = counts.sum() / (counts.size * counts.astype(float))
    return dict(zip(labels, weights.tolist(), strict=True))


def _are_strings(labels: Array) -> bool:
    return labels.dtype.kind in "UST" or isinstance(labels.flat[0], str)


def _sum(counts: Sequence[Array]) -> Array:
    total: Array = np.sum(counts, axis=0)
    return total
