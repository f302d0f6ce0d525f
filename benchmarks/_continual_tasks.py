"""Sequences of tasks for the benchmark of continual learning."""

from typing import NamedTuple

import numpy as np
from _data import load, load_images
from sklearn.model_selection import train_test_split

__all__ = ["SEQUENCES", "Task"]


class Task(NamedTuple):
    """One task: rows to train on and to test on, in the units of the first task."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def permuted_mnist(folder, seed, n_tasks=10, n_rows=3000, n_test=2000):
    """Return tasks with the pixels of MNIST in another order each, the first as is.

    A column is another pixel in each task. So all columns are divided by one number.
    """
    rng = np.random.default_rng(seed)
    X, y, X_test, y_test = load_images(folder, "mnist")
    tasks = []
    for number in range(n_tasks):
        order = rng.permutation(X.shape[1]) if number else np.arange(X.shape[1])
        rows = rng.choice(len(X), n_rows, replace=False)
        some = rng.choice(len(X_test), n_test, replace=False)
        tasks.append(
            Task(X[rows][:, order], y[rows], X_test[some][:, order], y_test[some])
        )
    return standardised(tasks, tasks[0].X.std())


def split_images(name):
    """Return a function that makes five tasks of two classes of some images."""

    def tasks(folder, seed, n_rows=1200):
        X, y, X_test, y_test = load_images(folder, name)
        rng = np.random.default_rng(seed)
        parts = np.sort(rng.permutation(10).reshape(5, 2), axis=1)
        return standardised(
            [
                Task(*some(X, y, classes, n_rows, rng), *some(X_test, y_test, classes))
                for classes in parts
            ]
        )

    return tasks


def split_isolet(folder, seed):
    """Return five tasks of five letters each."""
    X, y = load(folder, "isolet")
    rng = np.random.default_rng(seed)
    parts = np.sort(rng.permutation(np.unique(y))[:25].reshape(5, 5), axis=1)
    found = []
    for classes in parts:
        rows = some(X, y, classes)
        X_a, X_b, y_a, y_b = train_test_split(
            *rows, test_size=0.3, stratify=rows[1], random_state=seed
        )
        found.append(Task(X_a, y_a, X_b, y_b))
    return standardised(found)


def some(X, y, classes, n_rows=None, rng=None):
    """Return the rows of some classes, at most so many."""
    rows = np.flatnonzero(np.isin(y, classes))
    if n_rows is not None and rows.size > n_rows:
        rows = np.sort(rng.choice(rows, n_rows, replace=False))
    return X[rows], y[rows]


def standardised(tasks, deviation=None):
    """Return the tasks with columns of mean 0 in the first one, divided by deviations.

    None means those of the columns of the first task.
    """
    mean = tasks[0].X.mean(axis=0)
    deviation = tasks[0].X.std(axis=0) if deviation is None else deviation
    factor = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)
    return [
        task._replace(X=(task.X - mean) * factor, X_test=(task.X_test - mean) * factor)
        for task in tasks
    ]


SEQUENCES = {
    "permuted_mnist": permuted_mnist,
    "split_isolet": split_isolet,
    "split_fashion_mnist": split_images("fashion_mnist"),
    "split_mnist": split_images("mnist"),
}
