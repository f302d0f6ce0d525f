"""Docstrings and constraints, made of one table of parameters and attributes."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from textwrap import indent
from typing import Any, NamedTuple, TypeVar

import numpy as np

from skset.estimators._parameters import Strategy
from skset.estimators._sklearn import StrOptions

__all__ = [
    "Attribute",
    "Parameter",
    "Tables",
    "braced",
    "documented",
    "flag",
    "named",
    "one_of",
]

Class = TypeVar("Class", bound=type)
ENTRY, TEXT = " " * 4, " " * 8
# Smaller numbers are written with an exponent.
SMALL = 1e-3


@dataclass(frozen=True)
class Parameter:
    """A parameter of an estimator: its allowed values, and its description.

    Its default is only in the signature of the estimator.

    Attributes
    ----------
    kinds : list
        Allowed values, as in scikit-learn's `_parameter_constraints`.
    type : str
        The same in numpydoc's form.
    text : str
        The description, with any indentation.
    """

    kinds: list[Any]
    type: str
    text: str

    def described(self, text: str) -> "Parameter":
        """Return the same parameter with another text."""
        return replace(self, text=text)


class Attribute(NamedTuple):
    """An attribute of a fitted estimator: its type in numpydoc's form, and its text."""

    type: str
    text: str


def flag(text: str) -> Parameter:
    """Return a parameter that is True or False."""
    return Parameter(["boolean"], "bool", text)


def one_of(names: Iterable[str], text: str, *, optional: bool = False) -> Parameter:
    """Return a parameter that is one of some names, or None if it is optional."""
    none = [None] if optional else []
    return Parameter([*none, StrOptions(set(names))], braced(names), text)


def named(table: Mapping[str, Any], text: str, *methods: str) -> Parameter:
    """Return a parameter that is a strategy (a name or an object), or None.

    The object must be callable, and may need other methods too.
    """
    kinds = [None, StrOptions(set(table)), Strategy(["__call__", *methods])]
    return Parameter(kinds, f"{braced(table)} or callable", text)


def braced(names: Iterable[str]) -> str:
    """Return the names in numpydoc's form of a choice."""
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


class Tables(NamedTuple):
    """Documentation and constraints of a class of estimators.

    Attributes
    ----------
    parameters : dict of Parameter
        Every parameter of the constructor; others are allowed.
    attributes : dict of Attribute
        In the order of the docstring.
    references : tuple of str
        Papers, numbered from 1.
    """

    parameters: Mapping[str, Parameter]
    attributes: Mapping[str, Attribute]
    references: tuple[str, ...]


def documented(tables: Tables) -> Callable[[Class], Class]:
    """Return a class decorator that makes constraints and the docstring from tables.

    It sets `_parameter_constraints`, and fills in ``{parameters}``, ``{attributes}``
    and ``{references}`` in the docstring.
    """
    parameters, attributes, references = tables

    def decorate(cls: Class) -> Class:
        signature = inspect.signature(cls).parameters
        constraints = {name: parameters[name].kinds for name in signature}
        cls._parameter_constraints = constraints  # type: ignore[attr-defined]
        if cls.__doc__:  # None under python -OO
            entries = [
                _entry(name, f"{p.type}, default={_literal(given.default)}", p.text)
                for name, given in signature.items()
                for p in [parameters[name]]
            ]
            cls.__doc__ = cls.__doc__.format(
                parameters="".join(entries).strip(),
                attributes="".join(
                    _entry(name, *attribute) for name, attribute in attributes.items()
                ).strip(),
                references=_numbered(references),
            )
        return cls

    return decorate


def _entry(name: str, kind: str, text: str) -> str:
    return f"{ENTRY}{name} : {kind}\n{indent(inspect.cleandoc(text), TEXT)}\n"


def _numbered(references: Iterable[str]) -> str:
    entries = [
        f".. [{number}] {indent(inspect.cleandoc(text), ENTRY + ' ' * 3).strip()}"
        for number, text in enumerate(references, 1)
    ]
    return f"\n{ENTRY}".join(entries)


def _literal(default: Any) -> str:
    """Return a default as it is written in code."""
    if isinstance(default, type):
        return f"np.{default.__name__}"
    if isinstance(default, float) and 0 < default < SMALL:
        return np.format_float_scientific(default, trim="-", exp_digits=1)
    return f'"{default}"' if isinstance(default, str) else repr(default)
