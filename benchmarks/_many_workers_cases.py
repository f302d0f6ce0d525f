"""Sets, networks, and ways to train them: all rows, a lone shard, averages."""

from typing import NamedTuple

import numpy as np
from _data import load, load_images
from sklearn.model_selection import train_test_split

from skset import SETClassifier
from skset.distributed import fit

__all__ = ["SETS", "Way", "shards_of", "trained", "ways"]


class Task(NamedTuple):
    """A set: how it is read, the hidden layers, and the epochs of a training."""

    read: object
    layers: tuple
    epochs: int


def mnist(folder, seed):
    """Return the 60,000 rows in the order of the seed, and the 10,000 for the test."""
    X, y, X_test, y_test = load_images(folder, "mnist")
    order = np.random.default_rng(seed).permutation(len(X))
    return X[order], X_test, y[order], y_test


def table(name, test_size):
    """Return a function that reads a set and splits it by the seed."""

    def read(folder, seed):
        X, y = load(folder, name)
        return train_test_split(
            X, y, test_size=test_size, stratify=y, random_state=seed
        )

    return read


SETS = {
    "isolet": Task(table("isolet", 1 / 3), (1000,), 20),
    "higgs_subset": Task(table("higgs_subset", 2000), (300, 300), 20),
    "mnist": Task(mnist, (1000, 1000, 1000), 10),
}


class Way(NamedTuple):
    """How the rows are used.

    `shards` of which the first is `lone`, or all are averaged after `local` epochs, the
    last share `own` of the rounds with topologies of their own.
    """

    shards: int
    lone: bool = False
    local: int = 1
    own: float = 0.0

    @property
    def name(self):
        """What the tables call it."""
        if self.shards == 1:
            return "all rows, one worker"
        if self.lone:
            return f"one of {self.shards} shards alone"
        own = f", {self.own:.0%} own topologies" if self.own else ""
        return f"{self.shards} shards, {self.local} epochs a round{own}"


def ways(n_shards=(2, 4), local=(1, 2, 5), own=0.3):
    """Return all ways that are compared, that with all rows first."""
    lone = [Way(n, lone=True) for n in n_shards]
    averaged = [Way(n, local=k) for n in n_shards for k in local]
    return [Way(1), *lone, *averaged, *(Way(n, own=own) for n in n_shards)]


def shards_of(X, y, n):
    """Return n shards of as many rows, or one more."""
    return [(X[k::n], y[k::n]) for k in range(n)]


def trained(task, rows, way, seed, crew=None, **params):
    """Return the estimator, trained for the epochs of the task in the given way.

    `crew` has arguments of `fit` that say who works: this process if there are none.
    """
    X, X_test, y, y_test = rows
    shards = shards_of(X, y, way.shards)
    return fit(
        SETClassifier(task.layers, random_state=seed, **params),
        shards[:1] if way.lone else shards,
        rounds=task.epochs // way.local,
        local_epochs=way.local,
        own_topologies=way.own,
        X_val=X_test,
        y_val=y_test,
        **(crew or {"backend": "sequential"}),
    )
