"""The version of skset in pickles of estimators."""

import warnings
from collections.abc import Mapping
from typing import Any

from skset._version import __version__

__all__ = ["stamped", "unstamped"]


def stamped(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of an estimator with the version of skset."""
    return {**state, "_skset_version": __version__}


def unstamped(state: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the state without the version; warn if it is another one.

    `kind` is the name of the estimator's class.
    """
    state = dict(state)
    version = state.pop("_skset_version", None)
    if version != __version__:
        warnings.warn(
            f"This {kind} was pickled by skset {version} and is loaded by skset "
            f"{__version__}; it may not work.",
            UserWarning,
            stacklevel=3,
        )
    return state
