"""Sparse evolving layers for PyTorch.

Install it with ``pip install 'skset[torch]'``. ``import skset`` imports no PyTorch, and
only `SETConvClassifier` needs skorch.
"""

try:
    import torch.nn  # noqa: F401
except ImportError as error:
    raise ImportError(
        "skset.torch needs PyTorch. Install it with: pip install 'skset[torch]'"
    ) from error

from typing import TYPE_CHECKING, Any

from skset.torch._convolutional import SETConvNet
from skset.torch._linear import SETLinear
from skset.torch._replace import replace_linear
from skset.torch._update import TopologyUpdate

if TYPE_CHECKING:
    from skset.torch._conv_classifier import SETConvClassifier

__all__ = [
    "SETConvClassifier",
    "SETConvNet",
    "SETLinear",
    "TopologyUpdate",
    "replace_linear",
]


def __getattr__(name: str) -> Any:  # of what needs skorch
    if name != "SETConvClassifier":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The first of the two says what to install if skorch is missing.
    import skset.torch.skorch  # noqa: F401
    from skset.torch._conv_classifier import SETConvClassifier

    globals()[name] = SETConvClassifier
    return SETConvClassifier


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
