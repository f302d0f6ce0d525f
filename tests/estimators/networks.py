"""Fitted networks of every kind that an estimator can be made of, and their arrays."""

import numpy as np
from estimators.cases import bits, machine, small, toy

from skset.estimators import SETClassifier, SETRegressor, SparseRBM
from skset.model import RBM

KINDS = [SETClassifier, SETRegressor, SparseRBM]
X = toy(SETRegressor)[0]


def labelled(classes, multilabel=False):
    """Return a classifier that has been fitted, and what it was fitted on."""
    signal = X[:, :3] - X[:, 1:4]
    y = (signal > 0).astype(int)
    if not multilabel:
        y = np.array(classes)[np.argmax(signal[:, : len(classes)], axis=1)]
    given = {"hidden_layer_sizes": (8, 6), "zeta": 0.4, "standardize": False}
    return small(SETClassifier, **given).fit(X, y), y


def of_numbers(n_outputs, **params):
    """Return a regressor that has been fitted, and what it was fitted on."""
    y = np.abs(X[:, :n_outputs])
    y = y[:, 0] if n_outputs == 1 else y
    given = {"hidden_layer_sizes": (8, 6), "standardize": False}
    return small(SETRegressor, **given | params).fit(X, y), y


def made_for(kind):
    """Return a network that an estimator can be made of, and what else is given."""
    if kind is SparseRBM:
        return machine().fit(bits()).network_, ()
    if kind is SETClassifier:
        return labelled([0, 1])[0].network_, ([0, 1],)
    return of_numbers(1)[0].network_, ()


def arrays(network):
    """Return all arrays of a network."""
    own = [a for layer in network.layers for a in (layer.weights, layer.bias)]
    patterns = [layer.topology for layer in network.layers]
    own += [a for t in patterns for a in (t.indptr, t.indices)]
    if isinstance(network, RBM):
        own += [network.visible_bias]
    moments = [m for x in network.layers for m in (*x.moments, *x.bias_moments)]
    return own + moments


def fingerprint_of(network):
    return [array.tobytes() for array in arrays(network)]
