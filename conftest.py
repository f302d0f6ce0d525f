"""What pytest leaves out where an optional library is not installed."""

from importlib.util import find_spec

NEED_TORCH = ["skset/torch*", "tests/with_torch*"]
collect_ignore_glob = [] if find_spec("torch") else NEED_TORCH
