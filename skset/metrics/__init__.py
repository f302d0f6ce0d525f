"""Measures of what skset's estimators give."""

from skset.metrics.stability import selection_stability

__all__ = ["selection_stability"]
