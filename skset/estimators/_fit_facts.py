"""`Facts`: what a fit must know of all its rows before it begins; mergeable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from skset.estimators._class_targets import NO_WEIGHT, ClassTargets
from skset.estimators._ranking import Ranking
from skset.estimators._sample_weight import weight_by_class
from skset.estimators._supervision import YKind
from skset.estimators._table_size import TableSize
from skset.estimators._targets import Targets
from skset.estimators._types import Array, Supervision

__all__ = ["Facts", "Weighed", "merged"]


@dataclass(frozen=True, eq=False)
class Weighed:
    """What follows from the weights of the rows, class weights included.

    Attributes
    ----------
    has_weight : bool
        Whether rows have weights at all.
    n_weighted : int
        Rows whose weight is not 0.
    total : float
        Sum of the weights, divided by a power of two.
    exponent : int
        Its exponent.
    inputs : Moments, VisibleTotals or None
        See `SparseEstimator._facts_of_inputs`.
    """

    has_weight: bool
    n_weighted: int
    total: float
    exponent: int
    inputs: Any

    @property
    def mean_weight(self) -> float:
        """Mean of the weights that are not 0, divided by the same power of two."""
        return self.total / max(self.n_weighted, 1) or 1.0

    @classmethod
    def merged(cls, parts: Sequence["Weighed"]) -> "Weighed":
        """Return what follows from the weights of several parts together."""
        exponent = max(part.exponent for part in parts)
        totals = [np.ldexp(part.total, part.exponent - exponent) for part in parts]
        facts = [part.inputs for part in parts]
        inputs = None if facts[0] is None else type(facts[0]).merged(facts)
        n_weighted = sum(part.n_weighted for part in parts)
        total = float(sum(totals))
        return cls(parts[0].has_weight, n_weighted, total, exponent, inputs)


@dataclass(frozen=True, eq=False)
class Facts:
    """What a fit must know of all its rows before it begins.

    Attributes
    ----------
    name : str
        Of the part, or of the first one, for errors.
    n_rows, n_features : int
        Size of X.
    feature_names : ndarray of shape (n_features,) or None
        Names of the columns, if X has any.
    ranking : Ranking or None
        Of a selector, with the least and the greatest value of each column.
    y_kind : YKind or None
        Of a selector that finds out whether y has labels.
    targets : mapping of Supervision to (Targets, facts)
        For each kind of y that there may be, what is to be learned, and what it must
        know of all y. Estimators that leave no choice have one kind, None.
    weighed : Weighed or None
        None if the class weights must be known first: see `weighed`.
    """

    name: str
    n_rows: int
    n_features: int
    feature_names: Array | None
    ranking: Ranking | None
    y_kind: YKind | None
    targets: Mapping[Supervision | None, tuple[Targets, Any]]
    weighed: Weighed | None

    @property
    def supervision(self) -> Supervision | None:
        """What is learned from, if a selector has found it out."""
        if self.y_kind is not None:
            return self.y_kind.supervision()
        [kind] = self.targets
        return kind

    @cached_property
    def learned(self) -> Targets:
        """The targets, with what is to be remembered of all y."""
        targets, facts = self.targets[self.supervision]
        learned = targets.of(facts)
        if isinstance(learned, ClassTargets) and learned.class_weight is not None:
            given = facts.class_weight(learned.class_weight)
            learned = replace(learned, class_weight=given)
            weight_by_class(given, learned, _any_label(learned))  # checks it
        return learned

    @property
    def size(self) -> TableSize:
        """Rows and columns, as the rules for "auto" look at them."""
        assert self.weighed is not None
        return TableSize(self.n_rows, max(1, self.weighed.n_weighted), self.n_features)

    @property
    def checked_weighed(self) -> Weighed:
        """What follows from the weights of all rows; raise if no row has weight."""
        assert self.weighed is not None, "the weights have not been looked at"
        if self.weighed.n_weighted:
            return self.weighed
        if vars(self.learned).get("class_weight") is not None:
            raise ValueError(NO_WEIGHT)
        raise ValueError("sample_weight must have at least one number that is not 0.")

    def with_weighed(self, parts: Sequence[Weighed]) -> "Facts":
        """Return these facts with what follows from the weights of all parts."""
        return replace(self, weighed=Weighed.merged(parts))


def merged(parts: Sequence[Facts]) -> Facts:
    """Return the facts of all rows of several parts, in their order.

    Raises
    ------
    ValueError, TypeError
        If parts do not fit together; the error names two of them.
    """
    first, names = parts[0], [part.name for part in parts]
    for part in parts:
        _check_columns(first, part)
    kinds = [part.y_kind for part in parts if part.y_kind is not None]
    kind = YKind.merged(kinds) if kinds else None
    possible = first.targets if kind is None else kind.possible
    targets = {each: _merged_targets(parts, names, each) for each in possible}
    rankings = [part.ranking for part in parts if part.ranking is not None]
    known = [part.weighed for part in parts if part.weighed is not None]
    of_weights = None
    if len(known) == len(parts):
        of_weights = Weighed.merged(known)
    return replace(
        first,
        n_rows=sum(part.n_rows for part in parts),
        ranking=None if first.ranking is None else Ranking.merged(rankings),
        y_kind=kind,
        targets=targets,
        weighed=of_weights,
    )


def _check_columns(first: Facts, part: Facts) -> None:
    """Raise unless two parts have the same columns, and both have weights or none."""
    if part.n_features != first.n_features:
        raise ValueError(
            f"{part.name} has {part.n_features} features, but {first.name} has "
            f"{first.n_features}."
        )
    if not _same_names(part.feature_names, first.feature_names):
        raise ValueError(
            f"{part.name} has other names of columns than {first.name}: "
            f"{_shown(part.feature_names)} and {_shown(first.feature_names)}."
        )
    if part.weighed is None or first.weighed is None:
        return
    if part.weighed.has_weight != first.weighed.has_weight:
        with_weight, without = part.name, first.name
        if first.weighed.has_weight:
            with_weight, without = without, with_weight
        raise ValueError(
            f"{with_weight} has a sample_weight, but {without} has none. Give it for "
            "all or for none."
        )


def _same_names(one: Array | None, other: Array | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _shown(names: Array | None) -> str:
    return "none" if names is None else f"{names.tolist()[:5]}"


def _merged_targets(
    parts: Sequence[Facts], names: Sequence[str], kind: Supervision | None
) -> tuple[Targets, Any]:
    """Return what is to be learned of one kind, and the facts of all y."""
    for part in parts:
        if kind not in part.targets:
            raise ValueError(
                f"y of {part.name} has {_what(part)}, unlike that of other parts. Set "
                "supervised to False, 'classification' or 'regression'."
            )
    targets, first = parts[0].targets[kind]
    if first is None:
        return targets, None
    facts = [part.targets[kind][1] for part in parts]
    return targets, type(first).merged(facts, names)


def _what(part: Facts) -> str:
    words = {False: "nothing", "classification": "labels", "regression": "numbers"}
    [kind] = part.targets
    return words[kind or False]


def _any_label(targets: ClassTargets) -> Array:
    """Return a y by which class weights can be checked."""
    classes: Array = targets.classes
    return np.zeros((1, classes.size), int) if targets.multilabel else classes
