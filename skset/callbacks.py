"""Callbacks for `fit`, in scikit-learn's protocol (1.9 and later)."""

from skset.inspection import TopologyLog
from skset.persistence import Checkpoint

__all__ = ["Checkpoint", "TopologyLog"]
