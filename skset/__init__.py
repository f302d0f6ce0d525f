"""skset: truly sparse neural networks for scikit-learn."""

from skset._show_versions import show_versions
from skset._version import __version__
from skset.estimators import QuickSelection, SETClassifier, SETRegressor

__all__ = [
    "QuickSelection",
    "SETClassifier",
    "SETRegressor",
    "__version__",
    "show_versions",
]
