"""The competitions of `strategies.py`: sets, networks, contestants, and their fits."""

from dataclasses import dataclass, replace

import numpy as np
from _splits import IMAGES, MICROARRAYS
from _strategies_methods import BASELINES, METHODS, SANITY
from _strategies_tasks import Task

__all__ = ["PARTS", "Competition"]

EXTREME_SETS = ["madelon", "isolet", "pcmac", "fashion_mnist", "mnist"]
SPARSE = {"final_drop": False, "n_iter_no_change": np.inf}
# Chosen for "set" and "granet" at two densities, by a dozen runs of 30 epochs.
LENET = {
    "hidden_layer_sizes": (300, 100),
    "solver": "sgd",
    "batch_size": 100,
    "alpha": 0.05,
    **SPARSE,
}
EXTREME = {"hidden_layer_sizes": (1000,) * 3, "epsilon": 1, "alpha": 0.01, **SPARSE}
DENSE = "mnist, dense"


@dataclass(frozen=True, kw_only=True)
class Competition:
    """A set and a network, for which contestants compete.

    Attributes
    ----------
    title, name : str
        What it is called, and the set.
    common : dict
        Parameters of all contestants.
    contestants : dict of str to Contestant
        Who competes.
    epochs, tuning_epochs : int
        Of the fits that count, and of those that choose a value of what is tuned.
    values : tuple
        What the learning rates may be.
    shared : bool
        Whether a contestant has the same value in all competitions.
    rows : int or None
        How many of the training rows are used; None is all.
    beside : str or None
        Title of another competition whose contestants are shown beside these.
    """

    title: str
    name: str
    common: dict
    contestants: dict
    epochs: int
    tuning_epochs: int
    values: tuple
    shared: bool = False
    rows: int | None = None
    beside: str | None = None

    def trials(self, who):
        """Return the value of what is tuned, and the fit that tries it, of each."""
        values = self.contestants[who].values or self.values
        return {value: self._task(who, 0, value, trial=True) for value in values}

    def finals(self, who, value, n_seeds):
        """Return the fits that count, by seed: one where no seed changes anything."""
        seeds = range(1 if self._given and who == "logistic" else n_seeds)
        return {str(seed): self._task(who, seed, value) for seed in seeds}

    @property
    def _given(self):
        return self.name in IMAGES

    def _task(self, who, seed, value, trial=False):
        contestant = self.contestants[who]
        tuned = {contestant.tuned: value}
        what = f"{contestant.tuned} {value:g}" if trial else f"seed {seed}"
        return Task(
            key=f"{self.title} | {who} | {what}",
            model=contestant.model,
            params=contestant.params(
                self.common,
                self.tuning_epochs if trial else self.epochs,
                random_state=seed,
                **tuned,
            ),
            name=self.name,
            split=0 if self._given else seed,
            rows=self.rows,
            validate=trial,
            held_out=contestant.held_out,
        )


def mnist(options):
    epochs = {
        "epochs": options.epochs or 40,
        "tuning_epochs": options.tuning_epochs or 12,
    }
    for density in options.densities:
        yield Competition(
            title=f"mnist, density {density:g}",
            name="mnist",
            common={**LENET, "density": density},
            contestants=wanted(METHODS, options),
            values=(0.05, 0.1, 0.2),
            beside=DENSE,
            **epochs,
        )
    yield Competition(
        title=DENSE,
        name="mnist",
        common={**LENET, "dropout": 0.2},
        contestants=wanted(baselines("dense twin"), options),
        values=(0.02, 0.05, 0.1),
        **epochs,
    )


def extreme(options):
    here = {
        who: METHODS[who]
        for who in METHODS
        if who not in ("set, cosine zeta", "momentum")
    }
    for name in options.sets or EXTREME_SETS:
        yield Competition(
            title=name,
            name=name,
            common=EXTREME,
            contestants=wanted(here | baselines("dense", "logistic"), options),
            epochs=options.epochs or 100,
            tuning_epochs=options.tuning_epochs or 25,
            values=(0.002, 0.005, 0.01),
            rows=options.rows if name == "mnist" else None,
        )


def microarray(options):
    contestants = METHODS | baselines("defaults", "dense", "logistic")
    # It takes one step in an epoch of so few rows.
    contestants["dense"] = replace(contestants["dense"], epochs_share=0.5)
    epochs = options.epochs or 60
    for name in options.sets or [*MICROARRAYS, "lung_small"]:
        yield Competition(
            title=name,
            name=name,
            common=SPARSE | {"hidden_layer_sizes": (1000,)},
            contestants=wanted(contestants, options),
            epochs=epochs,
            tuning_epochs=options.tuning_epochs or epochs,
            values=(0.0003, 0.001, 0.003),
            shared=True,
        )


def sanity(options):
    contestants = {who: METHODS[who] for who in ("set", "static")} | SANITY
    for name in options.sets or ["isolet", "pcmac", "mnist"]:
        given = name in IMAGES
        yield Competition(
            title=name,
            name=name,
            common=LENET | {"density": 0.01} if given else EXTREME,
            contestants=wanted(contestants, options),
            epochs=options.epochs or (30 if given else 100),
            tuning_epochs=0,
            values=(0.1,) if given else (0.005,),
        )


def baselines(*names):
    return {name: BASELINES[name] for name in names}


def wanted(contestants, options):
    """Return those contestants that the options name."""
    names = options.methods or contestants
    return {who: contestants[who] for who in contestants if who in names}


PARTS = {"mnist": mnist, "extreme": extreme, "microarray": microarray, "sanity": sanity}
