"""scikit-learn estimators."""

from skset.estimators._classifier import SETClassifier
from skset.estimators._regressor import SETRegressor

__all__ = ["SETClassifier", "SETRegressor"]
