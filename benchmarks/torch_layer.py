"""A training step of the same sparse network of layers for PyTorch.

    python benchmarks/torch_layer.py --threads 1
    OMP_WAIT_POLICY=PASSIVE python benchmarks/torch_layer.py --threads 2

Without the second line's variable PyTorch's threads keep a core busy after each of
their loops, and whoever comes next does not get it. Two tasks, float32, SGD with
momentum:

- network: 784-3000-3000-10, relu, cross entropy. A step is forward, loss, backward and
  the optimiser, for a batch that is there.
- layer: 4096-4096, relu. A step is forward, backward from a given gradient, to the
  inputs too, and the optimiser.

Contestants: see `_torch_layers.py`; each if it is installed. Beside them skset's own
step without PyTorch: the training loop that `fit` uses, or the methods of the layer.
Before, the outputs and gradients of all contestants are compared.

All are timed in turn, again and again, in one process. One thread: time of the
processor, which other processes disturb less. Two: time on the clock. Medians over the
repetitions, in milliseconds; ratios are to skset's own step and to the best peer.
"""

import argparse
import os
import time
import warnings
from itertools import pairwise

import numpy as np
import torch
from _report import print_table, with_others, write_json
from _step_peers import MOMENTUM, Task, skset_loop
from _torch_layers import LAYERS, network_of, optimiser_of
from torch.nn import functional

from skset.model import Layer, Network
from skset.runtime.team import Team
from skset.strategies import LayerDensities
from skset.training import SGD

TASKS = {"network": [784, 3000, 3000, 10], "layer": [4096, 4096]}
OWN, OURS = "skset", "SETLinear"
# Steps of a repetition have about so many products of connections and samples.
WORK, MOST_STEPS = 60_000_000, 20
# Steps before the timing: kernels are compiled, memory is touched, and skset has tried
# whether a second thread pays.
WARM_UP = 24


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 128, 512])
    parser.add_argument("--densities", type=float, nargs="+", default=[0.01, 0.05])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--without", nargs="+", default=[], help="leave these out")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--out", default="benchmarks/results/torch_layer.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = []
    for threads in options.threads:
        torch.set_num_threads(threads)
        for task in options.tasks:
            for density in options.densities:
                for batch in options.batches:
                    case = {
                        "task": task,
                        "density": density,
                        "batch": batch,
                        "threads": threads,
                        "waiting": os.environ.get("OMP_WAIT_POLICY", ""),
                        "load": os.getloadavg()[0],
                    }
                    found = measure(case, options)
                    results += [case | one for one in found]
                    print_table(*table_of(case, found))
    keys = ("task", "density", "batch", "threads", "waiting", "who")
    results = with_others(options.out, results, keys)
    write_json(options.out, results, peers=("torch", "sparselab"))


def measure(case, options):
    """Return the median time of a step of each contestant."""
    rng = np.random.default_rng(0)
    units = TASKS[case["task"]]
    densities = LayerDensities((case["density"],) * (len(units) - 1))
    topologies = densities(list(pairwise(units)), rng)
    layers = [Layer.initial(t, "he", rng, np.dtype(np.float32)) for t in topologies]
    work = sum(layer.topology.nnz for layer in layers) * case["batch"]
    n_steps = max(1, min(MOST_STEPS, WORK // work))
    make = networks if case["task"] == "network" else single_layers
    steps = make(layers, case, n_steps, set(LAYERS) - set(options.without))
    seconds = {who: [] for who in steps}
    clock = time.process_time if case["threads"] == 1 else time.perf_counter
    for who, step in steps.items():
        n = 1 if who == "nn.Linear" else WARM_UP
        for _ in range(-(-n // n_steps)):
            step(min(n, n_steps))
    for _ in range(options.repeats):
        for who, epoch in steps.items():
            n = 1 if who == "nn.Linear" else n_steps
            began = clock()
            epoch(n)
            seconds[who].append((clock() - began) / n)
    return [
        {"who": who, "seconds": float(np.median(s)), "least": min(s)}
        for who, s in seconds.items()
    ]


def networks(layers, case, n_steps, peers):
    """Return for each contestant a function that takes n steps with a network."""
    rng = np.random.default_rng(1)
    batch, n_inputs = case["batch"], layers[0].topology.shape[0]
    X = rng.standard_normal((batch, n_inputs)).astype(np.float32)
    y = rng.integers(layers[-1].topology.shape[1], size=batch)
    found = {who: network_of(layers, who) for who in peers}
    compare(found, torch.from_numpy(X))
    steps = {OWN: own_network(layers, case, X, y, n_steps)}
    for who, network in found.items():
        steps[who] = network_steps(network, torch.from_numpy(X), torch.from_numpy(y))
    return steps


def network_steps(network, X, y):
    optimiser = optimiser_of(network, 1e-6)

    def take(n=1):
        for _ in range(n):
            optimiser.zero_grad()
            functional.cross_entropy(network(X), y).backward()
            optimiser.step()

    return take


def own_network(layers, case, X, y, n_steps):
    functions = {"activation": "relu", "negative_slope": 0.0, "output": "softmax"}
    network = Network(tuple(layer.copy() for layer in layers), **functions)
    task = Task(network, np.tile(X, (n_steps, 1)), np.tile(y, n_steps), len(X), 1e-6, 0)
    epoch = skset_loop(task, case["threads"])
    return lambda n=n_steps: epoch()


def single_layers(layers, case, n_steps, peers):
    """Return for each contestant a function that takes n steps with one layer."""
    [layer], batch = layers, case["batch"]
    rng = np.random.default_rng(1)
    shapes = [(batch, n) for n in layer.topology.shape]
    X, G = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    # As a layer below and above would hand them over: in the order that each likes.
    steps = {OWN: own_layer(layer.copy().with_moments(1), case, X, G)}
    found = {who: network_of(layers, who, ends_rectified=True) for who in peers}
    compare(found, torch.from_numpy(X))
    for who, network in found.items():
        steps[who] = layer_steps(network, X, G, who == "nn.Linear")
    return steps


def in_order(array, by_rows):
    """Return a tensor (batch, units) that is contiguous, or the transpose of one."""
    tensor = torch.from_numpy(array)
    return tensor.clone() if by_rows else tensor.t().clone().t()


def layer_steps(network, X, G, by_rows):
    optimiser = optimiser_of(network, 1e-6)
    x, g = in_order(X, by_rows).requires_grad_(), in_order(G, by_rows)

    def take(n=1):
        for _ in range(n):
            optimiser.zero_grad()
            x.grad = None
            network(x).backward(g)
            optimiser.step()

    return take


def own_layer(layer, case, X, G):
    X, G = np.ascontiguousarray(X.T), np.ascontiguousarray(G.T)
    Z, D, DX = np.empty_like(G), np.empty_like(G), np.empty_like(X)
    team = Team(case["threads"]).__enter__()  # its threads end with the process
    step = SGD(MOMENTUM, nesterov=False).step(1e-6, 1, 0.0, X.dtype)

    def take(n=1):
        for _ in range(n):
            layer.forward(X, Z, team, 0.0)
            np.multiply(G, Z > 0, out=D)
            layer.backward(X, D, DX, step, team)

    return take


def compare(found, X):
    """Raise unless the outputs of all are the same, and the gradients of the inputs."""
    results = []
    for network in found.values():
        x = X.clone().requires_grad_()
        y = network(x)
        y.square().sum().backward()
        network.zero_grad()
        results.append((y.detach(), x.grad))
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=1e-3, atol=1e-2)


def table_of(case, found):
    """Return header and rows: milliseconds, and ratios to skset and to the best."""
    seconds = {one["who"]: one["seconds"] for one in found}
    best = min(s for who, s in seconds.items() if who not in (OWN, OURS))
    header = [
        "{task}, {density:.0%}, batch {batch}, {threads} threads".format(**case),
        "ms",
        "to skset",
        "to best peer",
    ]
    rows = [
        [who, f"{1e3 * s:.2f}", f"{s / seconds[OWN]:.2f}", f"{s / best:.2f}"]
        for who, s in seconds.items()
    ]
    return header, rows


if __name__ == "__main__":
    main()
