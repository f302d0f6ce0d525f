"""The networks of set_cnn.py: one body, and heads that are dense or sparse."""

import time
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn

from skset.torch import SETConvNet, SETLinear, TopologyUpdate

__all__ = ["BATCH", "CHANNELS", "Head", "build", "cost", "train"]

CHANNELS, BATCH = (16, 32), 128
TIMED_STEPS = 15


@dataclass(frozen=True)
class Head:
    """The fully connected layers.

    Attributes
    ----------
    widths : tuple of int
        Units of the hidden layers.
    density : float or None
        None is dense, by `torch.nn.Linear`.
    method : str
        How the topology evolves.
    """

    widths: tuple = (1000, 1000)
    density: float | None = None
    method: str = "static"


def build(head, image_shape, seed):
    """Return a network; for one seed all have the same convolutions at first."""
    torch.manual_seed(seed)
    net = SETConvNet(image_shape, 10, CHANNELS, hidden_layer_sizes=())
    n_in, layers = net.output.in_features, []
    for width in head.widths:
        layers += layer(head, n_in, width)
        n_in = width
    net.hidden, net.output = nn.Sequential(*layers), nn.Linear(n_in, 10)
    nn.init.xavier_uniform_(net.output.weight)
    nn.init.zeros_(net.output.bias)
    return net


def layer(head, n_in, n_out):
    """Return a layer with He's initial weights, by its real fan-in."""
    if head.density is not None:
        return [SETLinear(n_in, n_out, density=head.density, activation="relu")]
    dense = nn.Linear(n_in, n_out)
    nn.init.kaiming_uniform_(dense.weight, nonlinearity="relu")
    nn.init.zeros_(dense.bias)
    return [dense, nn.ReLU()]


def train(net, head, X, y, epochs, rate):
    """Train a network; return its optimiser, and wall and CPU seconds per epoch."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    update = None
    if head.density is not None:
        # Without the final drop: so all end with as many connections.
        update = TopologyUpdate(
            net, optimizer, head.method, total_epochs=epochs, final_drop=False
        )
    began = time.perf_counter(), time.process_time()
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(BATCH):
            if len(rows) > 1:  # one image has no variance to normalise by
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(X[rows]), y[rows]).backward()
                optimizer.step()
        if update is not None:
            update.step()
        schedule.step()
    ended = time.perf_counter(), time.process_time()
    return optimizer, *((b - a) / epochs for a, b in zip(began, ended, strict=True))


def cost(net, image_shape):
    """Return what a step takes of the head and of the network, in ms of CPU and MB.

    The network is trained on noise: call this last. MB are those of parameters,
    gradients, Adam's moments and patterns. Activations are not counted.
    """
    images = torch.randn(BATCH, *image_shape)
    maps = net.blocks(images).flatten(1).detach().requires_grad_()
    head = nn.Sequential(net.hidden, net.output)
    return {
        "head_ms": step_ms(head, maps),
        "net_ms": step_ms(net, images),
        "head_mb": megabytes(head),
        "net_mb": megabytes(net),
    }


def step_ms(module, x):
    """Return the median CPU time of forward, backward and update."""
    optimizer, y = torch.optim.Adam(module.parameters()), torch.zeros(len(x)).long()
    times = []
    for _ in range(TIMED_STEPS):
        began = time.process_time()
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(x), y).backward()
        optimizer.step()
        times.append(1000 * (time.process_time() - began))
    return median(times[3:])


def megabytes(module):
    numbers = sum(4 * p.nbytes for p in module.parameters())
    patterns = sum(buffer.nbytes for buffer in module.buffers())
    return (numbers + patterns) / 1e6
