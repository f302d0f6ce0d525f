"""`standardize`: units of X and of y do not matter, and are learned once."""

import gc
import pickle
import weakref

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset import QuickSelection, SETClassifier, SETRegressor
from skset.estimators import _input
from skset.model import Samples

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_DIABETES, Y_DIABETES = load_diabetes(return_X_y=True)
GIVEN = {"hidden_layer_sizes": (12,), "max_iter": 4, "random_state": 0}

settings = pytest.mark.parametrize("standardize", ["auto", True, "global"])
units = pytest.mark.parametrize("unit", [1e-6, 2.0**-20, 0.3, 2.0**20, 1e6])


def classifier(**given):
    return SETClassifier(**GIVEN | given)


def regressor(**given):
    return SETRegressor(**GIVEN | given)


def selector(**given):
    return QuickSelection(2, **GIVEN | {"max_iter": 25} | given)


def counts(seed=0, shape=(80, 30)):
    """Return numbers of which most are 0, and classes that they tell."""
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=shape[0])
    X = rng.poisson(0.2 + 0.5 * y[:, None] * (np.arange(shape[1]) < 5), shape)
    return X.astype(float), y


def weights_of(model):
    return np.concatenate([layer.weights for layer in model._network.layers])


# The unit of X


@settings
@units
@pytest.mark.parametrize("make", [classifier, regressor])
def test_the_unit_of_x_does_not_matter(make, standardize, unit):
    one = make(standardize=standardize).fit(X_IRIS, Y_IRIS)
    other = make(standardize=standardize).fit(unit * X_IRIS, Y_IRIS)
    predicted = other.predict(unit * X_IRIS)
    if np.log2(unit) % 1 == 0:
        assert np.array_equal(weights_of(one), weights_of(other))
        assert np.array_equal(one.predict(X_IRIS), predicted)
    else:
        np.testing.assert_allclose(weights_of(one), weights_of(other), atol=1e-5)
        np.testing.assert_allclose(one.predict(X_IRIS), predicted, rtol=1e-4)


@settings
@units
@pytest.mark.parametrize("supervised", [True, False])
def test_the_unit_of_x_does_not_matter_to_a_selection(supervised, standardize, unit):
    model = selector(standardize=standardize, supervised=supervised)
    one = clone(model).fit(X_IRIS, Y_IRIS).feature_importances_
    other = clone(model).fit(unit * X_IRIS, Y_IRIS).feature_importances_
    np.testing.assert_allclose(one, other, rtol=1e-3)


@settings
def test_the_unit_of_counts_does_not_matter(standardize):
    X, y = counts()
    one = classifier(standardize=standardize).fit(X, y)
    other = classifier(standardize=standardize).fit(1e-6 * X, y)
    np.testing.assert_allclose(one.input_scale_, 1e6 * other.input_scale_)
    np.testing.assert_allclose(
        one.predict_proba(X), other.predict_proba(1e-6 * X), atol=1e-5
    )


def test_columns_of_different_units_do_not_matter():
    unit = np.array([1e-5, 1.0, 1e5, 1e3])
    one, other = (
        classifier().fit(X_IRIS, Y_IRIS),
        classifier().fit(unit * X_IRIS, Y_IRIS),
    )
    np.testing.assert_allclose(
        one.predict_proba(X_IRIS), other.predict_proba(unit * X_IRIS), atol=1e-5
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_mean_far_from_zero_does_not_matter(kind):
    rng = np.random.default_rng(0)
    X = rng.integers(-8, 8, X_IRIS.shape) / 8.0
    far = (X + 1e5).astype(kind)  # exact in float32 too
    one, other = classifier().fit(X, Y_IRIS), classifier().fit(far, Y_IRIS)
    np.testing.assert_allclose(
        one.predict_proba(X), other.predict_proba(far), atol=2e-3
    )


@pytest.mark.parametrize("make", [classifier, regressor])
def test_it_is_a_scaler_in_front(make):
    front = make_pipeline(StandardScaler(), make(standardize=False))
    expected = front.fit(X_IRIS, Y_IRIS > 0).predict(X_IRIS)
    actual = make(standardize=True).fit(X_IRIS, Y_IRIS > 0).predict(X_IRIS)
    if make is classifier:
        assert np.array_equal(actual, expected)
    else:  # which standardises y as well
        assert np.corrcoef(actual, expected)[0, 1] > 0.9


def test_one_number_for_all_columns_makes_the_mean_variance_one():
    X, y = counts()
    model = classifier(standardize="global").fit(X, y)
    np.testing.assert_allclose(model.input_shift_, X.mean(axis=0))
    np.testing.assert_allclose(model.input_scale_, np.sqrt(X.var(axis=0).mean()))


def test_each_column_gets_mean_0_and_variance_1():
    model = classifier(standardize=True).fit(X_IRIS, Y_IRIS)
    np.testing.assert_allclose(model.input_shift_, X_IRIS.mean(axis=0))
    np.testing.assert_allclose(model.input_scale_, X_IRIS.std(axis=0))


def test_nothing_is_changed_without_it():
    model = classifier(standardize=False).fit(X_IRIS, Y_IRIS)
    assert np.array_equal(model.input_shift_, np.zeros(4))
    assert np.array_equal(model.input_scale_, np.ones(4))
    assert model.network_ is model._network


@pytest.mark.parametrize("table", [X_IRIS, counts()[0]], ids=["dense", "counts"])
def test_auto_is_by_column_for_all_tables(table):
    y = np.arange(len(table)) % 2
    auto, by_column = classifier().fit(table, y), classifier(standardize=True)
    assert np.array_equal(weights_of(auto), weights_of(by_column.fit(table, y)))


# Containers


@settings
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("make", [classifier, selector])
def test_the_container_changes_no_bit(make, standardize, large, monkeypatch):
    if large:
        monkeypatch.setattr(_input, "CAST_AT_ONCE", 0)
    X, y = counts(shape=(60, 20))
    model = make(standardize=standardize)
    expected = weights_of(clone(model).fit(X, y))
    tables = [
        np.asfortranarray(X),
        sparse.csr_array(X),
        sparse.coo_matrix(X),
        X.tolist(),
        X.astype(np.int16),
    ]
    for table in tables:
        assert np.array_equal(weights_of(clone(model).fit(table, y)), expected)


@settings
def test_large_tables_are_standardised_batch_by_batch(standardize, monkeypatch):
    small = classifier(standardize=standardize).fit(X_IRIS, Y_IRIS)
    expected = small.predict_proba(X_IRIS)
    monkeypatch.setattr(_input, "CAST_AT_ONCE", 0)
    large = classifier(standardize=standardize).fit(X_IRIS, Y_IRIS)
    assert np.array_equal(large.predict_proba(X_IRIS), expected)
    assert np.array_equal(weights_of(small), weights_of(large))


def test_memory_maps_are_not_copied(tmp_path):
    np.save(tmp_path / "X.npy", X_IRIS)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = classifier().fit(mapped, Y_IRIS)
    assert np.array_equal(
        weights_of(model), weights_of(classifier().fit(X_IRIS, Y_IRIS))
    )


# Rows


def test_rows_without_weight_have_no_units():
    weight = np.ones(len(X_IRIS))
    X = X_IRIS.copy()
    weight[::3], X[::3] = 0, 1e3
    model = classifier().fit(X, Y_IRIS, sample_weight=weight)
    kept = X_IRIS[weight > 0]
    np.testing.assert_allclose(model.input_shift_, kept.mean(axis=0))
    np.testing.assert_allclose(model.input_scale_, kept.std(axis=0))


def test_weights_are_repeated_rows():
    weight = np.random.default_rng(0).integers(0, 4, len(X_IRIS))
    one = classifier().fit(X_IRIS, Y_IRIS, sample_weight=weight)
    X, y = np.repeat(X_IRIS, weight, axis=0), np.repeat(Y_IRIS, weight)
    other = classifier().fit(X, y)
    np.testing.assert_allclose(one.input_shift_, other.input_shift_)
    np.testing.assert_allclose(one.input_scale_, other.input_scale_)


def test_rows_set_aside_have_no_units():
    seen = []

    def scoring(estimator, X, y):
        seen.append(X)
        return estimator.score(X, y)

    model = classifier(early_stopping=True, scoring=scoring, validation_fraction=0.4)
    model.fit(X_IRIS, Y_IRIS)
    aside = {tuple(row) for row in seen[0]}  # raw, as the user's scorer expects
    kept = np.array([row for row in X_IRIS if tuple(row) not in aside])
    assert len(kept) < len(X_IRIS)
    distance = model.input_shift_ - kept.mean(axis=0)
    # Some rows of iris are twice in the table.
    assert np.abs(distance).max() < 0.02
    assert np.abs(model.input_shift_ - X_IRIS.mean(axis=0)).max() > 1e-4


@pytest.mark.parametrize("scoring", ["loss", None])
def test_validation_data_are_in_the_same_units(scoring):
    given = {"X_val": X_IRIS[::2], "y_val": Y_IRIS[::2]}
    model = classifier(early_stopping=True, scoring=scoring, max_iter=15)
    one = clone(model).fit(X_IRIS, Y_IRIS, **given)
    given["X_val"] = 1e5 * given["X_val"]
    other = clone(model).fit(1e5 * X_IRIS, Y_IRIS, **given)
    np.testing.assert_allclose(
        one.validation_scores_, other.validation_scores_, rtol=1e-4
    )


# Columns and tables that are odd


@settings
@pytest.mark.parametrize("make", [classifier, regressor, selector])
def test_constant_columns_and_rare_large_values(make, standardize):
    X = np.column_stack([X_IRIS, np.full(150, 7.0), np.zeros(150), np.zeros(150)])
    X[3, 6] = 1e6
    model = make(standardize=standardize).fit(X, Y_IRIS)
    assert np.isfinite(weights_of(model)).all()
    assert (model.input_scale_ > 0).all()
    if make is not selector and standardize != "global":
        assert model.input_scale_[4:6].tolist() == [np.inf, np.inf]
        other = X.copy()
        other[:, 4:6] += 1e3  # nothing was learned of them
        assert np.array_equal(model.predict(other), model.predict(X))
        assert not model.coefs_[0][4:6].toarray().any()


@settings
@pytest.mark.parametrize("value", [0.0, 5.0, -1e-30])
def test_tables_without_any_difference(standardize, value):
    X = np.full((20, 3), value)
    model = regressor(standardize=standardize).fit(X, np.arange(20.0))
    assert np.isfinite(model.predict(X)).all()


@settings
def test_one_row(standardize):
    model = regressor(standardize=standardize).fit([[1.0, 2.0]], [3.0])
    assert model.predict([[1.0, 2.0]]) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(1e-300, "float32"), (1e38, "float32"), (1e-300, "float64"), (1e300, "float64")],
)
def test_numbers_at_the_ends_of_the_range(size, dtype):
    X = size * (1 + np.random.default_rng(0).random(X_IRIS.shape))
    model = classifier(dtype=dtype).fit(X, Y_IRIS)
    one = classifier(dtype=dtype).fit(X / size, Y_IRIS)
    np.testing.assert_allclose(
        model.predict_proba(X), one.predict_proba(X / size), atol=1e-4
    )
    if dtype == "float32":  # beyond it numbers are refused, in any unit
        with pytest.raises(ValueError, match="too large for dtype"):
            classifier().fit(1e39 * X / size, Y_IRIS)


@pytest.mark.parametrize("value", [-0.0334, 0.1, 1e9 / 3, 1e-200])
def test_rounding_is_no_difference(value):
    X = np.column_stack([np.repeat(X_IRIS, 9, axis=0), np.full(1350, value)])
    model = classifier().fit(X, np.repeat(Y_IRIS, 9))
    assert np.isfinite(model.input_scale_).tolist() == [True] * 4 + [False]


# One scale per model


@pytest.mark.parametrize("make", [classifier, regressor, selector])
def test_partial_fit_keeps_the_units_of_the_first_call(make):
    model = make()
    classes = {} if make is regressor else {"classes": [0, 1, 2]}
    model.partial_fit(X_IRIS[:60], Y_IRIS[:60], **classes)
    shift, scale = model.input_shift_, model.input_scale_
    model.partial_fit(5 + 3 * X_IRIS[60:], Y_IRIS[60:])
    assert np.array_equal(model.input_shift_, shift)
    assert np.array_equal(model.input_scale_, scale)
    np.testing.assert_allclose(shift, X_IRIS[:60].mean(axis=0))


def test_a_warm_start_keeps_the_units_and_a_new_fit_does_not():
    model = classifier(warm_start=True).fit(X_IRIS, Y_IRIS)
    shift = model.input_shift_
    model.fit(X_IRIS + 1, Y_IRIS)
    assert np.array_equal(model.input_shift_, shift)
    model.set_params(warm_start=False).fit(X_IRIS + 1, Y_IRIS)
    np.testing.assert_allclose(model.input_shift_, shift + 1)
    model.set_params(standardize=False).fit(X_IRIS, Y_IRIS)
    assert not model.input_shift_.any()


# The network in raw units


def sums(model, X):
    """Return the outputs of `network_` for X as it is."""
    network = model.network_
    samples = Samples(X.astype(network.dtype), dtype=network.dtype)
    return network.weighted_sums(samples)


@settings
@pytest.mark.parametrize("hidden", [(), (12,), (9, 8)], ids=str)
def test_the_network_shown_computes_the_same_from_raw_data(standardize, hidden):
    given = {"hidden_layer_sizes": hidden, "dtype": np.float64}
    X = 100 + 7 * X_IRIS
    model = classifier(standardize=standardize, **given).fit(X, Y_IRIS)
    assert model.network_ is model.network_
    np.testing.assert_allclose(sums(model, X).T, model.decision_function(X), rtol=1e-6)
    numbers = regressor(standardize=standardize, **given)
    for y in (1e4 + X @ np.arange(4.0), np.column_stack([X[:, 0], 5 - X[:, 1]])):
        expected = numbers.fit(X, y).predict(X)
        np.testing.assert_allclose(sums(numbers, X).T.reshape(y.shape), expected)


def test_weights_and_biases_are_those_of_raw_units():
    model = classifier(standardize=True).fit(X_IRIS, Y_IRIS)
    first, _ = model._network.layers
    inside = first.to_csr().toarray()
    np.testing.assert_allclose(
        model.coefs_[0].toarray(), inside / model.input_scale_[:, None], rtol=1e-5
    )
    bias = first.bias - (model.input_shift_ / model.input_scale_) @ inside
    np.testing.assert_allclose(model.intercepts_[0], bias, rtol=1e-4, atol=1e-4)


def test_importances_are_those_of_standardised_columns():
    unit = np.array([1e-6, 1, 1e6, 1])
    one = classifier().fit(X_IRIS, Y_IRIS).feature_importances_
    other = classifier().fit(unit * X_IRIS, Y_IRIS).feature_importances_
    np.testing.assert_allclose(one, other, rtol=1e-4)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_what_is_assigned_has_no_units(make):
    model = make(dtype=np.float64).fit(10 + X_IRIS, Y_IRIS)
    before = model.predict(10 + X_IRIS)
    model.coefs_ = [2 * coef for coef in model.coefs_]
    model.coefs_ = [0.5 * coef for coef in model.coefs_]
    assert np.array_equal(model.input_scale_, np.ones(4))
    np.testing.assert_allclose(model.predict(10 + X_IRIS), before, rtol=1e-6)
    model.intercepts_ = model.intercepts_
    np.testing.assert_allclose(model.predict(10 + X_IRIS), before, rtol=1e-6)
    assert model.network_ is model._network


def test_a_network_that_is_given_has_no_units():
    model = classifier(dtype=np.float64).fit(10 + X_IRIS, Y_IRIS)
    made = SETClassifier.from_network(model.network_, model.classes_)
    assert np.array_equal(made.input_scale_, np.ones(4))
    np.testing.assert_allclose(
        made.predict_proba(10 + X_IRIS), model.predict_proba(10 + X_IRIS), rtol=1e-6
    )
    made.partial_fit(10 + X_IRIS, Y_IRIS)
    assert np.array_equal(made.input_scale_, np.ones(4))


@pytest.mark.parametrize("standardize", [True, False])
def test_the_network_shown_goes_with_the_estimator(standardize):
    model = classifier(standardize=standardize).fit(X_IRIS, Y_IRIS)
    kept = [weakref.ref(network) for network in (model._network, model.network_)]
    del model
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


def test_the_network_shown_is_not_saved():
    model = classifier().fit(X_IRIS, Y_IRIS)
    plain = len(pickle.dumps(model))
    assert model.network_.nnz > 0
    assert len(pickle.dumps(model)) == plain
    loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(loaded.predict_proba(X_IRIS), model.predict_proba(X_IRIS))
    assert np.array_equal(loaded.coefs_[0].data, model.coefs_[0].data)


# The unit of y


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "quantile"]
)
def test_the_unit_of_y_does_not_matter(loss):
    model = regressor(loss=loss, max_iter=10)
    one = clone(model).fit(X_DIABETES, Y_DIABETES).predict(X_DIABETES)
    other = clone(model).fit(X_DIABETES, 1e9 + 1e4 * Y_DIABETES).predict(X_DIABETES)
    np.testing.assert_allclose((other - 1e9) / 1e4, one, rtol=1e-3)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_the_unit_of_y_stays_where_zero_is_special(loss):
    model = regressor(loss=loss).fit(X_DIABETES, Y_DIABETES / 100)
    assert not np.any(model._targets.mean)
    assert model.predict(X_DIABETES).min() > 0


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_outliers_of_y_have_no_say_where_the_loss_minds_few(loss):
    y = Y_DIABETES.copy()
    y[::50] = 1e9
    model = regressor(loss=loss).fit(X_DIABETES, y)
    plain = regressor(loss=loss).fit(X_DIABETES, Y_DIABETES)
    for unit in ("mean", "scale"):
        one, other = getattr(model._targets, unit), getattr(plain._targets, unit)
        assert one == pytest.approx(other, rel=0.1)
    low, median, high = np.quantile(
        Y_DIABETES, [0.25, 0.5, 0.75], method="inverted_cdf"
    )
    assert plain._targets.mean == median
    assert plain._targets.scale == pytest.approx((high - low) / 1.349)


def test_quartiles_of_weights_are_those_of_repeated_numbers():
    weight = np.random.default_rng(0).integers(0, 4, len(Y_DIABETES))
    model = regressor(loss="absolute_error")
    one = clone(model).fit(X_DIABETES, Y_DIABETES, sample_weight=weight)
    X, y = (np.repeat(table, weight, axis=0) for table in (X_DIABETES, Y_DIABETES))
    other = clone(model).fit(X, np.column_stack([y, -y]))
    assert one._targets.scale == pytest.approx(other._targets.scale[0])
    assert one._targets.mean == other._targets.mean[0]


def test_a_deviation_stands_for_quartiles_that_are_one_number():
    y = np.where(np.arange(len(Y_DIABETES)) % 10, 3.0, 5.0)
    model = regressor(loss="huber").fit(X_DIABETES, y)
    assert model._targets.scale == pytest.approx(y.std())


def test_y_is_as_it_is_without_it():
    model = regressor(standardize=False).fit(X_DIABETES, Y_DIABETES)
    assert not np.any(model._targets.mean)
    assert np.all(model._targets.scale == 1)


def test_numbers_are_learned_in_their_units_out_of_the_box():
    model = SETRegressor(random_state=0).fit(X_DIABETES[::2], Y_DIABETES[::2])
    assert model.score(X_DIABETES[1::2], Y_DIABETES[1::2]) > 0.35


@pytest.mark.parametrize("value", [0.1, 7.0, 1e5])
def test_a_constant_column_does_not_vary_whatever_the_weights(value):
    """Sums of weights round. That must not look like a deviation."""
    rng = np.random.default_rng(0)
    X = np.c_[rng.standard_normal(200), np.full(200, value)]
    model = SETClassifier((8,), max_iter=2, random_state=0)
    model.fit(X, X[:, 0] > 0, rng.random(200))
    assert model._scaling.factor[1] == 0
    other = np.c_[X[:, 0], np.full(200, 2 * value)]
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(other))
