"""scikit-learn's own checks of `SETConvClassifier`, on rows that are signals."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

pytest.importorskip("skorch")

from skset.torch import SETConvClassifier

RANDOM = "mini-batches and a random topology depend on the number of samples"
# Also of the difference of two logits near each other, which is what is compared.
ROUNDING = "PyTorch's convolutions of few images round otherwise than those of many"
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": RANDOM,
    "check_methods_subset_invariance": ROUNDING,
}


@parametrize_with_checks(
    [
        SETConvClassifier(
            (30,),
            channels=(8,),
            image_shape="row",
            density=0.5,
            batch_size=32,
            max_iter=10,
            learning_rate_init=0.01,
        )
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_estimator_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)
