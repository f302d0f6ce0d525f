"""scikit-learn's own checks, those included that `check_estimator` leaves out.

`check_transformer_get_feature_names_out*` and `check_set_output*` are for transformers,
which neither of the two estimators is.
"""

import numpy as np
import pytest
from estimators.cases import BOTH, impatient
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skset.estimators import SETClassifier, SETRegressor

pytestmark = impatient

# Mini-batches see another order, and the topology other random numbers, if a row is
# there twice. test_sample_weight.py holds the equivalence where it can be exact.
RANDOM = "mini-batches and a random topology depend on the number of samples"
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": RANDOM,
    "check_sample_weight_equivalence_on_sparse_data": RANDOM,
}
# CTRE's growth compares activations over the whole training set: it needs a fit.
STREAMS = dict.fromkeys(
    [
        "check_fit_score_takes_y",
        "check_n_features_in_after_fitting",
        "check_estimators_partial_fit_n_features",
    ],
    "the check calls partial_fit, which has no training set to compare units over",
)


@parametrize_with_checks(
    [Estimator() for Estimator in BOTH],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_estimator_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


# Half dense, as there is nothing to drop from a full layer. In some checks that leaves
# one connection in a layer. Adam is shaken by the absurd class weights of one check.
@pytest.mark.filterwarnings("ignore:The network is so sparse:UserWarning")
@parametrize_with_checks(
    [
        SETClassifier(
            (30,), method="rigl", density=0.5, update_interval=10, max_iter=12
        ),
        SETClassifier((30,), method="granet", density=0.5, solver="sgd", max_iter=12),
        SETClassifier((30,), method="ctre", solver="sgd", max_iter=12),
        SETClassifier((30,), unit_pruning="strength", max_iter=12),
        SETRegressor((30,), method="gse", density=0.5, max_iter=12),
    ],
    expected_failed_checks=lambda estimator: (
        EXPECTED_FAILURES | (STREAMS if estimator.method == "ctre" else {})
    ),
)
def test_estimator_with_other_strategies_passes_them_too(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_dataframe_column_names_consistency,
        estimator_checks.check_param_validation,
        estimator_checks.check_inplace_ensure_writeable,
    ],
    ids=lambda check: check.__name__,
)
def test_estimator_passes_the_checks_that_must_be_called_by_name(Estimator, check):
    check(Estimator.__name__, Estimator(max_iter=3))


def overlapping(n_common, n_rare):
    """Return two clouds that overlap."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [n_common, n_rare])
    X = rng.standard_normal((y.size, 4))
    X[:, 0] += 1.5 * y
    return X, y


def test_balanced_class_weight_helps_the_rare_class():
    model = SETClassifier(hidden_layer_sizes=(20,), tol=1e-2, n_iter_no_change=3)
    train, test = overlapping(360, 40), overlapping(100, 100)
    estimator_checks.check_class_weight_balanced_classifiers(
        "SETClassifier", model, *train, *test, None
    )


def test_the_expected_failures_name_real_checks():
    assert {*EXPECTED_FAILURES, *STREAMS} <= set(vars(estimator_checks))
