"""The old name of `skset.model` and `skset.training`; deprecated, to go in 1.0."""

import warnings

from skset import model, training


def __getattr__(name):
    for room in (model, training):
        if name in room.__all__:
            warnings.warn(
                f"skset.network is deprecated: import {name} from {room.__name__}.",
                FutureWarning,
                stacklevel=2,
            )
            return getattr(room, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *model.__all__, *training.__all__})
