"""`Layer`: a topology with its weights, bias and optimiser state."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from skset import kernels
from skset.model.held import Held
from skset.model.integrity import check_layer, restore
from skset.model.tiles import n_tiles
from skset.model.weight_steps import move, two_moments
from skset.model.weights import INITIAL_WEIGHTS
from skset.runtime.team import Team
from skset.topology import Rewiring, Topology, carry, read_only

__all__ = ["Layer"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Layer:
    """Connections, weights, bias and optimiser state of one layer.

    Training changes the arrays in place. An evolution makes a new Layer. A layer is at
    rest if it has no optimiser state. Those of a fitted estimator have read-only
    arrays.

    Parameters
    ----------
    topology : Topology
        Which connections there are.
    weights : ndarray of shape (nnz,)
        Weight of each connection, in the order of the topology.
    bias : ndarray of shape (n_out,)
        Bias of each output unit.
    moments : tuple of ndarray of shape (nnz,), default=()
        The optimiser's state for each connection; empty at rest.
    bias_moments : tuple of ndarray of shape (n_out,), default=()
        The optimiser's state for the bias; empty at rest.
    explored : Topology or None, default=None
        Every position that has had a connection, if a strategy asks for it.
    n_dropped : int, default=0
        Number of connections that the last drop of a training removed without regrowth.
        A training that goes on grows as many before its first step.
    held : object or None, default=None
        Frozen connections, whose weights no step and no evolution changes.
    """

    topology: Topology
    weights: Array
    bias: Array
    moments: tuple[Array, ...] = ()
    bias_moments: tuple[Array, ...] = ()
    explored: Topology | None = None
    n_dropped: int = 0
    held: Held | None = None

    @classmethod
    def initial(
        cls,
        topology: Topology,
        weight_init: str,
        rng: Generator,
        dtype: np.dtype[Any],
        scale: float = 1.0,
    ) -> Self:
        """Return a layer with scaled random weights, bias 0 and no optimiser state."""
        weights = INITIAL_WEIGHTS[weight_init](topology, rng, dtype)
        weights *= dtype.type(scale)
        return cls(topology, weights, np.zeros(topology.shape[1], dtype))

    @cached_property
    def views(self) -> tuple[Array, Array]:
        """Read-only views of weights and bias.

        Kernels that only read them always get these views. A writable array is another
        type to the compiler.
        """
        return read_only(self.weights), read_only(self.bias)

    def __repr__(self) -> str:
        shape, kind = self.topology.shape, self.weights.dtype.name
        return f"Layer(shape={shape}, nnz={self.topology.nnz}, dtype={kind})"

    def __getstate__(self) -> dict[str, Any]:
        # Without `views`: a copy needs views of its own arrays, a file needs none.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        restore(self, state)
        check_layer(self)

    def with_moments(self, n: int) -> Self:
        """Return this layer with n moments; new ones are zeros."""
        if len(self.moments) == n:
            return self
        return replace(
            self,
            moments=tuple(np.zeros_like(self.weights) for _ in range(n)),
            bias_moments=tuple(np.zeros_like(self.bias) for _ in range(n)),
        )

    def to_csr(self) -> Any:
        """Return the weights as a CSR array (n_in, n_out) that shares their memory."""
        return self.topology.to_csr(self.weights)

    def at_rest(self) -> Self:
        """Return this layer without optimiser state."""
        return replace(self, moments=(), bias_moments=(), explored=None, held=None)

    def holding(self, frozen: Held | None) -> Self:
        """Return this layer with frozen weights where it has such connections."""
        if frozen is None:
            return self
        layer = replace(
            self, weights=self.weights.copy(), held=frozen.on(self.topology)
        )
        layer._put_back()
        return layer

    def exploring(self) -> Self:
        """Return this layer; from now on it records all positions with a connection."""
        return self if self.explored else replace(self, explored=self.topology)

    def astype(self, dtype: DTypeLike) -> "Layer":
        """Return this layer at rest, with weights and bias of another type."""
        return Layer(self.topology, self.weights.astype(dtype), self.bias.astype(dtype))

    def copy(self) -> Self:
        """Return a layer with copies of the arrays; it shares only the topology."""
        return replace(
            self,
            weights=self.weights.copy(),
            bias=self.bias.copy(),
            moments=tuple(m.copy() for m in self.moments),
            bias_moments=tuple(m.copy() for m in self.bias_moments),
        )

    def forward(
        self, X: Array, Z: Array, team: Team, slope: float | None = None
    ) -> None:
        """Write into Z (n_out, batch) the weighted sums of X (n_in, batch), plus bias.

        Sums that are not positive are multiplied by `slope`, if it is given.
        """
        work = self.topology.nnz * X.shape[1]
        threads = team.threads_for(work, kernels.forward)
        starts = self.topology.starts(n_tiles(self.topology, Z, threads))
        team.run(
            kernels.forward,
            work,
            np.arange((starts.size - 1) // X.shape[0] + 1),
            starts,
            self.topology.indices,
            *self.views,
            self.bias.dtype.type(1 if slope is None else slope),
            X,
            Z,
        )

    def backward(
        self,
        X: Array,
        D: Array,
        DX: Array,
        step: kernels.Step,
        team: Team,
        slope: float | None = None,
    ) -> None:
        """Write into DX (n_in, batch) the inputs' deltas; update weights and bias.

        The deltas are multiplied by `slope` where X is not positive, if it is given.
        The weights are changed in place. DX without rows is left alone.
        """
        self._differentiate(self.moments, step, team, slope, X, D, DX)
        self._put_back()
        gradient = np.empty_like(self.bias)
        kernels.row_sums(D, gradient)
        self.move_bias(gradient, step)

    def _differentiate(
        self, moments: Any, step: kernels.Step, team: Team, slope: Any, *arrays: Array
    ) -> None:
        """Run the kernel of `backward` with other arrays of the optimiser."""
        t = self.topology
        team.run(
            kernels.backward,
            t.nnz * arrays[0].shape[1],
            t.indptr,
            t.indptr,
            t.indices,
            self.weights,
            *two_moments(moments, self.weights),
            *arrays,
            self.bias.dtype.type(1 if slope is None else slope),
            step,
        )

    def gradients(
        self, X: Array, D: Array, DX: Array, g: Array, b: Array, team: Team
    ) -> None:
        """Write the gradients of weights and bias into g and b; learn nothing.

        X, D and DX are those of `backward`.
        """
        step = kernels.Step.gradient(self.weights.dtype.type)
        self._differentiate((g,), step, team, None, X, D, DX)
        kernels.row_sums(D, b)

    def bend(self, Z: Array, D: Array, out: Array, team: Team, slope: float) -> None:
        """Write the deltas D of the outputs Z into `out` as the deltas of the sums.

        Those of outputs that are not positive are multiplied by `slope`.
        """
        arrays = Z, D, self.bias.dtype.type(slope), out
        team.run(kernels.bend, Z.size, np.arange(len(Z) + 1), *arrays)

    def move_weights(self, gradient: Array, step: kernels.Step) -> None:
        """Take a step with the weights, in place, along their gradient."""
        move(self.weights, self.moments, gradient, step)
        self._put_back()

    def _put_back(self) -> None:
        """Give the frozen weights their values again."""
        if self.held is not None:
            self.held.put_back(self.weights)

    def move_bias(self, gradient: Array, step: kernels.Step) -> None:
        """Take a step with the bias, in place; it has no penalty."""
        move(self.bias, self.bias_moments, gradient, step.without_penalty())

    def pull_back(self, D: Array, bias: Array, DX: Array, team: Team) -> None:
        """Write into DX (n_in, batch) the product of the weights with D, plus `bias`.

        D is (n_out, batch), `bias` belongs to the input units.
        """
        t = self.topology
        team.run(
            kernels.pull_back,
            t.nnz * D.shape[1],
            t.indptr,
            t.indptr,
            t.indices,
            self.views[0],
            read_only(bias),
            D,
            DX,
        )

    def pulled_back(self, D: Array) -> Array:
        """Return the product of the weights with D (n_out, batch), serially.

        For the deltas D of the outputs these are the deltas of the inputs.
        """
        n_in = self.topology.shape[0]
        DX = np.empty((n_in, D.shape[1]), D.dtype)
        self.pull_back(D, np.zeros(n_in, D.dtype), DX, Team())
        return DX

    def rewired(self, rewiring: Rewiring, newborn: Any) -> Self:
        """Return the layer after an evolution; `newborn` has the new weights."""
        topology, source = rewiring
        if topology is self.topology:
            return self
        explored = self.explored
        if explored is not None:
            explored = explored.with_positions(topology.positions()[source < 0])
        return replace(
            self,
            topology=topology,
            weights=carry(self.weights, source, newborn),
            moments=tuple(carry(m, source, 0) for m in self.moments),
            explored=explored,
        ).holding(self.held)

    def restricted(self, inputs: Array, outputs: Array) -> Self:
        """Return the layer between some of its units, given masks of both sides."""
        assert self.held is None  # frozen connections keep their units
        topology, source = self.topology.restricted(inputs, outputs)
        explored = self.explored
        share = topology.nnz / max(self.topology.nnz, 1)
        return replace(
            self,
            topology=topology,
            weights=self.weights[source],
            bias=self.bias[outputs],
            moments=tuple(m[source] for m in self.moments),
            bias_moments=tuple(m[outputs] for m in self.bias_moments),
            explored=explored and explored.restricted(inputs, outputs)[0],
            n_dropped=round(share * self.n_dropped),
        )
