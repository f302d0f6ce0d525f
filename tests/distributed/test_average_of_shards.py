"""Averages over shards and pooled signals, by hand."""

import numpy as np
import pytest

from skset.distributed._messages import Answer
from skset.distributed._pooled_signals import pooled, rows_of_each, seen
from skset.distributed._rounds import Average
from skset.model import Network, Signals


def network():
    return Network.from_csr(
        [np.array([[1.0, 0.0], [2.0, 3.0]])], [np.zeros(2)], dtype=np.float32
    )


def answer(weights, bias, losses=(1.0,)):
    arrays = [np.array(weights, np.float32), np.array(bias, np.float32)]
    return Answer(list(losses), 1, 0, arrays, 0.0)


def test_weights_are_averaged_by_the_weight_of_the_rows():
    total = Average(network())
    total.add(0.75, answer([1, 2, 3], [4, 8], [2.0, 1.0]))
    total.add(0.25, answer([5, 2, -1], [0, 4], [4.0, 3.0]))
    weights, bias = total.arrays()
    assert weights.tolist() == [2.0, 2.0, 2.0]
    assert bias.tolist() == [3.0, 7.0]
    assert weights.dtype == np.float32
    assert total.losses() == [2.5, 1.5]


def test_without_a_lost_shard_the_others_are_all():
    total = Average(network())
    total.add(0.2, answer([1, 2, 3], [4, 8]))
    total.add(0.2, answer([3, 2, 1], [0, 0]))
    weights, bias = total.arrays()
    np.testing.assert_allclose(weights, [2, 2, 2])
    np.testing.assert_allclose(bias, [2, 4])


def test_the_mean_of_equal_networks_has_their_bits():
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=3), rng.normal(size=2)
    total = Average(network())
    for share in (0.1, 0.3, 0.6):
        total.add(share, answer(weights, bias))
    for mean, given in zip(total.arrays(), answer(weights, bias).arrays, strict=True):
        np.testing.assert_array_equal(mean, given)


def test_signals_are_pooled_as_if_all_rows_were_one_sample():
    rng = np.random.default_rng(0)
    A = [rng.normal(size=(n, 8)) for n in (3, 4, 2)]
    D = [rng.normal(size=(n, 8)) for n in (4, 2)]
    parts = [
        seen(
            [
                Signals(A[k][:, rows], A[k + 1][:, rows], D[k][:, rows] / width)
                for k in (0, 1)
            ]
        )
        for rows, width in ((slice(0, 2), 2), (slice(2, 8), 6))
    ]
    found = pooled(parts)
    for k, layer in enumerate(found):
        np.testing.assert_array_equal(layer.inputs, A[k])
        np.testing.assert_array_equal(layer.outputs, A[k + 1])
        np.testing.assert_allclose(layer.deltas, D[k] / 8)


@pytest.mark.parametrize("n", [1, 10, 256])
def test_each_shard_gives_rows_in_proportion_and_one_at_least(n):
    counts = rows_of_each(n, [0.5, 0.3, 0.199, 0.001])
    assert min(counts) >= 1
    assert abs(sum(counts) - n) <= 4
