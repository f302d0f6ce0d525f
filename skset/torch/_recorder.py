"""`Recorder`: what a layer has seen in its last backward passes."""

from collections import deque
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from skset.model import Signals
from skset.strategies import Evolution
from skset.topology import Topology
from skset.torch._optimiser_state import decay_of
from skset.training import RecentSteps

__all__ = ["Recent", "Recorder", "n_samples", "new_recorders"]

Array: TypeAlias = NDArray[Any]
Tensor: TypeAlias = torch.Tensor


class Recorder:
    """Keeps inputs, outputs and deltas of the last samples of a layer, as copies.

    Parameters
    ----------
    n_samples : int
        How many samples strategies look at; 0 if at none.
    decay : float, default=None
        The optimiser's momentum, if a strategy asks for it.
    """

    def __init__(self, n_samples: int, decay: float | None = None) -> None:
        self.n_samples = n_samples
        self.recent = None if decay is None else RecentSteps(decay)
        self.batches: deque[tuple[Array, Array, Array]] = deque()

    @property
    def n_kept(self) -> int:
        """Number of samples that are kept."""
        return sum(D.shape[1] for _, _, D in self.batches)

    def note(self, inputs: Array, outputs: Array, deltas: Array) -> None:
        """Record a backward pass; all arrays are (units, batch)."""
        if self.recent is not None:
            self.recent.note([Signals(inputs, outputs, deltas)])
        # A step whose gradients overflow is left out, as by a gradient scaler.
        if not (self.n_samples and np.isfinite(deltas).all()):
            return
        batch = deltas.shape[1]
        # Of a wide batch some samples from all over it: sequences lie side by side.
        columns = slice(0, batch, -(-batch // self.n_samples))
        i, o, d = (np.array(part[:, columns]) for part in (inputs, outputs, deltas))
        self.batches.append((i, o, d))
        while self.n_kept - self.batches[0][2].shape[1] >= self.n_samples:
            self.batches.popleft()

    def signals(self, n: int) -> Signals:
        """Return the signals of the last n samples, or of as many as there are.

        Raises
        ------
        RuntimeError
            If there is none.
        """
        if not self.batches:
            raise RuntimeError(
                "A strategy looks at the last batches of each SETLinear, but one of "
                "them has not been part of a backward pass since TopologyUpdate was "
                "made. Take a training step first, or freeze the weight of that layer."
            )
        parts = [
            np.concatenate(part, axis=1)[:, -n:]
            for part in zip(*self.batches, strict=True)
        ]
        return Signals(*parts)

    def state_dict(self) -> dict[str, Any]:
        """Return what has been recorded, as tensors."""
        state: dict[str, Any] = {"batches": [_tensors(b) for b in self.batches]}
        if self.recent is not None:
            steps = [_tensors(pair) for [pair] in self.recent.steps]
            state.update(steps=steps, n_noted=self.recent.n_noted)
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` has returned."""
        self.batches = deque(_arrays(batch) for batch in state["batches"])
        if self.recent is not None:
            self.recent.steps.clear()
            self.recent.steps.extend([_arrays(pair)] for pair in state["steps"])
            self.recent.n_noted = state["n_noted"]


def new_recorders(
    evolution: Evolution, optimizer: Any, layers: Sequence[Any]
) -> list[Recorder]:
    """Have layers record what strategies ask for; return the recorders, if any."""
    asks_for_momentum = bool(evolution.asks_for("momentum"))
    recorders = [
        Recorder(0, decay_of(optimizer, layer.weight) if asks_for_momentum else None)
        for layer in layers
        if asks_for_momentum or evolution.asks_for("samples")
    ]
    for layer, recorder in zip_longest(layers, recorders):
        layer.record(recorder)  # None ends what an earlier object asked for
    return recorders


def n_samples(evolution: Evolution, topologies: Sequence[Topology]) -> int:
    """Return how many samples strategies look at, as `skset.training` counts them."""
    wanted = [0]
    for needs in evolution.needs.values():
        asked: Any = needs.samples
        if callable(asked):
            asked = max(1, min(int(asked(topology)) for topology in topologies))
        wanted.append(int(asked))
    return max(wanted)


def _tensors(arrays: tuple[Array, ...]) -> list[Tensor]:
    return [torch.tensor(array) for array in arrays]


def _arrays(tensors: list[Tensor]) -> Any:
    return tuple(tensor.cpu().numpy().copy() for tensor in tensors)


class Recent:
    """The momentum of all layers, as `RecentSteps` has it, from their recorders."""

    def __init__(self, recorders: list[Recorder]) -> None:
        self._layers = [r.recent for r in recorders if r.recent is not None]

    def __len__(self) -> int:
        return min(map(len, self._layers), default=0)

    def factors(self, depth: int) -> tuple[Array, Array]:
        """Return L (n_in, n) and R (n_out, n), whose product is a layer's momentum."""
        return self._layers[depth].factors(0)
