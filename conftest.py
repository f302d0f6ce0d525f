"""What pytest leaves out where an optional library is not installed."""

from importlib.util import find_spec

NEED_TORCH = ["skset/torch*", "tests/with_torch*"]
NEED_SKORCH = ["skset/torch/skorch.py", "skset/torch/_conv_*.py"]
NEED_ONNX = ["skset/onnx*", "tests/with_onnx*"]
ONNX = ["onnx", "skl2onnx", "onnxruntime"]
collect_ignore_glob = [] if find_spec("torch") else NEED_TORCH
collect_ignore_glob += [] if find_spec("skorch") else NEED_SKORCH
collect_ignore_glob += [] if all(map(find_spec, ONNX)) else NEED_ONNX
