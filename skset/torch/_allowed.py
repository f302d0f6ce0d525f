"""What a parameter may be: checks, and their form in the documentation."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from textwrap import indent
from typing import Any, NamedTuple

import torch

__all__ = [
    "Parameter",
    "among",
    "any_of",
    "are_sizes",
    "entries",
    "flag",
    "is_device",
    "is_image_shape",
    "number",
    "one_of",
    "strategy",
    "whole",
]

Check = Callable[[Any], bool]


class Parameter(NamedTuple):
    """A parameter: its allowed values in numpydoc's form, its text, and its check."""

    type: str
    text: str
    allows: Check


def number(low: float, high: float = math.inf, ends: str = "[]") -> Check:
    """Return a check for finite numbers in an interval; a bool is no number."""

    def allows(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        x = float(value)
        above = x >= low if ends[0] == "[" else x > low
        below = x <= high if ends[1] == "]" else x < high
        return above and below and math.isfinite(x)

    return allows


def whole(low: int) -> Check:
    """Return a check for whole numbers of at least `low`."""

    def allows(value: Any) -> bool:
        is_whole = isinstance(value, Integral) and not isinstance(value, bool)
        return is_whole and int(value) >= low

    return allows


def are_sizes(value: Any) -> bool:
    """Return whether a value is a sequence of whole numbers above 0, or one."""
    sequence = isinstance(value, Iterable) and not isinstance(value, (str, dict))
    return whole(1)(value) or (sequence and all(map(whole(1), value)))


def is_image_shape(value: Any) -> bool:
    """Return whether a value says how a row becomes an image."""
    if value is None or isinstance(value, str):
        return value in (None, "row")
    return isinstance(value, Sequence) and len(value) == 3 and are_sizes(value)


def is_device(value: Any) -> bool:
    """Return whether PyTorch knows such a device, or it is "auto"."""
    try:
        return value == "auto" or bool(torch.device(value))
    except (RuntimeError, TypeError):
        return False


def any_of(*checks: Check) -> Check:
    """Return a check that one of the checks must pass."""
    return lambda value: any(allows(value) for allows in checks)


def among(*values: Any) -> Check:
    """Return a check for some values; 1 is not True here."""
    return lambda value: any(value is v or repr(value) == repr(v) for v in values)


def one_of(names: Iterable[str], text: str, *others: Any) -> Parameter:
    """Return a parameter that is one of some names, or another value."""
    return Parameter(braced(names), text, among(*names, *others))


def strategy(names: Iterable[str], text: str) -> Parameter:
    """Return a parameter that is a strategy (a name or an object), or None."""
    allows = any_of(
        among(None, *names),
        lambda value: callable(value) and not isinstance(value, type),
    )
    return Parameter(f"{braced(names)} or callable", text, allows)


def flag(text: str) -> Parameter:
    """Return a parameter that is True or False."""
    return Parameter("bool", text, among(True, False))


def braced(names: Iterable[str]) -> str:
    """Return the names in numpydoc's form of a choice."""
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


def entries(cls: type, parameters: Mapping[str, Parameter]) -> str:
    """Return the entries of a class's parameters, in numpydoc's form."""
    return "\n".join(
        f"{name} : {parameters[name].type}, default={_literal(given.default)}\n"
        + indent(inspect.cleandoc(parameters[name].text), " " * 4)
        for name, given in inspect.signature(cls).parameters.items()
    )


def _literal(default: Any) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)
