"""How good the selected columns are: to a forest, to a linear SVM, and to K-means."""

import numpy as np
from _splits import some_rows
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import confusion_matrix
from sklearn.svm import LinearSVC

__all__ = ["JUDGES", "forest_accuracy", "judge"]

MOST_ROWS = 5000


def judge(split, support, n_forests):
    """Return what each of the judges says of the selected columns of a `Round`."""
    X = split.X[:, np.flatnonzero(support)]
    return {name: figure(split, X, n_forests) for name, figure in JUDGES.items()}


def forest_accuracy(split, X, n_forests):
    """Accuracy of ExtraTrees on the test rows, the mean over seeds of the forest."""
    train, test = split.train, split.test
    return np.mean(
        [
            ExtraTreesClassifier(50, random_state=n_forests * split.seed + k)
            .fit(X[train], split.y[train])
            .score(X[test], split.y[test])
            for k in range(n_forests)
        ]
    )


def linear_accuracy(split, X, n_forests):
    """Accuracy of a linear SVM, trained on 5,000 rows at most, on the test rows."""
    train = some_rows(split.y, split.train, MOST_ROWS, split.seed)
    model = LinearSVC(dual="auto", random_state=split.seed)
    model.fit(X[train], split.y[train])
    return model.score(X[split.test], split.y[split.test])


def clustering_accuracy(split, X, n_forests):
    """Share of 5,000 rows at most that K-means puts in the cluster of their class."""
    rows = some_rows(split.y, np.arange(len(split.y)), MOST_ROWS, split.seed)
    classes, y = np.unique(split.y[rows], return_inverse=True)
    means = KMeans(len(classes), n_init=3, random_state=split.seed)
    counts = confusion_matrix(
        y, means.fit_predict(X[rows]), labels=np.arange(len(classes))
    )
    return counts[linear_sum_assignment(counts, maximize=True)].sum() / len(y)


JUDGES = {
    "forest": forest_accuracy,
    "linear": linear_accuracy,
    "clustering": clustering_accuracy,
}
