"""`Signals`: inputs, outputs and deltas of the layers for some samples."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skset.model.losses import Loss
from skset.model.network import Network
from skset.model.outputs import OUTPUTS
from skset.model.samples import Samples
from skset.runtime.team import Team
from skset.topology import Floats, Topology, pair_scores, read_only

__all__ = ["Signals", "sensitivities", "signals_of"]


@dataclass(frozen=True, eq=False)
class Signals:
    """Inputs, outputs and deltas of a layer for some training samples.

    The arrays are read-only views, because the network or other layers use them too.

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


def signals_of(
    network: Network,
    X: Floats,
    targets: Any,
    weight: Floats,
    loss: Loss,
    team: Team | None = None,
) -> list[Signals]:
    """Return the signals of each layer for some samples.

    Parameters
    ----------
    network : Network
        Nothing is learned.
    X : ndarray of shape (n_inputs, batch)
        Inputs.
    targets : ndarray
        As the loss takes them.
    weight : ndarray of shape (batch,)
        Sample weights that add up to 1.
    loss : Loss
        One that goes with the output.
    team : Team, default=None
        Its threads share the forward pass; None is one thread.

    Returns
    -------
    signals : list of Signals
        One for each layer.
    """
    activations, slopes, Z = network.passed(X, team or Team())
    outputs = [*activations[1:], np.asarray(OUTPUTS[network.output](Z), Z.dtype)]
    D = Z.copy()
    loss(D, targets, weight)
    deltas = [D]
    for layer, slope in zip(network.layers[:0:-1], slopes[::-1], strict=True):
        deltas.append(layer.pulled_back(deltas[-1]) * slope)
    return [
        Signals(*parts)
        for parts in zip(activations, outputs, deltas[::-1], strict=True)
    ]


def sensitivities(
    network: Network, samples: Samples, rows: Any, loss: Loss
) -> list[Floats]:
    """Return ``|w g|`` of each connection, an array for each layer.

    g is the gradient of the mean loss over the given samples (Lee et al. 2019, ICLR).
    """
    X = np.empty((samples.n_features, rows.size), network.dtype)
    samples.gather(rows, X)
    weight, _ = samples.weights(rows)
    found = signals_of(network, X, samples.targets(rows), weight, loss)
    return [
        np.abs(layer.weights * signals.gradients(layer.topology))
        for layer, signals in zip(network.layers, found, strict=True)
    ]
