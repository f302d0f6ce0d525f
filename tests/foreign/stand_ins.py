"""skset's estimators under the names, and with the parameters, of scikit-learn's."""

import functools
import inspect
import itertools

import numpy as np
from foreign.consuming import ConsumesInClassification, ConsumesInRegression
from sklearn import ensemble, linear_model, neighbors, svm, tree
from sklearn.datasets import make_regression

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
    constraints = dict.fromkeys(ignored, "no_validation") | Base._parameter_constraints
    body = {"__init__": __init__, "__module__": __name__}
    return type(name, bases, {**body, "_parameter_constraints": constraints})


class FewBatches:
    """Takes larger batches for batch_size="auto", and so fewer steps."""

    def _batch_size(self, p, n_samples, partial):
        if partial:
            return super()._batch_size(p, n_samples, partial)
        auto = p.batch_size == "auto"
        return min(self.largest_batch if auto else p.batch_size, n_samples)


class LikeMLP(FewBatches):
    """Shows dense weights, and counts stalled epochs."""

    largest_batch = 200

    @property
    def coefs_(self):
        return [W.toarray() for W in super().coefs_]

    @coefs_.setter
    def coefs_(self, coefs):
        SETClassifier.coefs_.fset(self, coefs)

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


MLPClassifier, MLPRegressor = (
    stand_in(
        name,
        LikeMLP,
        Base,
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
    "max_iter": 10,
    "random_state": 0,
}
CLASSIFIERS = [
    ensemble.RandomForestClassifier,
    *(linear_model.LogisticRegression, linear_model.Perceptron),
    *(linear_model.SGDClassifier, neighbors.KNeighborsClassifier),
    *(svm.LinearSVC, svm.SVC, tree.DecisionTreeClassifier),
]
REGRESSORS = [
    ensemble.RandomForestRegressor,
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


for Original in CLASSIFIERS:
    globals()[Original.__name__] = small(Original, SETClassifier)
for Original in REGRESSORS:
    globals()[Original.__name__] = small(Original, SETRegressor)


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
