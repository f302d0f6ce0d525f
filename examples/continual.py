"""Learn six tasks one after the other in one sparse network, and forget nothing.

    python examples/continual.py
    python examples/continual.py --picture tasks.png

A task is to tell the digits that scikit-learn ships, with the pixels in an order of its
own. The table has the accuracy on each task after each task, and how many places the
network uses. With matplotlib, `--picture` draws the accuracy of each task over time,
and how many connections each task has alone and shares.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skset import ContinualSETClassifier
from skset.metrics import average_accuracy, backward_transfer

N_TASKS = 6
MARKERS = "os^Dv*"  # one for each task


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", help="file of the picture; needs matplotlib")
    parser.add_argument("--reuse", default="when_full", help="never or always")
    options = parser.parse_args()
    model = ContinualSETClassifier(
        (100, 100),
        density=0.2,
        reuse=options.reuse,
        standardize="global",  # a column is another pixel in each task
        random_state=0,
    )
    tasks = permuted_digits()
    accuracies = np.full((N_TASKS, N_TASKS), np.nan)
    print(f"{'after':8} {'places':>6}  accuracy on each task")
    for number, (name, parts) in enumerate(tasks.items()):
        X, _, y, _ = parts
        model.partial_fit(X, y, task=name)
        for seen, other in enumerate(list(tasks)[: number + 1]):
            _, X_test, _, y_test = tasks[other]
            accuracies[number, seen] = model.score(X_test, y_test, task=other)
        told = " ".join(f"{a:.3f}" for a in accuracies[number, : number + 1])
        print(f"{name:8} {model.capacity_:6.0%}  {told}")
    print(f"average accuracy {average_accuracy(accuracies):.3f}")
    print(f"backward transfer {backward_transfer(accuracies):.3f}")
    print("connections that two tasks have in common:")
    print(model.shared_connections_)
    if options.picture:
        draw(model, accuracies, options.picture)


def permuted_digits():
    """Return the data of each task by its name: rows to train on and to test on."""
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    return {
        f"task {number + 1}": train_test_split(
            X[:, rng.permutation(X.shape[1])], y, random_state=0
        )
        for number in range(N_TASKS)
    }


def draw(model, accuracies, path):
    """Draw the accuracy of each task over time, and what each task uses."""
    try:
        import matplotlib
    except ImportError:
        print("no picture: matplotlib is not installed")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, figsize=(5, 6))
    time = np.arange(1, N_TASKS + 1)
    for column, marker, name in zip(accuracies.T, MARKERS, model.tasks_, strict=True):
        above.plot(time, 100 * column, marker=marker, mfc="none", ms=8, label=name)
    above.set(xlabel="tasks learned", ylabel="accuracy on test data, %", xticks=time)
    above.legend(loc="lower left", ncols=2)
    used = np.diag(model.shared_connections_)
    own = sum(np.bincount(layer.data, minlength=N_TASKS) for layer in model.owner_)
    below.bar(time, own, label="trained by the task")
    below.bar(time, used - own, bottom=own, label="frozen, of earlier tasks")
    below.set(xlabel="task", ylabel="hidden connections", ylim=(0, 1.4 * used.max()))
    below.set_xticks(time)
    below.legend(loc="upper left")
    figure.tight_layout()
    figure.savefig(path, dpi=200)
    print(f"picture in {path}")


if __name__ == "__main__":
    main()
