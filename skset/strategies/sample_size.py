"""How many training rows a strategy sees."""

from dataclasses import dataclass, field
from numbers import Integral

from skset.strategies.needs import Needs
from skset.topology import Topology

__all__ = ["Sampled"]

# By default the samples cost about so many products, and their number stays between
# these two: fewer are mostly noise, more add nothing.
WORK, FEWEST, MOST = 1 << 28, 32, 1024
# A product of a sparse layer costs as much as so many of a dense one, because its
# operands are scattered over memory.
PER_CONNECTION = 64


@dataclass(frozen=True)
class Sampled:
    """Base of strategies that look at activations or gradients of training samples."""

    n_samples: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        n = self.n_samples
        if n is not None and not (isinstance(n, Integral) and n >= 1):
            raise ValueError(f"n_samples must be None or at least 1, got {n!r}.")

    @property
    def needs(self) -> Needs:
        """The samples that the strategy asks for."""
        return Needs(samples=self.n_samples or self._affordable)

    def _affordable(self, topology: Topology) -> int:
        """Return how many samples are cheap in a layer."""
        n = WORK // max(self._products_per_sample(topology), 1)
        return min(max(n, FEWEST), MOST)

    def _products_per_sample(self, topology: Topology) -> int:
        """Return how many products one sample costs: by default, of its connections."""
        return PER_CONNECTION * topology.nnz
