"""Fixtures: the estimators that share tests, and threads that share every layer."""

import sys

import joblib
import pytest
from estimators.cases import BOTH


@pytest.fixture(params=BOTH, ids=lambda Estimator: Estimator.__name__)
def Estimator(request):
    """Run a test for the classifier and the regressor."""
    return request.param


@pytest.fixture
def threads_at_work(monkeypatch):
    """Have every layer shared; return what was shared with other threads."""
    shared = []
    team = sys.modules["skset.runtime.team"]
    post = team.Team._post

    def noted(self, call):
        shared.extend([call] * (call is not None))
        post(self, call)

    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    monkeypatch.setattr(team, "MIN_WORK", 0)
    monkeypatch.setattr(team.Gain, "together", True)
    monkeypatch.setattr(team.Team, "_post", noted)
    return shared
