"""Networks of matrices that somebody else has made, right or wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from model.cases import assert_same_network, sparse_machine, sparse_network
from properties import profiles
from properties.cases import assert_mentions
from reference import assert_canonical
from scipy import sparse

from skset.model import ACTIVATIONS, RBM, Network
from skset.model.outputs import OUTPUTS

profiles.load("ci")

W = np.array([[0.0, 2.0], [-1.5, 0.0], [4.0, 3.0]])
BIAS = np.array([0.5, -1.0])
FORMATS = ["csr", "csc", "coo", "bsr", "lil", "dia", "dok"]
KINDS = ["array", "matrix"]


def in_format(name, kind="array", values=W):
    return getattr(sparse, f"{name}_{kind}")(values)


def one_layer(coef=W, bias=BIAS, **options):
    """Return a network of one layer, after a look at all that must hold of any."""
    network = Network.from_csr([coef], [bias], **options)
    assert_sound(network)
    return network


def assert_sound(network):
    for layer in network.layers:
        assert_canonical(layer.topology)
        assert layer.weights.shape == (layer.topology.nnz,)
        assert layer.bias.shape == (layer.topology.shape[1],)
        assert layer.weights.dtype == layer.bias.dtype == network.dtype
        for array in (layer.weights, layer.bias):
            assert array.flags.owndata
            assert not array.flags.writeable
            assert array.flags.c_contiguous
            assert np.isfinite(array).all()


def matrices(network):
    return [layer.to_csr().toarray() for layer in network.layers]


# What is right.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_sparse_format(name, kind):
    network = one_layer(in_format(name, kind))
    assert np.array_equal(matrices(network)[0], W)
    assert network.nnz == 4


def test_blocks_that_are_stored_are_connections():
    coef = sparse.bsr_array(np.diag([1.0, 2.0, 3.0, 4.0]), blocksize=(2, 2))
    assert one_layer(coef, np.zeros(4)).nnz == 8


@pytest.mark.parametrize(
    "coef",
    [
        *(W, np.asfortranarray(W), W.tolist(), W[::-1][::-1]),
        *(pd.DataFrame(W), pd.DataFrame(W).astype(pd.SparseDtype(float, 0.0))),
        *(W.astype(">f8"), W.astype(np.float16), W.astype(np.longdouble)),
    ],
    ids=lambda coef: f"{type(coef).__name__}-{getattr(coef, 'dtype', '')}",
)
def test_every_dense_form(coef):
    network = one_layer(coef)
    assert network.nnz == 4
    assert np.array_equal(matrices(network)[0], W)
    assert network.dtype == np.float64


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.int64])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_whole_numbers_and_booleans_are_real_numbers(dtype, form):
    values = np.array([[1, 0], [0, 1], [1, 1]], dtype)
    network = one_layer(form(values), np.array([1, 0], dtype))
    assert np.array_equal(matrices(network)[0], values)
    assert network.layers[0].bias.tolist() == [1, 0]


def test_values_that_are_stored_are_connections_though_they_are_0():
    parts = [0.0, 1.0, 0.0], [0, 1, 1], [0, 2, 2, 3]
    network = one_layer(sparse.csr_array(parts, shape=(3, 2)))
    assert network.layers[0].topology.positions().tolist() == [0, 1, 5]
    assert network.layers[0].weights.tolist() == [0, 1, 0]
    for name in ("csc", "coo", "lil", "dok"):
        other = one_layer(sparse.csr_array(parts, shape=(3, 2)).asformat(name))
        assert_same_network(other, network)


def test_negative_zeros_of_a_dense_matrix_are_no_connections():
    assert one_layer(np.full((3, 2), -0.0)).nnz == 0


@pytest.mark.parametrize("form", [np.asarray, *(f"{name}_array" for name in FORMATS)])
def test_a_network_without_connections(form):
    form = getattr(sparse, form) if isinstance(form, str) else form
    network = one_layer(form(np.zeros((3, 2))))
    assert network.nnz == 0
    assert network.n_units == [3, 2]


def test_one_unit_everywhere():
    network = Network.from_csr([[[2]], sparse.coo_array([[3.0]])], [[1], [-1.0]])
    assert_sound(network)
    assert network.n_units == [1, 1, 1]
    assert matrices(network) == [[[2]], [[3]]]


def test_unsorted_indices_are_sorted_and_the_given_matrix_stays_as_it_is():
    coef = sparse.csr_array(([1.0, 2.0, 3.0], [1, 0, 1], [0, 2, 3, 3]), shape=(3, 2))
    network = one_layer(coef)
    assert matrices(network)[0].tolist() == [[2, 1], [0, 3], [0, 0]]
    assert coef.indices.tolist() == [1, 0, 1]
    assert coef.data.tolist() == [1, 2, 3]


@pytest.mark.parametrize("sorted_before", [True, False])
def test_what_scipy_remembers_of_the_order_of_indices_is_not_believed(sorted_before):
    coef = sparse.csr_array(([1.0, 2.0, 3.0], [0, 1, 1], [0, 2, 3, 3]), shape=(3, 2))
    coef.has_sorted_indices = sorted_before
    coef.has_canonical_format = sorted_before
    coef.indices[:2] = [1, 0]
    assert matrices(one_layer(coef))[0].tolist() == [[2, 1], [0, 3], [0, 0]]


@pytest.mark.parametrize(
    "dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32, np.uint64]
)
def test_every_type_of_indices(dtype):
    coef = sparse.csr_array(W)
    coef.indices, coef.indptr = coef.indices.astype(dtype), coef.indptr.astype(dtype)
    assert np.array_equal(matrices(one_layer(coef))[0], W)


def test_two_types_of_indices():
    coef = sparse.csr_array(W)
    coef.indptr = coef.indptr.astype(np.int64)
    assert np.array_equal(matrices(one_layer(coef))[0], W)


@pytest.mark.parametrize("form", [np.array, sparse.csr_array, sparse.csc_array])
def test_nobody_can_write_into_a_network_through_what_it_was_made_of(form):
    coef, bias = form(W), BIAS.copy()
    network = one_layer(coef, bias)
    arrays = [coef] if form is np.array else [coef.data, coef.indices, coef.indptr]
    for array in [*arrays, bias]:
        array[:] = 0
    assert np.array_equal(matrices(network)[0], W)
    assert np.array_equal(network.layers[0].bias, BIAS)


@pytest.mark.parametrize(
    ("dtypes", "asked", "expected"),
    [
        (["f4", "f4"], None, "f4"),
        (["f4", "f8"], None, "f8"),
        (["i4", "i4"], None, "f8"),
        (["f8", "f8"], np.float32, "f4"),
        (["f4", "f4"], "float64", "f8"),
    ],
)
def test_the_dtype(dtypes, asked, expected):
    coefs = [W.astype(dtypes[0]), sparse.csr_array(W.T.astype(dtypes[1]))]
    network = Network.from_csr(coefs, [BIAS, np.zeros(3)], dtype=asked)
    assert_sound(network)
    assert network.dtype == np.dtype(expected)
    for made, coef in zip(matrices(network), coefs, strict=True):
        assert np.array_equal(made, coef if coef is coefs[0] else coef.toarray())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("units", [[6, 3], [6, 5, 3], [6, 5, 4, 3]])
def test_a_network_through_its_own_matrices_is_the_same_bit_for_bit(units, dtype):
    network = sparse_network(units, "leaky_relu", dtype=dtype)
    twin = Network.from_csr(
        [layer.to_csr() for layer in network.layers],
        [layer.bias for layer in network.layers],
        activation=network.activation,
        output=network.output,
        negative_slope=network.negative_slope,
    )
    assert_sound(twin)
    assert_same_network(twin, network)
    assert twin.dtype == network.dtype
    assert (twin.activation, twin.output, twin.negative_slope) == (
        *(network.activation, network.output, network.negative_slope),
    )


def test_a_machine_through_its_own_matrices_is_the_same_bit_for_bit():
    machine = sparse_machine(dtype="float32")
    layer = machine.layer
    twin = RBM.from_csr(layer.to_csr(), layer.bias, machine.visible_bias)
    assert_sound(twin)
    assert_same_network(twin, machine)
    assert np.array_equal(twin.visible_bias, machine.visible_bias)
    assert twin.visible_bias.dtype == np.float32
    assert not twin.visible_bias.flags.writeable
    assert not np.shares_memory(twin.visible_bias, machine.visible_bias)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_output(activation, output):
    two = [W, W.T], [BIAS, np.zeros(3)]
    network = Network.from_csr(*two, activation=activation, output=output)
    assert (network.activation, network.output) == (activation, output)
    listed = Network.from_csr(*two, activation=[activation], output=output)
    assert listed.activation == (activation,)
    assert listed.hidden == network.hidden


# What is wrong.


def changed(name, **attributes):
    """Return W in a sparse format, with attributes that make no sense."""
    coef = in_format(name)
    for attribute, value in attributes.items():
        setattr(coef, attribute, value)
    return coef


def with_row(row, values):
    coef = sparse.lil_array(W)
    coef.rows[1], coef.data[1] = row, values
    return coef


def with_key(key, value=1.0):
    coef = sparse.dok_array(W)
    coef._dict[key] = value
    return coef


INDICES = "coefs.0. has invalid"
WRONG_INDICES = {
    "beyond the outputs": changed("csr", indices=np.array([1, 0, 0, 2])),
    "negative": changed("csr", indices=np.array([1, 0, 0, -1])),
    "repeated": changed("csr", indices=np.array([1, 0, 1, 1])),
    "repeated in csc": changed("csc", indices=np.array([1, 1, 0, 2])),
    "fractions": changed("csr", indices=np.array([1, 0, 0, 1.0])),
    "objects": changed("csr", indices=np.array([1, 0, 0, None])),
    "letters": changed("csr", indices=np.array(list("abcd"))),
    "booleans": changed("csr", indices=np.array([True, False, False, True])),
    "too great for any": changed("csr", indices=np.full(4, 2**63, np.uint64)),
    "of two dimensions": changed("csr", indices=np.zeros((4, 1), int)),
    "pointers that fall": changed("csr", indptr=np.array([0, 2, 1, 4])),
    "pointers from 1": changed("csr", indptr=np.array([1, 1, 2, 4])),
    "pointers below 0": changed("csr", indptr=np.array([-1, 1, 2, 4])),
    "pointers beyond": changed("csr", indptr=np.array([0, 1, 2, 9])),
    "too few pointers": changed("csr", indptr=np.array([0, 1, 4])),
    "no pointers": changed("csr", indptr=np.array([], int)),
    "pointers that are fractions": changed("csr", indptr=np.array([0, 1, 2, 4.0])),
    "more values": changed("csr", data=np.ones(5)),
    "fewer values": changed("csr", data=np.ones(3)),
    "coo beyond": changed("coo", coords=(np.array([0, 1, 2, 3]), np.zeros(4, int))),
    "coo negative": changed("coo", coords=(np.array([0, 1, 2, -1]), np.zeros(4, int))),
    "coo repeated": changed("coo", coords=(np.array([0, 1, 2, 2]), np.zeros(4, int))),
    "coo fractions": changed("coo", coords=(np.arange(4.0), np.zeros(4))),
    "coo of one side": changed("coo", coords=(np.zeros(4, int),)),
    "bsr beyond": changed("bsr", indices=np.array([5])),
    "bsr without size": changed("bsr", data=np.ones((1, 0, 0))),
    "bsr with other blocks": changed("bsr", data=np.ones((1, 3, 3))),
    "lil beyond": with_row([2], [1.0]),
    "lil negative": with_row([-1], [1.0]),
    "lil repeated": with_row([0, 0], [1.0, 2.0]),
    "lil fractions": with_row([0.5], [1.0]),
    "lil letters": with_row(["a"], [1.0]),
    "lil with letters as values": with_row([0], ["a"]),
    "lil without a row": with_row(None, None),
    "lil with more values": with_row([0], [1.0, 2.0]),
    "dok beyond": with_key((7, 0)),
    "dok negative": with_key((-1, 0)),
    "dok letters": with_key("a"),
    "dok with letters as values": with_key((0, 0), "a"),
    "dia fractions": changed("dia", offsets=np.array([-2.0, -1, 0, 1])),
    "dia repeated": changed("dia", offsets=np.array([-1, -1, 0, 1])),
}


@pytest.mark.parametrize("coef", WRONG_INDICES.values(), ids=WRONG_INDICES)
def test_indices_that_cannot_be_followed(coef):
    with pytest.raises(ValueError, match=INDICES):
        Network.from_csr([coef], [BIAS])


@pytest.mark.parametrize(
    ("coef", "bias", "error", "message"),
    [
        (np.zeros(3), BIAS, ValueError, r"coefs\[0\] must have two dimensions"),
        (np.zeros((3, 2, 1)), BIAS, ValueError, "coefs.0. must have two dim"),
        (sparse.coo_array(np.ones(3)), BIAS, ValueError, "coefs.0. must have two"),
        (sparse.coo_array(np.ones((3, 2, 1))), BIAS, ValueError, "coefs.0. must have"),
        (np.zeros((0, 2)), BIAS, ValueError, "of one unit at least"),
        (np.zeros((3, 0)), [], ValueError, "of one unit at least"),
        (sparse.csr_array((3, 0)), [], ValueError, "of one unit at least"),
        (sparse.csr_array((0, 2)), BIAS, ValueError, "of one unit at least"),
        ([[1, 2], [3]], BIAS, ValueError, "coefs.0. must be an array"),
        (None, BIAS, ValueError, "coefs.0. must have two dimensions"),
        ("abc", BIAS, ValueError, "coefs.0. must have two dimensions"),
        (W.astype(complex), BIAS, TypeError, "coefs.0. must hold real numbers"),
        (sparse.csr_array(W * 1j), BIAS, TypeError, "coefs.0. must hold real"),
        (W.astype(object), BIAS, TypeError, "coefs.0. must hold real numbers"),
        (W.astype(str), BIAS, TypeError, "coefs.0. must hold real numbers"),
        (W.astype("M8[s]"), BIAS, TypeError, "coefs.0. must hold real numbers"),
        (np.where(W, np.nan, 0), BIAS, ValueError, "coefs.0. has values that are not"),
        (np.where(W, np.inf, 0), BIAS, ValueError, "coefs.0. has values that are not"),
        (sparse.csr_array(W * np.nan), BIAS, ValueError, "coefs.0. has values"),
        (W, [1.0], ValueError, r"intercepts\[0\] must have shape \(2,\), got \(1,\)"),
        (W, [[1.0, 2.0]], ValueError, "intercepts.0. must have shape"),
        (W, 1.0, ValueError, "intercepts.0. must have shape"),
        (W, [[1], [1, 2]], ValueError, "intercepts.0. must be an array"),
        (W, [np.nan, 0], ValueError, "intercepts.0. has values that are not finite"),
        (W, [-np.inf, 0], ValueError, "intercepts.0. has values that are not finite"),
        (W, ["1", "2"], TypeError, "intercepts.0. must hold real numbers"),
        (W, [1j, 0], TypeError, "intercepts.0. must hold real numbers"),
        (W, [None, 0], TypeError, "intercepts.0. must hold real numbers"),
        (W, sparse.csr_array([[1.0, 2.0]]), TypeError, "intercepts.0. must hold real"),
    ],
)
def test_matrices_and_biases_that_no_layer_can_have(coef, bias, error, message):
    with pytest.raises(error, match=message):
        Network.from_csr([coef], [bias])


@pytest.mark.parametrize("value", [1e39, -1e300, np.longdouble("1e400")])
def test_values_that_overflow_in_the_dtype(value):
    dtype = "float64" if abs(value) > 1e308 else "float32"
    with pytest.raises(ValueError, match=f"coefs.0. has values.*finite in {dtype}"):
        Network.from_csr([W * value], [BIAS], dtype=dtype)
    with pytest.raises(ValueError, match=f"intercepts.0. has values.* in {dtype}"):
        Network.from_csr([W], [BIAS * value * 2], dtype=dtype)


@pytest.mark.parametrize(
    ("coefs", "intercepts", "error", "message"),
    [
        ([], [], ValueError, "as many coefs as intercepts"),
        ([W], [], ValueError, "as many coefs as intercepts"),
        ([W, W.T], [BIAS], ValueError, "got 2 coefs and 1 intercepts"),
        (sparse.csr_array(W), [BIAS], ValueError, "as many coefs as intercepts"),
        ([W, W], [BIAS, BIAS], ValueError, r"coefs\[0\] has 2 outputs, coefs\[1\] has"),
        (None, [BIAS], TypeError, "coefs must be a sequence"),
        ([W], 0.5, TypeError, "intercepts must be a sequence"),
        ([W, W.T], [BIAS, np.zeros(2)], ValueError, r"intercepts\[1\] must have shape"),
    ],
)
def test_matrices_that_are_no_network(coefs, intercepts, error, message):
    with pytest.raises(error, match=message):
        Network.from_csr(coefs, intercepts)


@pytest.mark.parametrize(
    "options",
    [
        *({"activation": bad} for bad in ("sigmoid", None, 3, ["relu"] * 3, [None])),
        *({"output": bad} for bad in ("sigmoid", None, ["softmax"], 0)),
        *(
            {"negative_slope": bad}
            for bad in (-0.1, np.nan, np.inf, "a", 1j, np.ones(2))
        ),
        *({"dtype": bad} for bad in ("float16", int, "nonsense", {}, complex)),
    ],
    ids=str,
)
@pytest.mark.parametrize("n_layers", [1, 2])
def test_options_that_no_network_can_have(options, n_layers):
    (name,) = options
    with pytest.raises(ValueError, match=name):
        Network.from_csr([W, W.T][:n_layers], [BIAS, np.zeros(3)][:n_layers], **options)


@pytest.mark.parametrize("shape", [(2**40, 2**40), (1, 2**40), (3, 2**31)])
@pytest.mark.parametrize("name", ["coo", "dok"])
def test_absurd_sizes_are_refused_before_anything_is_made(shape, name):
    with pytest.raises(ValueError, match=r"intercepts.0. must have shape"):
        Network.from_csr([getattr(sparse, f"{name}_array")(shape)], [BIAS])


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ((W[0], BIAS, np.zeros(3)), ValueError, "weights must have two dimensions"),
        ((W * np.nan, BIAS, np.zeros(3)), ValueError, "weights has values"),
        ((W.astype(str), BIAS, np.zeros(3)), TypeError, "weights must hold real"),
        ((WRONG_INDICES["negative"], BIAS, np.zeros(3)), ValueError, "weights has inv"),
        ((W, np.zeros(3), np.zeros(3)), ValueError, "hidden_bias must have shape"),
        ((W, BIAS, BIAS), ValueError, r"visible_bias must have shape \(3,\)"),
        ((W, BIAS, [0, np.nan, 0]), ValueError, "visible_bias has values"),
        ((W, None, np.zeros(3)), TypeError, "hidden_bias must hold real numbers"),
    ],
)
def test_machines_that_cannot_be(parts, error, message):
    with pytest.raises(error, match=message):
        RBM.from_csr(*parts)


# Whatever it is.

NUMBERS = st.sampled_from([0.0, -0.0, 1.5, -2.0, 1e-300, 1e39, np.inf, np.nan])
INDEX = st.integers(-2, 5)
DTYPES = st.sampled_from(["i1", "i4", "i8", "u4", "u8", "f8", "O"])


@st.composite
def compressed(draw):
    """Return a compressed matrix of arrays that may or may not fit together."""
    n_in, n_out = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    counts = draw(st.lists(st.integers(0, 2), min_size=n_in, max_size=n_in))
    indptr = np.cumsum([0, *counts])
    nnz = int(indptr[-1])
    inside = st.integers(0, max(n_out - 1, 0))
    any_index = st.one_of(inside, inside, inside, INDEX)
    indices = draw(st.lists(any_index, min_size=nnz, max_size=nnz))
    values = draw(st.lists(NUMBERS, min_size=nnz, max_size=nnz))
    coef = sparse.csr_array((n_in, n_out))
    if draw(st.booleans()) and nnz:
        indptr[draw(st.integers(0, n_in))] += draw(st.integers(-2, 2))
    dtype = draw(DTYPES)
    coef.indptr = indptr.astype(draw(DTYPES) if draw(st.booleans()) else "i8")
    coef.indices = np.array(indices, "i8").astype(dtype)
    coef.data = np.array(values)[: nnz - draw(st.integers(0, 1))]
    return coef


@st.composite
def dense(draw):
    """Return an array of some shape and type, as it is or in a sparse format."""
    shape = draw(st.sampled_from([(3, 2), (1, 1), (2, 2), (3,), (0, 2), (2, 2, 1)]))
    size = int(np.prod(shape))
    values = np.array(draw(st.lists(NUMBERS, min_size=size, max_size=size)))
    with np.errstate(all="ignore"):
        values = values.reshape(shape).astype(draw(st.sampled_from(["f4", "f8", "O"])))
    name = draw(st.sampled_from(["dense", *FORMATS]))
    if name == "dense" or values.ndim != 2 or values.dtype == object:
        return values
    return in_format(name, draw(st.sampled_from(KINDS)), values)


@given(
    coef=st.one_of(compressed(), dense()),
    bias=st.one_of(st.lists(NUMBERS, max_size=3), st.none(), st.text(max_size=2)),
    fits=st.booleans(),
    dtype=st.sampled_from([None, "float32", "float64"]),
)
@example(coef=W, bias=[], fits=True, dtype=None)
def test_a_sound_network_or_an_error_that_names_the_argument(coef, bias, fits, dtype):
    if fits and len(coef.shape) == 2:
        bias = np.zeros(coef.shape[1])
    try:
        network = Network.from_csr([coef], [bias], dtype=dtype)
    except (TypeError, ValueError) as error:
        assert_mentions(error, r"(coefs|intercepts)\[0\]")
        return
    assert_sound(network)
    expected = coef.toarray() if sparse.issparse(coef) else coef
    assert np.array_equal(matrices(network)[0], expected.astype(network.dtype))
    assert np.array_equal(network.layers[0].bias, np.asarray(bias, network.dtype))
