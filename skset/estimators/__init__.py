"""scikit-learn estimators.

`QuickSelection` and `StableSelection` are imported at their first use. They need
`sklearn.feature_selection`, which imports a large part of scikit-learn and takes as
long as all of skset.
"""

from importlib import import_module
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
from skset.estimators._mailbox import Mailbox
from skset.estimators._progress import Progress, Snapshot, fit_in_progress
from skset.estimators._rbm import SparseRBM
from skset.estimators._regressor import SETRegressor

if TYPE_CHECKING:
    from skset.estimators._feature_records import feature_records
    from skset.estimators._fit_blocks import fit_blocks
    from skset.estimators._resumed import resumed
    from skset.estimators._selection import QuickSelection
    from skset.estimators._stable_selection import StableSelection
    from skset.estimators._stored import ESTIMATORS, STATE_CLASSES, restored, stored

__all__ = [
    "ESTIMATORS",
    "STATE_CLASSES",
    "ClassifierParts",
    "ContinualSETClassifier",
    "MachineParts",
    "Mailbox",
    "Parts",
    "Progress",
    "QuickSelection",
    "RegressorParts",
    "SETClassifier",
    "SETRegressor",
    "SelectorParts",
    "Snapshot",
    "SparseRBM",
    "StableSelection",
    "feature_records",
    "fit_blocks",
    "fit_in_progress",
    "parts_of",
    "restored",
    "resumed",
    "stored",
]

# What is imported at its first use, and the module that has it.
LATE = {
    "QuickSelection": "_selection",
    "ESTIMATORS": "_stored",
    "STATE_CLASSES": "_stored",
    "feature_records": "_feature_records",
    "fit_blocks": "_fit_blocks",
    "StableSelection": "_stable_selection",
    "restored": "_stored",
    "resumed": "_resumed",
    "stored": "_stored",
}


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    thing = getattr(import_module(f"{__name__}.{LATE[name]}"), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
