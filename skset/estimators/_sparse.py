"""`SparseEstimator`: what every estimator of sparse layers does."""

import copy
import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import joblib
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skset.estimators._columns import faults_located, refuse_dates
from skset.estimators._features import validated
from skset.estimators._learned import LearnedNetwork
from skset.estimators._loop import print_epoch
from skset.estimators._parameters import plain
from skset.estimators._sklearn import CallbackSupportMixin
from skset.estimators._strategies import StrategyParameters
from skset.estimators._validation import checked_indices
from skset.estimators._warnings import warn
from skset.strategies import ConstantDensity
from skset.topology import (
    checked_share,
    checked_topologies,
    filled_up,
    shared_out,
)
from skset.training import Progress

__all__ = ["SparseEstimator"]


class SparseEstimator(
    LearnedNetwork, StrategyParameters, CallbackSupportMixin, BaseEstimator, ABC
):
    """An estimator that learns sparse layers whose topology evolves.

    Warning: this class is not to be used directly; use its subclasses.
    """

    # Parameters and attributes that all subclasses have.
    batch_size: Any
    dtype: Any
    n_jobs: Any
    random_state: Any
    verbose: Any
    n_iter_: int
    t_: int
    # What a schedule of the density is to end with, or None.
    _final_density: float | None = None
    _final_nnz: int | None = None
    # Name of the attribute with the loss of every epoch.
    _curve: ClassVar[str]

    @abstractmethod
    def _training(self, network, samples, batch_size, rng, learning_rate, progress):
        """Return the training of a network."""

    @abstractmethod
    def _optimiser(self):
        """Return the optimiser."""

    @abstractmethod
    def _learning_rate(self, ends=True):
        """Return the learning rate of a training that ends some time, or never."""

    def _begin_record(self, n_iter=0, t=0, curve=()):
        """Take note of what was before the first epoch."""
        self.n_iter_, self.t_ = n_iter, t
        setattr(self, self._curve, list(curve))  # an earlier fit's stays as it is

    def _record(self, loss, training):
        """Take note of an epoch."""
        getattr(self, self._curve).append(loss)
        self.n_iter_ += 1
        self.t_ += training.samples.n_samples

    def _learned_attributes(self, network, training):
        """Return what makes this estimator a fitted one that has the given network."""
        return {"_network": network}

    def _reach_last_epoch(self, n_epochs):
        """Say what there is to say where training was not ended before."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What is handed to the network.

    def _generator(self):
        """Return the generator of this fit, seeded by `random_state`."""
        seeds = check_random_state(self.random_state).randint(2**31, size=4)
        return np.random.default_rng(seeds)

    @property
    def _compute_dtype(self):
        return np.dtype(self.dtype).type

    def _topologies(self, shapes, rng, sensitivities=None):
        """Return the initial topology of each layer.

        `sensitivities(topologies)` tells an init that asks for it ``|w g|`` of each
        connection.
        """
        init = self._init()
        needs = getattr(init, "needs_sensitivities", False)
        extra = (sensitivities,) if needs else ()
        # Its own list of shapes: it may write into that.
        topologies = checked_topologies(init(list(shapes), rng, *extra), shapes)
        return self._densest(topologies, shapes, rng)

    def _densest(self, topologies, shapes, rng):
        """Return the topologies, with as many connections as the network has at first.

        More than `init` gives, if a schedule of the density takes them away later. Each
        layer then gets more in proportion to what it has.
        """
        schedule = self._evolution().density_schedule
        self._final_density = self._final_nnz = None
        if isinstance(schedule, ConstantDensity):
            return topologies
        counts = [topology.nnz for topology in topologies]
        n_possible = sum(n_in * n_out for n_in, n_out in shapes)
        self._final_nnz = sum(counts)
        if not self._final_nnz:
            raise ValueError(
                "init must return a connection at least where there is a "
                "density_schedule, which ends with the density of init."
            )
        self._final_density = self._final_nnz / n_possible
        at_first = schedule(0.0, self._final_density)
        at_first = checked_share("density_schedule", at_first)
        totals = shared_out(counts, shapes, round(at_first * n_possible))
        return [
            filled_up(topology, nnz, rng)
            for topology, nnz in zip(topologies, totals, strict=True)
        ]

    def _checked_evolution(self):
        """Return how the topology evolves; raise if the optimiser cannot serve it."""
        evolution = self._evolution()
        if evolution.asks_for("momentum") and not 0 < self._optimiser().decay < 1:
            adam = "beta_1" in self.get_params(deep=False)
            raise ValueError(
                f"grow={self.grow!r} grows where the optimiser's momentum is greatest, "
                "but the solver has none. Choose grow='gradient', or a momentum "
                f"{'(for solver adam, a beta_1) ' if adam else ''}between 0 and 1."
            )
        return evolution

    def _check_partial(self):
        """Raise if the topology cannot evolve from one `partial_fit` to the next."""
        if self._evolution().asks_for("training_set"):
            raise ValueError(
                "The growth compares activations over the whole training set, of which "
                "partial_fit keeps none. Choose grow='gradient' or 'guided', which "
                "look at the samples of the call alone, or 'random'; or call fit."
            )

    def _n_threads(self):
        if self.n_jobs is None:
            return 1
        cores = joblib.cpu_count()
        if self.n_jobs > 0:
            return min(int(self.n_jobs), cores)  # more of them only wait
        return max(1, cores + 1 + int(self.n_jobs))

    def _batch_size(self, n_samples):
        """Return the number of samples per step, given that of all samples."""
        if self.batch_size > n_samples:
            warn(
                f"Got batch_size={self.batch_size}, larger than the sample size "
                f"{n_samples}. It is going to be clipped."
            )
        return min(plain(self.batch_size), n_samples)

    def _partial_batch_size(self, n_samples):
        """Return the number of samples per step of a `partial_fit`.

        A small call is no mistake: nobody is warned.
        """
        return min(plain(self.batch_size), n_samples)

    # Where a training stands.

    def _new_state(self, rng, ends=True):
        """Return the state of a training that begins, with this generator.

        What counts samples counts on from those of earlier fits that it goes on from.
        """
        learning_rate = self._learning_rate(ends)
        if self.t_:
            learning_rate.after_epoch(self.t_)
        progress = Progress(samples=self.t_)
        return {"rng": rng, "learning_rate": learning_rate, "progress": progress}

    # Training for one epoch at a time.

    def _state(self):
        """Return the state of an earlier `partial_fit`, or a new one."""
        state = copy.deepcopy(vars(self).get("_training_state"))
        return state or self._new_state(self._generator(), ends=False)

    def _take_pass(self, network, samples, state):
        """Train the network for one epoch, and adopt what it has learned."""
        began = time.perf_counter()
        batch_size = self._partial_batch_size(samples.n_samples)
        with self._training(network, samples, batch_size, **state) as training:
            del network
            loss = next(training)
        self._training_state = state
        self._record(loss, training)
        if self.verbose:
            print_epoch(self, loss, training, time.perf_counter() - began)
        self._adopt(self._learned_attributes(training.network, training))
        return self

    # Checks.

    def _checked_features(self, X, *y, **checks):
        """Return X, or X and y where y is given, checked as `validated` does it."""
        refuse_dates(X)
        X = checked_indices(X)
        with faults_located(X):
            return validated(self, X, *y, **checks)

    def _checked_again(self, X):
        """Return X, checked to have the features that were fitted."""
        check_is_fitted(self)
        return self._checked_features(X, dtype=self._network.dtype, reset=False)

    def _check_unchanged(self, caller, **now_and_before):
        """Raise if the parameters do not fit the network that is to go on."""
        schedule = self._evolution().density_schedule
        if self._final_nnz is None and not isinstance(schedule, ConstantDensity):
            raise ValueError(
                f"{caller} cannot go on with a density that falls: the network began "
                "without a density_schedule. Fit it anew, or set density_schedule to "
                "'constant'."
            )
        for what, (now, before) in now_and_before.items():
            if now != before:
                raise ValueError(
                    f"{caller} can only be used where {what} is the same as in the "
                    f"previous call to fit. Previously it was {before}, now {now}."
                )
