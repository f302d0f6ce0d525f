"""The selectors that are compared, each a function from a task to a mask of columns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import f_classif, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils.sparsefuncs import mean_variance_axis

from skset import QuickSelection
from skset.model import coverage

__all__ = [
    *["WITHOUT_LABELS", "WITH_LABELS"],
    *["Selector", "Task", "best", "dense"],
]


@dataclass(frozen=True)
class Task:
    """Training rows, standardised and in raw units, and how many columns to choose."""

    X: np.ndarray | sparse.csr_matrix
    raw: np.ndarray | sparse.csr_matrix
    y: np.ndarray
    k: int
    seed: int


@dataclass(frozen=True)
class Selector:
    """What selects, and the largest table that it is tried on unless asked for.

    The values of a sparse table are those stored, unless it has to be made dense.
    """

    select: Callable[[Task], np.ndarray]
    most_values: float = np.inf
    most_rows: float = np.inf
    makes_dense: bool = False

    def refusal(self, X, everything=False):
        """Return why a table is not tried, or None."""
        if everything:
            return None
        if X.shape[0] > self.most_rows:
            return f"more than {self.most_rows:,} rows"
        n_values = X.shape[0] * X.shape[1] if self.makes_dense else X.size
        if n_values > self.most_values:
            return f"more than {self.most_values:,} values"
        return None


def best(importance, k, second=None):
    """Return the mask of the k greatest; ties go by `second`, then to lower indices."""
    importance = np.nan_to_num(importance, nan=-np.inf)
    second = np.zeros(len(importance)) if second is None else np.nan_to_num(second)
    support = np.zeros(len(importance), bool)
    support[np.lexsort((-second, -importance))[:k]] = True
    return support


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


def quick(supervised=False, **parameters):
    """Return the selector that is QuickSelection with these parameters."""

    def select(task):
        selector = QuickSelection(
            task.k,
            supervised=supervised,
            random_state=task.seed,
            n_jobs=1,
            **parameters,
        )
        return selector.fit(task.X, task.y).support_

    return Selector(select)


def random_columns(task):
    rng = np.random.default_rng(task.seed)
    return best(rng.random(task.X.shape[1]), task.k)


def raw_variance(task):
    if sparse.issparse(task.raw):
        return best(mean_variance_axis(task.raw, axis=0)[1], task.k)
    return best(task.raw.var(axis=0, dtype=float), task.k)


def greedy_columns(task):
    """Choose the columns that explain most of all others, greedily.

    The rule of QuickSelection's "coverage", applied to the data themselves.
    """
    X = dense(task.X).astype(float)
    if X.shape[0] > X.shape[1]:  # fewer rows with the same products between columns
        values, vectors = np.linalg.eigh(X.T @ X)
        X = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    return best(coverage(X.T, share=1.0, n_picks=task.k), task.k)


def f_statistic(task):
    return best(f_classif(task.X, task.y)[0], task.k)


def mutual_information(task):
    return best(
        mutual_info_classif(task.X, task.y, random_state=task.seed, n_jobs=1), task.k
    )


def forest_importances(task):
    forest = ExtraTreesClassifier(50, random_state=task.seed)
    return best(forest.fit(task.X, task.y).feature_importances_, task.k)


def lasso_weights(task):
    """Rank by the absolute weights of one-vs-rest L1 regressions, then by F."""
    one = LogisticRegression(
        penalty="l1", solver="liblinear", random_state=task.seed
    )  # deprecated, but it has to run on older scikit-learn too
    rest = OneVsRestClassifier(one).fit(task.X, task.y)
    weights = sum(np.abs(model.coef_).sum(axis=0) for model in rest.estimators_)
    return best(weights, task.k, f_classif(task.X, task.y)[0])


STATIC = {"method": "static"}
# orl has 40 classes, whole numbers that would be taken for a regression.
LABELS = {"supervised": "classification"}
WITHOUT_LABELS = {
    "QuickSelection": quick(),
    "QS10": quick(max_iter=10),
    "QS100": quick(max_iter=100),
    "QS strength": quick(importance="strength"),
    "QS attribution": quick(importance="attribution"),
    "QS static": quick(**STATIC),
    "random": Selector(random_columns),
    "raw variance": Selector(raw_variance),
    "greedy columns": Selector(greedy_columns, 100_000_000, makes_dense=True),
}
WITH_LABELS = {
    "QS supervised": quick(**LABELS),
    "QS sup coverage": quick(importance="coverage", noise=1.0, **LABELS),
    "QS sup strength": quick(importance="strength", **LABELS),
    "QS sup attribution": quick(importance="attribution", **LABELS),
    "QS sup static": quick(**STATIC, **LABELS),
    "f_classif": Selector(f_statistic),
    "mutual_info": Selector(mutual_information, 5_000_000),
    "ExtraTrees": Selector(forest_importances),
    "L1 logistic": Selector(lasso_weights, most_rows=20_000),
}
