"""Fitted attributes that come from a file: their types, and whether they fit."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from skset.estimators._class_targets import ClassTargets, checked_classes
from skset.estimators._number_targets import InputTargets, NumberTargets
from skset.estimators._progress import COUNTED, Snapshot
from skset.estimators._ranking import Ranking
from skset.estimators._task_perceptron import TaskTargets
from skset.model import RBM, ExplainedVariance, LogLoss, Loss, SharedNetwork
from skset.model.soundness import (
    check_array,
    check_count,
    check_machine,
    check_network,
    check_scaling,
    check_shared,
    require,
)
from skset.training import DensityGoal, LearningRate, RecentSteps, State

__all__ = ["WRONG", "check_attributes", "check_snapshot"]

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


def _maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
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
    "_density_goal": _maybe(partial(_is, DensityGoal)),
}
PERCEPTRON: dict[str, Check] = {
    **COMMON,
    "loss_curve_": _list_of(NUMBER),
    "loss_": NUMBER,
    "best_loss_": _maybe(NUMBER),
    "validation_scores_": _maybe(_list_of(NUMBER)),
    "best_validation_score_": _maybe(NUMBER),
    "auto_params_": _is_settings,
    "_sizes_at_first": _list_of(COUNT),
    "n_layers_": COUNT,
    "n_outputs_": COUNT,
    "out_activation_": TEXT,
    "classes_": _any,
}
ATTRIBUTES: dict[str, dict[str, Check]] = {
    "SETClassifier": PERCEPTRON,
    "SETRegressor": PERCEPTRON,
    "QuickSelection": {
        **PERCEPTRON,
        "supervised_": lambda value: value is False or TEXT(value),
        "_ranking": partial(_is, Ranking),
    },
    "SparseRBM": {
        **COMMON,
        "reconstruction_error_curve_": _list_of(NUMBER),
        "_sampler": _maybe(partial(_is, np.random.Generator)),
    },
    "ContinualSETClassifier": {
        **ALL,
        "loss_curve_": _list_of(NUMBER),
        "_sizes_at_first": _list_of(COUNT),
        "_entropy": COUNT,
        "_n_trainings": COUNT,
        "classes_": _any,
        "task_classes_": _any,
    },
}
# What only some fits leave behind.
OPTIONAL = {
    *("feature_names_in_", "_state", "_sampler", "_scaling", "classes_", "loss_"),
    *("best_loss_", "validation_scores_", "best_validation_score_"),
}


def check_attributes(estimator: Any, state: Mapping[str, Any]) -> None:
    """Raise ValueError, or what wrong types give rise to, if attributes do not fit.

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
    if "_network" not in state:
        # An unfitted estimator may have attributes that are None.
        left = sorted(name for name, value in state.items() if value is not None)
        require(not left, f"it has {left} and no network")
        return
    if missing := sorted(set(checks) - OPTIONAL - set(state)):
        raise ValueError(f"it lacks {missing}")
    _check_inputs(state)
    if isinstance(state["_network"], SharedNetwork):
        _check_tasks(estimator, state)
    else:
        _check_one(estimator, state)


def _check_inputs(state: Mapping[str, Any]) -> None:
    """Raise unless network, units and names agree on the number of features."""
    n = state["n_features_in_"]
    network = state["_network"]
    if isinstance(network, SharedNetwork):
        check_shared(network)
    elif isinstance(network, RBM):
        check_machine(network)
    else:
        check_network(network)
    require(network.n_units[0] == n, "n_features_in_ is not that of the network")
    check_scaling(state.get("_scaling"), n)
    if "feature_names_in_" in state:
        check_array(state["feature_names_in_"], "feature_names_in_", (n,), object)


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
        _check_outputs(network, targets)
        _check_shown(state, network, targets)
    if name == "QuickSelection":
        _check_ranking(state["_ranking"], network.n_units)
    if state.get("_state") is not None:
        _check_state(state["_state"], network)


def _check_targets(targets: Any) -> None:
    require(targets.dtype in (np.float32, np.float64), "the targets have no type")
    loss = targets.loss_function
    if isinstance(targets, ClassTargets):
        require(isinstance(loss, LogLoss), "the loss is none of classes")
        require(isinstance(targets.multilabel, bool), "multilabel is no boolean")
        require(isinstance(targets.classes, np.ndarray), "there are no classes")
        checked_classes(targets.classes)
        require(targets.classes.size > 0, "there are no classes")
        return
    require(isinstance(loss, Loss), "the loss is none")
    if isinstance(targets, NumberTargets):
        require(isinstance(targets.standardised, bool), "standardised is no boolean")
        check_count(targets.n_outputs, "n_outputs")
        for unit in (targets.mean, targets.scale):
            require(np.asarray(unit).dtype.kind == "f", "a unit is no number")
            shapes = ((), (targets.n_outputs,))
            require(np.shape(unit) in shapes, "units have another shape")
            require(bool(np.isfinite(unit).all()), "a unit is not finite")


def _check_outputs(network: Any, targets: Any) -> None:
    found = network.n_units[-1], network.output
    wanted = targets.n_outputs, targets.output
    require(found == wanted, f"the network has the outputs {found}, not {wanted}")
    targets.loss_function.check_output(network.output)


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


def _check_ranking(ranking: Ranking, n_units: list[int], ranked: bool = True) -> None:
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
        check_array(array, "a ranking", (n,), getattr(array, "dtype", None))
        require(array.dtype.kind == "f", "a ranking has no numbers")
    check_count(ranking.n_steps, "n_steps")
    require(isinstance(ranking.fell_apart, bool), "fell_apart is no boolean")
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
        check_array(getattr(explained, name), name, shape, np.float64)


def _check_state(state: Any, network: Any) -> None:
    """Raise unless a value is the state of a training of this network."""
    require(isinstance(state, State), "the state is none")
    for generator in (state.rng, state.topology_rng):
        is_one = isinstance(generator, np.random.Generator)
        require(is_one, "there is no generator")
    rate = state.learning_rate
    require(isinstance(rate, LearningRate), "there is no learning rate")
    require(all(map(NUMBER, (rate.initial, rate.power_t, rate.now))), "a rate is none")
    for name in ("steps", "epochs", "samples", "longest_stall"):
        check_count(getattr(state, name), name)
    for name in ("evolution_due", "fell_apart"):
        require(isinstance(getattr(state, name), bool), f"{name} is no boolean")
    if state.recent_steps is not None:
        _check_recent(state.recent_steps, network)


def _check_recent(recent: Any, network: Any) -> None:
    """Raise unless there are inputs and deltas of each layer, for each step."""
    require(isinstance(recent, RecentSteps), "the last steps are none")
    check_count(recent.n_noted, "n_noted")
    for step in recent.steps:
        for layer, (inputs, deltas) in zip(network.layers, step, strict=True):
            n_in, n_out = layer.topology.shape
            n = inputs.shape[1]
            check_array(inputs, "inputs", (n_in, n), network.dtype)
            check_array(deltas, "deltas", (n_out, n), network.dtype)


def _check_tasks(estimator: Any, state: Mapping[str, Any]) -> None:
    """Raise unless each task has targets that fit its network."""
    network, targets = state["_network"], state["_targets"]
    classes = state["task_classes_"]
    labels = list(network.tasks)
    require(list(targets) == labels == list(classes), "tasks lack targets or classes")
    for label, task in network.tasks.items():
        of = targets[label]
        require(isinstance(of, TaskTargets), "the targets are of another kind")
        _check_targets(of)
        found = task.head.topology.shape[1], task.functions["output"]
        require(found == (of.n_outputs, of.output), "an output layer does not fit")
        require(np.array_equal(classes[label], of.classes), "other classes of a task")
    union = np.unique(np.concatenate([of.classes for of in targets.values()]))
    require(np.array_equal(union, state["classes_"]), "classes_ are other classes")
    n = len(network.layers)
    require(len(state["_sizes_at_first"]) == n, "there are other hidden layers")


def check_snapshot(snapshot: Any, estimator: Any) -> None:
    """Raise ValueError unless a value is a snapshot of a fit of this estimator."""
    try:
        _check_snapshot(snapshot, estimator)
    except WRONG as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"The checkpoint is broken: {reason}") from error


def _check_rule(memory: Any, solver: Any) -> None:
    """Raise unless a value is what the rule of this solver remembers."""
    kinds = {"n_left": int, "converged": bool} if solver == "lbfgs" else {}
    require(isinstance(memory, dict), "the rule remembers nothing")
    found = {name: type(of) for name, of in memory.items()}
    require(found == kinds, "the rule remembers something else")


def _check_snapshot(snapshot: Any, estimator: Any) -> None:
    require(isinstance(snapshot, Snapshot), "there is no snapshot")
    for pair in (snapshot.streams, snapshot.begun):
        both = [isinstance(one, np.random.Generator) for one in pair]
        require(both == [True, True], "there are no two generators")
    network, units = snapshot.state.network, estimator._network.n_units
    check = check_machine if isinstance(network, RBM) else check_network
    check(network)
    require(type(network) is type(estimator._network), "the network is another one")
    require(network.n_units == units, "the network has other units")
    require(network.dtype == estimator._network.dtype, "the network has another type")
    _check_state(snapshot.state, network)
    require(NUMBER(snapshot.temperature), "the temperature is no number")
    require(isinstance(snapshot.ended, bool), "`ended` is no boolean")
    require(set(snapshot.counted) <= set(COUNTED), "unknown counts")
    best = snapshot.counted.get("best_network")
    if best is not None:
        check_network(best)
        ends = best.n_units[0], best.n_units[-1]
        require(ends == (units[0], units[-1]), "the best network has other units")
    for name in ("n_stalled", "since_best"):
        check_count(snapshot.counted[name], name)
    for name in ("best", "earlier_best"):
        require(NUMBER(snapshot.counted.get(name, 0)), f"{name} is no number")
    scores = snapshot.counted.get("scores")
    require(_maybe(_list_of(NUMBER))(scores), "the scores are no numbers")
    _check_rule(snapshot.rule, getattr(estimator, "solver", None))
    if (ranking := snapshot.attributes.get("_ranking")) is not None:
        require(isinstance(ranking, Ranking), "the ranking is none")
        _check_ranking(ranking, units, ranked=False)
    unknown = set(snapshot.attributes) - {"_ranking"}
    require(not unknown, "it has unknown attributes")
