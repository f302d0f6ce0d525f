"""skset's estimators in the clothes of scikit-learn's."""

import functools
import inspect
import itertools

import numpy as np
from sklearn import ensemble, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.datasets import make_regression
from sklearn.tests.metadata_routing_common import record_metadata_not_default as record

from skset import SETClassifier, SETRegressor, SparseRBM

__all__ = ["named"]


def stand_in(name, *bases, translate=None, ignored=(), **defaults):
    """Return a subclass with another name and other defaults.

    Parameters
    ----------
    name : str
        Name of the class.
    *bases : class
        Its bases, the last of which is the estimator of skset.
    translate : callable, default=None
        Changes the dict of parameters that the constructor is given, in place.
    ignored : iterable of str, default=()
        Parameters that the original has and skset has not.
    **defaults : object
        Defaults that differ from those of skset.
    """
    Base = bases[-1]
    parameters = [
        inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        for each in ignored
    ] + [
        parameter.replace(
            default=defaults.get(parameter.name, parameter.default),
            kind=inspect.Parameter.KEYWORD_ONLY,
        )
        for parameter in inspect.signature(Base).parameters.values()
    ]
    signature = inspect.Signature(parameters)

    def __init__(self, *args, **kwargs):  # noqa: N807
        given = signature.bind(*args, **kwargs)
        if translate:
            translate(given.arguments)
        given.apply_defaults()
        vars(self).update(given.arguments)

    self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    __init__.__signature__ = inspect.Signature([self, *parameters])
    constraints = Base._parameter_constraints
    body = {
        "__init__": __init__,
        "__module__": __name__,
        "_parameter_constraints": {
            **constraints,
            **dict.fromkeys(ignored, "no_validation"),
        },
    }
    return type(name, bases, body)


class FewBatches:
    """Makes "auto" one batch of so many samples, where skset's would be smaller."""

    def _batch_size(self, n_samples):
        auto = self.batch_size == "auto"
        return min(self.largest_batch if auto else self.batch_size, n_samples)


class LikeMLP(FewBatches):
    """Shows dense weights, and counts stalled epochs."""

    largest_batch = 200

    @property
    def coefs_(self):
        return [W.toarray() for W in super().coefs_]

    @property
    def _no_improvement_count(self):
        best, count = np.inf, 0
        for loss in self.loss_curve_:
            count = count + 1 if loss > best - self.tol else 0
            best = min(best, loss)
        return count


class LikeRBM:
    """Shows dense weights."""

    @property
    def components_(self):
        return super().components_.toarray()


# What makes a network dense and keeps it so.
DENSE = {
    "density": 1.0,
    "method": "static",
    "final_drop": False,
    "random_state": 0,
}


def without_lbfgs(given):
    """Train by Adam, with longer steps, what was to be trained by L-BFGS."""
    if given.get("solver") == "lbfgs":
        given.update(solver="adam", learning_rate="cosine", learning_rate_init=0.01)
        given.update(batch_size=10, n_iter_no_change=np.inf)


MLPClassifier, MLPRegressor = (
    stand_in(
        name,
        LikeMLP,
        Base,
        translate=without_lbfgs,
        ignored=["max_fun"],
        **DENSE,
        weight_init="glorot",
        hidden_layer_sizes=(100,),
        alpha=1e-4,
        learning_rate="constant",
        max_iter=200,
        scoring=None,
    )
    for name, Base in [("MLPClassifier", SETClassifier), ("MLPRegressor", SETRegressor)]
)
BernoulliRBM = stand_in(
    "BernoulliRBM",
    LikeRBM,
    SparseRBM,
    **DENSE,
    learning_rate_schedule="constant",
    momentum=0.0,
    alpha=0.0,
    persistent=True,
    batch_size=10,
    n_iter=10,
)


class Small(FewBatches):
    """Any classifier or regressor, where the test does not mind which."""

    largest_batch = 50


SMALL = {
    "hidden_layer_sizes": (8,),
    "learning_rate_init": 0.1,
    "max_iter": 15,
    "random_state": 0,
}
CLASSIFIERS = [
    *(ensemble.GradientBoostingClassifier, ensemble.RandomForestClassifier),
    *(linear_model.LogisticRegression, linear_model.Perceptron),
    *(linear_model.SGDClassifier, naive_bayes.GaussianNB, naive_bayes.MultinomialNB),
    *(neighbors.KNeighborsClassifier, svm.LinearSVC, svm.SVC),
    tree.DecisionTreeClassifier,
]
REGRESSORS = [
    *(ensemble.RandomForestRegressor, linear_model.ElasticNet, linear_model.Lasso),
    *(linear_model.LinearRegression, linear_model.Ridge, linear_model.SGDRegressor),
    *(neighbors.KNeighborsRegressor, svm.SVR, tree.DecisionTreeRegressor),
]


def without_foreign_values(given):
    """Leave out values that mean something else; train no longer than is needed."""
    foreign = {
        "solver": {"sgd", "adam"},
        "learning_rate": {"constant", "invscaling", "adaptive", "cosine"},
        "loss": {"squared_error", "poisson"},
    }
    for name, known in foreign.items():
        if given.get(name) not in known:
            given.pop(name, None)
    if given.get("tol", 0) is None:
        del given["tol"]
    if "max_iter" in given:
        given["max_iter"] = min(given["max_iter"], SMALL["max_iter"])


def small(Original, Base):
    """Return a small network that takes the parameters of another estimator."""
    ours = inspect.signature(Base).parameters.keys()
    return stand_in(
        Original.__name__,
        Small,
        Base,
        translate=without_foreign_values,
        ignored=[
            name for name in inspect.signature(Original).parameters if name not in ours
        ],
        **SMALL,
    )


globals().update(
    {
        Original.__name__: small(Original, Base)
        for Base, originals in [
            (SETClassifier, CLASSIFIERS),
            (SETRegressor, REGRESSORS),
        ]
        for Original in originals
    }
)


class LikeMaxIterEstimator:
    """Trains on data of its own where it is given none, and counts iterations."""

    def fit(self, X=None, y=None, sample_weight=None):
        if X is None:
            X, y = make_regression(100, 2, random_state=0)
        return super().fit(X, y, sample_weight)

    def _init_callback_context(self, **kwargs):
        context = super()._init_callback_context(**kwargs)
        numbered = functools.partial(_numbered, context.subcontext, itertools.count())
        context.subcontext = numbered
        return context


def _numbered(subcontext, numbers, task_name):
    return subcontext(task_name=f"iteration {next(numbers)}")


# A shorter fit is the beginning of a longer one.
MaxIterEstimator = stand_in(
    "MaxIterEstimator",
    LikeMaxIterEstimator,
    SETRegressor,
    ignored=["computation_intensity"],
    **{**DENSE, **SMALL, "learning_rate": "constant", "n_iter_no_change": np.inf},
)


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


ConsumingClassifier = stand_in(
    "ConsumingClassifier",
    ConsumesInClassification,
    SETClassifier,
    ignored=["registry"],
    **{**SMALL, "max_iter": 5},
)
ConsumingRegressor = stand_in(
    "ConsumingRegressor",
    ConsumesInRegression,
    SETRegressor,
    ignored=["registry"],
    **{**SMALL, "max_iter": 5},
)


def named(*names):
    """Return the stand-ins of the given names, by name."""
    return {name: globals()[name] for name in names}
