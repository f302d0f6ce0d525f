"""What an evolution of all layers costs, by how it grows, in training steps."""

import time
from dataclasses import replace

import numpy as np
from _report import print_table
from step import N_CLASSES, N_FEATURES, evolution, sparse_epoch, topologies_of
from threadpoolctl import threadpool_limits

from skset.strategies import GROWS, METHODS

__all__ = ["measure_cost"]

WIDTH, BATCH, STEPS = 3000, 32, 40
SCORED = ("gradient", "cosine", "guided", "momentum")


def measure_cost(repeats):
    """Time steps and evolutions in turn on one thread; return medians, and print them.

    Each grow is timed as its name makes it and, if it looks at a sample of the training
    rows, with a sample as large as a batch too.
    """
    rng = np.random.default_rng(0)
    X = rng.standard_normal((BATCH * STEPS, N_FEATURES)).astype(np.float32)
    y = np.arange(len(X)) % N_CLASSES
    data = topologies_of(WIDTH), X, y, BATCH
    jobs, failed = {"step": timed(sparse_epoch(*data, 1), STEPS)}, {}
    for name, grow in contestants().items():
        try:
            job = evolution(*data, METHODS["set"].evolution(grow=grow))
            job()  # compilation and first touch of the memory
            jobs[name] = job
        except Exception as error:  # shown beside the others
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    seconds = {name: [] for name in jobs}
    with threadpool_limits(1):
        for _ in range(repeats):
            for name, job in jobs.items():
                seconds[name].append(job())
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    print_costs(medians, failed)
    return {"width": WIDTH, "batch": BATCH, "seconds": medians, "failed": failed}


def contestants():
    """Return a grow, or the name of one, by what it is called in the table."""
    grows = {name: name for name in ("random", *SCORED)}
    for name in SCORED:
        if "n_samples" in getattr(GROWS.get(name), "__dataclass_fields__", {}):
            grows[f"{name}, {BATCH} rows"] = replace(GROWS[name](), n_samples=BATCH)
    return grows


def timed(epoch, steps):
    """Return a function that trains for an epoch and returns the seconds of a step."""

    def step():
        began = time.perf_counter()
        epoch()
        return (time.perf_counter() - began) / steps

    step()
    return step


def print_costs(medians, failed):
    step, random = medians["step"], medians.get("random", np.nan)
    rows = [
        [name, f"{1e3 * s:.2f}", f"{s / step:.1f}", f"{(s - random) / step:.1f}"]
        for name, s in medians.items()
    ]
    rows[0][-1] = "-"  # a step grows nothing
    header = ["of all layers", "ms", "steps", "steps for growth, beyond random"]
    print_table(header, rows)
    for name, error in failed.items():
        print(f"{name}: failed, {error}")
