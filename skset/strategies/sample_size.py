"""How many training samples a strategy looks at."""

from dataclasses import dataclass, field
from numbers import Integral

__all__ = ["Sampled"]

# Products that looking may take by default, and the fewest and most samples: few of
# them tell noise, more than these tell nothing new.
WORK, FEWEST, MOST = 1 << 28, 32, 1024
# What lies apart in memory costs this much more; the rest of an evolution is as cheap.
PER_CONNECTION = 64


@dataclass(frozen=True)
class Sampled:
    """What looks at activations or gradients over some training samples.

    Parameters
    ----------
    n_samples : int, default=None
        How many samples, drawn anew for each evolution; if there are fewer, all. None
        takes what is cheap beside the training: up to 1024, down to 32 in the widest
        layers.
    """

    n_samples: int | None = field(default=None, kw_only=True)

    def __post_init__(self):
        n = self.n_samples
        if n is not None and not (isinstance(n, Integral) and n >= 1):
            raise ValueError(f"n_samples must be None or at least 1, got {n!r}.")

    def sample_size(self, topology):
        """Return how many samples are wanted for a layer."""
        if self.n_samples is not None:
            return self.n_samples
        n = WORK // max(self._products_per_sample(topology), 1)
        return min(max(n, FEWEST), MOST)

    def _products_per_sample(self, topology):
        """Return how many products one sample costs.

        One per connection, each of which takes as long as many of a dense matrix.
        """
        return PER_CONNECTION * topology.nnz
