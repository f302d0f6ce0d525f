"""Fitted networks looked at: displays in scikit-learn's style, and reports.

matplotlib is imported when something is drawn (``pip install 'skset[plot]'``).
"""

from skset.inspection._connectivity_display import ConnectivityDisplay
from skset.inspection._degree_fits import DegreeFits, Rival, fit_degrees
from skset.inspection._feature_importance import FeatureImportanceDisplay
from skset.inspection._filters import FiltersDisplay
from skset.inspection._learning_curve import LearningCurveDisplay
from skset.inspection._logged_run import LoggedRun
from skset.inspection._network_display import NetworkDisplay
from skset.inspection._networkx_graph import to_networkx
from skset.inspection._ranked_features import ranked_features
from skset.inspection._reconstruction import ReconstructionDisplay
from skset.inspection._selection_stability import SelectionStabilityDisplay
from skset.inspection._topology_display import TopologyDisplay
from skset.inspection._topology_distance import topology_distance
from skset.inspection._topology_log import TopologyLog
from skset.inspection._topology_report import topology_report

__all__ = [
    "ConnectivityDisplay",
    "DegreeFits",
    "FeatureImportanceDisplay",
    "FiltersDisplay",
    "LearningCurveDisplay",
    "LoggedRun",
    "NetworkDisplay",
    "ReconstructionDisplay",
    "Rival",
    "SelectionStabilityDisplay",
    "TopologyDisplay",
    "TopologyLog",
    "fit_degrees",
    "ranked_features",
    "to_networkx",
    "topology_distance",
    "topology_report",
]
