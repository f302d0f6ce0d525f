"""Estimators in files: safe to open, whole or not there, the same on the next day."""

from skset.persistence._checkpoints import Checkpoint, resume
from skset.persistence._saving import check_savable, load, opened, save, save_with
from skset.persistence._trusted import TRUSTED

__all__ = [
    "TRUSTED",
    "Checkpoint",
    "check_savable",
    "load",
    "opened",
    "resume",
    "save",
    "save_with",
]
