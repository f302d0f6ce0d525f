from itertools import combinations

import numpy as np
import pytest

from skset.kernels import aligned_empty
from skset.kernels.memory import CACHE_LINE
from skset.model import Signals
from skset.training.workspace import Workspace

N_UNITS = [5, 7, 6, 3]
HIDDEN = N_UNITS[1:-1]
LISTS = "Z", "H", "A", "D"

kinds = pytest.mark.parametrize("dropout", [0.0, 0.4])
placed = pytest.mark.parametrize(
    "needs_sums", [[False, False], [True, True], [True, False], [False, True]], ids=str
)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def shapes(arrays):
    return [array.shape for array in arrays]


def same(a, b):
    """Return whether two arrays are one memory."""
    return a.shape == b.shape and a.ctypes.data == b.ctypes.data


def named(work):
    """Return all arrays, each by the name of its list and its place there."""
    lists = {name: getattr(work, name) for name in (*LISTS, "masks")}
    return {
        (name, depth): array
        for name, arrays in lists.items()
        for depth, array in enumerate(arrays or [])
    }


def aliases(needs_sums, dropout):
    """Return which arrays are one, as the Workspace documents it."""
    pairs = {frozenset({("D", len(HIDDEN)), ("Z", len(HIDDEN))})}
    for depth in range(len(HIDDEN)):
        one = {("H", depth)}
        if not needs_sums[depth]:
            one.add(("Z", depth))
        if not dropout:
            one.add(("A", depth + 1))
        pairs |= {frozenset(pair) for pair in combinations(one, 2)}
    return pairs


def assert_right(work, width, dtype, needs_sums, dropout):
    """Hold shapes, dtype, order and memory of a workspace."""
    assert work.width == width
    of_layers = [(n, width) for n in N_UNITS]
    assert shapes(work.A) == of_layers[:-1]
    assert shapes(work.Z) == shapes(work.D) == of_layers[1:]
    assert shapes(work.H) == of_layers[1:-1]
    if dropout:
        assert shapes(work.masks) == of_layers[1:-1]
    else:
        assert work.masks is None
    arrays, one = named(work), aliases(needs_sums, dropout)
    for array in arrays.values():
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.ctypes.data % CACHE_LINE == 0
    for (a, first), (b, second) in combinations(arrays.items(), 2):
        if frozenset({a, b}) in one:
            assert same(first, second), (a, b)
        else:
            assert not np.shares_memory(first, second), (a, b)


# Memory


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", bool])
@pytest.mark.parametrize(
    "shape", [1, 3, 17, 1000, (3, 5), (1, 1), (7, 33), (2, 3, 4), (), (129, 257)]
)
def test_an_array_begins_with_a_cache_line(shape, dtype):
    kept = [aligned_empty(shape, dtype) for _ in range(5)]  # wherever they may lie
    for array in kept:
        assert array.shape == np.empty(shape).shape
        assert array.dtype == dtype
        assert array.ctypes.data % CACHE_LINE == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.flags.aligned
        array[...] = 1
    for one, other in combinations(kept, 2):
        assert not np.shares_memory(one, other)
    assert all((array == 1).all() for array in kept)


@pytest.mark.parametrize("shape", [0, (0, 5), (5, 0), (0, 0)])
def test_an_array_without_numbers_has_its_shape(shape):
    array = aligned_empty(shape, "float32")
    assert array.shape == np.empty(shape).shape
    assert array.dtype == "float32"
    assert array.size == 0


# Workspaces


@dtypes
@placed
@kinds
@pytest.mark.parametrize("width", [1, 4, 33])
def test_arrays_have_their_shapes_and_only_documented_ones_are_one(
    width, dtype, needs_sums, dropout
):
    work = Workspace(N_UNITS, width, np.dtype(dtype), needs_sums, dropout)
    assert_right(work, width, dtype, needs_sums, dropout)


@dtypes
@placed
@kinds
@pytest.mark.parametrize("width", [1, 3, 32])
def test_a_narrower_workspace_lies_in_the_wider_one(width, dtype, needs_sums, dropout):
    kind = np.dtype(dtype), needs_sums, dropout
    wider = Workspace(N_UNITS, 33, *kind)
    work = Workspace(N_UNITS, width, *kind, wider=wider)
    assert_right(work, width, *kind)
    assert_right(wider, 33, *kind)
    wide, narrow = named(wider), named(work)
    assert wide.keys() == narrow.keys()
    for name, array in narrow.items():
        assert array.ctypes.data == wide[name].ctypes.data
        assert np.shares_memory(array, wide[name])


def test_a_still_narrower_one_lies_in_a_narrower_one():
    kind = np.dtype("float32"), [True, True], 0.5
    wider = Workspace(N_UNITS, 33, *kind)
    middle = Workspace(N_UNITS, 8, *kind, wider=wider)
    work = Workspace(N_UNITS, 2, *kind, wider=middle)
    assert_right(work, 2, *kind)
    again = Workspace(N_UNITS, 33, *kind, wider=work)  # all the memory is still there
    assert_right(again, 33, *kind)


def test_two_workspaces_share_nothing_unless_told():
    kind = np.dtype("float32"), [False, False]
    one, other = Workspace(N_UNITS, 4, *kind), Workspace(N_UNITS, 3, *kind)
    for a in named(one).values():
        assert not any(np.shares_memory(a, b) for b in named(other).values())


@kinds
def test_a_network_without_hidden_layers(dropout):
    work = Workspace([4, 2], 3, np.dtype("float32"), [], dropout)
    assert shapes(work.A) == [(4, 3)]
    assert shapes(work.Z) == shapes(work.D) == [(2, 3)]
    assert work.H == []
    assert not work.masks
    assert same(work.D[0], work.Z[0])
    assert not np.shares_memory(work.A[0], work.Z[0])


@placed
@kinds
@pytest.mark.parametrize("width", [3, 4])
def test_signals_are_what_each_layer_computed(width, needs_sums, dropout):
    work = Workspace(N_UNITS, 4, np.dtype("float32"), needs_sums, dropout)
    last = len(N_UNITS) - 2
    for layer in range(last + 1):
        signals = work.signals(layer, width)
        assert isinstance(signals, Signals)
        outputs = work.Z[-1] if layer == last else work.H[layer]
        for shown, own in (
            (signals.inputs, work.A[layer]),
            (signals.outputs, outputs),
            (signals.deltas, work.D[layer]),
        ):
            assert shown.ctypes.data == own.ctypes.data
            assert own.flags.writeable
            assert not shown.flags.writeable
        assert signals.inputs.shape == (N_UNITS[layer], width)
        assert signals.outputs.shape == (N_UNITS[layer + 1], width)
        assert signals.deltas.shape == (N_UNITS[layer + 1], width)
