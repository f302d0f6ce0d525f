"""Memory of learning from tables in files: what is used beside the file.

    python benchmarks/larger_than_memory.py
    python benchmarks/larger_than_memory.py --gigabytes 4 --tables "float32 F"

Each row is one call of one method in a process of its own, with a table of 2 GB. It is
in a file that is made on the spot, opened as a memory map, and deleted. The network has
two hidden layers of 100 and trains one epoch. Kernels are compiled, or loaded, by the
same call for 400 rows before.

- beside: the most private memory (``RssAnon``) that the process had during the call,
  less what it had before. Pages of the file are not counted: the system keeps them
  where there is room, and takes them back where there is none.
- limited: the call was made again with no more than 300 MB left to allocate
  (``RLIMIT_DATA``), and did not fail.
- seconds: of the call. The file was written just before, so it may be in memory.

It runs on Linux.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from _memory import Peak, status
from _report import print_table, with_others, write_json
from scipy import sparse
from threadpoolctl import threadpool_limits

from skset import QuickSelection, SETClassifier, SETRegressor, SparseRBM

# Columns of a dense table, and of a sparse one with so many numbers in each row.
N_COLUMNS, N_SPARSE_COLUMNS, N_STORED = 1000, 20_000, 200
# Of the narrow table, which is that of HIGGS: for it what each row takes counts most.
N_NARROW = 28
ALLOWED = 300 << 20
TABLES = [
    *(
        f"{dtype} {order}"
        for dtype in ("float32", "float64", "uint8")
        for order in "CF"
    ),
    "float32 CSR",
    "float64 CSR int64",
    "narrow float32 C",
]
SMALL = {"hidden_layer_sizes": (100, 100), "max_iter": 1, "random_state": 0}


def weights(n):
    return 1 + np.arange(n) % 3


def fitted(Estimator):
    """Return what fits an estimator with further parameters and arguments."""

    def with_params(weighted=False, **params):
        def call(X, y):
            model = Estimator(**SMALL, **params)
            given = {"sample_weight": weights(len(y))} if weighted else {}
            return lambda: model.fit(X, y, **given)

        return call

    return with_params


classifier, regressor = fitted(SETClassifier), fitted(SETRegressor)
selection = fitted(QuickSelection)


def after_fit(method, n_fit=2000, **params):
    """Return what calls a method of a classifier that has learned from a few rows."""

    def call(X, y):
        model = SETClassifier(**SMALL, **params).fit(X[:n_fit], y[:n_fit])
        arguments = (X, y) if method in ("score", "partial_fit") else (X,)
        return lambda: getattr(model, method)(*arguments)

    return call


def machine(method="fit"):
    """Return what trains a Boltzmann machine, or calls a method of a trained one."""

    def call(X, y):
        model = SparseRBM(20, n_iter=1, batch_size=100, random_state=0)
        if method == "fit":
            return lambda: model.fit(X)
        return lambda: getattr(model.fit(X[:2000]), method)(X)

    return call


def selected(X, y):
    """Return what writes ten chosen columns of all rows."""
    model = QuickSelection(10, **SMALL).fit(X[:2000])
    return lambda: model.transform(X)


CALLS = {
    "fit": classifier(),
    "fit, raw units": classifier(standardize=False),
    "fit, early_stopping": classifier(early_stopping=True),
    "fit, early_stopping by loss": classifier(early_stopping=True, scoring="loss"),
    "fit, early_stopping by roc_auc": classifier(
        early_stopping=True, scoring="roc_auc"
    ),
    "fit, sample_weight": classifier(weighted=True),
    "fit, class_weight": classifier(class_weight="balanced"),
    "predict": after_fit("predict"),
    "predict_proba": after_fit("predict_proba"),
    "score": after_fit("score"),
    "partial_fit": after_fit("partial_fit"),
    "SETRegressor.fit": regressor(),
    "SETRegressor.fit, early_stopping": regressor(early_stopping=True),
    "QuickSelection.fit": selection(),
    "QuickSelection.fit, y": selection(supervised=True),
    "QuickSelection.transform": selected,
    "SparseRBM.fit": machine(),
    "SparseRBM.transform": machine("transform"),
}


def main():
    options = parsed_options()
    if options.child:
        print(json.dumps(measured(*options.child, options.limit)))
        return
    results = []
    for table in options.tables:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            path = written(table, int(options.gigabytes * 1e9), Path(folder) / "X")
            for call in options.calls:
                result = outcome(table, path, call, options.seconds)
                results.append({"gigabytes": options.gigabytes, **result})
                print(result, flush=True)
                keys = ("table", "call", "gigabytes")
                write_json(
                    options.out, with_others(options.out, results, keys), told=False
                )
    print_results(results)
    failed = [f"{r['table']}, {r['call']}" for r in results if "error" in r]
    sys.exit(f"failed: {'; '.join(failed)}" if failed else 0)


def parsed_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--calls", nargs="+", choices=CALLS, default=list(CALLS))
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--folder", help="where the files are made")
    parser.add_argument("--seconds", type=float, default=600, help="for one call")
    parser.add_argument("--out", default="benchmarks/results/larger_than_memory.json")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--limit", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


# Tables.


def shape_of(table, n_bytes):
    """Return rows and columns of a dense table of so many bytes."""
    width = N_NARROW if table.startswith("narrow") else N_COLUMNS
    return n_bytes // (width * np.dtype(table.split()[-2]).itemsize), width


def written(table, n_bytes, path):
    """Write a table and its labels, block by block; return where."""
    if "CSR" in table:
        return written_sparse(table, n_bytes, path)
    dtype, order = table.split()[-2:]
    shape = shape_of(table, n_bytes)
    X = np.lib.format.open_memmap(path, "w+", dtype, shape, fortran_order=order == "F")
    period = np.random.default_rng(0).random((1000, shape[1])) < 0.3
    if order == "F":
        for j, column in enumerate(period.T):
            X[:, j] = np.resize(column, shape[0])
    else:
        for start in range(0, shape[0], 1000):
            X[start : start + 1000] = period[: shape[0] - start]
    return path


def written_sparse(table, n_bytes, path):
    """Write a CSR matrix as three arrays in a folder."""
    dtype, _, *wide = table.split()
    index = np.dtype(wide[0] if wide else "int32")
    n_rows = n_bytes // (N_STORED * (np.dtype(dtype).itemsize + index.itemsize))
    path.mkdir()
    parts = {"data": dtype, "indices": index}
    data, indices = (
        np.lib.format.open_memmap(path / f"{name}.npy", "w+", kind, n_rows * N_STORED)
        for name, kind in parts.items()
    )
    rng, step = np.random.default_rng(0), N_SPARSE_COLUMNS // N_STORED
    for start in range(0, n_rows, 1000):
        n = min(1000, n_rows - start)
        some = slice(start * N_STORED, (start + n) * N_STORED)
        columns = rng.integers(step, size=(n, N_STORED))
        indices[some] = (columns + step * np.arange(N_STORED)).ravel()
        data[some] = rng.random(n * N_STORED, np.float32)
    np.save(path / "indptr.npy", np.arange(n_rows + 1, dtype=index) * N_STORED)
    return path


def opened(path):
    """Return a table as memory maps."""
    if not path.is_dir():
        return np.load(path, mmap_mode="r")
    names = ("data", "indices", "indptr")
    parts = (np.load(path / f"{name}.npy", mmap_mode="r") for name in names)
    X = sparse.csr_array((0, N_SPARSE_COLUMNS), dtype=float)
    X.data, X.indices, X.indptr = parts  # its constructor may cast the indices
    X._shape = len(X.indptr) - 1, N_SPARSE_COLUMNS
    return X


# A call in a process of its own.


def outcome(table, path, call, seconds):
    """Return the figures of a call, first without and then with a limit."""
    result = {"table": table, "call": call}
    for limit in (False, True):
        command = [sys.executable, __file__, "--child", str(path), call]
        command += ["--limit"] * limit
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=seconds,
                env=environment,
            )
        except subprocess.TimeoutExpired:
            return {**result, "error": f"more than {seconds:g} seconds"}
        if limit:
            return {**result, "limited": done.returncode == 0}
        if done.returncode:
            return {**result, "error": done.stderr.splitlines()[-1]}
        result.update(json.loads(done.stdout))
    return result


def measured(path, call, limit):
    """Return memory and seconds of a call; with a limit it may fail."""
    warnings.simplefilter("ignore")
    X = opened(Path(path))
    y = np.arange(X.shape[0]) % 2
    with threadpool_limits(1):
        CALLS[call](X[:400], y[:400])()  # all is imported and compiled
        run = CALLS[call](X, y)
        before = status("RssAnon")
        if limit:
            most = status("VmData") + ALLOWED
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        with Peak() as peak:
            began = time.perf_counter()
            run()
            seconds = time.perf_counter() - began
    megabytes = {"before": before / 1e6, "beside": (peak.most - before) / 1e6}
    return {"rows": X.shape[0], **megabytes, "seconds": seconds}


def print_results(results):
    header = ["table", "call", "MB beside", "limited", "seconds"]
    rows = [
        [
            result["table"],
            result["call"],
            result.get("error") or f"{result['beside']:.0f}",
            str(result.get("limited", "")),
            f"{result.get('seconds', float('nan')):.1f}",
        ]
        for result in results
    ]
    print_table(header, rows)


if __name__ == "__main__":
    main()
