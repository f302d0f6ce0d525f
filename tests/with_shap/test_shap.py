"""shap's explainers, on an estimator and on its MLP."""

import warnings

import numpy as np
import pytest
from estimators.cases import impatient, small
from sklearn.datasets import load_diabetes, load_iris

from skset.estimators import SETClassifier, SETRegressor

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # those of what shap imports
    import shap

pytestmark = [
    impatient,
    # Of the random numbers of shap, which are numpy's global ones.
    pytest.mark.filterwarnings("ignore:The NumPy global RNG:FutureWarning"),
]
N_SHOWN = 4


def of_classes():
    X, y = load_iris(return_X_y=True)
    model = small(SETClassifier, max_iter=20).fit(X, y)
    return model, X, "predict_proba"


def of_numbers():
    X, y = load_diabetes(return_X_y=True)
    model = small(SETRegressor, max_iter=20).fit(X[:, :4], y)
    return model, X[:, :4], "predict"


def permutations(answer, X):
    explainer = shap.explainers.Permutation(answer, X[:20], seed=0)
    return explainer(X[:N_SHOWN], silent=True)


def chosen(answer, X):
    """Return what shap's own choice of an explainer says."""
    return shap.Explainer(answer, X[:20], seed=0)(X[:N_SHOWN])


def kernel(answer, X):
    explainer = shap.KernelExplainer(answer, X[:20])
    return explainer(X[:N_SHOWN], silent=True)


@pytest.mark.parametrize("explained", [permutations, chosen, kernel])
@pytest.mark.parametrize("make", [of_classes, of_numbers])
def test_shares_add_up_to_the_prediction_for_both(make, explained):
    model, X, name = make()
    shares = []
    for answering in (model, model.to_mlp()):
        answer = getattr(answering, name)
        found = explained(answer, X)
        total = found.values.sum(axis=1) + found.base_values
        scale = np.abs(answer(X)).max()
        np.testing.assert_allclose(total, answer(X[:N_SHOWN]), atol=1e-4 * scale)
        shares.append(found.values / scale)
    np.testing.assert_allclose(*shares, atol=1e-4)


def test_the_column_that_decides_has_the_greatest_share():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4))
    model = small(SETClassifier, max_iter=30).fit(X, X[:, 2] > 0)
    shares = np.abs(permutations(model.to_mlp().predict_proba, X).values[..., 1])
    assert shares.mean(axis=0).argmax() == 2
