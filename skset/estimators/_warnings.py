"""`warn`: warnings that name the line of the user's program."""

import sys
import warnings
from types import FrameType

__all__ = ["INTERRUPTED", "warn"]

INTERRUPTED = "Training interrupted by user."

# Packages whose frames are between a user's call and the warning.
BETWEEN = ("skset", "sklearn", "joblib")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest caller that is not in one of these packages."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame) in BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
