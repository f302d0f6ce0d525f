"""`ContinualSETClassifier`: what it learns, keeps and shows."""

import pickle

import numpy as np
import pytest
from estimators.continual import N_FEATURES, sequence, small, task_data
from scipy import sparse
from sklearn.base import clone

from skset import ContinualSETClassifier
from skset.strategies import MagnitudeDrop

REUSES = ["never", "when_full", "always"]
every_reuse = pytest.mark.parametrize("reuse", REUSES)


# Twenty tasks just fit into it.
LARGE = {"hidden_layer_sizes": (60, 50), "density": 0.05, "max_iter": 2}


def learned(labels, **params):
    """Return a model of tasks, and the data of each."""
    model, data = small(**params), {}
    for seed, label in enumerate(labels):
        data[label] = task_data(seed, n_classes=2 + seed % 3)
        model.partial_fit(*data[label], task=label)
    return model, data


def answers(model, data):
    """Return all that a model says of each task."""
    return {
        label: [
            getattr(model, method)(X, task=label)[:, model.task_classes_[label]]
            for method in ("predict_log_proba", "predict_proba")
        ]
        for label, (X, _) in data.items()
    }


def assert_same(a, b):
    assert a.keys() == b.keys()
    for label, arrays in a.items():
        for one, other in zip(arrays, b[label], strict=True):
            assert np.array_equal(one, other)


@every_reuse
def test_twenty_tasks_in_random_order_change_no_bit_of_earlier_ones(reuse):
    rng = np.random.default_rng(0)
    labels = [f"task {n}" for n in rng.permutation(20)]
    data = {
        label: task_data(seed, n_classes=2 + seed % 3)
        for seed, label in enumerate(labels)
    }
    model, known = small(reuse=reuse, **LARGE), {}
    for n, label in enumerate(labels):
        model.partial_fit(*data[label], task=label)
        seen = {name: data[name] for name in labels[: n + 1]}
        now = answers(model, seen)
        assert_same({name: now[name] for name in known}, known)
        known = now
    assert model.tasks_ == labels
    assert_same(answers(pickle.loads(pickle.dumps(model)), data), answers(model, data))
    again = clone(model)
    for label in labels:
        again.partial_fit(*data[label], task=label)
    assert_same(answers(again, data), answers(model, data))


@every_reuse
def test_a_whole_sequence_is_one_call_after_the_other(reuse):
    X, y, task = sequence()
    whole = small(reuse=reuse).fit(X, y, task=task)
    steps = small(reuse=reuse)
    for label in range(3):
        steps.partial_fit(X[task == label], y[task == label], task=label)
    proba = whole.predict_proba(X, task=task)
    assert np.array_equal(proba, steps.predict_proba(X, task=task))
    assert whole.tasks_ == steps.tasks_ == [0, 1, 2]


@every_reuse
def test_a_pickle_goes_on_with_the_same_bits(reuse):
    model, data = learned("abc", reuse=reuse)
    known, copy = answers(model, data), pickle.loads(pickle.dumps(model))
    for seed, label in enumerate("defg", 3):
        data[label] = task_data(seed, n_classes=2 + seed % 3)
        for each in (model, copy):
            each.partial_fit(*data[label], task=label)
        now = answers(copy, data)
        assert_same(now, answers(model, data))
        assert_same({name: now[name] for name in known}, known)
        known, copy = now, pickle.loads(pickle.dumps(copy))
    assert copy.tasks_ == list("abcdefg")


@every_reuse
@pytest.mark.parametrize("grow_network", [False, True])
def test_threads_change_no_bit(reuse, grow_network, threads_at_work):
    """Not of the tasks that were there, nor of the new one; their number may change."""
    params = {"reuse": reuse, "grow_network": grow_network, "density": 0.2}
    one, many, known, data = small(**params), small(n_jobs=2, **params), {}, {}
    for seed, label in enumerate("abcd"):
        data[label] = task_data(seed)
        one.partial_fit(*data[label], task=label)
        many.partial_fit(*data[label], task=label)
        assert threads_at_work
        now = answers(many, data)
        assert_same(now, answers(one, data))
        assert_same({name: now[name] for name in known}, known)
        known = now
    again, (X, y, task) = clone(many), sequence(4)
    assert_same(answers(again.fit(X, y, task=np.array(list("abcd"))[task]), data), now)
    one.set_params(n_jobs=3).partial_fit(*task_data(4), task="e")
    many.set_params(n_jobs=None).partial_fit(*task_data(4), task="e")
    X = data["a"][0]
    assert np.array_equal(
        one.predict_proba(X, task="e"), many.predict_proba(X, task="e")
    )


def test_every_task_is_learned():
    X, y, task = sequence(5, n_samples=300)
    model = small(max_iter=20, density=0.2, reuse="always").fit(X, y, task=task)
    for label in range(5):
        rows = task == label
        assert model.score(X[rows], y[rows], task=label) > 0.85


def test_rows_of_several_tasks_are_answered_in_one_call():
    model, data = learned("abc")
    X = np.concatenate([data[label][0] for label in "abc"])
    task = np.repeat(list("abc"), 60)
    order = np.random.default_rng(0).permutation(180)
    mixed = model.predict_proba(X[order], task=task[order])
    for label in "abc":
        alone = model.predict_proba(data[label][0], task=label)
        rows = np.flatnonzero(task == label)
        assert np.array_equal(mixed[np.argsort(order)[rows]], alone)
    predicted = model.predict(X[order], task=task[order])
    assert np.array_equal(predicted, model.classes_[mixed.argmax(axis=1)])


def test_columns_are_the_classes_of_all_tasks():
    model = small()
    model.partial_fit(*task_data(0, 2, first_class=4), task="late")
    model.partial_fit(*task_data(1, 3, first_class=0), task="early")
    X = task_data(0)[0]
    assert model.classes_.tolist() == [0, 1, 2, 4, 5]
    assert {k: v.tolist() for k, v in model.task_classes_.items()} == {
        "late": [4, 5],
        "early": [0, 1, 2],
    }
    late, early = (model.predict_proba(X, task=name) for name in model.tasks_)
    assert (late[:, :3] == 0).all()
    assert (early[:, 3:] == 0).all()
    np.testing.assert_allclose(late.sum(axis=1), 1)
    logits = model.decision_function(X, task="late")
    assert (logits[:, :3] == -np.inf).all()
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, late)
    assert set(model.predict(X, task="late")) <= {4, 5}
    logs = model.predict_log_proba(X, task="early")
    np.testing.assert_array_equal(np.exp(logs), early)


def test_two_classes_in_all_have_one_number_for_each_row():
    X, y = task_data(0, 2)
    model = small().partial_fit(X, y, task="a").partial_fit(-X, y, task="b")
    logits = model.decision_function(X, task="b")
    assert logits.shape == (60,)
    assert np.array_equal(logits > 0, model.predict(X, task="b") == 1)


def test_strings_are_labels_too():
    X, y = task_data(0)
    names = np.array(["red", "green", "blue"])[y]
    model = small().partial_fit(X, names, task=1)
    model.partial_fit(X, np.array(["x", "yellow", "z"])[y], task=np.int64(2))
    assert model.tasks_ == [1, 2]
    assert set(model.predict(X, task=2)) <= {"x", "yellow", "z"}
    assert model.classes_.tolist() == ["blue", "green", "red", "x", "yellow", "z"]


@every_reuse
def test_what_is_shared_is_counted(reuse):
    model, _ = learned("abcd", reuse=reuse, density=0.2)
    networks = [model.network_of(label) for label in "abcd"]
    sets = [
        [set(layer.topology.positions().tolist()) for layer in network.layers[:-1]]
        for network in networks
    ]
    for i, one in enumerate(sets):
        for j, other in enumerate(sets):
            common = sum(len(a & b) for a, b in zip(one, other, strict=True))
            assert model.shared_connections_[i, j] == common
    used = [set().union(*layers) for layers in zip(*sets, strict=True)]
    n_places = 8 * 20 + 20 * 16
    assert model.capacity_ == sum(map(len, used)) / n_places
    for depth, owner in enumerate(model.owner_):
        rows, columns = owner.nonzero() if owner.nnz == 0 else _stored(owner)
        for i, j, number in zip(rows, columns, owner.data, strict=True):
            having = [n for n in range(4) if i * owner.shape[1] + j in sets[n][depth]]
            assert number == having[0]
    common = model.shared_connections_
    if reuse == "always":
        assert (common > 0).all()
    else:
        assert np.count_nonzero(common) == 4


def _stored(owner):
    coo = owner.tocoo()
    return coo.row, coo.col


def test_the_network_of_a_task_answers_for_raw_inputs():
    model, data = learned("ab", dtype=np.float64)
    X = data["b"][0]
    network = model.network_of("b")
    A = X.T
    for layer, last in zip(network.layers, [False, False, True], strict=True):
        A = layer.to_csr().T @ A + layer.bias[:, None]
        A = A if last else np.maximum(A, 0)
    logits = model.decision_function(X, task="b")[:, model.task_classes_["b"]]
    np.testing.assert_allclose(logits - logits[:, :1], (A - A[:1]).T, atol=1e-9)
    assert not network.layers[0].weights.flags.writeable


def test_frozen_weights_are_those_of_the_owner():
    model, _ = learned("abc", reuse="always", density=0.3, standardize=False)
    seen = {}
    for label in "abc":
        for depth, layer in enumerate(model.network_of(label).layers[:-1]):
            for place, weight in zip(
                layer.topology.positions().tolist(), layer.weights, strict=True
            ):
                assert seen.setdefault((depth, place), weight) == weight


def test_the_units_are_those_of_the_first_task():
    X, y = task_data(0)
    model = small().partial_fit(X, y, task="a")
    scaling = model._scaling
    model.partial_fit(1000 * X + 5, y, task="b")
    assert model._scaling is scaling
    raw = small(standardize=False).partial_fit(X, y, task="a")
    assert raw.partial_fit(X, y, task="b")._scaling is None


# Places that run out.


def test_never_takes_what_is_left_and_says_how_many_tasks_fit():
    model, _ = learned("abc", reuse="never", density=0.3)
    data = task_data(9)
    with pytest.warns(UserWarning, match="only .* places are free: 3 tasks"):
        model.partial_fit(*data, task="d")
    assert model.capacity_ == 1
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"Task 'e' wants .* only 0 places are free"):
        model.partial_fit(*data, task="e")
    assert pickle.dumps(model) == before


def test_when_full_shares_only_what_it_must():
    model, _ = learned("abcde", reuse="when_full", density=0.3)
    common = model.shared_connections_
    assert common[0, 1] == common[0, 2] == common[1, 2] == 0
    assert model.capacity_ == 1
    assert (np.diag(common) == common[0, 0]).all()
    assert common[4, :4].sum() >= common[4, 4]  # nothing was free any more


@pytest.mark.parametrize("reuse", ["never", "when_full"])
def test_a_network_that_grows_has_room_for_all(reuse):
    model, data = learned("a", reuse=reuse, density=0.3, grow_network=True)
    sizes, known = model.hidden_layer_sizes_, answers(model, data)
    for seed in range(1, 6):
        model.partial_fit(*task_data(seed, 2), task=f"{seed}")
        assert_same(answers(model, data), known)
    assert all(
        now > then for now, then in zip(model.hidden_layer_sizes_, sizes, strict=True)
    )
    common = model.shared_connections_
    assert np.count_nonzero(common) == 6
    assert (np.diag(common) == common[0, 0]).all()
    assert model.network_of("a").n_units[1:-1] == sizes


# A task that goes on.


@every_reuse
def test_refining_trains_only_what_no_other_task_uses(reuse):
    model, data = learned("abc", reuse=reuse, density=0.25)
    others = {label: data[label] for label in "ac"}
    known, before = answers(model, others), answers(model, {"b": data["b"]})
    model.partial_fit(*data["b"], task="b", refine=True)
    assert_same(answers(model, others), known)
    assert model.tasks_ == list("abc")
    assert (answers(model, {"b": data["b"]})["b"][1] != before["b"][1]).any()


def test_refining_goes_on_in_a_network_that_has_grown():
    model, data = learned("ab", reuse="never", density=0.4, grow_network=True)
    model.partial_fit(*task_data(7), task="c")
    known = answers(model, data)
    model.partial_fit(*data["a"], task="a", refine=True)
    assert_same(answers(model, {"b": data["b"]}), {"b": known["b"]})


def test_refining_needs_not_all_classes():
    X, y = task_data(0)
    model = small().partial_fit(X, y, task="a")
    some = y < 2
    model.partial_fit(X[some], y[some], task="a", refine=True)
    assert model.task_classes_["a"].tolist() == [0, 1, 2]


# The task is not known.


def test_the_surest_task_answers_if_it_is_asked_for():
    X, y, task = sequence(3, n_samples=200)
    X = X + 10 * task[:, None]
    model = small(max_iter=20, density=0.3, unknown_task="entropy")
    model.fit(X, y, task=task)
    named = [model.predict_proba(X, task=label) for label in range(3)]
    logs = [np.log(np.maximum(p, 1e-300)) for p in named]
    entropies = [-(p * q).sum(axis=1) for p, q in zip(named, logs, strict=True)]
    chosen = np.argmin(entropies, axis=0)
    expected = np.choose(chosen[:, None], named)
    assert np.array_equal(model.predict_proba(X), expected)
    assert model.score(X, y) == np.mean(expected.argmax(axis=1) == y)


# What else it takes.


@pytest.mark.parametrize("init", ["erdos_renyi", "uniform", "snip", [0.2, 0.1]])
@pytest.mark.parametrize("grow", ["random", "random_unfired", "gradient", "momentum"])
def test_strategies_go_together(init, grow):
    params = {"init": init, "grow": grow, "drop": "sensitivity", "reuse": "when_full"}
    model, data = learned("abcde", **params, density=0.3, zeta_schedule="linear")
    assert model.capacity_ <= 1
    for label, (X, _) in data.items():
        assert np.isfinite(model.predict_proba(X, task=label)).all()


def test_uniform_gives_all_layers_the_same_density():
    model, _ = learned("a", init="uniform", density=0.25)
    first, second, head = model.network_of("a").layers
    assert first.topology.nnz == 0.25 * N_FEATURES * 20
    assert second.topology.nnz == 0.25 * 20 * 16
    assert head.topology.density == 1


def test_parameters_of_strategies_can_be_set():
    model = small(drop=MagnitudeDrop()).set_params(grow="gradient")
    model.set_params(grow__random_share=0.5)
    assert model.get_params()["grow__random_share"] == 0.5
    with pytest.raises(ValueError, match="Invalid parameter 'size' for grow"):
        model.set_params(grow__size=1)


def test_sparse_rows_are_the_same_rows():
    X, y, task = sequence()
    X[X < 0] = 0
    dense = small().fit(X, y, task=task)
    rows = sparse.csr_array(X)
    other = small().fit(rows, y, task=task)
    assert np.array_equal(
        dense.predict_proba(X, task=task), other.predict_proba(rows, task=task)
    )


def test_weights_of_samples_count():
    X, y = task_data(0, 2)
    model = small().partial_fit(X, y, np.where(y == 0, 1e-6, 1.0), task="a")
    assert (model.predict(X, task="a") == 1).mean() > 0.9
    balanced = small(class_weight={0: 1e-6, 1: 1.0}).partial_fit(X, y, task="a")
    assert (balanced.predict(X, task="a") == 1).mean() > 0.9
    assert model.score(X, y, np.where(y == 1, 1.0, 0.0), task="a") > 0.9


def test_one_task_needs_no_name():
    X, y = task_data(0)
    model = small().fit(X, y)
    assert model.tasks_ == [None]
    assert np.array_equal(model.predict(X), model.predict(X, task=None))
    named = ContinualSETClassifier(**model.get_params(deep=False))
    named.fit(X, y, task="a")
    assert np.array_equal(named.predict_proba(X), model.predict_proba(X))
    first = model.predict_proba(X)
    model.partial_fit(X, y)  # goes on
    assert model.tasks_ == [None]
    named.partial_fit(X, y, task="a", refine=True)
    assert np.array_equal(named.predict_proba(X), model.predict_proba(X))
    assert (model.predict_proba(X) != first).any()
