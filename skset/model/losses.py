"""Output functions and losses, each loss joined with its canonical output function.

Arrays are (outputs, batch): Z weighted sums of the output layer, Y targets. `weight` is
a row vector of sample weights that add up to 1. A loss is called as
``loss(Z, Y, weight)``, returns the weighted mean loss and leaves the deltas
``weight * (output(Z) - Y)`` in Z.
"""

import numpy as np
from scipy.special import expit, xlogy

__all__ = ["LOSSES", "OUTPUTS", "log_softmax"]


def log_softmax(Z, axis=0):
    """Return the logarithm of the softmax over the outputs, finite for finite Z."""
    shifted = Z - Z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def softmax(Z):
    """Return the softmax over the outputs."""
    return np.exp(log_softmax(Z))


def identity(Z):
    """Return Z itself."""
    return Z


OUTPUTS = {"identity": identity, "logistic": expit, "softmax": softmax, "exp": np.exp}


def _finish(Z, predicted, Y, weight):
    np.subtract(predicted, Y, out=Z)
    Z *= weight


def squared_error(Z, Y, weight):
    """Half the squared error, averaged over the outputs.

    The deltas are those of the sum over the outputs, as in scikit-learn's MLP.
    """
    Z -= Y
    loss = 0.5 * float((Z * Z).mean(axis=0) @ weight)
    Z *= weight
    return loss


def poisson(Z, Y, weight):
    """Half the Poisson deviance with a log link, summed over the outputs."""
    rate = np.exp(Z)
    deviance = xlogy(Y, Y) - Y * Z - Y + rate  # finite where the rate underflows
    _finish(Z, rate, Y, weight)
    return float(deviance.sum(axis=0) @ weight)


def logistic(Z, Y, weight):
    """Binary cross entropy of each output, summed over the outputs."""
    entropy = np.logaddexp(0, Z) - Y * Z
    _finish(Z, expit(Z), Y, weight)
    return float(entropy.sum(axis=0) @ weight)


def softmax_cross_entropy(Z, Y, weight):
    """Cross entropy of the softmax; Y (batch,) holds class numbers."""
    log_probability = log_softmax(Z)
    samples = np.arange(Y.size)
    loss = -float(log_probability[Y, samples] @ weight)
    np.exp(log_probability, out=Z)
    Z[Y, samples] -= 1
    Z *= weight
    return loss


# By the output function that belongs to each.
LOSSES = {
    "identity": squared_error,
    "exp": poisson,
    "logistic": logistic,
    "softmax": softmax_cross_entropy,
}
