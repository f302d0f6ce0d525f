"""The old name of `skset.model` and `skset.training`; deprecated, to go in 1.0."""

import warnings
from typing import Any

from skset import model, strategies, training

# Names that have changed. Strategies saw `Signals`; now they see a `Context`.
RENAMED = {"Signals": (strategies, "Context")}


def __getattr__(name: str) -> Any:
    rooms = [(room, name) for room in (model, training) if name in room.__all__]
    if name not in RENAMED and not rooms:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room, today = RENAMED.get(name) or rooms[0]
    warnings.warn(
        f"skset.network is deprecated: import {today} from {room.__name__}.",
        FutureWarning,
        stacklevel=2,
    )
    return getattr(room, today)


def __dir__() -> list[str]:
    return sorted({*globals(), *model.__all__, *training.__all__})
