"""skset: truly sparse neural networks for scikit-learn."""

from skset._show_versions import show_versions
from skset._version import __version__
from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM

__all__ = [
    "QuickSelection",
    "SETClassifier",
    "SETRegressor",
    "SparseRBM",
    "__version__",
    "show_versions",
]
