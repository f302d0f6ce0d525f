"""Converters for skl2onnx: its Pipelines can have estimators of skset."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray
from skl2onnx import update_registered_converter
from skl2onnx.common import data_types as types
from skl2onnx.common.utils import check_input_and_output_numbers

from skset.estimators import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
    parts_of,
)
from skset.onnx import _answers as answers
from skset.onnx._scope_graph import ScopeGraph
from skset.onnx._storage import MAX_BYTES, Storage

__all__ = ["register"]

# Gets a scope, an operator and a container of skl2onnx.
Converter: TypeAlias = Callable[[Any, Any, Any], None]

STORED: dict[str, list[Any] | None] = {"sparse": Storage.choices, "max_bytes": None}
OF_CLASSIFIERS: dict[str, list[Any] | None] = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
    "raw_scores": [True, False],
}


def register() -> None:
    """Make skl2onnx know the estimators of skset."""
    labelled = OF_CLASSIFIERS | STORED
    for model, shapes, converter, options in (
        (SETClassifier, classifier_shapes, convert_classifier, labelled),
        (
            ContinualSETClassifier,
            *(classifier_shapes, convert_classifier, labelled | {"task": None}),
        ),
        (SETRegressor, regressor_shapes, convert_regressor, STORED),
        (QuickSelection, selector_shapes, convert_selector, None),
        (SparseRBM, machine_shapes, convert_machine, STORED),
    ):
        alias = f"Skset{model.__name__}"
        update_registered_converter(model, alias, shapes, converter, options=options)


def _options(context: Any, model: Any) -> dict[str, Any]:
    """Return the options of an estimator, given a scope or a container."""
    defaults = {"nocl": False, "raw_scores": False, "task": None}
    allowed = {SETClassifier: ["nocl", "raw_scores"], ContinualSETClassifier: defaults}
    own = {name: defaults[name] for name in allowed.get(type(model), [])}
    given: dict[str, Any] = context.get_options(model, own)
    return defaults | {"sparse": "auto", "max_bytes": MAX_BYTES} | given


def _parts(operator: Any, context: Any) -> tuple[Any, dict[str, Any]]:
    """Return what an operator's estimator answers with, and its options."""
    model = operator.raw_operator
    options = _options(context, model)
    return parts_of(model, task=options["task"]), options


def _declare(operator: Any, number: int, kind: Any, *columns: int) -> None:
    """Declare the type and the shape (n_samples, ...) of an output."""
    n_samples = operator.inputs[0].get_first_dimension()
    operator.outputs[number].set_type(kind([n_samples, *columns]))


def _of_numbers(operator: Any) -> Any:
    """Return the type of numbers that an operator puts out: as X, or float32."""
    is_double = isinstance(operator.inputs[0].type, types.DoubleTensorType)
    return types.DoubleTensorType if is_double else types.FloatTensorType


def _dtype(operator: Any) -> DTypeLike:
    """Return this type as one of numpy."""
    is_double = _of_numbers(operator) is types.DoubleTensorType
    return np.float64 if is_double else np.float32


def classifier_shapes(operator: Any) -> None:
    """Declare label and probabilities."""
    check_input_and_output_numbers(operator, 1, 2)
    parts, options = _parts(operator, operator.scope_inst)
    if parts.multilabel:
        _declare(operator, 0, types.Int64TensorType, parts.classes.size)
    else:
        are_strings = _labels(parts, options).dtype == object
        kind = types.StringTensorType if are_strings else types.Int64TensorType
        _declare(operator, 0, kind)
    raw = parts.classes if options["raw_scores"] else parts.all_classes
    _declare(operator, 1, _of_numbers(operator), raw.size)


def _labels(parts: Any, options: dict[str, Any]) -> NDArray[Any]:
    """Return the label of each class, or its number with the option nocl."""
    if options["nocl"]:
        numbers: NDArray[Any] = np.searchsorted(parts.all_classes, parts.classes)
        return numbers
    labels = answers.label_values(parts.classes)
    if labels.dtype == np.float64:
        raise ValueError(
            "skl2onnx has labels that are strings or whole numbers, got "
            f"{parts.classes!r}. skset.onnx.to_onnx has all numbers."
        )
    return labels


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a classifier.

    With the option raw_scores the second output has logits, which skl2onnx calibrates.
    """
    parts, options = _parts(operator, container)
    graph, storage = ScopeGraph(scope, container), _checked_storage(parts, options)
    sums = answers.add_sums(graph, operator.inputs[0].full_name, parts, storage)
    label = answers.add_codes(graph, sums, parts)
    if not parts.multilabel:
        label = answers.add_label(graph, label, _labels(parts, options))
    add = answers.add_logits if options["raw_scores"] else answers.add_probabilities
    graph.result(label, operator.outputs[0].full_name)
    scores = add(graph, sums, parts, _dtype(operator))
    graph.result(scores, operator.outputs[1].full_name)


def _checked_storage(parts: Any, options: dict[str, Any]) -> Storage:
    storage = Storage(options["sparse"], options["max_bytes"])
    answers.check_parts(parts, storage)
    return storage


def regressor_shapes(operator: Any) -> None:
    """Declare the predicted numbers."""
    check_input_and_output_numbers(operator, 1, 1)
    parts, _ = _parts(operator, operator.scope_inst)
    _declare(operator, 0, _of_numbers(operator), parts.network.n_units[-1])


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a regressor."""
    parts, options = _parts(operator, container)
    graph, storage = ScopeGraph(scope, container), _checked_storage(parts, options)
    sums = answers.add_sums(graph, operator.inputs[0].full_name, parts, storage)
    numbers = answers.add_numbers(graph, sums, parts, _dtype(operator))
    graph.result(numbers, operator.outputs[0].full_name)


def selector_shapes(operator: Any) -> None:
    """Declare the selected columns, which keep the type of X."""
    check_input_and_output_numbers(operator, 1, 1)
    parts, _ = _parts(operator, operator.scope_inst)
    kind, n_columns = type(operator.inputs[0].type), int(parts.support.sum())
    _declare(operator, 0, kind, n_columns)


def convert_selector(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a selector."""
    graph, (parts, _) = ScopeGraph(scope, container), _parts(operator, container)
    selected = answers.add_selected(graph, operator.inputs[0].full_name, parts)
    graph.result(selected, operator.outputs[0].full_name)


def machine_shapes(operator: Any) -> None:
    """Declare the hidden units."""
    check_input_and_output_numbers(operator, 1, 1)
    parts, _ = _parts(operator, operator.scope_inst)
    _declare(operator, 0, _of_numbers(operator), parts.machine.n_units[1])


def convert_machine(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a Boltzmann machine."""
    parts, options = _parts(operator, container)
    graph, storage = ScopeGraph(scope, container), _checked_storage(parts, options)
    X, dtype = operator.inputs[0].full_name, _dtype(operator)
    features = answers.add_features(graph, X, parts, dtype, storage)
    graph.result(features, operator.outputs[0].full_name)
