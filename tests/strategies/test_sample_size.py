from dataclasses import dataclass
from math import inf, nan

import pytest

from skset.strategies import (
    CosineGrow,
    GradientGrow,
    GuidedGrow,
    MESTDrop,
    NeuronGrow,
    SensitivityDrop,
)

SAMPLED = [
    SensitivityDrop,
    MESTDrop,
    GradientGrow,
    NeuronGrow,
    CosineGrow,
    GuidedGrow,
]
sampled = pytest.mark.parametrize("strategy", SAMPLED)


@dataclass
class Pattern:
    shape: tuple
    nnz: int


def sizes(strategy, patterns):
    samples = strategy.needs.samples
    return [samples(Pattern(*pattern)) for pattern in patterns]


BY_CONNECTIONS = [
    ((9, 9), 0),
    ((9, 9), 1),
    ((10**4, 10**4), 1 << 12),
    ((10**4, 10**4), 1 << 13),
    ((10**4, 10**4), 1 << 16),
    ((10**6, 10**6), 1 << 17),
    ((10**6, 10**6), 1 << 30),
]


@pytest.mark.parametrize("strategy", [SensitivityDrop(), MESTDrop(), NeuronGrow()])
def test_a_sample_costs_64_products_for_each_connection(strategy):
    assert sizes(strategy, BY_CONNECTIONS) == [1024, 1024, 1024, 512, 64, 32, 32]


@pytest.mark.parametrize("strategy", [GradientGrow(), CosineGrow()])
def test_a_sample_costs_a_product_for_each_pair(strategy):
    patterns = [
        ((1, 1), 0),
        ((512, 512), 9),
        ((1024, 512), 9),
        ((1024, 1024), 9),
        ((4096, 1024), 9),
        ((4096, 4096), 9),
        ((1 << 20, 1 << 20), 9),
    ]
    assert sizes(strategy, patterns) == [1024, 1024, 512, 256, 64, 32, 32]


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        (1.0, [1024, 1024, 1024, 512, 64, 32, 32]),
        (0.25, [1024, 1024, 1024, 1024, 256, 128, 32]),
        (4.0, [1024, 1024, 256, 128, 32, 32, 32]),
    ],
)
def test_a_sample_costs_64_products_for_each_candidate(gamma, expected):
    assert sizes(GuidedGrow(gamma=gamma), BY_CONNECTIONS) == expected


@sampled
def test_a_number_that_is_given_is_taken(strategy):
    assert strategy(n_samples=7).needs.samples == 7
    assert strategy().n_samples is None


@sampled
@pytest.mark.parametrize("n_samples", [0, -1, nan, -inf, 1.5])
def test_wrong_numbers_of_samples_are_refused(strategy, n_samples):
    with pytest.raises(ValueError, match="n_samples must be None or at least 1, got"):
        strategy(n_samples=n_samples)
