"""What the tests of Boltzmann machines in training share."""

import numpy as np
import pytest
from model.cases import divergence, epochs

from skset.model import Samples
from skset.strategies import METHODS

SET = METHODS["set"].evolution(zeta=0.4)
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
MODES = {
    "cd": {},
    "cd-3": {"n_gibbs": 3},
    "persistent": {"persistent": True},
    "persistent-3": {"persistent": True, "n_gibbs": 3},
}
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)
modes = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


class SameNumbers:
    """The random numbers of a training with this seed, in matrices (samples, units)."""

    def __init__(self, seed, dtype):
        self._rng, self._dtype = np.random.default_rng(seed), dtype

    def uniform(self, size):
        return self._rng.random(size[::-1], self._dtype).T


def trained(n, machine, X, weight=None, **given):
    """Train n epochs; return the machine and the reconstruction errors."""
    return epochs(n, machine, Samples(X, None, weight), begin=divergence, **given)


def assert_machine_is(machine, dense, atol):
    """Hold that a machine is the dense one, its chains bit for bit."""
    pairs = [
        (machine.layer.weights, dense.W[dense.mask]),
        (machine.layer.bias, dense.c),
        (machine.visible_bias, dense.a),
    ]
    for actual, expected in pairs:
        assert np.isfinite(actual).all()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
    assert (machine.chains is None) == (dense.chains is None)
    assert machine.chains is None or np.array_equal(machine.chains.T, dense.chains)
