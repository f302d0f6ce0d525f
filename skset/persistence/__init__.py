"""Fitted estimators in files."""

from skset.persistence._trusted import TRUSTED

__all__ = ["TRUSTED"]
