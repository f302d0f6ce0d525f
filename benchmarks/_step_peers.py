"""A training step of the same sparse network in skset and in packages beside it.

Each contestant is a function of a `Task`. It returns a function that trains for one
epoch and returns the mean loss of its steps. All begin with the same weights, see the
same batches in the same order, and take steps of SGD with momentum and weight decay.
"""

from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np

from skset import SETClassifier
from skset.model import LOSSES, Network, Samples
from skset.strategies import METHODS
from skset.training import (
    SGD,
    Backpropagation,
    Evolver,
    LearningRate,
    State,
    Training,
)

__all__ = ["MOMENTUM", "PACKAGES", "Task", "contestants", "missing"]

MOMENTUM = 0.9
PACKAGES = ("torch", "sparselab", "sparseprop")
PEERS = {  # module of contestants, and the packages that it needs
    "_torch_steps": ["torch"],
    "_sparselab_steps": ["torch", "sparselab"],
    "_sparseprop_steps": ["torch", "sparseprop"],
}


@dataclass(frozen=True)
class Task:
    """A network to train, and the samples to train it with."""

    network: Network
    X: np.ndarray
    y: np.ndarray
    batch: int
    rate: float = 1e-3
    alpha: float = 2e-4

    @property
    def n_steps(self):
        """Steps of an epoch."""
        return len(self.X) // self.batch

    def first(self, n_steps, **changes):
        """Return the task with the samples of the first steps only."""
        n = n_steps * self.batch
        return replace(self, X=self.X[:n], y=self.y[:n], **changes)


def contestants(batch, with_dense):
    """Return all contestants for a batch size that can be imported, by name."""
    found = {"skset": skset_loop, "skset, partial_fit": skset_estimator}
    for module, packages in PEERS.items():
        if not missing(packages):
            found |= import_module(module).contestants(batch)
    if not with_dense:
        found.pop("torch dense", None)
    return found


def missing(packages=PACKAGES):
    """Return the packages that cannot be imported."""
    return [package for package in packages if not importable(package)]


def importable(package):
    try:
        import_module(package)
    except ImportError:
        return False
    return True


def skset_loop(task, n_threads=1):
    """Train by the loop that `fit` uses."""
    rng = np.random.default_rng(0)
    training = Training(
        State(task.network.copy(at_rest=False), rng, rng, LearningRate(task.rate)),
        Samples(task.X, task.y),
        Backpropagation(
            SGD(momentum=MOMENTUM, nesterov=False),
            LOSSES["log_loss"](),
            alpha=task.alpha,
        ),
        Evolver(METHODS["static"].evolution(), "he"),
        batch_size=task.batch,
        max_epochs=10**6,
        n_threads=n_threads,
    )
    training.__enter__()  # its threads end with the process
    return lambda: next(training)


def skset_estimator(task):
    """Train by one `partial_fit` per epoch: X is checked, the network is copied."""
    classifier = SETClassifier.from_network(
        task.network,
        np.arange(task.network.n_units[-1]),
        method="static",
        solver="sgd",
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        alpha=task.alpha,
        learning_rate_init=task.rate,
        batch_size=task.batch,
        random_state=0,
    )
    return lambda: classifier.partial_fit(task.X, task.y).loss_curve_[-1]
