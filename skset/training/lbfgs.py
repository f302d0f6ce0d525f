"""`LBFGS`: rounds of scipy's L-BFGS-B over all weights and biases at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from skset import kernels
from skset.model import Layer, Loss, Network, Samples, Signals
from skset.runtime.team import Team
from skset.topology import read_only
from skset.training.backpropagation import Backpropagation
from skset.training.optimisers import Accumulation
from skset.training.state import State

__all__ = ["LBFGS", "Objective"]

# Samples that gradients are computed for at a time.
CHUNK = 256


class LBFGS:
    """Takes rounds of L-BFGS over all samples; a round has many iterations.

    It is the limited-memory method of Byrd et al. 1995 (SIAM Journal on Scientific
    Computing 16), from scipy. It is for small data, and needs no learning rate. Between
    two rounds the topology can evolve. The memory of the method is then lost, because
    its vector has other entries. All is computed in float64, because the line search
    compares losses that differ little.

    To the loop a round is an epoch of one step. Its loss is the sum over the outputs,
    including the penalty. This falls from iteration to iteration.

    Parameters
    ----------
    loss : Loss
        One that goes with the network's output.
    alpha : float
        L2 penalty of the weights (not of the biases), divided by the number of samples
        with weight.
    n_iter : list of int
        Largest number of iterations of each round.
    max_fun : int
        Largest number of evaluations of the loss in all rounds together.
    tol : float
        A round ends when no entry of the gradient is greater.

    Attributes
    ----------
    converged : bool
        Whether the last round ended before its iterations were used up.
    has_ended : bool
        Whether there are no evaluations left.
    """

    decay: ClassVar[float] = 0.0  # there is no momentum
    loss_name = "loss"
    remedy = "The input data may contain large values and need to be preprocessed."

    def __init__(
        self, loss: Loss, *, alpha: float, n_iter: list[int], max_fun: int, tol: float
    ) -> None:
        self.loss = loss
        self.alpha = alpha
        self.n_iter = n_iter
        self.tol = tol
        self._losses: list[float] = []
        self.converged = False
        self._n_left = max_fun
        self._gradient = Backpropagation(Accumulation(1.0), loss, alpha=0.0)

    def begin(self, state: State, batch_size: int) -> None:
        """Prepare a training."""
        self.loss.check_output(state.network.output)

    def n_together(self, state: State, samples: Samples, width: int) -> int:
        """Return how many steps one call should take."""
        return 1

    def steps(
        self,
        state: State,
        samples: Samples,
        rows: NDArray[Any],
        rates: Sequence[float],
        team: Team,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take a round; return the loss at its end, and 1: it is the only step."""
        self._losses = []
        given = samples, rows[0], team, self._gradient, self.alpha
        objective = Objective(state, *given)

        def note(intermediate_result: Any) -> None:
            self._losses.append(float(intermediate_result.fun))

        found = minimize(
            objective,
            objective.start(),
            jac=True,
            method="L-BFGS-B",
            callback=note,
            options={
                "maxiter": self.n_iter[state.steps],
                "maxfun": max(self._n_left, 1),
                "gtol": self.tol,
            },
        )
        self._n_left -= found.nfev
        self.converged = found.status == 0
        state.network = objective.network_at(found.x)
        state.steps += 1
        return np.array([found.fun]), np.ones(1)

    @property
    def has_ended(self) -> bool:
        """Whether there are no evaluations left."""
        return self._n_left <= 0

    def epoch_losses(self, loss: float) -> list[float]:
        """Return the losses after each iteration of the last round."""
        return self._losses or [loss]

    def n_losses(self, n_epochs: int) -> int:
        """Return how many iterations so many rounds have, at most."""
        return sum(self.n_iter[:n_epochs])

    def last_step(self) -> list[Signals]:
        """Return nothing, as there is no momentum to record."""
        return []

    def probe(
        self, state: State, samples: Samples, rows: NDArray[Any], team: Team
    ) -> list[Signals]:
        """Return each layer's signals for the given samples, without learning."""
        return self._gradient.probe(state, samples, rows, team)

    def let_go(self) -> None:
        """Keep no layer: the network of the last round has been replaced."""
        self._gradient.let_go()

    def forget_shapes(self) -> None:
        """Make new arrays for the next round: the layers have other units now."""
        self._gradient.forget_shapes()

    def memory(self) -> dict[str, Any]:
        """Return what else a training needs to go on."""
        return {"n_left": self._n_left, "converged": self.converged}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take over what `memory` has returned."""
        self._n_left, self.converged = memory["n_left"], memory["converged"]


class Objective:
    """The loss of a network as a function of a vector, and its gradient.

    The arrays of a copy of the network are slices of two vectors: one of all weights
    and biases, and one of their gradient.
    """

    def __init__(
        self,
        state: State,
        samples: Samples,
        rows: NDArray[Any],
        team: Team,
        gradient: Backpropagation,
        alpha: float,
    ) -> None:
        self._network: Network = state.network
        self._samples, self._team, self._gradient = samples, team, gradient
        if samples.weight is not None:
            rows = rows[samples.weight[rows] > 0]
        self._rows = rows
        self.n_weighted = self._rows.size
        self._penalty = alpha / self.n_weighted if self.n_weighted else 0.0
        # The gradient is that of the sum over the outputs, so the loss must be too.
        averages = gradient.loss.averages_outputs
        self._n_outputs = self._network.n_units[-1] if averages else 1
        self._n_weights = self._network.nnz
        size = self._n_weights + sum(self._network.n_units[1:])
        self._x, self._g = np.empty(size), np.empty(size)
        self._state = State(self._on_vectors(), state.rng, state.topology_rng)

    def start(self) -> NDArray[Any]:
        """Return the vector of the network as it is."""
        layers = self._network.layers
        parts = [layer.weights for layer in layers] + [layer.bias for layer in layers]
        return np.concatenate(parts, dtype=float)

    def __call__(self, x: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the loss, including the penalty, and its gradient."""
        self._x[:], self._g[:] = x, 0.0
        loss = 0.0
        for start in range(0, self.n_weighted, CHUNK):
            rows = self._rows[start : start + CHUNK]
            share = rows.size / self.n_weighted
            self._gradient.optimiser = Accumulation(share)
            [of_chunk], _ = self._gradient.steps(
                self._state, self._samples, rows[None], [0.0], self._team
            )
            loss += share * self._n_outputs * of_chunk
        weights = self._x[: self._n_weights]
        loss += 0.5 * self._penalty * kernels.squared_sum(read_only(weights))
        self._g[: self._n_weights] += self._penalty * weights
        return loss, self._g.copy()

    def network_at(self, x: NDArray[Any]) -> Network:
        """Return the network, in its own type, with the weights of a vector."""
        self._x[:] = x
        dtype = self._network.dtype
        return self._network.with_layers(
            replace(
                layer,
                weights=moved.weights.astype(dtype),
                bias=moved.bias.astype(dtype),
            )
            for layer, moved in zip(
                self._network.layers, self._state.network.layers, strict=True
            )
        )

    def _on_vectors(self) -> Network:
        """Return the network in float64; its arrays are slices of the vectors."""
        weights = self._slices([layer.topology.nnz for layer in self._network.layers])
        biases = self._slices(self._network.n_units[1:], self._n_weights)
        return self._network.with_layers(
            Layer(layer.topology, w, b, (of_w,), (of_b,))
            for layer, (w, of_w), (b, of_b) in zip(
                self._network.layers, weights, biases, strict=True
            )
        )

    def _slices(
        self, sizes: list[int], start: int = 0
    ) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Return neighbouring slices of both vectors, of these sizes."""
        ends = start + np.cumsum(sizes)
        return [
            (self._x[end - size : end], self._g[end - size : end])
            for end, size in zip(ends, sizes, strict=True)
        ]
