"""`ContinualSETClassifier`: accuracy on sequences of tasks, beside other ways to learn.

    python benchmarks/continual.py --data ../shared/data
    python benchmarks/continual.py --data ../shared/data --learners separate ewc replay
    python benchmarks/continual.py --data ../shared/data --grid

400-400 hidden units, 5 % of the places for each task. Mean over the seeds of the
accuracy at the end over all tasks, of the greatest fall of a task, of the forward
transfer against separate networks, and the difference from these with its standard
error. "chosen" is the accuracy where the task is not named and the one with the lowest
entropy answers. "ewc", "replay" and "dense_naive" need avalanche-lib. `--grid` tries
init x drop x grow at a low and a high density.
"""

import argparse
import warnings
from functools import partial
from itertools import product

import numpy as np
from _continual_contrasts import print_contrasts
from _continual_learners import LEARNERS, continual
from _continual_tasks import SEQUENCES
from _continual_tuning import LISTS, tuned
from _report import print_table, with_others, write_json
from threadpoolctl import threadpool_limits

from skset.metrics import average_accuracy, backward_transfer, forward_transfer

INITS = ("erdos_renyi", "uniform")
DROPS = ("set", "magnitude", "sensitivity")
GROWS = ("random", "random_unfired", "gradient", "momentum")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the .npz files")
    parser.add_argument("--sets", nargs="+", default=list(SEQUENCES), choices=SEQUENCES)
    names = [*LEARNERS, "dense_naive", "ewc", "replay"]
    parser.add_argument("--learners", nargs="+", default=list(LEARNERS), choices=names)
    parser.add_argument("--density", type=float, default=0.05)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--grid", action="store_true")
    parser.add_argument("--densities", type=float, nargs=2, default=[0.2, 0.01])
    parser.add_argument("--out", default="benchmarks/results/continual.json")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        results = grid(options) if options.grid else standings(options)
    keys = ("set", "learner", "density", "seed", *(["params"] if options.grid else []))
    peers = ("torch", "avalanche-lib")
    write_json(options.out, with_others(options.out, results, keys), peers=peers)


def standings(options):
    """Compare the ways to learn."""
    results = []
    for name in options.sets:
        found = []
        for learner in options.learners:
            learn, density = learner_named(learner), options.density
            params = tuned(learner, learn, partial(tasks_of, options, name), density)
            if learner in LISTS:
                print(name, learner, params)
            found += [
                case(options, name, (learner, learn), density, seed, params)
                for seed in range(options.seeds)
            ]
        print(name)
        report(found, options.learners)
        results += found
    return results


def learner_named(name):
    """Return a function that learns a sequence; those of PyTorch are imported here."""
    if name in LEARNERS:
        return LEARNERS[name]
    from _continual_peers import PEERS

    return PEERS[name]


def tasks_of(options, name, seed):
    return SEQUENCES[name](options.data, seed)


def case(options, name, learner, density, seed, params):
    """Return the accuracies of a learner, given as name and function, on a sequence."""
    called, learn = learner
    accuracies, facts = learn(tasks_of(options, name, seed), seed, density, **params)
    told = {"set": name, "learner": called, "density": density, "seed": seed}
    matrix = np.where(np.isnan(accuracies), None, accuracies.round(5)).tolist()
    return {**told, "params": params, "accuracies": matrix, **facts}


def report(found, learners):
    """Print a row for each learner."""
    by = {name: [matrix(r) for r in found if r["learner"] == name] for name in learners}
    alone = by.get("separate")
    rows = []
    for name in learners:
        chosen = [r["chosen"] for r in found if r["learner"] == name and "chosen" in r]
        mean = np.array([average_accuracy(a) for a in by[name]])
        fall = [max(np.diag(a)[:-1] - a[-1, :-1]) for a in by[name]]
        row = [name, *percents(mean), f"{100 * np.max(fall):.1f}"]
        row.append(f"{100 * np.mean([backward_transfer(a) for a in by[name]]):.1f}")
        if alone:
            row += percents(mean - [average_accuracy(a) for a in alone])
            gains = [
                forward_transfer(a, np.diag(b), when="after")
                for a, b in zip(by[name], alone, strict=True)
            ]
            row.append(f"{100 * np.mean(gains):.2f}")
        rows.append([*row, *(percents(chosen) if chosen else ["", ""])])
    header = ["learner", "accuracy", "se", "worst fall", "backward"]
    header += ["less separate", "se", "forward"] if alone else []
    print_table([*header, "chosen", "se"], rows)


def matrix(result):
    return np.array(result["accuracies"], float)


def percents(values):
    """Return the mean and its standard error, in percent."""
    n = max(len(values) - 1, 1)
    error = np.std(values) / np.sqrt(n)
    return [f"{100 * np.mean(values):.2f}", f"{100 * error:.2f}"]


def grid(options):
    """Try every init, drop and grow at two densities."""
    results = []
    for name, density in product(options.sets, options.densities):
        rows, of_density = [], []
        for init, drop, grow in product(INITS, DROPS, GROWS):
            params = {"init": init, "drop": drop, "grow": grow}
            learner = "grid", continual("always")
            found = [
                case(options, name, learner, density, seed, params)
                for seed in range(options.seeds)
            ]
            mean = [average_accuracy(matrix(result)) for result in found]
            rows.append([f"{init} {drop} {grow}", *percents(np.array(mean))])
            of_density += found
        print(f"{name}, density {density}")
        print_table(["init drop grow", "accuracy", "se"], rows)
        print_contrasts(of_density)
        results += of_density
    return results


if __name__ == "__main__":
    main()
