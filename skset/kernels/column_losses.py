"""The common losses of a batch in compiled form, for whole training steps.

They are those of `skset.model.losses`, with the same arguments: Z (outputs, batch) are
the weighted sums of the output layer, which the deltas replace. The result is the
weighted sum of the samples' losses. Every column is done by itself, in the order of the
outputs.
"""

import numpy as np

from skset.runtime.jit import inlined

__all__: list[str] = []

# Which loss a step has.
CLASSES, BINARY, SQUARED = range(3)


@inlined
def loss_of_classes(Z, labels, weights, smoothing):
    """Do the cross entropy of a softmax; `labels` has class numbers."""
    n, one = Z.shape[0], Z.dtype.type(1)
    count = Z.dtype.type(n)
    loss = 0.0
    for b in range(Z.shape[1]):
        highest = Z[0, b]
        for j in range(1, n):
            highest = max(highest, Z[j, b])
        label = labels[b]
        of_label, sum_of_all = Z[label, b] - highest, Z.dtype.type(0)
        total = Z.dtype.type(0)
        for j in range(n):
            shifted = Z[j, b] - highest
            sum_of_all += shifted
            Z[j, b] = np.exp(shifted)
            total += Z[j, b]
        log_total = np.log(total)
        entropy = log_total - of_label
        entropy += smoothing * ((log_total - sum_of_all / count) - entropy)
        for j in range(n):
            Z[j, b] = (Z[j, b] / total - smoothing / count) * weights[b]
        Z[label, b] -= (one - smoothing) * weights[b]
        loss += np.float64(entropy) * weights[b]
    return loss


@inlined
def loss_of_bits(Z, Y, weights, smoothing):
    """Do the cross entropy of logistic outputs; Y (batch, outputs) has 0 and 1."""
    one, half = Z.dtype.type(1), Z.dtype.type(0.5)
    loss = 0.0
    for b in range(Z.shape[1]):
        entropy = Z.dtype.type(0)
        for j in range(Z.shape[0]):
            z = Z[j, b]
            y = Y[b, j] + smoothing * (half - Y[b, j])
            small = np.exp(-abs(z))
            entropy += max(z, Z.dtype.type(0)) + np.log1p(small) - y * z
            p = (one if z >= 0 else small) / (one + small)
            Z[j, b] = (p - y) * weights[b]
        loss += np.float64(entropy) * weights[b]
    return loss


@inlined
def loss_of_numbers(Z, Y, weights):
    """Do half of the squared error, averaged over the outputs; Y is (batch, outputs).

    The deltas are those of the sum.
    """
    loss = 0.0
    for b in range(Z.shape[1]):
        squares = Z.dtype.type(0)
        for j in range(Z.shape[0]):
            residual = Z[j, b] - Y[b, j]
            squares += residual * residual
            Z[j, b] = residual * weights[b]
        loss += 0.5 * np.float64(squares) / Z.shape[0] * weights[b]
    return loss
