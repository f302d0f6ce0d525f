"""Fine-tuning, EWC and replay of Avalanche, in PyTorch, on the same tasks.

The networks are dense, with the same hidden units. Each task has an output layer of its
own. Imported only if one of these is asked for; avalanche-lib must be installed then.
"""

import warnings
from functools import partial
from itertools import pairwise

import numpy as np
from _continual_learners import HIDDEN, empty

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of parts that are not installed
    import torch
    from avalanche.benchmarks import (
        benchmark_from_datasets,
        task_incremental_benchmark,
        with_classes_timeline,
    )
    from avalanche.benchmarks.utils import as_classification_dataset
    from avalanche.models import MultiHeadClassifier, MultiTaskModule
    from avalanche.training import EWC, Naive, Replay
    from avalanche.training.determinism.rng_manager import RNGManager
    from avalanche.training.plugins import EvaluationPlugin

__all__ = ["PEERS"]

EPOCHS, BATCH = 25, 32


class Rows(torch.utils.data.TensorDataset):
    """Rows of one task, whose classes are counted from 0."""

    def __init__(self, X, y):
        self.targets = np.unique(y, return_inverse=True)[1]
        tensors = torch.tensor(X, dtype=torch.float32), torch.tensor(self.targets)
        super().__init__(*tensors)


class Perceptron(MultiTaskModule):
    """Dense hidden layers that all tasks share, and an output layer for each task."""

    def __init__(self, n_features, n_classes):
        super().__init__()
        layers = []
        for n_in, n_out in pairwise([n_features, *HIDDEN]):
            layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
        self.hidden = torch.nn.Sequential(*layers)
        self.heads = MultiHeadClassifier(HIDDEN[-1], n_classes, masking=False)

    def forward(self, x, task_labels):
        return self.heads(self.hidden(x), task_labels)


def avalanche(
    strategy, tasks, seed, density, rate=1e-3, epochs=EPOCHS, batch_size=BATCH, **params
):
    """Return the accuracies of a strategy of Avalanche; `density` has no effect."""
    torch.set_num_threads(1)
    RNGManager.set_random_seeds(seed)
    model = Perceptron(tasks[0].X.shape[1], np.unique(tasks[0].y).size)
    learner = strategy(
        model=model,
        optimizer=torch.optim.Adam(model.parameters(), rate),
        criterion=torch.nn.CrossEntropyLoss(),
        train_mb_size=batch_size,
        train_epochs=epochs,
        evaluator=EvaluationPlugin(),
        **params,
    )
    rows = [as_classification_dataset(Rows(task.X, task.y)) for task in tasks]
    sequence = task_incremental_benchmark(benchmark_from_datasets(train=rows))
    a = empty(len(tasks))
    for t, experience in enumerate(with_classes_timeline(sequence).train_stream):
        learner.train(experience)
        a[t, : t + 1] = [accuracy(model, i, tasks[i]) for i in range(t + 1)]
    return a, {}


@torch.no_grad()
def accuracy(model, number, task):
    """Return the accuracy on the test rows of a task."""
    model.eval()
    rows = Rows(task.X_test, task.y_test)
    labels = torch.full((len(rows),), number)
    predicted = model(rows.tensors[0], labels).argmax(dim=1)
    return float((predicted == rows.tensors[1]).float().mean())


PEERS = {
    "dense_naive": partial(avalanche, Naive),
    "ewc": partial(avalanche, EWC),
    "replay": partial(avalanche, Replay),
}
