"""skops: `TRUSTED` is complete, and a file that it lets in cannot do harm."""

import inspect
import io
import json
import pkgutil
import zipfile
from importlib import import_module

import joblib
import numpy as np
import pytest
import skops.io
from estimators.cases import (
    bits,
    fingerprint,
    first_call,
    impatient,
    machine,
    scores,
    selector,
    small,
    toy,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import skset
from skset import strategies
from skset.estimators import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
    _version_stamp,
)
from skset.model import ACTIVATIONS, GELU, Huber, LeakyReLU
from skset.persistence import TRUSTED

pytestmark = [
    impatient,
    pytest.mark.filterwarnings("ignore:The network took only:UserWarning"),
]


def through_skops(model):
    return skops.io.loads(skops.io.dumps(model), trusted=TRUSTED)


# Classes whose objects are never in a fitted estimator: they live in a fit, describe
# parameters, or are made for one call.
NEVER_KEPT = {
    *("Accumulation", "Adam", "AdamW", "Attribute", "Backpropagation", "Beginning"),
    *("Clipping", "CommonFit"),
    *("ConnectionConstant", "Context", "Contexts", "ContrastiveDivergence"),
    *("Densities", "Each", "Evolution", "Evolver", "FixedNoise", "FreeFirstGrow"),
    *("FreshNoise", "GaussianNoise", "Held", "Instance", "Jobs", "LBFGS"),
    *("LayerByOutput", "LayerSizes", "LayerStack", "LossPlateau", "Method", "Moves"),
    *("Names", "Needs", "NeverStopping", "Number", "NumberLoss", "Objective"),
    *("Parameter", "Plan", "Reconstruction", "Rewiring", "SGD", "Sampled", "Samples"),
    *("SampledScore", "Scored"),
    *("ClassifierParts", "MachineParts", "RegressorParts", "SelectorParts"),
    *("Mailbox", "Progress", "ProgressLine", "Snapshot", "Turnover"),
    *("BlockPass", "BlockReader", "BlockSource", "Facts", "GivenBlock", "KeptRows"),
    *("LabelFacts", "Moments", "NumberFacts", "RowBlock", "StreamedSamples"),
    *("TableSize", "VisibleTotals", "Weighed", "YKind", "Lookahead", "RowsInPlace"),
    *("Scaled", "Shape", "Signals", "Solver", "Steps", "StoppedError", "Strategy"),
    *("Tables", "TaskEstimator", "TaskPerceptron", "Training", "ValidationScore"),
    "Workspace",
}
# Whole packages without any object that an estimator keeps.
NOT_KEPT = (
    *("skset.kernels", "skset.runtime", "skset.torch", "skset.__main__"),
    *("skset.onnx", "skset.persistence", "skset.inspection", "skset.distributed"),
    "skset.anndata",
    "skset.estimators._sklearn",  # stand-ins for what scikit-learn lacks
)


def classes():
    """Return every class of skset that could be in the state of an estimator."""
    modules = [
        import_module(module.name)
        for module in pkgutil.walk_packages(skset.__path__, "skset.")
        if not module.name.startswith(NOT_KEPT)
    ]
    return [
        thing
        for module in modules
        for thing in vars(module).values()
        if inspect.isclass(thing)
        and thing.__module__ == module.__name__
        and not (thing.__name__.startswith("_") or inspect.isabstract(thing))
        and not getattr(thing, "_is_protocol", False)
    ]


def test_each_class_of_skset_is_trusted_or_never_kept():
    """A new class must be put in one of both lists."""
    found = {f"{cls.__module__}.{cls.__qualname__}": cls.__name__ for cls in classes()}
    kept = {name for name, short in found.items() if short not in NEVER_KEPT}
    assert kept == set(TRUSTED)
    assert set(found.values()) >= NEVER_KEPT


def test_only_classes_of_skset_are_trusted():
    assert len(set(TRUSTED)) == len(TRUSTED)
    for name in TRUSTED:
        module, _, short = name.rpartition(".")
        assert module.startswith("skset.")
        cls = getattr(import_module(module), short)
        assert inspect.isclass(cls)
        assert (cls.__module__, cls.__qualname__) == (module, short)


# Every kind of estimator, part and state.

X, y = toy(SETClassifier, n_classes=3)
z, B = toy(SETRegressor)[1], bits()
RATES = np.exp(z / 4)
PARTS = {
    "init": [strategies.INITS[name]() for name in strategies.INITS]
    + [strategies.LayerDensities((0.5, 0.5)), (0.4, 0.6)],
    "drop": [strategies.DROPS[name]() for name in strategies.DROPS],
    "grow": [strategies.GROWS[name]() for name in strategies.GROWS],
    "zeta_schedule": [strategies.SCHEDULES[name]() for name in strategies.SCHEDULES],
    "density_schedule": [
        strategies.DENSITY_SCHEDULES[name]() for name in strategies.DENSITY_SCHEDULES
    ],
    "unit_pruning": [strategies.UNIT_PRUNINGS[n]() for n in strategies.UNIT_PRUNINGS],
    "activation": [ACTIVATIONS[name](0, None) for name in ACTIVATIONS]
    + [[GELU()], LeakyReLU(0.3)],
    "learning_rate": [np.cos],
    "class_weight": [{0: 1.0, 1: 2.0, 2: 0.5}, "balanced"],
    "random_state": [np.random.RandomState(0)],
    "dtype": [np.float64, "float64"],
}
PARAMS = {
    f"{name} {number}": {name: value}
    for name, values in PARTS.items()
    for number, value in enumerate(values)
}
LABELS = {
    "strings": np.array(["a", "b", "c"])[y],
    "objects": np.array(["a", "b", "c"], dtype=object)[y],
    "two": y > 0,
    "one": np.zeros(len(y)),
    "several": (X[:, :3] > 0).astype(int),
}
LOSSES = ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]


def assert_comes_back(model, given, answer=scores):
    """Assert that a model is the same after skops, trained further or not."""
    again = through_skops(model)
    assert sorted(vars(again)) == sorted(vars(model))
    expected, found = answer(model, given), answer(again, given)
    np.testing.assert_array_equal(found, expected)
    return again


@pytest.mark.parametrize("method", strategies.METHODS)
def test_every_method(method):
    assert_comes_back(small(SETClassifier, method=method).fit(X, y), X)


@pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
def test_every_part_as_an_object(params):
    model = assert_comes_back(small(SETClassifier, **params).fit(X, y), X)
    name = next(iter(params))
    if name != "random_state":
        assert model.get_params()[name] == params[name]
    model.fit(X, y)


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_every_kind_of_labels(labels):
    model = small(SETClassifier).fit(X, labels)
    assert_comes_back(model, X, lambda model, X: model.predict(X))


@pytest.mark.parametrize("loss", [*LOSSES, Huber(0.5)], ids=str)
def test_every_loss(loss):
    model = small(SETRegressor, loss=loss).fit(X, RATES)
    assert_comes_back(model, X)
    several = small(SETRegressor, loss=loss).fit(X, np.stack([RATES, RATES], axis=1))
    assert_comes_back(several, X)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "sgd"},
        {"grow": "momentum"},
        {"grow": "random_unfired"},
        {"density_schedule": "cubic"},
        {"learning_rate": "invscaling", "dropout": 0.2},
    ],
    ids=str,
)
def test_partial_fit_goes_on_as_if_nothing_had_happened(Kind, params):
    target = {SETClassifier: y, SETRegressor: z}[Kind]
    model = first_call(small(Kind, **params), X, target).partial_fit(X, target)
    again = assert_comes_back(model, X)
    np.testing.assert_array_equal(
        scores(again.partial_fit(X, target), X), scores(model.partial_fit(X, target), X)
    )


@pytest.fixture(params=[SETClassifier, SETRegressor], ids=lambda Kind: Kind.__name__)
def Kind(request):
    return request.param


def transformed(model, given):
    return model.transform(given)


@pytest.mark.parametrize("params", [{}, {"persistent": True}], ids=str)
def test_machines(params):
    assert_comes_back(machine(**params).fit(B), B, transformed)
    model = machine(**params).partial_fit(B).partial_fit(B)
    again = assert_comes_back(model, B, transformed)
    one, other = again.partial_fit(B), model.partial_fit(B)
    np.testing.assert_array_equal(transformed(one, B), transformed(other, B))


@pytest.mark.parametrize("supervised", ["auto", False, "classification", "regression"])
@pytest.mark.parametrize("importance", ["auto", "strength"])
def test_selectors(supervised, importance):
    params = {"supervised": supervised, "importance": importance, "keep_history": True}
    target = z if supervised == "regression" else y
    wide = X[:4]  # fewer rows than columns
    for given, labels in ((X, target), (wide, target[:4])):
        model = selector(**params, batch_size=4).fit(given, labels)
        again = assert_comes_back(model, given, transformed)
        np.testing.assert_array_equal(again.ranking_, model.ranking_)
        assert_comes_back(selector(**params).partial_fit(X, target), X, transformed)


def test_selectors_that_add_up_what_the_targets_explain():
    model = selector(supervised="classification", importance="relevance")
    assert_comes_back(model.partial_fit(X, y).partial_fit(X, y), X, transformed)


@pytest.mark.parametrize("labels", [(None,), ("a", "b"), (0, 7)], ids=str)
def test_tasks(labels):
    model = ContinualSETClassifier((9, 7), density=0.3, max_iter=1, random_state=0)
    for label in labels:
        model.partial_fit(X, y, task=label)
    for label in labels:
        again = assert_comes_back(
            model, X, lambda model, X, label=label: model.predict_proba(X, task=label)
        )
    assert again.tasks_ == list(labels)
    one, other = (
        m.partial_fit(X, y, task=labels[0], refine=True) for m in (again, model)
    )
    np.testing.assert_array_equal(
        one.predict_proba(X, task=labels[0]), other.predict_proba(X, task=labels[0])
    )


@pytest.mark.parametrize(
    "Estimator",
    [SETClassifier, SETRegressor, QuickSelection, SparseRBM, ContinualSETClassifier],
)
def test_estimators_that_are_not_fitted(Estimator):
    model = Estimator(random_state=3)
    again = through_skops(model)
    assert again.get_params() == model.get_params()


def test_a_network_of_its_own():
    network = small(SETClassifier).fit(X, y).network_
    again = through_skops(network)
    assert again.n_units == network.n_units
    np.testing.assert_array_equal(again.layers[0].weights, network.layers[0].weights)


def test_pipelines():
    pipes = [
        make_pipeline(StandardScaler(), small(SETClassifier)),
        make_pipeline(selector(), small(SETClassifier)),
        make_pipeline(MinMaxScaler(clip=True), machine(), LogisticRegression()),
    ]
    for pipe in pipes:
        assert_comes_back(pipe.fit(X, y), X)


def test_a_search_needs_some_types_of_scikit_learn_too():
    grid = {"grow": ["random", strategies.GuidedGrow()]}
    search = GridSearchCV(small(SETClassifier), grid, cv=2).fit(X, y)
    dump = skops.io.dumps(search)
    others = set(skops.io.get_untrusted_types(data=dump)) - set(TRUSTED)
    assert all(name.startswith("sklearn.") for name in others)
    again = skops.io.loads(dump, trusted=[*TRUSTED, *others])
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    assert again.best_params_ == search.best_params_


def test_a_type_of_the_user_is_not_trusted():
    class Own(GELU):
        pass

    model = small(SETClassifier, activation=Own()).fit(X, y)
    dump = skops.io.dumps(model)
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException, match="Own"):
        skops.io.loads(dump, trusted=TRUSTED)


# Versions.


def test_a_file_of_another_version_is_warned_of(monkeypatch, tmp_path):  # row 56
    model = small(SETClassifier).fit(X, y)
    monkeypatch.setattr(_version_stamp, "__version__", "0.0.1-old")
    dump = skops.io.dumps(model)
    joblib.dump(model, tmp_path / "old.joblib")
    monkeypatch.undo()
    match = rf"SETClassifier.*0\.0\.1-old.*{skset.__version__}"
    with pytest.warns(UserWarning, match=match):
        again = skops.io.loads(dump, trusted=TRUSTED)
    assert fingerprint(again) == fingerprint(model)
    for mmap_mode in (None, "r"):
        with pytest.warns(UserWarning, match=match):
            joblib.load(tmp_path / "old.joblib", mmap_mode=mmap_mode)


# Hand-made files.


def changed(dump, change):
    """Return a file of skops in which a function has changed every node."""

    def walk(node):
        if isinstance(node, dict):
            node = {key: walk(value) for key, value in node.items()}
            return change(node) if "__loader__" in node else node
        return [walk(part) for part in node] if isinstance(node, list) else node

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(dump)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "schema.json":
                data = json.dumps(walk(json.loads(data))).encode()
            new.writestr(name, data)
    return out.getvalue()


def of_class(node, name):
    return node["__class__"] == name and node["__module__"].startswith("skset.")


def test_an_unchanged_file_is_read():
    model = small(SETClassifier).fit(X, y)
    again = skops.io.loads(changed(skops.io.dumps(model), dict), trusted=TRUSTED)
    np.testing.assert_array_equal(scores(again, X), scores(model, X))


def shorter(array):
    out = io.BytesIO()
    np.save(out, array[1:])
    return out.getvalue()


def test_every_array_that_is_too_short_is_refused():
    """One array after the other loses its first number."""
    model = first_call(small(SETClassifier, grow="random_unfired"), X, y)
    dump = skops.io.dumps(model)
    with zipfile.ZipFile(io.BytesIO(dump)) as whole:
        files = {name: whole.read(name) for name in whole.namelist()}
    arrays = {
        name: np.load(io.BytesIO(data))
        for name, data in files.items()
        if name.endswith(".npy")
    }
    names = [name for name, array in arrays.items() if array.ndim == 1]
    assert len(names) > 15
    for cut in names:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as new:
            for name, data in files.items():
                new.writestr(name, shorter(arrays[name]) if name == cut else data)
        with pytest.raises(ValueError, match=r"damaged|must|indptr"):
            skops.io.loads(out.getvalue(), trusted=TRUSTED)


@pytest.mark.parametrize("name", ["Topology", "Layer", "Network", "Scaling"])
def test_a_part_without_content_is_refused(name):
    def hollow(node):
        if of_class(node, name):
            node = {**node, "content": None, "__id__": None}
        return node

    dump = changed(skops.io.dumps(small(SETClassifier).fit(X, y)), hollow)
    with pytest.raises((ValueError, AttributeError), match=r"damaged|no attribute"):
        skops.io.loads(dump, trusted=TRUSTED)


def test_a_part_made_by_its_constructor_is_checked_too():
    """The constructor of a layer does not check; the network does."""
    model = small(SETClassifier).fit(X, y)
    first = model._network.layers[0]
    order = ("topology", "weights", "bias")

    def built(node):
        if not of_class(node, "Layer"):
            return node
        parts = node["content"]["content"]
        content = [parts["bias" if name == "weights" else name] for name in order]
        arguments = {"__class__": "tuple", "__module__": "builtins"}
        arguments |= {"__loader__": "TupleNode", "content": content}
        node = {**node, "__loader__": "ConstructorFromReduceNode"}
        return {**node, "content": arguments}

    assert first.weights.size != first.bias.size
    dump = changed(skops.io.dumps(model), built)
    with pytest.raises(ValueError, match=r"weights must be .* of shape \(40,\)"):
        skops.io.loads(dump, trusted=TRUSTED)


@pytest.mark.parametrize("name", ["views", "topology2", "forward"])
def test_a_layer_with_more_than_its_fields_is_refused(name):
    def with_more(node):
        if of_class(node, "Layer"):
            state = node["content"]
            of_names = state["key_types"]
            of_names = {**of_names, "content": [*of_names["content"]] * 2}
            content = {**state["content"], name: state["content"]["bias"]}
            state = {**state, "content": content, "key_types": of_names}
            node = {**node, "content": state}
        return node

    dump = changed(skops.io.dumps(small(SETClassifier).fit(X, y)), with_more)
    with pytest.raises(ValueError, match=rf"unknown \['{name}'\]"):
        skops.io.loads(dump, trusted=TRUSTED)


def test_the_number_of_inputs_cannot_be_another():
    """Else a kernel would read beyond the ends of X."""

    def narrower(node):
        if of_class(node, "SETClassifier"):
            content = node["content"]["content"]
            number = {**content["n_features_in_"], "content": "3"}
            # Without an identity: the topology has the same number.
            content["n_features_in_"] = {**number, "__id__": None}
        return node

    dump = changed(skops.io.dumps(small(SETClassifier).fit(X, y)), narrower)
    with pytest.raises(ValueError, match=r"n_features_in_ is 3, .* has 5 inputs"):
        skops.io.loads(dump, trusted=TRUSTED)
