"""A short training on other rows adapts the penalty, or the scale of the logits."""

import numpy as np
import pytest
from estimators.cases import assert_same_network, impatient, small, static, toy
from scipy import sparse

from skset import QuickSelection, SETClassifier, SETRegressor
from skset.estimators import _temperature
from skset.estimators._auto import RULES, Shape

pytestmark = impatient

AUTO = {"alpha": "auto", "temperature": "auto"}


def hard(n_samples=120):
    """Return data whose labels say nothing about X."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_samples, 8)), rng.permutation(n_samples) % 2


def easy(n_samples=120):
    """Return two clouds that are far apart."""
    rng = np.random.default_rng(0)
    y = np.arange(n_samples) % 2
    return rng.standard_normal((n_samples, 8)) + 4 * y[:, None], y


def fitted(data, **params):
    X, y = data
    params = {"max_iter": 40, "hidden_layer_sizes": (50,), **params}
    return small(SETClassifier, **params).fit(X, y)


def rule_alpha(n_samples):
    given = type("Given", (), {"solver": "adam"})
    return RULES["alpha"](given, Shape(n_samples, 4, 2))


def told(monkeypatch, temperature):
    """Make every short training find this temperature."""
    monkeypatch.setattr(_temperature, "TEMPERATURES", np.array([temperature]))


def test_labels_that_cannot_be_learned_raise_the_penalty():
    chosen = fitted(hard()).auto_params_
    assert chosen["alpha"] == pytest.approx(1.25**5 * rule_alpha(120))
    assert chosen["temperature"] == 1


def test_labels_that_are_learned_at_once_sharpen_the_logits():
    chosen = fitted(easy(), max_iter=4).auto_params_
    assert chosen["alpha"] == rule_alpha(120)
    assert chosen["temperature"] == 0.8


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_logits_are_divided(n_classes):
    X, y = toy(SETClassifier, n_classes=n_classes)
    plain = small(SETClassifier, alpha=0.1, temperature=1.0).fit(X, y)
    model = small(SETClassifier, alpha=0.1, temperature=0.5).fit(X, y)
    logits = 2 * plain.decision_function(X)
    assert np.array_equal(model.decision_function(X), logits)
    assert np.array_equal(model.predict(X), plain.predict(X))
    assert np.array_equal(model.coefs_[0].data, plain.coefs_[0].data)
    assert np.array_equal(model.coefs_[1].data, 2 * plain.coefs_[1].data)
    assert np.array_equal(model.intercepts_[1], 2 * plain.intercepts_[1])
    assert model.loss_curve_ == plain.loss_curve_


def test_labels_that_go_together_have_one_temperature():
    X, y = toy(SETClassifier)
    Y = np.stack([y, 1 - y, y], axis=1)
    plain = small(SETClassifier, alpha=0.1).fit(X, Y)
    model = small(SETClassifier, alpha=0.1, temperature=0.5).fit(X, Y)
    assert np.array_equal(model.decision_function(X), 2 * plain.decision_function(X))
    assert 0.8 <= small(SETClassifier).fit(X, Y).auto_params_["temperature"] <= 1


@pytest.mark.parametrize("data", [easy(), hard()], ids=["easy", "hard"])
def test_a_fit_with_the_numbers_is_the_same_fit(data):
    model = fitted(data)
    numbers = {name: model.auto_params_[name] for name in AUTO}
    assert_same_network(model, fitted(data, **numbers))


def test_a_number_needs_no_short_training(monkeypatch):
    monkeypatch.setattr(_temperature, "_short_training", None)
    chosen = fitted(easy(), alpha=0.1).auto_params_
    assert chosen["temperature"] == 1


@pytest.mark.parametrize(
    ("n_samples", "params"),
    [
        (19, {}),
        (120, {"solver": "adamw"}),
        (120, {"solver": "lbfgs", "max_iter": 5}),
    ],
)
def test_where_it_is_not_tried(monkeypatch, n_samples, params):
    monkeypatch.setattr(_temperature, "_short_training", None)
    assert fitted(easy(n_samples), **params).auto_params_["temperature"] == 1


def test_many_rows_do_not_wait_for_it(monkeypatch):
    monkeypatch.setattr(_temperature, "MOST_ROWS", 119)
    monkeypatch.setattr(_temperature, "_short_training", None)
    assert fitted(easy()).auto_params_["temperature"] == 1


def test_a_given_temperature_stays_and_the_penalty_is_adapted(monkeypatch):
    told(monkeypatch, 1.25)
    chosen = fitted(easy(), temperature=2.0).auto_params_
    assert chosen["alpha"] == pytest.approx(1.25**5 * rule_alpha(120))
    assert "temperature" not in chosen


def test_the_best_network_of_early_stopping_is_left_as_it_is(monkeypatch):
    told(monkeypatch, 0.8)
    model = fitted(easy(), early_stopping=True)
    assert model.auto_params_["temperature"] == 1


def test_what_goes_on_is_not_sharpened_again(monkeypatch):
    told(monkeypatch, 0.8)
    X, y = easy()
    model = fitted((X, y), warm_start=True)
    twin = fitted((X, y), warm_start=True)
    twin.set_params(temperature=1.0)
    assert_same_network(model.fit(X, y), twin.fit(X, y))
    assert model.auto_params_["temperature"] == 0.8


def test_calls_have_no_temperature():
    X, y = easy()
    model = small(SETClassifier).partial_fit(X, y, classes=[0, 1])
    other = small(SETClassifier, temperature=0.5).partial_fit(X, y, classes=[0, 1])
    assert model.auto_params_["temperature"] == 1
    assert_same_network(model, other)


def test_rows_without_weight_are_not_held_out(monkeypatch):
    seen = []
    part = _temperature._part
    monkeypatch.setattr(
        _temperature, "_part", lambda *args: seen.append(args[1]) or part(*args)
    )
    X, y = easy()
    weight = np.arange(120) % 3 > 0
    small(SETClassifier).fit(X, y, weight)
    train, held_out = seen
    assert sorted([*train, *held_out]) == np.flatnonzero(weight).tolist()
    assert len(held_out) == pytest.approx(80 / 3, abs=2)


def test_the_weights_count(monkeypatch):
    """Half of the labels are noise; their weight decides how hard the data are."""
    X, y = easy()
    y[60:] = np.random.default_rng(0).permutation(y[60:])
    light, heavy = np.where(np.arange(120) < 60, [[1], [1e-3]], [[1e-3], [1]])
    sure = small(SETClassifier, max_iter=40).fit(X, y, light).auto_params_
    unsure = small(SETClassifier, max_iter=40).fit(X, y, heavy).auto_params_
    assert unsure["alpha"] > sure["alpha"]


@pytest.mark.parametrize("labels", [None, np.repeat([0, 1, 2, 3], [1, 2, 3, 9])])
def test_a_third_of_each_class_is_held_out(labels):
    held_out = _temperature._held_out(15, labels)
    if labels is None:
        assert held_out.sum() == 5
    else:
        assert np.bincount(labels[held_out], minlength=4).tolist() == [0, 0, 1, 3]


def test_classes_of_two_rows_leave_nothing_to_hold_out(monkeypatch):
    monkeypatch.setattr(_temperature, "_short_training", None)
    X, _ = easy(20)
    model = fitted((X, np.arange(20) // 2))
    assert model.auto_params_["temperature"] == 1


def test_sparse_rows_have_the_temperature_of_dense_ones():
    X, y = hard()
    dense, csr = fitted((X, y)), fitted((sparse.csr_matrix(X), y))
    assert dense.auto_params_ == csr.auto_params_


def test_the_short_training_has_no_strategies_of_the_user():
    shares = []
    schedule = lambda share: shares.append(share) or 0.0  # noqa: E731
    fitted(easy(), zeta_schedule=schedule)
    assert shares == sorted(shares)  # those of one training
    assert shares


def test_a_training_without_an_end_does_not_wait(monkeypatch):
    (X, y), epochs = easy(), []
    begun = SETClassifier._new_training

    def noted(self, p, *args, **kwargs):
        epochs.append(p.max_iter)
        return begun(self, p, *args, **kwargs)

    monkeypatch.setattr(SETClassifier, "_new_training", noted)
    small(SETClassifier, max_iter=10**9, tol=10.0, n_iter_no_change=1).fit(X, y)
    assert epochs == [13, 10**9]


def test_an_interrupt_of_the_short_training_leaves_nothing(monkeypatch):
    monkeypatch.setattr(_temperature, "_short_training", interrupted)
    model = small(SETClassifier)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*easy())
    assert not model.__sklearn_is_fitted__()


def interrupted(*_):
    raise KeyboardInterrupt


def test_a_training_that_fails_says_so_itself(monkeypatch):
    X, y = easy()
    model = small(SETClassifier, standardize=False)
    with pytest.raises(ValueError, match="in epoch 1"):
        model.fit(X * 1e30, y)


def test_the_temperature_is_that_of_the_least_loss():
    """Logits of a slope 2 for labels with a slope of 1.8: T = 2 / 1.8."""
    X = np.repeat(np.linspace(-3, 3, 200), 500)[:, None]
    rng = np.random.default_rng(0)
    y = (rng.random(X.size) < 1 / (1 + np.exp(-1.8 * X[:, 0]))).astype(int)
    model = static(SETClassifier, hidden_layer_sizes=(), standardize=False).fit(X, y)
    model.coefs_, model.intercepts_ = [np.array([[2.0]])], [np.zeros(1)]
    samples = model._targets.samples(X, y, None)
    found = _temperature._best_temperature(
        model._network, samples, model._targets.loss_function
    )
    assert found == pytest.approx(2 / 1.8, abs=0.02)


def test_numbers_and_selections_have_none():
    X, y = toy(SETRegressor)
    assert "temperature" not in SETRegressor().get_params()
    assert "temperature" not in small(SETRegressor).fit(X, y).auto_params_
    assert "temperature" not in QuickSelection(2, random_state=0).fit(X).auto_params_
