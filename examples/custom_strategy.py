"""Add your own drop and grow: two rules in ten lines each, compared with SET."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skset import SETClassifier
from skset.strategies import Needs
from skset.topology import random_free_positions, topk_pairs


@dataclass(frozen=True)
class SoftDrop:
    """Drop the fraction zeta at random, weak connections with the greater chance."""

    temperature: float = 1.0

    def __call__(self, weights, zeta, rng):
        """Return which connections are kept."""
        # Log-weights plus Gumbel noise: their greatest are a draw without replacement.
        scores = np.log(np.abs(weights) + 1e-12)
        scores += self.temperature * rng.gumbel(size=weights.size)
        keep = np.ones(weights.size, bool)
        keep[np.argsort(scores)[: int(zeta * weights.size)]] = False
        return keep


@dataclass(frozen=True)
class CorrelationGrow:
    """Grow half where activity and error go together, and half anywhere."""

    share: float = 0.5
    needs: ClassVar = Needs(samples=256)

    def __call__(self, topology, n, rng, context):
        """Return n free positions."""
        A = context.inputs - context.inputs.mean(axis=1, keepdims=True)
        D = context.deltas - context.deltas.mean(axis=1, keepdims=True)
        best = topk_pairs(A, D, int(self.share * n), topology, rng)
        taken = topology.with_positions(best)
        rest = random_free_positions(taken, n - best.size, rng)
        return np.concatenate([best, rest])


def main():
    """Print the accuracy of SET with its own rules and with these."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
    rules = {
        "SET": {},
        "SET, soft drop": {"drop": SoftDrop()},
        "SET, correlation growth": {"grow": CorrelationGrow()},
        "both, colder": {
            "drop": SoftDrop(),
            "drop__temperature": 0.5,
            "grow": CorrelationGrow(),
        },
    }
    for name, parameters in rules.items():
        model = SETClassifier(density=0.02, max_iter=30, random_state=0)
        model.set_params(**parameters).fit(X_train, y_train)
        print(f"{name:24} {model.score(X_test, y_test):.3f} {model.nnz_} connections")


if __name__ == "__main__":
    main()
