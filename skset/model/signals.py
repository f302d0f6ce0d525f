"""`Signals`: what a layer computes for some samples."""

from dataclasses import dataclass

from skset.topology import Floats, Topology, pair_scores, read_only

__all__ = ["Signals"]


@dataclass(frozen=True, eq=False)
class Signals:
    """What a layer computes for some training samples.

    The arrays are read-only views: the network or other layers use them too.

    Attributes
    ----------
    inputs : ndarray of shape (n_in, samples)
        Activations that go in.
    outputs : ndarray of shape (n_out, samples)
        Activations that come out; in the output layer, the predictions.
    deltas : ndarray of shape (n_out, samples)
        Gradient of the loss with respect to the weighted sums. The gradient of
        connection (i, j), existing or not, is ``inputs[i] @ deltas[j]``.
    """

    inputs: Floats
    outputs: Floats
    deltas: Floats

    def __post_init__(self) -> None:
        for name, array in vars(self).items():
            vars(self)[name] = read_only(array)

    def gradients(self, topology: Topology) -> Floats:
        """Return the gradient of the loss with respect to each weight of a layer."""
        pattern = topology.indptr, topology.indices
        return pair_scores(self.inputs, self.deltas, *pattern)
