"""`to_onnx`: models answer as the estimators they are made of."""

import numpy as np
import onnx
import pytest
from scipy import sparse
from with_onnx.runs import (
    NEAR,
    SIGNAL,
    SMALL,
    THREE,
    X,
    assert_same_classes,
    assert_same_numbers,
    classifier,
    continual,
    outputs,
    regressor,
)

from skset import QuickSelection, SETClassifier, SETRegressor, SparseRBM
from skset.model import RBM, Network
from skset.onnx import to_onnx

TWO = (THREE == 1).astype(int)
EVERY_STORAGE = pytest.mark.parametrize("sparse", ["auto", True, False, "gather"])


@EVERY_STORAGE
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_classes_in_every_storage(sparse, dtype):
    model = classifier(dtype=dtype)
    made = to_onnx(model, sparse=sparse)
    found = outputs(made)
    gathers = sum(node.op_type == "Transpose" for node in made.graph.node) // 2
    assert (gathers > 0) == (sparse == "gather")
    assert_same_classes(found, model)
    assert found["probabilities"].dtype == np.float32


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.array(["no", "maybe", "yes"]), object),
        (np.array(["no", "maybe", "yes"], object), object),
        (np.array([-3, 7, 100], np.int8), np.int64),
        (np.array([0, 2, 2**40], np.uint64), np.int64),
        (np.array([1.0, 2.0, 4.0]), np.int64),
        (np.array([0.5, 1.0, 4.0]), np.float64),
    ],
)
def test_labels_of_all_types(labels, kind):
    # skset has no labels that are floats with a fraction but from a network.
    network = classifier(X=NEAR).network_
    model = SETClassifier.from_network(network, np.sort(labels))
    found = outputs(to_onnx(model), NEAR)
    assert found["label"].dtype == kind
    assert_same_classes(found, model, NEAR)


@pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [3, 5]])
def test_two_classes(labels):
    model = classifier(np.array(labels)[TWO])
    assert_same_classes(outputs(to_onnx(model)), model)


def test_one_class():
    model = classifier(np.full(len(X), "only"))
    found = outputs(to_onnx(model))
    assert_same_classes(found, model)
    assert (found["probabilities"] == 1).all()


@pytest.mark.parametrize("n_labels", [2, 4])
def test_several_labels_at_once(n_labels):
    model = classifier((SIGNAL[:, :n_labels] > 0).astype(int))
    found = outputs(to_onnx(model))
    assert found["label"].dtype == np.int64
    assert_same_classes(found, model)


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int64, np.uint8, bool, ">f8"]
)
def test_types_of_x(dtype):
    table = (np.abs(SIGNAL) * 10).clip(0, 200).astype(dtype)
    model = classifier(X=table)
    found = outputs(to_onnx(model, input_dtype=dtype), table.astype(table.dtype.type))
    double = np.dtype(dtype) in (np.float64, np.dtype(">f8"))
    assert found["probabilities"].dtype == (np.float64 if double else np.float32)
    assert_same_classes(found, model, table)


def test_float64_is_exact():
    model, table = classifier(dtype=np.float64), X.astype(np.float64)
    found = outputs(to_onnx(model, input_dtype=np.float64), table)
    assert_same_classes(found, model, table, atol=1e-13)


@pytest.mark.parametrize("standardize", [True, False, "global"])
def test_units_of_the_inputs(standardize):
    model = classifier(X=NEAR, standardize=standardize)
    assert_same_classes(outputs(to_onnx(model), NEAR), model, NEAR)


def test_probabilities_near_zero_keep_their_digits():
    layers = [sparse.csr_array([[40.0], [-1.0]])]
    network = Network.from_csr(layers, [[0.0]], activation="relu", output="logistic")
    model = SETClassifier.from_network(network, ["no", "yes"])
    table = np.array([[-1.0, 0], [1, 0], [0, 0]])
    found = outputs(to_onnx(model, input_dtype=np.float64), table)
    np.testing.assert_allclose(
        found["probabilities"], model.predict_proba(table), rtol=1e-12
    )
    assert found["label"].tolist() == ["no", "yes", "no"]  # 0 is not above 0


@EVERY_STORAGE
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_numbers_in_every_storage(sparse, dtype, n_outputs):
    y = SIGNAL[:, :n_outputs] * 1e5 - 3e6
    model = regressor(y[:, 0] if n_outputs == 1 else y, dtype=dtype)
    found = outputs(to_onnx(model, sparse=sparse))
    assert_same_numbers(found, model.predict(X))
    assert found["variable"].dtype == np.float32


@pytest.mark.parametrize(
    "loss",
    [
        *("squared_error", "absolute_error", "huber", "quantile"),
        *("poisson", "gamma"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_loss(loss, dtype):
    model = regressor(np.exp(SIGNAL[:, 0] / 10), loss=loss)
    found = outputs(to_onnx(model, input_dtype=dtype), X.astype(dtype))
    assert found["variable"].dtype == dtype
    assert_same_numbers(found, model.predict(X.astype(dtype)))


def test_numbers_that_are_not_standardised():
    model = regressor(standardize=False, X=NEAR)
    assert_same_numbers(outputs(to_onnx(model), NEAR), model.predict(NEAR))


@EVERY_STORAGE
def test_a_network_that_was_given_and_has_empty_layers(sparse):
    """Without a path every sample gets the biases."""
    layers = [np.zeros((7, 5)), np.eye(5, 4)]
    network = Network.from_csr(
        layers, [np.arange(5.0), np.arange(4.0)], activation="tanh", output="identity"
    )
    model = SETRegressor.from_network(network)
    assert_same_numbers(outputs(to_onnx(model, sparse=sparse)), model.predict(X))


def test_a_network_without_hidden_layers():
    model = classifier(hidden_layer_sizes=())
    assert_same_classes(outputs(to_onnx(model)), model)


def test_weights_that_were_assigned_and_units_that_were_pruned():
    model = classifier()
    model.coefs_ = [2 * W for W in model.coefs_]
    assert_same_classes(outputs(to_onnx(model)), model, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_a_selector_keeps_the_type_of_x(dtype):
    selector = QuickSelection(3, max_iter=60, random_state=0).fit(X, THREE)
    table = X.astype(dtype)
    found = outputs(to_onnx(selector, input_dtype=dtype), table)["variable"]
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, selector.transform(table))
    selector.set_params(n_features_to_select=5)
    found = outputs(to_onnx(selector, input_dtype=dtype), table)["variable"]
    np.testing.assert_array_equal(found, selector.transform(table))


@EVERY_STORAGE
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_boltzmann_machine(sparse, dtype):
    table = ((X - X.min(axis=0)) / np.ptp(X, axis=0)).clip(0, 1).astype(dtype)
    model = SparseRBM(20, n_iter=2, random_state=0, dtype=dtype).fit(table)
    found = outputs(to_onnx(model, input_dtype=dtype, sparse=sparse), table)
    assert found["variable"].dtype == dtype
    np.testing.assert_allclose(found["variable"], model.transform(table), atol=1e-6)


def test_a_boltzmann_machine_that_was_given():
    machine = SparseRBM.from_network(RBM.from_csr(np.eye(7, 3), [0, 1, 2], [0] * 7))
    table = np.eye(7)
    found = outputs(to_onnx(machine, input_dtype=np.float64), table)
    np.testing.assert_allclose(found["variable"], machine.transform(table), atol=1e-15)


@pytest.mark.parametrize("task", ["first", "second"])
def test_a_task_is_a_model(task):
    model = continual()
    found = outputs(to_onnx(model, task=task))
    assert_same_classes(found, model, task=task)
    assert found["probabilities"].shape[1] == 4


def test_the_only_task_needs_no_name():
    model = continual()
    only = type(model)(**model.get_params()).partial_fit(X, THREE)
    assert_same_classes(outputs(to_onnx(only)), only)


def test_one_row_and_many_have_the_same_answer():
    model = to_onnx(classifier(), sparse="gather")
    P = outputs(model)["probabilities"]
    one = np.concatenate([outputs(model, row[None])["probabilities"] for row in X[:5]])
    np.testing.assert_allclose(one, P[:5], rtol=0, atol=1e-6)
    assert outputs(model, X[:0])["probabilities"].shape == (0, 3)


@pytest.mark.parametrize("opset", [13, 15, 21, None])
def test_opsets(opset):
    made = to_onnx(continual(), target_opset=opset, task="second")
    assert [imported.version for imported in made.opset_import] == [opset or 17]
    assert_same_classes(outputs(made), continual(), task="second")


def test_what_a_model_says_of_itself(tmp_path):
    made = to_onnx(regressor(**SMALL))
    assert (made.producer_name, made.graph.name) == ("skset", "SETRegressor")
    [given], [answer] = made.graph.input, made.graph.output
    assert (given.name, answer.name) == ("X", "variable")
    onnx.save(made, tmp_path / "model.onnx")
    again = onnx.load(tmp_path / "model.onnx")
    assert_same_numbers(outputs(again), regressor(**SMALL).predict(X))
