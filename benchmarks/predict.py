"""The product of a sparse layer with a batch, beside those of scipy and PyTorch.

    python benchmarks/predict.py

A square layer of n units at epsilon 20, float32, one thread: what `predict` spends its
time with. PyTorch's product of a CSR matrix is MKL's; it gets the transposed pattern,
as it wants it, and both widths of indices. It takes part where it is installed
(`pip install torch==2.13.0`, CPU build). Milliseconds, medians of interleaved runs.
"""

import argparse
import time
import warnings

import numpy as np
from _report import print_table, write_json
from scipy import sparse
from threadpoolctl import threadpool_limits

from skset.model import Layer
from skset.runtime.team import Team
from skset.topology import random_topology

try:
    import torch
except ImportError:
    torch = None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[3000, 30000])
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 32, 128])
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--out", default="benchmarks/results/predict.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if torch is not None:
        torch.set_num_threads(1)
    results = []
    with threadpool_limits(1):
        for n in options.widths:
            layer = layer_of(n)
            for batch in options.batches:
                times = measure(layer, batch, options)
                results.append({"n": n, "batch": batch} | times)
    names = [name for name in results[0] if name not in ("n", "batch")]
    rows = [
        [f"{r['n']:,}", f"{r['batch']}", *(f"{1e3 * r[name]:.3f}" for name in names)]
        for r in results
    ]
    print_table(["n", "batch", *names], rows)
    write_json(options.out, results)


def layer_of(n):
    rng = np.random.default_rng(0)
    topology = random_topology((n, n), 40 * n, rng)
    return Layer.initial(topology, "he", rng, np.dtype(np.float32))


def measure(layer, batch, options):
    """Return the median seconds of each contestant."""
    contestants = contestants_for(layer, batch)
    expected = contestants["skset"]().copy()
    for name, product in contestants.items():
        assert np.allclose(np.asarray(product()), expected, atol=1e-3), name
    seconds = {name: [] for name in contestants}
    for _ in range(options.repeats):
        for name, product in contestants.items():
            began = time.perf_counter()
            product()
            seconds[name].append(time.perf_counter() - began)
    return {name: float(np.median(times)) for name, times in seconds.items()}


def contestants_for(layer, batch):
    """Return functions that return the product, by name."""
    n = layer.topology.shape[0]
    X = np.random.default_rng(1).standard_normal((n, batch)).astype(np.float32)
    Z, team = np.empty_like(X), Team()

    def ours():
        layer.forward(X, Z, team)
        return Z

    W = sparse.csr_array(layer.topology.to_csr(layer.weights).T.tocsr())
    contestants = {"skset": ours, "scipy": lambda: W @ X}
    if torch is not None:
        columns = torch.from_numpy(X)
        for dtype in (np.int32, np.int64):
            parts = W.indptr.astype(dtype), W.indices.astype(dtype), W.data
            matrix = torch.sparse_csr_tensor(*map(torch.from_numpy, parts), size=(n, n))
            name = f"torch, {np.dtype(dtype).name}"
            contestants[name] = lambda matrix=matrix: matrix @ columns
    return contestants


if __name__ == "__main__":
    main()
