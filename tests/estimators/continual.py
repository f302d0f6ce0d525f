"""Small tasks, and a classifier that learns them quickly."""

import numpy as np

from skset import ContinualSETClassifier

N_FEATURES = 8


def small(**params):
    """Return a classifier whose tasks take some milliseconds."""
    defaults = {"hidden_layer_sizes": (20, 16), "density": 0.1, "init": "uniform"}
    defaults |= {"max_iter": 4, "random_state": 0}
    return ContinualSETClassifier(**{**defaults, **params})


def task_data(seed, n_classes=3, n_samples=60, first_class=0):
    """Return rows of some classes, in clouds that are this task's own."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % n_classes
    centres = 2 * rng.standard_normal((n_classes, N_FEATURES))
    return centres[y] + rng.standard_normal((n_samples, N_FEATURES)), y + first_class


def sequence(n_tasks=3, **data):
    """Return X, y and task of some tasks, one after the other."""
    parts = [task_data(seed, **data) for seed in range(n_tasks)]
    X, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    return X, y, np.repeat(np.arange(n_tasks), len(parts[0][1]))
