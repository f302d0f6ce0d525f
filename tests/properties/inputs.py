"""The same table in every container, and sparse matrices of every kind, or broken."""

import os
import tempfile
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from scipy import sparse

try:
    import polars
except ImportError:
    polars = None

FAR = 2**31 - 1  # a kernel that followed it would leave the process's memory
FORMATS = ["csr", "csc", "coo", "bsr", "lil", "dia"]


def mapped(order):
    """Return a function that stores X in a file and maps it, read-only."""

    def change(X):
        # Windows neither opens twice nor removes a file that is in use: there it stays.
        with tempfile.NamedTemporaryFile(delete=os.name != "nt") as file:
            file.write(X.tobytes(order))
            file.flush()
            return np.memmap(file.name, X.dtype, "r", shape=X.shape, order=order)

    return change


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def frame(X):
    return pd.DataFrame(X, columns=names(X))


def names(X):
    return [f"f{i}" for i in range(X.shape[1])]


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "rows reversed": lambda X: X[::-1].copy()[::-1],
    "columns reversed": lambda X: X[:, ::-1].copy()[:, ::-1],
    "every second row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "every third column": lambda X: np.repeat(X, 3, axis=1)[:, ::3],
    "read-only": read_only,
    "memory map": mapped("C"),
    "Fortran memory map": mapped("F"),
}
CONTAINERS = {
    **LAYOUTS,
    "list": lambda X: X.tolist(),
    "object": lambda X: X.astype(object),
    "frame": frame,
    "nullable frame": lambda X: frame(X).convert_dtypes(),
    "frame of mixed types": lambda X: frame(X).astype({"f0": object}),
    "csr_array": sparse.csr_array,
    "csc_matrix": sparse.csc_matrix,
}
if polars is not None:
    CONTAINERS["polars"] = lambda X: polars.DataFrame(
        {name: X[:, i].tolist() for i, name in enumerate(names(X))}
    )
# What of a table whose values are multiples of 1/4 is kept exactly, and what is not.
DTYPES = [
    *("float64", "float32", "float16", "longdouble", ">f8", ">f4"),
    *("int8", "int64", ">i4", "uint8", "bool"),
]
# Containers that know no such types.
ONLY_PLAIN = {"polars", "nullable frame", "frame", "frame of mixed types", "list"}
ONLY_PLAIN |= {"csr_array", "csc_matrix"}


# Sparse matrices


def reindexed(S, dtype):
    """Return S with its indices in the given type."""
    for name in ("indices", "indptr", "offsets"):
        if hasattr(S, name):
            setattr(S, name, getattr(S, name).astype(dtype))
    if S.format == "coo":
        S.coords = tuple(index.astype(dtype) for index in S.coords)
    return S


def messy(X, form, kind, rng):
    """Return X with entries split in two, unsorted, and zeros stored as entries."""
    rows, columns = np.nonzero((X != 0) | (rng.random(X.shape) < 0.2))
    values = X[rows, columns]
    rows, columns = np.tile(rows, 2), np.tile(columns, 2)
    part = rng.choice([0.0, 0.5, 1.0], values.size) * values
    values = np.concatenate([part, values - part])
    order = rng.permutation(rows.size)
    rows, columns, values = rows[order], columns[order], values[order]
    if form == "coo":
        make = getattr(sparse, f"coo_{kind}")
        return make((values, (rows, columns)), shape=X.shape)
    lines = columns if form == "csc" else rows
    others = rows if form == "csc" else columns
    by_line = np.argsort(lines, kind="stable")
    n_lines = X.shape[form == "csc"]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(lines, minlength=n_lines))])
    values = values[by_line]
    if form == "bsr":
        values = values[:, None, None]
    make = getattr(sparse, f"{form}_{kind}")
    return make((values, others[by_line], indptr), shape=X.shape)


@st.composite
def sparse_of(draw, X):
    """Return X as a sparse matrix of any kind."""
    form, kind = (
        draw(st.sampled_from(FORMATS)),
        draw(st.sampled_from(["array", "matrix"])),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if form in ("csr", "csc", "coo", "bsr") and draw(st.booleans()):
        S = messy(X, form, kind, rng)
    else:
        S = getattr(sparse, f"{form}_{kind}")(X)
    return reindexed(S, draw(st.sampled_from([np.int32, np.int64])))


# Broken ones, by what is done to their arrays behind scipy's back.

# What scipy has noted of the arrays that there were.
NOTED = ["_has_canonical_format", "_has_sorted_indices"]


def spoilt(draw, array):
    """Return the array with a number changed, or longer, or shorter."""
    array = array.copy()
    how = draw(st.sampled_from(["change", "append", "cut", "double", "shift"]))
    if how == "change" and array.size:
        place = draw(st.integers(0, array.size - 1))
        wrong = [-1, 0, 1, 2, 5, 8, 40, FAR, -FAR]
        array.reshape(-1)[place] = draw(st.sampled_from(wrong))
    elif how == "append":
        array = np.concatenate([array, array[-1:]])
    elif how == "cut":
        array = array[:-1]
    elif how == "double":
        array = np.concatenate([array, array])
    elif array.size:
        array = array + array.dtype.type(draw(st.sampled_from([-1, 1])))
    return array


def spoil(draw, S):
    """Change an array of S, so that S may hold together or not."""
    S = S.copy()
    if S.format == "coo":
        axis = draw(st.integers(0, 2))
        if axis == 2:
            S.data = spoilt(draw, S.data)
        else:
            coords = list(S.coords)
            coords[axis] = spoilt(draw, coords[axis])
            S.coords = tuple(coords)
    elif S.format == "lil":
        row = draw(st.integers(0, S.shape[0] - 1))
        part = draw(st.sampled_from([S.rows, S.data]))
        part[row] = spoilt(draw, np.array(part[row], (part is S.rows and int) or float))
        part[row] = part[row].tolist()
    else:
        fields = {"dia": ["offsets", "data"]}.get(
            S.format, ["indices", "indptr", "data"]
        )
        name = draw(st.sampled_from(fields))
        setattr(S, name, spoilt(draw, getattr(S, name)))
    if S.format == "coo":
        S.has_canonical_format = False
    for flag in NOTED:
        vars(S).pop(flag, None)
    return S


def holds_together(S):
    """Return whether its arrays fit each other and the shape, number by number."""
    if S.format == "coo":
        sizes = {S.data.size, *(index.size for index in S.coords)}
        return len(sizes) == 1 and all(
            0 <= i < n
            for index, n in zip(S.coords, S.shape, strict=True)
            for i in index.tolist()
        )
    if S.format == "lil":
        return all(
            len(set(row)) == len(row) == len(values)
            and all(0 <= j < S.shape[1] for j in row)
            for row, values in zip(S.rows, S.data, strict=True)
        )
    if S.format == "dia":
        offsets = S.offsets.tolist()  # scipy too refuses those that repeat
        return len(set(offsets)) == len(offsets) == len(S.data)
    pointers, indices = S.indptr.tolist(), S.indices.tolist()
    block = S.blocksize if S.format == "bsr" else (1, 1)
    n_lines, n_others = (n // b for n, b in zip(S.shape, block, strict=True))
    if S.format == "bsr" and pointers[-1:] != [len(indices)]:
        return False  # which scipy itself cannot read
    if S.format == "csc":
        n_lines, n_others = n_others, n_lines
    return (
        len(pointers) == n_lines + 1
        and pointers[0] == 0
        and all(a <= b for a, b in pairwise(pointers))
        and pointers[-1] <= len(indices) == len(S.data)
        and all(0 <= j < n_others for j in indices[: pointers[-1]])
    )
