"""Values in a header of JSON: what JSON has itself, and the rest in tagged form.

A tagged value is an object whose keys are in `TAGS`. So ``{"tuple": [1, 2]}`` is a
tuple, and ``{"array": "a3"}`` an array beside the header.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.estimators import ESTIMATORS, restored, stored
from skset.persistence._kinds import KINDS, kind_of, made
from skset.persistence._text import cannot, strings_of, text_array

__all__ = ["Reader", "Writer"]

Array: TypeAlias = NDArray[Any]

# Lists of so many numbers or strings, and longer ones, are arrays.
LONG = 16
# Values within values; real ones have some ten levels.
MOST_LEVELS = 40
# Bytes of the largest number; "longdouble" is another one on each machine.
LARGEST = 8
# Integers have at most so many bits: states of random generators have 128.
MOST_BITS = 160
# Keys of mappings: labels of classes and tasks.
LABELS = (str, int, float, np.generic)
SCALARS = (
    *("bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64"),
)
TYPES = {"float32": np.float32, "float64": np.float64}


class Writer:
    """Puts values into a form that JSON can say; arrays are collected beside it.

    Attributes
    ----------
    arrays : dict of str to ndarray
        By the names that the header has. An array that occurs twice is kept once, also
        as another view of the same memory.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self._names: dict[Any, str] = {}
        self._alive: list[Array] = []  # else an address could be used again

    def written(self, value: Any, where: str) -> Any:
        """Return a value as JSON has it.

        Parameters
        ----------
        value : object
            A number, a string, an array, a container of these, or an object of
            `KINDS`.
        where : str
            What it is, for errors.

        Raises
        ------
        ValueError
            If it is something else: a file without code cannot hold it.
        """
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float) and not isinstance(value, np.generic):
            return float(value) if math.isfinite(value) else {"float": repr(value)}
        if isinstance(value, (np.ndarray, np.generic)):
            return self._numbers(value, where)
        kind = kind_of(value)
        if kind is not None:
            parts = kind.parts(value)
            fields = {k: self.written(v, f"{where}.{k}") for k, v in parts.items()}
            return {"kind": kind.name, "fields": fields}
        if type(value) in ESTIMATORS.values():
            name, state = type(value).__name__, stored(value)
            parts = {k: self.written(v, f"{where}.{k}") for k, v in state.items()}
            return {"estimator": name, "state": parts}
        if isinstance(value, (list, tuple)):
            return self._sequence(value, where)
        if isinstance(value, Mapping):
            pairs = [list(pair) for pair in value.items()]
            return {"dict": self.written(pairs, where)}
        return self._type(value, where)

    def _numbers(self, value: Any, where: str) -> Any:
        if isinstance(value, np.generic):
            if value.dtype.kind not in "biuf" or value.dtype.itemsize > LARGEST:
                raise cannot(value, where)
            return {
                "scalar": value.dtype.name,
                "value": self.written(value.item(), where),
            }
        if value.dtype == object:
            return {"objects": self._name(text_array(value, where), where)}
        return {"array": self._name(value, where)}

    def _sequence(self, value: Any, where: str) -> Any:
        tag = "list" if isinstance(value, list) else "tuple"
        if type(value) not in (list, tuple):
            raise cannot(value, where)
        for kind, name in ((float, "floats"), (str, "strings")):
            if len(value) >= LONG and all(type(part) is kind for part in value):
                array = np.array(value) if kind is float else text_array(value, where)
                return {name: self._name(array, where), "tuple": tag == "tuple"}
        parts = [self.written(v, f"{where}[{n}]") for n, v in enumerate(value)]
        return parts if tag == "list" else {"tuple": parts}

    def _type(self, value: Any, where: str) -> Any:
        for name, known in TYPES.items():
            if value is known or (isinstance(value, np.dtype) and value == known):
                return {"type": name, "dtype": isinstance(value, np.dtype)}
        raise cannot(value, where)

    def _name(self, array: Array, where: str) -> str:
        """Return the name of an array, which is kept in little-endian order."""
        if array.dtype.kind not in "biufU" or array.dtype.itemsize == 0:
            raise cannot(array, where)
        place = array.__array_interface__["data"][0]
        key = place, array.shape, array.strides, array.dtype.str
        if key not in self._names:
            self._names[key] = name = f"a{len(self.arrays)}"
            little_endian = array.dtype.newbyteorder("<")
            self.arrays[name] = array.astype(little_endian, copy=False)
            self._alive.append(array)
        return self._names[key]


class Reader:
    """Makes values of what a `Writer` wrote, or of a forgery, which is refused.

    Parameters
    ----------
    array : callable
        ``array(name)`` returns an array beside the header.

    Attributes
    ----------
    used : set of str
        Names of the arrays that were asked for.
    """

    def __init__(self, array: Callable[[str], Array]) -> None:
        self._read = array
        self._arrays: dict[str, Array] = {}
        self.used: set[str] = set()

    def value(self, given: Any, where: str, level: int = 0) -> Any:
        """Return a value, or raise ValueError if it cannot have been written."""
        if level > MOST_LEVELS:
            raise ValueError(f"{where} has too many levels")
        if given is None or isinstance(given, (bool, str)):
            return given
        if isinstance(given, int):
            if given.bit_length() > MOST_BITS:
                raise ValueError(f"{where} is too large a number")
            return given
        if isinstance(given, float):
            if not math.isfinite(given):
                raise ValueError(f"{where} is too large a number")
            return given
        if isinstance(given, list):
            return self._values(given, where, level)
        return self._tagged(given, where, level)

    def _values(self, given: Any, where: str, level: int) -> list[Any]:
        if not isinstance(given, list):
            raise ValueError(f"{where} is no list")
        return [
            self.value(part, f"{where}[{n}]", level + 1) for n, part in enumerate(given)
        ]

    def _tagged(self, given: dict[str, Any], where: str, level: int) -> Any:
        tag = TAGS.get(frozenset(given))
        if tag is None:
            raise ValueError(f"{where} has the unknown keys {sorted(given)}"[:200])
        return getattr(self, f"_{tag}")(given, where, level)

    def _array(self, given: Any, where: str, level: int) -> Array:
        return self._named(given["array"], where)

    def _named(self, name: Any, where: str) -> Array:
        if not isinstance(name, str):
            raise ValueError(f"{where} names no array")
        if name not in self._arrays:
            array = self._read(name)
            native = array.dtype.newbyteorder("=")
            self._arrays[name] = np.asarray(array, native, order="C")
            self.used.add(name)
        return self._arrays[name]

    def _scalar(self, given: Any, where: str, level: int) -> Any:
        name, value = given["scalar"], self.value(given["value"], where, level + 1)
        if name not in SCALARS or not isinstance(value, (bool, int, float)):
            raise ValueError(f"{where} is no number")
        if isinstance(value, int) and value.bit_length() > 64:
            raise ValueError(f"{where} is too large a number")
        with np.errstate(all="ignore"):
            return np.array(value).astype(name)[()]

    def _objects(self, given: Any, where: str, level: int) -> Array:
        strings = strings_of(self._named(given["objects"], where))
        array = np.empty(len(strings), object)
        array[:] = strings
        return array

    def _strings(self, given: Any, where: str, level: int) -> Any:
        strings = strings_of(self._named(given["strings"], where))
        return tuple(strings) if given["tuple"] is True else strings

    def _floats(self, given: Any, where: str, level: int) -> Any:
        array = self._named(given["floats"], where)
        if array.ndim != 1 or array.dtype != np.float64:
            raise ValueError(f"{where} are no numbers")
        return tuple(array.tolist()) if given["tuple"] is True else array.tolist()

    def _float(self, given: Any, where: str, level: int) -> float:
        if given["float"] not in ("inf", "-inf", "nan"):
            raise ValueError(f"{where} is no number")
        return float(given["float"])

    def _tuple(self, given: Any, where: str, level: int) -> tuple[Any, ...]:
        return tuple(self._values(given["tuple"], where, level))

    def _dict(self, given: Any, where: str, level: int) -> dict[Any, Any]:
        pairs = self._values(given["dict"], where, level)
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            raise ValueError(f"{where} are no pairs")
        if not all(key is None or isinstance(key, LABELS) for key, _ in pairs):
            raise ValueError(f"{where} has keys that are no labels")
        return dict(pairs)

    def _type(self, given: Any, where: str, level: int) -> Any:
        name = given["type"]
        if not isinstance(name, str) or name not in TYPES:
            raise ValueError(f"{where} is no type of numbers")
        return np.dtype(TYPES[name]) if given["dtype"] is True else TYPES[name]

    def _estimator(self, given: Any, where: str, level: int) -> Any:
        name, state = given["estimator"], given["state"]
        if not isinstance(name, str) or not isinstance(state, dict):
            raise ValueError(f"{where} is no estimator")
        return restored(
            name, {k: self.value(v, k, level + 1) for k, v in state.items()}
        )

    def _kind(self, given: Any, where: str, level: int) -> Any:
        name, fields = given["kind"], given["fields"]
        if not isinstance(name, str) or name not in KINDS:
            raise ValueError(f"{where} is of the unknown kind {str(name)[:80]!r}")
        if not isinstance(fields, dict):
            raise ValueError(f"{where} has no fields")
        parts = {k: self.value(v, f"{where}.{k}", level + 1) for k, v in fields.items()}
        return made(KINDS[name], parts, where)


# What a tagged value is, by its keys.
TAGS = {
    **{frozenset({tag}): tag for tag in ("array", "objects", "float", "tuple", "dict")},
    **{frozenset({tag, "tuple"}): tag for tag in ("strings", "floats")},
    frozenset({"scalar", "value"}): "scalar",
    frozenset({"type", "dtype"}): "type",
    frozenset({"kind", "fields"}): "kind",
    frozenset({"estimator", "state"}): "estimator",
}
