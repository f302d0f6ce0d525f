"""Optional libraries of the wing: imported where they are used, named if missing."""

from importlib import import_module
from typing import Any

__all__ = ["library"]

# Which extra installs a library.
EXTRAS = {"matplotlib": "plot", "PIL": "plot", "networkx": "graph"}


def library(module: str, caller: str) -> Any:
    """Return a module of an optional library.

    Parameters
    ----------
    module : str
        Its name, such as "matplotlib.pyplot".
    caller : str
        Name of the function that needs it, for the message.

    Raises
    ------
    ImportError
        If it is not installed; the message names the extra that installs it.
    """
    name = module.split(".")[0]
    try:
        return import_module(module)
    except ImportError as error:
        extra = EXTRAS[name]
        raise ImportError(
            f"{caller} requires {name}: pip install 'skset[{extra}]'"
        ) from error
