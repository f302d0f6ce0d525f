"""`BaseSET`: everything that the classifier and the regressor share."""

import copy
import warnings
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any, ClassVar

import joblib
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from skset.estimators._learned import LearnedNetwork
from skset.estimators._loop import run_epochs
from skset.estimators._parameters import SHARED_CONSTRAINTS
from skset.estimators._sklearn import CallbackSupportMixin, checked_sample_weight
from skset.estimators._stopping import LossPlateau, ValidationScore
from skset.estimators._validation import checked_indices, refuse_dates
from skset.network import (
    ACTIVATIONS,
    SGD,
    Adam,
    LearningRate,
    Network,
    Progress,
    Samples,
    Training,
    TrainingOptions,
)
from skset.strategies import INITS, METHODS

__all__ = ["BaseSET"]

# The defaults, from the tables in docs/defaults.md. `batch_size="auto"` divides the
# samples into forty batches, of a size within these bounds.
AUTO_BATCHES, AUTO_BATCH_SIZES = 40, (4, 128)
# `weight_init="auto"` draws the first and the last layer small, so that what is learned
# soon outweighs what was drawn, in what the network predicts and in what SET drops.
AUTO_EDGE_SCALE = 0.1
# Slope for z < 0 where the user gives none: the usual one, and that of Curci et al.
NEGATIVE_SLOPES = {"leaky_relu": 0.01, "all_relu": 0.6}


class BaseSET(LearnedNetwork, CallbackSupportMixin, BaseEstimator, ABC):
    """A multilayer perceptron, sparse throughout, whose topology evolves.

    Warning: this class is not to be used directly; use its subclasses.
    """

    _parameter_constraints: ClassVar[dict] = SHARED_CONSTRAINTS
    _targets: Any  # of one of the kinds in `_targets`

    @abstractmethod
    def _new_targets(self, X, y):
        """Return what is to be learned, of one of the kinds in `_targets`."""

    # What subclasses may add.

    @property
    def _ignores_y(self):
        """Whether X is all there is to learn from."""
        return False

    def _noise(self, rng):
        """Return the noise of the inputs in training, or None."""
        return

    def _check_classes(self, targets, classes):
        """Raise if the classes given to `partial_fit` do not fit."""

    def _learned_attributes(self, network, training):
        """Return what makes this estimator a fitted one that has the given network."""
        return {"_network": network}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # Fitting.

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val):
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        given_X = X  # has the feature names that callbacks need to predict
        X, y, targets = self._checked(X, y, reset=not goes_on)
        if sample_weight is not None:
            sample_weight = checked_sample_weight(sample_weight, X)
        if goes_on:
            self._targets = targets.resumed(self._targets, y, "warm_start")
            self._check_same_network("warm_start")
            network = self._network.copy()
            rng = self._generator()
        else:
            rng = self._generator()
            targets = targets.learned(y, sample_weight)
            network = self._initial_network(X, targets, rng)
            self.loss_curve_ = []
        weight = self._targets.combined_weight(y, sample_weight)
        training_set, validation_set = self._split(
            X, y, weight, rng, X_val, y_val, sample_weight_val
        )
        samples = self._targets.samples(*training_set)
        stopping = self._stopping(validation_set)
        with self._training(network, samples, rng, self._learning_rate()) as training:
            run_epochs(self, training, stopping, given_X, y, sample_weight)
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        goes_on = self.__sklearn_is_fitted__()
        X, y, targets = self._checked(X, y, reset=not goes_on)
        if sample_weight is not None:
            sample_weight = checked_sample_weight(sample_weight, X)
        self._check_classes(targets, classes)
        state = copy.deepcopy(vars(self).get("_training_state")) or {
            "rng": self._generator(),
            "learning_rate": self._learning_rate(ends=False),
            "progress": Progress(),
        }
        if goes_on:
            self._targets = targets.resumed(self._targets, y, "partial_fit")
            self._check_same_network("partial_fit")
            network = self._network.copy(at_rest=False)
            self.loss_curve_ = list(self.loss_curve_)  # may be a shallow copy's too
        else:
            targets = targets.learned(y, sample_weight, classes)
            network = self._initial_network(X, targets, state["rng"])
            self.loss_curve_, self.n_iter_, self.t_ = [], 0, 0
        weight = self._targets.combined_weight(y, sample_weight)
        samples = self._targets.samples(X, y, weight)
        with self._training(network, samples, **state) as training:
            loss = next(training)
        self._training_state = state
        self._record(loss, training)
        self._adopt(self._learned_attributes(training.network, training))
        return self

    def _checked(self, X, y, reset):
        """Return X and y, checked, and the targets that y makes."""
        refuse_dates(X)
        with np.errstate(over="ignore"):  # what overflows is refused as infinite
            checks = {"accept_sparse": "csr", "dtype": self.dtype, "reset": reset}
            X = checked_indices(X)
            if self._ignores_y:
                X, y = validate_data(self, X, **checks), None
            else:
                y = checked_indices(y, "y")
                X, y = validate_data(self, X, y, multi_output=True, **checks)
        targets = self._new_targets(X, y)
        return X, targets.checked(y), targets

    def _generator(self):
        """Return the generator of this fit, seeded by `random_state`."""
        seeds = check_random_state(self.random_state).randint(2**31, size=4)
        return np.random.default_rng(seeds)

    @property
    def _compute_dtype(self):
        return np.dtype(self.dtype).type

    def _layer_sizes(self):
        sizes = self.hidden_layer_sizes
        return [int(n) for n in (sizes if hasattr(sizes, "__iter__") else [sizes])]

    def _initial_network(self, X, targets, rng):
        """Return a new network for the targets, and take note of them."""
        self._targets = targets
        self._adopt(targets.attributes)
        self.n_outputs_, self.out_activation_ = targets.n_outputs, targets.output
        units = [X.shape[1], *self._layer_sizes(), targets.n_outputs]
        self.n_layers_ = len(units)
        init = self.init
        if isinstance(init, str):
            init = INITS[init](epsilon=self.epsilon, density=self.density)
        slope = self.negative_slope
        return Network.initial(
            init(list(pairwise(units)), rng),
            self._weight_init(),
            rng,
            self.dtype,
            edge_scale=self._edge_scale(),
            activation=self.activation,
            negative_slope=(
                NEGATIVE_SLOPES.get(self.activation, 0.0) if slope is None else slope
            ),
            output=targets.output,
        )

    def _weight_init(self):
        if self.weight_init != "auto":
            return self.weight_init
        return "he" if ACTIVATIONS[self.activation].rectifier else "glorot"

    def _edge_scale(self):
        return AUTO_EDGE_SCALE if self.weight_init == "auto" else 1.0

    def _check_same_network(self, caller):
        """Raise if the parameters do not fit the network that is to go on."""
        network = self._network
        for what, now, before in (
            ("hidden_layer_sizes", self._layer_sizes(), network.n_units[1:-1]),
            ("dtype", np.dtype(self.dtype).name, network.dtype.name),
        ):
            if now != before:
                raise ValueError(
                    f"{caller} can only be used where {what} is the same as in the "
                    f"previous call to fit. Previously it was {before}, now {now}."
                )

    def _split(self, X, y, weight, rng, X_val, y_val, sample_weight_val):
        """Return (X, y, weight) to train on, and to validate on or None."""
        if X_val is not None or y_val is not None:
            return (X, y, weight), self._given_validation_set(
                X_val, y_val, sample_weight_val
            )
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val is provided, but X_val was not.")
        if not self.early_stopping:
            return (X, y, weight), None
        try:
            train, held_out = train_test_split(
                np.arange(X.shape[0]),
                test_size=self.validation_fraction,
                stratify=self._targets.strata(y),
                random_state=int(rng.integers(2**31)),
            )
        except ValueError as error:
            raise ValueError(
                "early_stopping cannot set aside a validation set with "
                f"validation_fraction={self.validation_fraction}: {error}"
            ) from error
        return tuple(
            tuple(None if part is None else part[rows] for part in (X, y, weight))
            for rows in (train, held_out)
        )

    def _given_validation_set(self, X_val, y_val, sample_weight_val):
        if y_val is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X_val is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        X_val, y_val, targets = self._checked(X_val, y_val, reset=False)
        check_consistent_length(X_val, y_val)
        if sample_weight_val is not None:
            sample_weight_val = checked_sample_weight(sample_weight_val, X_val)
        if not self.early_stopping:
            raise ValueError(
                "X_val and y_val are passed to fit while at the same time "
                "early_stopping is False. When passing X_val and y_val to fit, "
                "early_stopping should be set to True."
            )
        targets.resumed(self._targets, y_val, "X_val and y_val")
        return X_val, y_val, sample_weight_val

    def _stopping(self, validation_set):
        patience = self.n_iter_no_change
        if validation_set is None:
            return LossPlateau(self.tol, patience)
        X, y, weight = validation_set
        if self.scoring == "loss":
            samples = self._targets.samples(X, y, weight)
            return ValidationScore(
                lambda network: -network.loss(samples), self.tol, patience
            )
        scorer = check_scoring(self, scoring=self.scoring)
        kwargs = {} if weight is None else {"sample_weight": weight}

        def score(network):
            return scorer(self._with_network(network), X, y, **kwargs)

        return ValidationScore(score, self.tol, patience)

    def _with_network(self, network):
        """Return a copy of this estimator that predicts with the given network."""
        twin = copy.copy(self)
        twin._network = network
        if hasattr(twin, "feature_names_in_"):  # it is given bare arrays
            del twin.feature_names_in_
        return twin

    def _training(self, network, samples, rng, learning_rate, progress=None):
        batch_size = self._batch_size(samples.n_samples)
        options = TrainingOptions(
            batch_size=batch_size,
            shuffle=self.shuffle,
            alpha=self.alpha,
            dropout=self.dropout,
            max_epochs=self._n_epochs(-(-samples.n_samples // batch_size)),
            weight_init=self._weight_init(),
            edge_scale=self._edge_scale(),
            n_threads=self._n_threads(),
            noise=self._noise(rng),
        )
        return Training(
            network,
            samples,
            self._optimiser(),
            learning_rate,
            self._evolution(),
            options,
            rng,
            progress,
        )

    def _batch_size(self, n_samples):
        if self.batch_size == "auto":
            size = np.clip(n_samples // AUTO_BATCHES, *AUTO_BATCH_SIZES)
            return min(int(size), n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                f"Got batch_size={self.batch_size}, larger than the sample size "
                f"{n_samples}. It is going to be clipped.",
                UserWarning,
                stacklevel=2,
            )
        return min(self.batch_size, n_samples)

    def _n_epochs(self, n_batches):
        """Return the largest number of epochs, given the batches of each."""
        return self.max_iter

    def _optimiser(self):
        if self.solver == "sgd":
            return SGD(self.momentum, self.nesterovs_momentum)
        return Adam(self.beta_1, self.beta_2, self.adam_epsilon)

    def _learning_rate(self, ends=True):
        """Return the learning rate of a training that ends at `max_iter`, or never."""
        schedule = self.learning_rate
        # As in scikit-learn, Adam adapts the rate itself; only the cosine concerns it.
        if (schedule == "cosine" and not ends) or (
            schedule != "cosine" and self.solver == "adam"
        ):
            schedule = "constant"
        return LearningRate(self.learning_rate_init, schedule, self.power_t)

    def _zeta(self):
        return self.zeta

    def _evolution(self):
        return METHODS[self.method].evolution(
            zeta=self._zeta(),
            drop=self.drop,
            grow=self.grow,
            zeta_schedule=self.zeta_schedule,
            update_interval=self.update_interval,
            newborn=self.newborn,
        )

    def _n_threads(self):
        if self.n_jobs is None:
            return 1
        cores = joblib.cpu_count()
        if self.n_jobs > 0:
            return min(int(self.n_jobs), cores)  # more of them only wait
        return max(1, cores + 1 + int(self.n_jobs))

    def _record(self, loss, training):
        """Take note of an epoch."""
        self.loss_ = loss
        self.loss_curve_.append(loss)
        self.n_iter_ += 1
        self.t_ += training.samples.n_samples

    # Predicting.

    def _weighted_sums(self, X):
        """Return the output layer's weighted sums (n_outputs, n_samples)."""
        check_is_fitted(self)
        network = self._network
        refuse_dates(X)
        with np.errstate(over="ignore"):
            X = validate_data(
                self,
                checked_indices(X),
                accept_sparse="csr",
                dtype=network.dtype,
                reset=False,
            )
        Z = network.weighted_sums(Samples(X))
        if not np.isfinite(Z).all():
            raise ValueError(
                "Input X contains values too large for this network, whose output is "
                "not finite. They need to be preprocessed as the training data were."
            )
        return Z
