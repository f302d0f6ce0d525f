"""`average`: one fitted estimator that has the mean network of several."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skset.estimators._class_targets import ClassTargets
from skset.estimators._classifier import SETClassifier
from skset.estimators._common_units import common_inputs, common_outputs
from skset.estimators._estimator import shares as normalised
from skset.estimators._from_network import adopt_network
from skset.estimators._number_targets import NumberTargets
from skset.estimators._perceptron import SparsePerceptron
from skset.estimators._ranking import Ranking
from skset.estimators._rbm import SparseRBM
from skset.estimators._regressor import SETRegressor
from skset.estimators._selection import QuickSelection
from skset.estimators._types import Array
from skset.model import averaged, difference_of, normalised_weights

__all__ = ["average"]

KINDS = SETClassifier, SETRegressor, SparseRBM, QuickSelection
NAMES = "SETClassifier, SETRegressor, SparseRBM or QuickSelection"
Estimator = TypeVar("Estimator", bound=Any)


def average(
    estimators: Iterable[Estimator],
    weights: ArrayLike | None = None,
    nnz: int | Sequence[int] | str | None = None,
) -> Estimator:
    """Return a fitted estimator whose weights are the mean of those of several.

    The mean network has every connection that one of the networks has; the weight of a
    missing connection counts as 0. Then the weakest are removed, in each layer and of
    each sign on its own, until there are as many as one network has, as in WASAP-SGD
    [1]_. So the mean takes the memory and time of one network, not of all together.

    The networks must have a common origin: the hidden units of the mean make sense only
    if a unit means about the same in all. That is so if one fitted estimator is
    copied, and each copy is trained on a part of the rows, by `partial_fit` or with
    `warm_start`. The mean of networks trained independently predicts badly: average
    their predictions instead, as `sklearn.ensemble.VotingClassifier` does.

    Parameters
    ----------
    estimators : iterable of SETClassifier, SETRegressor, SparseRBM or QuickSelection
        Fitted, all of one class, on the same features, with the same classes or
        outputs, units per layer, activation and dtype. Parameters of the training may
        differ.
    weights : array-like of shape (n_estimators,), default=None
        Not negative; only their relations count. The numbers of rows that each was
        trained on are a good choice. None weighs all alike. Estimators of weight 0 are
        left out.
    nnz : int, sequence of int or "union", default=None
        Number of connections that are kept, if there are more: in all, or in each
        layer. "union" keeps all. None is the mean number of each layer, so that the
        result is as sparse as what it was made of. Networks with one topology lose
        nothing by that.

    Returns
    -------
    estimator : estimator of the same class
        With the parameters of the first. It predicts, can be saved, and learns on with
        `partial_fit` or `warm_start`. As after `from_network`, it has been trained for
        no epoch: `n_iter_` and `t_` are 0, and the curve of losses is empty. The
        features of a `QuickSelection` are ranked by the mean of their importances.

    Raises
    ------
    NotFittedError
        If an estimator is not fitted.
    TypeError
        If an estimator is of another class, or `nnz` is not an integer.
    ValueError
        If there is no estimator, if one differs from the first (the error has its
        number), if weights are negative, not finite, all 0, or not as many as
        estimators, or if `nnz` leaves a layer without connections.

    Notes
    -----
    Inputs and targets that were standardised differently are brought to common units
    first: those of all rows together, if the weights are the numbers of rows. The
    result does not depend on the number of threads. The average of equal estimators
    predicts the same bits as one of them.

    References
    ----------
    .. [1] Curci, S., Mocanu, D. C. and Pechenizkiy, M. (2021). Truly sparse neural
       networks at scale. arXiv 2102.01732.

    Examples
    --------
    >>> import copy, skset
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> origin = skset.SETClassifier(random_state=0)
    >>> origin = origin.partial_fit(X[:300], y[:300], classes=range(10))
    >>> parts = [slice(300, 700), slice(700, 1100)]
    >>> models = [copy.copy(origin).partial_fit(X[p], y[p]) for p in parts]
    >>> skset.average(models).nnz_ == origin.nnz_
    True
    """
    models = _listed(estimators)
    for number, model in enumerate(models):
        _check_alike(number, model, models[0])
    shares = normalised_weights(weights, len(models))
    first: Any = models[0]
    models = [model for model, s in zip(models, shares, strict=True) if s > 0]
    shares = shares[shares > 0]

    # All networks in the same units; their mean; and an estimator that has it.
    networks = [model._network for model in models]
    scalings = [model._scaling for model in models]
    targets = [model._targets for model in models]
    scaling, networks = common_inputs(networks, scalings, shares)
    of_mean, networks = common_outputs(first._targets, networks, targets, shares)
    if not all(network.is_finite() for network in networks):
        raise ValueError(
            "The units of X or y in these estimators are too different: in common ones "
            f"not all weights are finite in {first._network.dtype}."
        )
    network = averaged(networks, shares, _numbers(nnz, networks, shares))
    mean: Any = clone(first)
    adopt_network(mean, network, of_mean, vars(first).get("feature_names_in_"))
    mean._scaling, mean._density_goal = scaling, first._density_goal
    if isinstance(mean, SparsePerceptron):
        mean.auto_params_ = dict(first.auto_params_)
        mean._note_units(first._sizes_at_first, of_mean)
    if isinstance(mean, QuickSelection):
        mean.supervised_ = first.supervised_
        mean._ranking = _mean_ranking([model._ranking for model in models], shares)
    return cast(Estimator, mean)


def _listed(estimators: Any) -> list[Any]:
    """Return the estimators in a list, or raise if there are none."""
    if not np.iterable(estimators):
        raise TypeError(
            f"estimators must be several fitted estimators, got {estimators!r}."
        )
    models = list(estimators)
    if not models:
        raise ValueError("There must be at least one estimator to average.")
    return models


def _check_alike(number: int, model: Any, first: Any) -> None:
    """Raise unless an estimator can be averaged with the first."""
    name = f"estimators[{number}]"
    if not isinstance(model, KINDS):
        raise TypeError(
            f"{name} must be a {NAMES}, which have one network each, got {model!r}."
        )
    if type(model) is not type(first):
        raise TypeError(
            f"{name} is a {type(model).__name__}, but the first is a "
            f"{type(first).__name__}."
        )
    check_is_fitted(model, msg=f"{name}, a %(name)s, is not fitted yet.")
    difference = _difference_of(model, first)
    if difference:
        raise ValueError(f"{name} {difference}.")


def _difference_of(model: Any, first: Any) -> str | None:
    """Return in what a fitted estimator differs from the first, or None."""
    for name in ("n_features_in_", "supervised_"):
        own, other = (vars(one).get(name) for one in (model, first))
        if own != other:
            return f"has {name}={own!r}, but the first has {other!r}"
    own, other = (vars(one).get("feature_names_in_") for one in (model, first))
    if not _equal(own, other):
        return f"was fitted with other feature names than the first: {own}, not {other}"
    return _difference_of_targets(model._targets, first._targets) or difference_of(
        model._network, first._network
    )


def _difference_of_targets(targets: Any, first: Any) -> str | None:
    """Return in what the targets differ from the first, or None."""
    if isinstance(targets, ClassTargets):
        if targets.multilabel != first.multilabel:
            return "learned labels of another kind: only one of both is multilabel"
        if not _equal(targets.classes, first.classes):
            return f"has the classes {targets.classes}, but the first {first.classes}"
    if isinstance(targets, NumberTargets) and (
        targets.loss_function != first.loss_function
    ):
        return (
            f"has the loss {targets.loss_function!r}, but the first has "
            f"{first.loss_function!r}"
        )
    return None


def _equal(own: Array | None, other: Array | None) -> bool:
    """Return whether two arrays are equal, or both None."""
    if own is None or other is None:
        return own is other
    return np.array_equal(own, other)


def _numbers(nnz: Any, networks: Sequence[Any], shares: Array) -> Any:
    """Return how many connections the mean keeps, as `averaged` takes it."""
    if isinstance(nnz, str):
        if nnz == "union":
            return None
        raise ValueError(f"nnz must be numbers, 'union' or None, got {nnz!r}.")
    if nnz is not None:
        return nnz
    numbers = [[layer.topology.nnz for layer in n.layers] for n in networks]
    return [max(1, round(n)) for n in (shares @ numbers).tolist()]


def _mean_ranking(rankings: Sequence[Ranking], shares: Array) -> Ranking:
    """Return the mean of rankings: what a selector shows, not what it learns on with.

    Importances are compared as shares, because their units may differ.
    """
    importances = [normalised(ranking.importances) for ranking in rankings]
    numbers = [ranking.n_chosen for ranking in rankings]
    found = all(n is not None for n in numbers)
    return Ranking(
        low=np.min([ranking.low for ranking in rankings], axis=0),
        high=np.max([ranking.high for ranking in rankings], axis=0),
        n_steps=max(ranking.n_steps for ranking in rankings),
        fell_apart=any(ranking.fell_apart for ranking in rankings),
        importances=np.average(importances, axis=0, weights=shares),
        n_chosen=max(1, round(float(shares @ numbers))) if found else None,
    )
