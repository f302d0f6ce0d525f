"""`Training`: steps of a perceptron along the gradient of its loss."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skset.kernels import aligned_empty
from skset.model.importance import incoming_strength
from skset.model.losses import LOSSES
from skset.topology import checked_flag, checked_mask, refuse
from skset.training.loop import Epochs, EpochsOptions
from skset.training.momentum import History
from skset.training.noise import GaussianNoise
from skset.training.workspace import Workspace

__all__ = ["Training", "TrainingOptions"]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(EpochsOptions):
    """How to train a perceptron, apart from what evolves and what optimises.

    Its `alpha` is divided by the number of samples in a batch that have weight.

    Attributes
    ----------
    dropout : float
        Share of hidden activations set to 0 in a step.
    noise : GaussianNoise, default=None
        Added to the inputs of each step, not to targets that are the inputs.
    unit_pruning : callable, default=None
        Removes hidden units for good; see `skset.strategies.ImportancePruning`.
    """

    dropout: float
    noise: GaussianNoise | None = None
    unit_pruning: Any = None


class Training(Epochs):
    """Trains a `Network` by backpropagation; its loss has the penalty included.

    Its parameters are those of `Epochs`, the options `TrainingOptions`.
    """

    remedy = (
        "The input data may contain large values and need to be preprocessed (for "
        "instance by StandardScaler), or learning_rate_init is too large."
    )

    def __init__(self, network, *args, **kwargs):
        super().__init__(network, *args, **kwargs)
        self._loss = LOSSES[network.output]
        self._noise = self._noise_source()
        self._workspaces = {}
        self._last_width = None

    def _step(self, rows):
        work = self._workspace(rows.size)
        weight, n_weighted = self.samples.weights_of_step(rows)
        self.samples.gather(rows, work.A[0])
        if self._noise is not None:
            self._noise.add(work.A[0], rows)
        self._forward(work)
        loss = self._loss(work.Z[-1], self.samples.targets(rows), weight)
        # By their number, not by their weight: only its proportions have a meaning.
        l2 = self.options.alpha / n_weighted if n_weighted else 0.0
        if l2:
            loss += 0.5 * l2 * self.network.squared_norm()
        self._backward(work, l2)
        return loss, n_weighted

    def _forward(self, work):
        for depth, A in enumerate(work.A):
            Z = work.Z[depth]
            hidden = depth < len(work.H)
            H = work.H[depth] if hidden else Z
            self.network.propagate(depth, A, Z, H, self.team)
            if hidden:
                self._drop_out(work, depth)

    def _drop_out(self, work, depth):
        """Zero some activations and scale up the others (Srivastava et al. 2014)."""
        if work.masks is None:
            return
        keep = 1 - self.options.dropout
        mask = work.masks[depth]
        self.rng.random(dtype=mask.dtype, out=mask)
        np.less(mask, keep, out=mask, casting="unsafe")
        mask /= mask.dtype.type(keep)
        np.multiply(work.H[depth], mask, out=work.A[depth + 1])

    def _backward(self, work, l2):
        """Go back through the layers, each updated as soon as its deltas are known."""
        network = self.network
        step = self._next_step(l2)
        no_deltas = np.empty((0, work.width), network.dtype)
        for depth in range(len(network.layers) - 1, -1, -1):
            below = work.D[depth - 1] if depth else no_deltas
            network.layers[depth].backward(
                work.A[depth],
                work.D[depth],
                below,
                self.optimiser,
                step,
                self.team,
                network.slope_in_kernels(depth - 1) if depth else 1.0,
            )
            if depth:
                self._finish_deltas(work, depth - 1)

    def _finish_deltas(self, work, hidden):
        """Multiply the deltas of a hidden layer by what the kernels leave out."""
        network = self.network
        if work.masks is not None:
            work.D[hidden] *= work.masks[hidden]
        if network.hidden.leak is None:
            network.hidden.multiply_derivative(
                work.Z[hidden], work.H[hidden], work.D[hidden], network.slope(hidden)
            )

    def __next__(self):
        """Train one epoch and return its mean loss; then weak units may have to go."""
        before = self._share_done()
        loss = super().__next__()
        pruning = self.options.unit_pruning
        if pruning is not None:
            due = pruning.due(before, self._share_done())
            if checked_flag("unit_pruning.due", due):
                self._remove_units(pruning)
        return loss

    def _remove_units(self, pruning):
        """Remove hidden units, and everything whose shape has to do with them."""
        kept = []
        for depth, layer in enumerate(self.network.layers[:-1]):
            returned = pruning(incoming_strength(layer))
            size = layer.bias.size
            keep = checked_mask("unit_pruning", returned, size, depth)
            if not keep.any():
                wanted = f"{size} booleans, one of them True at least,"
                refuse("unit_pruning", wanted, returned, depth, " without any")
            kept.append(keep)
        if all(keep.all() for keep in kept):
            return
        self.network = self.network.without_units(kept)
        self._workspaces, self._last_width = {}, None
        if self.progress.history is not None:
            self.progress.history = History(self.optimiser.decay)
        self._note_paths()

    def _last_step(self):
        work = self._workspaces[self._last_width]
        return [work.signals(depth) for depth in range(len(self.network.layers))]

    def _probe(self, rows):
        X = aligned_empty((self.samples.n_features, rows.size), self.network.dtype)
        self.samples.gather(rows, X)
        targets, (weight, _) = self.samples.targets(rows), self.samples.weights(rows)
        if self._noise is not None:
            self._noise.add(X, rows)
        with np.errstate(all="ignore"):
            return self.network.signals(X, targets, weight, self.team)

    def _noise_source(self):
        noise, dtype = self.options.noise, self.network.dtype
        shape = (self.network.n_units[0], self.options.batch_size)
        return noise.source(shape, self.rng, dtype) if noise else None

    def _workspace(self, width):
        if width not in self._workspaces:
            self._workspaces[width] = Workspace(
                self.network.n_units,
                width,
                self.network.dtype,
                self.network.hidden.in_place,
                self.options.dropout,
                self._wider_workspace(width),
            )
        self._last_width = width
        return self._workspaces[width]

    def _wider_workspace(self, width):
        """Return a workspace whose memory a narrower one can have, or None."""
        widest = max(self._workspaces, default=0)
        return self._workspaces[widest] if widest > width else None
