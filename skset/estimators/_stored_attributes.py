"""Fitted attributes that come from a file: their types, and whether they fit."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from skset.estimators._class_targets import ClassTargets
from skset.estimators._number_targets import InputTargets, NumberTargets
from skset.estimators._ranking import Ranking
from skset.estimators._task_perceptron import TaskTargets
from skset.estimators._unpickled import check_learned
from skset.model import RBM, ExplainedVariance, LogLoss, Loss, SharedNetwork
from skset.model.integrity import check_array, check_finite
from skset.training import DensityGoal, LearningRate, RecentSteps, State

__all__ = [
    *["COUNT", "NUMBER", "WRONG", "check_attributes", "check_ranking", "check_state"],
    *["check_whole", "isis_list_of", "maybe", "require"],
]

DOUBLE, OBJECT = np.dtype(np.float64), np.dtype(object)
# What wrong types of values give rise to.
WRONG = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# Whether a value is of the right type.
Check: TypeAlias = Callable[[Any], bool]


def _is(kinds: Any, value: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is(int, value) and value >= 0


COUNT: Check = _is_count
NUMBER: Check = partial(_is, (int, float, np.integer, np.floating))
TEXT: Check = partial(_is, str)


def maybe(check: Check) -> Check:
    """Return a check that None passes too."""
    return lambda value: value is None or check(value)


def is_list_of(check: Check) -> Check:
    """Return a check of every entry of a list."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def _is_settings(value: Any) -> bool:
    """Return whether a value has parameters that stood for "auto"."""
    return isinstance(value, dict) and all(
        TEXT(name) and (NUMBER(of) or TEXT(of)) for name, of in value.items()
    )


def _any(value: Any) -> bool:
    return True  # it is checked with the others


ALL: dict[str, Check] = {
    **dict.fromkeys(("_network", "_scaling", "_targets", "_state"), _any),
    **dict.fromkeys(("n_iter_", "n_features_in_"), COUNT),
    "feature_names_in_": _any,
}
COMMON: dict[str, Check] = {
    **ALL,
    "t_": COUNT,
    "_density_goal": maybe(partial(_is, DensityGoal)),
}
PERCEPTRON: dict[str, Check] = {
    **COMMON,
    "loss_curve_": is_list_of(NUMBER),
    "loss_": NUMBER,
    "best_loss_": maybe(NUMBER),
    "validation_scores_": maybe(is_list_of(NUMBER)),
    "best_validation_score_": maybe(NUMBER),
    "auto_params_": _is_settings,
    "_sizes_at_first": is_list_of(COUNT),
    "n_layers_": COUNT,
    "n_outputs_": COUNT,
    "out_activation_": TEXT,
    "classes_": _any,
    "rounds_": is_list_of(partial(_is, dict)),
}
# Of selections on many halves.
CHOICES = ("selections_", "selection_frequencies_", "support_")
ATTRIBUTES: dict[str, dict[str, Check]] = {
    "StableSelection": {
        "n_features_in_": COUNT,
        **dict.fromkeys(("feature_names_in_", *CHOICES), _any),
        **dict.fromkeys(("threshold_", "error_bound_"), NUMBER),
    },
    "SETClassifier": PERCEPTRON,
    "SETRegressor": PERCEPTRON,
    "QuickSelection": {
        **PERCEPTRON,
        "supervised_": lambda value: value is False or TEXT(value),
        "_ranking": partial(_is, Ranking),
    },
    "SparseRBM": {
        **COMMON,
        "reconstruction_error_curve_": is_list_of(NUMBER),
        "rounds_": is_list_of(partial(_is, dict)),
        "_sampler": maybe(partial(_is, np.random.Generator)),
    },
    "ContinualSETClassifier": {
        **ALL,
        "loss_curve_": is_list_of(NUMBER),
        "_sizes_at_first": is_list_of(COUNT),
        "_entropy": COUNT,
        "_n_trainings": COUNT,
        "classes_": _any,
        "task_classes_": _any,
    },
}
# What only some fits leave behind.
OPTIONAL = {
    *("feature_names_in_", "_state", "_sampler", "_scaling", "classes_", "loss_"),
    *("best_loss_", "validation_scores_", "best_validation_score_", "rounds_"),
}


def require(holds: bool, what: str) -> None:
    """Raise ValueError unless a condition holds."""
    if not holds:
        raise ValueError(what)


def check_attributes(estimator: Any, state: Mapping[str, Any]) -> None:
    """Raise ValueError if attributes are unknown, missing, or of a wrong type.

    Parameters
    ----------
    estimator : estimator of skset
        With its parameters.
    state : mapping
        Its attributes.
    """
    checks = ATTRIBUTES[type(estimator).__name__]
    if unknown := sorted(set(state) - set(checks)):
        raise ValueError(f"it has the unknown attributes {unknown!r:.120}")
    for name, value in state.items():
        if not checks[name](value):
            raise ValueError(f"{name} is {value!r:.40}")
    if not {"_network", "support_"} & set(state):
        # An unfitted estimator may have attributes that are None.
        left = sorted(name for name, value in state.items() if value is not None)
        require(not left, f"it has {left} and is not fitted")
    elif missing := sorted(set(checks) - OPTIONAL - set(state)):
        raise ValueError(f"it lacks {missing}")


def check_whole(estimator: Any) -> None:
    """Raise ValueError, or what wrong types give rise to, if attributes do not fit.

    Parameters
    ----------
    estimator : estimator of skset
        Fitted, with attributes of the right types.
    """
    state = vars(estimator)
    if "support_" in state:
        _check_choices(estimator)
    else:
        check_learned(estimator)
    if "feature_names_in_" in state:
        n = estimator.n_features_in_
        check_array("feature_names_in_", state["feature_names_in_"], (n,), OBJECT)
    if isinstance(state.get("_network"), SharedNetwork):
        _check_tasks(state)
    elif "_network" in state:
        _check_one(estimator, state)


def _check_choices(estimator: Any) -> None:
    """Raise unless a stable selection is one of its features."""
    n, masks = estimator.n_features_in_, estimator.selections_
    n_resamples = np.shape(masks)[:1]
    check_array("selections_", masks, (*n_resamples, n), np.dtype(bool))
    require(len(masks) > 0, "selections_ is empty")
    frequencies = estimator.selection_frequencies_
    check_array("selection_frequencies_", frequencies, (n,), DOUBLE)
    check_finite("selection_frequencies_", frequencies)
    check_array("support_", estimator.support_, (n,), np.dtype(bool))


def _check_one(estimator: Any, state: Mapping[str, Any]) -> None:
    """Raise unless the network of an estimator fits to what it has learned."""
    network, targets = state["_network"], state["_targets"]
    name = type(estimator).__name__
    kinds: dict[str, Any] = {
        "SETClassifier": ClassTargets,
        "SETRegressor": NumberTargets,
        "SparseRBM": InputTargets,
        "QuickSelection": (ClassTargets, NumberTargets, InputTargets),
    }
    require(isinstance(targets, kinds[name]), "the targets are of another kind")
    _check_targets(targets)
    require(isinstance(network, RBM) == (name == "SparseRBM"), "another network")
    if not isinstance(network, RBM):
        targets.loss_function.check_output(network.output)
        _check_shown(state, network, targets)
    if name == "QuickSelection":
        check_ranking(state["_ranking"], network.n_units)
    if state.get("_state") is not None:
        check_state(state["_state"], network)


def _check_targets(targets: Any) -> None:
    """Raise unless what was learned of the targets has the right types."""
    require(targets.dtype in (np.float32, np.float64), "the targets have no type")
    loss = targets.loss_function
    if isinstance(targets, ClassTargets):
        require(isinstance(loss, LogLoss), "the loss is none of classes")
        require(isinstance(targets.multilabel, bool), "multilabel is no boolean")
        require(isinstance(targets.classes, np.ndarray), "there are no classes")
        require(targets.classes.size > 0, "there are no classes")
        return
    require(isinstance(loss, Loss), "the loss is none")
    if isinstance(targets, NumberTargets):
        require(isinstance(targets.standardised, bool), "standardised is no boolean")
        require(COUNT(targets.n_outputs), "n_outputs is no count")
        for unit in map(np.asarray, (targets.mean, targets.scale)):
            require(unit.dtype.kind == "f", "a unit of the targets is no number")
            check_finite("a unit of the targets", unit)


def _check_shown(state: Mapping[str, Any], network: Any, targets: Any) -> None:
    """Raise unless attributes say what network and targets say."""
    n_layers = len(network.layers) + 1
    shown = state["n_layers_"], state["n_outputs_"], state["out_activation_"]
    wanted = n_layers, targets.n_outputs, network.output
    require(shown == wanted, f"it shows {shown} in place of {wanted}")
    require(len(state["_sizes_at_first"]) == n_layers - 2, "other hidden layers")
    if isinstance(targets, ClassTargets):
        same = np.array_equal(state["classes_"], targets.classes)
        require(same, "classes_ are other classes")


def check_ranking(ranking: Ranking, n_units: list[int], ranked: bool = True) -> None:
    """Raise unless a ranking is one of the inputs of a network."""
    n, n_outputs = n_units[0], n_units[-1]
    parts = [ranking.low, ranking.high]
    parts += [ranking.importances] if ranked or ranking.importances.size else []
    require(isinstance(ranking.history, tuple), "the history is no tuple")
    parts += ranking.history
    if ranking.accumulated is not None:
        name, total = ranking.accumulated
        require(TEXT(name), "an importance has no name")
        parts.append(total)
    for array in parts:
        check_array("a ranking", array, (n,))
        check_finite("a ranking", array)
    require(COUNT(ranking.n_steps), "n_steps is no count")
    require(isinstance(ranking.fell_apart, bool), "fell_apart is no boolean")
    number = ranking.n_chosen
    is_one = number is None or (COUNT(number) and 1 <= number <= n)
    require(is_one, "n_chosen is no number of features")
    if ranking.explained is not None:
        _check_explained(ranking.explained, n, n_outputs)


def _check_explained(explained: Any, n: int, n_outputs: int) -> None:
    require(isinstance(explained, ExplainedVariance), "explained is none")
    require(NUMBER(explained.weight), "a weight is no number")
    n_targets = explained.targets.size
    require(n_outputs <= n_targets <= max(n_outputs, 2), "other targets are explained")
    shapes = {
        "inputs": (n,),
        "squares": (n,),
        "targets": (n_targets,),
        "target_products": (n_targets, n_targets),
        "products": (n, n_targets),
    }
    for name, shape in shapes.items():
        check_array(name, getattr(explained, name), shape, DOUBLE)


def check_state(state: Any, network: Any) -> None:
    """Raise unless a value is the state of a training of this network."""
    require(isinstance(state, State), "the state is none")
    for generator in (state.rng, state.topology_rng):
        is_one = isinstance(generator, np.random.Generator)
        require(is_one, "there is no generator")
    rate = state.learning_rate
    require(isinstance(rate, LearningRate), "there is no learning rate")
    require(all(map(NUMBER, (rate.initial, rate.power_t, rate.now))), "a rate is none")
    for name in ("steps", "epochs", "samples", "longest_stall"):
        require(COUNT(getattr(state, name)), f"{name} is no count")
    for name in ("evolution_due", "fell_apart"):
        require(isinstance(getattr(state, name), bool), f"{name} is no boolean")
    if state.recent_steps is not None:
        _check_recent(state.recent_steps, network)


def _check_recent(recent: Any, network: Any) -> None:
    """Raise unless there are inputs and deltas of each layer, for each step."""
    require(isinstance(recent, RecentSteps), "the last steps are none")
    require(COUNT(recent.n_noted), "n_noted is no count")
    for step in recent.steps:
        for layer, (inputs, deltas) in zip(network.layers, step, strict=True):
            n_in, n_out = layer.topology.shape
            n = inputs.shape[1]
            check_array("inputs", inputs, (n_in, n), network.dtype)
            check_array("deltas", deltas, (n_out, n), network.dtype)


def _check_tasks(state: Mapping[str, Any]) -> None:
    """Raise unless each task has targets that fit its network."""
    network, targets = state["_network"], state["_targets"]
    classes = state["task_classes_"]
    labels = list(network.tasks)
    require(list(targets) == labels == list(classes), "tasks lack targets or classes")
    for label in labels:
        of = targets[label]
        require(isinstance(of, TaskTargets), "the targets are of another kind")
        _check_targets(of)
        require(np.array_equal(classes[label], of.classes), "other classes of a task")
    union = np.unique(np.concatenate([of.classes for of in targets.values()]))
    require(np.array_equal(union, state["classes_"]), "classes_ are other classes")
    n = len(network.layers)
    require(len(state["_sizes_at_first"]) == n, "there are other hidden layers")
