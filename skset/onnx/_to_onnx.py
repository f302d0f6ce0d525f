"""`to_onnx`: a fitted estimator as an ONNX model."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from onnx import ModelProto, defs

from skset.estimators import (
    ClassifierParts,
    MachineParts,
    RegressorParts,
    SelectorParts,
    parts_of,
)
from skset.onnx import _answers as answers
from skset.onnx._graph import ModelGraph
from skset.onnx._storage import MAX_BYTES, Storage

__all__ = ["to_onnx"]

# The first opset whose operators are all there, and the one that is taken if none is
# named: onnxruntime knows it since 1.12 (2022).
FIRST_OPSET, DEFAULT_OPSET = 13, 17
# Kinds of numbers that X can have: booleans, integers, floats.
REAL_KINDS = "biuf"


def to_onnx(
    estimator: Any,
    *,
    input_dtype: DTypeLike = np.float32,
    sparse: bool | str = "auto",
    max_bytes: int = MAX_BYTES,
    target_opset: int | None = None,
    task: str | int | None = None,
) -> ModelProto:
    """Return a fitted estimator as an ONNX model.

    The model has one input, ``X``. It computes in the same types as the estimator: X is
    standardised in float64, then cast to the type of the network. It checks nothing: a
    row with NaN gets NaN, not an error.

    Parameters
    ----------
    estimator : estimator of skset
        Fitted: `~skset.SETClassifier`, `~skset.SETRegressor`, `~skset.QuickSelection`,
        `~skset.SparseRBM`, or `~skset.ContinualSETClassifier`.
    input_dtype : dtype-like, default=numpy.float32
        Type of X: a float, an integer, or bool. Runtimes take no other type than that
        of the model, and float32 is what most of them are given.
    sparse : {"auto", True, False, "gather"}, default="auto"
        How the weights are stored.

        - True: as sparse matrices, 12 bytes for each connection in float32. onnxruntime
          makes dense matrices of them when it loads the file.
        - False: as dense matrices.
        - "auto": each layer in the way that makes the smaller file.
        - "gather": no matrix exists, neither in the file nor in the runtime. Each unit
          gathers its inputs. Each unit of a layer takes as many slots as the unit with
          the most connections. A slot takes 8 bytes in float32, and a prediction takes
          4 bytes for each slot and each row: give few rows at once. Layers that are
          smaller as matrices are stored as with "auto".
    max_bytes : int, default=2**30
        Most bytes that a runtime may need for all weights. The default is half of what
        an ONNX file can have.
    target_opset : int, default=None
        Version of ONNX's operators, from 13 on. None is 17, which onnxruntime knows
        since 2022.
    task : str or int, default=None
        The task of a `~skset.ContinualSETClassifier`. None is the only one.

    Returns
    -------
    model : onnx.ModelProto
        Its outputs are named as skl2onnx does it.

        - Of classifiers: ``label`` of shape (n_samples,) or (n_samples, n_labels), and
          ``probabilities`` of shape (n_samples, n_classes), the columns in the order of
          ``classes_``. Labels are strings or int64, and float64 for floats that are not
          whole.
        - Of regressors: ``variable`` of shape (n_samples, n_outputs).
        - Of `~skset.QuickSelection` and `~skset.SparseRBM`: ``variable``, which
          ``transform`` returns.

        Numbers are float64 if `input_dtype` is, else float32. `~skset.QuickSelection`
        keeps the type of X.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is not an estimator of skset, or if the type of X is no type of ONNX.
    ValueError
        If an activation is not one of skset's own, if the weights need more than
        `max_bytes`, if a parameter is invalid, or if there are several tasks and none
        is named.

    See Also
    --------
    skl2onnx.to_onnx : Converts Pipelines with these estimators, once ``skset.onnx`` is
        imported.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> from skset.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = to_onnx(SETClassifier(random_state=0).fit(X, y))
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    storage = Storage(sparse, max_bytes)
    dtype, opset = _checked_type(input_dtype), _checked_opset(target_opset)
    parts = parts_of(estimator, task=task)
    answers.check_parts(parts, storage)
    graph = ModelGraph(estimator.n_features_in_, dtype)
    out = np.dtype(np.float64 if dtype == np.float64 else np.float32)
    if isinstance(parts, ClassifierParts):
        _add_classifier(graph, parts, out, storage)
    elif isinstance(parts, RegressorParts):
        sums = answers.add_sums(graph, "X", parts, storage)
        numbers = answers.add_numbers(graph, sums, parts, out)
        _add_variable(graph, numbers, out, parts.network.n_units[-1])
    elif isinstance(parts, SelectorParts):
        selected = answers.add_selected(graph, "X", parts)
        _add_variable(graph, selected, dtype, int(parts.support.sum()))
    else:
        assert isinstance(parts, MachineParts)
        features = answers.add_features(graph, "X", parts, out, storage)
        _add_variable(graph, features, out, parts.machine.n_units[1])
    return graph.model(type(estimator).__name__, opset)


def _add_variable(
    graph: ModelGraph, tensor: str, dtype: np.dtype[Any], n_columns: int
) -> None:
    graph.result(tensor, "variable")
    graph.declare("variable", dtype, n_columns)


def _add_classifier(
    graph: ModelGraph, parts: ClassifierParts, out: np.dtype[Any], storage: Storage
) -> None:
    """Add label and probabilities."""
    sums = answers.add_sums(graph, "X", parts, storage)
    label = answers.add_codes(graph, sums, parts)
    if parts.multilabel:
        graph.declare("label", np.int64, parts.classes.size)
    else:
        values = answers.label_values(parts.classes)
        label = answers.add_label(graph, label, values)
        graph.declare("label", values.dtype)
    graph.result(label, "label")
    probabilities = answers.add_probabilities(graph, sums, parts, out)
    graph.result(probabilities, "probabilities")
    graph.declare("probabilities", out, parts.all_classes.size)


def _checked_type(given: DTypeLike) -> np.dtype[Any]:
    dtype = np.dtype(given).newbyteorder("=")
    known = [np.dtype(t) for t in (np.float16, np.float32, np.float64)]
    if (dtype.kind == "f" and dtype not in known) or dtype.kind not in REAL_KINDS:
        raise TypeError(f"input_dtype must be a real type of ONNX, got {given!r}.")
    return dtype


def _checked_opset(given: int | None) -> int:
    if given is None:
        return DEFAULT_OPSET
    last = defs.onnx_opset_version()
    if not isinstance(given, (int, np.integer)) or not FIRST_OPSET <= given <= last:
        raise ValueError(
            f"target_opset must be an integer from {FIRST_OPSET} to {last}, which is "
            f"the last of the installed onnx, got {given!r}."
        )
    return int(given)
