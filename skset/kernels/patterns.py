"""Kernels on patterns: which connections exist, and where new ones can go.

A pattern is (indptr, indices) by input unit, indices sorted within a unit. A position
is the flat int64 number ``input * n_out + output``. So sorted positions are in by-input
order.
"""

import numpy as np

from skset.kernels.lanes import bare, item
from skset.kernels.memory import Array
from skset.runtime.jit import kernel

__all__ = [
    "add_counts",
    "by_output",
    "carry",
    "flat_positions",
    "floors",
    "free_positions",
    "mark_reached",
    "mark_taken",
    "sort_numbers",
    "split",
    "squeeze",
    "subset",
    "tile_starts",
    "unite",
]

# Bits of a digit in sorting: the counts of all digits fit a near cache.
DIGIT = 11


@kernel
def add_counts(indices: Array, counts: Array) -> None:
    """Add to `counts` how often each unit occurs among the indices."""
    for k in range(indices.size):
        counts[indices[k]] += 1


@kernel
def tile_starts(
    indptr: Array, indices: Array, n_out: int, n_tiles: int, starts: Array
) -> None:
    """Write where each input's connections to each tile of the outputs begin.

    The outputs are cut into tiles of equal size. `starts` has n_in * n_tiles + 1
    entries, those of an input side by side.
    """
    n_in = indptr.size - 1
    for i in range(n_in):
        k = indptr[i]
        for tile in range(n_tiles):
            starts[i * n_tiles + tile] = k
            end = (tile + 1) * n_out // n_tiles
            while k < indptr[i + 1] and indices[k] < end:
                k += 1
    starts[n_in * n_tiles] = indptr[n_in]


@kernel
def by_output(
    indptr: Array,
    indices: Array,
    weights: Array,
    places: Array,
    inputs: Array,
    sorted_weights: Array,
) -> None:
    """Write the input and the weight of each connection, output by output.

    The connections to output j come from ``places[j]`` on, sorted by their inputs.
    Afterwards `places` says where they end.
    """
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            place = places[indices[k]]
            inputs[place], sorted_weights[place] = i, weights[k]
            places[indices[k]] = place + 1


@kernel
def flat_positions(indptr: Array, indices: Array, n_out: int, positions: Array) -> None:
    """Write the flat position of every connection, in by-input order."""
    for i in range(indptr.size - 1):
        base = np.int64(i) * n_out
        for k in range(indptr[i], indptr[i + 1]):
            positions[k] = base + indices[k]


@kernel
def free_positions(
    indptr: Array, indices: Array, n_out: int, ranks: Array, positions: Array
) -> None:
    """Write the positions of the free places with the given ranks.

    The free places of a pattern are numbered 0, 1, ... in the order of their
    positions. `ranks` has sorted numbers of free places. One walk along the pattern
    turns each into its position: the rank plus the number of connections before it.
    """
    end = np.int64(n_out)
    r = 0
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            n_before = i * end + indices[k] - k
            while r < ranks.size and ranks[r] < n_before:
                positions[r] = ranks[r] + k
                r += 1
    for last in range(r, ranks.size):
        positions[last] = ranks[last] + indices.size


@kernel
def subset(
    indptr: Array,
    indices: Array,
    keep: Array,
    kept_indptr: Array,
    kept_indices: Array,
    places: Array,
) -> None:
    """Write the pattern of the connections where `keep` is True, and their places.

    `kept_indptr` is 0 at its first entry.
    """
    n = 0
    for i in range(indptr.size - 1):
        for k in range(indptr[i], indptr[i + 1]):
            # No branch, as the processor cannot predict it: a connection that is not
            # kept is overwritten by the next one.
            if n < places.size:
                kept_indices[n], places[n] = indices[k], k
                n += keep[k]
        kept_indptr[i + 1] = n


@kernel
def carry(values: Array, source: Array, fills: Array, carried: Array) -> None:
    """Write the old value of each connection, or a fill where the source is -1.

    `fills` has one value for all, or one for each connection.
    """
    if values.size == 0:
        carried[:] = fills
        return
    old, new, step = bare(values), bare(fills), int(fills.size > 1)
    for k in range(source.size):  # no branch: the processor cannot predict it
        value, fill = item(old, max(source[k], 0)), item(new, k * step)
        carried[k] = value if source[k] >= 0 else fill


@kernel
def split(positions: Array, n_out: int, indptr: Array, indices: Array) -> bool:
    """Write the pattern with connections at the given sorted positions.

    `indptr` is 0 at its first entry. Returns whether the positions were different and
    within the layer.
    """
    k = 0
    for i in range(indptr.size - 1):
        base, last = np.int64(i) * n_out, -1
        while k < positions.size and positions[k] < base + n_out:
            j = positions[k] - base
            if j <= last:
                return False
            indices[k], last = j, j
            k += 1
        indptr[i + 1] = k
    return k == positions.size


@kernel
def squeeze(numbers: Array) -> int:
    """Move distinct sorted numbers to the front, and return how many there are."""
    n = 0
    for k in range(numbers.size):
        if k == 0 or numbers[k] != numbers[n - 1]:
            numbers[n] = numbers[k]
            n += 1
    return n


@kernel
def unite(numbers: Array, others: Array, union: Array) -> int:
    """Write the sorted union of distinct sorted numbers, return its size."""
    n = j = 0
    for i in range(numbers.size):
        while j < others.size and others[j] < numbers[i]:
            union[n] = others[j]
            n, j = n + 1, j + 1
        if j < others.size and others[j] == numbers[i]:
            j += 1
        union[n] = numbers[i]
        n += 1
    for left in range(j, others.size):
        union[n] = others[left]
        n += 1
    return n


@kernel
def floors(values: Array, factor: float, most: int, numbers: Array) -> int:
    """Write the distinct whole parts of values times a factor, return how many.

    `values` are sorted and not negative. Numbers above `most` are clamped.
    """
    n, last = 0, -1
    for k in range(values.size):
        numbers[n] = min(np.int64(values[k] * factor), most)
        n, last = n + (numbers[n] != last), numbers[n]
    return n


@kernel
def sort_numbers(numbers: Array, room: Array, end: int) -> Array:
    """Sort integers in [0, end); return the array that has the result.

    It is `numbers` or `room`, an array of the same size. Both are overwritten. The sort
    goes by digits, the last one first (radix sort). For as many numbers as a layer
    grows connections this is several times faster than comparing.
    """
    starts = np.empty(1 << DIGIT, np.int64)
    source, target = numbers, room
    shift, mask = 0, (1 << DIGIT) - 1
    while shift < 63 and (end - 1) >> shift > 0:
        starts[:] = 0
        for k in range(source.size):
            starts[(source[k] >> shift) & mask] += 1
        n = 0
        for digit in range(starts.size):
            starts[digit], n = n, n + starts[digit]
        for k in range(source.size):
            digit = (source[k] >> shift) & mask
            target[starts[digit]] = source[k]
            starts[digit] += 1
        source, target = target, source
        shift += DIGIT
    return source


@kernel
def mark_taken(
    indptr: Array, indices: Array, n_out: int, positions: Array, taken: Array
) -> None:
    """Write for each of the sorted positions whether the pattern has it."""
    b = 0
    for i in range(indptr.size - 1):
        base = np.int64(i) * n_out
        k, high = indptr[i], indptr[i + 1]
        while b < positions.size and positions[b] < base + n_out:
            j = positions[b] - base
            while k < high and indices[k] < j:
                k += 1
            taken[b] = k < high and indices[k] == j
            b += 1


@kernel
def mark_reached(
    indptr: Array, indices: Array, reached: Array, onward: Array, enough: int
) -> None:
    """Mark in `onward` the outputs that a connection joins to a marked input.

    No more inputs are looked at once so many outputs have been marked.
    """
    n = 0
    for i in range(indptr.size - 1):
        if n >= enough:
            return
        if reached[i]:
            for k in range(indptr[i], indptr[i + 1]):
                n += not onward[indices[k]]
                onward[indices[k]] = True
