"""Defaults that follow the data: rules for the training of a sparse perceptron.

All of them get n training rows; the penalty also gets the number of classes. Numbers
count as two classes.
"""

from functools import partial

import numpy as np

from skset import SETClassifier

__all__ = ["FIXED", "RULES", "difficulty", "maker"]

# Rows of which the difficulty of a set is estimated.
MOST_PROBED = 1000


def batch_size(n):
    """Return forty batches per epoch, of 4 to 128 rows."""
    return min(n, int(np.clip(n // 40, 4, 128)))


def learning_rate_init(n, solver="adam"):
    """Return the initial rate: Adam's grows with the root of the batch, SGD's with it.

    Below batches of 32 it is constant: small sets have few steps.
    """
    share = max(1.0, batch_size(n) / 32)
    return 0.03 * share if solver == "sgd" else 0.003 * share**0.5


def alpha(n, n_classes):
    """Return the penalty; per row it does not depend on the size of the batch."""
    return 0.5 * batch_size(n) / (n_classes * n**0.5)


def max_iter(n):
    """Return 25 epochs, and fewer of more than 5,000 rows: steps grow as the root."""
    return max(4, round(25 * min(1.0, (5000 / n) ** 0.5)))


def rule(n, n_classes):
    """Return all parameters that follow the data."""
    return {
        "batch_size": batch_size(n),
        "learning_rate_init": learning_rate_init(n),
        "alpha": alpha(n, n_classes),
        "max_iter": max_iter(n),
        # In the middle of the cosine a flat loss is no reason to stop.
        "n_iter_no_change": np.inf,
    }


def fixed(n, n_classes):
    """Return the defaults that do not follow the data."""
    return {
        "batch_size": batch_size(n),
        "learning_rate_init": 0.001,
        "alpha": 0.1,
        "max_iter": 60,
        "n_iter_no_change": 10,
    }


def changed(base, **changes):
    """Return a rule with some parameters replaced; a function gets the rows."""

    def other(n, n_classes):
        new = {k: v(n) if callable(v) else v for k, v in changes.items()}
        return {**base(n, n_classes), **new}

    return other


FIXED = "fixed"
RULES = {
    FIXED: fixed,
    "rule": rule,
    # With "auto" a short training adapts the penalty, and the temperature.
    "rule, temperature": changed(rule, alpha="auto"),
    "rule, static": changed(rule, method="static"),
    "rule, alpha 0.1": changed(rule, alpha=0.1),
    "rule, rate 0.001": changed(rule, learning_rate_init=0.001),
    "rule, 60 epochs": changed(rule, max_iter=60),
    "rule, plateau stops": changed(rule, n_iter_no_change=10),
    "fixed, epochs of the rule": changed(fixed, max_iter=max_iter),
    "fixed, sgd": changed(fixed, solver="sgd"),
    "rule, sgd": changed(
        rule, solver="sgd", learning_rate_init=partial(learning_rate_init, solver="sgd")
    ),
}


def maker(name):
    """Return a function of seed, X and y that makes the unfitted classifier."""

    def made(seed, X, y):
        params = RULES[name](X.shape[0], len(np.unique(y)))
        return SETClassifier(random_state=seed, standardize=False, **params)

    return made


def probed(seed, X, y):
    """Return a classifier whose penalty also follows the difficulty of the set."""
    params = rule(X.shape[0], len(np.unique(y)))
    params["alpha"] *= np.sqrt(10 * difficulty(X, y))
    return SETClassifier(random_state=seed, standardize=False, **params)


def difficulty(X, y):
    """Return the leave-one-out error of a ridge regression on class indicators.

    It is the least of three penalties, and at least half an error. The fits cost one
    eigenvalue problem of at most 1,000 rows.
    """
    rows = np.arange(X.shape[0])
    if rows.size > MOST_PROBED:
        rng = np.random.default_rng(0)
        rows = np.sort(rng.choice(rows, MOST_PROBED, replace=False))
    X, classes = X[rows], np.unique(y[rows], return_inverse=True)[1]
    products = X @ X.T
    products = products.toarray() if hasattr(products, "toarray") else products
    products = products.astype(np.float64)
    means = products.mean(axis=0)
    products += means.mean() - means - means[:, None]
    eigenvalues, vectors = np.linalg.eigh(products)
    eigenvalues = np.maximum(eigenvalues, 0)
    Y = np.eye(classes.max() + 1)[classes]
    Y -= Y.mean(axis=0)
    errors = []
    for share in (0.01, 0.1, 1.0):
        kept = eigenvalues / (eigenvalues + share * eigenvalues.mean() + 1e-12)
        leverage = np.square(vectors) @ kept + 1 / rows.size
        leverage = np.minimum(leverage, 1 - 1e-6)[:, None]
        left_out = ((vectors * kept) @ (vectors.T @ Y) - leverage * Y) / (1 - leverage)
        errors.append(np.mean(left_out.argmax(axis=1) != classes))
    return max(min(errors), 0.5 / rows.size)
