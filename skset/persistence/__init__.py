"""Estimators in files: safe to open, whole or not there, the same on the next day."""

from typing import TYPE_CHECKING, Any

from skset.persistence._saving import check_savable, load, save, write_checkpoint

if TYPE_CHECKING:
    from skset.persistence._checkpoints import resume

__all__ = ["check_savable", "load", "resume", "save", "write_checkpoint"]


def __getattr__(name: str) -> Any:  # `skset.callbacks` imports this package
    if name != "resume":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from skset.persistence._checkpoints import resume

    return resume
