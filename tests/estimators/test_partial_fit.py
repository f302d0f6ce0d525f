"""partial_fit and warm_start: what goes on from call to call."""

import copy
import pickle
import re
from itertools import pairwise

import numpy as np
import pytest
from estimators.cases import (
    assert_same_network,
    first_call,
    impatient,
    refused,
    scores,
    small,
    toy,
)
from sklearn.datasets import load_digits
from sklearn.metrics import r2_score

from skset.estimators import SETClassifier, SETRegressor
from skset.strategies import Needs

pytestmark = impatient


def positions(model):
    """Return the connections of each layer, as sets of flat positions."""
    return [set(W.tocoo().row * W.shape[1] + W.tocoo().col) for W in model.coefs_]


SOLVERS = [
    {"solver": "sgd", "momentum": 0.9},
    {"solver": "adam"},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"solver": "adam", "update_interval": 3, "newborn": "init", "dropout": 0.2},
    {"solver": "sgd", "zeta_schedule": "cosine", "max_iter": 8},
]


@pytest.mark.parametrize("params", SOLVERS, ids=str)
def test_passes_equal_the_epochs_of_one_fit(Estimator, params):
    """With momentum, schedules, topology and random numbers carried over."""
    X, y = toy(Estimator)
    params = {"max_iter": 4, "final_drop": False, "tol": 0.0, **params}
    # "auto" is another one in each
    params |= {"batch_size": 4, "alpha": 0.1, "learning_rate_init": 0.001}
    model = small(Estimator, **params)
    for _ in range(params["max_iter"]):
        first_call(model, X, y)
    fitted = small(Estimator, **params).fit(X, y)
    assert_same_network(model, fitted)
    assert model.loss_curve_ == fitted.loss_curve_
    assert model.n_iter_ == params["max_iter"]
    assert model.loss_ == fitted.loss_
    assert model.t_ == fitted.t_ == params["max_iter"] * 40


def test_rate_that_ends_with_the_training_does_not_fall_where_it_has_no_end(Estimator):
    X, y = toy(Estimator)
    cosine, constant = (
        small(Estimator, learning_rate=name, max_iter=2)
        for name in ("cosine", "constant")
    )
    for _ in range(4):
        first_call(cosine, X, y)
        first_call(constant, X, y)
    assert_same_network(cosine, constant)
    assert max(cosine.loss_curve_[1:]) < cosine.loss_curve_[0]


@pytest.mark.parametrize("params", SOLVERS, ids=str)
@pytest.mark.parametrize(
    "through", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_pickling_between_calls_changes_nothing(Estimator, params, through):
    X, y = toy(Estimator)
    straight = small(Estimator, **params)
    pickled = small(Estimator, **params)
    for _ in range(3):
        first_call(straight, X, y)
        pickled = through(first_call(pickled, X, y))
    assert_same_network(straight, pickled)
    assert straight.loss_curve_ == pickled.loss_curve_


def test_momentum_is_kept():
    """Two calls are not the same as two first calls on the same weights."""
    X, y = toy(SETRegressor)
    params = {"solver": "sgd", "momentum": 0.9, "method": "static"}
    kept = small(SETRegressor, **params).partial_fit(X, y)
    lost = copy.deepcopy(kept)
    layers = lost._network.layers
    lost._network = lost._network.with_layers(layer.at_rest() for layer in layers)
    kept.partial_fit(X, y)
    lost.partial_fit(X, y)
    assert not np.array_equal(kept.coefs_[0].data, lost.coefs_[0].data)


def test_topology_evolves_at_the_beginning_of_every_call_but_the_first(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, hidden_layer_sizes=(20, 20), epsilon=2, zeta=0.5)
    before = positions(first_call(model, X, y))
    for _ in range(3):
        after = positions(model.partial_fit(X, y))
        moved = [len(b - a) / len(b) for b, a in zip(before, after, strict=True)]
        assert all(0.1 < share <= 0.5 for share in moved[:2])
        assert moved[2] == 0  # the output layer is full
        assert [len(a) for a in after] == [len(b) for b in before]
        before = after


def test_update_interval_counts_steps_across_calls(Estimator):
    X, y = toy(Estimator)
    # 2 steps a call: an evolution is due after step 5, and made before step 6.
    model = small(Estimator, epsilon=1, zeta=0.5, batch_size=20, update_interval=5)
    seen = [positions(first_call(model, X, y))]
    seen += [positions(model.partial_fit(X, y)) for _ in range(6)]
    moved = [a != b for a, b in pairwise(seen)]
    assert moved == [False, True, False, False, True, False]


def test_static_topology_stays(Estimator):
    X, y = toy(Estimator)
    model = first_call(small(Estimator, epsilon=2, method="static"), X, y)
    before = positions(model)
    assert positions(model.partial_fit(X, y)) == before


def test_calls_may_bring_any_number_of_samples(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, batch_size=5)
    for rows in (slice(0, 12), slice(12, 17), slice(17, 40)):
        model.partial_fit(X[rows], y[rows], **classes_of(Estimator))
    assert model.t_ == 40
    assert np.isfinite(scores(model, X)).all()


def classes_of(Estimator):
    return {"classes": [0, 1]} if Estimator is SETClassifier else {}


def test_it_learns():
    X, y = load_digits(return_X_y=True)
    model = SETClassifier(hidden_layer_sizes=(100,), random_state=0)
    for _ in range(20):
        for rows in np.array_split(np.arange(1500), 3):
            model.partial_fit(X[rows] / 16, y[rows], classes=range(10))
    assert model.score(X[1500:] / 16, y[1500:]) > 0.8


def test_batches_do_not_shrink_with_the_call(Estimator):
    """ "auto" is min(200, rows), scikit-learn's rule, however the data are cut."""
    X, y = toy(Estimator, n_samples=450)
    for rows, size in [(slice(0, 50), 50), (slice(0, 450), 200)]:
        auto = first_call(small(Estimator), X[rows], y[rows])
        given = first_call(small(Estimator, batch_size=size), X[rows], y[rows])
        assert_same_network(auto, given)


def test_many_small_calls_teach_as_much_as_their_rows_have():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5000, 10))
    Y = (X[:, :3] > 0).astype(int)
    model = SETClassifier((100,), solver="sgd", learning_rate_init=0.1, random_state=0)
    for rows in np.array_split(np.arange(5000), 100):
        model.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    assert model.score(X, Y) > 0.9


def test_verbose_call_writes_a_line(Estimator, capsys):
    X, y = toy(Estimator)
    model = small(Estimator, verbose=True)
    for n in (1, 2):
        first_call(model, X, y)
        assert re.fullmatch(
            rf"Epoch {n}: loss \d+\.\d+, {model.nnz_} connections, \d+\.\d+ s\n",
            capsys.readouterr().out,
        )


def test_call_with_fewer_rows_than_a_batch_is_no_reason_to_warn(Estimator):
    X, y = toy(Estimator)
    small_call = first_call(small(Estimator, batch_size=41), X, y)
    assert_same_network(small_call, first_call(small(Estimator, batch_size=40), X, y))


def test_invscaling_counts_the_samples_of_an_earlier_fit(Estimator):
    X, y = toy(Estimator)
    params = {"solver": "sgd", "learning_rate": "invscaling", "method": "static"}
    model = small(Estimator, **params, learning_rate_init=1e-3, power_t=9.0).fit(X, y)
    before = [W.data.copy() for W in model.coefs_]
    model.partial_fit(X, y)  # at a rate of 1e-3 / 121^9
    for W, old in zip(model.coefs_, before, strict=True):
        np.testing.assert_allclose(W.data, old, rtol=1e-6)


def test_it_learns_several_outputs():
    X, y = toy(SETRegressor, n_samples=300)
    Y = np.stack([y, X[:, 2]], axis=1)
    model = small(SETRegressor, hidden_layer_sizes=(30,), learning_rate_init=0.01)
    for _ in range(60):
        model.partial_fit(X, Y)
    assert r2_score(Y, model.predict(X)) > 0.9


def test_multilabel():
    X, _ = toy(SETClassifier, n_samples=200)
    Y = (X[:, :3] > 0).astype(int)
    model = small(SETClassifier, hidden_layer_sizes=(30,), learning_rate_init=0.01)
    for _ in range(40):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    assert model.score(X, Y) > 0.7
    assert model.n_outputs_ == 3
    with refused(ValueError, "multilabel indicator matrix in every call", model):
        model.partial_fit(X, Y[:, 0])


# Classes.


def test_first_call_needs_classes():  # row 33
    X, y = toy(SETClassifier)
    model = small(SETClassifier)
    match = "classes must be passed on the first call to partial_fit"
    with refused(ValueError, match, model):
        model.partial_fit(X, y)


def test_classes_of_the_first_call_are_all_there_are():  # row 34
    X, y = toy(SETClassifier)
    labels = np.array(["a", "b", "c"])
    model = small(SETClassifier).partial_fit(X, labels[y], classes=["c", "b", "a"])
    np.testing.assert_array_equal(model.classes_, labels)
    assert model.predict_proba(X).shape == (40, 3)
    model.partial_fit(X, np.full(40, "c")).partial_fit(X, labels[y], classes=labels)
    for given, match in [
        ({"y": np.full(40, "d")}, "has classes not in"),
        ({"y": labels[y], "classes": ["a", "b"]}, "is not the same as on last call"),
        (
            {"y": labels[y], "classes": ["a", "b", "c", "d"]},
            "is not the same as on last call",
        ),
        ({"y": y}, "has classes not in"),
    ]:
        with refused(ValueError, match, model, X, given):
            model.partial_fit(X, **given)


def test_first_call_with_a_class_that_is_not_given():  # row 34
    X, y = toy(SETClassifier)
    with refused(
        ValueError, r"has classes not in.*\[1\]", model := small(SETClassifier)
    ):
        model.partial_fit(X, y, classes=[0, 2])


def test_one_class_now_and_the_other_later():
    X, y = toy(SETClassifier)
    model = small(SETClassifier).partial_fit(X[y == 0], y[y == 0], classes=[0, 1])
    model.partial_fit(X[y == 1], y[y == 1])
    assert model.decision_function(X).shape == (40,)


def test_balanced_class_weight_needs_all_data():
    X, y = toy(SETClassifier)
    model = small(SETClassifier, class_weight="balanced")
    with refused(ValueError, "class_weight='balanced' is not supported", model):
        model.partial_fit(X, y, classes=[0, 1])
    even = small(SETClassifier, class_weight={0: 2, 1: 2})
    even.partial_fit(X, y, classes=[0, 1])
    plain = small(SETClassifier).partial_fit(X, y, classes=[0, 1])
    assert_same_network(even, plain)


def test_early_stopping_needs_all_data(Estimator):  # row 34
    X, y = toy(Estimator)
    model = small(Estimator, early_stopping=True)
    with refused(ValueError, "partial_fit does not support early_stopping", model):
        first_call(model, X, y)


# A call that fails.


@pytest.mark.parametrize("what", ["divergence", "NaN", "weights", "interrupt", "y"])
def test_failing_call_leaves_the_model_bit_for_bit(Estimator, what, monkeypatch):
    X, y = toy(Estimator)
    model, twin = (first_call(small(Estimator, batch_size=10), X, y) for _ in range(2))
    said = scores(model, X)
    error = KeyboardInterrupt if what == "interrupt" else ValueError
    with refused(error, ".*", model, X, y):
        if what == "divergence":
            model.partial_fit(np.where(np.arange(40)[:, None] < 30, X, 1e30), y)
        elif what == "NaN":
            model.partial_fit(np.where(X < 0, np.nan, X), y)
        elif what == "weights":
            model.partial_fit(X, y, sample_weight=np.ones(3))
        elif what == "y":
            model.partial_fit(X, y[:-1])
        else:
            interrupt_the_last_step(monkeypatch)
            model.partial_fit(X, y)
    monkeypatch.undo()
    assert scores(model, X).tobytes() == said.tobytes()
    assert_same_network(model.partial_fit(X, y), twin.partial_fit(X, y))


def interrupt_the_last_step(monkeypatch):
    from skset.training import Training, backpropagation

    monkeypatch.setattr(backpropagation, "MOST_STEPS", 1)
    step, taken = Training._steps, []

    def interrupted(self, window, rows):
        taken.append(rows)
        if len(taken) == 4:
            raise KeyboardInterrupt
        return step(self, window, rows)

    monkeypatch.setattr(Training, "_steps", interrupted)


def test_other_number_of_outputs_is_refused():
    X, y = toy(SETRegressor)
    model = small(SETRegressor).partial_fit(X, y)
    with refused(ValueError, "2 outputs", model):
        model.partial_fit(X, np.stack([y, y], axis=1))


def test_after_a_fit_the_network_goes_on(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, method="static", final_drop=False).fit(X, y)
    before = positions(model)
    n_iter, loss = model.n_iter_, model.loss_
    model.partial_fit(X, y)
    assert positions(model) == before
    assert model.loss_ < loss
    assert model.n_iter_ == n_iter + 1


# warm_start.


def test_warm_start_goes_on(Estimator):
    X, y = toy(Estimator, n_samples=100)
    params = {"method": "static", "learning_rate_init": 0.01, "max_iter": 10}
    model = small(Estimator, **params, warm_start=True).fit(X, y)
    before, loss = positions(model), model.loss_
    model.fit(X, y)
    assert positions(model) == before
    assert model.loss_ < loss
    assert max(model.loss_curve_[10:]) < model.loss_curve_[0]
    assert len(model.loss_curve_) == 20
    cold = small(Estimator, **params).fit(X, y).fit(X, y)
    assert len(cold.loss_curve_) == 10


def test_warm_start_does_not_change_the_earlier_network(Estimator):
    X, y = toy(Estimator)
    model = small(Estimator, warm_start=True).fit(X, y)
    weights, curve = model.coefs_[0].data, model.loss_curve_
    values, length = weights.copy(), len(curve)
    model.fit(X, y)
    np.testing.assert_array_equal(weights, values)
    assert len(curve) == length


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"hidden_layer_sizes": (9,)}, r"hidden_layer_sizes.* was \[8\], now \[9\]"),
        ({"hidden_layer_sizes": (8, 8)}, r"hidden_layer_sizes.* \[8\], now \[8, 8\]"),
        ({"dtype": np.float64}, "dtype.*Previously it was float32, now float64"),
    ],
    ids=str,
)
def test_warm_start_refuses_another_network(Estimator, change, match):  # row 35
    X, y = toy(Estimator)
    model = small(Estimator, warm_start=True, dtype=np.float32).fit(X, y)
    model.set_params(**change).predict(X)
    with refused(ValueError, f"warm_start.*{match}", model):
        model.fit(X, y)


def test_warm_start_refuses_other_features(Estimator):  # row 35
    X, y = toy(Estimator)
    model = small(Estimator, warm_start=True).fit(X, y)
    model.predict(X)
    with refused(ValueError, "X has 4 features", model):
        model.fit(X[:, :4], y)


@pytest.mark.parametrize(
    "change",
    [lambda y: y + 1, lambda y: np.where(np.arange(40) < 3, 7, y), lambda y: y * 0],
    ids=["others", "one more", "one less"],
)
def test_warm_start_refuses_other_classes(change):  # row 35
    X, y = toy(SETClassifier)
    model = small(SETClassifier, warm_start=True).fit(X, y)
    model.predict(X)
    now = str(np.unique(change(y)))
    both = rf"Previously got \[0 1\], `y` has {re.escape(now)}"
    with refused(ValueError, f"warm_start.*classes.*{both}", model):
        model.fit(X, change(y))


def test_warm_start_refuses_another_kind_of_labels():  # row 35
    X, y = toy(SETClassifier)
    single, several = y, np.stack([y, 1 - y], axis=1)
    kinds = ["one label for each sample", "a multilabel indicator matrix"]
    for before, now in [(single, several), (several, single)]:
        model = small(SETClassifier, warm_start=True).fit(X, before)
        model.predict(X)
        with refused(ValueError, f"was {kinds[0]}, now {kinds[1]}", model):
            model.fit(X, now)
        kinds.reverse()


def test_warm_start_refuses_another_kind_of_output():  # row 35
    X, y = toy(SETRegressor)
    model = small(SETRegressor, warm_start=True).fit(X, y)
    model.predict(X)
    with refused(ValueError, "warm_start.*2 outputs, the network 1", model):
        model.fit(X, np.stack([y, y], axis=1))
    both = r"loss is the same.* was SquaredError\(\), now Poisson\(\)"
    with refused(ValueError, both, model.set_params(loss="poisson")):
        model.fit(X, np.abs(y))


@pytest.mark.parametrize(
    ("what", "value"), [("dtype", np.float64), ("hidden_layer_sizes", (8, 8))]
)
def test_partial_fit_does_not_go_on_with_another_network(Estimator, what, value):
    X, y = toy(Estimator)
    model = first_call(small(Estimator, dtype=np.float32), X, y)
    model.set_params(**{what: value})
    with refused(ValueError, rf"partial_fit .*{what} is the same", model, X, y):
        model.partial_fit(X, y)


class GradientGrow:
    """Grow where the gradient is largest."""

    needs = Needs(samples=256)

    def __init__(self):
        self.seen = []

    def __call__(self, topology, n, rng, context):
        self.seen.append(context.inputs.T)
        score = np.abs(context.inputs @ context.deltas.T).ravel()
        score[topology.positions()] = -1
        return np.argsort(score)[-n:]


@pytest.mark.parametrize("batch_size", [10, 40])
def test_growth_that_needs_samples_gets_those_of_the_call_at_hand(
    Estimator, batch_size
):
    """As every growth it comes at the beginning of a call, before its first step."""
    X, y = toy(Estimator)
    grow = GradientGrow()
    model = small(Estimator, grow=grow, density=0.5, zeta=0.5, batch_size=batch_size)
    model.set_params(dtype=np.float64)
    patterns, n_calls = [], []
    for k in (1, 2, 3):
        first_call(model, k * X, y)
        patterns.append([coef.indices.tolist() for coef in model.coefs_])
        n_calls.append(len(grow.seen))
    assert patterns[0] != patterns[1]
    assert n_calls == [0, 1, 2]  # the first layer, as the second is full
    for seen, k in zip(grow.seen, (2, 3), strict=True):  # in units of the first call
        units = (k * X - model.input_shift_) / model.input_scale_
        np.testing.assert_allclose(seen, units)
