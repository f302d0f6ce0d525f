"""`Plan`: training steps by one kernel, for a network and a batch width."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.kernels import train
from skset.kernels.column_losses import CLASSES
from skset.kernels.steps import CHUNK
from skset.kernels.whole_steps import BACKWARD, FORWARD, LOSS
from skset.model import Layer, Loss, Network
from skset.model.tiles import n_tiles
from skset.model.weight_steps import two_moments
from skset.runtime.team import Team
from skset.training.moves import Moves
from skset.training.workspace import Workspace

__all__ = ["Plan"]

Array: TypeAlias = NDArray[Any]
# Which loss the kernel computes, and the label smoothing.
Kind: TypeAlias = tuple[int, Any]

# With more numbers in the outputs, numpy is faster: it computes several exponentials at
# a time.
MOST_OUTPUTS = 1 << 14
# Several steps in one call have about so many products of connections and samples, at
# most. They take some ten milliseconds, for which Ctrl-C has to wait.
ENOUGH_WORK, MOST_STEPS = 1 << 26, 64


class Plan:
    """Tables of addresses, see `skset.kernels.whole_steps`; it keeps what they are of.

    Parameters
    ----------
    network : Network
        With the optimiser's arrays. Its hidden activations have slopes.
    work : Workspace
        Of the batch, without dropout.
    loss : Loss
        One that goes with the network's output.
    team : Team
        Its threads share the steps.
    """

    def __init__(
        self, network: Network, work: Workspace, loss: Loss, team: Team
    ) -> None:
        self.network, self.work, self.loss, self.team = network, work, loss, team
        self.kind = kind_of(loss, network, work.width)
        self.n_products = network.nnz * work.width
        slopes = [activation.slope for activation in network.hidden]
        self.slopes = np.array([*slopes, 1.0], network.dtype)
        self._tables: dict[int, Array] = {}
        self._kept: list[list[Array]] = []

    def fits(self, *others: object) -> bool:
        """Return whether this is the plan for a network, workspace, loss and team."""
        known = self.network, self.work, self.loss, self.team
        return all(a is b for a, b in zip(known, others, strict=True))

    def take(self, moves: Moves, gather: Callable[[], None] | None) -> Array:
        """Take the steps and return their losses.

        `gather` writes the inputs of the only step, if the kernel cannot.
        """
        n_steps, dtype = len(moves.rows), self.network.dtype
        source, losses = moves.samples.source, np.zeros(n_steps)
        if gather is not None:
            gather()
            source = np.zeros_like(source)
        labels = np.empty((n_steps, 0), np.int64)
        targets = np.empty((n_steps, 0, 0), dtype)
        if self.kind is not None and self.kind[0] == CLASSES:
            labels = moves.samples.targets_of(moves.rows, np.int64)
        elif self.kind is not None:
            targets = moves.samples.targets_of(moves.rows, dtype)
        known = self.kind or (CLASSES, dtype.type(0)), labels, targets, moves.weights
        places = moves.samples.places(moves.rows)
        args = source, places, *known, moves.steps[0].rule, moves.numbers
        if self.kind is not None:
            self._run(*args, FORWARD + LOSS + BACKWARD, losses)
            return losses
        self._run(*args, FORWARD, losses)
        wanted = moves.samples.targets(moves.rows[0])
        losses[0] = self.loss(self.work.Z[-1], wanted, moves.weights[0])
        self._run(*args, BACKWARD, losses)
        return losses

    def _run(self, *args: Any) -> None:
        work = self.n_products * args[-1].size
        # One thread is faster with fewer tiles than two need.
        table = self._table(self.team.threads_for(work, train))
        self.team.together(train, work, table, self.slopes, *args)

    def _table(self, n_threads: int) -> Array:
        """Return the table for so many threads."""
        if n_threads not in self._tables:
            layers = enumerate(self.network.layers)
            rows = [self._row(depth, layer, n_threads) for depth, layer in layers]
            self._tables[n_threads] = np.array(rows, np.int64)
        return self._tables[n_threads]

    def _row(self, depth: int, layer: Layer, n_threads: int) -> list[int]:
        """Return a layer's row of the table for so many threads."""
        topology, work = layer.topology, self.work
        tiles = n_tiles(topology, work.Z[depth], n_threads)
        arrays = [
            topology.indptr,
            topology.indices,
            topology.starts(tiles),
            layer.weights,
            *two_moments(layer.moments, layer.weights),
            layer.bias,
            *two_moments(layer.bias_moments, layer.bias),
            work.A[depth],
            work.Z[depth],
            work.D[depth],
            np.zeros(max(1, -(-topology.nnz // CHUNK))),
            layer.held.values if layer.held else np.empty(0, layer.weights.dtype),
        ]
        self._kept.append(arrays)
        # Without numbers an array has an address, but none to read from.
        addresses = [array.ctypes.data if array.size else 0 for array in arrays]
        return [*topology.shape, topology.nnz, tiles, *addresses]


def kind_of(loss: Loss, network: Network, width: int) -> Kind | None:
    """Return what the kernel has to know of a loss, None if it cannot compute it."""
    found = loss.compiled(network.output)
    if found is None or network.n_units[-1] * width > MOST_OUTPUTS:
        return None
    return found[0], network.dtype.type(found[1])
