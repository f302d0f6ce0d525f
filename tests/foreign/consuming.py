"""Methods that take metadata, and record it, as the tests of routing ask for."""

import numpy as np

__all__ = ["ConsumesInClassification", "ConsumesInRegression"]


class Consuming:
    """Records what metadata it is given; uses the sample weights among them."""

    def fit(self, X, y, sample_weight="default", metadata="default"):
        self._note(sample_weight, metadata)
        return super().fit(X, y, given(sample_weight))

    def score(self, X, y, sample_weight="default", metadata="default"):
        record(self, sample_weight=sample_weight, metadata=metadata)
        return super().score(X, y, given(sample_weight))

    def _note(self, sample_weight, metadata):
        if self.registry is not None:
            self.registry.append(self)
        record(self, sample_weight=sample_weight, metadata=metadata)


def record(estimator, **metadata):
    """Let scikit-learn's tests know which metadata a method was given."""
    from sklearn.tests.metadata_routing_common import record_metadata_not_default

    record_metadata_not_default(estimator, **metadata)


def given(metadata):
    """Return the metadata, or None if the caller has not set any."""
    return None if isinstance(metadata, str) and metadata == "default" else metadata


class ConsumesInRegression(Consuming):
    """A regressor whose methods take metadata."""

    def partial_fit(self, X, y, sample_weight="default", metadata="default"):
        self._note(sample_weight, metadata)
        return super().partial_fit(X, y, given(sample_weight))

    def predict(self, X, y=None, sample_weight="default", metadata="default"):
        record(self, sample_weight=sample_weight, metadata=metadata)
        return super().predict(X)


class ConsumesInClassification(Consuming):
    """A classifier whose methods take metadata."""

    def partial_fit(
        self, X, y, classes=None, sample_weight="default", metadata="default"
    ):
        self._note(sample_weight, metadata)
        return super().partial_fit(X, y, given(sample_weight), classes)

    def predict(self, X, sample_weight="default", metadata="default"):
        record(self, sample_weight=sample_weight, metadata=metadata)
        return super().predict(X)

    def predict_proba(self, X, sample_weight="default", metadata="default"):
        record(self, sample_weight=sample_weight, metadata=metadata)
        return np.exp(super().predict_log_proba(X))

    def predict_log_proba(self, X, sample_weight="default", metadata="default"):
        record(self, sample_weight=sample_weight, metadata=metadata)
        return super().predict_log_proba(X)

    def decision_function(self, X, sample_weight="default", metadata="default"):
        record(self, sample_weight=sample_weight, metadata=metadata)
        return super().decision_function(X)
