"""Estimators in files: safe to open, whole or not there, the same on the next day."""

from skset.persistence._checkpoints import Checkpoint, resume
from skset.persistence._saving import load, save
from skset.persistence._trusted import TRUSTED

__all__ = ["TRUSTED", "Checkpoint", "load", "resume", "save"]
