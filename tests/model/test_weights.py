import numpy as np
import pytest
from reference import mask_of

from skset.model import INITIAL_WEIGHTS, Layer, Network
from skset.topology import random_topology

names = pytest.mark.parametrize("name", INITIAL_WEIGHTS)
dtypes = pytest.mark.parametrize("dtype", [np.dtype("float32"), np.dtype("float64")])


def uneven_topology():
    """Return a topology whose fans range widely; a third of the inputs have none."""
    topology = random_topology((600, 50), 9000, np.random.default_rng(0))
    units = topology.in_units.astype(int)
    keep = (units % 3 > 0) & (units % 50 >= topology.indices / 2)
    return topology.kept(keep)[0]


def fans(topology):
    """Return fan_in and fan_out of each connection's two units, counted densely."""
    mask = mask_of(topology)
    i, j = np.nonzero(mask)
    return mask.sum(axis=0)[j], mask.sum(axis=1)[i]


@pytest.mark.parametrize("name", ["he", "glorot"])
@dtypes
def test_uniform_weights_fill_exactly_their_bounds(name, dtype):
    topology = uneven_topology()
    fan_in, fan_out = fans(topology)
    bound = np.sqrt(6 / (fan_in if name == "he" else fan_in + fan_out))
    weights = INITIAL_WEIGHTS[name](topology, np.random.default_rng(0), dtype)
    ratio = weights / bound
    assert np.abs(ratio).max() <= 1 + 1e-6
    assert ratio.min() < -0.99
    assert ratio.max() > 0.99
    assert abs(ratio.mean()) < 0.05
    assert ratio.var() == pytest.approx(1 / 3, rel=0.05)


def test_variances():
    topology = uneven_topology()
    fan_in, fan_out = fans(topology)
    draws = {
        name: np.array(
            [
                initial(topology, np.random.default_rng(seed), np.dtype("float64"))
                for seed in range(40)
            ]
        )
        for name, initial in INITIAL_WEIGHTS.items()
    }
    few, many = fan_in < np.quantile(fan_in, 0.2), fan_in > np.quantile(fan_in, 0.8)
    assert fan_in[many].min() > 1.2 * fan_in[few].max()
    for some in (few, many):
        he = (draws["he"][:, some] ** 2 * fan_in[some]).mean()
        glorot = (draws["glorot"][:, some] ** 2 * (fan_in + fan_out)[some]).mean()
        normal = draws["normal"][:, some].std()
        assert he == pytest.approx(2, rel=0.05)
        assert glorot == pytest.approx(2, rel=0.05)
        assert normal == pytest.approx(0.1, rel=0.05)


def test_he_keeps_the_signal_through_a_relu():
    topology = random_topology((1000, 400), 8000, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    W = topology.to_csr(INITIAL_WEIGHTS["he"](topology, rng, np.dtype("float64")))
    X = rng.standard_normal((200, 1000)).clip(0)
    assert ((X @ W) ** 2).mean() / 2 == pytest.approx((X**2).mean(), rel=0.1)


@names
@dtypes
def test_a_layer_begins_with_them_in_its_dtype(name, dtype):
    topology = uneven_topology()
    layer = Layer.initial(topology, name, np.random.default_rng(0), dtype)
    same = INITIAL_WEIGHTS[name](topology, np.random.default_rng(0), dtype)
    other = INITIAL_WEIGHTS[name](topology, np.random.default_rng(1), dtype)
    assert np.array_equal(layer.weights, same)
    assert not np.array_equal(layer.weights, other)
    assert layer.weights.dtype == layer.bias.dtype == dtype
    assert layer.weights.size == topology.nnz
    assert layer.bias.shape == (50,)
    assert not layer.bias.any()
    assert layer.moments == layer.bias_moments == ()


def test_a_unit_without_connections_gives_no_warning():
    topology = random_topology((9, 9), 1, np.random.default_rng(0))
    functions = {"activation": "relu", "negative_slope": 0.0, "output": "identity"}
    for name in INITIAL_WEIGHTS:
        rng = np.random.default_rng(0)
        network = Network.initial(
            [topology, topology], name, rng, "float32", **functions
        )
        assert network.is_finite()
        assert network.nnz == 2
        assert network.n_possible == 162
        assert network.n_units == [9, 9, 9]


def test_edge_scale_concerns_the_first_and_the_last_layer():
    shapes = [(5, 6), (6, 7), (7, 3)]
    topologies = [
        random_topology(shape, 9, np.random.default_rng(1)) for shape in shapes
    ]

    def weights(**options):
        network = Network.initial(
            topologies,
            "he",
            np.random.default_rng(0),
            np.float64,
            activation="relu",
            negative_slope=0.0,
            output="softmax",
            **options,
        )
        return [layer.weights for layer in network.layers]

    plain, scaled = weights(), weights(edge_scale=0.25)
    for before, after, scale in zip(plain, scaled, [0.25, 1, 0.25], strict=True):
        np.testing.assert_array_equal(after, scale * before)
