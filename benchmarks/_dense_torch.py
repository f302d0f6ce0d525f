"""A dense network in PyTorch, trained epoch by epoch."""

import math
from itertools import pairwise

import numpy as np
import torch

__all__ = ["Dense"]


class Dense:
    """A network with relu, Adam and the initial weights of PyTorch, on one thread.

    `steps` is the number of steps in which the rate falls to 0 by a cosine. None is a
    constant rate. `alpha` is the penalty as in scikit-learn.
    """

    def __init__(
        self,
        *layers,
        seed,
        rate,
        batch_size=128,
        alpha=1e-4,
        dropout=0.0,
        steps=None,
    ):
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        parts = []
        for n_in, n_out in pairwise(layers[:-1]):
            parts += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
            parts += [torch.nn.Dropout(dropout)] if dropout else []
        self.network = torch.nn.Sequential(*parts, torch.nn.Linear(*layers[-2:]))
        self.batch_size = batch_size
        self.adam = torch.optim.Adam(
            self.network.parameters(), rate, weight_decay=alpha / batch_size, fused=True
        )
        self.schedule = steps and torch.optim.lr_scheduler.LambdaLR(
            self.adam, lambda n: (1 + math.cos(math.pi * n / steps)) / 2
        )

    def partial_fit(self, X, y, classes=None):
        """Train one epoch."""
        X, y = torch.from_numpy(X), torch.from_numpy(y)
        self.network.train()
        for rows in torch.randperm(len(X)).split(self.batch_size):
            self.adam.zero_grad()
            outputs = self.network(X[rows])
            torch.nn.functional.cross_entropy(outputs, y[rows]).backward()
            self.adam.step()
            if self.schedule:
                self.schedule.step()

    def score(self, X, y):
        """Return the accuracy."""
        self.network.eval()
        with torch.no_grad():
            found = self.network(torch.from_numpy(X)).argmax(1).numpy()
        return float(np.mean(found == y))

    @property
    def n_weights(self):
        """The number of weights, without the biases."""
        return sum(p.numel() for p in self.network.parameters() if p.ndim > 1)
