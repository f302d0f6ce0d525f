"""`Signals`: what strategies can see of a layer, and `History`, of its last steps."""

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from skset.topology import pair_scores, read_only

__all__ = ["History", "Signals"]


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

    inputs: np.ndarray
    outputs: np.ndarray
    deltas: np.ndarray
    topology: Any = None
    weights: Any = None
    explored: Any = None
    recent: tuple[np.ndarray, np.ndarray] | None = None
    longest_stall: int = 0

    def __post_init__(self):
        for name in ("inputs", "outputs", "deltas", "weights"):
            if vars(self)[name] is not None:
                vars(self)[name] = read_only(vars(self)[name])
        if self.recent is not None:
            vars(self)["recent"] = tuple(map(read_only, self.recent))

    @cached_property
    def gradients(self):
        """Gradient of the loss by each weight of the topology."""
        t = self.topology
        return read_only(pair_scores(self.inputs, self.deltas, t.indptr, t.indices))


class History:
    """Inputs and deltas of the last training steps, a few samples of each.

    Their product, step by step weighted with powers of `decay`, is the momentum of
    every weight, existing or not, up to a factor and what the samples left out would
    add.

    Parameters
    ----------
    decay : float in (0, 1)
        The optimiser's momentum.
    """

    # Samples kept in all, and the share of a gradient that is still worth keeping.
    N_SAMPLES, LEAST = 128, 0.1

    def __init__(self, decay):
        self.decay = decay
        n_steps = int(np.ceil(np.log(self.LEAST) / np.log(decay)))
        n_steps = min(max(n_steps, 1), self.N_SAMPLES)
        self._n_columns = self.N_SAMPLES // n_steps
        self._steps: deque = deque(maxlen=n_steps)
        self._n_noted = 0

    def note(self, layers):
        """Take note of a step, given what each layer computed in it."""
        n = layers[0].inputs.shape[1]
        stride = -(-n // self._n_columns)
        # Not the same columns each time: a Boltzmann machine's have two phases.
        columns = slice(self._n_noted % stride, n, stride)
        self._n_noted += 1
        self._steps.append(
            [
                (layer.inputs[:, columns].copy(), layer.deltas[:, columns].copy())
                for layer in layers
            ]
        )

    def factors(self, depth):
        """Return L (n_in, n) and R (n_out, n), whose product is a layer's momentum."""
        pairs = [step[depth] for step in self._steps]
        ages = range(len(pairs) - 1, -1, -1)
        L = np.concatenate([inputs for inputs, _ in pairs], axis=1)
        R = np.concatenate(
            [
                deltas * deltas.dtype.type(self.decay**age)
                for age, (_, deltas) in zip(ages, pairs, strict=True)
            ],
            axis=1,
        )
        return L, R

    def __len__(self):
        return len(self._steps)
