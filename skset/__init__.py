"""skset: truly sparse neural networks for scikit-learn."""

from typing import TYPE_CHECKING, Any

from skset import estimators
from skset._show_versions import show_versions
from skset._version import __version__
from skset.estimators import (
    ContinualSETClassifier,
    SETClassifier,
    SETRegressor,
    SparseRBM,
)

if TYPE_CHECKING:
    from skset.estimators import QuickSelection

__all__ = [
    "ContinualSETClassifier",
    "QuickSelection",
    "SETClassifier",
    "SETRegressor",
    "SparseRBM",
    "__version__",
    "show_versions",
]


def __getattr__(name: str) -> Any:  # of what is imported at its first use
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(estimators, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
