"""Products of a sparse layer with a batch, and the training step fused into them.

Arrays: X (n_in, batch) inputs, Z (n_out, batch) outputs, D (n_out, batch) deltas, all
C-contiguous, so that every connection is one or two vector operations along the batch.
Weights and optimiser state lie in by-input order.

Every kernel works on the units ``start`` to ``stop`` and writes only rows of those, so
that threads can share a layer without races, and the bits do not depend on how many.
"""

from typing import NamedTuple

import numpy as np

from skset.kernels._jit import kernel

__all__ = [
    "AdamStep",
    "SGDStep",
    "backward_adam",
    "backward_sgd",
    "forward",
    "pull_back",
    "update_adam",
    "update_sgd",
]


class SGDStep(NamedTuple):
    """What one step of stochastic gradient descent needs, in the network's dtype.

    ``velocity = momentum * velocity - learning_rate * gradient``, then
    ``weight += carry * velocity - push * gradient``, with carry 1 and push 0 for plain
    momentum, carry = momentum and push = learning_rate for Nesterov's.
    """

    learning_rate: float
    momentum: float
    carry: float
    push: float
    l2: float


class AdamStep(NamedTuple):
    """What one step of Adam needs; `learning_rate` holds the bias correction."""

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    l2: float


@kernel
def _widest(start, stop, indptr):
    """Return the largest number of connections of a unit in [start, stop)."""
    widest = 0
    for unit in range(start, stop):
        widest = max(widest, indptr[unit + 1] - indptr[unit])
    return widest


@kernel
def _add_rows(z, weights, indices, X):
    """Add to z the rows X[indices], each times its weight.

    Eight rows at a time, then four: z is then loaded and stored once for as many
    products.
    """
    n = indices.size
    k = 0
    while k + 8 <= n:
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        w4, w5, w6, w7 = weights[k + 4], weights[k + 5], weights[k + 6], weights[k + 7]
        x0, x1, x2 = X[indices[k]], X[indices[k + 1]], X[indices[k + 2]]
        x3, x4, x5 = X[indices[k + 3]], X[indices[k + 4]], X[indices[k + 5]]
        x6, x7 = X[indices[k + 6]], X[indices[k + 7]]
        for b in range(z.size):
            z[b] += ((w0 * x0[b] + w1 * x1[b]) + (w2 * x2[b] + w3 * x3[b])) + (
                (w4 * x4[b] + w5 * x5[b]) + (w6 * x6[b] + w7 * x7[b])
            )
        k += 8
    if k + 4 <= n:
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        x0, x1 = X[indices[k]], X[indices[k + 1]]
        x2, x3 = X[indices[k + 2]], X[indices[k + 3]]
        for b in range(z.size):
            z[b] += (w0 * x0[b] + w1 * x1[b]) + (w2 * x2[b] + w3 * x3[b])
        k += 4
    while k < n:
        w0, x0 = weights[k], X[indices[k]]
        for b in range(z.size):
            z[b] += w0 * x0[b]
        k += 1


@kernel
def _dot_rows(products, x, indices, D):
    """Write into products the dot product of x with each of the rows D[indices]."""
    zero = x.dtype.type(0)
    n = indices.size
    k = 0
    while k + 8 <= n:
        d0, d1, d2 = D[indices[k]], D[indices[k + 1]], D[indices[k + 2]]
        d3, d4, d5 = D[indices[k + 3]], D[indices[k + 4]], D[indices[k + 5]]
        d6, d7 = D[indices[k + 6]], D[indices[k + 7]]
        g0 = g1 = g2 = g3 = g4 = g5 = g6 = g7 = zero
        for b in range(x.size):
            xb = x[b]
            g0 += xb * d0[b]
            g1 += xb * d1[b]
            g2 += xb * d2[b]
            g3 += xb * d3[b]
            g4 += xb * d4[b]
            g5 += xb * d5[b]
            g6 += xb * d6[b]
            g7 += xb * d7[b]
        products[k], products[k + 1], products[k + 2], products[k + 3] = g0, g1, g2, g3
        products[k + 4], products[k + 5] = g4, g5
        products[k + 6], products[k + 7] = g6, g7
        k += 8
    while k < n:
        d0 = D[indices[k]]
        g0 = zero
        for b in range(x.size):
            g0 += x[b] * d0[b]
        products[k] = g0
        k += 1


@kernel
def forward(start, stop, indptr, indices, order, weights, bias, X, Z):
    """Write into Z[start:stop] the weighted sums of the inputs X, plus the bias.

    `indptr` and `indices` are the by-output view of the pattern, and `order` leads from
    it to the by-input order in which the weights lie. A unit's weights are gathered
    into a small buffer first, which costs far less than gathering them in the loop.
    """
    gathered = np.empty(_widest(start, stop, indptr), weights.dtype)
    for j in range(start, stop):
        low, n = indptr[j], indptr[j + 1] - indptr[j]
        for k in range(n):
            gathered[k] = weights[order[low + k]]
        Z[j, :] = bias[j]
        _add_rows(Z[j], gathered[:n], indices[low : low + n], X)


@kernel
def pull_back(start, stop, indptr, indices, weights, bias, D, DX):
    """Write into DX[start:stop] the product of the weights with D, plus the bias.

    `indptr` and `indices` are the by-input view of the pattern. Of a network's deltas
    it makes those of the layer below; of a Boltzmann machine's hidden units, what its
    visible ones get.
    """
    for i in range(start, stop):
        low, high = indptr[i], indptr[i + 1]
        DX[i, :] = bias[i]
        _add_rows(DX[i], weights[low:high], indices[low:high], D)


@kernel
def update_sgd(weights, velocity, gradient, step):
    """Take one step of gradient descent with momentum, in place."""
    for k in range(weights.size):
        g = gradient[k] + step.l2 * weights[k]
        velocity[k] = step.momentum * velocity[k] - step.learning_rate * g
        weights[k] += step.carry * velocity[k] - step.push * g


@kernel
def update_adam(weights, mean, square, gradient, step):
    """Take one step of Adam (Kingma and Ba 2014, algorithm 1), in place."""
    one = weights.dtype.type(1)
    for k in range(weights.size):
        g = gradient[k] + step.l2 * weights[k]
        mean[k] = step.beta_1 * mean[k] + (one - step.beta_1) * g
        square[k] = step.beta_2 * square[k] + (one - step.beta_2) * g * g
        weights[k] -= step.learning_rate * mean[k] / (np.sqrt(square[k]) + step.epsilon)


@kernel
def backward_sgd(start, stop, indptr, indices, weights, velocity, X, D, DX, step):
    """Write into DX the deltas of the inputs and update the weights by SGD.

    The gradient of a unit's connections lives only in a buffer as long as the unit has
    connections. DX gets the product with the weights from before the update; a DX
    without rows, as for the first layer, is left alone.
    """
    gradient = np.empty(_widest(start, stop, indptr), weights.dtype)
    for i in range(start, stop):
        low, high = indptr[i], indptr[i + 1]
        _dot_rows(gradient, X[i], indices[low:high], D)
        if DX.shape[0] > 0:
            DX[i, :] = 0
            _add_rows(DX[i], weights[low:high], indices[low:high], D)
        update_sgd(weights[low:high], velocity[low:high], gradient, step)


@kernel
def backward_adam(start, stop, indptr, indices, weights, mean, square, X, D, DX, step):
    """Write into DX the deltas of the inputs and update the weights by Adam.

    As `backward_sgd`, with Adam's two moments in place of the velocity.
    """
    # Its loop is written out again: in a kernel of its own it costs a quarter more.
    gradient = np.empty(_widest(start, stop, indptr), weights.dtype)
    for i in range(start, stop):
        low, high = indptr[i], indptr[i + 1]
        _dot_rows(gradient, X[i], indices[low:high], D)
        if DX.shape[0] > 0:
            DX[i, :] = 0
            _add_rows(DX[i], weights[low:high], indices[low:high], D)
        update_adam(weights[low:high], mean[low:high], square[low:high], gradient, step)
