"""Gradients of a layer without a step, against its dense statement."""

import numpy as np
import pytest
import reference
from reference import assert_close

from skset.model import Layer
from skset.runtime.team import Team
from skset.topology import Topology


def layer_of(dtype, mask):
    topology = Topology.from_positions(mask.shape, np.flatnonzero(mask))
    return Layer.initial(topology, "he", np.random.default_rng(0), np.dtype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("with_deltas", [True, False])
def test_gradients_are_those_of_the_dense_layer(dtype, density, with_deltas):
    rng = np.random.default_rng(1)
    mask = rng.random((7, 9)) < density
    layer = layer_of(dtype, mask)
    before = layer.weights.copy(), layer.bias.copy()
    X, D = (rng.standard_normal((n, 5)).astype(dtype) for n in mask.shape)
    DX = np.full((7 if with_deltas else 0, 5), np.nan, dtype)
    g, b = np.empty_like(layer.weights), np.empty_like(layer.bias)
    layer.gradients(X, D, DX, g, b, Team())
    W = reference.dense(mask, layer.weights)
    assert_close(g, (X @ D.T)[mask], dtype)
    assert_close(b, D.sum(axis=1), dtype)
    assert_close(DX, (W @ D)[: len(DX)], dtype)
    for now, then in zip((layer.weights, layer.bias), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_bend_gives_the_deltas_of_the_sums():
    rng = np.random.default_rng(0)
    layer = layer_of("float64", np.ones((3, 4), bool))
    X, D = rng.standard_normal((3, 6)), rng.standard_normal((4, 6))
    Z, out = np.empty((4, 6)), np.empty((4, 6))
    layer.forward(X, Z, Team(), 0.0)
    layer.bend(Z, D, out, Team(), 0.0)
    np.testing.assert_array_equal(out, np.where(Z > 0, D, 0))
    assert (Z == 0).any()
    assert (Z > 0).any()
