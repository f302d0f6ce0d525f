"""`Topology`: which connections of one layer exist."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skset import kernels
from skset.topology.arrays import (
    Booleans,
    Integers,
    Shape,
    checked_pattern,
    checked_shape,
    read_only,
    whole_numbers,
)

__all__ = ["Topology"]

_INT32_MAX = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Topology:
    """Immutable bipartite pattern of one layer, input by input.

    Canonical: indices sorted, no duplicates. Weights and other aligned arrays have the
    same order. The arrays are read-only, as compiled code does not check their bounds.
    A position is a number, ``input * n_out + output``.

    Parameters
    ----------
    shape : tuple of int
        (n_in, n_out).
    indptr : ndarray of shape (n_in + 1,)
        Where each input unit's connections begin; kept as a copy in int64.
    indices : ndarray of shape (nnz,)
        Output unit of each connection; kept as a copy in int32.

    Raises
    ------
    ValueError
        If the arrays are not a canonical pattern of that shape.

    Examples
    --------
    >>> from skset.topology import Topology
    >>> pattern = Topology.from_positions((3, 2), [0, 3, 4])
    >>> pattern
    Topology(shape=(3, 2), nnz=3)
    >>> pattern.to_csr([0.5, -1.0, 2.0]).toarray()
    array([[ 0.5,  0. ],
           [ 0. , -1. ],
           [ 2. ,  0. ]])
    """

    shape: tuple[int, int]
    indptr: Integers
    indices: Integers

    def __post_init__(self) -> None:
        # Copies, as the caller can still write into the arrays.
        arrays = np.array(self.indptr), np.array(self.indices)
        self._hold(*checked_pattern(self.shape, *arrays))

    @classmethod
    def _of(cls, shape: Shape, indptr: Integers, indices: Integers) -> Self:
        """Return the topology of valid arrays, which it takes over."""
        topology = object.__new__(cls)
        topology._hold(shape, indptr, indices)
        return topology

    def _hold(self, shape: Shape, indptr: Integers, indices: Integers) -> None:
        # Read-only themselves: a view can be made writable again if its base is.
        indptr.flags.writeable = indices.flags.writeable = False
        arrays = {"indptr": read_only(indptr), "indices": read_only(indices)}
        vars(self).update(shape=shape, **arrays)

    @classmethod
    def from_positions(cls, shape: Shape, positions: npt.ArrayLike) -> Self:
        """Return the topology with connections at the given flat positions.

        Parameters
        ----------
        shape : tuple of int
            (n_in, n_out).
        positions : ndarray of int64
            Different numbers ``input * n_out + output``, in any order.

        Raises
        ------
        ValueError
            If a position is repeated or outside the layer.
        """
        n_in, n_out = checked_shape(shape)
        numbers = whole_numbers("positions", positions).astype(np.int64, copy=False)
        numbers = np.sort(numbers, kind="stable")  # at once if they are sorted already
        indptr, indices = np.zeros(n_in + 1, np.int64), np.empty(numbers.size, np.int32)
        if not kernels.split(numbers, n_out, indptr, indices):
            _refuse((n_in, n_out))
        return cls._of((n_in, n_out), indptr, indices)

    @classmethod
    def empty(cls, shape: Shape) -> Self:
        """Return the topology of this shape without any connection."""
        shape = checked_shape(shape)
        return cls._of(shape, np.zeros(shape[0] + 1, np.int64), np.empty(0, np.int32))

    def __repr__(self) -> str:
        return f"Topology(shape={self.shape}, nnz={self.nnz})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in ("shape", "indptr", "indices")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # No copy: the arrays may be mapped into memory from a file.
        self._hold(*checked_pattern(**state))

    @property
    def nnz(self) -> int:
        """Number of connections."""
        return self.indices.size

    @property
    def n_free(self) -> int:
        """Number of places without a connection; it can exceed 2**31."""
        return self.shape[0] * self.shape[1] - self.nnz

    @property
    def density(self) -> float:
        """Share of the possible connections that exist."""
        return self.nnz / (self.shape[0] * self.shape[1])

    @property
    def fan_in(self) -> Integers:
        """Number of connections of each output unit."""
        fan_in = np.zeros(self.shape[1], np.int64)
        kernels.add_counts(self.indices, fan_in)
        return fan_in

    @property
    def fan_out(self) -> Integers:
        """Number of connections of each input unit."""
        return np.diff(self.indptr)

    def starts(self, n_tiles: int) -> Integers:
        """Return where each input's connections to each tile of the outputs begin.

        `n_tiles` is into how many tiles of equal size the outputs are cut. The result
        has shape (n_in * n_tiles + 1,), those of an input side by side. It is cached.
        """
        if n_tiles == 1:
            return self.indptr
        if n_tiles not in self._starts:
            starts = np.empty(self.shape[0] * n_tiles + 1, np.int64)
            pattern = self.indptr, self.indices, self.shape[1]
            kernels.tile_starts(*pattern, n_tiles, starts)
            self._starts.clear()
            self._starts[n_tiles] = read_only(starts)
        return self._starts[n_tiles]

    @cached_property
    def _starts(self) -> dict[int, Integers]:
        return {}

    @property
    def in_units(self) -> Integers:
        """Input unit of each connection, in by-input order, int32."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), self.fan_out)

    def positions(self) -> Integers:
        """Return the flat position ``input * n_out + output`` of every connection."""
        positions = np.empty(self.nnz, np.int64)
        kernels.flat_positions(self.indptr, self.indices, self.shape[1], positions)
        return positions

    def free_positions(self, ranks: Integers) -> Integers:
        """Return the positions of free places, given their sorted ranks among them.

        Parameters
        ----------
        ranks : ndarray of int64
            Sorted numbers in [0, n_free): rank 0 is the first free position.
        """
        positions = np.empty(ranks.size, np.int64)
        pattern = self.indptr, self.indices, self.shape[1]
        kernels.free_positions(*pattern, ranks, positions)
        return positions

    def has(self, positions: Integers) -> Booleans:
        """Return at which positions there is a connection.

        Parameters
        ----------
        positions : ndarray of int64
            Sorted numbers ``input * n_out + output``.

        Returns
        -------
        taken : ndarray of bool
            One value for each position.
        """
        taken = np.zeros(positions.size, bool)
        kernels.mark_taken(self.indptr, self.indices, self.shape[1], positions, taken)
        return taken

    def kept(self, keep: Booleans) -> tuple["Topology", Integers]:
        """Return the topology of the kept connections, and their old places.

        `keep` has a boolean for each connection. The second has the place of each kept
        one in this topology, and its `place_dtype`.
        """
        nnz = self._n_kept(keep)
        indptr, indices = np.zeros_like(self.indptr), np.empty(nnz, np.int32)
        source = np.empty(nnz, self.place_dtype)
        kernels.subset(self.indptr, self.indices, keep, indptr, indices, source)
        return Topology._of(self.shape, indptr, indices), source

    def replaced(
        self, keep: Booleans, born: Integers, by_rank: bool = False
    ) -> tuple["Topology", Integers]:
        """Return the topology of kept and newborn connections, and their old places.

        Parameters
        ----------
        keep : ndarray of shape (nnz,), bool
            Which connections are kept.
        born : ndarray of int64
            Sorted positions of the newborn ones.
        by_rank : bool, default=False
            Whether `born` has ranks among the places that the kept ones leave free.

        Returns
        -------
        topology, source : Topology, ndarray of int
            As from `kept`. The source of a newborn connection is -1.

        Raises
        ------
        ValueError
            If a newborn position is taken, repeated or outside the layer.
        """
        born = np.ascontiguousarray(whole_numbers("born", born), np.int64)
        nnz = self._n_kept(keep) + born.size
        indptr, indices = np.zeros_like(self.indptr), np.empty(nnz, np.int32)
        source = np.empty(nnz, self.place_dtype)
        old = self.indptr, self.indices, read_only(np.ascontiguousarray(keep))
        given = read_only(born), self.shape[1], int(by_rank)
        if not kernels.replace(*old, *given, indptr, indices, source):
            _refuse(self.shape)
        return Topology._of(self.shape, indptr, indices), source

    def _n_kept(self, keep: Booleans) -> int:
        if keep.shape != (self.nnz,) or keep.dtype != bool:
            found = f"{keep.dtype} of shape {keep.shape}"
            raise ValueError(f"keep must be {self.nnz} booleans, got {found}.")
        return int(np.count_nonzero(keep))

    def with_positions(self, positions: Integers) -> "Topology":
        """Return this topology with connections at these sorted positions as well."""
        new = positions[~self.has(positions)]
        return self.replaced(np.ones(self.nnz, bool), new)[0] if new.size else self

    def restricted(
        self, inputs: Booleans, outputs: Booleans
    ) -> tuple["Topology", Integers]:
        """Return the topology between some of the units, and the old places.

        `inputs` and `outputs` are masks of the units that stay; these get new numbers.
        The second has the place in this topology of each connection of the new one.
        """
        kept, source = self.kept(inputs[self.in_units] & outputs[self.indices])
        numbers = np.cumsum(outputs, dtype=np.int32) - 1
        indptr = np.concatenate([[0], np.cumsum(kept.fan_out[inputs])])
        shape = (int(inputs.sum()), int(outputs.sum()))
        return Topology._of(shape, indptr, numbers[kept.indices]), source

    @property
    def place_dtype(self) -> type[np.int32] | type[np.int64]:
        """The smallest type that numbers all connections."""
        return np.int32 if self.nnz <= _INT32_MAX else np.int64

    def to_csr(self, values: npt.NDArray[Any]) -> sparse.csr_array:
        """Return the values as a CSR array (n_in, n_out) that shares their memory.

        The values are not copied: a method that reorders them, such as SciPy's
        ``eliminate_zeros``, changes the given array. The pattern is a copy.
        """
        parts = (a.astype(self.place_dtype) for a in (self.indices, self.indptr))
        return sparse.csr_array((values, *parts), shape=self.shape)


def _refuse(shape: Shape) -> NoReturn:
    where = f"within a layer of {shape[0]} x {shape[1]} units"
    raise ValueError(f"Positions must be free, different and {where}.")
