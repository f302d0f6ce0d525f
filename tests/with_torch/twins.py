"""A dense layer with a mask: the slow and obvious twin of `SETLinear`."""

import torch
from torch import nn

from skset.torch import SETLinear


def mask_of(layer):
    """Return where a SETLinear has connections, (out_features, in_features)."""
    ones = SETLinear.from_csr(layer.to_csr(), dtype=layer.weight.dtype)
    with torch.no_grad():
        ones.weight.fill_(1)
    return ones.to_dense().bool()


class MaskedLinear(nn.Module):
    """Dense weights; those that are masked are 0 and stay so."""

    def __init__(self, layer):
        super().__init__()
        vars(self)["layer"] = layer  # not a part of this module
        self.weight = nn.Parameter(layer.to_dense())
        self.bias = nn.Parameter(layer.bias.detach().clone())
        self.mask = mask_of(layer)

    def forward(self, x):
        z = x @ (self.weight * self.mask).T + self.bias
        return torch.relu(z) if self.layer.activation == "relu" else z

    def follow(self, optimizer, firsts):
        """Do what the evolution has done: newborn weights and state begin anew."""
        mask = mask_of(self.layer)
        # A connection that was dropped can be born again at once; then it weighs 0.
        same = self.mask & mask & (self.layer.to_dense() != 0)
        with torch.no_grad():
            self.weight.mul_(same).add_(self.layer.to_dense() * ~same)
            for name, value in optimizer.state[self.weight].items():
                if value.shape == self.weight.shape:
                    first = firsts.get(name, 0.0)
                    value.copy_(torch.where(same, value, first))
        self.mask, self.weight.grad = mask, None


def set_network(dtype=torch.float64, seed=0):
    """Return a small network of three sparse layers."""
    options = {"random_state": seed, "dtype": dtype}
    return nn.Sequential(
        SETLinear(12, 20, density=0.3, activation="relu", **options),
        SETLinear(20, 15, density=0.3, activation="relu", **options),
        SETLinear(15, 4, density=0.4, **options),
    )


def take_steps(network, optimizer, n=3, dtype=torch.float64, seed=1):
    """Take n training steps on random samples; return the losses."""
    rng = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(n):
        X = torch.randn(16, 12, generator=rng, dtype=dtype)
        y = (X[:, 0] > 0).long()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses
