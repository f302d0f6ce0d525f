"""Labels of tasks: one for a call, or one for each row; checked and grouped."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from skset.estimators._types import Array

__all__ = ["Label", "checked_kinds", "checked_label", "grouped"]

# None is the label of a task that is never named.
Label: TypeAlias = str | int | None
# The task of a call, or that of each row.
TaskLabels: TypeAlias = Label | ArrayLike


def checked_label(task: Any) -> Label:
    """Return the label of one task as Python's own type, or raise.

    Raises
    ------
    TypeError
        If it is neither a string nor an integer nor None.
    """
    if task is None or isinstance(task, str):
        return None if task is None else str(task)
    if isinstance(task, Integral) and not isinstance(task, (bool, np.bool_)):
        return int(task)
    raise TypeError(f"A task must be a string or an integer, got {task!r}.")


def grouped(task: Any, n_rows: int) -> list[tuple[Label, Array | None]]:
    """Return the tasks in the order in which they appear, and the rows of each.

    Parameters
    ----------
    task : str, int, None or array-like of shape (n_rows,)
        The task of all rows, or one for each.
    n_rows : int
        Number of rows.

    Returns
    -------
    groups : list of tuple
        Label and row numbers; None for the rows means all.

    Raises
    ------
    TypeError
        If a label is no string or integer, or there are both.
    ValueError
        If there is not one label for each row.
    """
    if task is None or isinstance(task, (str, Integral)) or np.ndim(task) == 0:
        task = task.item() if isinstance(task, np.ndarray) else task
        return [(checked_label(task), None)]
    # As objects: NumPy would turn numbers beside strings into strings.
    given = np.array(task) if hasattr(task, "__array__") else np.array(task, object)
    if given.shape != (n_rows,):
        raise ValueError(
            f"task must be one label, or one for each of the {n_rows} rows; got an "
            f"array of shape {given.shape}."
        )
    labels = [checked_label(label) for label in given.tolist()]
    checked_kinds(labels)
    rows: dict[Label, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    return [(label, np.array(of)) for label, of in rows.items()]


def checked_kinds(labels: Iterable[Label]) -> None:
    """Raise unless the labels are all strings, all integers, or all None."""
    kinds = {type(label).__name__ for label in labels}
    if len(kinds) > 1:
        raise TypeError(
            "The labels of tasks must be all strings or all integers, and a task "
            f"without a label can only be alone; got {sorted(kinds)}."
        )
