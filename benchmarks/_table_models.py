"""The models of accuracy.py and regression.py, each a function of the seed.

"tuned" models choose from the grids below, within the training rows: linear models by
3-fold cross-validation, networks on one third of the rows, which takes a third of the
time. Of equally good values the first is taken, so a grid begins with the default.
"""

from functools import partial

import numpy as np
from scipy.sparse import issparse
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, ShuffleSplit, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skset import SETClassifier, SETRegressor

__all__ = [
    *["ANY", "SCALE_FREE", "SCALINGS", "SHORT", "TITLES"],
    *["classifiers", "regressors"],
]

# What skset's models get beyond their defaults, by the scaling that is done in front of
# them. This is the one place to turn scaling inside the estimators on and off.
SCALINGS = {"column": {}, "none": {}}

LOGISTIC_GRID = {"C": [1, 0.1, 10, 0.01, 100]}
# Batches of 200 are all rows of a small table: a step per epoch.
MLP_GRID = {"alpha": [1e-4, 1e-2, 1], "batch_size": ["auto", 32]}

# The names of the models in tables. "SET" is the model that others are compared with.
TITLES = {
    "SET": "SET",
    "static": "static",
    "logistic": "LogisticRegression",
    "logistic tuned": "LogisticRegression, tuned",
    "ridge": "RidgeCV",
    "MLP": "MLP",
    "MLP tuned": "MLP, tuned",
    "forest": "RandomForest",
    "extra trees": "ExtraTrees",
    "boosting": "HistGradientBoosting",
}
# As headings of columns, where long names would make a table too wide to read.
SHORT = {
    **TITLES,
    "logistic": "LR",
    "logistic tuned": "LR, tuned",
    "forest": "forest",
    "extra trees": "extra trees",
    "boosting": "boosting",
}
# Trees only order the values of a column. So they are run once, without scaling.
SCALE_FREE = ["forest", "extra trees", "boosting"]
ANY = "any"


def three_folds(seed):
    return StratifiedKFold(3, shuffle=True, random_state=seed)


def third(seed):
    """Return one split; a class of few rows may be missing on a side."""
    return ShuffleSplit(1, test_size=1 / 3, random_state=seed)


def classifiers(scaling):
    """Return what makes each classifier from a seed, by name."""
    ours = partial(SETClassifier, **SCALINGS[scaling])
    logistic = LogisticRegression(max_iter=1000)
    return {
        "SET": lambda seed: ours(random_state=seed),
        "static": lambda seed: ours(method="static", random_state=seed),
        "logistic": lambda seed: logistic,
        "logistic tuned": lambda seed: tuned(logistic, LOGISTIC_GRID, seed),
        "MLP": lambda seed: MLPClassifier(random_state=seed),
        "MLP tuned": lambda seed: tuned(
            MLPClassifier(random_state=seed), MLP_GRID, seed, third
        ),
        "forest": lambda seed: RandomForestClassifier(random_state=seed),
        "extra trees": lambda seed: ExtraTreesClassifier(random_state=seed),
        "boosting": lambda seed: make_pipeline(
            FunctionTransformer(dense, accept_sparse=True),
            HistGradientBoostingClassifier(random_state=seed),
        ),
    }


def regressors(scaling):
    """Return what makes each regressor from a seed, by name."""
    ours = partial(SETRegressor, **SCALINGS[scaling])
    return {
        "SET": lambda seed: ours(random_state=seed),
        "static": lambda seed: ours(method="static", random_state=seed),
        "ridge": lambda seed: RidgeCV(np.logspace(-2, 4, 7)),
        "MLP": lambda seed: MLPRegressor(random_state=seed),
        "MLP tuned": lambda seed: tuned(
            MLPRegressor(random_state=seed), MLP_GRID, seed, third
        ),
        "extra trees": lambda seed: ExtraTreesRegressor(random_state=seed),
        "boosting": lambda seed: HistGradientBoostingRegressor(random_state=seed),
    }


def tuned(model, grid, seed, splits=three_folds):
    return GridSearchCV(model, grid, cv=splits(seed))


def dense(X):
    """Return X as an array, for boosting, which takes no sparse X."""
    return X.toarray() if issparse(X) else X
