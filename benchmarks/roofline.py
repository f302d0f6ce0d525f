"""How near the kernels come to what this machine can do.

    python benchmarks/roofline.py

The first table is the machine, on one thread, measured by the small kernels of
`_ceilings.py`:

- sequential reads of an array that fits each level of the cache, or none;
- reads of random rows of 128 bytes, the rows listed by int32 indices, from tables of
  several sizes: what a batch of 32 samples does in float32;
- fused multiply-adds of float32 in registers.

The second is skset's kernels on square layers at epsilon 20, float32, on one thread:
forward as the network calls it, cut into as many tiles.

- ns: per connection and sample.
- bytes: what a connection must move. Rows: one of `batch` numbers is read, by forward
  also written. The pattern: index and weight; backward writes the weight too, and reads
  and writes the velocity of SGD, or the two moments of Adam. The rows of the input
  units, which many connections share, do not count.
- GB/s: these bytes by the kernel's time.
- rows' GB/s: the speed at which a kernel of that file reads random rows of the same
  length from a table of the same size; in forward that of a tile.
- memory ns: the rows' bytes at this speed, and the pattern's at that of sequential
  reads in the level that holds it. Writes count as reads.
- arithmetic ns: a fused multiply-add per connection and sample, in backward two.
- share: the larger of these two bounds by the kernel's time. It may pass 1: the rows of
  a layer come in ascending order within an input, and those that are far are asked for
  in advance.

Everything of a layer and batch is measured in turn, again and again; medians.
"""

import argparse
from functools import partial

import numpy as np
from _ceilings import KB, LEVELS, machine_figures, medians, row_reads
from _report import print_table, write_json

from skset.kernels import aligned_empty
from skset.model.layer import Layer
from skset.runtime.team import Team
from skset.strategies import ErdosRenyi
from skset.training import SGD, Adam

# Bytes of pattern and optimiser state that a connection has, and those that are read or
# written of it; rows that are read or written, and multiply-adds with each.
HELD = {"forward": 8, "pull_back": 8, "backward_sgd": 12, "backward_adam": 16}
PATTERN = {"forward": 8, "pull_back": 8, "backward_sgd": 20, "backward_adam": 28}
ROWS = {"forward": 2, "pull_back": 1, "backward_sgd": 1, "backward_adam": 1}
MULTIPLY_ADDS = {"forward": 1, "pull_back": 1, "backward_sgd": 2, "backward_adam": 2}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[3000, 30000, 300000])
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 32, 128])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", default="benchmarks/results/roofline.json")
    options = parser.parse_args()
    machine = machine_figures(options.repeats)
    print_machine(machine)
    results = []
    for width in options.widths:
        rng = np.random.default_rng(0)
        [topology] = ErdosRenyi(20)([(width, width)], rng)
        for batch in options.batches:
            results += layer_figures(topology, batch, machine, options.repeats)
    print()
    print_layers(results)
    write_json(options.out, {"machine": machine, "kernels": results})


def layer_figures(topology, batch, machine, repeats):
    """Return the figures of every kernel on one layer and batch size."""
    width, row_bytes = topology.shape[1], 4 * batch
    jobs, n_tiles = kernel_jobs(topology, batch)
    tables = dict.fromkeys(jobs, row_bytes * width)
    tables["forward"] //= n_tiles
    reads = {size: row_reads(batch, size) for size in set(tables.values())}
    taken = medians(jobs | {size: job for size, (job, _) in reads.items()}, repeats)
    results = []
    for name in jobs:
        size = tables[name]
        row_speed = reads[size][1] / taken[size]
        results.append(
            {
                "width": width,
                "batch": batch,
                "kernel": name,
                "connections": topology.nnz,
                "tiles": n_tiles if name == "forward" else 1,
                "row_table_bytes": size,
                "row_gb_per_s": row_speed / 1e9,
                **roof(name, topology.nnz, batch, taken[name], row_speed, machine),
            }
        )
    return results


def roof(name, nnz, batch, taken, row_speed, machine):
    """Return the time of a kernel beside the least that the machine allows."""
    rows = ROWS[name] * 4 * batch
    held = HELD[name] * nnz
    level = next((at for at, size in LEVELS.items() if held <= 2 * size), "DRAM")
    pattern_speed = machine["sequential"][level]
    memory = nnz * (rows / row_speed + PATTERN[name] / pattern_speed)
    speed = machine["multiply-adds"]["float32"]
    arithmetic = nnz * batch * MULTIPLY_ADDS[name] / speed
    moved = rows + PATTERN[name]
    return {
        "seconds": taken,
        "ns": 1e9 * taken / (nnz * batch),
        "bytes": moved,
        "gb_per_s": moved * nnz / taken / 1e9,
        "pattern_level": level,
        "memory_ns": 1e9 * memory / (nnz * batch),
        "arithmetic_ns": 1e9 * arithmetic / (nnz * batch),
        "share": max(memory, arithmetic) / taken,
    }


def kernel_jobs(topology, batch):
    """Return a job for every kernel, and the number of tiles of the forward one."""
    dtype, rng = np.dtype(np.float32), np.random.default_rng(0)
    layer = Layer.initial(topology, "he", rng, dtype)
    X, DX = (random_rows(rng, topology.shape[0], batch) for _ in range(2))
    Z, D = (random_rows(rng, topology.shape[1], batch) for _ in range(2))
    calls = Calls()
    layer.forward(X, Z, calls, slope=0.0)
    layer.pull_back(D, np.zeros(topology.shape[0], dtype), DX, calls)
    for optimiser in (SGD(momentum=0.9, nesterov=False), Adam(0.9, 0.999, 1e-8)):
        step = optimiser.step(1e-9, 1, 0.0, dtype)
        trained = layer.with_moments(optimiser.n_moments)
        trained.backward(X, D, DX, step, calls)
    jobs = dict(zip(PATTERN, calls.jobs, strict=True))
    return jobs, calls.n_units[0]


class Calls(Team):
    """In place of threads: keeps what it is to run, and does not run it."""

    def __init__(self):
        super().__init__()
        self.jobs, self.n_units = [], []

    def run(self, kernel, work, shares, *args):
        """Keep the call of the kernel for all units."""
        self.n_units.append(shares.size - 1)
        self.jobs.append(partial(kernel, 0, shares.size - 1, *args))


def random_rows(rng, units, batch):
    """Return random rows that begin with a cache line, as those of the network do."""
    rows = aligned_empty((units, batch), np.float32)
    rng.standard_normal(dtype=np.float32, out=rows)
    return rows


# What is shown.


def print_machine(machine):
    """Print the speeds of the machine."""
    rows = [
        [f"sequential reads, {LEVELS[name] // KB:,} KB ({name})", f"{v / 1e9:.1f} GB/s"]
        for name, v in machine["sequential"].items()
    ]
    rows += [
        [f"random rows of 128 bytes, {size // KB:,} KB", f"{speed / 1e9:.1f} GB/s"]
        for size, speed in machine["rows of 128 bytes"].items()
    ]
    [speed] = machine["multiply-adds"].values()
    rows.append(["fused multiply-adds, float32", f"{speed / 1e9:.1f} G/s"])
    print_table(["this machine, one thread", "speed"], rows)


def print_layers(results):
    """Print the kernels' speeds and their shares of the bound."""
    header = ["kernel", "n", "batch", "tiles", "rows KB", "ns", "bytes", "GB/s"]
    header += ["rows' GB/s", "memory ns", "arithmetic ns", "share"]
    print_table(
        header,
        [
            [
                result["kernel"],
                f"{result['width']:,}",
                str(result["batch"]),
                str(result["tiles"]),
                f"{result['row_table_bytes'] // KB:,}",
                f"{result['ns']:.3f}",
                str(result["bytes"]),
                f"{result['gb_per_s']:.1f}",
                f"{result['row_gb_per_s']:.1f}",
                f"{result['memory_ns']:.3f}",
                f"{result['arithmetic_ns']:.3f}",
                f"{result['share']:.2f}",
            ]
            for result in results
        ],
    )


if __name__ == "__main__":
    main()
