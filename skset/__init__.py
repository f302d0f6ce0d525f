"""skset: truly sparse neural networks for scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skset._show_versions import show_versions
from skset._version import __version__
from skset.estimators import (
    ContinualSETClassifier,
    SETClassifier,
    SETRegressor,
    SparseRBM,
)

if TYPE_CHECKING:
    from skset.estimators import QuickSelection, StableSelection, fit_blocks
    from skset.persistence import load, resume, save

__all__ = [
    "ContinualSETClassifier",
    "QuickSelection",
    "SETClassifier",
    "SETRegressor",
    "SparseRBM",
    "StableSelection",
    "__version__",
    "fit_blocks",
    "load",
    "resume",
    "save",
    "show_versions",
]

# What is imported at its first use, and the package that has it.
LATE = {
    "QuickSelection": "skset.estimators",
    "StableSelection": "skset.estimators",
    "fit_blocks": "skset.estimators",
    "load": "skset.persistence",
    "resume": "skset.persistence",
    "save": "skset.persistence",
}


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(LATE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
