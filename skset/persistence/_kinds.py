"""Kinds of objects that a file can hold: each is taken apart, and made of its parts.

What is not in `KINDS` can be neither written nor read. So no file can name a class or a
function of its own choice.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import ModuleType
from typing import Any

import numpy as np

from skset import model, strategies
from skset.estimators import STATE_CLASSES
from skset.model import Activation, Layer, Loss, Network
from skset.strategies import Context, Evolution, Method, Needs
from skset.topology import Topology
from skset.training import DensityGoal, LearningRate, RecentSteps, State

__all__ = ["KINDS", "Kind", "kind_of", "made"]

Parts = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A class whose objects can be in a file.

    Attributes
    ----------
    cls : type
        The class itself; its subclasses are other kinds.
    parts : callable
        Returns the parts of an object by name.
    make : callable
        Returns the object that has these parts. It may raise anything that wrong parts
        give rise to.
    """

    cls: type
    parts: Callable[[Any], Parts]
    make: Callable[[Parts], Any]

    @property
    def name(self) -> str:
        """Name in the file."""
        return self.cls.__name__


def kind_of(value: Any) -> Kind | None:
    """Return the kind of an object, or None."""
    kind = KINDS.get(type(value).__name__)
    return kind if kind is not None and kind.cls is type(value) else None


def made(kind: Kind, parts: dict[str, Any], where: str) -> Any:
    """Return an object of a kind, or raise ValueError if its parts do not fit."""
    try:
        return kind.make(parts)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as e:
        reason = " ".join(str(e).split())
        raise ValueError(f"{where} is no {kind.name}: {reason}") from e


def _dataclass_kind(cls: type) -> Kind:
    names = [field.name for field in fields(cls) if field.init]
    return Kind(
        cls,
        lambda value: {name: getattr(value, name) for name in names},
        lambda parts: cls(**parts),
    )


def _public(module: ModuleType, *bases: type) -> Iterable[type]:
    """Return the public dataclasses of a module that can have objects."""
    for name in module.__all__:
        thing = getattr(module, name)
        if (
            inspect.isclass(thing)
            and is_dataclass(thing)
            and not inspect.isabstract(thing)
            and (not bases or issubclass(thing, bases))
        ):
            yield thing


# Objects that are no dataclasses, or have more than their fields.


def _topology(parts: Parts) -> Topology:
    """Return a topology, checked, that takes its arrays over without a copy."""
    topology = object.__new__(Topology)
    topology.__setstate__(parts)
    return topology


def _rate_parts(rate: LearningRate) -> Parts:
    names = ("initial", "schedule", "power_t", "now")
    return {name: getattr(rate, name) for name in names}


def _rate(parts: Parts) -> LearningRate:
    now = float(parts.pop("now"))
    rate = LearningRate(**parts)
    rate.now = now
    return rate


def _recent_parts(recent: RecentSteps) -> Parts:
    steps = [list(step) for step in recent.steps]
    return {"decay": recent.decay, "steps": steps, "n_noted": recent.n_noted}


def _recent(parts: Parts) -> RecentSteps:
    recent = RecentSteps(parts["decay"])
    recent.steps.extend(parts["steps"])
    recent.n_noted = parts["n_noted"]
    return recent


def _generator_parts(generator: np.random.Generator) -> Parts:
    state: Mapping[str, Any] = generator.bit_generator.state
    if state["bit_generator"] != "PCG64":
        raise ValueError(f"a {state['bit_generator']} generator cannot be saved")
    return {**state["state"], **{k: state[k] for k in ("has_uint32", "uinteger")}}


def _generator(parts: Parts) -> np.random.Generator:
    generator = np.random.PCG64(0)
    inner = {name: parts.pop(name) for name in ("state", "inc")}
    state: Any = {"bit_generator": "PCG64", "state": inner, **parts}
    generator.state = state
    return np.random.Generator(generator)


def _legacy_parts(state: np.random.RandomState) -> Parts:
    found: Any = state.get_state(legacy=False)
    names = ("has_gauss", "gauss")
    return {**found["state"], **{name: found[name] for name in names}}


def _legacy(parts: Parts) -> np.random.RandomState:
    state = np.random.RandomState(0)
    key = np.asarray(parts["key"], np.uint32)
    numbers = int(parts["has_gauss"]), float(parts["gauss"])
    state.set_state(("MT19937", key, int(parts["pos"]), *numbers))
    return state


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *map(_dataclass_kind, _public(model, Activation, Loss)),
        *(
            _dataclass_kind(cls)
            for cls in _public(strategies)
            if cls not in (Context, Evolution, Method, Needs)
        ),
        *map(_dataclass_kind, (Layer, Network, State, *STATE_CLASSES)),
        Kind(Topology, Topology.__getstate__, _topology),
        Kind(DensityGoal, DensityGoal._asdict, lambda parts: DensityGoal(**parts)),
        Kind(LearningRate, _rate_parts, _rate),
        Kind(RecentSteps, _recent_parts, _recent),
        Kind(np.random.Generator, _generator_parts, _generator),
        Kind(np.random.RandomState, _legacy_parts, _legacy),
    )
}
