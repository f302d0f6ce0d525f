"""Fitted estimators as ONNX models, alone or in scikit-learn's Pipelines.

Install it with ``pip install 'skset[onnx]'``. ``import skset`` imports no ONNX.
``import skset.onnx`` registers all estimators with skl2onnx, whose `to_onnx` then
converts Pipelines that have them.
"""

try:
    import onnx  # noqa: F401
    import skl2onnx  # noqa: F401
except ImportError as error:
    raise ImportError(
        "skset.onnx needs onnx and skl2onnx. Install them with: "
        "pip install 'skset[onnx]'"
    ) from error

from skset.onnx._converters import register
from skset.onnx._to_onnx import to_onnx

__all__ = ["to_onnx"]

register()
