"""The first pass over the rows: what a fit must know of all, found part by part.

The facts of a part are made where its rows are, and checked there. They have no rows,
so they are small and can be sent. Those of all parts are merged, in the order of the
parts. Of one part they have the same bits as an ordinary fit finds.
"""

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from skset.estimators._class_targets import ClassTargets
from skset.estimators._fit_facts import Facts, Weighed, merged
from skset.estimators._input import checked
from skset.estimators._sklearn import checked_part_of_weights
from skset.estimators._supervision import YKind
from skset.estimators._targets import Targets
from skset.estimators._types import Rows
from skset.estimators._units import scaled_table
from skset.model import RowBlock, Samples, Scaled

__all__ = [
    "Facts",
    "Weighed",
    "checked_part",
    "facts_of",
    "facts_of_checked",
    "few_rows",
    "learned_from",
    "merged",
    "named",
    "samples_of",
    "samples_of_checked",
    "weighed",
    "weighed_checked",
]


def facts_of(
    estimator: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    name: str = "the data",
) -> Facts:
    """Return the facts of some rows, as the user gave them, or raise.

    Parameters
    ----------
    estimator : SparseEstimator
        It is not changed.
    X, y, sample_weight
        The rows. All weights of a part may be 0.
    name : str, default="the data"
        Of these rows, for errors.

    Raises
    ------
    TypeError, ValueError
        As from `fit`; the error begins with the name.
    """
    twin, p = copy.copy(estimator), estimator._read_parameters()
    with named(name), few_rows():
        kind, kinds = twin._kinds_of(y)
        twin._take_kind(kinds[0])
        part = checked_part(twin, p, X, y, sample_weight)
        return facts_of_checked(twin, p, part, (kind, kinds), name, y)


def facts_of_checked(
    twin: Any,
    p: SimpleNamespace,
    part: RowBlock,
    kind: tuple[YKind | None, Sequence[Any]],
    name: str,
    given_y: Any,
) -> Facts:
    """Return the facts of checked rows; see `facts_of`.

    Parameters
    ----------
    twin, p : SparseEstimator, SimpleNamespace
        The estimator that has checked the rows, and its parameters.
    part : RowBlock
        The rows.
    kind : tuple
        What the rows tell of the kind of y, and all kinds that it may have.
    name : str
        Of the rows.
    given_y : array-like
        Their y as the user gave it.
    """
    known, kinds = kind
    found = {each: _targets_of(twin, p, part, each, given_y) for each in kinds}
    return Facts(
        name=name,
        n_rows=part.n_rows,
        n_features=part.X.shape[1],
        feature_names=vars(twin).get("feature_names_in_"),
        ranking=vars(twin).get("_ranking"),
        y_kind=known,
        targets={each: (targets, facts) for each, (targets, facts, _) in found.items()},
        weighed=_weighed_at_once(twin, p, part, found),
    )


def weighed(
    estimator: Any, facts: Facts, X: Any, y: Any = None, sample_weight: Any = None
) -> Weighed:
    """Return what follows from the weights of some rows of a part.

    This takes a second look at them. It is needed where the class weights are
    "balanced", so that they depend on all rows: `Facts.weighed` is then None.

    Parameters
    ----------
    estimator : SparseEstimator
        It is not changed.
    facts : Facts
        Of all parts, merged.
    X, y, sample_weight
        The rows, as for `facts_of`.
    """
    twin, p = copy.copy(estimator), estimator._read_parameters()
    _record(twin, facts)
    part = checked_part(twin, p, X, y, sample_weight)
    blank, _ = facts.targets[facts.supervision]
    with few_rows():
        _, y = blank.seen(part.y, y, part.weight)
    return weighed_checked(twin, p, RowBlock(part.X, y, part.weight), facts.learned)


def learned_from(
    estimator: Any, p: SimpleNamespace, facts: Facts
) -> tuple[Targets, Weighed]:
    """Make of an estimator what a fit has before its network.

    It gets its targets, names of features, units, and numbers in place of "auto".

    Parameters
    ----------
    estimator, p : SparseEstimator, SimpleNamespace
        Both are changed.
    facts : Facts
        Of all rows.

    Returns
    -------
    targets : Targets
        Those of the estimator, with the class weights as numbers.
    weighed : Weighed
        What follows from all weights.

    Raises
    ------
    ValueError
        If no row has weight.
    """
    targets, found = facts.learned, facts.checked_weighed
    estimator._forget()
    _record(estimator, facts)
    estimator._choose(p, facts.size, goes_on=False)
    p.inputs = found.inputs
    estimator._scaling = estimator._units(p)
    return targets, found


def samples_of(
    estimator: Any,
    p: SimpleNamespace,
    facts: Facts,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    caller: str = "fit_blocks",
) -> Samples:
    """Return the samples of a part to train on, in the units of all parts.

    Parameters
    ----------
    estimator, p : SparseEstimator, SimpleNamespace
        As `learned_from` has left them. They are not changed.
    facts : Facts
        Of all parts.
    X, y, sample_weight
        The rows, as the user gave them.
    caller : str
        What learns from them, for errors.

    Raises
    ------
    TypeError, ValueError
        As from `fit`; or if y has classes that no part had in the first pass.
    """
    twin = copy.copy(estimator)
    part = checked_part(twin, p, X, y, sample_weight, reset=False)
    _, targets = twin._prepared(p, part.X, reset=False)
    with few_rows():
        _, y = targets.resumed(estimator._targets, part.y, y, caller)
    return samples_of_checked(estimator, p, facts, RowBlock(part.X, y, part.weight))


def samples_of_checked(
    estimator: Any,
    p: SimpleNamespace,
    facts: Facts,
    part: RowBlock,
    stays: bool = True,
) -> Samples:
    """Return the samples to train on of checked rows; see `samples_of`.

    Rows that do not stay for many epochs are standardised batch by batch, which takes
    no memory.
    """
    scaling = estimator._scaling
    inputs = part.X if scaling is None else Scaled(part.X, scaling)
    if stays:
        inputs = scaled_table(part.X, scaling, p.table_dtype)
    of_all, targets = facts.checked_weighed, facts.learned
    weight, exponent = targets.weighed(part.y, part.weight)
    samples = targets.samples(inputs, part.y, weight)
    if weight is None:
        return samples
    weight = np.ldexp(weight, exponent - of_all.exponent)
    return samples.as_part(weight, of_all.mean_weight)


def _record(estimator: Any, facts: Facts) -> None:
    """Note in an estimator what all rows have told."""
    estimator._take_kind(facts.supervision)
    targets, of_y = facts.targets[facts.supervision]
    estimator._targets = targets = targets.of(of_y)
    estimator.n_features_in_ = facts.n_features
    vars(estimator).pop("feature_names_in_", None)
    if facts.feature_names is not None:
        estimator.feature_names_in_ = facts.feature_names
    if facts.ranking is not None:
        estimator._ranking = facts.ranking
    vars(estimator).update(targets.attributes)


# One part.


def checked_part(
    estimator: Any,
    p: SimpleNamespace,
    X: Any,
    y: Any,
    sample_weight: Any,
    reset: bool = True,
) -> RowBlock:
    """Return X, y and the weights of a part, checked; `reset` records its columns."""
    own = estimator._standardises(p, goes_on=not reset)
    X, y = checked(estimator, X, y, dtype=p.dtype, reset=reset, own=own)
    if sample_weight is not None:
        sample_weight = checked_part_of_weights(sample_weight, X)
    return RowBlock(X, y, sample_weight)


def _targets_of(
    estimator: Any, p: SimpleNamespace, part: RowBlock, kind: Any, given_y: Any
) -> tuple[Targets, Any, Any]:
    """Return what is to be learned of one kind, its facts, and y checked."""
    estimator._take_kind(kind)
    _, targets = estimator._prepared(p, part.X, reset=True)
    return targets, *targets.seen(part.y, given_y, part.weight)


def _weighed_at_once(
    estimator: Any,
    p: SimpleNamespace,
    part: RowBlock,
    found: Mapping[Any, tuple[Any, Any, Any]],
) -> Weighed | None:
    """Return what follows from the weights, unless all parts must be known first."""
    targets, facts, y = next(iter(found.values()))
    if isinstance(targets, ClassTargets) and targets.class_weight is not None:
        if len(found) > 1 or targets.class_weight == "balanced":
            return None
        given = facts.own_class_weight(targets.class_weight)
        targets = replace(targets.of(facts), class_weight=given)
    return weighed_checked(estimator, p, RowBlock(part.X, y, part.weight), targets)


def weighed_checked(
    estimator: Any, p: SimpleNamespace, part: RowBlock, targets: Targets
) -> Weighed:
    """Return what follows from the weights of checked rows; see `weighed`."""
    weight, exponent = targets.weighed(part.y, part.weight)
    rows: Rows = part.X, part.y, weight, None
    inputs = estimator._facts_of_inputs(p, rows, exponent)
    n, total = part.n_rows, float(part.n_rows)
    if weight is not None:
        n, total = int(np.count_nonzero(weight)), float(weight.sum())
    return Weighed(weight is not None, n, total, exponent, inputs)


@contextmanager
def named(name: str) -> Iterator[None]:
    """Put the name of a part before the errors that the checks of its rows raise."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError):
            raise
        raise type(error)(f"{name}: {error}") from error


@contextmanager
def few_rows() -> Iterator[None]:
    """Allow as many classes as rows: of a part that says nothing."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield
