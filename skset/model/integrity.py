"""Checks that the parts of a model belong together, for models read from a file.

Kernels do not check bounds. So arrays that do not fit would be read beyond their ends.
A model that a fit has made is right by construction; a file may hold anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skset.topology import Topology

__all__ = [
    "check_array",
    "check_finite",
    "check_layer",
    "check_layers",
    "check_machine",
    "check_shared_layer",
    "check_type",
    "restore",
]

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def restore(thing: Any, state: Mapping[str, Any]) -> None:
    """Give an object of a dataclass that is being unpickled its fields.

    Parameters
    ----------
    thing : object
        Without attributes.
    state : mapping of str to object
        Values of the fields. One that has a default may be missing, so that an older
        version's state can be read. Anything else is refused, because it would hide a
        method or a value that is computed.

    Raises
    ------
    ValueError
        If the names are not those of the fields.
    """
    names = {field.name for field in fields(thing)}
    unknown = sorted(map(str, set(state) - names))
    missing = [name for name in names - set(state) if not hasattr(type(thing), name)]
    if unknown or missing:
        raise ValueError(
            f"This is no state of a {type(thing).__name__}: missing {sorted(missing)}, "
            f"unknown {unknown}."
        )
    vars(thing).update(state)


def check_type(name: str, thing: Any, kind: type) -> None:
    """Raise ValueError unless a part is an object of the class."""
    if not isinstance(thing, kind):
        raise ValueError(f"{name} must be a {kind.__name__}, got {type(thing)}.")


def check_array(
    name: str, array: Any, shape: tuple[int, ...], dtype: np.dtype[Any] | None = None
) -> None:
    """Raise ValueError unless a part is an array of this shape and type.

    A `dtype` of None means float32 or float64, in the byte order of this machine.
    """
    check_type(name, array, np.ndarray)
    kinds = FLOATS if dtype is None else (dtype,)
    if array.shape != shape or array.dtype not in kinds:
        wanted = " or ".join(map(str, kinds))
        raise ValueError(
            f"{name} must be {wanted} of shape {shape}, got {array.dtype} of shape "
            f"{array.shape}."
        )


def check_finite(name: str, array: NDArray[Any]) -> None:
    """Raise ValueError if a number is not finite; makes no array of that size."""
    if not np.isfinite([array.min(initial=0), array.max(initial=0)]).all():
        raise ValueError(f"{name} must be finite.")


def check_layers(layers: Any, kind: type, check: Callable[[Any], None]) -> None:
    """Raise ValueError unless layers are right, and follow on each other.

    Parameters
    ----------
    layers : tuple of object
        From the input to the output.
    kind : type
        Their class.
    check : callable
        Raises ValueError if one of them is wrong.
    """
    check_type("layers", layers, tuple)
    if not layers:
        raise ValueError("A model must have one layer at least.")
    for layer in layers:
        check_type("A layer", layer, kind)
        check(layer)
    shapes = [layer.topology.shape for layer in layers]
    if any(below[1] != above[0] for below, above in pairwise(shapes)):
        raise ValueError(
            f"A layer must have as many inputs as the last had outputs, got {shapes}."
        )


def check_layer(layer: Any) -> None:
    """Raise ValueError unless the arrays of a `Layer` fit to its topology.

    A `Topology` has been checked when it was made.
    """
    topology = layer.topology
    check_type("topology", topology, Topology)
    of_weights, of_bias = (topology.nnz,), topology.shape[1:]
    check_array("weights", layer.weights, of_weights)
    dtype = layer.weights.dtype
    check_array("bias", layer.bias, of_bias, dtype)
    _check_moments(layer, of_weights, of_bias, dtype)
    if layer.explored is not None:
        _check_same_units("explored", layer.explored, topology)
    n_dropped, most = layer.n_dropped, topology.n_free
    if not isinstance(n_dropped, Integral) or not 0 <= int(n_dropped) <= most:
        raise ValueError(f"n_dropped must be in [0, {most}], got {n_dropped!r}.")
    if layer.held is not None:
        _check_held(layer.held, topology, dtype)


def check_machine(machine: Any) -> None:
    """Raise ValueError unless an `RBM` has one layer, and arrays that fit to it."""
    if len(machine.layers) != 1:
        raise ValueError(f"An RBM has one layer, got {len(machine.layers)}.")
    (n_visible, n_hidden), dtype = machine.layers[0].topology.shape, machine.dtype
    check_array("visible_bias", machine.visible_bias, (n_visible,), dtype)
    check_type("visible_moments", machine.visible_moments, tuple)
    for moment in machine.visible_moments:
        check_array("visible_moments", moment, (n_visible,), dtype)
    if machine.chains is not None:
        n_chains = np.shape(machine.chains)[-1:]
        check_array("chains", machine.chains, (n_hidden, *n_chains), dtype)


def check_shared_layer(layer: Any) -> None:
    """Raise ValueError unless the arrays of a `SharedLayer` fit to its topology."""
    check_type("topology", layer.topology, Topology)
    check_array("values", layer.values, (layer.topology.nnz,))
    check_array("owner", layer.owner, (layer.topology.nnz,), np.dtype(np.int16))


def _check_moments(
    layer: Any, of_weights: Any, of_bias: Any, dtype: np.dtype[Any]
) -> None:
    check_type("moments", layer.moments, tuple)
    check_type("bias_moments", layer.bias_moments, tuple)
    if len(layer.moments) != len(layer.bias_moments):
        raise ValueError("There must be as many moments as bias_moments.")
    for moment, of_the_bias in zip(layer.moments, layer.bias_moments, strict=True):
        check_array("moments", moment, of_weights, dtype)
        check_array("bias_moments", of_the_bias, of_bias, dtype)


def _check_held(held: Any, topology: Topology, dtype: np.dtype[Any]) -> None:
    _check_same_units("shared", held.shared, topology)
    check_array("shared_values", held.shared_values, (held.shared.nnz,), dtype)
    check_array("values", held.values, (topology.nnz,), dtype)


def _check_same_units(name: str, other: Any, topology: Topology) -> None:
    check_type(name, other, Topology)
    if other.shape != topology.shape:
        raise ValueError(
            f"{name} must have the shape {topology.shape} of the topology, got "
            f"{other.shape}."
        )
