"""A model on paper: 64 machines that train 51 million units together.

Nobody here has 64 machines. What can be measured on one is measured:

- messages: bytes of a round for networks of the same kind but smaller, as `fit` counts
  them. They are 4 bytes for each weight and bias and a constant, to within a percent.
- a step, an evolution: those of `scale.py` for three layers of 17 million (batch 8, two
  cores), from its results.
- averages: seconds to add a network to the sums in float64, for each number.
- Dask: seconds to send to a process on this machine, and to fetch, for each byte. The
  network of the machine itself is assumed to cost no time.

The rest is assumed: every machine is as fast as this one and has one shard. The network
gives 10 or 1 gigabit/s to each machine, and this is all that a byte costs beside Dask's
own time. Averages go from one machine to the others, one after the other, and networks
come back to it in the same way. All machines wait for the slowest, and these are alike.
A round is one epoch and one evolution.

- epoch: a machine's steps over its rows.
- send, fetch, average, evolve: what follows.
- gain: how much longer one machine would take for the epochs of all 64, at the same
  rows per step. 64 is the most.
"""

import math
import time

import numpy as np
from _report import print_table, stored

from skset import SETClassifier
from skset.distributed import fit

__all__ = ["model"]

MACHINES, WIDTH, BATCH = 64, 17_000_000, 8
SMALLER = (3_000, 30_000, 300_000)
GIGABITS = (10, 1)
ROWS = (100, 1_000, 10_000)
INPUTS, CLASSES = 3312, 5
NUMBERS = 20_000_000


def model():
    """Measure, print the tables, and return what was found."""
    messages = [message(width) for width in SMALLER]
    print_table(
        list(messages[0]), [[str(v) for v in found.values()] for found in messages]
    )
    (large,) = [r for r in stored("benchmarks/results/scale.json") if is_large(r)]
    steps = 135 // BATCH + 1  # two thirds of the 203 rows
    costs = {
        "numbers": large["connections"] + 3 * WIDTH + CLASSES,
        "evolution": large["evolution_seconds"],
        "step": (large["epoch_seconds"] - large["evolution_seconds"]) / steps,
        "add": seconds_to_add(),
        **dict(zip(("to_worker", "from_worker"), seconds_on_dask(), strict=True)),
    }
    print({key: float(f"{value:.4g}") for key, value in costs.items()})
    rounds = [a_round(costs, rows, speed) for speed in GIGABITS for rows in ROWS]
    print_table(
        list(rounds[0]),
        [[f"{value:.4g}" for value in found.values()] for found in rounds],
    )
    told = {"set": "model", "seed": 0, "machines": MACHINES, "width": WIDTH}
    return [
        {**told, "way": "messages", "found": messages},
        {**told, "way": "costs", **costs},
        {**told, "way": "rounds", "found": rounds},
    ]


def is_large(result):
    return result["row"] == f"{WIDTH}/{BATCH}"


def message(width, n_shards=4):
    """Return the bytes of a round and of the start, for each worker."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(16 * n_shards, INPUTS)).astype(np.float32)
    y = np.arange(len(X)) % CLASSES
    shards = [(X[k::n_shards], y[k::n_shards]) for k in range(n_shards)]
    layers = (width,) * 3
    estimator = SETClassifier(layers, epsilon=1, final_drop=False, random_state=0)
    found = fit(estimator, shards, rounds=3, backend="sequential")
    first, middle = found.rounds_[0], found.rounds_[1]
    numbers = found.nnz_ + sum(b.size for b in found.intercepts_)
    return {
        "width": width,
        "connections": found.nnz_,
        "start": first["bytes_sent"],
        "sent": middle["bytes_sent"],
        "received": middle["bytes_received"] // n_shards,
        "sent/number": round(middle["bytes_sent"] / numbers, 4),
        "received/number": round(middle["bytes_received"] / n_shards / numbers, 4),
    }


def seconds_to_add():
    """Return the seconds to add one weighted number to a sum, as `Average` does."""
    sums, array = np.zeros(NUMBERS), np.ones(NUMBERS, np.float32)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        sums += np.multiply(array, 0.25, dtype=np.float64)
        times.append(time.perf_counter() - began)
    return min(times) / NUMBERS


def seconds_on_dask():
    """Return the seconds to send a byte to a process of Dask, and to fetch one."""
    from distributed import Client, LocalCluster

    array = np.ones(NUMBERS, np.float32)
    times = []
    with (
        LocalCluster(1, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, direct_to_workers=True) as client,
    ):
        for _ in range(5):
            began = time.perf_counter()
            future = client.scatter(array, hash=False)
            sent = time.perf_counter()
            future.result()
            times.append([sent - began, time.perf_counter() - sent])
    return (np.min(times, axis=0) / array.nbytes).tolist()


def a_round(costs, rows, gigabits):
    """Return the seconds of a round, if every machine has so many rows."""
    n_bytes = 4 * costs["numbers"]
    wire = 8 / (gigabits * 1e9)
    parts = {
        "epoch": costs["step"] * math.ceil(rows / BATCH),
        "send": MACHINES * n_bytes * (wire + costs["to_worker"]),
        "fetch": MACHINES * n_bytes * (wire + costs["from_worker"]),
        "average": MACHINES * costs["numbers"] * costs["add"],
        "evolve": costs["evolution"],
    }
    total = sum(parts.values())
    alone = MACHINES * parts["epoch"] + parts["evolve"]
    return {
        "gigabit/s": gigabits,
        "rows of each": rows,
        **parts,
        "round": total,
        "gain": alone / total,
    }
