"""Kernels on the energy of a Boltzmann machine."""

import numpy as np

from skset.kernels._jit import kernel

__all__ = ["add_log_odds"]

# Logarithms are taken of products of factors, each of which is at most exp(|weight|);
# at this sum of |weight| a new product begins. Weights are at most 700, so that nothing
# overflows in float64.
LARGEST_EXPONENT = 256.0


@kernel
def _take_logarithms(ratio, total):
    """Add the logarithms of `ratio` to `total`, and begin anew."""
    for b in range(ratio.size):
        total[b] += np.log(ratio[b])
        ratio[b] = 1.0


@kernel
def add_log_odds(start, stop, indptr, indices, weights, V, P, Q, odds):
    """Add to odds[start:stop] what the hidden units say for each visible unit to be on.

    For visible unit i, in a sample with the values v of all visible ones, that is the
    sum over its connections of ``softplus(z + w (1 - v_i)) - softplus(z - w v_i)``, z
    being the weighted sum of the hidden unit. P and Q (n_hidden, batch) are the
    probabilities of the hidden units to be on and off given v: as ``softplus(z + d) -
    softplus(z) = log(q + p exp(d))``, a sum of positive numbers, nothing is cancelled,
    and one logarithm serves for many connections. V is (n_visible, batch); P, Q and
    odds are float64.
    """
    ratio = np.ones(odds.shape[1])
    for i in range(start, stop):
        exponent = 0.0
        v, total = V[i], odds[i]
        for k in range(indptr[i], indptr[i + 1]):
            p, q = P[indices[k]], Q[indices[k]]
            weight = np.float64(weights[k])
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
