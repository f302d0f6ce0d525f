"""`SparseEstimator`: the base of all estimators."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import joblib
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from skset.estimators._parameters import validate
from skset.estimators._sklearn import CallbackSupportMixin
from skset.estimators._strategy_parameters import (
    given_parameters,
    made_strategies,
    nested,
    set_nested,
    split_nested,
)
from skset.estimators._table_size import TableSize
from skset.estimators._targets import Targets
from skset.estimators._types import Array, Matrix, Rows
from skset.estimators._unpickled import check_learned
from skset.estimators._version_stamp import stamped, unstamped
from skset.estimators._warnings import INTERRUPTED, warn
from skset.model import RBM, Network, Samples, Scaling, strength
from skset.strategies import METHODS, Method
from skset.training import DensityGoal, State, Training

__all__ = ["SparseEstimator", "clipped_batch_size", "learned", "n_threads", "shares"]


def shares(importances: Array) -> Array:
    """Return the importances, scaled to add up to 1 unless all are 0."""
    total = importances.sum()
    return importances / total if total > 0 else importances


def clipped_batch_size(batch_size: int, n_samples: int, partial: bool) -> int:
    """Return the number of samples per step; warn if there are fewer.

    A small call of `partial_fit` is no mistake, so it gives no warning.
    """
    if batch_size > n_samples and not partial:
        warn(
            f"Got batch_size={batch_size}, larger than the sample size {n_samples}. It "
            "is going to be clipped."
        )
    return min(batch_size, n_samples)


def n_threads(n_jobs: int | None) -> int:
    """Return the number of threads that `n_jobs` stands for."""
    if n_jobs is None:
        return 1
    cores: int = joblib.cpu_count()
    if n_jobs > 0:
        return min(int(n_jobs), cores)  # more would only wait
    return max(1, cores + 1 + int(n_jobs))


def learned(estimator: Any, name: str) -> Any:
    """Return a fitted attribute; before a fit it does not exist."""
    if not estimator.__sklearn_is_fitted__():
        raise AttributeError(
            f"This {type(estimator).__name__} instance is not fitted yet."
        )
    return vars(estimator)[name]


class SparseEstimator(CallbackSupportMixin, BaseEstimator, ABC):
    """An estimator that learns sparse layers whose topology evolves.

    Warning: this class is not to be used directly; use its subclasses.

    Attributes are views of the fitted network, so they always agree with predictions.
    One function fits all estimators, `skset.estimators._fit.fit`. It calls the methods
    below, in which the estimators differ.
    """

    # What each parameter may be; the decorator `documented` sets it.
    _parameter_constraints: ClassVar[dict[str, list[Any]]]
    # The methods by name, with the defaults that this estimator has.
    _methods: ClassVar[Mapping[str, Method]] = METHODS
    # Values of parameters that an estimator leaves no choice of.
    _fixed: ClassVar[Mapping[str, Any]] = {}
    # Name of the attribute with the loss of every epoch.
    _curve: ClassVar[str]

    # The network, in units of its own: inputs go through `_scaling`.
    _network: Any
    _scaling: Scaling | None = None
    n_iter_: int
    t_: int
    # What was learned of the targets; a fit that goes on must fit to it.
    _targets: Targets
    # What a schedule of the density ends with.
    _density_goal: DensityGoal | None
    # The state of `partial_fit`, without the network; None after a `fit`.
    _state: State | None

    # Methods that a fit calls.

    # Whether the estimator learns from y or labels.
    _learns_from_y: Any = True

    @abstractmethod
    def _prepared(
        self, p: SimpleNamespace, X: Matrix, reset: bool
    ) -> tuple[Matrix, Targets]:
        """Return X, and what is to be learned, before it has seen any y.

        Facts about X are recorded, from the beginning if `reset` is True.
        """

    def _check_classes(self, targets: Any, classes: ArrayLike | None) -> None:
        """Raise if the classes given to `partial_fit` do not fit."""

    @abstractmethod
    def _unchanged(self, p: SimpleNamespace) -> dict[str, tuple[Any, Any]]:
        """Return parameters that must not change, each with its new and old value."""

    @abstractmethod
    def _new_network(
        self,
        p: SimpleNamespace,
        samples: Samples,
        rng: Generator,
        topology_rng: Generator,
    ) -> tuple[Network | RBM, DensityGoal | None]:
        """Return a network that has learned nothing, and the goal of its density.

        The parameters that it was made with are recorded.
        """

    @abstractmethod
    def _new_training(
        self, p: SimpleNamespace, state: State, samples: Samples, partial: bool = False
    ) -> Training:
        """Return the training of a network; a `partial` one has no planned end."""

    @abstractmethod
    def _optimiser(self, p: SimpleNamespace) -> Any:
        """Return the optimiser."""

    def _record(self, loss: float, training: Training) -> None:
        """Record an epoch."""
        losses = training.rule.epoch_losses(loss)
        getattr(self, self._curve).extend(losses)
        self.n_iter_ += len(losses)
        self.t_ += training.samples.n_samples * len(losses)

    def _learned_attributes(self, network: Any, training: Training) -> dict[str, Any]:
        """Return the fitted attributes of this estimator for the given network."""
        return {"_network": network.frozen()}

    def _standardises(self, p: SimpleNamespace, goes_on: bool) -> bool:
        """Return whether X will be standardised before it is cast."""
        return False

    def _forget(self) -> None:
        """Remove what must not be left of an earlier fit when another begins."""

    def _kinds_of(self, y: Any) -> tuple[Any, list[Any]]:
        """Return what some rows tell of the kind of y, and all kinds it may have.

        Only selectors find out what y is. For others there is one kind, None.
        """
        return None, [None]

    def _take_kind(self, kind: Any) -> None:
        """Learn from y as that kind."""

    def _facts_of_inputs(
        self, p: SimpleNamespace, training_set: Rows, exponent: int = 0
    ) -> Any:
        """Return what a new network has to know of all inputs; None if nothing.

        Facts of several parts of X can be merged. The weights were divided by a power
        of two with the given exponent.
        """
        return None

    def _choose(
        self,
        p: SimpleNamespace,
        size: TableSize,
        goes_on: bool,
        partial: bool = False,
    ) -> None:
        """Replace parameters that are "auto" by numbers, and record these."""

    def _choose_by_rows(
        self, p: SimpleNamespace, training_set: Rows, goes_on: bool
    ) -> None:
        """Choose what takes the rows to train on themselves, and record it."""

    def _adapt(
        self, p: SimpleNamespace, training_set: Rows, rng: Generator, goes_on: bool
    ) -> None:
        """Adapt numbers that stand for "auto" to the data, and record them."""

    def _calibrated(self, p: SimpleNamespace, network: Any) -> Any:
        """Return a trained network as it will predict."""
        return network

    def _units(self, p: SimpleNamespace) -> Scaling | None:
        """Return the units of the inputs; None leaves X as it is.

        They follow from what `_facts_of_inputs` has found, `p.inputs`.
        """
        return None

    def _reach_last_epoch(self, p: SimpleNamespace, training: Training) -> None:
        """Warn if necessary when training has reached its last epoch."""

    def _warn_of_result(self) -> None:
        """Warn if the result of a fit is less than the user asked for."""

    def _note_interrupt(self) -> None:
        """Warn that the user has ended a training, of which an epoch has passed."""
        warn(INTERRUPTED)

    # Parameters.

    def _read_parameters(self) -> SimpleNamespace:
        """Return all parameters as a fit takes them: once, at its beginning.

        Numbers are Python's numbers, and strategies are objects.
        """
        p = given_parameters(self)
        p.dtype, p.n_threads = np.dtype(p.dtype).type, n_threads(p.n_jobs)
        p.table_dtype = p.dtype  # of a table that is standardised at once
        made_strategies(p, self._methods)
        return p

    def _validate_params(self) -> None:
        validate(self, self.get_params(deep=False))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the parameters of strategies that are given as objects, as
            ``grow__gamma``.

        Returns
        -------
        params : dict
            Values by name.
        """
        params = super().get_params(deep=deep)
        return {**params, **nested(params)} if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Values by name. ``grow__gamma`` sets a parameter of the growth, which may be
            given as an object, by its name or by the method. From then on it is an
            object; an init then has the present `epsilon`.

        Returns
        -------
        self : estimator
            This estimator.

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        own, of_parts = split_nested(params, self._get_param_names())
        super().set_params(**own)
        set_nested(self, of_parts)
        return self

    # What was learned.

    @property
    def network_(self) -> Any:
        """The fitted network; its arrays are read-only."""
        return self._learned("_network")

    @property
    def nnz_(self) -> int:
        """Number of connections."""
        nnz: int = self._learned("_network").nnz
        return nnz

    @property
    def density_(self) -> float:
        """Share of the dense network's connections that exist."""
        density: float = self.nnz_ / self._network.n_possible
        return density

    @property
    def feature_importances_(self) -> Array:
        """Strength of each input unit, the sum of its absolute weights; sums to 1."""
        return shares(strength(self._learned("_network")))

    def _learned(self, name: str) -> Any:
        return learned(self, name)

    def __sklearn_is_fitted__(self) -> bool:
        return "_network" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        return stamped(super().__getstate__())

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(unstamped(state, type(self).__name__))
        if self.__sklearn_is_fitted__():
            check_learned(self)
            self._network.frozen()  # unpickled arrays are writable

    def __copy__(self) -> Self:
        # Not by way of a state, which is checked: callbacks and scorers copy an
        # estimator in the middle of a fit, when its parts need not fit together yet.
        twin = object.__new__(type(self))
        twin.__dict__.update(vars(self))
        return twin
