"""What every kernel must be, whatever it computes."""

import inspect
import types

import numba
import numpy as np
import pytest

from skset import kernels
from skset.kernels import (
    batches,
    column_losses,
    deltas,
    energies,
    memory,
    moments,
    patterns,
    products,
    ranges,
    replacement,
    scores,
    steps,
    sums,
    updates,
    whole_steps,
)
from skset.runtime import cache, jit

MODULES = [
    batches,
    column_losses,
    deltas,
    energies,
    moments,
    patterns,
    products,
    ranges,
    replacement,
    scores,
    steps,
    sums,
    updates,
    whole_steps,
]
PUBLIC = {
    name: value
    for name in kernels.__all__
    if callable(value := getattr(kernels, name)) and not inspect.isclass(value)
    if name != "aligned_empty"
}
ALL = {
    name: value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(function := getattr(value, "py_func", value), types.FunctionType)
    if function.__module__ == module.__name__
}
each = pytest.mark.parametrize("kernel", ALL.values(), ids=ALL)


def test_the_package_exports_all_public_names_of_its_modules():
    names = {name for module in [*MODULES, memory] for name in module.__all__}
    assert sorted(kernels.__all__) == sorted(names)
    assert set(PUBLIC) <= set(ALL)


@each
def test_it_is_compiled_with_the_right_flags(kernel):  # row 50
    if numba.config.DISABLE_JIT:
        assert isinstance(kernel, types.FunctionType)
        return
    assert isinstance(kernel, numba.core.registry.CPUDispatcher)
    options = kernel.targetoptions
    assert options["fastmath"] == {"nsz", "arcp", "contract", "afn", "reassoc"}
    assert options["nogil"] is True
    assert options["error_model"] == "numpy"
    assert not options.get("parallel", False)
    if not options.get("forceinline", False):  # those are cached in their callers
        assert isinstance(kernel._cache, cache.GuardedCache)


@each
def test_it_says_what_it_does(kernel):
    assert kernel.__doc__
    assert kernel.__doc__.strip().splitlines()[0].endswith((".", ","))


@each
def test_it_calls_parts_and_no_other_kernel(kernel):
    """A kernel is called by Python; what kernels share is compiled into them."""
    function = getattr(kernel, "py_func", kernel)
    known = (function.__globals__.get(name) for name in function.__code__.co_names)
    called = [other for other in known if any(other is one for one in ALL.values())]
    assert not [other for other in called if other in PUBLIC.values()]


def test_the_compiler_may_not_assume_that_no_nan_exists():
    @jit.kernel
    def count_nan(x):
        n = 0
        for k in range(x.size):
            if np.isnan(x[k]):
                n += 1
        return n

    assert count_nan(np.array([np.nan, 1, np.inf, np.nan])) == 2
