"""scikit-learn estimators."""

from skset.estimators._classifier import SETClassifier
from skset.estimators._rbm import SparseRBM
from skset.estimators._regressor import SETRegressor
from skset.estimators._selection import QuickSelection

__all__ = ["QuickSelection", "SETClassifier", "SETRegressor", "SparseRBM"]
