"""`Signals`: what strategies can see of a layer."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from numpy.typing import NDArray

from skset.topology import Topology, pair_scores, read_only

__all__ = ["Signals"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Signals:
    """What a layer computes for some training samples, for strategies to look at.

    The arrays are read-only views: they are the network's, or other layers' too.

    Attributes
    ----------
    inputs : ndarray of shape (n_in, samples)
        Activations that go in.
    outputs : ndarray of shape (n_out, samples)
        Activations that come out; of the output layer, the predictions.
    deltas : ndarray of shape (n_out, samples)
        Gradient of the loss by the weighted sums. The gradient of connection (i, j),
        existing or not, is ``inputs[i] @ deltas[j]``.
    topology : Topology
        The layer's, before the drop.
    weights : ndarray of shape (nnz,)
        Of its connections.
    explored : Topology
        Every position that has had a connection, where the growth asks for it.
    recent : tuple of two ndarray of shape (n_in, n) and (n_out, n)
        Factors of the gradient's moving sum over the last training steps, with the
        optimiser's momentum, where the growth asks for it.
    longest_stall : int
        The most epochs in a row without a better validation score so far; without
        validation data, without a lower training loss.
    """

    inputs: Array
    outputs: Array
    deltas: Array
    topology: Topology | None = None
    weights: Array | None = None
    explored: Topology | None = None
    recent: tuple[Array, Array] | None = None
    longest_stall: int = 0

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs", "deltas", "weights"):
            if vars(self)[name] is not None:
                vars(self)[name] = read_only(vars(self)[name])
        if self.recent is not None:
            vars(self)["recent"] = tuple(map(read_only, self.recent))

    @cached_property
    def gradients(self) -> Array:
        """Gradient of the loss by each weight of the topology."""
        t = self.topology
        assert t is not None, "signals of a layer know its topology"
        scores = pair_scores(self.inputs, self.deltas, t.indptr, t.indices)
        gradients: Array = read_only(scores)
        return gradients
