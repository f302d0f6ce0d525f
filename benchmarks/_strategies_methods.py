"""Who competes in `strategies.py`, and with what parameters: the one place for them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from skset import SETClassifier

__all__ = ["BASELINES", "METHODS", "SANITY", "Contestant"]


@dataclass(frozen=True)
class Contestant:
    """What makes a model, and what is tuned.

    Attributes
    ----------
    own : dict
        Parameters, before those that all contestants on a set have in common.
    tuned : str
        The parameter that is tuned.
    values : tuple
        What it may be, in place of the values that a part of the benchmark has for all.
    epochs_share : float
        Of the epochs of the others.
    held_out : float
        Share of the training rows given to `fit` as a validation set.
    model : type
        The estimator.
    """

    own: dict[str, Any] = field(default_factory=dict)
    tuned: str = "learning_rate_init"
    values: tuple[float, ...] = ()
    epochs_share: float = 1.0
    held_out: float = 0.0
    model: type = SETClassifier

    def params(self, common, epochs, **more):
        """Return the parameters of a model that has those of `common` that it knows."""
        epochs = max(1, round(self.epochs_share * epochs))
        known = self.model().get_params()
        common = {k: v for k, v in common.items() if k in known}
        more = {"max_iter": epochs, **more, **self.own}
        return common | {k: v for k, v in more.items() if k in known or "__" in k}


@dataclass(frozen=True)
class LargestDrop:
    """Drop the fraction zeta with the largest absolute weights: wrong on purpose."""

    def __call__(self, weights, zeta, rng):
        """Return which connections are kept."""
        keep = np.ones(weights.size, bool)
        keep[np.argsort(-np.abs(weights))[: int(zeta * weights.size)]] = False
        return keep


# The epochs of a sequential CTRE without progress, before it grows at random for good,
# are counted on a validation set; as its training does not stop for that, there is no
# end to the patience of `early_stopping`.
WATCHED = {"early_stopping": True, "scoring": "accuracy", "n_iter_no_change": np.inf}

# Each as its preset in skset has it; "momentum" is sparse momentum (Dettmers and
# Zettlemoyer 2019) without its redistribution among layers.
METHODS = {
    "static": Contestant({"method": "static"}),
    "set": Contestant({"method": "set"}),
    "set, cosine zeta": Contestant({"method": "set", "zeta_schedule": "cosine"}),
    "rigl": Contestant({"method": "rigl"}),
    "granet": Contestant({"method": "granet"}),
    "ctre-sequential": Contestant(
        {"method": "ctre", "grow__mode": "sequential", **WATCHED}, held_out=0.1
    ),
    "ctre-simultaneous": Contestant({"method": "ctre", "grow__mode": "simultaneous"}),
    "mest": Contestant({"method": "mest"}),
    "gse": Contestant({"method": "gse"}),
    "momentum": Contestant(
        {
            "drop": "magnitude",
            "grow": "momentum",
            "zeta": 0.5,
            "zeta_schedule": "cosine",
        }
    ),
}
# Wrong on purpose, to see that the benchmark can tell.
SANITY = {
    "random drop": Contestant({"method": "set", "drop": "random"}),
    "largest drop": Contestant({"method": "set", "drop": LargestDrop()}),
}
# What the sparse networks are measured against. A dense network of three wide layers
# takes as long for one epoch as a sparse one for fifty, and needs fewer. What it calls
# epsilon is Adam's.
BASELINES = {
    "defaults": Contestant(
        {"final_drop": True, "n_iter_no_change": 10}, values=(0.001,)
    ),
    "dense twin": Contestant({"method": "static", "density": 1.0}, epochs_share=0.5),
    "dense": Contestant(
        {"learning_rate": "constant", "alpha": 1e-4, "epsilon": 1e-8},
        values=(0.0003, 0.001),
        epochs_share=0.2,
        model=MLPClassifier,
    ),
    "logistic": Contestant(
        {"max_iter": 200},
        tuned="C",
        values=(0.0001, 0.001, 0.01, 0.1, 1.0),
        model=LogisticRegression,
    ),
}
