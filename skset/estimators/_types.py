"""Types in the signatures of estimators."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

from numpy.typing import ArrayLike, NDArray
from scipy import sparse

__all__ = [
    "Array",
    "ClassWeight",
    "Function",
    "Matrix",
    "MatrixLike",
    "Rows",
    "Strategy",
    "Supervision",
]

Array: TypeAlias = NDArray[Any]
# X as a user gives it: an array, a list, a frame, or a sparse matrix of any format.
MatrixLike: TypeAlias = ArrayLike | sparse.spmatrix | sparse.sparray
# X once checked: an array or a CSR matrix. scipy has no types.
Matrix: TypeAlias = Any
# X, y, their weights, and the numbers of the rows that are meant, if not all are.
Rows: TypeAlias = tuple[Matrix, Array | None, Array | None, Array | None]
# A strategy by its name, or as an object; None is what the method says.
Strategy: TypeAlias = str | Callable[..., Any] | None
# Of classes; a multilabel problem has a table for each label.
ClassWeight: TypeAlias = (
    Mapping[Any, float] | Sequence[Mapping[Any, float]] | Literal["balanced"] | None
)
# What a selector learns from; False is X alone.
Supervision: TypeAlias = Literal[False, "classification", "regression"]
# A decorator returns a function with the same signature.
Function = TypeVar("Function", bound=Callable[..., Any])
