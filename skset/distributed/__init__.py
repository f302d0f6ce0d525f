"""Training on many machines or processes, each with a part of the rows."""

from skset.distributed._fit_shards import fit

__all__ = ["fit"]
