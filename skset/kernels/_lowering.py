"""The instructions that the functions of `_lanes.py` become."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin
from numba.np.arrayobj import make_array

from skset.kernels._lanes import (
    Bare,
    Lanes,
    add,
    at,
    bare,
    cell,
    divide,
    eight,
    item,
    lanes,
    leak,
    load,
    lowest_bit,
    multiply_add,
    multiply_add_pairs,
    n_rows,
    prefetch,
    put,
    reaching,
    root,
    shifted,
    store,
    subtract,
    total,
    totals,
    width,
    zeros,
)

INT32, INT64, BYTES = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()


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
@lower_builtin(lanes, types.Any, types.Integer)
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
@lower_builtin(cell, Bare, types.Any, types.Any)
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


@lower_builtin(multiply_add_pairs, types.Integer, Lanes, Lanes)
def _(context, builder, signature, args):
    pair, x, z = args
    pairs = builder.bitcast(_spread(builder, pair, z.type), x.type)
    wide = ir.VectorType(INT32, x.type.count)
    products = builder.mul(builder.sext(pairs, wide), builder.sext(x, wide))
    # The compiler knows it by this form, and any x86-64 processor has instructions for
    # it (pmaddwd, newer ones vpdpwssd): twice as many products as in those for floats.
    even = _shuffle(builder, products, products, list(range(0, x.type.count, 2)))
    odd = _shuffle(builder, products, products, list(range(1, x.type.count, 2)))
    return builder.add(z, builder.add(even, odd))


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


@lower_builtin(reaching, *[Lanes] * 4, types.Integer)
def _(context, builder, signature, args):
    *vectors, bound = args
    vector, n_lanes = vectors[0].type, vectors[0].type.count
    flag = ir.IntType(1)
    absolute = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(vector, [vector, flag]),
        f"llvm.abs.v{n_lanes}i32",
    )
    bounds, bits = _spread(builder, bound, vector), ir.Constant(INT64, 0)
    for n, values in enumerate(vectors):
        values = builder.call(absolute, [values, ir.Constant(flag, 0)])
        reached = builder.icmp_signed(">=", values, bounds)
        mask = builder.zext(builder.bitcast(reached, ir.IntType(n_lanes)), INT64)
        bits = builder.or_(bits, builder.shl(mask, ir.Constant(INT64, n * n_lanes)))
    return bits


@lower_builtin(lowest_bit, types.Integer)
def _(context, builder, signature, args):
    return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))


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
