"""How weights are stored: in files, and in the runtime."""

import numpy as np
import pytest
from scipy import sparse
from with_onnx.runs import X, assert_same_numbers, classifier, outputs

from skset import SETRegressor, SparseRBM
from skset.model import RBM, Network
from skset.onnx import to_onnx

rng = np.random.default_rng(0)


def size(model):
    return len(model.SerializeToString())


def wide(n=400, fan_in=4, hub=0):
    """Return a regressor with one hidden layer of n to n units.

    A unit gets so many inputs more, if `hub` is not 0.
    """
    rows = rng.integers(0, n, n * fan_in)
    W = sparse.coo_array(
        (rng.normal(size=rows.size), (rows, np.repeat(np.arange(n), fan_in))), (n, n)
    ).tolil()
    W[:hub, 0] = 1.0
    first = np.eye(7, n)
    last = rng.normal(size=(n, 2))
    network = Network.from_csr(
        [first, W.tocsr(), last],
        [np.zeros(n), np.ones(n), np.zeros(2)],
        activation="tanh",
        output="identity",
        dtype=np.float32,
    )
    return SETRegressor.from_network(network)


def operators(model):
    return [node.op_type for node in model.graph.node]


def test_sizes_of_files():
    model = wide()
    dense, thin = size(to_onnx(model, sparse=False)), size(to_onnx(model, sparse=True))
    auto, gathered = size(to_onnx(model)), size(to_onnx(model, sparse="gather"))
    assert dense > 4 * 400 * 400
    assert thin < 12 * model.nnz_ + 8000
    assert auto <= min(dense, thin)  # the last layer is dense
    assert gathered < dense / 8


@pytest.mark.parametrize("storage", ["auto", True, False, "gather"])
def test_answers_are_those_of_the_estimator(storage):
    model = wide()
    found = outputs(to_onnx(model, sparse=storage))
    assert_same_numbers(found, model.predict(X))


def test_only_layers_that_gain_are_gathered():
    model = to_onnx(wide(), sparse="gather")
    assert operators(model).count("Gather") == 2  # the last layer is dense
    # One unit has so many inputs that a matrix takes less.
    assert operators(to_onnx(wide(hub=399), sparse="gather")).count("Gather") == 1


def test_a_limit_of_the_bytes_in_the_runtime():
    model = wide()
    needed = 4 * (7 * 400 + 400 * 400 + 400 * 2)
    to_onnx(model, max_bytes=needed)
    for storage in ("auto", True, False):
        with pytest.raises(ValueError, match=f"take {needed:,} bytes as dense .* With"):
            to_onnx(model, sparse=storage, max_bytes=needed - 1)
    found = to_onnx(model, sparse="gather", max_bytes=needed // 8)
    assert_same_numbers(outputs(found), model.predict(X))
    with pytest.raises(ValueError, match=r"bytes gathered. .* max_bytes, 1,000\.$"):
        to_onnx(model, sparse="gather", max_bytes=1000)


def test_no_matrix_is_made_before_the_limit_is_checked():
    n = 2_000_000  # as a matrix it has 16 TB
    ones = sparse.csr_array(
        (np.ones(n, np.float32), np.arange(n), np.arange(n + 1)), (n, n)
    )
    machine = SparseRBM.from_network(RBM.from_csr(ones, np.zeros(n), np.zeros(n)))
    with pytest.raises(ValueError, match="take 16,000,000,000,000 bytes"):
        to_onnx(machine)
    assert operators(to_onnx(machine, sparse="gather")).count("Gather") == 1


def test_a_limit_that_gathering_does_not_help():
    model = classifier(density=1.0)
    with pytest.raises(ValueError, match=r"max_bytes, 100\.$"):
        to_onnx(model, max_bytes=100)


@pytest.mark.parametrize("given", [None, 1, "dense", np.ones(2), 0.5])
def test_a_storage_that_does_not_exist(given):
    with pytest.raises(ValueError, match="sparse must be one of"):
        to_onnx(classifier(), sparse=given)


@pytest.mark.parametrize("given", [0, -1, 1.5, "1", None, True])
def test_a_limit_that_is_no_number_of_bytes(given):
    with pytest.raises(ValueError, match="max_bytes must be an integer above 0"):
        to_onnx(classifier(), max_bytes=given)
