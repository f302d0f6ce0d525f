"""What pytest leaves out where an optional library is not installed.

Plots are drawn without a window.
"""

import os
from importlib.util import find_spec

os.environ.setdefault("MPLBACKEND", "Agg")

NEED_MATPLOTLIB = ["skset/inspection*", "tests/inspection*"]
NEED_TORCH = ["skset/torch*", "tests/with_torch*"]
NEED_SKORCH = ["skset/torch/skorch.py", "skset/torch/_conv_*.py"]
collect_ignore_glob = [] if find_spec("torch") else NEED_TORCH
collect_ignore_glob += [] if find_spec("skorch") else NEED_SKORCH
collect_ignore_glob += [] if find_spec("matplotlib") else NEED_MATPLOTLIB
