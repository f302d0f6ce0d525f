"""Optional libraries of the wing: imported where they are used, named if missing."""

from importlib import import_module
from typing import Any

__all__ = ["library"]

# What pip installs a library with.
SOURCES = {
    "matplotlib": "'skset[plot]'",
    "PIL": "'skset[plot]'",
    "networkx": "'skset[graph]'",
    "pandas": "pandas",
}


def library(module: str, caller: str) -> Any:
    """Return a module of an optional library.

    Parameters
    ----------
    module : str
        Its name, such as "matplotlib.pyplot".
    caller : str
        Who needs it, for the message.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to install it.
    """
    name = module.split(".")[0]
    try:
        import_module(name)
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{caller} requires {name}. Install it with `pip install {SOURCES[name]}`."
        ) from error
