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


NO_COEF = "a network has no coef_"
OTHER_NUMBERS = "the expected values are those of another algorithm"
MORE_METHODS = "SETClassifier has the method that the test wants to be missing"
RANDOM = "mini-batches and topology are drawn anew for other rows or another seed"

DIFFERENCES: dict = {
    "sklearn.neural_network.tests.test_mlp": {
        **because(
            "sets weights before a fit, and calls the private _fit_stochastic",
            "not fitted yet",
            "test_fit",
        ),
        **because(
            "uses the private _loss_grad_lbfgs",
            "no attribute '_loss_grad_lbfgs'",
            "test_gradient",
        ),
        **because(
            "from its first weights the linear network converges in 10 evaluations",
            "DID NOT WARN",
            "test_lbfgs_regression_maxfun[X0-y0]",
            "test_lbfgs_classification_maxfun[X1-y1]",
        ),
        **because(
            "logarithms of probabilities tell apart what rounds to 1",
            "Arrays are not equal",
            "test_predict_proba_multilabel",
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
            "values too large for this network",
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
    "sklearn.callback.tests.test_pickle": because(
        "a process of its own cannot import the stand-in",
        "AssertionError",
        "test_callbacks_refit_after_load_in_fresh_process",
    ),
    "sklearn.ensemble.tests.test_bagging": {
        **because(
            RANDOM,
            "AssertionError",
            "test_bootstrap_samples",
            "test_single_estimator",
        ),
        **because(MORE_METHODS, "AssertionError", "test_error"),
        **because(
            "the default estimator is scikit-learn's own",
            "AssertionError",
            "test_estimator",
        ),
    },
    "sklearn.ensemble.tests.test_stacking": {
        **because(NO_COEF, "no attribute 'coef_'", "test_stacking_cv_influence"),
        **because(
            MORE_METHODS,
            "DID NOT RAISE",
            "test_stacking_final_estimator_attribute_error",
        ),
    },
    "sklearn.ensemble.tests.test_voting": because(
        OTHER_NUMBERS,
        "AssertionError",
        "test_set_estimator_drop",
        "test_tie_situation",
    ),
    "sklearn.ensemble.tests.test_weight_boosting": because(
        RANDOM, "AssertionError", "test_adaboostregressor_sample_weight"
    ),
    "sklearn.feature_selection.tests.test_from_model": {
        **because(MORE_METHODS, "AssertionError", "test_partial_fit"),
        **because(NO_COEF, "no attribute 'coef_'", "test_prefit"),
        **because(
            MORE_METHODS,
            "requires y to be passed",
            "test_from_model_estimator_attribute_error",
        ),
    },
    "sklearn.model_selection.tests.test_search": {
        **because(
            RANDOM, "values are not equal", "test_search_cv_sample_weight_equivalence"
        ),
        **because(
            "C has no effect on a network: all candidates are equal",
            "AssertionError",
            "test_refit_callable",
        ),
    },
    "sklearn.tests.test_calibration": {
        **because(
            "the default estimator is scikit-learn's own",
            "AssertionError",
            "test_calibration_default_estimator",
        ),
        **because(
            NO_COEF,
            "no attribute 'coef_'",
            "test_calibrated_classifier_cv_double_sample_weights_equivalence",
        ),
        **because(
            "holds for logistic regression at its optimum, not for a network",
            "Not equal to tolerance",
            "test_temperature_scaling[False-2]",
            "test_temperature_scaling[False-3]",
            "test_temperature_scaling[False-5]",
        ),
    },
    "sklearn.tests.test_metadata_routing": because(
        "the weights of the test are not one for each sample",
        "sample_weight.shape",
        "test_nested_routing",
    ),
    "sklearn.tests.test_multiclass": {
        **because(RANDOM, "AssertionError", "test_ovr_fit_predict"),
        **because(
            "calls have the units of the first one, a fit those of all rows",
            "AssertionError",
            "test_ovr_partial_fit",
        ),
        **because(OTHER_NUMBERS, "AssertionError", "test_ovo_ties", "test_ovo_ties2"),
        **because(
            MORE_METHODS,
            "classes must be passed on the first call",
            "test_multiclass_estimator_attribute_error",
        ),
    },
    "sklearn.tests.test_multioutput": {
        **because(
            "networks of their own are as good as a chain of them here",
            "AssertionError",
            "test_classifier_chain_vs_independent_models",
        ),
        **because(
            "threads run here in place of processes, and share the estimators",
            "AssertionError",
            "test_multi_output_classification_partial_fit_parallelism",
        ),
        **because(
            MORE_METHODS, "AssertionError", "test_hasattr_multi_output_predict_proba"
        ),
        **because(MORE_METHODS, "DID NOT RAISE", "test_multi_output_predict_proba"),
        **because(
            OTHER_NUMBERS,
            "Arrays are not almost equal",
            "test_multiclass_multioutput_estimator_predict_proba",
        ),
        **because(
            NO_COEF,
            "no attribute 'coef_'",
            "test_base_chain_random_order",
            "test_classifier_chain_fit_and_predict",
            "test_regressor_chain_fit_and_predict",
        ),
        **because(
            "SETClassifier takes multilabel, not multiclass-multioutput targets",
            "got multiclass-multioutput",
            "test_multi_output_classes_[estimator0]",
        ),
    },
}

# Tests and cases that are not run at all, although they use a stand-in.
LEFT_OUT: dict = {
    "sklearn.callback.tests.test_scoring_monitor": {
        "test_logged_values_meta_estimator": "slow; test_logged_values asks the same",
    },
    "sklearn.ensemble.tests.test_bagging": {
        "test_oob_score_classification": "slow: trains 100 networks",
        "test_oob_score_regression": "slow; compares accuracies of short fits",
        "test_regression": "slow: trains 60 networks",
    },
    "sklearn.inspection.tests.test_partial_dependence": {
        "test_partial_dependence_feature_type": "slow; ..._dataframe asks the same",
        "test_kind_average_and_average_of_individual": "slow: 100 predictions a row",
        "test_partial_dependence_equivalence_equal_sample_weight": "slow, as above",
        "test_partial_dependence_kind_individual_ignores_sample_weight": "as above",
    },
    "sklearn.model_selection.tests.test_search": {
        "test_search_cv_timing": "how long a fit takes must not decide a test",
    },
    "sklearn.model_selection.tests.test_validation": {
        "test_cross_val_predict": "slow: digits; the other methods are tested",
        "test_gridsearchcv_cross_val_predict_with_method": "slow: grid searches",
    },
    "sklearn.tests.test_calibration": {
        "test_calibration_multiclass": "slow; compares accuracies of short fits",
        "test_calibrated_classifier_cv_works_with_large_confidence_scores": "slow",
    },
    "sklearn.tests.test_metaestimators_metadata_routing": {
        "[BaggingClassifier]": "slow: ten networks; test_bagging has its own tests",
        "[BaggingRegressor]": "slow: ten networks; test_bagging has its own tests",
        "[LogisticRegressionCV]": "slow, and has no estimator to exchange",
        "[RANSACRegressor]": "slow: draws many subsets",
        "[TunedThresholdClassifierCV]": "slow, and its labels are pure noise",
    },
}
