"""`SETConvClassifier`: training, predictions, and what goes on from call to call."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

pytest.importorskip("skorch")

from skorch.callbacks import Callback, EarlyStopping

from skset.strategies import METHODS
from skset.torch import SETConvClassifier, SETConvNet, SETLinear, TopologyUpdate
from skset.torch._conv_training import Batches, Images
from skset.torch._images import ChannelScale

X_ALL, y_all = load_digits(return_X_y=True)
X, y = X_ALL[:200].reshape(-1, 1, 8, 8), y_all[:200]
DIGITS = np.arange(10)


def small(**options):
    """Return a small classifier of the digits, that is not fitted."""
    given = {
        "hidden_layer_sizes": (60,),
        "channels": (4,),
        "density": 0.1,
        "batch_size": 32,
        "learning_rate_init": 0.01,
        "max_iter": 3,
        "random_state": 0,
    }
    return SETConvClassifier(**{**given, **options})


def patterns(model):
    parts = [part for part in model.module_.modules() if isinstance(part, SETLinear)]
    return [part.topology.positions() for part in parts]


def assert_same(first, second, X=X):
    for one, other in zip(patterns(first), patterns(second), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


# A fit.


def test_it_learns():
    model = small(max_iter=8).fit(X_ALL[:800].reshape(-1, 8, 8), y_all[:800])
    assert model.score(X_ALL[800:], y_all[800:]) > 0.85
    assert model.image_shape_ == (1, 8, 8)
    assert model.n_iter_ == len(model.loss_curve_) == 8
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def by_hand(solver):
    """Train the network of `small` in a loop of PyTorch alone."""
    torch.manual_seed(np.random.RandomState(0).randint(2**31 - 1))
    module = SETConvNet((1, 8, 8), 10, (4,), hidden_layer_sizes=(60,), density=0.1)
    weights = [p for name, p in module.named_parameters() if p.dim() > 1]
    weights.append(module.hidden[0].weight)
    others = [p for p in module.parameters() if all(p is not w for w in weights)]
    decay = 0.001 / 32
    groups = [{"params": others}, {"params": weights, "weight_decay": decay}]
    if solver == "sgd":
        optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True)
    else:
        optimizer = torch.optim.Adam(groups, lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
    update = TopologyUpdate(module, optimizer, total_epochs=3)
    images = torch.from_numpy(((X - X.mean()) / X.std()).astype(np.float32))
    for _ in range(3):
        for rows in torch.randperm(len(X)).split(32):
            optimizer.zero_grad()
            logits = module(images[rows])
            targets = torch.from_numpy(y)[rows]
            torch.nn.functional.cross_entropy(logits, targets).backward()
            optimizer.step()
        update.step()
        schedule.step()
    module.eval()
    with torch.no_grad():
        return module, module(images).softmax(1).numpy()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_it_is_a_loop_by_hand_with_the_same_seeds(solver):
    model = small(solver=solver, alpha=0.001).fit(X, y)
    module, probabilities = by_hand(solver)
    [pattern] = patterns(model)
    np.testing.assert_array_equal(pattern, module.hidden[0].topology.positions())
    for one, other in zip(model.module_.parameters(), module.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        model.predict_proba(X), probabilities, rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_the_same_seed_gives_the_same_bits(dropout):
    first, second = (small(dropout=dropout).fit(X, y) for _ in range(2))
    assert_same(first, second)
    other = small(dropout=dropout, random_state=1).fit(X, y)
    assert not np.array_equal(patterns(first)[0], patterns(other)[0])


def test_generators_of_others_stay_as_they_are():
    before = torch.get_rng_state()
    model = small().fit(X, y)
    model.partial_fit(X, y)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_ends_with_the_density_that_was_asked_for(method):
    model = small(method=method, final_drop=False).fit(X, y)
    assert model.nnz_ == round(0.1 * 4 * 16 * 60)
    assert model.density_ == pytest.approx(0.1)
    first = torch.nn.Conv2d(1, 4, 3, bias=False).weight.numel() + 2 * 4
    assert model.n_parameters_ == first + model.nnz_ + 60 + 60 * 10 + 10


def test_attributes_of_size_follow_the_final_drop():
    model = small().fit(X, y)
    assert model.nnz_ == patterns(model)[0].size < round(0.1 * 4 * 16 * 60)


@pytest.mark.parametrize(
    "options",
    [
        {"channels": ()},
        {"channels": 3, "kernel_size": 1, "pool": 1},
        {"channels": (4, 4, 4, 4, 4)},
        {"batch_norm": False, "dropout": 0.1},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (40, 30)},
        {"density": None, "epsilon": 1},
        {"standardize": False},
        {"solver": "adamw", "weight_init": "normal"},
        {"drop": "magnitude", "grow": "gradient", "zeta_schedule": "cosine"},
    ],
    ids=str,
)
def test_networks_of_many_shapes(options):
    model = small(**options).fit(X, y)
    assert model.predict_proba(X).shape == (200, 10)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_without_sparse_layers_nothing_is_sparse():
    model = small(hidden_layer_sizes=()).fit(X, y)
    assert (model.nnz_, model.density_) == (0, 1.0)
    model.partial_fit(X, y)
    assert model.n_iter_ == 1


# Images.


def test_rows_and_images_are_one():
    rows = X.reshape(200, -1)
    images = small().fit(X, y)
    of_rows = small(image_shape=(1, 8, 8)).fit(rows, y)
    plain = small().fit(X[:, 0].astype(np.uint8), y)
    for other in (of_rows, plain):
        assert_same(images, other)
    np.testing.assert_array_equal(images.predict(rows), images.predict(X))
    assert images.n_features_in_ == of_rows.n_features_in_ == 64


def test_channels_have_their_own_units():
    two = np.concatenate([X, 1000 + 5 * X], axis=1)
    scale = ChannelScale.learned(two)
    units = scale.applied(two)
    np.testing.assert_allclose(units.mean(axis=(0, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(units.std(axis=(0, 2, 3)), 1, rtol=1e-4)
    other = scale._replace(shift=scale.shift * 0)
    assert not np.allclose(other.applied(two), units)


def test_units_of_x_do_not_matter():
    factor = 256.0  # no bit is lost
    assert_same(
        small().fit(X, y),
        small(standardize=True).fit(X, y),
    )
    first, second = small().fit(X, y), small().fit(factor * X, y)
    np.testing.assert_array_equal(
        first.predict_proba(X), second.predict_proba(factor * X)
    )


def test_a_channel_of_one_value_is_left_as_it_is():
    flat = np.concatenate([X, np.full_like(X, 0.1)], axis=1)
    assert np.isfinite(small().fit(flat, y).predict_proba(flat)).all()


def test_no_batch_has_one_image():
    ones = np.ones(65, np.float32)
    images = Images(np.ones((65, 1, 2, 2)), ones, ones, ChannelScale.of_raw(1))
    for size, sizes in {32: [32, 33], 64: [65], 65: [65], 30: [30, 30, 5]}.items():
        batches = Batches(images, size)
        assert [len(x) for x, _ in batches] == sizes
        assert len(batches) == len(sizes)


@pytest.mark.parametrize("labels", ["text", "bool", "numbers"])
def test_labels_of_any_kind(labels):
    kinds = {
        "text": np.array(["odd", "even"])[1 - y % 2],
        "bool": y % 2 == 0,
        "numbers": np.where(y % 2, 7.0, -3.0),
    }
    model = small(early_stopping=True).fit(X, kinds[labels])
    assert model.classes_.dtype == kinds[labels].dtype
    assert set(model.predict(X)) <= set(kinds[labels])
    assert model.decision_function(X).shape == (200,)
    positive = model.decision_function(X) > 0
    np.testing.assert_array_equal(model.predict(X) == model.classes_[1], positive)


def test_one_class_is_always_predicted():
    model = small().fit(X, np.full(200, "a"))
    assert set(model.predict(X)) == {"a"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((200, 1)))


# Weights.


def test_images_of_weight_0_do_not_count():
    weight = np.repeat([1.0, 0.0], 100)
    noise = np.concatenate([X[:100], 100 * X[100:]])
    weighted = small().fit(noise, y, sample_weight=weight)
    assert_same(weighted, small().fit(X[:100], y[:100]))


def test_only_proportions_of_weights_matter():
    assert_same(
        small().fit(X, y, sample_weight=np.full(200, 8.0)),
        small().fit(X, y),
    )


def test_weights_move_predictions():
    even = y % 2
    heavy = small(class_weight={0: 100, 1: 1}).fit(X, even)
    light = small(class_weight={0: 1, 1: 100}).fit(X, even)
    by_sample = small().fit(X, even, sample_weight=np.where(even, 1.0, 100.0))
    assert heavy.predict(X).sum() < light.predict(X).sum()
    assert_same(heavy, by_sample)


# Stopping.


def test_early_stopping_brings_back_weights_and_topology():
    class Keep(Callback):
        def on_epoch_end(self, net, **kwargs):
            losses.append(net.history[-1, "valid_loss"])
            states.append(copy.deepcopy(net.module_.state_dict()))

    losses, states = [], []
    model = small(
        early_stopping=True,
        n_iter_no_change=2,
        tol=0.01,
        max_iter=60,
        learning_rate_init=0.05,
        callbacks=[Keep()],
    ).fit(X, y)
    best = int(np.argmin(losses))
    assert best < len(losses) - 1 == model.n_iter_ - 1 < 59
    np.testing.assert_allclose(model.validation_scores_, -np.array(losses))
    assert model.best_validation_score_ == max(model.validation_scores_)
    for name, part in model.module_.state_dict().items():
        assert torch.equal(part, states[best][name]), name
    indices = states[-1]["hidden.0.indices"]
    assert not torch.equal(model.module_.hidden[0].indices, indices)


def test_epochs_before_the_final_density_do_not_count():
    model = small(method="granet", early_stopping=True, max_iter=6).fit(X, y)
    assert model.nnz_ == round(0.1 * 4 * 16 * 60)


def test_a_loss_that_no_longer_falls_ends_the_training():
    model = small(n_iter_no_change=1, tol=10.0, max_iter=20).fit(X, y)
    assert model.n_iter_ == 3  # the first one counts as a fall
    assert model.validation_scores_ is None


def test_a_constant_rate_that_has_not_converged_warns():
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        small(learning_rate="constant").fit(X, y)


def test_callbacks_of_skorch_are_called(capsys):
    stop = EarlyStopping("train_loss", threshold=0.9, patience=1, sink=lambda _: None)
    model = small(callbacks=[("stop", stop)], max_iter=9, verbose=1).fit(X, y)
    assert model.n_iter_ < 9
    printed = capsys.readouterr().out
    assert "connections" in printed
    assert "train_loss" in printed


def test_an_interrupt_before_the_first_epoch_is_raised():
    class Interrupt(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == at:
                raise KeyboardInterrupt

    at, model = 1, small(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "module_")
    at = 2
    assert model.fit(X, y).n_iter_ == 1


# Going on.


def test_calls_of_partial_fit_go_on_through_pickles():
    first = small(method="granet", dropout=0.1)
    second = clone(first)
    for _ in range(5):
        first.partial_fit(X, y, classes=DIGITS)
        second = pickle.loads(pickle.dumps(second))
        second.partial_fit(X, y, classes=DIGITS)
    assert_same(first, second)
    assert first.n_iter_ == len(first.loss_curve_) == 5
    assert first.nnz_ == round(0.1 * 4 * 16 * 60)  # after max_iter calls


def test_momentum_is_kept_from_call_to_call():
    model = small().partial_fit(X, y, classes=DIGITS)
    steps = [s["step"] for s in model._state["optimizer"]["state"].values()]
    model.partial_fit(X, y)
    later = [s["step"] for s in model._state["optimizer"]["state"].values()]
    assert [int(n) for n in steps] == [7] * len(steps)
    assert [int(n) for n in later] == [14] * len(steps)


def test_constant_schedules_of_partial_fit_have_no_end():
    model = small(max_iter=1)
    before = None
    for _ in range(3):
        model.partial_fit(X, y, classes=DIGITS)
        after = patterns(model)[0]
        assert before is None or not np.array_equal(before, after)
        assert model.nnz_ == round(0.1 * 4 * 16 * 60)
        before = after


def test_warm_start_goes_on():
    model = small(warm_start=True, zeta=0.1).fit(X, y)
    before, loss = patterns(model)[0], model.loss_curve_[-1]
    model.fit(X, y)
    assert np.isin(before, patterns(model)[0]).mean() > 0.5
    assert model.loss_curve_[3] < model.loss_curve_[0]
    assert (len(model.loss_curve_), model.n_iter_) == (6, 3)
    assert model.loss_curve_[-1] < loss


def test_a_fit_without_warm_start_begins_anew():
    model = small().fit(X, y)
    again = clone(model).fit(X, y)
    assert_same(model.fit(X, y), again)


def test_after_a_fit_partial_fit_grows_back_what_was_dropped():
    model = small().fit(X, y)
    assert model.nnz_ < round(0.1 * 4 * 16 * 60)
    model.partial_fit(X, y)
    assert model.nnz_ == round(0.1 * 4 * 16 * 60)
    assert model.n_iter_ == 1


# In company.


def test_pickles_and_copies_predict_alike():
    model = small().fit(X, y)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same(model, other)


def test_in_a_pipeline_and_a_search():
    to_unit = FunctionTransformer(lambda rows: rows / 16)
    model = make_pipeline(to_unit, small(image_shape=(1, 8, 8), max_iter=2))
    name = "setconvclassifier__density"
    search = GridSearchCV(model, {name: [0.05, 0.2]}, cv=2, error_score="raise")
    search.fit(X_ALL[:200], y)
    assert search.best_params_[name] in (0.05, 0.2)
    assert search.score(X_ALL[:200], y) > 0.3
    images = GridSearchCV(small(), {"zeta": [0.1, 0.3]}, cv=2, error_score="raise")
    assert images.fit(X, y).best_estimator_.image_shape_ == (1, 8, 8)


def test_auto_is_a_device_that_is_there():
    model = small(device="auto", max_iter=1).fit(X, y)
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert next(model.module_.parameters()).device.type == expected
