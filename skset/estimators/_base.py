"""`BaseSET`: everything that the classifier and the regressor share."""

import copy
from abc import abstractmethod
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_consistent_length

from skset.estimators._columns import refuse_missing
from skset.estimators._features import picked
from skset.estimators._loop import run_epochs
from skset.estimators._parameters import SHARED_CONSTRAINTS, plain
from skset.estimators._sample_weight import check_split
from skset.estimators._sklearn import checked_sample_weight
from skset.estimators._sparse import SparseEstimator
from skset.estimators._stopping import LossPlateau, ValidationScore
from skset.estimators._validation import checked_indices, finite_output
from skset.estimators._warnings import warn
from skset.model import ACTIVATIONS, Network, Samples
from skset.topology import checked_topologies
from skset.training import SGD, Adam, LearningRate, Training, TrainingOptions

__all__ = ["BaseSET"]

# The defaults, from the tables in docs/defaults.md. `batch_size="auto"` divides the
# samples into forty batches, of a size within these bounds.
AUTO_BATCHES, AUTO_BATCH_SIZES = 40, (4, 128)
# In `partial_fit` it must not depend on how the data are cut: scikit-learn's rule.
AUTO_PARTIAL_BATCH_SIZE = 200
# `weight_init="auto"` draws the first and the last layer small, so that what is learned
# soon outweighs what was drawn, in what the network predicts and in what SET drops.
AUTO_EDGE_SCALE = 0.1
# Samples over which an init that asks for sensitivities gets them.
N_SENSED = 256
# Slope for z < 0 where the user gives none: the usual one, and that of Curci et al.
NEGATIVE_SLOPES = {"leaky_relu": 0.01, "all_relu": 0.6}


class BaseSET(SparseEstimator):
    """A multilayer perceptron, sparse throughout, whose topology evolves.

    Warning: this class is not to be used directly; use its subclasses.
    """

    _parameter_constraints: ClassVar[dict] = SHARED_CONSTRAINTS
    _curve = "loss_curve_"
    _targets: Any  # of one of the kinds in `_targets`
    _sizes_at_first: list
    loss_curve_: list

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

    # What was learned.

    @property
    def coefs_(self):
        """Weights of each layer as a CSR array (n_in, n_out).

        The values are the network's own, the pattern is a copy.
        """
        return [x.topology.to_csr(x.weights) for x in self._fitted_network.layers]

    @property
    def hidden_layer_sizes_(self):
        """Number of units of each hidden layer that are left."""
        return self._fitted_network.n_units[1:-1]

    @property
    def intercepts_(self):
        """Bias of each layer."""
        return [layer.bias for layer in self._fitted_network.layers]

    # Fitting.

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val):
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        # For callbacks: names of features, and y in its own precision.
        given = X, y
        X, y, targets = self._checked(X, y, reset=not goes_on)
        if sample_weight is not None:
            sample_weight = checked_sample_weight(sample_weight, X)
        if goes_on:
            self._targets = targets.resumed(self._targets, y, "warm_start")
            self._check_same_network("warm_start")
            network = self._network.copy()
            rng = self._generator()
            self._begin_record(t=self.t_, curve=self.loss_curve_)
        else:
            rng = self._generator()
            network = None
            self._remember(targets.learned(y, sample_weight))
            self._begin_record()
        weight = self._targets.combined_weight(y, sample_weight)
        training_set, validation_set = self._split(
            X, y, weight, rng, X_val, y_val, sample_weight_val
        )
        samples = self._targets.samples(*training_set)
        stopping = self._stopping(validation_set)
        if goes_on:
            self._resume(stopping)
        network = network or self._initial_network(samples, rng)
        state = self._new_state(rng)
        batch_size = self._batch_size(samples.n_samples)
        with self._training(network, samples, batch_size, **state) as training:
            del network  # or it would be kept beside what it evolves into
            run_epochs(self, training, stopping, *given, sample_weight)
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        self._check_partial()
        goes_on = self.__sklearn_is_fitted__()
        X, y, targets = self._checked(X, y, reset=not goes_on)
        if sample_weight is not None:
            sample_weight = checked_sample_weight(sample_weight, X)
        self._check_classes(targets, classes)
        if goes_on:
            self._targets = targets.resumed(self._targets, y, "partial_fit")
            self._check_same_network("partial_fit")
            network = self._network.copy(at_rest=False)
            self._begin_record(self.n_iter_, self.t_, self.loss_curve_)
        else:
            network = None
            self._remember(targets.learned(y, sample_weight, classes))
            self._begin_record()
        state = self._state()
        weight = self._targets.combined_weight(y, sample_weight)
        samples = self._targets.samples(X, y, weight)
        network = network or self._initial_network(samples, state["rng"])
        return self._take_pass(network, samples, state)

    def _checked(self, X, y, reset):
        """Return X and y, checked, and the targets that y makes."""
        checks = {"dtype": self.dtype, "reset": reset}
        if self._ignores_y:
            X, y, given_y = self._checked_features(X, **checks), None, None
        else:
            given_y = checked_indices(y, "y")
            refuse_missing(y)
            X, y = self._checked_features(X, y, multi_output=True, **checks)
        targets = self._new_targets(X, y)
        return X, targets.checked(y, given_y), targets

    def _layer_sizes(self):
        sizes = self.hidden_layer_sizes
        return [int(n) for n in (sizes if hasattr(sizes, "__iter__") else [sizes])]

    def _remember(self, targets):
        """Take note of what is to be learned."""
        self._targets = targets
        self._adopt(targets.attributes)
        self.n_outputs_, self.out_activation_ = targets.n_outputs, targets.output
        self._sizes_at_first = self._layer_sizes()
        self.n_layers_ = len(self._sizes_at_first) + 2

    def _initial_network(self, samples, rng):
        """Return a new network for the targets."""
        sizes = self._sizes_at_first
        units = [samples.n_features, *sizes, self._targets.n_outputs]

        def sensitivities(topologies):
            wanted = "sensitivities must be given"
            topologies = checked_topologies(topologies, shapes, wanted)
            network = self._network_on(topologies, rng)
            n = min(N_SENSED, samples.n_samples)
            rows = np.sort(rng.choice(samples.n_samples, n, replace=False))
            return network.sensitivities(samples, rows)

        shapes = list(pairwise(units))
        topologies = self._topologies(shapes, rng, sensitivities)
        return self._network_on(topologies, rng, self._edge_scale())

    def _network_on(self, topologies, rng, edge_scale=1.0):
        slope = self.negative_slope
        return Network.initial(
            topologies,
            self._weight_init(),
            rng,
            self.dtype,
            edge_scale=edge_scale,
            activation=self.activation,
            negative_slope=(
                NEGATIVE_SLOPES.get(self.activation, 0.0) if slope is None else slope
            ),
            output=self._targets.output,
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
        self._check_unchanged(
            caller,
            hidden_layer_sizes=(self._layer_sizes(), self._sizes_at_first),
            dtype=(np.dtype(self.dtype).name, network.dtype.name),
        )

    def _split(self, X, y, weight, rng, X_val, y_val, sample_weight_val):
        """Return (X, y, weight, rows) to train on, and to validate on or None.

        y and weight are those of the rows of X, or of all if rows is None.
        """
        if X_val is not None or y_val is not None:
            return (X, y, weight, None), self._given_validation_set(
                X_val, y_val, sample_weight_val
            )
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val is provided, but X_val was not.")
        if not self.early_stopping:
            return (X, y, weight, None), None
        # Here, not above: with what it brings along it doubles the time of the import.
        from sklearn.model_selection import train_test_split

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
        check_split(weight, training=train, validation=held_out)
        return tuple(
            (X, *(None if part is None else part[rows] for part in (y, weight)), rows)
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
            sample_weight_val = checked_sample_weight(
                sample_weight_val, X_val, "sample_weight_val"
            )
        if not self.early_stopping:
            raise ValueError(
                "X_val and y_val are passed to fit while at the same time "
                "early_stopping is False. When passing X_val and y_val to fit, "
                "early_stopping should be set to True."
            )
        targets.resumed(self._targets, y_val, "X_val and y_val")
        return X_val, y_val, sample_weight_val, None

    def _stopping(self, validation_set):
        patience = self.n_iter_no_change
        if validation_set is None:
            return LossPlateau(self.tol, patience)
        X, y, weight, rows = validation_set
        if self.scoring == "loss":
            samples = self._targets.samples(X, y, weight, rows)
            return ValidationScore(
                lambda network: -network.loss(samples), "loss", self.tol, patience
            )
        from sklearn.metrics import check_scoring  # here for the same reason

        scorer = check_scoring(self, scoring=self.scoring)
        kwargs = {} if weight is None else {"sample_weight": weight}
        X = X if rows is None else picked(X, rows, self.dtype)

        def score(network):
            return scorer(self._with_network(network), X, y, **kwargs)

        return ValidationScore(score, self.scoring, self.tol, patience)

    def _resume(self, stopping):
        """Have the stopping go on from the last fit."""
        found = vars(self)
        stopping.resume(
            self._network.at_rest(),
            found.get("best_loss_"),
            found.get("validation_scores_"),
        )

    def _with_network(self, network):
        """Return a copy of this estimator that predicts with the given network."""
        twin = copy.copy(self)
        twin._network = network
        if hasattr(twin, "feature_names_in_"):  # it is given bare arrays
            del twin.feature_names_in_
        return twin

    def _training(self, network, samples, batch_size, rng, learning_rate, progress):
        options = TrainingOptions(
            batch_size=batch_size,
            shuffle=self.shuffle,
            alpha=plain(self.alpha),
            dropout=plain(self.dropout),
            max_epochs=self._n_epochs(-(-samples.n_samples // batch_size)),
            weight_init=self._weight_init(),
            edge_scale=self._edge_scale(),
            n_threads=self._n_threads(),
            noise=self._noise(rng),
            unit_pruning=self._resolved("unit_pruning"),
            final_density=self._final_density,
            final_nnz=self._final_nnz,
        )
        return Training(
            network,
            samples,
            self._optimiser(),
            learning_rate,
            self._checked_evolution(),
            options,
            rng,
            progress,
        )

    def _batch_size(self, n_samples):
        if self.batch_size == "auto":
            size = np.clip(n_samples // AUTO_BATCHES, *AUTO_BATCH_SIZES)
            return min(int(size), n_samples)
        return super()._batch_size(n_samples)

    def _partial_batch_size(self, n_samples):
        if self.batch_size == "auto":
            return min(AUTO_PARTIAL_BATCH_SIZE, n_samples)
        return super()._partial_batch_size(n_samples)

    def _n_epochs(self, n_batches):
        """Return the largest number of epochs, given the batches of each."""
        return plain(self.max_iter)

    def _optimiser(self):
        if self.solver == "sgd":
            return SGD(plain(self.momentum), self.nesterovs_momentum)
        return Adam(*map(plain, (self.beta_1, self.beta_2, self.adam_epsilon)))

    def _learning_rate(self, ends=True):
        """Return the learning rate of a training that ends at `max_iter`, or never."""
        schedule = self.learning_rate
        # As in scikit-learn, Adam adapts the rate itself; only the cosine concerns it.
        if (schedule == "cosine" and not ends) or (
            schedule != "cosine" and self.solver == "adam"
        ):
            schedule = "constant"
        initial, power_t = plain(self.learning_rate_init), plain(self.power_t)
        return LearningRate(initial, schedule, power_t)

    def _record(self, loss, training):
        super()._record(loss, training)
        self.loss_ = loss

    def _reach_last_epoch(self, n_epochs):
        if self.learning_rate != "cosine":  # the cosine is meant to end there
            warn(
                f"Maximum iterations ({n_epochs}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
            )

    # Predicting.

    def _weighted_sums(self, X):
        """Return the output layer's weighted sums (n_outputs, n_samples)."""
        X = self._checked_again(X)
        samples = Samples(X, dtype=self._network.dtype)
        return finite_output(self._network.weighted_sums(samples))
