"""Kernels of an evolution: drop and grow in one walk along the pattern.

A pattern and its newborn connections are two sorted sequences, to be merged. To merge
one element is a chain of operations that each wait for the last, and a processor cannot
predict which sequence has the next. So four parts of the sequences are merged at a
time, without branches, which is three times as fast.

They are merged as keys: a position in the upper half of 64 bits, and in the lower half
the connection's old place. So the place moves along for nothing. Keys hold positions
and places relative to a block of a few thousand connections, which stays in a near
cache.
"""

import numpy as np

from skset.kernels.lanes import bare, item, width
from skset.kernels.memory import Array
from skset.runtime.jit import inlined, kernel

__all__ = ["replace"]

# Connections of a block, about. Its keys take twice as many bytes as a near cache has.
BLOCK = 2048
# The lower half of the key of a newborn connection. It comes after a connection with
# the same upper half.
HALF = 32
BORN = (1 << HALF) - 1
# Behind all keys.
END = (1 << 63) - 1
# Positions within a block are below.
MOST_PLACES = (1 << 31) - 1


@kernel
def replace(
    indptr: Array,
    indices: Array,
    keep: Array,
    born: Array,
    n_out: int,
    by_rank: int,
    new_indptr: Array,
    new_indices: Array,
    source: Array,
) -> bool:
    """Write the pattern of the kept and the newborn connections, and their old places.

    `born` has the sorted positions of the newborn connections. If `by_rank` is 1, it
    has their ranks among the places that the kept connections leave free, instead. The
    source of a newborn connection is -1, and `new_indptr` is 0 at its first entry.
    Returns whether the newborn positions were different, free, sorted and within the
    layer.
    """
    room = max(_longest_row(indptr), BLOCK) + 1
    # Only as much of these is touched as the largest block needs.
    old_keys, born_keys = np.empty(room, np.int64), np.empty(born.size + 1, np.int64)
    keys = np.empty(room + born.size, np.int64)
    first = n_kept = b = np.int64(0)
    while first < indptr.size - 1:
        last = _end_of_block(first, indptr, n_out)
        block, at = (first, last, np.int64(n_out)), new_indptr[first]
        old = indptr, indices, keep, n_kept, old_keys
        n_old = _keys(*block, *old, born[b:], by_rank, born_keys, new_indptr)
        if n_old < 0:
            return False
        n = new_indptr[last] - at
        _merge(old_keys, n_old, born_keys, n - n_old, by_rank, keys)
        new = new_indices[at : at + n], source[at : at + n]
        if not _unpack(*block, new_indptr, indptr[first], keys[:n], *new):
            return False
        first, n_kept, b = last, n_kept + n_old, b + n - n_old
    return b == born.size


@inlined
def _longest_row(indptr):
    """Return the greatest number of connections of an input."""
    longest = np.int64(0)
    for i in range(indptr.size - 1):
        longest = max(longest, indptr[i + 1] - indptr[i])
    return longest


@inlined
def _end_of_block(first, indptr, n_out):
    """Return the end of a block of inputs: as many as fit, at least one."""
    last, most = first + 1, min(indptr.size - 1, first + MOST_PLACES // n_out)
    while last < most and indptr[last + 1] - indptr[first] <= BLOCK:
        last += 1
    return last


@inlined
def _keys(
    first,
    last,
    n_out,
    indptr,
    indices,
    keep,
    n_kept,
    old_keys,
    born,
    by_rank,
    born_keys,
    new_indptr,
):
    """Write the keys of a block, and the index pointer; return the number of old ones.

    `n_kept` connections are kept before the block, and `born` begins with it. Returns
    -1 if the newborn positions do not rise.
    """
    indices, keep, born = bare(indices), bare(keep), bare(born)
    start, at = indptr[first], new_indptr[first]
    origin = first * n_out - n_kept * by_rank
    n, b, before = np.int64(0), np.int64(0), np.int64(-1)
    rise = True
    for i in range(first, last):
        base = (i - first) * n_out
        for k in range(indptr[i], indptr[i + 1]):
            # No branch: a connection that is not kept is overwritten by the next one.
            place = base + item(indices, k) - n * by_rank
            old_keys[np.uint64(n)] = (place << HALF) + (k - start)
            n += item(keep, k)
        end = base + n_out - n * by_rank
        while b < width(born) and item(born, b) - origin < end:
            place = item(born, b) - origin
            born_keys[np.uint64(b)] = (place << HALF) + BORN
            rise &= before < place
            before, b = place, b + 1
        new_indptr[i + 1] = at + n + b
    old_keys[n] = born_keys[b] = END
    return n if rise else np.int64(-1)


@inlined
def _merge(old, n_old, born, n_born, by_rank, keys):
    """Merge sorted keys, from four places at a time. Ranks become positions."""
    n = n_old + n_born
    length = (n + 3) >> 2
    # The parts overlap if they cannot be equal; there both write the same.
    a, b, c, d = np.int64(0), (n - length) // 3, 2 * (n - length) // 3, n - length
    of_a, of_b, of_c, of_d = keys[a:], keys[b:], keys[c:], keys[d:]
    ka, kb = a, _n_old_before(b, old, n_old, born, n_born)
    kc = _n_old_before(c, old, n_old, born, n_born)
    kd = _n_old_before(d, old, n_old, born, n_born)
    bare_old, bare_born = bare(old), bare(born)
    for t in range(length):
        ka = _next_key(t, a, ka, bare_old, bare_born, by_rank, of_a)
        kb = _next_key(t, b, kb, bare_old, bare_born, by_rank, of_b)
        kc = _next_key(t, c, kc, bare_old, bare_born, by_rank, of_c)
        kd = _next_key(t, d, kd, bare_old, bare_born, by_rank, of_d)


@inlined
def _next_key(t, begin, k, old, born, by_rank, merged):
    """Write the next key of a part; return how many old ones are before the next."""
    one, other = item(old, k), item(born, begin + t - k)
    merged[t] = min(one, other) + ((k * by_rank) << HALF)
    return k + (one < other)


@inlined
def _n_old_before(n, old, n_old, born, n_born):
    """Return how many of the n smallest keys are old ones."""
    low, high = max(np.int64(0), n - n_born), min(n, n_old)
    while low < high:
        k = (low + high) >> 1
        if old[k] < born[n - k - 1]:
            low = k + 1
        else:
            high = k
    return low


@inlined
def _unpack(first, last, n_out, new_indptr, start, keys, indices, source):
    """Write indices and sources of a block; return whether the positions rise."""
    at, before, rise = new_indptr[first], np.int64(-1), True
    for i in range(first, last):
        base = (i - first) * n_out
        row = slice(new_indptr[i] - at, new_indptr[i + 1] - at)
        of_row, row_indices, row_source = keys[row], indices[row], source[row]
        for n in range(of_row.size):
            place = of_row[n] & BORN
            row_indices[n] = (of_row[n] >> HALF) - base
            row_source[n] = -1 if place == BORN else start + place
    for n in range(keys.size):
        rise &= before < (keys[n] >> HALF)
        before = keys[n] >> HALF
    return rise
