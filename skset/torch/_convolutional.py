"""`SETConvNet`: convolutional blocks, then sparse evolving layers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import torch
from torch import nn

from skset.torch._linear import SETLinear

__all__ = ["SETConvNet"]

Tensor: TypeAlias = torch.Tensor


class SETConvNet(nn.Module):
    """A convolutional network whose fully connected layers are sparse: SET-CNN.

    Each block has a convolution, batch normalisation, relu, pooling and dropout. The
    maps of the last one are the inputs of the `SETLinear` layers, each with relu and
    dropout. The output layer is dense, as in the code of Mocanu et al. 2018 (Nature
    Communications 9:2383): it has few units, and each needs many inputs.

    Parameters
    ----------
    image_shape : tuple of int
        Channels, height and width of an image.
    n_outputs : int
        Number of outputs.
    channels : sequence of int, default=(32, 64)
        Maps of each block. With ``()`` the sparse layers read the pixels.
    kernel_size : int, default=3
        Height and width of the kernels; odd, so that maps keep their size.
    batch_norm : bool, default=True
        Whether maps are normalised over the batch.
    pool : int, default=2
        Height and width of the areas whose maximum is taken; 1 takes none. An area is
        never larger than the map.
    dropout : float in [0, 1), default=0.0
        Share of the outputs of each block and of each sparse layer that a training step
        sets to 0.
    hidden_layer_sizes : sequence of int, default=(1000,)
        Units of each sparse layer.
    epsilon : float, default=20
        Sets the density of a sparse layer, as in `SETLinear`.
    density : float in (0, 1], default=None
        Density of each sparse layer, in place of epsilon.
    weight_init : {"he", "glorot", "normal"}, default="he"
        Initial weights of the sparse layers.
    random_state : int, numpy.random.Generator or None, default=None
        Draws the sparse layers. None takes seeds from PyTorch's generator, which draws
        the other weights.

    Attributes
    ----------
    blocks : torch.nn.Sequential
        Convolutional blocks.
    hidden : torch.nn.Sequential
        Sparse layers.
    output : torch.nn.Linear
        Output layer.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        n_outputs: int,
        channels: Sequence[int] = (32, 64),
        *,
        kernel_size: int = 3,
        batch_norm: bool = True,
        pool: int = 2,
        dropout: float = 0.0,
        hidden_layer_sizes: Sequence[int] = (1000,),
        epsilon: float = 20,
        density: float | None = None,
        weight_init: str = "he",
        random_state: Any = None,
    ) -> None:
        super().__init__()
        n_maps, *size = image_shape
        blocks = []
        for n in channels:
            areas = [min(pool, length) for length in size]
            blocks.append(_block(n_maps, n, kernel_size, batch_norm, areas, dropout))
            n_maps, size = n, [a // b for a, b in zip(size, areas, strict=True)]
        self.blocks = nn.Sequential(*blocks)
        units = [n_maps * size[0] * size[1], *hidden_layer_sizes]
        drawn = {"density": density, "epsilon": epsilon, "random_state": random_state}
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(units):
            layers.append(
                SETLinear(
                    n_in, n_out, activation="relu", weight_init=weight_init, **drawn
                )
            )
            layers += [nn.Dropout(dropout)] if dropout else []
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(units[-1], n_outputs)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (batch, n_outputs) of images (batch, c, h, w)."""
        outputs: Tensor = self.output(self.hidden(self.blocks(x).flatten(1)))
        return outputs


def _block(
    n_in: int,
    n_out: int,
    kernel_size: int,
    batch_norm: bool,
    areas: list[int],
    dropout: float,
) -> nn.Sequential:
    """Return a block; its convolution has He's weights (He et al. 2015)."""
    block = nn.Sequential()
    convolution = nn.Conv2d(
        n_in, n_out, kernel_size, padding=kernel_size // 2, bias=not batch_norm
    )
    nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
    block.add_module("convolution", convolution)
    if batch_norm:
        block.add_module("norm", nn.BatchNorm2d(n_out))
    elif convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    block.add_module("relu", nn.ReLU())
    if max(areas) > 1:
        block.add_module("pool", nn.MaxPool2d(areas))
    if dropout:
        block.add_module("dropout", nn.Dropout(dropout))
    return block
