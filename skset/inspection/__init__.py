"""Fitted networks looked at: displays in scikit-learn's style, and reports.

matplotlib is imported when something is drawn (``pip install 'skset[plot]'``).
"""

from skset.inspection._learning_curve import LearningCurveDisplay
from skset.inspection._logged_run import LoggedRun
from skset.inspection._topology_log import TopologyLog

__all__ = ["LearningCurveDisplay", "LoggedRun", "TopologyLog"]
