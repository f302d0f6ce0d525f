"""Fitted networks looked at: displays in scikit-learn's style, and reports.

matplotlib is imported when something is drawn (``pip install 'skset[plot]'``).
"""

from skset.inspection._ranked_features import ranked_features

__all__ = [
    "ranked_features",
]
