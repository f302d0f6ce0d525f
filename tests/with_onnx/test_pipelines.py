"""skl2onnx converts Pipelines and ensembles that have estimators of skset."""

import numpy as np
import onnxruntime
import pytest
import skl2onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
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
from skset.onnx import to_onnx

TWO = (THREE == 1).astype(int)
NUMBERS = SIGNAL[:, 0]


def converted(model, X=X, of=None, **options):
    """Return the model that skl2onnx makes, with a matrix of probabilities.

    The options are those of the model, or of the class `of`.
    """
    names = {"zipmap": False} if hasattr(model, "classes_") else {}
    own = {id(model): names, of: options} if of else {id(model): names | options}
    return skl2onnx.to_onnx(model, X[:1], options=own)


def net(**params):
    return SETClassifier(**{**SMALL, **params})


def linear():
    return LogisticRegression(max_iter=200)


@pytest.mark.parametrize(
    "labels", [["a", "b", "c"], [5, 6, 9], [1.0, 2.0, 4.0], [False, True, True]]
)
def test_a_classifier_alone(labels):
    model = classifier(np.array(labels)[THREE])
    assert_same_classes(outputs(converted(model)), model)


@pytest.mark.parametrize("sparse", ["auto", True, False, "gather"])
def test_storage_is_an_option(sparse):
    model = classifier()
    made = converted(model, sparse=sparse)
    assert_same_classes(outputs(made), model)
    found = {node.op_type for node in made.graph.node}
    assert ("Transpose" in found) == (sparse == "gather")


def test_the_limit_is_an_option():
    with pytest.raises(ValueError, match="more than max_bytes, 10"):
        converted(classifier(), of=SETClassifier, max_bytes=10)
    with pytest.raises(ValueError, match=r"Unexpected value \['csr'\]"):
        converted(classifier(), sparse="csr")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_types(dtype):
    model, table = classifier(dtype=dtype), X.astype(dtype)
    found = outputs(converted(model, table), table)
    assert found["probabilities"].dtype == dtype
    assert_same_classes(found, model, table)


def test_integers():
    table = X.astype(np.int64)
    model = make_pipeline(QuickSelection(4, max_iter=60, random_state=0), net())
    model.fit(table, THREE)
    found = outputs(converted(model, table), table)
    assert found["probabilities"].dtype == np.float32
    assert_same_classes(found, model, table)


def test_several_labels_at_once():
    model = classifier((SIGNAL > 0).astype(int))
    assert_same_classes(outputs(converted(model)), model)


def test_dictionaries_columns_and_numbers_of_classes():
    """These are the options that skl2onnx has for all classifiers."""
    model = classifier(np.array(["a", "b", "c"])[THREE])
    P = model.predict_proba(X)
    found = outputs(skl2onnx.to_onnx(model, X[:1]))
    assert found["output_label"].tolist() == model.predict(X).tolist()
    assert found["output_probability"][3] == pytest.approx(
        dict(zip("abc", P[3], strict=True)), abs=1e-6
    )
    columns = skl2onnx.to_onnx(model, X[:1], options={"zipmap": "columns"})
    np.testing.assert_allclose(outputs(columns)["sb"], P[:, 1], atol=1e-6)
    found = outputs(converted(model, nocl=True))
    assert found["label"].tolist() == P.argmax(axis=1).tolist()
    found = outputs(converted(model, output_class_labels=True))
    assert found["class_labels"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("y", [TWO, THREE])
def test_logits(y):
    model = classifier(y)
    made = converted(model, raw_scores=True)
    expected = model.decision_function(X)
    if expected.ndim == 1:
        expected = np.c_[-expected, expected]
    np.testing.assert_allclose(outputs(made)["probabilities"], expected, atol=1e-5)


@pytest.mark.parametrize("task", ["first", "second"])
def test_a_task_is_an_option(task):
    model = continual()
    made = converted(model, task=task)
    assert_same_classes(outputs(made), model, task=task)
    found = outputs(converted(model, task=task, nocl=True))["label"]
    assert model.classes_[found].tolist() == model.predict(X, task=task).tolist()


def test_a_task_must_be_named_if_there_are_several():
    with pytest.raises(ValueError, match="There are several tasks"):
        converted(continual())


def test_numbers_that_are_labels_must_be_whole():
    network = classifier(X=NEAR).network_
    model = SETClassifier.from_network(network, [0.5, 1.0, 2.0])
    with pytest.raises(ValueError, match="strings or whole numbers, got"):
        converted(model)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_regressor_alone(n_outputs):
    y = SIGNAL[:, :n_outputs]
    model = regressor(y[:, 0] if n_outputs == 1 else y)
    assert_same_numbers(outputs(converted(model)), model.predict(X))


def test_counts():
    model = regressor(np.exp(NUMBERS / 20), loss="poisson")
    assert_same_numbers(outputs(converted(model)), model.predict(X))


def test_our_own_converter_makes_the_same():
    model = classifier()
    ours, theirs = outputs(to_onnx(model)), outputs(converted(model))
    np.testing.assert_array_equal(ours["probabilities"], theirs["probabilities"])


def ensembles(y):
    """Return models that are made of others."""
    pair = [("net", net()), ("linear", linear())]
    made = [
        make_pipeline(StandardScaler(), net()),
        make_pipeline(QuickSelection(4, max_iter=60, random_state=0), net()),
        make_pipeline(
            MinMaxScaler(clip=True),
            SparseRBM(20, n_iter=2, random_state=0),
            linear(),
        ),
        CalibratedClassifierCV(net(), cv=2),
        CalibratedClassifierCV(net(), cv=2, ensemble=False),
        # The other way round skl2onnx calibrates probabilities, whatever is inside.
        make_pipeline(StandardScaler(), CalibratedClassifierCV(net(), cv=2)),
        VotingClassifier(pair, voting="soft", flatten_transform=False),
        StackingClassifier(pair, cv=2),
        StackingClassifier([("linear", linear())], net(), cv=2),
        BaggingClassifier(net(), 2, random_state=0),
        AdaBoostClassifier(net(), n_estimators=2, random_state=0),
        GridSearchCV(net(), {"alpha": [0.1, 1]}, cv=2),
    ]
    return made if y is TWO else [*made, OneVsRestClassifier(net())]


@pytest.mark.filterwarnings("ignore")  # of scikit-learn and of few training steps
@pytest.mark.parametrize(
    ("model", "y"), [(m, y) for y in (TWO, THREE) for m in ensembles(y)]
)
def test_classifiers_that_are_made_of_others(model, y):
    model.fit(NEAR, y)
    assert_same_classes(outputs(converted(model), NEAR), model, NEAR, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), SETRegressor(**SMALL)),
        VotingRegressor([("net", SETRegressor(**SMALL)), ("ridge", Ridge())]),
        StackingRegressor([("net", SETRegressor(**SMALL)), ("ridge", Ridge())], cv=2),
        BaggingRegressor(SETRegressor(**SMALL), 2, random_state=0),
    ],
)
def test_regressors_that_are_made_of_others(model):
    model.fit(NEAR, NUMBERS)
    found = outputs(converted(model), NEAR)
    assert_same_numbers(found, model.predict(NEAR))


def test_columns_of_words_and_numbers():
    pd = pytest.importorskip("pandas")
    words = np.array(["red", "green", "blue"])[THREE]
    frame = pd.DataFrame({"a": NEAR[:, 0], "b": NEAR[:, 2], "colour": words})
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["a", "b"]), ("w", OneHotEncoder(), ["colour"])]
    )
    model = make_pipeline(columns, net()).fit(frame, TWO)
    kinds = {name: FloatTensorType([None, 1]) for name in "ab"}
    kinds["colour"] = StringTensorType([None, 1])
    made = skl2onnx.convert_sklearn(
        model, initial_types=list(kinds.items()), options={id(model): {"zipmap": False}}
    )
    session = onnxruntime.InferenceSession(made.SerializeToString())
    table = {name: frame[[name]].to_numpy() for name in kinds}
    label, P = session.run(None, table)
    assert label.tolist() == model.predict(frame).tolist()
    np.testing.assert_allclose(P, model.predict_proba(frame), atol=1e-5)
