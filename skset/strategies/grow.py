"""Grows: where an evolution puts new connections, at random or by a score.

A grow is called as ``grow(topology, n, rng, context)`` with the topology of the kept
connections. It returns n of its free positions (``input * n_out + output``) in any
order. `context` has what the grow asks for by its `needs`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from skset import topology as patterns
from skset.strategies.needs import Context, Needs
from skset.strategies.sample_size import PER_CONNECTION
from skset.strategies.scored_growth import SampledScore, Scored
from skset.topology import Floats, Integers, Topology

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

    Mocanu et al. 2018, Nature Communications 9:2383. Its name is "random":
    ``SETClassifier(grow="random")``.
    """

    def __call__(
        self,
        topology: Topology,
        n: int,
        rng: np.random.Generator,
        context: Context | None = None,
    ) -> Integers:
        """Return n free positions."""
        return topology.free_positions(self.free_ranks(topology.n_free, n, rng))

    def free_ranks(self, n_free: int, n: int, rng: np.random.Generator) -> Integers:
        """Return n sorted ranks among the free positions."""
        return patterns.sample_ranks(n_free, n, rng)


@dataclass(frozen=True)
class UnfiredGrow:
    """Grow uniformly at random where no connection ever was.

    When there are no such positions left, it grows anywhere. It explores the most
    positions in the fewest evolutions (in-time over-parameterisation, Liu et al. 2021,
    ICML). Its name is "random_unfired", as in the authors' code:
    ``SETClassifier(grow="random_unfired")``.
    """

    needs: ClassVar = Needs(explored=True)

    def __call__(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        """Return n free positions."""
        explored = context.explored
        n_new = min(n, explored.n_free)
        new = patterns.random_free_positions(explored, n_new, rng)
        return patterns.topped_up(topology, new, n, rng)


@dataclass(frozen=True)
class MomentumGrow(Scored):
    """Grow where the momentum of the missing weight is greatest.

    That is ``|sum_s m^s A_s D_s'|`` over the last training steps (Dettmers and
    Zettlemoyer 2019, arXiv 1907.04840, section 3). Here m is the optimiser's momentum,
    and s = 0 the last step. A_s (n_in, samples) are the inputs of the layer in step s,
    D_s (n_out, samples) its deltas, the gradients of the loss by the weighted sums.
    They are kept as thin matrices of a few samples each. Its name is "momentum":
    ``SETClassifier(grow="momentum")``.

    Parameters
    ----------
    random_share : float in [0, 1], default=0.0
        Share of the new connections that grow at random, because scores alone can
        choose the same few units again and again.
    """

    needs: ClassVar = Needs(momentum=True)

    def _best(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        if not context.recent[0].size:  # no step has been taken
            return np.empty(0, np.int64)
        return super()._best(topology, n, rng, context)

    def _factors(self, context: Context) -> tuple[Floats, Floats]:
        return context.recent


@dataclass(frozen=True)
class GradientGrow(SampledScore):
    """Grow where the gradient of the missing weight is greatest, ``|A D'|``.

    A (n_in, samples) are the inputs of the layer, D (n_out, samples) its deltas, the
    gradients of the loss by the weighted sums (Evci et al. 2020, ICML, algorithm 1).
    Its name is "gradient": ``SETClassifier(grow="gradient")``.

    Parameters
    ----------
    random_share : float in [0, 1], default=0.0
        Share of the new connections that grow at random, because scores alone can
        choose the same few units again and again.
    n_samples : int, default=None
        Number of training rows to look at, drawn anew for each evolution; all, if there
        are fewer. None takes as many as are cheap beside the training: up to 1,024,
        down to 32 in the widest layers. Fewer are mostly noise, more add nothing.
    """

    def _factors(self, context: Context) -> tuple[Floats, Floats]:
        return context.inputs, context.deltas


@dataclass(frozen=True)
class NeuronGrow(SampledScore):
    """Grow between important units: where the product of their importances is greatest.

    The importance of a unit is the sum of ``|w g|`` over its connections in the layer,
    g being the gradient. SpaceNet (Sokar et al. 2021, Neurocomputing 439) uses the
    change of the loss over the training steps in place of ``|w g|``. Its name is
    "neuron": ``SETClassifier(grow="neuron")``.

    Parameters
    ----------
    random_share : float in [0, 1], default=0.0
        Share of the new connections that grow at random, because scores alone can
        choose the same few units again and again.
    n_samples : int, default=None
        Number of training rows to look at, drawn anew for each evolution; all, if there
        are fewer. None takes as many as are cheap beside the training: up to 1,024,
        down to 32 in the widest layers. Fewer are mostly noise, more add nothing.
    """

    def _products_per_sample(self, topology: Topology) -> int:
        return PER_CONNECTION * topology.nnz

    def _factors(self, context: Context) -> tuple[Floats, Floats]:
        pattern = context.topology
        importance = np.abs(context.weights * context.gradients)
        n_in, n_out = pattern.shape
        of_inputs = np.bincount(pattern.in_units, importance, n_in)
        of_outputs = np.bincount(pattern.indices, importance, n_out)
        # bincount returns integers for a layer without connections.
        return of_inputs[:, None].astype(float), of_outputs[:, None].astype(float)


@dataclass(frozen=True)
class CosineGrow(SampledScore):
    """Grow between units that are active alike: ``|cos(a_i, a_j)|`` over samples.

    CTRE (Atashgahi et al. 2022, Machine Learning, arXiv 1903.07138). Units that are
    never active have score 0. Its name is "cosine": ``SETClassifier(grow="cosine")``.

    Parameters
    ----------
    mode : {"sequential", "simultaneous"}, default="sequential"
        "sequential" changes to random growth for good once training has stalled.
        "simultaneous" does not grow a connection that was just dropped; a random one
        takes its place.
    patience : int, default=40
        Epochs without a better validation score (without validation data, training
        loss) after which "sequential" changes; the paper's number.
    centred : bool, default=False
        Whether to subtract the mean activity of each unit first, which makes the score
        a correlation. Not in the paper; without it, means dominate on data in [0, 1].
    random_share : float in [0, 1], default=0.0
        Share of the new connections that grow at random, because scores alone can
        choose the same few units again and again.
    n_samples : int, default=None
        Number of training rows to look at, drawn anew for each evolution; all, if there
        are fewer. None takes as many as are cheap beside the training: up to 1,024,
        down to 32 in the widest layers. Fewer are mostly noise, more add nothing.
    """

    mode: str = "sequential"
    patience: int = 40
    centred: bool = False

    @property
    def needs(self) -> Needs:
        """Samples of the whole training set."""
        return replace(super().needs, training_set=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in ("sequential", "simultaneous"):
            raise ValueError(
                f"mode must be 'sequential' or 'simultaneous', got {self.mode!r}."
            )
        if not self.patience >= 0:
            raise ValueError(f"patience must be >= 0, got {self.patience!r}.")

    def _best(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        sequential = self.mode == "sequential"
        if sequential and context.longest_stall >= self.patience:
            return np.empty(0, np.int64)
        best = super()._best(topology, n, rng, context)
        return best if sequential else best[~context.topology.has(best)]

    def _factors(self, context: Context) -> tuple[Floats, Floats]:
        return self._normalised(context.inputs), self._normalised(context.outputs)

    def _normalised(self, A: Floats) -> Floats:
        """Return the rows scaled to length 1; rows next to 0 become 0."""
        if self.centred:
            A = A - A.mean(axis=1, keepdims=True)
        lengths = patterns.row_lengths(A)
        some = lengths >= np.finfo(A.dtype).tiny  # others have no inverse
        scales = np.divide(1, lengths, out=np.zeros_like(lengths), where=some)
        return A * scales[:, None].astype(A.dtype)


@dataclass(frozen=True)
class GuidedGrow(SampledScore):
    """Grow where the gradient is greatest among sampled candidates.

    Guided stochastic exploration (Heddes et al. 2024, arXiv 2401.06898). It draws
    ``gamma * nnz`` candidates and computes the gradient only for them. The probability
    of a pair is proportional to ``|a_i| |d_j|``, the lengths of the input's activations
    and of the output's deltas; no gradient exceeds their product. Time and memory are
    proportional to nnz, the number of connections. Its name is "guided":
    ``SETClassifier(grow="guided")``.

    Parameters
    ----------
    gamma : float, default=1.0
        Candidates drawn per connection that the layer had; greater than 0. With 1 the
        scores cost about as much as the gradient of the weights for as many samples.
    uniform_share : float in [0, 1], default=0.1
        Share of the units that are drawn uniformly, so that silent units have a chance.
        Not in the paper; 0.1 is chosen by us.
    random_share : float in [0, 1], default=0.0
        Share of the new connections that grow at random, because scores alone can
        choose the same few units again and again.
    n_samples : int, default=None
        Number of training rows to look at, drawn anew for each evolution; all, if there
        are fewer. None takes as many as are cheap beside the training: up to 1,024,
        down to 32 in the widest layers. Fewer are mostly noise, more add nothing.
    """

    gamma: float = 1.0
    uniform_share: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.gamma < np.inf:
            raise ValueError(f"gamma must be positive and finite, got {self.gamma!r}.")
        if not 0 <= self.uniform_share <= 1:
            raise ValueError(
                f"uniform_share must be in [0, 1], got {self.uniform_share!r}."
            )

    def _products_per_sample(self, topology: Topology) -> int:
        return int(PER_CONNECTION * self.gamma * topology.nnz)

    def _best(
        self, topology: Topology, n: int, rng: np.random.Generator, context: Context
    ) -> Integers:
        A, D = context.inputs, context.deltas
        chances = [self._chances(A), self._chances(D)]
        n_candidates = max(int(self.gamma * context.topology.nnz), n)
        return patterns.best_candidates(A, D, n, topology, n_candidates, chances, rng)

    def _chances(self, rows: Floats) -> Floats:
        """Return the probability of each unit."""
        lengths = patterns.row_lengths(rows)
        total = float(lengths.sum())
        share = self.uniform_share if total > 0 else 1.0
        chances: Floats = (1 - share) * lengths / (total or 1.0) + share / lengths.size
        chances /= chances.sum()  # rounding could make that of a single unit exceed 1
        return chances
