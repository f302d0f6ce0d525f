"""`ContrastiveDivergence`: steps of a restricted Boltzmann machine."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.model import RBM, Samples, Signals, bernoulli
from skset.model.weight_steps import move
from skset.runtime.team import Team
from skset.training.optimisers import Optimiser
from skset.training.state import State

__all__ = ["ContrastiveDivergence"]

Array: TypeAlias = NDArray[Any]
# V, P(h | v) and the weight of each column.
Phase: TypeAlias = tuple[Array, Array, Array]


class ContrastiveDivergence:
    """Takes steps of an `RBM`; their loss is the reconstruction's squared error.

    A step goes along ``<v h>_data - <v h>_model``. Each mean is taken over a batch and
    over ``P(h | v)`` (Hinton 2002, Neural Computation 14). Both phases stand side by
    side in one batch, the model's with the opposite sign. Their difference is then a
    sampled gradient, for which the fused kernel of the perceptron takes the step.

    The model's phase comes from `n_gibbs` steps of sampling. They begin at the batch,
    or at the last training step's chains if `persistent` (Tieleman 2008, ICML). These
    chains begin at samples of the first batch that have weight.

    Parameters
    ----------
    optimiser : SGD or Adam
        Takes the steps.
    alpha : float
        L2 penalty of the weights (not of the biases).
    n_gibbs : int, default=1
        Steps of Gibbs sampling from the data, or from the chains, to the model's phase.
    persistent : bool, default=False
        Whether Markov chains go on from step to step and do not begin at the data.
    n_chains : int, default=None
        Number of persistent chains; None is the number of samples in the first batch.
    """

    has_ended = False
    loss_name = "reconstruction error"
    remedy = "learning_rate is too large."

    def __init__(
        self,
        optimiser: Optimiser,
        *,
        alpha: float,
        n_gibbs: int = 1,
        persistent: bool = False,
        n_chains: int | None = None,
    ) -> None:
        self.optimiser = optimiser
        self.alpha = alpha
        self.n_gibbs = n_gibbs
        self.persistent = persistent
        self.n_chains = n_chains
        self._last_signals: list[Signals] = []
        self._buffers: dict[int, list[Array]] = {}

    def begin(self, state: State, batch_size: int) -> None:
        """Prepare a training in steps of so many samples."""
        state.network = state.network.with_moments(self.optimiser.n_moments)

    def n_together(self, state: State, samples: Samples, width: int) -> int:
        """Return how many steps one call should take."""
        return 1

    def steps(
        self,
        state: State,
        samples: Samples,
        rows: Array,
        rates: Sequence[float],
        team: Team,
    ) -> tuple[Array, Array]:
        """Take a step; return its mean loss and its samples' weight, in arrays."""
        [batch] = rows
        loss, weight = self._step(state, samples, batch, team)
        return np.array([loss]), np.array([weight])

    @property
    def decay(self) -> float:
        """Share of a gradient that is left in the momentum one step later."""
        return self.optimiser.decay

    def epoch_losses(self, loss: float) -> list[float]:
        """Return the entries of the loss curve for an epoch with this mean loss."""
        return [loss]

    def n_losses(self, n_epochs: int) -> int:
        """Return how many entries the loss curve has after so many epochs."""
        return n_epochs

    def last_step(self) -> list[Signals]:
        """Return the signals of the one layer in the last step."""
        return self._last_signals

    def probe(
        self, state: State, samples: Samples, rows: Array, team: Team
    ) -> list[Signals]:
        """Return the signals of both phases; persistent chains stay where they are.

        The outputs are ``P(h | v)``.
        """
        weight, _ = samples.weights(rows)
        V, P, _, reconstructed = self._data_phase(state, samples, rows, team)
        model = self._sampled(state, reconstructed, team)
        outputs = np.concatenate([P, model[1]], axis=1)
        X, D = np.empty((V.shape[0], 2 * rows.size), V.dtype), np.empty_like(outputs)
        _side_by_side((V, P, weight), (*model, weight), X, D)
        return [Signals(X, outputs, D)]

    def let_go(self) -> None:
        """Keep no layer; there is none between two steps."""

    def forget_shapes(self) -> None:
        """Make new arrays for the next step."""
        self._buffers = {}

    def memory(self) -> dict[str, Any]:
        """Return what else a training needs to go on: nothing."""
        return {}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take over what `memory` has returned."""

    def _step(
        self, state: State, samples: Samples, rows: Array, team: Team
    ) -> tuple[float, float]:
        """Take a step; return its mean loss and its samples' weight."""
        weight, total = samples.weights(rows)
        if not total:  # no sample has weight
            return 0.0, 0.0
        V, P, H, reconstructed = self._data_phase(state, samples, rows, team)
        error = _squared_error(V, reconstructed, weight)
        if self.persistent:
            model, share = self._from_chains(state, H, weight, team)
        else:
            model, share = self._sampled(state, reconstructed, team), weight
        self._descend(state, (V, P, weight), (*model, share), team)
        return error, total

    def _data_phase(
        self, state: State, samples: Samples, rows: Array, team: Team
    ) -> tuple[Array, Array, Array, Array]:
        """Return V, P(h | v), a sample of h from it, and P(v | h) for this sample."""
        machine = state.network
        V = np.empty((samples.n_features, rows.size), machine.dtype)
        samples.gather(rows, V)
        P = machine.mean_hiddens(V, team)
        H = bernoulli(P, state.rng)
        return V, P, H, machine.mean_visibles(H, team)

    def _from_chains(
        self, state: State, H: Array, weight: Array, team: Team
    ) -> tuple[tuple[Array, Array], Array]:
        """Return the model's V and P(h | v), and the weight of each chain; move these.

        The chains begin at the columns of H that have weight.
        """
        chains = state.network.chains
        if chains is None:
            n_chains = self.n_chains or weight.size
            live = np.resize(np.flatnonzero(weight), n_chains)
            chains = np.ascontiguousarray(H[:, live])
        V, P = self._sampled(state, state.network.mean_visibles(chains, team), team)
        state.network = state.network.with_chains(bernoulli(P, state.rng))
        n_chains = P.shape[1]
        return (V, P), np.full(n_chains, 1 / n_chains, P.dtype)

    def _sampled(self, state: State, visible: Array, team: Team) -> tuple[Array, Array]:
        """Return V and P(h | v) after n steps that begin at the given P(v | h)."""
        machine = state.network
        for left in range(self.n_gibbs - 1, -1, -1):
            V = bernoulli(visible, state.rng)
            P = machine.mean_hiddens(V, team)
            if left:
                visible = machine.mean_visibles(bernoulli(P, state.rng), team)
        return V, P

    def _descend(self, state: State, data: Phase, model: Phase, team: Team) -> None:
        """Take a step towards the data and away from the model.

        Both are given as (V, P(h | v), weight of each column).
        """
        machine = state.network
        X, D = self._phases(machine, data[2].size + model[2].size)
        weight = _side_by_side(data, model, X, D)
        self._last_signals = [Signals(X, D, D)]
        state.steps += 1
        step = self.optimiser.step(
            state.learning_rate.now, state.steps, self.alpha, machine.dtype
        )
        no_deltas = np.empty((0, X.shape[1]), D.dtype)
        machine.layer.backward(X, D, no_deltas, step, team)
        # Not by BLAS: its last bits depend on its number of threads.
        gradient = np.einsum("ib,b->i", X, weight)
        bias, moments = machine.visible_bias, machine.visible_moments
        move(bias, moments, gradient, step.without_penalty())

    def _phases(self, machine: RBM, width: int) -> list[Array]:
        """Return arrays (n_visible, width) and (n_hidden, width) to write into."""
        if width not in self._buffers:
            self._buffers[width] = [
                np.empty((n, width), machine.dtype) for n in machine.n_units
            ]
        return self._buffers[width]


def _side_by_side(data: Phase, model: Phase, X: Array, D: Array) -> Array:
    """Write both phases, given as (V, P(h | v), weight of each column), into X and D.

    Returns the weight of each column, the data's with the opposite sign.
    """
    n = data[2].size
    weight = np.concatenate([-data[2], model[2]])
    np.concatenate([data[0], model[0]], axis=1, out=X)
    np.multiply(data[1], weight[:n], out=D[:, :n])
    np.multiply(model[1], weight[n:], out=D[:, n:])
    return weight


def _squared_error(V: Array, reconstructed: Array, weight: Array) -> float:
    """Return the squared error, averaged over the units and the weighted columns."""
    residual = V - reconstructed
    residual *= residual
    return float((residual.mean(axis=0) * weight).sum())
