"""Ways to learn a sequence of tasks: each returns a matrix of accuracies.

Entry (t, i) is the accuracy on task i after task t, NaN before task i was learned.
"""

import numpy as np

from skset import ContinualSETClassifier, SETClassifier
from skset.model import Layer
from skset.topology import Topology

__all__ = ["LEARNERS", "continual"]

HIDDEN = (400, 400)
# Nothing is standardised by the models: all get the units of the first task.
COMMON = {"zeta": 0.5, "zeta_schedule": "cosine", "standardize": False}


def model_of(seed, density, **params):
    given = {"density": density, "random_state": seed, **COMMON, **params}
    return ContinualSETClassifier(HIDDEN, **given)


def empty(n):
    return np.full((n, n), np.nan)


def continual(reuse):
    """Return the learner with this `reuse`."""

    def learn(tasks, seed, density, **params):
        model, a = model_of(seed, density, reuse=reuse, **params), empty(len(tasks))
        for t, task in enumerate(tasks):
            model.partial_fit(task.X, task.y, task=t)
            for i, seen in enumerate(tasks[: t + 1]):
                a[t, i] = model.score(seen.X_test, seen.y_test, task=i)
        model.set_params(unknown_task="entropy")
        chosen = [model.score(task.X_test, task.y_test) for task in tasks]
        facts = {
            "chosen": np.mean(chosen),
            "capacity": model.capacity_,
            "shared": model.shared_connections_.tolist(),
            "hidden": model._network.n_shared,
        }
        return a, facts

    return learn


def separate(tasks, seed, density, **params):
    """Train a network for each task alone."""
    a = empty(len(tasks))
    for i, task in enumerate(tasks):
        model = model_of(seed + 1000 * i, density, **params)
        a[i:, i] = model.fit(task.X, task.y).score(task.X_test, task.y_test)
    return a, {}


def naive(tasks, seed, density, **params):
    """Go on with one network; each task has a new output layer and nothing is frozen.

    An earlier task is answered by the hidden layers of now and its old output layer.
    """
    rng, a = np.random.default_rng(seed), empty(len(tasks))
    network, heads = None, []
    for t, task in enumerate(tasks):
        if network is None:
            first = model_of(seed, density, **params).fit(task.X, task.y)
            network = first.network_of()
        else:
            start = network.with_layers([*network.layers[:-1], new_head(network, rng)])
            options = {"warm_start": True, "final_drop": False, "temperature": 1.0}
            model = SETClassifier.from_network(
                start.frozen(),
                np.unique(task.y),
                random_state=seed + t,
                **{**COMMON, **options, **params},
            )
            network = model.fit(task.X, task.y).network_
        heads.append(network.layers[-1])
        for i, seen in enumerate(tasks[: t + 1]):
            whole = network.with_layers([*network.layers[:-1], heads[i]])
            answer = SETClassifier.from_network(whole.frozen(), np.unique(seen.y))
            a[t, i] = answer.score(seen.X_test, seen.y_test)
    return a, {}


def new_head(network, rng):
    """Return an output layer with new weights, as small as those of a new network."""
    shape = network.layers[-1].topology.shape
    topology = Topology.from_positions(shape, np.arange(shape[0] * shape[1]))
    return Layer.initial(topology, "he", rng, network.dtype, scale=0.1)


def joint(tasks, seed, density, **params):
    """Train one network on all tasks at once, with the connections of all of them.

    Only classes of the task are possible answers.
    """
    density = min(1.0, density * len(tasks))
    X, y = (np.concatenate([task[part] for task in tasks]) for part in (0, 1))
    model, a = model_of(seed, density, **params).fit(X, y), empty(len(tasks))
    for i, task in enumerate(tasks):
        proba = model.predict_proba(task.X_test)
        proba[:, ~np.isin(model.classes_, task.y)] = -1
        a[:, i] = np.mean(model.classes_[proba.argmax(axis=1)] == task.y_test)
    return a, {}


LEARNERS = {
    "naive": naive,
    "naive_alpha": naive,
    "naive_tuned": naive,
    "separate": separate,
    "joint": joint,
    "never": continual("never"),
    "when_full": continual("when_full"),
    "always": continual("always"),
}
