"""Measures of the results of skset's estimators."""

from skset.metrics.forgetting import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forward_transfer,
)
from skset.metrics.likelihood import (
    log_likelihood,
    log_partition_ais,
    log_partition_exact,
)
from skset.metrics.stability import selection_stability

__all__ = [
    "average_accuracy",
    "backward_transfer",
    "forgetting",
    "forward_transfer",
    "log_likelihood",
    "log_partition_ais",
    "log_partition_exact",
    "selection_stability",
]
