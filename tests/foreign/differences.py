"""Tests of scikit-learn that fail with skset's estimators, and why: the one table.

An entry is for one test, or for all cases of a parametrized one. Each test must fail,
and the error must have the given words in its type and message. A test that passes, or
fails in another way, is a failure, and so is an entry for a test that does not exist.
"""

from typing import NamedTuple

__all__ = ["DIFFERENCES", "LEFT_OUT", "VERSION"]

VERSION = "1.9"


class Difference(NamedTuple):
    """Why a test fails, and a part of what it fails with."""

    reason: str
    error: str


def because(reason, error, *tests):
    """Return the entries of tests that fail for the same reason."""
    return dict.fromkeys(tests, Difference(reason, error))


NO_LBFGS = "skset has no L-BFGS; the stand-in trains by Adam instead"
NO_COEF = "a network has no coef_"
OTHER_NUMBERS = "the expected values are those of another algorithm"
MORE_METHODS = "SETClassifier has the method that the test wants to be missing"
RANDOM = "mini-batches and topology are drawn anew for other rows or another seed"

DIFFERENCES: dict = {
    "sklearn.neural_network.tests.test_mlp": {
        **because(
            "weights cannot be set through coefs_; tests/network has a worked example",
            "property 'coefs_'",
            "test_fit",
        ),
        **because(NO_LBFGS, "no attribute '_loss_grad_lbfgs'", "test_gradient"),
        **because(
            NO_LBFGS,
            "DID NOT WARN",
            "test_lbfgs_classification_maxfun",
            "test_lbfgs_regression_maxfun",
            "test_mlp_warm_start_no_convergence[lbfgs-MLPClassifier]",
            "test_mlp_warm_start_no_convergence[lbfgs-MLPRegressor]",
        ),
        **because(NO_LBFGS, "AssertionError", "test_partial_fit_errors"),
        **because(
            "Adam does not come as close to the optimum as L-BFGS",
            "Not equal to tolerance rtol=0.0001",
            "test_mlp_vs_poisson_glm_equivalent",
        ),
        **because(
            "looks at the private _optimizer for the learning rate",
            "no attribute '_optimizer'",
            "test_adaptive_learning_rate",
            "test_learning_rate_warmstart",
        ),
        **because(
            "X that overflows float32 is refused before training",
            "too large for dtype('float32')",
            "test_nonfinite_params",
        ),
        **because(
            "a line of verbose begins with Epoch, not Iteration",
            "AssertionError",
            "test_verbose_sgd",
        ),
        **because(
            "another message, which names the classes that differ",
            "`y` has classes not in",
            "test_warm_start",
        ),
        **because(
            "the message names the class as it is in y, not True",
            "too few members are: [1]",
            "test_early_stopping_stratified",
        ),
        **because(
            "float32 unless dtype=np.float64 is asked for",
            "AssertionError",
            "test_mlp_param_dtypes[MLPClassifier-float64]",
            "test_mlp_param_dtypes[MLPRegressor-float64]",
        ),
        **because(
            "a training that diverges raises an error",
            "Training produced non-finite weights",
            "test_mlp_diverging_loss",
        ),
        **because(
            "another message: a validation score that is NaN is what is refused",
            "scoring",
            "test_minimum_input_sample_size",
        ),
    },
    "sklearn.neural_network.tests.test_rbm": {
        **because(
            "the score is the exact pseudo-likelihood, not an estimate above it: "
            "-23.6, where BernoulliRBM's machine has -23.9",
            "DESIRED: -21.0",
            "test_partial_fit",
        ),
        **because(
            "uses the private _mean_hiddens",
            "no attribute '_mean_hiddens'",
            "test_sample_hiddens",
            "test_transform",
        ),
        **because(OTHER_NUMBERS, "Arrays are not almost equal", "test_fit_gibbs"),
        **because(
            "values outside [0, 1] are refused",
            "takes values in [0, 1]",
            "test_score_samples",
        ),
        **because(
            "a line of verbose begins with Epoch, not [BernoulliRBM] Iteration",
            "AssertionError",
            "test_sparse_and_verbose",
        ),
        **because(
            "the chains are not shown as h_samples_",
            "no attribute 'h_samples_'",
            "test_convergence_dtype_consistency",
        ),
    },
}

# Tests that are not run at all, although they use an estimator that has a stand-in.
LEFT_OUT: dict = {
    "sklearn.ensemble.tests.test_bagging": {
        "test_oob_score_classification": "slow: trains 100 networks of many steps",
    },
}
