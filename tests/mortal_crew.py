"""A crew in this process that loses shards when a test wants it, and rows for it."""

import numpy as np
from sklearn.datasets import load_digits

from skset.distributed._crew import LocalCrew, Lost
from skset.distributed._shard_training import open_shard


def digits(n_shards, n_rows=800):
    """Return shards of the digits, and rows to score."""
    X, y = load_digits(return_X_y=True)
    shards = [(X[i:n_rows:n_shards], y[i:n_rows:n_shards]) for i in range(n_shards)]
    return shards, X[n_rows:], y[n_rows:]


def same_networks(one, other):
    """Return whether two estimators have the same connections, weights and biases."""
    return all(
        np.array_equal(a.topology.indices, b.topology.indices)
        and np.array_equal(a.topology.indptr, b.topology.indptr)
        and np.array_equal(a.weights, b.weights)
        and np.array_equal(a.bias, b.bias)
        for a, b in zip(one._network.layers, other._network.layers, strict=True)
    )


class MortalCrew(LocalCrew):
    """Loses shards at some calls; those that are not `mortal` can be opened again.

    `deaths` has the numbers of the shards that are lost, by method and number of its
    call.
    """

    def __init__(self, deaths, mortal=()):
        super().__init__()
        self.deaths, self.mortal = deaths, mortal
        self.called = []

    def open(self, handles, job):
        self.handles, self.job = handles, job
        return super().open(handles, job)

    def reopen(self, numbers):
        for number in numbers:
            if number in self.mortal:
                yield Lost(number, "it is mortal")
                continue
            rows = self.handles[number].load()
            self._trainings[number] = open_shard(number, rows, self.job, 1)
            yield self._trainings[number].facts()

    def call(self, method, common=None, each=None, only=None):
        turn = sum(name == method for name, _ in self.called)
        numbers = list(range(len(self._trainings)) if only is None else only)
        self.called.append((method, numbers))
        lost = self.deaths.get((method, turn), ())
        for place, number in enumerate(numbers):
            own = () if each is None else (each[place],)
            if number in lost:
                self._trainings[number] = None
                yield Lost(number, "killed by the test")
            else:
                yield getattr(self._trainings[number], method)(common, *own)

    def close(self):
        self._trainings = []
