"""`Lanes`: a few neighbouring numbers of a row, held in vector registers.

numba has no vector type, and what its compiler makes of loops over short rows is left
to luck. With these functions a kernel says what it means: take 32 neighbours of a row,
multiply them by a weight, add them to those of another row, put them back. The compiler
splits them into as many registers as the machine's vectors need, wide or narrow.

Each function is also plain Python on small arrays, which is what runs where
``NUMBA_DISABLE_JIT`` is set. Rows belong to C-contiguous two-dimensional arrays; places
are checked where numba checks bounds.
"""

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, models, register_model, type_callable
from numba.np.arrayobj import make_array

__all__ = [
    "add",
    "at",
    "bare",
    "divide",
    "eight",
    "item",
    "lanes",
    "leak",
    "load",
    "multiply_add",
    "n_rows",
    "prefetch",
    "put",
    "root",
    "shifted",
    "store",
    "subtract",
    "total",
    "totals",
    "width",
    "zeros",
]

ELEMENTS = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}
INT32, BYTES = ir.IntType(32), ir.IntType(8).as_pointer()


class Lanes(types.Type):
    """The compiler's type of n numbers side by side."""

    def __init__(self, dtype, n):
        self.dtype, self.n = dtype, n
        super().__init__(name=f"Lanes({n} x {dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes_type):
        vector = ir.VectorType(ELEMENTS[lanes_type.dtype], lanes_type.n)
        super().__init__(manager, lanes_type, vector)


class Bare(types.Type):
    """The compiler's type of an array whose references are not counted."""

    def __init__(self, dtype, ndim, mutable):
        self.dtype, self.ndim, self.mutable = dtype, ndim, mutable
        super().__init__(name=f"Bare({dtype}, {ndim}, {mutable})")


@register_model(Bare)
class _BareModel(models.StructModel):
    def __init__(self, manager, bare_type):
        sizes = [("stride", types.intp), ("n_rows", types.intp), ("width", types.intp)]
        pointer = ("data", types.CPointer(bare_type.dtype))
        super().__init__(manager, bare_type, [pointer, *sizes])


# What each function does, in Python.


def bare(array):
    """Return the array for the functions below.

    numba counts the references to an array wherever that is handed on, even in inner
    loops; to this it does not. The array must be C-contiguous and outlive it.
    """
    return array


def lanes(n, value):
    """Return n times the value; n must be a literal number."""
    return np.full(n, value)


def width(array):
    """Return the length of the last axis."""
    return array.shape[-1]


def n_rows(array):
    """Return the length of the first axis."""
    return array.shape[0]


def load(rows, row, column, like):
    """Return as many neighbours as `like` has, from rows[row, column] on."""
    return rows[row, column : column + like.size].copy()


def item(array, place):
    """Return array[place]; counting from the end, which costs time, is not allowed."""
    return array[place]


def store(rows, row, column, values):
    """Write the values from rows[row, column] on."""
    rows[row, column : column + values.size] = values


def at(array, place, like):
    """Return as many neighbours as `like` has, from array[place] on."""
    return array[place : place + like.size].copy()


def put(array, place, values):
    """Write the values from array[place] on."""
    array[place : place + values.size] = values


def add(a, b):
    """Return ``a + b``."""
    return a + b


def subtract(a, b):
    """Return ``a - b``."""
    return a - b


def multiply_add(factor, x, z):
    """Return ``factor * x + z``, rounded once where the machine can."""
    return factor * x + z


def leak(a, by, slope):
    """Return a where `by` is positive, ``slope * a`` elsewhere."""
    return np.where(by > 0, a, slope * a)


def total(a):
    """Return the sum of the numbers."""
    return a.sum()


def totals(a, b, c, d, e, f, g, h):
    """Return the sums of each, side by side."""
    return np.array([a, b, c, d, e, f, g, h]).sum(axis=1)


def zeros(like):
    """Return as many zeros as `like` has numbers."""
    return np.zeros_like(like)


def eight(array, place):
    """Return array[place] and the seven behind it, each by itself."""
    return tuple(array[place : place + 8])


def divide(a, b):
    """Return ``a / b``."""
    return a / b


def root(a):
    """Return the square root."""
    return np.sqrt(a)


def shifted(a, by):
    """Return a plus a scalar."""
    return a + by


def prefetch(rows, row, column):
    """Ask for rows[row, column] to be brought near, without waiting for it."""


# What types come out.


def _typed(function):
    """Register what type comes out of a function."""
    return lambda typer: type_callable(function)(lambda context: typer)


@_typed(lanes)
def _(n, value):
    return (
        Lanes(value, n.literal_value) if isinstance(n, types.IntegerLiteral) else None
    )


@_typed(bare)
def _(array):
    if array.layout != "C":
        return None
    return Bare(array.dtype, array.ndim, array.mutable)


@_typed(width)
def _(array):
    return types.intp


@_typed(n_rows)
def _(array):
    return types.intp


@_typed(load)
def _(rows, row, column, like):
    return Lanes(rows.dtype, like.n)


@_typed(store)
def _(rows, row, column, values):
    return types.none if rows.mutable else None


@_typed(at)
def _(array, place, like):
    return Lanes(array.dtype, like.n)


@_typed(item)
def _(array, place):
    return array.dtype


@_typed(put)
def _(array, place, values):
    return types.none if array.mutable else None


@_typed(prefetch)
def _(rows, row, column):
    return types.none


@_typed(add)
def _(a, b):
    return a


@_typed(subtract)
def _(a, b):
    return a


@_typed(multiply_add)
def _(factor, x, z):
    return z


@_typed(leak)
def _(a, by, slope):
    return a


@_typed(total)
def _(a):
    return a.dtype


@_typed(totals)
def _(a, b, c, d, e, f, g, h):
    return Lanes(a.dtype, 8)


@_typed(zeros)
def _(like):
    return like


@_typed(eight)
def _(array, place):
    return types.UniTuple(array.dtype, 8)


@_typed(divide)
def _(a, b):
    return a


@_typed(root)
def _(a):
    return a


@_typed(shifted)
def _(a, by):
    return a


# What instructions they become.


def _shuffle(builder, a, b, places):
    mask = ir.Constant(ir.VectorType(INT32, len(places)), places)
    return builder.shuffle_vector(a, b, mask)


def _spread(builder, value, vector):
    """Return the scalar `value` in every lane."""
    first = builder.insert_element(
        ir.Constant(vector, ir.Undefined), value, ir.Constant(INT32, 0)
    )
    return _shuffle(builder, first, first, [0] * vector.count)


def _address(context, builder, signature, args, reach):
    """Return a pointer to an element; with bounds checks, `reach` from there on exist.

    The first argument is the array, the next ones are as many indices as it has axes.
    """
    kind = signature.args[0]
    array = cgutils.create_struct_proxy(kind)(context, builder, args[0])
    indices = [
        context.cast(builder, args[n], signature.args[n], types.intp)
        for n in range(1, kind.ndim + 1)
    ]
    if context.enable_boundscheck:
        last = builder.add(indices[-1], context.get_constant(types.intp, reach - 1))
        cgutils.do_boundscheck(context, builder, indices[0], array.n_rows)
        cgutils.do_boundscheck(context, builder, indices[-1], array.width)
        cgutils.do_boundscheck(context, builder, last, array.width)
    if kind.ndim == 1:
        return builder.gep(array.data, indices)
    start = builder.mul(indices[0], array.stride)
    return builder.gep(array.data, [builder.add(start, indices[1])])


@lower_builtin(bare, types.Array)
def _(context, builder, signature, args):
    array = make_array(signature.args[0])(context, builder, args[0])
    shape = cgutils.unpack_tuple(builder, array.shape)
    result = cgutils.create_struct_proxy(signature.return_type)(context, builder)
    result.data = array.data
    result.stride = result.width = shape[-1]
    result.n_rows = shape[0]
    return result._getvalue()


@lower_builtin(width, Bare)
def _(context, builder, signature, args):
    kind = signature.args[0]
    return cgutils.create_struct_proxy(kind)(context, builder, args[0]).width


@lower_builtin(n_rows, Bare)
def _(context, builder, signature, args):
    kind = signature.args[0]
    return cgutils.create_struct_proxy(kind)(context, builder, args[0]).n_rows


@lower_builtin(lanes, types.Any, types.Float)
def _(context, builder, signature, args):
    return _spread(builder, args[1], context.get_value_type(signature.return_type))


@lower_builtin(load, Bare, types.Any, types.Any, Lanes)
@lower_builtin(at, Bare, types.Any, Lanes)
def _(context, builder, signature, args):
    kind = signature.return_type
    address = _address(context, builder, signature, args, kind.n)
    vector = context.get_value_type(kind)
    value = builder.load(builder.bitcast(address, vector.as_pointer()))
    value.align = kind.dtype.bitwidth // 8
    return value


@lower_builtin(item, Bare, types.Any)
def _(context, builder, signature, args):
    address = _address(context, builder, signature, args, 1)
    return context.unpack_value(builder, signature.args[0].dtype, address)


@lower_builtin(store, Bare, types.Any, types.Any, Lanes)
@lower_builtin(put, Bare, types.Any, Lanes)
def _(context, builder, signature, args):
    kind = signature.args[-1]
    address = _address(context, builder, signature, args, kind.n)
    place = builder.bitcast(address, args[-1].type.as_pointer())
    builder.store(args[-1], place, align=kind.dtype.bitwidth // 8)
    return context.get_dummy_value()


@lower_builtin(prefetch, Bare, types.Any, types.Any)
def _(context, builder, signature, args):
    address = builder.bitcast(_address(context, builder, signature, args, 1), BYTES)
    signature_ = ir.FunctionType(ir.VoidType(), [BYTES, INT32, INT32, INT32])
    function = cgutils.get_or_insert_function(
        builder.module, signature_, "llvm.prefetch.p0"
    )
    # For reading, into every level of the cache, as data.
    builder.call(function, [address, *(ir.Constant(INT32, n) for n in (0, 3, 1))])
    return context.get_dummy_value()


@lower_builtin(add, Lanes, Lanes)
def _(context, builder, signature, args):
    return builder.fadd(*args)


@lower_builtin(subtract, Lanes, Lanes)
def _(context, builder, signature, args):
    return builder.fsub(*args)


@lower_builtin(multiply_add, types.Float, Lanes, Lanes)
@lower_builtin(multiply_add, Lanes, Lanes, Lanes)
def _(context, builder, signature, args):
    factor, x, z = args
    if isinstance(signature.args[0], types.Float):
        factor = _spread(builder, factor, z.type)
    # Not `llvm.fma`, which is a slow function call where the machine has no such
    # instruction.
    kind = signature.return_type
    name = f"llvm.fmuladd.v{kind.n}f{kind.dtype.bitwidth}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(z.type, [z.type] * 3), name
    )
    return builder.call(function, [factor, x, z])


@lower_builtin(leak, Lanes, Lanes, types.Float)
def _(context, builder, signature, args):
    a, by, slope = args
    zero = ir.Constant(a.type, [0.0] * a.type.count)
    leaked = builder.fmul(a, _spread(builder, slope, a.type))
    return builder.select(builder.fcmp_ordered(">", by, zero), a, leaked)


def _folded(builder, vector):
    """Return the sums of the lower and the upper half."""
    n = vector.type.count // 2
    lower = _shuffle(builder, vector, vector, list(range(n)))
    upper = _shuffle(builder, vector, vector, list(range(n, 2 * n)))
    return builder.fadd(lower, upper)


def _joined(builder, a, b):
    return _shuffle(builder, a, b, list(range(2 * a.type.count)))


def _paired(builder, a, b):
    """Return the sums of neighbours, those of a first."""
    n = a.type.count
    even = _shuffle(builder, a, b, list(range(0, 2 * n, 2)))
    odd = _shuffle(builder, a, b, list(range(1, 2 * n, 2)))
    return builder.fadd(even, odd)


def _halved(builder, vectors, combine):
    """Combine vectors 0 and 1, 2 and 3, and so on."""
    pairs = zip(vectors[::2], vectors[1::2], strict=True)
    return [combine(builder, a, b) for a, b in pairs]


@lower_builtin(total, Lanes)
def _(context, builder, signature, args):
    vector = args[0]
    while vector.type.count > 1:
        vector = _folded(builder, vector)
    return builder.extract_element(vector, ir.Constant(INT32, 0))


@lower_builtin(totals, *[Lanes] * 8)
def _(context, builder, signature, args):
    # A tree over all of them together: a few instructions each, where one sum after the
    # other would take twice as many as it has levels.
    vectors, n = list(args), len(args)
    while vectors[0].type.count > n:
        vectors = [_folded(builder, vector) for vector in vectors]
    while vectors[0].type.count < n:
        vectors = _halved(builder, vectors, _joined)
    while len(vectors) > 1:
        vectors = _halved(builder, vectors, _paired)
    return vectors[0]


@lower_builtin(zeros, Lanes)
def _(context, builder, signature, args):
    return ir.Constant(args[0].type, [0.0] * args[0].type.count)


@lower_builtin(eight, Bare, types.Any)
def _(context, builder, signature, args):
    array = signature.args[0]
    first = _address(context, builder, signature, args, 8)
    values = [
        context.unpack_value(
            builder, array.dtype, builder.gep(first, [ir.Constant(INT32, n)])
        )
        for n in range(8)
    ]
    return context.make_tuple(builder, signature.return_type, values)


@lower_builtin(divide, Lanes, Lanes)
def _(context, builder, signature, args):
    return builder.fdiv(*args)


@lower_builtin(root, Lanes)
def _(context, builder, signature, args):
    kind = signature.return_type
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(args[0].type, [args[0].type]),
        f"llvm.sqrt.v{kind.n}f{kind.dtype.bitwidth}",
    )
    return builder.call(function, args)


@lower_builtin(shifted, Lanes, types.Float)
def _(context, builder, signature, args):
    return builder.fadd(args[0], _spread(builder, args[1], args[0].type))
