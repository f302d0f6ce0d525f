"""Sparse evolving layers for PyTorch.

Install it with ``pip install 'skset[torch]'``. ``import skset`` imports no PyTorch.
"""

try:
    import torch.nn  # noqa: F401
except ImportError as error:
    raise ImportError(
        "skset.torch needs PyTorch. Install it with: pip install 'skset[torch]'"
    ) from error

from skset.torch._linear import SETLinear
from skset.torch._replace import replace_linear
from skset.torch._update import TopologyUpdate

__all__ = ["SETLinear", "TopologyUpdate", "replace_linear"]
