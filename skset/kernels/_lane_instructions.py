"""LLVM instructions of the operations in `lanes.py`.

A function here has the name of its operation. It gets the compiler's context, the
builder of instructions, the types of the arguments and of the result, and the values.
"""

from llvmlite import ir
from numba.core import cgutils
from numba.core.types import (
    Any,
    Array,
    Float,
    Integer,
    boolean,
    int32,
    intp,
    uint16,
)
from numba.extending import lower_builtin as instruction
from numba.np.arrayobj import make_array

from skset.kernels import lanes
from skset.kernels.lanes import ELEMENTS, Bare, Lanes

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
    """Return a pointer to an element; checked to have `reach` elements behind it.

    The first argument is the array. The next ones are its indices, one for each axis.
    Nothing is checked unless numba checks bounds.
    """
    kind = signature.args[0]
    array = cgutils.create_struct_proxy(kind)(context, builder, args[0])
    indices = [
        context.cast(builder, args[n], signature.args[n], intp)
        for n in range(1, kind.ndim + 1)
    ]
    if context.enable_boundscheck:
        last = builder.add(indices[-1], context.get_constant(intp, reach - 1))
        cgutils.do_boundscheck(context, builder, indices[0], array.n_rows)
        cgutils.do_boundscheck(context, builder, indices[-1], array.width)
        cgutils.do_boundscheck(context, builder, last, array.width)
    if kind.ndim == 1:
        return builder.gep(array.data, indices)
    start = builder.mul(indices[0], array.stride)
    return builder.gep(array.data, [builder.add(start, indices[1])])


@instruction(lanes.bare, Array)
def bare(context, builder, signature, args):
    array = make_array(signature.args[0])(context, builder, args[0])
    shape = cgutils.unpack_tuple(builder, array.shape)
    result = cgutils.create_struct_proxy(signature.return_type)(context, builder)
    result.data = array.data
    result.stride = result.width = shape[-1]
    result.n_rows = shape[0]
    return result._getvalue()


@instruction(lanes.width, Bare)
def width(context, builder, signature, args):
    kind = signature.args[0]
    return cgutils.create_struct_proxy(kind)(context, builder, args[0]).width


@instruction(lanes.n_rows, Bare)
def n_rows(context, builder, signature, args):
    kind = signature.args[0]
    return cgutils.create_struct_proxy(kind)(context, builder, args[0]).n_rows


@instruction(lanes.has_halves, Bare)
def has_halves(context, builder, signature, args):
    return context.get_constant(boolean, signature.args[0].dtype == uint16)


@instruction(lanes.n_lanes, Lanes)
def n_lanes(context, builder, signature, args):
    return context.get_constant(intp, signature.args[0].n)


@instruction(lanes.panel, Float)
def panel(context, builder, signature, args):
    return _spread(builder, args[0], context.get_value_type(signature.return_type))


@instruction(lanes.full, Any, Float)
@instruction(lanes.full, Any, Integer)
def full(context, builder, signature, args):
    return _spread(builder, args[1], context.get_value_type(signature.return_type))


def _read(context, builder, address, stored, kind):
    """Return the numbers at an address, stored as such a type, as lanes of a kind."""
    vector = ir.VectorType(ELEMENTS[stored], kind.n)
    value = builder.load(builder.bitcast(address, vector.as_pointer()))
    value.align = stored.bitwidth // 8
    if stored == kind.dtype:
        return value
    bits = ir.VectorType(INT32, kind.n)
    upper = builder.shl(builder.zext(value, bits), ir.Constant(bits, [16] * kind.n))
    single = builder.bitcast(upper, ir.VectorType(ir.FloatType(), kind.n))
    wanted = context.get_value_type(kind)
    return single if single.type == wanted else builder.fpext(single, wanted)


def _halved(builder, value):
    """Return numbers as halves, see `halves.halved`."""
    bits = ir.VectorType(INT32, value.type.count)
    half = ir.VectorType(ir.IntType(16), bits.count)
    same = [ir.Constant(bits, [n] * bits.count) for n in (16, 1, 0x7FFF)]
    if value.type.element != ir.FloatType():
        value = builder.fptrunc(value, ir.VectorType(ir.FloatType(), bits.count))
    value = builder.bitcast(value, bits)
    odd = builder.and_(builder.lshr(value, same[0]), same[1])
    value = builder.add(value, builder.add(odd, same[2]))
    return builder.trunc(builder.lshr(value, same[0]), half)


@instruction(lanes.load, Bare, Any, Any, Lanes)
@instruction(lanes.at, Bare, Any, Lanes)
def load(context, builder, signature, args):
    kind, stored = signature.return_type, signature.args[0].dtype
    address = _address(context, builder, signature, args, kind.n)
    return _read(context, builder, address, stored, kind)


@instruction(lanes.item, Bare, Any)
@instruction(lanes.cell, Bare, Any, Any)
def item(context, builder, signature, args):
    address = _address(context, builder, signature, args, 1)
    return context.unpack_value(builder, signature.args[0].dtype, address)


@instruction(lanes.store, Bare, Any, Any, Lanes)
@instruction(lanes.put, Bare, Any, Lanes)
def store(context, builder, signature, args):
    kind, stored = signature.args[-1], signature.args[0].dtype
    address = _address(context, builder, signature, args, kind.n)
    value = args[-1] if stored == kind.dtype else _halved(builder, args[-1])
    place = builder.bitcast(address, value.type.as_pointer())
    builder.store(value, place, align=stored.bitwidth // 8)
    return context.get_dummy_value()


@instruction(lanes.prefetch, Bare, Any, Any, Lanes)
def prefetch(context, builder, signature, args):
    kind = signature.args[3]
    address = _address(context, builder, signature, args, kind.n)
    signature_ = ir.FunctionType(ir.VoidType(), [BYTES, INT32, INT32, INT32])
    function = cgutils.get_or_insert_function(
        builder.module, signature_, "llvm.prefetch.p0"
    )
    per_line = 64 // (signature.args[0].dtype.bitwidth // 8)
    for first in range(0, kind.n, per_line):
        line = builder.gep(address, [ir.Constant(INT32, first)])
        # For reading, into every level of the cache, as data.
        how = (ir.Constant(INT32, n) for n in (0, 3, 1))
        builder.call(function, [builder.bitcast(line, BYTES), *how])
    return context.get_dummy_value()


@instruction(lanes.converted, Lanes, Lanes)
def converted(context, builder, signature, args):
    given, wanted = (kind.dtype.bitwidth for kind in signature.args)
    cast = builder.fptrunc if given > wanted else builder.fpext
    return cast(args[0], context.get_value_type(signature.return_type))


@instruction(lanes.transposed, *[Lanes] * 8)
def transposed(context, builder, signature, args):
    vectors = list(args)
    for d in (4, 2, 1):  # swap the blocks of d x d beside the diagonal
        low = [p + 8 - d if p & d else p for p in range(8)]
        high = [p + 8 if p & d else p + d for p in range(8)]
        for n in (n for n in range(8) if not n & d):
            a, b = vectors[n], vectors[n + d]
            vectors[n] = _shuffle(builder, a, b, low)
            vectors[n + d] = _shuffle(builder, a, b, high)
    return context.make_tuple(builder, signature.return_type, vectors)


def _multiplied_add(builder, a, b, c):
    # Not `llvm.fma`: it is a slow function call if the machine has no such
    # instruction.
    bits = 32 if c.type.element == ir.FloatType() else 64
    name = f"llvm.fmuladd.v{c.type.count}f{bits}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(c.type, [c.type] * 3), name
    )
    return builder.call(function, [a, b, c])


@instruction(lanes.add, Lanes, Lanes)
def add(context, builder, signature, args):
    return builder.fadd(*args)


@instruction(lanes.subtract, Lanes, Lanes)
def subtract(context, builder, signature, args):
    return builder.fsub(*args)


@instruction(lanes.multiply, Lanes, Lanes)
def multiply(context, builder, signature, args):
    return builder.fmul(*args)


@instruction(lanes.multiply_add, Float, Lanes, Lanes)
@instruction(lanes.multiply_add, Lanes, Lanes, Lanes)
def multiply_add(context, builder, signature, args):
    factor, x, z = args
    if isinstance(signature.args[0], Float):
        factor = _spread(builder, factor, z.type)
    return _multiplied_add(builder, factor, x, z)


@instruction(lanes.behind, Lanes, Integer)
def behind(context, builder, signature, args):
    a, n = args[0], context.cast(builder, args[1], signature.args[1], int32)
    places = ir.VectorType(INT32, a.type.count)
    numbers = ir.Constant(places, list(range(a.type.count)))
    kept = builder.icmp_signed(">=", numbers, _spread(builder, n, places))
    return builder.select(kept, a, ir.Constant(a.type, [0.0] * a.type.count))


@instruction(lanes.leak, Lanes, Lanes, Float)
def leak(context, builder, signature, args):
    a, by, slope = args
    zero = ir.Constant(a.type, [0.0] * a.type.count)
    leaked = builder.fmul(a, _spread(builder, slope, a.type))
    return builder.select(builder.fcmp_ordered(">", by, zero), a, leaked)


@instruction(lanes.zeros, Lanes)
def zeros(context, builder, signature, args):
    return ir.Constant(args[0].type, [0.0] * args[0].type.count)


@instruction(lanes.eight, Bare, Any)
def eight(context, builder, signature, args):
    array = signature.args[0]
    first = _address(context, builder, signature, args, 8)
    values = [
        context.unpack_value(
            builder, array.dtype, builder.gep(first, [ir.Constant(INT32, n)])
        )
        for n in range(8)
    ]
    return context.make_tuple(builder, signature.return_type, values)


@instruction(lanes.divide, Lanes, Lanes)
def divide(context, builder, signature, args):
    return builder.fdiv(*args)


@instruction(lanes.root, Lanes)
def root(context, builder, signature, args):
    kind = signature.return_type
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(args[0].type, [args[0].type]),
        f"llvm.sqrt.v{kind.n}f{kind.dtype.bitwidth}",
    )
    return builder.call(function, args)


@instruction(lanes.shifted, Lanes, Float)
def shifted(context, builder, signature, args):
    return builder.fadd(args[0], _spread(builder, args[1], args[0].type))
