"""`EvolveTopology` in nets of skorch."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

pytest.importorskip("skorch")

from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping

from skset.torch import SETLinear, TopologyUpdate
from skset.torch.skorch import EvolveTopology

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 12)).astype(np.float32)
y = (X[:, 0] + X[:, 1] > 0).astype(int)
N_CONNECTIONS = 120


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = SETLinear(12, 40, density=0.25, activation="relu")
        self.output = torch.nn.Linear(40, 2)

    def forward(self, x):
        return self.output(self.hidden(x))


def net(*, last=(), seed=0, **options):
    """Return a net of an evolving layer, that is not fitted."""
    evolve = EvolveTopology(**{"random_state": seed, **options})
    torch.manual_seed(seed)
    return NeuralNetClassifier(
        Module,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=4,
        batch_size=20,
        train_split=None,
        callbacks=[*last, ("evolve", evolve)],
        verbose=0,
    )


def evolve_of(fitted):
    return dict(fitted.callbacks_)["evolve"]


def positions(fitted):
    return fitted.module_.hidden.topology.positions()


def moments(fitted):
    return fitted.optimizer_.state[fitted.module_.hidden.weight]["exp_avg"]


def test_a_net_learns_what_a_loop_by_hand_learns():
    fitted = net().fit(X, y)
    torch.manual_seed(0)
    module = Module()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    update = TopologyUpdate(module, optimizer, total_epochs=4, random_state=0)
    for _ in range(4):
        for start in range(0, 60, 20):
            batch = slice(start, start + 20)
            optimizer.zero_grad()
            outputs = module(torch.from_numpy(X[batch]))
            targets = torch.from_numpy(y[batch])
            torch.nn.functional.cross_entropy(outputs, targets).backward()
            optimizer.step()
        update.step()
    assert evolve_of(fitted).update_.evolutions == 4
    np.testing.assert_array_equal(positions(fitted), module.hidden.topology.positions())
    assert torch.equal(fitted.module_.hidden.weight, module.hidden.weight)


def test_each_epoch_keeps_the_number_of_connections_but_for_the_final_drop():
    assert net(final_drop=False).fit(X, y).module_.hidden.nnz == N_CONNECTIONS
    assert net().fit(X, y).module_.hidden.nnz < N_CONNECTIONS


def test_the_next_training_grows_back_what_the_final_drop_took():
    fitted = net().fit(X, y)
    few = fitted.module_.hidden.nnz
    fitted.partial_fit(X, y)
    assert evolve_of(fitted).full_ == [N_CONNECTIONS]
    assert abs(fitted.module_.hidden.nnz - few) <= 2  # each sign is dropped by itself
    assert len(fitted.history) == 8


def test_regrown_connections_leave_predictions_as_they_were():
    fitted = net().fit(X, y)
    before, held = fitted.predict_proba(X), moments(fitted).abs().sum()
    evolve = evolve_of(fitted)
    evolve.on_train_begin(fitted)
    evolve.on_epoch_begin(fitted)
    assert fitted.module_.hidden.nnz == N_CONNECTIONS
    np.testing.assert_allclose(fitted.predict_proba(X), before, rtol=1e-5)
    assert moments(fitted).shape == (N_CONNECTIONS,)
    torch.testing.assert_close(moments(fitted).abs().sum(), held)


def test_warm_start_goes_on_and_fit_begins_anew():
    fitted = net().fit(X, y)
    learned = positions(fitted)
    fitted.set_params(warm_start=True).fit(X, y)
    assert np.intersect1d(positions(fitted), learned).size > learned.size // 4
    fitted.set_params(warm_start=False).fit(X, y)
    assert len(fitted.history) == 4
    assert evolve_of(fitted).update_.calls == 4


@pytest.mark.parametrize("every", ["epoch", 3])
def test_calls_of_partial_fit_share_a_total(every):
    calls = 4 if every == "epoch" else 12
    parts = net(method="rigl", every=every, total=calls).set_params(max_epochs=1)
    for _ in range(4):
        parts.partial_fit(X, y)
    whole = net(method="rigl", every=every).fit(X, y)
    np.testing.assert_array_equal(positions(parts), positions(whole))
    update = evolve_of(parts).update_
    assert update.calls == update.total == calls
    before = positions(parts)
    parts.partial_fit(X, y)  # after its end the topology stays
    np.testing.assert_array_equal(positions(parts), before)


def test_a_number_of_steps_is_counted_over_all_epochs():
    fitted = net(every=2).fit(X, y)
    update = evolve_of(fitted).update_
    assert (update.calls, update.total, update.evolutions) == (12, 12, 6)


def test_a_density_schedule_ends_once_and_for_all():
    fitted = net(method="granet", random_state=1).fit(X, y)
    assert fitted.module_.hidden.nnz == N_CONNECTIONS
    fitted.partial_fit(X, y)
    assert fitted.module_.hidden.nnz == N_CONNECTIONS


def test_an_interrupted_density_schedule_goes_on():
    class Interrupt(EarlyStopping):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    fitted = net(method="granet", last=[("stop", Interrupt())]).fit(X, y)
    many = fitted.module_.hidden.nnz
    assert many > N_CONNECTIONS
    fitted.partial_fit(X, y)
    assert fitted.module_.hidden.nnz == N_CONNECTIONS


@pytest.mark.parametrize("method", ["set", "granet", "ctre"])
def test_copies_and_pickles_go_on_alike(method):
    first = net(method=method, total=8, random_state=3).fit(X, y)
    second = pickle.loads(pickle.dumps(first))
    third = copy.deepcopy(first)
    assert len({id(evolve_of(one)) for one in (first, second, third)}) == 3
    for one in (first, second, third):
        torch.manual_seed(1)
        one.partial_fit(X, y)
    for other in (second, third):
        np.testing.assert_array_equal(positions(other), positions(first))
        np.testing.assert_array_equal(other.predict_proba(X), first.predict_proba(X))


def test_saved_parameters_bring_the_pattern(tmp_path):
    fitted = net().fit(X, y)
    other = net(seed=1).initialize()
    assert not np.array_equal(positions(other), positions(fitted))
    files = {"f_params": tmp_path / "w.pt", "f_optimizer": tmp_path / "o.pt"}
    fitted.save_params(**files)
    other.load_params(**files)
    np.testing.assert_array_equal(positions(other), positions(fitted))
    np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
    held = moments(other).clone()
    evolve_of(other).on_train_begin(other)
    assert torch.equal(moments(other), held)  # loaded with the pattern: it is kept
    other.partial_fit(X, y)


def test_an_optimiser_forgets_a_pattern_that_was_replaced_behind_its_back(tmp_path):
    fitted, other = net().fit(X, y), net(seed=1).fit(X, y)
    fitted.save_params(f_params=tmp_path / "w.pt")
    other.load_params(f_params=tmp_path / "w.pt")
    evolve_of(other).on_train_begin(other)
    assert other.module_.hidden.weight not in other.optimizer_.state
    assert other.module_.output.weight in other.optimizer_.state
    other.partial_fit(X, y)
    assert np.isfinite(other.predict_proba(X)).all()


def test_early_stopping_brings_back_the_best_pattern():
    class Best(EarlyStopping):
        def on_epoch_end(self, net, **kwargs):
            super().on_epoch_end(net, **kwargs)
            if self.best_epoch_ == net.history[-1, "epoch"]:
                seen.append((positions(net), net.predict_proba(X)))

    seen = []
    stop = Best("train_loss", patience=1, load_best=True, threshold=0.3)
    fitted = net(last=[("stop", stop)]).set_params(max_epochs=30).fit(X, y)
    assert len(fitted.history) < 30
    np.testing.assert_array_equal(positions(fitted), seen[-1][0])
    np.testing.assert_array_equal(fitted.predict_proba(X), seen[-1][1])
    fitted.partial_fit(X, y)  # what the optimiser held is of another pattern
    assert np.isfinite(fitted.predict_proba(X)).all()


def test_a_search_finds_its_parameters():
    search = GridSearchCV(
        net(), {"callbacks__evolve__zeta": [0.1, 0.4]}, cv=2, error_score="raise"
    )
    search.fit(X, y)
    best = search.best_estimator_
    zeta = search.best_params_["callbacks__evolve__zeta"]
    assert evolve_of(best).zeta == zeta


def test_a_clone_has_the_parameters_and_nothing_learned():
    fitted = net(zeta=0.2, method="rigl").fit(X, y)
    [(_, callback)] = clone(fitted).callbacks
    assert callback.get_params()["zeta"] == 0.2
    assert callback.get_params()["method"] == "rigl"


def test_the_loss_of_an_epoch_is_passed_on(monkeypatch):
    heard = []
    step = TopologyUpdate.step
    monkeypatch.setattr(
        TopologyUpdate,
        "step",
        lambda self, loss=None: heard.append(loss) or step(self, loss),
    )
    fitted = net().fit(X, y)
    assert heard == fitted.history[:, "train_loss"]
    heard.clear()
    net(monitor=None).fit(X, y)
    assert heard == [None] * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"total": "epochs"}, "total must be"),
        ({"total": 0}, "must be a whole number"),
        ({"every": 0}, "every must be"),
        ({"method": "sett"}, "is none of"),
        ({"method": "rigl", "total": None}, "schedules of this method need"),
    ],
)
def test_wrong_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        net(**options).fit(X, y)


def test_a_module_without_sparse_layers_is_refused():
    plain = net().set_params(module=lambda: torch.nn.Linear(12, 2))
    with pytest.raises(ValueError, match="no SETLinear"):
        plain.fit(X, y)
