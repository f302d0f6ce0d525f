"""Fitted networks looked at: displays in scikit-learn's style, and reports.

matplotlib is imported when something is drawn (``pip install 'skset[plot]'``).
"""

__all__: list[str] = []
