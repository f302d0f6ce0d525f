"""LLVM instructions of the operations in `lane_bits.py`.

As in `_lane_instructions.py`, a function has the name of its operation.
"""

from llvmlite import ir
from numba.core import cgutils
from numba.core.types import Integer
from numba.extending import lower_builtin as instruction

from skset.kernels import lane_bits
from skset.kernels._lane_instructions import INT32, INT64, _shuffle, _spread
from skset.kernels.lanes import Lanes


@instruction(lane_bits.multiply_add_pairs, Integer, Lanes, Lanes)
def multiply_add_pairs(context, builder, signature, args):
    pair, x, z = args
    pairs = builder.bitcast(_spread(builder, pair, z.type), x.type)
    wide = ir.VectorType(INT32, x.type.count)
    products = builder.mul(builder.sext(pairs, wide), builder.sext(x, wide))
    # The compiler recognises this form. Any x86-64 processor has an instruction for it
    # (pmaddwd, newer ones vpdpwssd), with twice as many products as one for floats.
    even = _shuffle(builder, products, products, list(range(0, x.type.count, 2)))
    odd = _shuffle(builder, products, products, list(range(1, x.type.count, 2)))
    return builder.add(z, builder.add(even, odd))


@instruction(lane_bits.reaching, *[Lanes] * 4, Integer)
def reaching(context, builder, signature, args):
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


@instruction(lane_bits.lowest_bit, Integer)
def lowest_bit(context, builder, signature, args):
    return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))
