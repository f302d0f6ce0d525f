"""Kernels for the energy of a Boltzmann machine."""

import numpy as np

from skset.kernels.memory import Array
from skset.runtime.jit import kernel

__all__ = ["add_log_odds"]

# Logarithms are taken of products of factors. Each factor is at most exp(|weight|). At
# this sum of |weight| a new product begins.
LARGEST_EXPONENT = 256.0
# The exponential of a larger weight may overflow in float64, or be multiplied by a
# probability that has become 0. Such a weight needs the weighted sums. Training makes
# none.
LARGEST_WEIGHT = 700.0


@kernel
def _take_logarithms(ratio, total):
    """Add the logarithms of `ratio` to `total`, and begin anew."""
    for b in range(ratio.size):
        total[b] += np.log(ratio[b])
        ratio[b] = 1.0


@kernel
def _add_softplus(weight, v, z, total):
    """Add ``softplus(z + weight (1 - v)) - softplus(z - weight v)`` to `total`.

    softplus(x) is ``max(x, 0) + log(1 + exp(-|x|))``. If both sums are positive, the
    first parts differ by exactly the weight. As a difference of two large rounded
    numbers it would be lost.
    """
    for b in range(v.size):
        value = np.float64(v[b])
        off, on = z[b] - weight * value, z[b] + weight * (1 - value)
        if off > 0 and on > 0:
            total[b] += weight
        else:
            total[b] += max(on, 0.0) - max(off, 0.0)
        total[b] += np.log1p(np.exp(-abs(on))) - np.log1p(np.exp(-abs(off)))


@kernel
def add_log_odds(
    start: int,
    stop: int,
    indptr: Array,
    indices: Array,
    weights: Array,
    V: Array,
    P: Array,
    Q: Array,
    Z: Array,
    odds: Array,
) -> None:
    """Add to odds[start:stop] the hidden units' part of each visible unit's log-odds.

    In a sample with the visible values v, the part of unit i is the sum over its
    connections of ``softplus(z + w (1 - v_i)) - softplus(z - w v_i)``. Here z is the
    weighted sum of the hidden unit. P and Q (n_hidden, batch) are the probabilities of
    the hidden units to be on and off given v. With them ``softplus(z + d) - softplus(z)
    = log(q + p exp(d))``. This is a sum of positive numbers, so nothing cancels, and
    one logarithm serves many connections. Z (n_hidden, batch) has the sums z, for
    weights that are too large for that. V is (n_visible, batch). P, Q, Z and odds are
    float64.
    """
    ratio = np.ones(odds.shape[1])
    for i in range(start, stop):
        exponent = 0.0
        v, total = V[i], odds[i]
        for k in range(indptr[i], indptr[i + 1]):
            p, q = P[indices[k]], Q[indices[k]]
            weight = np.float64(weights[k])
            if abs(weight) > LARGEST_WEIGHT:
                _add_softplus(weight, v, Z[indices[k]], total)
                continue
            on, off = np.exp(weight), np.exp(-weight)
            exponent += abs(weight)
            if exponent > LARGEST_EXPONENT:
                _take_logarithms(ratio, total)
                exponent = abs(weight)
            for b in range(v.size):
                if v[b] == 0:
                    ratio[b] *= q[b] + p[b] * on
                elif v[b] == 1:
                    ratio[b] /= q[b] + p[b] * off
                else:
                    now = np.exp(-weight * v[b])
                    ratio[b] *= (q[b] + p[b] * on * now) / (q[b] + p[b] * now)
        _take_logarithms(ratio, total)
