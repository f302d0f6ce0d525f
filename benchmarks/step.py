"""The time of one training step, beside scikit-learn and scipy.

    python benchmarks/step.py

Networks 3312-n-n-n-5 at epsilon 20, float32, relu, SGD with momentum. A step is
gathering the batch, forward, loss, backward and update, timed through the training loop
that `fit` uses, evolution excluded. Costs are told in nanoseconds per connection and
sample. Beside it, in the same run and interleaved with it:

- evolution: one evolution of all layers, on one thread; counted as if it were a step.
- scipy: the same sparse step written with scipy.sparse products and a gradient sampled
  at the connections with a numba loop; for n = 3,000.
- dense: scikit-learn's MLPClassifier.partial_fit of the same shape, SGD with momentum;
  for n = 3,000. Its cost is divided by the *sparse* network's connections, so that the
  ratio is that of the times.

Medians over the repetitions. One BLAS thread for the peers where skset has one.
"""

import argparse
import time
import warnings
from dataclasses import replace
from itertools import pairwise

import numba
import numpy as np
from _report import print_table, write_json
from scipy import sparse
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skset.model import LOSSES, Network, Samples
from skset.strategies import METHODS, ConstantSchedule, ErdosRenyi
from skset.training import (
    SGD,
    Backpropagation,
    Evolver,
    LearningRate,
    State,
    Training,
)

N_FEATURES, N_CLASSES = 3312, 5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[3000, 30000, 300000])
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 8, 32, 128])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--peer-width", type=int, default=3000)
    parser.add_argument("--out", default="benchmarks/results/step.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = []
    for width in options.widths:
        topologies = topologies_of(width)
        for batch in options.batches:
            results += measure(width, batch, topologies, options)
    print_table(
        ["n", "batch", "who", "connections", "ms per step", "ns", "ratio"],
        [row(result, results) for result in results],
    )
    write_json(options.out, results)


def topologies_of(width):
    units = [N_FEATURES, width, width, width, N_CLASSES]
    shapes = list(pairwise(units))
    return ErdosRenyi(20)(shapes, np.random.default_rng(0))


def measure(width, batch, topologies, options):
    """Time every contestant in turn, again and again; return medians."""
    X, y = samples_of(width, batch)
    steps = len(X) // batch
    contestants = {
        f"skset, n_jobs={jobs}": sparse_epoch(topologies, X, y, batch, jobs)
        for jobs in options.jobs
    }
    contestants["evolution"] = evolution(topologies, X, y, batch)
    if width == options.peer_width:
        contestants["scipy"] = scipy_epoch(topologies, X, y, batch)
        contestants["dense"] = dense_epoch(width, X, y, batch)
    seconds = {who: [] for who in contestants}
    with threadpool_limits(1):
        for epoch in contestants.values():
            epoch()  # compilation and first touch of the memory
        for _ in range(options.repeats):
            for who, epoch in contestants.items():
                began = time.perf_counter()
                own = epoch()
                whole = time.perf_counter() - began
                seconds[who].append(own if who == "evolution" else whole / steps)
    nnz = sum(topology.nnz for topology in topologies)
    return [
        {
            "width": width,
            "batch": batch,
            "who": who,
            "connections": nnz,
            "seconds": float(np.median(times)),
            "least": min(times),
            "greatest": max(times),
            "ns": float(np.median(times)) * 1e9 / (nnz * batch),
        }
        for who, times in seconds.items()
    ]


def samples_of(width, batch):
    """Return X and y for an epoch of up to twenty steps, fewer if they are long."""
    steps = max(1, min(20, 6_000_000 // (width * batch)))
    rng = np.random.default_rng(0)
    X = rng.standard_normal((batch * steps, N_FEATURES)).astype(np.float32)
    y = rng.integers(N_CLASSES, size=len(X))
    y[:N_CLASSES] = np.arange(N_CLASSES)[: len(y)]
    return X, y


def sparse_epoch(topologies, X, y, batch, n_jobs):
    """Return a function that trains skset for one epoch."""
    training = sparse_training(
        topologies, X, y, batch, n_jobs, METHODS["static"].evolution()
    )
    return lambda: next(training)


def evolution(topologies, X, y, batch, evolution=None):
    """Return a function that evolves all layers and returns the seconds it took."""
    evolution = evolution or METHODS["set"].evolution()
    # A growth that looks at the last steps has to see them.
    resting = replace(evolution, schedule=ConstantSchedule(zeta=0.0))
    training = sparse_training(topologies, X, y, batch, 1, resting)

    def evolve():
        next(training)  # newborn weights are 0 only for one step
        training.evolver.evolution = evolution
        began = time.perf_counter()
        training.evolve()
        seconds = time.perf_counter() - began
        training.evolver.evolution = resting
        return seconds

    return evolve


def sparse_training(topologies, X, y, batch, n_jobs, evolution, halves=False):
    rng = np.random.default_rng(0)
    network = Network.initial(
        topologies,
        "he",
        rng,
        np.float32,
        activation="relu",
        negative_slope=0.0,
        output="softmax",
    )
    training = Training(
        State(network, rng, rng, LearningRate(1e-3)),
        Samples(X, y),
        Backpropagation(
            SGD(momentum=0.9, nesterov=False),
            LOSSES["log_loss"](),
            alpha=2e-4,
            halves=halves,
        ),
        Evolver(evolution, "he"),
        batch_size=batch,
        max_epochs=10**6,
        n_threads=n_jobs,
    )
    training.__enter__()  # its threads end with the process
    return training


def dense_epoch(width, X, y, batch):
    """Return a function that trains scikit-learn's dense network for one epoch."""
    dense = MLPClassifier(
        (width, width, width),
        solver="sgd",
        batch_size=batch,
        learning_rate_init=1e-3,
        alpha=2e-4,
        nesterovs_momentum=False,
        random_state=0,
    )
    classes = np.arange(N_CLASSES)
    return lambda: dense.partial_fit(X, y, classes=classes)


def scipy_epoch(topologies, X, y, batch):
    """Return a function that trains a scipy.sparse network for one epoch."""
    rng = np.random.default_rng(0)
    weights, rows, columns, velocities = [], [], [], []
    for topology in topologies:
        values = 0.05 * rng.standard_normal(topology.nnz).astype(np.float32)
        matrix = topology.to_csr(values)
        weights.append(matrix)
        rows.append(topology.in_units)
        columns.append(topology.indices)
        velocities.append(np.zeros_like(values))
    one_hot = np.eye(N_CLASSES, dtype=np.float32)[y]

    def epoch():
        for start in range(0, len(X), batch):
            A = [np.ascontiguousarray(X[start : start + batch].T)]
            for depth, W in enumerate(weights):
                Z = W.T @ A[-1]
                A.append(np.maximum(Z, 0) if depth < len(weights) - 1 else Z)
            P = np.exp(A[-1] - A[-1].max(axis=0))
            D = (P / P.sum(axis=0) - one_hot[start : start + batch].T) / batch
            for depth in range(len(weights) - 1, -1, -1):
                W, X_in = weights[depth], A[depth]
                below = (W @ D) * (X_in > 0) if depth else None
                gradient = np.empty_like(W.data)
                sampled_products(X_in, D, rows[depth], columns[depth], gradient)
                velocity = velocities[depth]
                velocity *= 0.9
                velocity -= 1e-3 * (gradient + (2e-4 / batch) * W.data)
                W.data += velocity
                D = below

    assert sparse.issparse(weights[0])
    return epoch


@numba.njit(fastmath=True)
def sampled_products(X, D, rows, columns, products):
    """Write X[i] . D[j] for every connection, one after the other."""
    for k in range(rows.size):
        x, d = X[rows[k]], D[columns[k]]
        product = X.dtype.type(0)
        for b in range(x.size):
            product += x[b] * d[b]
        products[k] = product


def row(result, results):
    reference = next(
        other
        for other in results
        if (other["width"], other["batch"]) == (result["width"], result["batch"])
    )
    return [
        f"{result['width']:,}",
        str(result["batch"]),
        result["who"],
        f"{result['connections']:,}",
        f"{1e3 * result['seconds']:.2f}",
        f"{result['ns']:.3f}",
        f"{result['seconds'] / reference['seconds']:.2f}",
    ]


if __name__ == "__main__":
    main()
