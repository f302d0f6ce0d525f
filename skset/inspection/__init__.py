"""Fitted networks looked at: displays in scikit-learn's style, and reports.

matplotlib is imported when something is drawn (``pip install 'skset[plot]'``).
"""

from skset.inspection._connectivity_display import ConnectivityDisplay
from skset.inspection._degree_fits import DegreeFits, Rival, fit_degrees
from skset.inspection._graph import to_networkx
from skset.inspection._network_display import NetworkDisplay
from skset.inspection._topology_display import TopologyDisplay
from skset.inspection._topology_distance import topology_distance
from skset.inspection._topology_report import topology_report

__all__ = [
    "ConnectivityDisplay",
    "DegreeFits",
    "NetworkDisplay",
    "Rival",
    "TopologyDisplay",
    "fit_degrees",
    "to_networkx",
    "topology_distance",
    "topology_report",
]
