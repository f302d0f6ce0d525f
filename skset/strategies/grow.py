"""Where to grow new connections: at random, or where a score is greatest.

A grow is called as ``grow(topology, n, rng, signals)`` with the topology of the kept
connections and returns n of its free positions (``input * n_out + output``) in any
order. `signals` is the layer's `skset.model.Signals`, for sure only where the grow
has ``needs_signals = True``.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from skset import topology as patterns
from skset.strategies.sample_size import PER_CONNECTION, Sampled

__all__ = [
    "CosineGrow",
    "GradientGrow",
    "GuidedGrow",
    "MomentumGrow",
    "NeuronGrow",
    "RandomGrow",
    "UnfiredGrow",
]


@dataclass(frozen=True)
class RandomGrow:
    """Grow uniformly at random among the free positions.

    Mocanu et al. 2018, Nature Communications 9:2383.
    """

    def __call__(self, topology, n, rng, signals=None):
        """Return n free positions."""
        return patterns.random_free_positions(topology, n, rng)


@dataclass(frozen=True)
class UnfiredGrow:
    """Grow uniformly at random where no connection ever was, while there is room.

    Then anywhere. `random_unfired` of in-time over-parameterisation (Liu et al. 2021,
    ICML), which explores the most positions with the fewest evolutions.
    """

    needs_signals: ClassVar = True
    needs_explored: ClassVar = True

    def sample_size(self, topology):
        """Return 0: no samples are looked at."""
        return 0

    def __call__(self, topology, n, rng, signals):
        """Return n free positions."""
        explored = signals.explored
        n_new = min(n, explored.n_free)
        new = patterns.random_free_positions(explored, n_new, rng)
        return patterns.topped_up(topology, new, n, rng)


@dataclass(frozen=True)
class _Scored:
    """Grow where a score is greatest; at random where no score is other than 0.

    Parameters
    ----------
    random_share : float in [0, 1], default=0.0
        Share of the connections that are grown at random all the same. Scores alone
        can come back to the same few units.
    """

    random_share: float = field(default=0.0, kw_only=True)
    needs_signals: ClassVar = True

    def __post_init__(self):
        if not 0 <= self.random_share <= 1:
            raise ValueError(
                f"random_share must be in [0, 1], got {self.random_share!r}."
            )

    def __call__(self, topology, n, rng, signals):
        """Return n free positions."""
        n_scored = n - int(self.random_share * n)
        best = self._best(topology, n_scored, rng, signals)
        return patterns.topped_up(topology, best, n, rng)

    def _best(self, topology, n, rng, signals):
        """Return up to n free positions, those with the greatest scores."""
        L, R = self._factors(signals)
        return patterns.topk_pairs(L, R, n, topology, rng)

    def _factors(self, signals):
        """Return the thin matrices whose product ``L @ R.T`` holds the scores."""
        raise NotImplementedError


@dataclass(frozen=True)
class MomentumGrow(_Scored):
    """Grow where the momentum of the missing weight is greatest.

    That is ``|sum_s m^s A_s D_s'|`` over the last training steps s, m being the
    optimiser's momentum (Dettmers and Zettlemoyer 2019, arXiv 1907.04840, section 3).
    The steps are kept as thin matrices of a few samples each.
    """

    needs_momentum: ClassVar = True

    def sample_size(self, topology):
        """Return 0: the samples are those of the last steps."""
        return 0

    def _best(self, topology, n, rng, signals):
        if signals.recent is None:  # no step has been taken
            return np.empty(0, np.int64)
        return super()._best(topology, n, rng, signals)

    def _factors(self, signals):
        return signals.recent


@dataclass(frozen=True)
class _SampledScore(Sampled, _Scored):
    def __post_init__(self):
        Sampled.__post_init__(self)
        _Scored.__post_init__(self)

    def _products_per_sample(self, topology):
        return topology.shape[0] * topology.shape[1]


@dataclass(frozen=True)
class GradientGrow(_SampledScore):
    """Grow where the gradient of the missing weight is greatest, ``|A D'|``.

    A (n_in, samples) are the inputs, D (n_out, samples) the deltas (Evci et al. 2020,
    ICML, algorithm 1).
    """

    def _factors(self, signals):
        return signals.inputs, signals.deltas


@dataclass(frozen=True)
class NeuronGrow(_SampledScore):
    """Grow between important units: where the product of their importances is greatest.

    The importance of a unit is the sum of ``|w g|`` over its connections in the layer,
    g being the gradient. SpaceNet (Sokar et al. 2021, Neurocomputing 439)
    has the change of the loss over the training steps in place of ``|w g|``.
    """

    def _products_per_sample(self, topology):
        return PER_CONNECTION * topology.nnz

    def _factors(self, signals):
        pattern = signals.topology
        importance = np.abs(signals.weights * signals.gradients)
        n_in, n_out = pattern.shape
        of_inputs = np.bincount(pattern.in_units, importance, n_in)
        of_outputs = np.bincount(pattern.indices, importance, n_out)
        # Of a layer without connections they are counted in whole numbers.
        return of_inputs[:, None].astype(float), of_outputs[:, None].astype(float)


@dataclass(frozen=True)
class CosineGrow(_SampledScore):
    """Grow between units that are active alike: ``|cos(a_i, a_j)|`` over samples.

    CTRE (Atashgahi et al. 2022, Machine Learning, arXiv 1903.07138). Units
    that are never active have score 0.

    Parameters
    ----------
    mode : {"sequential", "simultaneous"}, default="sequential"
        "sequential" turns to random growth for good once training has stalled.
        "simultaneous" does not grow again what was dropped a moment ago; as many random
        connections take its place.
    patience : int, default=40
        Epochs without a better validation score (training loss, without validation
        data) after which "sequential" turns; the paper's.
    centred : bool, default=False
        Whether the mean activity of each unit is taken away first, which makes it the
        correlation. Not in the paper; on data in [0, 1] the means dominate otherwise.
    """

    mode: str = "sequential"
    patience: int = 40
    centred: bool = False
    needs_training_set: ClassVar = True

    def __post_init__(self):
        super().__post_init__()
        if self.mode not in ("sequential", "simultaneous"):
            raise ValueError(
                f"mode must be 'sequential' or 'simultaneous', got {self.mode!r}."
            )
        if not self.patience >= 0:
            raise ValueError(f"patience must be >= 0, got {self.patience!r}.")

    def _best(self, topology, n, rng, signals):
        sequential = self.mode == "sequential"
        if sequential and signals.longest_stall >= self.patience:
            return np.empty(0, np.int64)
        best = super()._best(topology, n, rng, signals)
        return best if sequential else best[~signals.topology.has(best)]

    def _factors(self, signals):
        return self._normalised(signals.inputs), self._normalised(signals.outputs)

    def _normalised(self, A):
        """Return the rows, made as long as 1 unless they are next to 0."""
        if self.centred:
            A = A - A.mean(axis=1, keepdims=True)
        lengths = patterns.row_lengths(A)
        some = lengths >= np.finfo(A.dtype).tiny  # others have no inverse
        scales = np.divide(1, lengths, out=np.zeros_like(lengths), where=some)
        return A * scales[:, None].astype(A.dtype)


@dataclass(frozen=True)
class GuidedGrow(_SampledScore):
    """Grow where the gradient is greatest among sampled candidates.

    Guided stochastic exploration (Heddes et al. 2024, arXiv 2401.06898): of the free
    positions ``gamma * nnz`` are drawn, each with a probability that goes with
    ``|a_i| |d_j|``, the product of the lengths of the input's activations and the
    output's deltas, which no gradient exceeds; only for those is the gradient
    computed. Time and memory go with nnz.

    Parameters
    ----------
    gamma : float, default=1.0
        Candidates drawn per connection that the layer had; greater than 0.
    uniform_share : float in [0, 1], default=0.1
        Share of a draw's units that are drawn uniformly, so that silent units have a
        chance. Not in the paper.
    """

    gamma: float = 1.0
    uniform_share: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.gamma < np.inf:
            raise ValueError(f"gamma must be positive and finite, got {self.gamma!r}.")
        if not 0 <= self.uniform_share <= 1:
            raise ValueError(
                f"uniform_share must be in [0, 1], got {self.uniform_share!r}."
            )

    def _products_per_sample(self, topology):
        return int(PER_CONNECTION * self.gamma * topology.nnz)

    def _best(self, topology, n, rng, signals):
        A, D = signals.inputs, signals.deltas
        chances = [self._chances(A), self._chances(D)]
        n_candidates = max(int(self.gamma * signals.topology.nnz), n)
        return patterns.best_candidates(A, D, n, topology, n_candidates, chances, rng)

    def _chances(self, rows):
        """Return the probability of each unit."""
        lengths = patterns.row_lengths(rows)
        total = lengths.sum()
        share = self.uniform_share if total > 0 else 1.0
        chances = (1 - share) * lengths / (total or 1.0) + share / lengths.size
        return chances / chances.sum()  # of one unit not a bit more than 1
