"""A training step of the same sparse network, beside other packages.

    python benchmarks/peers.py

A step is gathering the batch, forward, loss, backward and update: float32, relu,
softmax, SGD with momentum and weight decay, one thread. The networks are 3312-n-n-n-5
at epsilon 20, and 784-3000-3000-10 with 5 % of all connections in each layer.

Contestants, each if it is installed (`pip install torch sparselab sparseprop`):

- skset: the training loop that `fit` uses, without evolution.
- skset, partial_fit: the public estimator, one call for all steps of a repetition.
- torch dense: the dense network of the same shape, by autograd.
- torch CSR: sparse CSR tensors, a step written by hand for the least overhead. Its
  kernels are slow below 8 and above 32 columns. So a smaller batch also takes part
  padded to 8 columns, a larger one in panels of 32.
- SparseLab, SparseProp: as their documentation shows.

First each takes a few steps from the same weights, and the losses are compared. Then
all are timed in turn, again and again. Milliseconds; the ratio is that of the medians
to skset's.
"""

import argparse
import time
import warnings
from itertools import pairwise

import numpy as np
from _report import print_table, with_others, write_json
from _step_peers import PACKAGES, Task, contestants, missing
from step import N_CLASSES, N_FEATURES
from threadpoolctl import threadpool_limits

from skset.model import Network
from skset.strategies import ErdosRenyi, LayerDensities

# Units, what draws the topologies, batches, and whether a dense network fits.
NETWORKS = {
    "3,000": (
        [N_FEATURES, 3000, 3000, 3000, N_CLASSES],
        ErdosRenyi(20),
        [2, 8, 32, 128],
        True,
    ),
    "30,000": (
        [N_FEATURES, 30000, 30000, 30000, N_CLASSES],
        ErdosRenyi(20),
        [2, 8, 32, 128],
        False,
    ),
    "5 %": ([784, 3000, 3000, 10], LayerDensities((0.05,) * 3), [512], True),
}
CASE = ("network", "batch")  # the keys of a result that say what was measured
# Steps of which the losses are compared, and how far they may differ.
N_COMPARED, TOLERANCE = 4, 1e-3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--batches", type=int, nargs="+", help="only these")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--out", default="benchmarks/results/peers.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if absent := missing():
        print("Not installed:", ", ".join(absent))
    results = []
    for name in options.networks:
        *_, batches, with_dense = NETWORKS[name]
        network = network_of(name)
        for batch in batches:
            if batch in (options.batches or batches):
                measured = measure(network, batch, with_dense, options.repeats)
                results += [{"network": name, "batch": batch} | m for m in measured]
    report(results)
    results = with_others(options.out, results, CASE)
    write_json(options.out, results, peers=PACKAGES)


def network_of(name):
    """Return a network with random connections and weights."""
    units, init, *_ = NETWORKS[name]
    rng = np.random.default_rng(0)
    topologies = init(list(pairwise(units)), rng)
    functions = {"activation": "relu", "negative_slope": 0.0, "output": "softmax"}
    return Network.initial(topologies, "he", rng, np.float32, **functions)


def measure(network, batch, with_dense, repeats):
    """Return the figures of each contestant at one batch size."""
    work = network.nnz * batch
    task = task_of(network, batch, max(1, min(20, 200_000_000 // work)))
    found = contestants(batch, with_dense)
    with threadpool_limits(1):
        limit_torch()
        compare_losses(found, task.first(1, rate=1e-3, alpha=0.0))
        tasks = {who: task.first(1) if "dense" in who else task for who in found}
        epochs = {who: make(tasks[who]) for who, make in found.items()}
        seconds = timed(epochs, repeats)
    return [
        {
            "who": who,
            "connections": network.nnz,
            "seconds": float(np.median(times)) / tasks[who].n_steps,
            "least": min(times) / tasks[who].n_steps,
        }
        for who, times in seconds.items()
    ]


def task_of(network, batch, n_steps):
    """Return a task of random samples, with a rate at which the network stays alike."""
    rng = np.random.default_rng(1)
    n_features, *_, n_classes = network.n_units
    X = rng.standard_normal((batch * n_steps, n_features)).astype(np.float32)
    y = rng.integers(n_classes, size=len(X))
    return Task(network, X, y, batch, rate=1e-6)


def limit_torch():
    if not missing(["torch"]):
        import torch

        torch.set_num_threads(1)


def compare_losses(found, task):
    """Raise unless all contestants have the same losses in their first steps."""
    expected = None
    for who, make in found.items():
        epoch = make(task)
        # A dense network has other connections after its first step.
        losses = [epoch() for _ in range(1 if "dense" in who else N_COMPARED)]
        expected = expected or losses
        np.testing.assert_allclose(
            losses, expected[: len(losses)], rtol=TOLERANCE, err_msg=who
        )


def timed(epochs, repeats):
    """Return the seconds of each epoch, interleaved."""
    seconds = {who: [] for who in epochs}
    for epoch in epochs.values():
        epoch()  # first touch of the memory, cached transposes
    for _ in range(repeats):
        for who, epoch in epochs.items():
            began = time.perf_counter()
            epoch()
            seconds[who].append(time.perf_counter() - began)
    return seconds


def report(results):
    """Print all contestants of each network and batch size."""
    print_table(
        ["n", "batch", "who", "ms per step", "least", "ratio"],
        [
            [
                result["network"],
                str(result["batch"]),
                result["who"],
                f"{1e3 * result['seconds']:.2f}",
                f"{1e3 * result['least']:.2f}",
                f"{result['seconds'] / ours(result, results):.2f}",
            ]
            for result in results
        ],
    )


def ours(result, results):
    """Return the seconds of skset for the same network and batch size."""
    return next(
        other["seconds"]
        for other in results
        if other["who"] == "skset" and all(other[key] == result[key] for key in CASE)
    )


if __name__ == "__main__":
    main()
