"""`Estimator`: a test that asks for it is run for the classifier and the regressor."""

import pytest
from estimators.cases import BOTH


@pytest.fixture(params=BOTH, ids=lambda Estimator: Estimator.__name__)
def Estimator(request):
    return request.param
