"""Layers made of any matrices, with every check."""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from skset.model.activation_names import activations_for
from skset.model.activations import Activation
from skset.model.layer import Layer
from skset.model.outputs import OUTPUTS
from skset.topology import Topology, checked_indices

__all__ = [
    "checked_bias",
    "checked_functions",
    "common_dtype",
    "layer_from_csr",
    "layers_from_csr",
]

# Kinds of dtypes whose values are real numbers.
REAL = "biuf"


def layers_from_csr(
    coefs: Sequence[Any], intercepts: Sequence[Any], dtype: DTypeLike | None = None
) -> tuple[Layer, ...]:
    """Return a layer for each matrix of weights and its bias.

    Parameters
    ----------
    coefs : sequence of sparse matrix or array of shape (n_in, n_out)
        Weights, from the input to the output. Each value that a sparse matrix stores is
        a connection, even a 0. A dense array has a connection where its value is not 0.
    intercepts : sequence of array-like of shape (n_out,)
        Biases.
    dtype : dtype-like, default=None
        float32 or float64. None means float32 if all matrices are float32, else
        float64.

    Returns
    -------
    layers : tuple of Layer
        Their arrays are copies.

    Raises
    ------
    TypeError
        If a matrix or bias is not numeric.
    ValueError
        If there is no layer, or not one bias for each matrix; if a matrix is not
        two-dimensional or has invalid or repeated indices; if shapes do not fit; or if
        a number is not finite in the dtype.
    """
    coefs, intercepts = _listed("coefs", coefs), _listed("intercepts", intercepts)
    if not coefs or len(coefs) != len(intercepts):
        raise ValueError(
            "There must be as many coefs as intercepts, one of each for every layer, "
            f"got {len(coefs)} coefs and {len(intercepts)} intercepts."
        )
    kind = common_dtype(coefs, dtype)
    layers = [
        layer_from_csr(f"coefs[{depth}]", coef, f"intercepts[{depth}]", bias, kind)
        for depth, (coef, bias) in enumerate(zip(coefs, intercepts, strict=True))
    ]
    for depth, (below, above) in enumerate(pairwise(layers)):
        n_out, n_in = below.topology.shape[1], above.topology.shape[0]
        if n_out != n_in:
            raise ValueError(
                f"coefs[{depth}] has {n_out} outputs, coefs[{depth + 1}] has {n_in} "
                "inputs; both must be the same units."
            )
    return tuple(layers)


def layer_from_csr(
    name: str, coef: Any, name_of_bias: str, bias: Any, dtype: np.dtype[Any]
) -> Layer:
    """Return a layer with copies of the arrays; errors use the names."""
    if not sparse.issparse(coef):
        coef = _array(name, coef)
    if coef.ndim != 2 or 0 in coef.shape:
        raise ValueError(
            f"{name} must have two dimensions, inputs and outputs, of one unit at "
            f"least, got shape {coef.shape}."
        )
    # The bias first: so a matrix of absurd shape is refused before anything is made.
    own_bias = checked_bias(name_of_bias, bias, coef.shape[1], dtype)
    _check_real(name, coef)
    topology, values = _connections(name, coef)
    return Layer(topology, _finite(name, values, dtype), own_bias)


def checked_bias(
    name: str, values: Any, size: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return a copy of the bias, or raise if it does not fit the number of units."""
    bias = _array(name, values)
    _check_real(name, bias)
    if bias.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {bias.shape}.")
    return _finite(name, bias, dtype)


def common_dtype(coefs: Sequence[Any], dtype: DTypeLike | None) -> np.dtype[Any]:
    """Return the dtype of a network, or raise; None means that of the matrices."""
    if dtype is None:
        single = all(getattr(coef, "dtype", None) == np.float32 for coef in coefs)
        return np.dtype(np.float32 if single else np.float64)
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}.")
    return kind


def checked_functions(
    activation: Any, negative_slope: Any, output: Any, n_hidden: int
) -> tuple[str | Activation | tuple[str | Activation, ...], float | None, str]:
    """Return activation, slope below zero and output of a network, or raise."""
    if not isinstance(output, str) or output not in OUTPUTS:
        raise ValueError(f"output must be one of {list(OUTPUTS)}, got {output!r}.")
    if negative_slope is not None:
        negative_slope = _checked_slope(negative_slope)
    if hasattr(activation, "__iter__") and not isinstance(activation, str):
        activation = tuple(activation)
    else:
        n_hidden = max(n_hidden, 1)  # names are checked even without any
    activations_for(activation, n_hidden, negative_slope)
    return activation, negative_slope, output


def _checked_slope(slope: Any) -> float:
    if not isinstance(slope, Real) or not 0 <= float(slope) < np.inf:
        raise ValueError(f"negative_slope must be >= 0 and finite, got {slope!r}.")
    return float(slope)


def _connections(name: str, coef: Any) -> tuple[Topology, NDArray[Any]]:
    """Return the connections of a matrix, and their values in the same order."""
    if not sparse.issparse(coef):
        positions = np.flatnonzero(coef)
        return Topology.from_positions(coef.shape, positions), coef.ravel()[positions]
    coef = checked_indices(coef, name)
    try:
        csr = _sorted_csr(coef)
        return Topology(csr.shape, csr.indptr, csr.indices), csr.data
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} has invalid or repeated indices: {error}") from error


def _sorted_csr(coef: Any) -> Any:
    """Return a sparse matrix in sorted CSR; its own flags of order are not trusted."""
    csr = coef.tocsr()
    if coef.format == "coo" and csr.nnz < coef.nnz:
        raise ValueError("an index comes twice")
    csr = sparse.csr_array((csr.data, csr.indices, csr.indptr), shape=csr.shape)
    return csr if csr.has_sorted_indices else csr.sorted_indices()


def _listed(name: str, values: Any) -> list[Any]:
    try:
        return list(values)
    except TypeError:
        raise TypeError(
            f"{name} must be a sequence with an entry for each layer, got {values!r}."
        ) from None


def _array(name: str, values: Any) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array: {error}") from error


def _check_real(name: str, values: Any) -> None:
    if values.dtype.kind not in REAL:
        raise TypeError(f"{name} must hold real numbers, got {values.dtype}.")


def _finite(name: str, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a copy of the values in the dtype; raise if one is not finite."""
    with np.errstate(over="ignore"):  # infinite values raise an error below
        cast = np.array(values, dtype, order="C")
    if not np.isfinite(cast).all():
        raise ValueError(f"{name} has values that are not finite in {dtype}.")
    return cast
