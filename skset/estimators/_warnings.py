"""`warn`: warnings that name the line of the user's program."""

import sys
import warnings

__all__ = ["warn"]

# Packages whose frames stand between a user's call and what warns.
OURS = ("skset", "sklearn")


def warn(message, category=UserWarning):
    """Warn at the nearest caller that is neither skset nor scikit-learn."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_ours(frame.f_back):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0] in OURS
