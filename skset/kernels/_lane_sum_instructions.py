"""LLVM instructions of the operations in `lane_sums.py`.

As in `_lane_instructions.py`, a function has the name of its operation. Steps of a tree
stay within quarters of a vector of eight where they can: there an addition and two
shuffles are enough for any machine.
"""

from llvmlite import ir
from numba.core.types import Any, BaseTuple
from numba.extending import lower_builtin as instruction

from skset.kernels import lane_sums
from skset.kernels._lane_instructions import (
    INT32,
    _address,
    _multiplied_add,
    _read,
    _shuffle,
)
from skset.kernels.lane_sums import TURNED
from skset.kernels.lanes import Bare, Lanes


def _folded(builder, vector):
    """Return the sums of the lower and the upper half."""
    n = vector.type.count // 2
    lower = _shuffle(builder, vector, vector, list(range(n)))
    upper = _shuffle(builder, vector, vector, list(range(n, 2 * n)))
    return builder.fadd(lower, upper)


def _slices(builder, vector, n):
    """Return the vector in pieces of n numbers."""
    if vector.type.count == n:
        return [vector]
    starts = range(0, vector.type.count, n)
    return [
        _shuffle(builder, vector, vector, list(range(start, start + n)))
        for start in starts
    ]


def _joined(builder, a, b):
    return _shuffle(builder, a, b, list(range(2 * a.type.count)))


def _paired(builder, a, b):
    """Return the sums of neighbours, the lower halves of a and b first."""
    even = _shuffle(builder, a, b, [0, 2, 8, 10, 4, 6, 12, 14])
    odd = _shuffle(builder, a, b, [1, 3, 9, 11, 5, 7, 13, 15])
    return builder.fadd(even, odd)


@instruction(lane_sums.total, Lanes)
def total(context, builder, signature, args):
    vector = args[0]
    while vector.type.count > 1:
        vector = _folded(builder, vector)
    return builder.extract_element(vector, ir.Constant(INT32, 0))


@instruction(lane_sums.products, Lanes, Lanes)
def products(context, builder, signature, args):
    # Sixteen at a time: one register or two, whatever the machine has.
    n = min(args[0].type.count, 16)
    parts = zip(*(_slices(builder, arg, n) for arg in args), strict=True)
    a, b = next(parts)
    sums = builder.fmul(a, b)
    for a, b in parts:
        sums = _multiplied_add(builder, a, b, sums)
    while sums.type.count > 8:
        sums = _folded(builder, sums)
    return sums


@instruction(lane_sums.folded, Lanes, Lanes)
def folded(context, builder, signature, args):
    a, b = args
    n = a.type.count
    half = n // 2
    lower = _shuffle(builder, a, b, [*range(half), *range(n, n + half)])
    upper = _shuffle(builder, a, b, [*range(half, n), *range(n + half, 2 * n)])
    return builder.fadd(lower, upper)


@instruction(lane_sums.totals, *[Lanes] * 4)
def totals(context, builder, signature, args):
    p, q, r, s = args
    return _paired(builder, _paired(builder, p, q), _paired(builder, r, s))


@instruction(lane_sums.gathered, Bare, BaseTuple, Any, Lanes)
def gathered(context, builder, signature, args):
    rows, places, _, like = signature.args
    pieces = []
    for n in TURNED:
        kinds = signature.replace(args=(rows, places.dtype, signature.args[2]))
        given = args[0], builder.extract_value(args[1], n), args[2]
        address = _address(context, builder, kinds, given, like.n)
        pieces.append(_read(context, builder, address, rows.dtype, like))
    while len(pieces) > 1:
        pairs = zip(pieces[::2], pieces[1::2], strict=True)
        pieces = [_joined(builder, a, b) for a, b in pairs]
    return pieces[0]


@instruction(lane_sums.repeated, BaseTuple, Lanes)
def repeated(context, builder, signature, args):
    values, like = signature.args
    vector = ir.VectorType(context.get_value_type(values.dtype), len(TURNED))
    joined = ir.Constant(vector, ir.Undefined)
    for place, n in enumerate(TURNED):
        value = builder.extract_value(args[0], n)
        joined = builder.insert_element(joined, value, ir.Constant(INT32, place))
    places = [place for place in range(len(TURNED)) for _ in range(like.n)]
    return _shuffle(builder, joined, joined, places)


@instruction(lane_sums.tiled, Lanes)
def tiled(context, builder, signature, args):
    return _shuffle(builder, args[0], args[0], list(range(signature.args[0].n)) * 8)


@instruction(lane_sums.tile_total, Lanes, Lanes)
def tile_total(context, builder, signature, args):
    vector = args[0]
    while vector.type.count > signature.return_type.n:
        vector = _folded(builder, vector)
    return vector


@instruction(lane_sums.group_totals, Lanes)
def group_totals(context, builder, signature, args):
    parts = _slices(builder, args[0], 8)
    if len(parts) == 1:  # one number for each row
        return _shuffle(builder, parts[0], parts[0], [0, 2, 4, 6, 1, 3, 5, 7])
    if len(parts) == 2:  # two numbers: rows 0 4 1 5, then 2 6 3 7
        a, b = parts
        even = _shuffle(builder, a, b, [0, 4, 8, 12, 2, 6, 10, 14])
        odd = _shuffle(builder, a, b, [1, 5, 9, 13, 3, 7, 11, 15])
        return builder.fadd(even, odd)
    return totals(context, builder, signature, parts)
