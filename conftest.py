"""What pytest leaves out where an optional library is not installed.

Plots are drawn without a window.
"""

import os
from importlib.util import find_spec

ONNX = ["skset/onnx*", "tests/with_onnx*", "tests/with_skl2onnx*"]
NEED = {
    "torch": ["skset/torch*", "tests/with_torch*"],
    "skorch": ["skset/torch/skorch.py", "skset/torch/_conv_*.py"],
    "matplotlib": ["skset/inspection*", "tests/inspection*"],
    "skops": ["tests/with_skops*"],
    "shap": ["tests/with_shap*"],
    # Not "distributed", which is a folder of these tests too.
    "dask": ["tests/with_dask*"],
    "anndata": ["skset/anndata*", "tests/with_anndata*"],
    **dict.fromkeys(("onnx", "skl2onnx", "onnxruntime"), ONNX),
}
collect_ignore_glob = [
    pattern
    for library, patterns in NEED.items()
    if not find_spec(library)
    for pattern in patterns
]
os.environ.setdefault("MPLBACKEND", "Agg")
