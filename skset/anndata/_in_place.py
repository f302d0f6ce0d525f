"""Estimators that are fitted in place, and stay as they were if anything fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["unchanged_by_errors"]


@contextmanager
def unchanged_by_errors(estimator: Any, name: str) -> Iterator[None]:
    """Give an estimator back its parameters and attributes if the block raises.

    A note says where X, of which errors of estimators speak, was found.
    """
    before = vars(estimator).copy()
    try:
        yield
    except BaseException as error:
        error.add_note(f"X is {name}.")
        estimator.__dict__ = before
        raise
