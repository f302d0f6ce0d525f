"""scikit-learn estimators.

`QuickSelection` is imported at its first use. It needs `sklearn.feature_selection`,
which imports a large part of scikit-learn and takes as long as all of skset.
"""

from typing import TYPE_CHECKING, Any

from skset.estimators._classifier import SETClassifier
from skset.estimators._continual import ContinualSETClassifier
from skset.estimators._fitted_parts import (
    ClassifierParts,
    MachineParts,
    Parts,
    RegressorParts,
    SelectorParts,
    parts_of,
)
from skset.estimators._rbm import SparseRBM
from skset.estimators._regressor import SETRegressor

if TYPE_CHECKING:
    from skset.estimators._selection import QuickSelection

__all__ = [
    "ClassifierParts",
    "ContinualSETClassifier",
    "MachineParts",
    "Parts",
    "QuickSelection",
    "RegressorParts",
    "SETClassifier",
    "SETRegressor",
    "SelectorParts",
    "SparseRBM",
    "parts_of",
]


def __getattr__(name: str) -> Any:
    if name != "QuickSelection":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from skset.estimators._selection import QuickSelection

    globals()[name] = QuickSelection
    return QuickSelection


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
