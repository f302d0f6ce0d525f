"""Initial topologies: which layer gets how many connections."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from skset import topology

__all__ = ["ErdosRenyi", "Uniform"]


@dataclass(frozen=True)
class _Random:
    """Uniformly random connections, exactly as many as the layer rule says."""

    layer_counts: ClassVar[Callable[..., list[int]]]
    epsilon: float = 20
    density: float | None = None

    def __post_init__(self):
        if not self.epsilon > 0:
            raise ValueError(f"epsilon must be positive, got {self.epsilon!r}.")
        if self.density is not None and not 0 < self.density <= 1:
            raise ValueError(f"density must be in (0, 1], got {self.density!r}.")

    def __call__(self, shapes, rng):
        """Return one Topology per layer shape."""
        counts = self.layer_counts(shapes, self.epsilon, self.density)
        return [
            topology.random_topology(shape, nnz, rng)
            for shape, nnz in zip(shapes, counts, strict=True)
        ]


@dataclass(frozen=True)
class ErdosRenyi(_Random):
    """Density min(1, epsilon (n_in + n_out) / (n_in n_out)) in each layer.

    Mocanu et al. 2018, Nature Communications 9:2383, equation 3. With `density`,
    epsilon is the one at which all layers together have this density.
    """

    layer_counts = staticmethod(topology.erdos_renyi)


@dataclass(frozen=True)
class Uniform(_Random):
    """The same density in every layer, by default ErdosRenyi's overall one."""

    layer_counts = staticmethod(topology.uniform)
