"""A network that no dense runtime can hold, gathered in onnxruntime.

    python benchmarks/onnx_large.py

A classifier of random weights with two hidden layers of 600,000 units, 37 million
connections. As dense matrices its weights would take 1.4 TB. It prints and stores the
seconds to convert, load and predict, MB of the file and of the process, and the
greatest difference of probabilities from skset's. It needs about 10 GB.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from _report import write_json
from scipy import sparse

from skset import SETClassifier
from skset.model import Network
from skset.onnx import to_onnx

N_INPUTS, N_CLASSES = 784, 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=600_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--out", default="benchmarks/results/onnx_large.json")
    options = parser.parse_args()
    model = classifier(options.units)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.onnx"
        result = {"connections": model.nnz_, **converted(model, path)}
        result["answers"] = [*answers(model, path, options.rows)]
    print(result)
    write_json(options.out, [result], peers=("onnx", "onnxruntime"))


def classifier(n):
    """Return a classifier with about 20, 40 and 2 connections per hidden unit."""
    rng = np.random.default_rng(0)
    sizes, nnz = [N_INPUTS, n, n, N_CLASSES], [20 * n, 40 * n, 2 * n]
    coefs = [
        matrix(*shape, rng) for shape in zip(sizes[:-1], sizes[1:], nnz, strict=True)
    ]
    zeros = [np.zeros(W.shape[1], np.float32) for W in coefs]
    network = Network.from_csr(coefs, zeros, output="softmax", dtype=np.float32)
    return SETClassifier.from_network(network, np.arange(N_CLASSES))


def matrix(n_in, n_out, nnz, rng):
    places = rng.integers(0, n_in, nnz), rng.integers(0, n_out, nnz)
    scale = np.float32(np.sqrt(2 * n_out / nnz))  # He's
    weights = scale * rng.standard_normal(nnz, np.float32)
    found = sparse.coo_array((weights, places), (n_in, n_out)).tocsr()
    found.sum_duplicates()
    return found


def converted(model, path):
    """Write the model; return seconds and MB."""
    began = time.perf_counter()
    path.write_bytes(to_onnx(model, sparse="gather").SerializeToString())
    seconds = time.perf_counter() - began
    return {"convert, s": seconds, "file, MB": path.stat().st_size / 1e6}


def answers(model, path, numbers):
    """Yield the figures of predictions of some rows."""
    before, options = megabytes(), onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    for n in numbers:
        X = np.random.default_rng(n).standard_normal((n, N_INPUTS), np.float32)
        began = time.perf_counter()
        _, P = session.run(None, {"X": X})
        seconds, grown = time.perf_counter() - began, megabytes() - before
        gap = np.abs(P - model.predict_proba(X)).max()
        yield {"rows": n, "s": seconds, "MB": grown, "difference": float(gap)}


def megabytes():
    """Return the MB of this process (on Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1e3


if __name__ == "__main__":
    main()
