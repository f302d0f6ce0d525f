"""Bases of grows that choose the positions with the greatest scores."""

from dataclasses import dataclass, field

import numpy as np

from skset import topology as patterns
from skset.strategies.needs import Context
from skset.strategies.sample_size import Sampled
from skset.topology import Floats, Integers, Topology

__all__ = ["SampledScore", "Scored"]


@dataclass(frozen=True)
class Scored:
    """Grow where a score is greatest.

    If too few scores differ from 0, random positions make up the number.
    """

    random_share: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        if not 0 <= self.random_share <= 1:
            raise ValueError(
                f"random_share must be in [0, 1], got {self.random_share!r}."
            )

    def __call__(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        """Return n free positions."""
        n_scored = n - int(self.random_share * n)
        best = self._best(topology, n_scored, rng, context)
        return patterns.topped_up(topology, best, n, rng)

    def _best(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        """Return up to n free positions, those with the greatest scores."""
        L, R = self._factors(context)
        return patterns.topk_pairs(L, R, n, topology, rng)

    def _factors(self, context: Context) -> tuple[Floats, Floats]:
        """Return the thin matrices whose product ``L @ R.T`` holds the scores."""
        raise NotImplementedError


@dataclass(frozen=True)
class SampledScore(Sampled, Scored):
    """Grow where a score of activations or gradients of samples is greatest."""

    def __post_init__(self) -> None:
        Sampled.__post_init__(self)
        Scored.__post_init__(self)

    def _products_per_sample(self, topology: Topology) -> int:
        return topology.shape[0] * topology.shape[1]
