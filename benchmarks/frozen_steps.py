"""What it costs to hold frozen connections at their values: seconds of a training step.

    python benchmarks/frozen_steps.py

A share of the hidden connections is frozen, as in a task of `ContinualSETClassifier`
that uses connections of earlier ones. One thread. Epochs with and without are trained
in turn. A step is that of the fastest epoch, so that other programs count least; then
the ratios.
"""

import argparse
import time
from itertools import pairwise

import numpy as np
from _report import print_table, write_json
from threadpoolctl import threadpool_limits

from skset.model import Held, LogLoss, Network, Samples
from skset.strategies import METHODS
from skset.topology import Topology, random_topology
from skset.training import Adam, Backpropagation, Evolver, State, Training

# Units of each layer, and the density of the hidden ones.
NETWORKS = [
    ([64, 100, 100, 10], 0.1),
    ([784, 400, 400, 10], 0.05),
    ([784, 1000, 1000, 10], 0.05),
    ([3000, 3000, 3000, 10], 0.01),
]
BATCHES, SHARES = (32, 128), (0.0, 0.1, 0.5, 0.9)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--out", default="benchmarks/results/frozen_steps.json")
    options = parser.parse_args()
    with threadpool_limits(1):
        results = [
            measured(units, density, batch, options.repeats)
            for units, density in NETWORKS
            for batch in BATCHES
        ]
    print_table(
        ["network", "batch", "ms", *(f"{share:.0%} frozen" for share in SHARES[1:])],
        [
            [
                *["-".join(map(str, case["units"])), str(case["batch"])],
                f"{1e3 * case['seconds'][0]:.3f}",
                *(f"{s / case['seconds'][0]:.3f}" for s in case["seconds"][1:]),
            ]
            for case in results
        ],
    )
    write_json(options.out, results)


def measured(units, density, batch, repeats):
    """Return the seconds of a step for each share of frozen connections."""
    trainings = [training(units, density, batch, share) for share in SHARES]
    for one in trainings:
        epoch(one)  # they compile, and fill caches
    turns = [[epoch(one) for one in trainings] for _ in range(repeats)]
    n_steps = trainings[0].samples.n_samples // batch
    seconds = (np.min(turns, axis=0) / n_steps).tolist()
    return {"units": units, "density": density, "batch": batch, "seconds": seconds}


def epoch(one):
    """Train an epoch and return its seconds."""
    began = time.perf_counter()
    next(one)
    return time.perf_counter() - began


def training(units, density, batch, share):
    """Return a training in which a share of the hidden connections is frozen."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((8 * batch, units[0])).astype(np.float32)
    y = rng.integers(units[-1], size=len(X))
    topologies = [
        random_topology(shape, round(density * shape[0] * shape[1]), rng)
        for shape in pairwise(units[:-1])
    ]
    shape = tuple(units[-2:])
    topologies.append(Topology.from_positions(shape, np.arange(shape[0] * shape[1])))
    network = Network.initial(
        topologies,
        "he",
        rng,
        np.float32,
        activation="relu",
        negative_slope=None,
        output="softmax",
    )
    layers = [held(layer, share, rng) for layer in network.layers[:-1]]
    state = State(network.with_layers([*layers, network.layers[-1]]), rng, rng)
    state.learning_rate.now = 1e-4
    return Training(
        state,
        Samples(X, y),
        Backpropagation(Adam(), LogLoss(), alpha=1e-4),
        Evolver(METHODS["static"].evolution(), "he"),
        batch_size=batch,
        max_epochs=10**6,
    )


def held(layer, share, rng):
    """Return the layer with a share of its connections frozen, at random."""
    if not share:
        return layer
    own = layer.topology.positions()
    frozen = np.sort(rng.choice(own, round(share * own.size), replace=False))
    size = layer.topology.shape[0] * layer.topology.shape[1]
    others = np.setdiff1d(rng.integers(size, size=frozen.size), own)
    positions = np.union1d(frozen, others)
    shared = Topology.from_positions(layer.topology.shape, positions)
    values = rng.standard_normal(shared.nnz).astype(np.float32) / 10
    return layer.holding(Held.of(shared, values, layer.topology))


if __name__ == "__main__":
    main()
