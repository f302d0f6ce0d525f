"""Rounds of local training and averages, beside one worker that has all rows.

    python benchmarks/many_workers.py --data ../shared/data
    python benchmarks/many_workers.py --data ../shared/data --sets isolet --seeds 5
    python benchmarks/many_workers.py --clusters --data ../shared/data
    python benchmarks/many_workers.py --model

Accuracy on rows for the test, after the same number of epochs: one worker with all
rows, one shard alone, and averages of 2 and 4 shards every 1, 2 or 5 epochs; mean and
standard error over the seeds, and the difference from the one worker. The figures after
each round are those before SET's final drop. All these run in one process, as the bits
do not depend on the workers.

`--clusters` trains 4 shards on Dask clusters of 1, 2 and 4 processes of one thread. It
checks that all bits are those of one process, and shows seconds and bytes of a round.
Per connection: the bytes sent to one worker, and received from it, in a round, divided
by the connections.

`--model` is a model on paper of 64 machines: see `_many_workers_model.py`.
"""

import argparse
import time
import warnings

import numpy as np
from _many_workers_cases import SETS, Way, trained, ways
from _many_workers_model import model
from _report import print_table, stored, with_others, write_json
from threadpoolctl import threadpool_limits

KEYS = ("set", "way", "seed")
PROCESSES = (1, 2, 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the .npz files")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clusters", action="store_true")
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--out", default="benchmarks/results/many_workers.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        if options.model:
            keep(options, model())
        for name in [] if options.model else options.sets:
            print(name)
            clusters(options, name) if options.clusters else standings(options, name)


def keep(options, results):
    """Put results beside the others in the file."""
    results = with_others(options.out, results, KEYS)
    write_json(options.out, results, told=False, peers=("dask", "distributed"))


# Accuracy.


def standings(options, name):
    """Train in all ways; print a row for each."""
    done = [[result[key] for key in KEYS] for result in stored(options.out)]
    for seed in range(options.seeds):
        rows = SETS[name].read(options.data, seed)
        for way in ways():
            if [name, way.name, seed] not in done:
                keep(options, [case(name, rows, way, seed)])
    seeds = range(options.seeds)
    report([r for r in stored(options.out) if r["set"] == name and r["seed"] in seeds])


def case(name, rows, way, seed):
    """Return the accuracy of one way after each round."""
    began = time.perf_counter()
    found = trained(SETS[name], rows, way, seed)
    curve = [entry["score"] for entry in found.rounds_]
    return {
        "set": name,
        "way": way.name,
        "seed": seed,
        **way._asdict(),
        "accuracy": found.score(rows[1], rows[3]),
        "curve": [None if np.isnan(score) else score for score in curve],
        "connections": found.nnz_,
        "seconds": time.perf_counter() - began,
    }


def report(results):
    """Print accuracies, the differences from all rows, and those after each round."""
    by = {way: [r for r in results if r["way"] == way.name] for way in ways()}
    whole = np.array([r["accuracy"] for r in by[Way(1)]])
    rows = []
    for way, found in by.items():
        accuracy = np.array([r["accuracy"] for r in found])
        curves = np.array([r["curve"] for r in found], float).mean(0)
        rows.append([way.name, *percents(accuracy), *percents(accuracy - whole)])
        steps = curves[:: max(len(curves) // 5, 1)]
        rows[-1].append(" ".join(f"{100 * score:.1f}" for score in steps))
    header = ["way", "accuracy", "se", "less all rows", "se", "after some rounds"]
    print_table(header, rows)


def percents(values):
    """Return the mean and its standard error, in percent."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return [f"{100 * np.mean(values):.2f}", f"{100 * error:.2f}"]


# Seconds and bytes.


def clusters(options, name, n_shards=4, seed=0):
    """Train on clusters of several sizes; print the cost of a round."""
    task, rows = SETS[name], SETS[name].read(options.data, seed)
    way = Way(n_shards)
    # A final drop would hide how many connections there were in the rounds.
    params = {"final_drop": False}
    expected = trained(task, rows, way, seed, **params)
    table = []
    for n in PROCESSES:
        found = trained(task, rows, way, seed, {"n_workers": n}, **params)
        result = costs(found, n, same_bits(found, expected))
        told = {"set": name, "way": f"cluster of {n}", "seed": seed}
        keep(options, [{**told, **result}])
        table.append([str(value) for value in result.values()])
    print_table(list(result), table)


def costs(found, n_processes, same):
    """Return what a round costs, without the first and the last."""
    rounds, n_connections = found.rounds_[1:-1], found.nnz_

    def median(key):
        return float(np.median([entry[key] for entry in rounds]))

    sent, received = median("bytes_sent"), median("bytes_received")
    return {
        "processes": n_processes,
        "same_bits": same,
        "connections": n_connections,
        "seconds_of_round": round(median("seconds"), 3),
        "bytes_sent": sent,
        "bytes_received": received,
        "sent_per_connection": round(sent / n_processes / n_connections, 3),
        "received_per_connection": round(received / n_processes / n_connections, 3),
    }


def same_bits(one, other):
    """Return whether two estimators have the same connections, weights and biases."""
    return all(
        np.array_equal(a.toarray(), b.toarray())
        for a, b in zip(one.coefs_, other.coefs_, strict=True)
    ) and all(map(np.array_equal, one.intercepts_, other.intercepts_))


if __name__ == "__main__":
    main()
