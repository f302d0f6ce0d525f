"""The average of fitted estimators, in whatever units each was fitted."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from estimators.cases import (
    BOTH,
    assert_same_network,
    bits,
    brief,
    first_call,
    impatient,
    machine,
    nothing_changes,
    scores,
    selector,
    small,
    toy,
    toy_for,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import skset
from skset.estimators import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
    StableSelection,
)
from skset.model import Scaling, averaged

pytestmark = impatient

both = pytest.mark.parametrize("Estimator", BOTH)


def trained_on_parts(Estimator, n=3, shift=0.0, **params):
    """Return estimators of one origin, trained on parts of the rows; and the rows."""
    X, y = toy(Estimator, n_samples=40 * n)
    X = X + shift
    origin = first_call(small(Estimator, **params), X[:40], y[:40])
    parts = [slice(k, None, n) for k in range(n)]
    return [copy.copy(origin).partial_fit(X[p], y[p]) for p in parts], X, y


def fitted_alone(Estimator, n=2, **params):
    """Return estimators without a common origin or common units; and the rows."""
    X, y = toy(Estimator, n_samples=40 * n)
    X, y = 5 + 3 * X, y if Estimator is SETClassifier else 100 + 7 * y
    params = {"hidden_layer_sizes": (8, 6), "density": 0.4, **params}
    models = [
        small(Estimator, **params, random_state=k).fit(X[k::n], y[k::n])
        for k in range(n)
    ]
    return models, X, y


def in_other_units(model, shift, factor, mean=None, scale=None):
    """Return a model that predicts the same, with inputs and outputs in other units."""
    model = copy.copy(model)
    network, old = model._network, model._scaling
    first, *others = network.layers
    offset = (shift - old.shift) * old.factor
    first = first.astype(np.float64)
    weights = first.weights * (old.factor / factor)[first.topology.in_units]
    bias = first.bias + offset @ first.to_csr()
    kind = network.dtype
    layer = type(first)(first.topology, weights.astype(kind), bias.astype(kind))
    model._network = network.with_layers([layer, *others]).frozen()
    model._scaling = Scaling(shift, factor)
    if mean is not None:
        change_outputs(model, mean, scale)
    return model


def change_outputs(model, mean, scale):
    targets = model._targets
    *others, last = model._network.layers
    weights = last.weights * (targets.scale / scale)
    old = last.bias.astype(np.float64)  # numpy 1 would compute in float32
    bias = (old * targets.scale + targets.mean - mean) / scale
    kind = last.weights.dtype
    layer = type(last)(last.topology, weights.astype(kind), bias.astype(kind))
    model._network = model._network.with_layers([*others, layer]).frozen()
    model._targets = type(targets)(
        targets.dtype, targets.loss_function, True, targets.n_outputs, mean, scale
    )


# Predictions.


@both
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_average_of_equal_estimators_predicts_the_same_bits(Estimator, n, dtype):
    X, y = toy(Estimator)
    model = small(Estimator, dtype=dtype).fit(3 + X, y)
    mean = skset.average([model] * n, weights=range(1, n + 1))
    assert type(mean) is Estimator
    assert scores(mean, X).tobytes() == scores(model, X).tobytes()
    assert_same_network(mean, model)


@both
def test_of_one_topology_and_one_scaling_it_is_the_plain_mean(Estimator):
    models, _, _ = trained_on_parts(Estimator, method="static")
    mean = skset.average(models, weights=[1, 2, 1])
    for depth, layer in enumerate(mean._network.layers):
        of_each = [model._network.layers[depth].weights for model in models]
        expected = np.average(of_each, axis=0, weights=[1, 2, 1])
        assert np.allclose(layer.weights, expected, rtol=1e-6, atol=1e-7)
    assert mean._scaling.shift.tobytes() == models[0]._scaling.shift.tobytes()
    assert mean._scaling.factor.tobytes() == models[0]._scaling.factor.tobytes()


@both
def test_copies_that_learned_on_parts_make_a_good_mean(Estimator):
    models, X, y = trained_on_parts(Estimator, batch_size=10)
    for _ in range(30):
        models = [m.partial_fit(X[k::3], y[k::3]) for k, m in enumerate(models)]
        models = [copy.copy(skset.average(models)) for _ in models]
    assert models[0].score(X, y) > 0.9


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_same_function_in_other_units_is_averaged_to_itself(data):
    numbers = st.floats(-3, 3)
    X, y = toy(SETRegressor)
    X, y = 1e6 + X, 1e4 + y  # far from 0, as seen from the deviation
    model = small(SETRegressor).fit(X, y)
    old, unit = model._scaling, model._targets
    others = []
    for _ in range(3):
        shift = data.draw(st.lists(numbers, min_size=5, max_size=5))
        powers = data.draw(st.lists(numbers, min_size=5, max_size=5))
        mean, power = data.draw(numbers), data.draw(numbers)
        others.append(
            in_other_units(
                model,
                old.shift + np.array(shift) / old.factor,
                old.factor * 2 ** np.array(powers),
                unit.mean + mean * unit.scale,
                unit.scale * 2**power,
            )
        )
    expected = model.predict(X)
    for one in others:
        assert np.allclose(one.predict(X), expected, rtol=0, atol=1e-4)
    mean = skset.average([model, *others], weights=[1, 2, 3, 4])
    assert np.allclose(mean.predict(X), expected, rtol=0, atol=1e-4)


@both
def test_units_are_those_of_all_rows_together(Estimator):
    models, X, y = fitted_alone(Estimator)
    mean = skset.average(models, weights=[40, 40])
    pooled = small(Estimator).fit(X, y)
    assert np.allclose(mean.input_shift_, pooled.input_shift_)
    assert np.allclose(mean.input_scale_, pooled.input_scale_)
    if Estimator is SETRegressor:
        assert np.allclose(mean._targets.mean, pooled._targets.mean)
        assert np.allclose(mean._targets.scale, pooled._targets.scale)


@both
def test_it_is_the_mean_of_the_shown_networks(Estimator):
    models, _, _ = fitted_alone(Estimator, dtype=np.float64)
    mean = skset.average(models, weights=[1, 3], nnz="union")
    expected = averaged([model.network_ for model in models], [1, 3])
    for own, other in zip(mean.network_.layers, expected.layers, strict=True):
        assert np.array_equal(own.topology.indices, other.topology.indices)
        assert np.allclose(own.weights, other.weights, rtol=1e-9, atol=1e-12)
        assert np.allclose(own.bias, other.bias, rtol=1e-9, atol=1e-9)


def test_a_column_that_is_constant_for_some_counts_as_0_there():
    X, y = toy(SETClassifier)
    constant = X.copy()
    constant[:, 0] = 4.0
    models = [small(SETClassifier, dtype=np.float64).fit(Z, y) for Z in (X, constant)]
    mean = skset.average(models, nnz="union")
    row = mean.network_.layers[0].to_csr().toarray()[0]
    expected = models[0].network_.layers[0].to_csr().toarray()[0] / 2
    assert np.allclose(row, expected)
    both_constant = skset.average([models[1]] * 2)
    other = np.array(X)
    assert np.array_equal(both_constant.predict(other), models[1].predict(constant))


def test_networks_in_raw_units_have_no_say_in_the_units():
    X, y = toy(SETRegressor)
    X = 1e5 + X
    standardised = small(SETRegressor).fit(X, y)
    raw = copy.copy(standardised)
    raw.coefs_ = raw.coefs_  # from now on in the units of X
    mean = skset.average([raw, standardised])
    assert mean._scaling.shift.tobytes() == standardised._scaling.shift.tobytes()
    own = small(SETRegressor, standardize=False).fit(X - 1e5, y)
    also_raw = skset.average([own, own])
    assert also_raw._scaling is None
    assert np.array_equal(also_raw.predict(X - 1e5), own.predict(X - 1e5))


def test_targets_are_standardised_as_those_of_the_first():
    X, y = toy(SETRegressor)
    y = 50 + 9 * y
    models = [
        small(SETRegressor, standardize=standardize, dtype=np.float64).fit(X, y)
        for standardize in (True, False)
    ]
    for first, second in (models, models[::-1]):
        mean = skset.average([first, second], [1, 1], nnz="union")
        assert mean._targets.standardised == first._targets.standardised
        expected = averaged([first.network_, second.network_])
        made = SETRegressor.from_network(expected, standardize=False)
        assert np.allclose(mean.predict(X), made.predict(X))
        again = copy.copy(mean).set_params(warm_start=True, max_iter=1).fit(X, y)
        assert abs(again.predict(X).mean() - mean.predict(X).mean()) < 20


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_regressors_of_all_losses(loss, n_outputs):
    X, y = toy(SETRegressor)
    Y = np.abs(np.outer(y, range(1, n_outputs + 1))) if n_outputs > 1 else np.abs(y)
    model = small(SETRegressor, loss=loss).fit(X, Y)
    other = small(SETRegressor, loss=loss).fit(X, 2 * Y)
    assert np.array_equal(skset.average([model, model]).predict(X), model.predict(X))
    mean = skset.average([model, other])
    assert mean.predict(X).shape == Y.shape
    assert np.isfinite(mean.predict(X)).all()


@pytest.mark.parametrize(
    "y",
    [
        np.array(["a", "b", "c"])[np.arange(40) % 3],
        (np.arange(120).reshape(40, 3) % 7 > 3).astype(int),
        np.zeros(40),
    ],
    ids=["strings", "labels", "one class"],
)
def test_classes_of_every_kind(y):
    X, _ = toy(SETClassifier)
    models = [small(SETClassifier, random_state=seed).fit(X, y) for seed in (0, 1)]
    mean = skset.average(models)
    assert np.array_equal(mean.classes_, models[0].classes_)
    assert mean.predict(X).dtype == models[0].predict(X).dtype
    assert mean.predict_proba(X).shape == models[0].predict_proba(X).shape


def test_machines():
    X = bits(80)
    origin = machine().partial_fit(X[:40])
    models = [copy.copy(origin).partial_fit(X[k::2]) for k in range(2)]
    mean = skset.average(models)
    expected = (models[0].intercept_visible_ + models[1].intercept_visible_) / 2
    assert np.allclose(mean.intercept_visible_, expected)
    assert mean.transform(X).shape == (80, 6)
    assert mean.nnz_ == origin.nnz_
    fitted = machine().fit(X)
    same = skset.average([fitted, fitted, fitted])
    assert same.transform(X).tobytes() == fitted.transform(X).tobytes()


@brief
@pytest.mark.parametrize("supervised", [False, "classification", "regression"])
def test_selectors_rank_by_the_mean_of_their_importances(supervised):
    X, y = toy_for(supervised, n_samples=80)
    models = [
        selector(supervised=supervised, random_state=k).fit(X[k::2], y[k::2])
        for k in range(2)
    ]
    mean = skset.average(models, weights=[1, 3])
    importances = [model.feature_importances_ for model in models]
    expected = np.average(importances, axis=0, weights=[1, 3])
    assert np.allclose(mean.feature_importances_, expected)
    assert mean.supervised_ == supervised
    assert mean.transform(X).shape == (80, 2)
    again = mean.partial_fit(X, y)
    assert again.ranking_.shape == (5,)
    same = skset.average([models[0]] * 2)
    assert np.array_equal(same.ranking_, models[0].ranking_)


def test_a_number_of_features_that_was_found_out_is_averaged():
    X, y = toy_for("classification", n_samples=60)
    found = selector("auto", supervised="classification").fit(X, y)
    mean = skset.average([found, found])
    assert mean.n_features_to_select_ == found.n_features_to_select_


# What comes out is an ordinary fitted estimator.


@both
def test_it_has_the_attributes_of_a_network_without_a_training(Estimator):
    models, _, _ = fitted_alone(Estimator, alpha=0.01)
    mean = skset.average(models)
    assert (mean.n_iter_, mean.t_, mean.loss_curve_) == (0, 0, [])
    assert mean.get_params() == models[0].get_params()
    assert mean.nnz_ == round((models[0].nnz_ + models[1].nnz_) / 2)
    for name in ("n_features_in_", "n_layers_", "n_outputs_", "auto_params_"):
        assert getattr(mean, name) == getattr(models[0], name)
    assert not any(a.weights.flags.writeable for a in mean.network_.layers)
    with nothing_changes(*models):
        skset.average(models)


@both
def test_it_is_saved_pickled_and_learns_on(Estimator, tmp_path):
    models, X, y = fitted_alone(Estimator)
    mean = skset.average(models)
    skset.save(mean, tmp_path / "mean.npz")
    for again in (
        skset.load(tmp_path / "mean.npz"),
        pickle.loads(pickle.dumps(mean)),
        copy.deepcopy(mean),
    ):
        assert scores(again, X).tobytes() == scores(mean, X).tobytes()
        assert_same_network(again.partial_fit(X, y), copy.copy(mean).partial_fit(X, y))
    warm = copy.copy(mean).set_params(warm_start=True, max_iter=2).fit(X, y)
    assert warm.n_iter_ == 2
    assert warm._scaling is mean._scaling


@brief
def test_selectors_and_machines_are_saved(tmp_path):
    X, y = toy_for("classification", n_samples=80)
    chosen = selector(supervised="classification").fit(X, y)
    for name, mean in (
        ("selector", skset.average([chosen, chosen])),
        ("machine", skset.average([machine().fit(bits())] * 2)),
    ):
        skset.save(mean, tmp_path / name)
        again = skset.load(tmp_path / name)
        Z = bits()
        assert np.array_equal(again.transform(Z), mean.transform(Z))
    warm = mean.set_params(warm_start=True).fit(bits())
    assert warm.n_iter_ == 3


def test_names_of_features_are_kept():
    X, y = toy(SETClassifier)
    frame = pd.DataFrame(X, columns=list("abcde"))
    mean = skset.average([small(SETClassifier).fit(frame, y)] * 2)
    assert mean.feature_names_in_.tolist() == list("abcde")
    assert mean.predict(frame).shape == (40,)


def test_a_generator_of_estimators():
    models, _, _ = fitted_alone(SETClassifier)
    mean = skset.average(model for model in models)
    assert_same_network(mean, skset.average(models))


def test_numbers_of_connections():
    models, _, _ = fitted_alone(SETClassifier)
    union = skset.average(models, nnz="union").nnz_
    assert union > models[0].nnz_
    assert skset.average(models, nnz=20).nnz_ == 20
    assert skset.average(models, nnz=10**9).nnz_ == union
    layers = skset.average(models, nnz=[5, 4, 3]).network_.layers
    assert [layer.topology.nnz for layer in layers] == [5, 4, 3]


def test_estimators_of_weight_0_are_left_out_but_for_the_parameters():
    models, _, _ = fitted_alone(SETClassifier)
    models[0].set_params(alpha=0.5)
    mean = skset.average(models, [0, 2])
    assert_same_network(mean, models[1])
    assert mean.alpha == 0.5


# Bad input.


def different(change=lambda X, y: (X, y), **params):
    """Return a classifier that may differ from the usual one."""
    return small(SETClassifier, **params).fit(*change(*toy(SETClassifier)))


WRONG = {
    "features": (lambda X, y: (X[:, :4], y), "has n_features_in_=4, but the first"),
    "names": (
        lambda X, y: (pd.DataFrame(X, columns=list("abcde")), y),
        "was fitted with other feature names",
    ),
    "classes": (lambda X, y: (X, y + 1), r"has the classes \[1 2\], but the first"),
    "labels": (lambda X, y: (X, np.stack([y, y], 1)), "learned labels of another kind"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_an_estimator_of_other_data_than_the_first(change, message):
    first = different()
    with pytest.raises(ValueError, match=r"^estimators\[2\] " + message):
        skset.average([first, first, different(change)])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden_layer_sizes": (7,)}, r"has units \[5, 7, 1\], but the first has \[5"),
        ({"activation": "tanh"}, "has activation"),
        ({"dtype": np.float64}, "has dtype float64, but the first has float32"),
    ],
)
def test_an_estimator_of_another_network_than_the_first(params, message):
    first = different()
    with pytest.raises(ValueError, match=r"^estimators\[1\] " + message):
        skset.average([first, different(**params)])


def test_regressors_that_differ():
    X, y = toy(SETRegressor)
    first = small(SETRegressor).fit(X, y)
    for params, y_of, message in (
        ({"loss": "huber"}, y, "has the loss Huber"),
        ({}, np.stack([y, y], axis=1), r"has units \[5, 8, 2\]"),
    ):
        other = small(SETRegressor, **params).fit(X, y_of)
        with pytest.raises(ValueError, match=r"estimators\[1\] " + message):
            skset.average([first, other])


@brief
def test_selectors_that_learned_from_other_things():
    X, y = toy(SETClassifier)
    one, other = (selector(supervised=s).fit(X, y) for s in (False, "classification"))
    with pytest.raises(ValueError, match=r"estimators\[1\] has supervised_='classif"):
        skset.average([one, other])


@pytest.mark.parametrize(
    "other",
    [
        ContinualSETClassifier(),
        StableSelection(),
        LogisticRegression(),
        SETClassifier,
        None,
        "SETClassifier",
    ],
    ids=str,
)
def test_what_has_no_network_of_its_own(other):
    message = r"estimators\[1\] must be a SETClassifier, SETRegressor, SparseRBM or"
    with pytest.raises(TypeError, match=message):
        skset.average([different(), other])


def test_estimators_of_different_classes():
    X, y = toy(SETRegressor)
    other = small(SETRegressor).fit(X, y)
    message = r"estimators\[1\] is a SETRegressor, but the first is a SETClassifier"
    with pytest.raises(TypeError, match=message):
        skset.average([different(), other])


@pytest.mark.parametrize("Estimator", [*BOTH, SparseRBM, QuickSelection])
def test_an_estimator_that_is_not_fitted(Estimator):
    with pytest.raises(NotFittedError, match=r"estimators\[0\], a .* is not fitted"):
        skset.average([Estimator()])


def test_no_estimators():
    with pytest.raises(ValueError, match="at least one estimator"):
        skset.average([])
    with pytest.raises(TypeError, match="estimators must be several"):
        skset.average(different())


@pytest.mark.parametrize("weights", [[1, -1], [0, 0], [1, np.nan], [1], "no", [[1, 1]]])
def test_bad_weights(weights):
    models = [different()] * 2
    with pytest.raises(ValueError, match="weights"):
        skset.average(models, weights)


@pytest.mark.parametrize(
    ("nnz", "error"),
    [
        *((nnz, ValueError) for nnz in (0, -3, "all", [3])),
        *((nnz, TypeError) for nnz in (2.5, True, [1.0, 2.0])),
    ],
)
def test_bad_nnz(nnz, error):
    with pytest.raises(error, match="nnz must"):
        skset.average([different()] * 2, nnz=nnz)


def test_units_that_are_too_different():
    X, y = toy(SETClassifier)
    models = [small(SETClassifier).fit(X * unit, y) for unit in (1e-30, 1e30)]
    with pytest.raises(ValueError, match=r"units of X or y .* finite in float32"):
        skset.average(models)
