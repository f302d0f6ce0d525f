"""`Backpropagation`: steps of a perceptron along the gradient of its loss."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.kernels import Step, aligned_empty
from skset.kernels.halves import halved, widened
from skset.model import Loss, Network, Samples, Signals, signals_of
from skset.runtime.team import LARGEST_WORK, Team
from skset.training.clipping import Clipping
from skset.training.moves import Moves
from skset.training.noise import FixedNoise, FreshNoise, GaussianNoise
from skset.training.optimisers import Optimiser
from skset.training.plan import ENOUGH_WORK, MOST_STEPS, Plan, kind_of
from skset.training.state import State
from skset.training.workspace import Workspace

__all__ = ["Backpropagation"]

Array: TypeAlias = NDArray[Any]


class Backpropagation:
    """Takes steps of a `Network`; the loss of a step includes the penalty.

    Parameters
    ----------
    optimiser : SGD or Adam
        Takes the steps.
    loss : Loss
        One that goes with the network's output.
    alpha : float
        L2 penalty of the weights (not of the biases), divided by the number of samples
        with weight in a batch.
    dropout : float, default=0.0
        Share of hidden activations set to 0 in a step.
    noise : GaussianNoise, default=None
        Added to the inputs of each step, not to targets that are the inputs.
    max_norm : float, default=None
        Greatest norm of the gradient, see `Clipping`; None sets no limit.
    halves : bool, default=False
        Whether the deltas of hidden layers have 16 bits, see `skset.kernels.halves`.
    """

    has_ended = False
    # Name of the loss of an epoch.
    loss_name = "loss"
    # Advice in the error that a divergence raises.
    remedy = (
        "The input data may contain large values and need to be preprocessed (for "
        "instance by StandardScaler), or learning_rate_init is too large."
    )

    def __init__(
        self,
        optimiser: Optimiser,
        loss: Loss,
        *,
        alpha: float,
        dropout: float = 0.0,
        noise: GaussianNoise | None = None,
        max_norm: float | None = None,
        halves: bool = False,
    ) -> None:
        self.optimiser = optimiser
        self.loss = loss
        self.alpha = alpha
        self.dropout = dropout
        self.noise = noise
        self.halves = halves
        self._clipping = None if max_norm is None else Clipping(max_norm)
        self._noise: FreshNoise | FixedNoise | None = None
        self._workspaces: dict[int, Workspace] = {}
        self._plans: dict[int, Plan] = {}

    def begin(self, state: State, batch_size: int) -> None:
        """Prepare a training in steps of so many samples."""
        state.network = network = state.network.with_moments(self.optimiser.n_moments)
        self.loss.check_output(network.output)
        if self.noise:
            shape = (network.n_units[0], batch_size)
            self._noise = self.noise.source(shape, state.rng, network.dtype)

    def n_together(self, state: State, samples: Samples, width: int) -> int:
        """Return how many steps of so many samples one call should take."""
        network = state.network
        if (
            self._compiles(network, width)
            and self._noise is None
            and kind_of(self.loss, network, width) is not None
            and samples.source.any()
        ):
            work = max(network.nnz * width, 1)
            return int(max(1, min(MOST_STEPS, ENOUGH_WORK // work)))
        return 1

    def steps(
        self,
        state: State,
        samples: Samples,
        rows: Array,
        rates: Sequence[float],
        team: Team,
    ) -> tuple[Array, Array]:
        """Take steps; return their mean losses and the numbers of weighted samples.

        There are several steps only if `n_together` says so. After a loss that is not
        finite the others are 0.
        """
        network, first = state.network, state.steps + 1
        weights, counts = samples.weights_of_steps(rows)
        # By the number of samples, not by their weight: only proportions of weights
        # count.
        penalties = np.where(counts, self.alpha / np.maximum(counts, 1), 0.0)
        steps = [
            self.optimiser.step(rate, first + n, l2, network.dtype)
            for n, (rate, l2) in enumerate(zip(rates, penalties, strict=True))
        ]
        weights = weights.astype(network.dtype, copy=False)
        moves = Moves(samples, rows, weights, steps)
        compiles = self._compiles(network, rows.shape[1])
        if compiles and self._noise is None:
            moves = moves.padded()
        work = self._workspace(network, moves.rows.shape[1])
        self._last = work, rows.shape[1]
        if compiles:
            in_kernel = self._noise is None and samples.source.any()
            gather = None if in_kernel else partial(self._gather, work, moves)
            losses = self._plan(network, work, team).take(moves, gather)
        else:
            losses = np.array([self._layer_by_layer(state, work, moves, team)])
        finite = np.isfinite(losses)
        state.steps += len(steps) if finite.all() else int(finite.argmin()) + 1
        return losses, counts

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
        """Return the signals of each layer in the last step."""
        work, width = self._last
        return [work.signals(depth, width) for depth in range(len(work.D))]

    def probe(
        self, state: State, samples: Samples, rows: Array, team: Team
    ) -> list[Signals]:
        """Return each layer's signals for the given samples, without learning."""
        network = state.network
        X = aligned_empty((samples.n_features, rows.size), network.dtype)
        samples.gather(rows, X)
        targets, (weight, _) = samples.targets(rows), samples.weights(rows)
        if self._noise is not None:
            self._noise.add(X, rows)
        with np.errstate(all="ignore"):
            return signals_of(network, X, targets, weight, self.loss, team)

    def let_go(self) -> None:
        """Keep no layer: of a network that evolves no more than one may exist twice."""
        self._plans = {}

    def forget_shapes(self) -> None:
        """Make new arrays for the next step: the layers have other units now."""
        self._workspaces, self._plans = {}, {}

    def memory(self) -> dict[str, Any]:
        """Return what else a training needs to go on: nothing."""
        return {}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take over what `memory` has returned."""

    def _compiles(self, network: Network, width: int) -> bool:
        """Return whether one kernel takes a step, apart from rarer losses."""
        slopes = (activation.slope for activation in network.hidden)
        return (
            network.nnz * width <= LARGEST_WORK
            and not self.dropout
            and not self.halves
            and self._clipping is None
            and None not in slopes
        )

    def _plan(self, network: Network, work: Workspace, team: Team) -> Plan:
        known, wanted = self._plans.get(work.width), (network, work, self.loss, team)
        if known is None or not known.fits(*wanted):
            # Those of other widths may hold a network that has evolved.
            others = self._plans.items()
            self._plans = {n: plan for n, plan in others if plan.network is network}
            known = self._plans[work.width] = Plan(*wanted)
        return known

    def _gather(self, work: Workspace, moves: Moves) -> None:
        [rows] = moves.rows
        moves.samples.gather(rows, work.A[0])
        if self._noise is not None:
            self._noise.add(work.A[0], rows)

    def _layer_by_layer(
        self, state: State, work: Workspace, moves: Moves, team: Team
    ) -> float:
        """Take a step with Python between the layers; return its loss."""
        [rows], [weights], [step] = moves.rows, moves.weights, moves.steps
        self._gather(work, moves)
        self._forward(state, work, team)
        loss = self.loss(work.Z[-1], moves.samples.targets(rows), weights)
        if step.l2:
            loss += 0.5 * float(step.l2) * state.network.squared_norm()
        self._backward(state.network, work, step, team)
        return loss

    def _forward(self, state: State, work: Workspace, team: Team) -> None:
        for depth, A in enumerate(work.A):
            Z = work.Z[depth]
            hidden = depth < len(work.H)
            H = work.H[depth] if hidden else Z
            state.network.propagate(depth, A, Z, H, team)
            if hidden and work.masks is not None:
                self._drop_out(state.rng, work, depth)

    def _drop_out(self, rng: np.random.Generator, work: Workspace, depth: int) -> None:
        """Zero some activations and scale up the others (Srivastava et al. 2014)."""
        keep = 1 - self.dropout
        assert work.masks is not None
        mask = work.masks[depth]
        rng.random(dtype=mask.dtype, out=mask)
        np.less(mask, keep, out=mask, casting="unsafe")
        mask /= mask.dtype.type(keep)
        np.multiply(work.H[depth], mask, out=work.A[depth + 1])

    def _backward(
        self, network: Network, work: Workspace, step: Step, team: Team
    ) -> None:
        """Go back through the layers; update each as soon as its deltas are known."""
        no_deltas = np.empty((0, work.width), work.D[0].dtype)
        for depth in range(len(network.layers) - 1, -1, -1):
            below = work.D[depth - 1] if depth else no_deltas
            arrays = work.A[depth], work.D[depth], below
            slope = network.hidden[depth - 1].slope if depth else None
            if self._clipping is None:
                layer = network.layers[depth]
                layer.backward(*arrays, step, team, slope)
            else:
                l2 = float(step.l2)
                self._clipping.backward(
                    network, depth, *arrays, slope, l2=l2, team=team
                )
            if depth:
                self._finish_deltas(network, work, depth - 1)
        if self._clipping is not None:
            self._clipping.take_step(network, step)

    def _finish_deltas(self, network: Network, work: Workspace, hidden: int) -> None:
        """Multiply the deltas of a hidden layer by the factors left by kernels."""
        activation, D = network.hidden[hidden], work.D[hidden]
        if work.masks is None and activation.slope is not None:
            return
        wide = widened(D, network.dtype) if self.halves else D
        if work.masks is not None:
            wide *= work.masks[hidden]
        if activation.slope is None:
            activation.multiply_derivative(work.Z[hidden], work.H[hidden], wide)
        if self.halves:
            D[...] = halved(wide)

    def _workspace(self, network: Network, width: int) -> Workspace:
        if width not in self._workspaces:
            self._workspaces[width] = Workspace(
                network.n_units,
                width,
                network.dtype,
                [activation.needs_sums for activation in network.hidden],
                self.dropout,
                self._wider_workspace(width),
                self.halves,
            )
        return self._workspaces[width]

    def _wider_workspace(self, width: int) -> Workspace | None:
        """Return a workspace whose memory a narrower one can use, or None."""
        widest = max(self._workspaces, default=0)
        return self._workspaces[widest] if widest > width else None
