"""How a `SETConvNet` is trained: batches, the skorch net, and its callbacks."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.utils import to_tensor
from torch import nn
from torch.utils.data import Dataset

from skset.torch._images import Array, ChannelScale
from skset.torch._linear import SETLinear

__all__ = [
    "DIVERGED",
    "Batches",
    "Connections",
    "Images",
    "LearningRate",
    "Stopping",
    "WeightedNet",
    "is_finite",
    "n_connections",
    "seeded",
    "train",
]

Tensor: TypeAlias = torch.Tensor
DIVERGED = (
    "Training produced non-finite numbers. Scale large values of X, or lower "
    "learning_rate_init."
)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Seed PyTorch's generators; afterwards they are as they were before."""
    on_gpu = torch.device(device).type == "cuda"
    devices = [torch.device(device)] if on_gpu else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            torch.cuda.manual_seed(seed)
        yield


@dataclass(frozen=True, eq=False)
class Images(Dataset):
    """Images in units of the network, standardised batch by batch.

    Attributes
    ----------
    X : ndarray of shape (n, c, h, w)
        Of any real type.
    y : ndarray of shape (n,), int64
        Number of each image's class.
    weight : ndarray of shape (n,), float32
        Weight of each image; their mean is 1.
    scale : ChannelScale
        The units.
    """

    X: Array
    y: Array
    weight: Array
    scale: ChannelScale

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: Any) -> tuple[Array, tuple[Array, Array]]:
        return self.scale.applied(self.X[rows]), (self.y[rows], self.weight[rows])


class Batches:
    """The batches of an epoch, each cut out of the images at once.

    A last batch of one image joins the one before: it has no variance to normalise by.

    Parameters
    ----------
    dataset : Images
        The images.
    batch_size : int
        Images in a batch; the last one may have fewer.
    shuffle : bool, default=False
        Whether each epoch has another order, from PyTorch's generator.
    """

    def __init__(self, dataset: Images, batch_size: int, shuffle: bool = False) -> None:
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle

    def __len__(self) -> int:
        n, size = len(self.dataset), self.batch_size
        return max(1, n // size + (n % size > 1)) if size > 1 else n

    def __iter__(self) -> Iterator[tuple[Tensor, tuple[Tensor, ...]]]:
        n = len(self.dataset)
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        starts = [k * self.batch_size for k in range(len(self))]
        for start, end in zip(starts, [*starts[1:], n], strict=True):
            x, targets = self.dataset[order[start:end].numpy()]
            yield torch.from_numpy(x), tuple(map(torch.from_numpy, targets))


class WeightedNet(NeuralNet):
    """A net whose targets are classes and weights of the images."""

    def get_loss(
        self, y_pred: Tensor, y_true: Any, X: Any = None, training: bool = False
    ) -> Tensor:
        """Return the weighted mean of the losses of a batch."""
        classes, weight = to_tensor(y_true, device=self.device)
        losses = self.criterion_(y_pred, classes)
        loss: Tensor = (weight * losses).mean()
        return loss


def train(net: NeuralNet, dataset: Images) -> None:
    """Train until the end, or until a callback or the user stops it.

    As in skorch, a `KeyboardInterrupt` ends a training. It is raised again if no epoch
    has come to its end.
    """
    net.notify("on_train_begin", X=dataset, y=None)
    try:
        net.fit_loop(dataset)
    except KeyboardInterrupt:
        if not net.history or "train_loss" not in net.history[0]:
            raise
    net.notify("on_train_end", X=dataset, y=None)


def n_connections(module: nn.Module) -> tuple[int, int]:
    """Return how many connections sparse layers have, and how many are possible."""
    layers = [part for part in module.modules() if isinstance(part, SETLinear)]
    possible = sum(layer.in_features * layer.out_features for layer in layers)
    return sum(layer.nnz for layer in layers), possible


def is_finite(module: nn.Module) -> bool:
    """Return whether all weights and statistics of a module are finite."""
    return all(bool(part.isfinite().all()) for part in module.state_dict().values())


class Connections(Callback):
    """Records the number of connections of each epoch, for the printed table."""

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Record the connections that the epoch was trained with."""
        net.history.record("connections", n_connections(net.module_)[0])


class LearningRate(Callback):
    """Sets the learning rate of each epoch.

    Parameters
    ----------
    first : float
        Rate of the first epoch.
    schedule : {"constant", "cosine"}
        "cosine" would be 0 after the last epoch, as PyTorch's `CosineAnnealingLR`.
    """

    def __init__(self, first: float, schedule: str) -> None:
        self.first, self.schedule = first, schedule

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        """Set the rate, which depends on the epochs that this training has done."""
        done = (len(net.history) - 1) / net.max_epochs
        factor = 0.5 + 0.5 * math.cos(math.pi * done)
        rate = self.first * (factor if self.schedule == "cosine" else 1.0)
        for group in net.optimizer_.param_groups:
            group["lr"] = rate


class Stopping(Callback):
    """Stops a training whose loss falls no longer; keeps the best epoch.

    Parameters
    ----------
    tol : float
        Smallest fall of the loss that counts.
    patience : int or inf
        Number of epochs without such a fall that are tolerated.
    validates : bool
        Whether the loss is that of validation data. Then the best state is kept.
    is_final : callable
        ``is_final(module)`` tells whether the density is at its end. Earlier epochs do
        not count.
    """

    def __init__(
        self,
        tol: float,
        patience: float,
        validates: bool,
        is_final: Callable[[nn.Module], bool],
    ) -> None:
        self.tol, self.patience = tol, patience
        self.validates, self.is_final = validates, is_final

    def initialize(self) -> "Stopping":
        """Forget all epochs."""
        self.best_, self.n_stalled_ = math.inf, 0
        self.state_: dict[str, Any] | None = None
        self.has_stopped_ = False
        return self

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Record an epoch; raise a KeyboardInterrupt to stop.

        Raises
        ------
        ValueError
            If the loss is not finite.
        """
        row = net.history[-1]
        loss = row["valid_loss" if self.validates else "train_loss"]
        if not (math.isfinite(loss) and math.isfinite(row["train_loss"])):
            raise ValueError(DIVERGED)
        if not self.is_final(net.module_):
            return
        self.n_stalled_ = 0 if loss <= self.best_ - self.tol else self.n_stalled_ + 1
        if loss < self.best_:
            self.best_ = loss
            self.state_ = self._state(net.module_)
        if self.n_stalled_ > self.patience:
            self.has_stopped_ = True
            raise KeyboardInterrupt

    def _state(self, module: nn.Module) -> dict[str, Any] | None:
        """Return a copy of weights and pattern, if the best epoch is kept."""
        if not self.validates:
            return None
        return {name: part.clone() for name, part in module.state_dict().items()}
