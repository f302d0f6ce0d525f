"""Memory and time of `skset.anndata` on a file larger than the memory that is used.

    python benchmarks/anndata_memory.py --folder /tmp
    python benchmarks/anndata_memory.py --cells 20000 --genes 3000 --epochs 2

A file of cells x genes is made: sparse, by rows, float32, ten types of cells with five
genes of their own. It is removed at the end. Each case opens it with ``backed="r"`` in
a process of its own and runs a few epochs. A default fit of so many cells has ten.

- peak: the most memory that the process ever had, Python and its packages included.
- at first: the same before the call, after the imports and the labels.
- read: one pass over all blocks, without any learning.
- first pass: means, variances and labels of all cells, or the greatest values.
- epoch: mean of the others. It reads everything too.
- rest: everything after the last epoch, as the ranking, or hidden units of all cells.
- found: how many of the 50 planted genes are among the 50 selected.

Seconds are those of the processor in this process, so that they hardly depend on what
else runs, but for "wall": all of the call, by the clock.

Passes are told from one another by the number of blocks that were read. So the table
must be larger than a window, which stays in memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from _report import print_table, write_json

N_TYPES, GENES_OF_TYPE = 10, 5
ROWS_AT_ONCE = 2000
CASES = ("genes", "genes by type", "rbm")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--genes", type=int, default=30_000)
    parser.add_argument("--density", type=float, default=0.05)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cases", nargs="+", default=CASES[:2], choices=CASES)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--out", default="benchmarks/results/anndata_memory.json")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(*options.child, options)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "cells.h5ad"
        apart("make", path)
        size = path.stat().st_size
        print(f"{options.cells} x {options.genes}, {size / 1e9:.2f} GB in the file")
        names = ("cells", "genes", "density", "jobs")
        asked = {name: getattr(options, name) for name in names}
        asked["n_epochs"] = options.epochs
        results = []
        for case in options.cases:
            found = apart(case, path)
            results.append({"case": case, "file": size, **asked, **found})
            write_json(options.out, results, told=False, peers=("anndata", "h5py"))
    shown(results)
    print(f"written to {options.out}")
    return None


def apart(case, path):
    """Run a case in a process of its own, with the same options."""
    command = [sys.executable, __file__, *sys.argv[1:], "--child", case, str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def child(case, path, options):
    """Print what a case found, as JSON."""
    if case == "make":
        make(path, options.cells, options.genes, options.density)
        print("{}")
    else:
        print(json.dumps(measured(case, path, options)))


def make(path, n_cells, n_genes, density):
    """Write the file, a few rows at a time."""
    import anndata
    import h5py
    import numpy as np
    import pandas as pd
    from anndata.io import sparse_dataset, write_elem
    from scipy import sparse

    rng = np.random.default_rng(0)
    types = rng.integers(N_TYPES, size=n_cells)
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(n_cells)])
    obs["type"] = pd.Categorical([f"type{i}" for i in types])
    var = pd.DataFrame(index=[f"gene{i}" for i in range(n_genes)])
    anndata.AnnData(obs=obs, var=var).write_h5ad(path)
    n_stored = round(density * n_genes)
    planted = planted_genes(n_genes)
    with h5py.File(path, "r+") as file:
        for first in range(0, n_cells, ROWS_AT_ONCE):
            of_rows = types[first : first + ROWS_AT_ONCE]
            shape = len(of_rows), n_stored + GENES_OF_TYPE
            indices = rng.integers(n_genes, size=shape, dtype=np.int32)
            counts = rng.geometric(0.5, size=shape).astype(np.float32)
            indices[:, n_stored:] = planted.reshape(N_TYPES, -1)[of_rows]
            counts[:, n_stored:] += 3
            indptr = np.arange(len(of_rows) + 1) * shape[1]
            parts = counts.ravel(), indices.ravel(), indptr
            rows = sparse.csr_matrix(parts, shape=(len(of_rows), n_genes))
            rows.sum_duplicates()
            rows.data = np.log1p(rows.data)
            if first:
                sparse_dataset(file["X"]).append(rows)
            else:
                write_elem(file, "X", rows)


def planted_genes(n_genes):
    """Return the genes that tell the types, five for each."""
    import numpy as np

    return np.linspace(0, n_genes - 1, N_TYPES * GENES_OF_TYPE).astype(np.int32)


def measured(case, path, options):
    """Return seconds and bytes of one case."""
    import anndata
    import numpy as np

    from skset import QuickSelection, SparseRBM
    from skset.anndata import blocks, rbm, select_genes

    warm_up(case)
    adata = anndata.read_h5ad(path, backed="r")
    before = peak()
    began = times()[1]
    for _ in blocks(adata):
        pass
    read = times()[1] - began

    found = None
    fixed = {"random_state": 0, "n_jobs": options.jobs}
    with warnings.catch_warnings(), Passes(blocks(adata)) as passes:
        warnings.simplefilter("ignore")
        if case == "rbm":
            machine = SparseRBM(n_iter=options.epochs, batch_size=200, **fixed)
            rbm(adata, machine=machine)
        else:
            selector = QuickSelection(max_iter=options.epochs, **fixed)
            groupby = "type" if case == "genes by type" else None
            select_genes(adata, 50, groupby=groupby, selector=selector)
            chosen = np.flatnonzero(adata.var["skset"])
            found = len(set(chosen) & set(planted_genes(options.genes)))
    # After the last epoch a machine reads everything for the hidden units.
    n_after = 1 + (case == "rbm")
    n_first = len(passes.seconds) - options.epochs - n_after
    parts = {
        "first": slice(n_first),
        "epochs": slice(n_first, -n_after),
        "rest": slice(-n_after, None),
    }
    return {
        "peak": peak(),
        "at_first": before,
        "read": read,
        "wall": {name: sum(passes.seconds[part]) for name, part in parts.items()},
        "cpu": {name: sum(passes.of_processor[part]) for name, part in parts.items()},
        "found": found,
        "n_blocks": passes.n_blocks,
    }


class Passes:
    """The seconds of each pass over all blocks, as a context."""

    def __init__(self, blocks):
        self.kind, self.n_blocks = type(blocks), len(blocks)
        self.take = self.kind.__getitem__
        self.seconds, self.of_processor, self.n_read = [], [], 0

    def __enter__(self):
        def counted(blocks, i):
            block = self.take(blocks, i)
            self.n_read += 1
            if self.n_read % self.n_blocks == 0:
                self._ends()
            return block

        self.kind.__getitem__ = counted
        self.last = times()
        return self

    def _ends(self):
        now = times()
        self.seconds.append(now[0] - self.last[0])
        self.of_processor.append(now[1] - self.last[1])
        self.last = now

    def __exit__(self, *_):
        self._ends()
        self.kind.__getitem__ = self.take


def times():
    """Return the time, and that of the processor in this process, in seconds."""
    return time.perf_counter(), time.process_time()


def warm_up(case):
    """Compile all kernels, or load them, on a small table."""
    import anndata
    import numpy as np
    from scipy import sparse

    from skset.anndata import rbm, select_genes

    rng = np.random.default_rng(0)
    X = rng.poisson(0.1, size=(200, 300)).astype(np.float32)
    small = anndata.AnnData(sparse.csr_matrix(X))
    small.obs["type"] = np.array(["a", "b"])[np.arange(200) % 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if case == "rbm":
            rbm(small)
        else:
            select_genes(small, groupby="type" if case == "genes by type" else None)


def peak():
    """Return the most bytes that this process ever had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def shown(results):
    """Print the table."""
    header = ["case", "peak, GB", "at first", "read, s", "first pass, s", "epoch, s"]
    rows = []
    for found in results:
        rows.append(
            [
                found["case"],
                f"{found['peak'] / 1e9:.2f}",
                f"{found['at_first'] / 1e9:.2f}",
                f"{found['read']:.1f}",
                f"{found['cpu']['first']:.1f}",
                f"{found['cpu']['epochs'] / found['n_epochs']:.1f}",
                f"{found['cpu']['rest']:.1f}",
                f"{sum(found['wall'].values()):.1f}",
                "" if found["found"] is None else str(found["found"]),
            ]
        )
    print_table([*header, "rest, s", "wall, s", "found"], rows)


if __name__ == "__main__":
    main()
