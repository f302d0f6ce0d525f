"""Layers from matrices that somebody else has made, with every check."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from skset.model.layer import Layer
from skset.topology import Topology, checked_indices

__all__ = ["checked_bias", "layers_from_csr"]

KINDS = "biuf"


def layers_from_csr(
    coefs: Sequence[Any], intercepts: Sequence[Any], dtype: DTypeLike | None = None
) -> tuple[Layer, ...]:
    """Return a layer for each matrix of weights and its bias.

    Parameters
    ----------
    coefs : sequence of sparse matrix or array of shape (n_in, n_out)
        Weights, from the input to the output. What a sparse matrix stores is a
        connection, also where the value is 0; of a dense array, what is not 0.
    intercepts : sequence of array-like of shape (n_out,)
        Biases.
    dtype : dtype-like, default=None
        float32 or float64; None is float32 if all matrices are, else float64.

    Returns
    -------
    layers : tuple of Layer
        With arrays of their own.

    Raises
    ------
    TypeError
        If a matrix or bias is not numeric.
    ValueError
        If there are not as many of both, none at all, if a matrix is not
        two-dimensional or has invalid or repeated indices, if shapes do not fit, or if
        a number is not finite in the dtype.
    """
    coefs, intercepts = list(coefs), list(intercepts)
    if not coefs or len(coefs) != len(intercepts):
        raise ValueError(
            "There must be a bias for each matrix of weights, and one layer at least, "
            f"got {len(coefs)} matrices and {len(intercepts)} biases."
        )
    kind = _common_dtype(coefs, dtype)
    layers = [
        _layer(f"coefs[{depth}]", coef, f"intercepts[{depth}]", intercept, kind)
        for depth, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True))
    ]
    for depth, (below, above) in enumerate(pairwise(layers)):
        n_out, n_in = below.topology.shape[1], above.topology.shape[0]
        if n_out != n_in:
            raise ValueError(
                f"coefs[{depth}] has {n_out} outputs, coefs[{depth + 1}] has {n_in} "
                "inputs; both must be the same units."
            )
    return tuple(layers)


def checked_bias(
    name: str, values: Any, size: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return a bias of so many units as an array of its own, or raise."""
    bias = np.asarray(values)
    _check_numeric(name, bias)
    if bias.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {bias.shape}.")
    return _finite(name, bias, dtype)


def _common_dtype(coefs: Sequence[Any], dtype: DTypeLike | None) -> np.dtype[Any]:
    if dtype is None:
        single = all(getattr(coef, "dtype", None) == np.float32 for coef in coefs)
        return np.dtype(np.float32 if single else np.float64)
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {kind}.")
    return kind


def _layer(
    name: str, coef: Any, name_of_bias: str, bias: Any, dtype: np.dtype[Any]
) -> Layer:
    topology, values = _connections(name, coef)
    weights = _finite(name, values, dtype)
    return Layer(
        topology, weights, checked_bias(name_of_bias, bias, topology.shape[1], dtype)
    )


def _connections(name: str, coef: Any) -> tuple[Topology, NDArray[Any]]:
    """Return which connections a matrix has, and their values in the same order."""
    if not sparse.issparse(coef):
        return _connections_of_dense(name, np.asarray(coef))
    if coef.ndim != 2 or 0 in coef.shape:
        _refuse_shape(name, coef.shape)
    _check_numeric(name, coef)
    coef = checked_indices(coef, name).tocsr()
    if not coef.has_sorted_indices:
        coef = coef.sorted_indices()
    try:
        return Topology(coef.shape, coef.indptr, coef.indices), coef.data
    except ValueError as error:
        raise ValueError(f"{name} has an index twice in a row: {error}") from error


def _connections_of_dense(
    name: str, coef: NDArray[Any]
) -> tuple[Topology, NDArray[Any]]:
    if coef.ndim != 2 or 0 in coef.shape:
        _refuse_shape(name, coef.shape)
    _check_numeric(name, coef)
    positions = np.flatnonzero(coef)
    return Topology.from_positions(coef.shape, positions), coef.ravel()[positions]


def _check_numeric(name: str, values: Any) -> None:
    if values.dtype.kind not in KINDS:
        raise TypeError(f"{name} must hold real numbers, got {values.dtype}.")


def _finite(name: str, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the values as an array of its own in the dtype; raise if not finite."""
    with np.errstate(over="ignore"):  # infinite values raise an error below
        cast = np.array(values, dtype, order="C")
    if not np.isfinite(cast).all():
        raise ValueError(f"{name} has values that are not finite in {dtype}.")
    return cast


def _refuse_shape(name: str, shape: tuple[int, ...]) -> None:
    raise ValueError(
        f"{name} must have two dimensions, inputs and outputs, of one unit at least, "
        f"got shape {shape}."
    )
