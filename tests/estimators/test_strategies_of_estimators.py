"""Strategies by name and as objects, in all four estimators."""

import copy
import pickle
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import pytest
from estimators.cases import (
    BOTH,
    bits,
    first_call,
    impatient,
    machine,
    named,
    refused,
    selector,
    small,
    toy,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset.estimators import QuickSelection, SETClassifier, SETRegressor, SparseRBM
from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    INITS,
    METHODS,
    SCHEDULES,
    ConstantSchedule,
    CosineGrow,
    CosineSchedule,
    CubicDensity,
    ErdosRenyi,
    GuidedGrow,
    ImportancePruning,
    LayerDensities,
    LinearSchedule,
    MagnitudeDrop,
    MESTDrop,
    RandomGrow,
    Snip,
)

pytestmark = impatient
# A network so small can die of a few steps.
dead = pytest.mark.filterwarnings("ignore:All importances are 0:UserWarning")
torn = pytest.mark.filterwarnings("ignore:The network is so sparse:UserWarning")

KINDS = [SETClassifier, SETRegressor, QuickSelection, SparseRBM]
LAYERED = KINDS[:3]
every_kind = pytest.mark.parametrize("Kind", KINDS, ids=lambda Kind: Kind.__name__)
layered = pytest.mark.parametrize("Kind", LAYERED, ids=lambda Kind: Kind.__name__)
STREAMED = [name for name in GROWS if name != "cosine"]
NAMED = [
    (part, name)
    for part, table in {
        "method": METHODS,
        "drop": DROPS,
        "grow": GROWS,
        "init": INITS,
        "zeta_schedule": SCHEDULES,
        "density_schedule": DENSITY_SCHEDULES,
        "newborn": ["zero", "init", "he_uniform"],
    }.items()
    for name in table
]


def make(Kind, n_epochs=4, **params):
    """Return a small estimator with layers that are neither full nor torn.

    Their weights are of one size, so that what is weakest in the whole network is not
    all of its first and last layer: few steps are taken here.
    """
    if Kind is SparseRBM:
        given = {"density": 0.4, "final_drop": False, **params}
        return machine(15, n_iter=n_epochs, **given)
    given = {"hidden_layer_sizes": (20, 10), "density": 0.4, "batch_size": 10}
    given |= {"weight_init": "he", **params}
    if Kind is QuickSelection:
        model = selector(2, max_iter=max(n_epochs, 13), **given)
        # The final drop is no parameter of this one.
        model._fixed = {**model._fixed, "final_drop": False}
        return model
    given = {"tol": 0.0, "final_drop": False, **given}
    return small(Kind, max_iter=n_epochs, **given)


def data(Kind, n_samples=40, n_features=12):
    """Return X and y, or None for y where it is not needed."""
    if Kind is SparseRBM:
        return bits(n_samples, n_features), None
    X, y = toy(Kind, n_samples, n_features, n_classes=3)
    return X, None if Kind is QuickSelection else y


def streamed(model, X, y):
    """Make a call of partial_fit."""
    return model.partial_fit(X) if y is None else first_call(model, X, y)


def arrays(model):
    """Return all that was learned: patterns, weights and biases."""
    network = model.network_
    found = []
    for layer in network.layers:
        t = layer.topology
        found += [t.indptr, t.indices, layer.weights, layer.bias]
    return [*found, getattr(network, "visible_bias", np.empty(0))]


def assert_same(one, other):
    """Assert that two models learned the same, bit for bit."""
    for a, b in zip(arrays(one), arrays(other), strict=True):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()


def assert_finite(model, X):
    """Assert that a model's weights, and what it says of X, are finite."""
    assert all(np.isfinite(a).all() for a in arrays(model))
    if isinstance(model, QuickSelection):
        said = [model.feature_importances_]
        assert sorted(model.ranking_) == list(range(1, X.shape[1] + 1))
    elif isinstance(model, SparseRBM):
        said = [model.transform(X), model.score_samples(X)]
    else:
        said = [model.predict(X), model.feature_importances_]
    assert all(np.isfinite(part).all() for part in said)


# Names.


@every_kind
@pytest.mark.parametrize(("part", "name"), NAMED)
def test_every_name_fits_and_keeps_the_number_of_connections(Kind, part, name):
    X, y = data(Kind)
    given = {part: name, "density": 0.8 if name == "uniform_plus" else 0.4}
    model = make(Kind, **given).fit(X, y)
    static = make(Kind, **{**given, "method": "static"}).fit(X, y)
    if part == "init" and Kind is not SparseRBM:
        assert model.density_ == pytest.approx(given["density"], abs=0.005)
    if name != "threshold":  # which drops, and grows, what is below it
        assert [layer.topology.nnz for layer in model.network_.layers] == (
            [layer.topology.nnz for layer in static.network_.layers]
        ) or name in ("granet", "cubic")  # they share their connections out anew
    assert model.nnz_ == static.nnz_
    assert_finite(model, X)


@every_kind
@pytest.mark.parametrize(("part", "name"), NAMED)
def test_every_name_streams_but_cosine(Kind, part, name):
    X, y = data(Kind)
    if name in ("cosine", "ctre") and part in ("grow", "method"):
        return
    given = {part: name, "density": 0.8 if name == "uniform_plus" else 0.4}
    model = make(Kind, **given)
    seen = [streamed(model, X, y).nnz_ for _ in range(3)]
    falls = name in ("granet", "cubic")
    assert all(a > b if falls else a == b for a, b in pairwise(seen))
    assert_finite(model, X)


@every_kind
@pytest.mark.parametrize("part", ["method", "drop", "grow", "init", "zeta_schedule"])
def test_unknown_names_are_answered_with_the_known_ones(Kind, part):
    tables = {"method": METHODS, "drop": DROPS, "grow": GROWS, "init": INITS}
    table = tables.get(part, SCHEDULES)
    X, y = data(Kind)
    model = make(Kind, **{part: "foo"})
    with pytest.raises(ValueError, match="Got 'foo' instead") as raised:
        model.fit(X, y)
    assert f"'{part}' parameter of {Kind.__name__}" in str(raised.value)
    assert all(f"'{name}'" in str(raised.value) for name in table)


@layered
def test_a_density_for_each_layer(Kind):
    X, y = data(Kind)
    model = make(Kind, init=[0.5, 0.25, 1.0], method="rigl").fit(X, y)
    assert [W.nnz / np.prod(W.shape) for W in model.coefs_] == [0.5, 0.25, 1.0]
    same = make(Kind, init=LayerDensities((0.5, 0.25, 1.0)), method="rigl").fit(X, y)
    assert_same(model, same)
    model.set_params(init=[0.5, 0.5])
    with refused(ValueError, "2 densities were given for 3 layers", model):
        model.fit(X, y)


def test_a_density_for_the_one_layer_of_a_machine():
    assert make(SparseRBM, init=[0.25]).fit(bits(n_features=12)).nnz_ == 45


@every_kind
@pytest.mark.parametrize("part", ["drop", "grow", "zeta_schedule", "density_schedule"])
def test_a_name_and_its_object_are_the_same(Kind, part):
    X, y = data(Kind)
    table = {"drop": DROPS, "grow": GROWS, "zeta_schedule": SCHEDULES}
    for name, strategy in table.get(part, DENSITY_SCHEDULES).items():
        by_name = make(Kind, 3, **{part: name}, zeta=0.4).fit(X, y)
        by_object = make(Kind, 3, **{part: strategy()}, zeta=0.4).fit(X, y)
        assert_same(by_name, by_object)


@every_kind
def test_methods_differ(Kind):
    X, y = data(Kind)
    found = {
        name: b"".join(a.tobytes() for a in arrays(make(Kind, method=name).fit(X, y)))
        for name in METHODS
        if name != "rigl"  # an update every 100 steps, of which there are fewer here
    }
    assert len(set(found.values())) == len(found)


# The same bits.


@every_kind
@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_bits_for_any_number_of_threads(Kind, method, threads_at_work):
    X, y = data(Kind)
    params = {"method": method, "update_interval": 3}
    if Kind is not SparseRBM:
        params |= {"unit_pruning": ImportancePruning(0.2, start=0.3, every=0.2)}
    serial = make(Kind, **params).fit(X, y)
    assert not threads_at_work
    shared = make(Kind, **params, n_jobs=2).fit(X, y)
    assert threads_at_work
    assert_same(serial, shared)
    assert_same(serial, make(Kind, **params).fit(X, y))
    other = make(Kind, **params, random_state=1).fit(X, y)
    assert not np.array_equal(arrays(other)[1], arrays(serial)[1])


@every_kind
@pytest.mark.parametrize("grow", GROWS)
def test_every_growth_gives_the_same_bits_for_any_number_of_threads(
    Kind, grow, threads_at_work
):
    X, y = data(Kind)
    params = {"grow": grow, "drop": "sensitivity"}
    serial = make(Kind, **params).fit(X, y)
    shared = make(Kind, **params, n_jobs=2).fit(X, y)
    assert threads_at_work
    assert_same(serial, shared)


WAYS = {"deepcopy": copy.deepcopy, "pickle": lambda m: pickle.loads(pickle.dumps(m))}


@every_kind
@pytest.mark.parametrize("through", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "params",
    [
        *[{"grow": name} for name in STREAMED],
        {"drop": "mest"},
        {"density_schedule": "cubic", "grow": "momentum"},
        {"unit_pruning": ImportancePruning(start=0.2, every=0.1), "grow": "momentum"},
        {"unit_pruning": ImportancePruning(start=0.2), "grow": "random_unfired"},
    ],
    ids=named,
)
def test_copies_between_calls_go_on_as_the_original(Kind, params, through):
    X, y = data(Kind)
    if Kind is SparseRBM and "unit_pruning" in params:
        return
    straight, copied = (make(Kind, 10, **params) for _ in range(2))
    for _ in range(5):
        streamed(straight, X, y)
        before = through(streamed(copied, X, y))
        streamed(copied, X, y)  # of no concern to the copy that was made before
        copied = before
        assert_same(copied, straight)


@pytest.mark.parametrize("Kind", [*BOTH, SparseRBM])
@pytest.mark.parametrize(
    "params",
    [
        *[{"grow": name} for name in STREAMED],
        {"method": "granet"},
        {"method": "mest", "newborn": "he_uniform"},
        {"density_schedule": "cubic", "update_interval": 3, "grow": "random_unfired"},
    ],
    ids=named,
)
def test_passes_equal_the_epochs_of_one_fit(Kind, params):
    X, y = data(Kind)
    params = params | {"alpha": 0.1}  # "auto" is another one in each
    model = make(Kind, 6, **params)
    for _ in range(6):
        streamed(model, X, y)
    assert_same(model, make(Kind, 6, **params).fit(X, y))


# Nested parameters.

NESTED = [
    ({"grow": "guided"}, "grow", {"gamma": 2.0}, GuidedGrow(gamma=2.0)),
    ({"method": "gse"}, "grow", {"gamma": 2.0}, GuidedGrow(gamma=2.0)),
    (
        {"grow": GuidedGrow(uniform_share=0.2)},
        "grow",
        {"gamma": 2.0},
        GuidedGrow(gamma=2.0, uniform_share=0.2),
    ),
    ({"method": "mest"}, "drop", {"lam": 0.1}, MESTDrop(0.1)),
    ({"method": "rigl"}, "zeta_schedule", {"stop": 0.5}, CosineSchedule(0.3, 0.5)),
    (
        {"zeta": 0.1, "zeta_schedule": "linear"},
        "zeta_schedule",
        {"stop": 0.5},
        LinearSchedule(0.1, 0.5),
    ),
    (
        {"method": "granet"},
        "density_schedule",
        {"initial": 1.0, "stop": 0.5},
        CubicDensity(1.0, 0.5),
    ),
    (
        {"density": 0.2, "init": "erdos_renyi"},
        "init",
        {"dense_output": True},
        ErdosRenyi(20, 0.2, True),
    ),
    (
        {"init": "snip", "epsilon": 3},
        "init",
        {"max_connections": 9},
        Snip(3, None, False, 9),
    ),
]


@every_kind
@pytest.mark.parametrize(("given", "part", "values", "expected"), NESTED)
def test_parameters_of_strategies_are_set_by_their_names(
    Kind, given, part, values, expected
):
    model = Kind(**{"epsilon": 20, **given})
    named = {f"{part}__{field}": value for field, value in values.items()}
    assert model.set_params(**named) is model
    assert getattr(model, part) == expected
    params = model.get_params()
    assert params[part] == expected
    for field in fields(expected):
        assert params[f"{part}__{field.name}"] == getattr(expected, field.name)
    assert not any("__" in name for name in model.get_params(deep=False))
    twin = clone(model)
    assert twin.get_params() == params
    assert twin.set_params(**params).get_params() == params
    assert repr(model) == repr(twin)
    assert repr(expected).replace(" ", "") in "".join(repr(twin).split())


@every_kind
def test_names_have_no_parameters_of_their_own_until_they_are_set(Kind):
    model = Kind(grow="guided", method="rigl")
    assert not any("__" in name for name in model.get_params())
    assert model.set_params(grow__gamma=3).get_params()["grow__gamma"] == 3
    assert model.set_params(grow="random").grow == "random"


@every_kind
def test_a_class_in_place_of_an_object_has_no_parameters(Kind):
    params = Kind(grow=GuidedGrow, init=LayerDensities).get_params()
    assert params["grow"] is GuidedGrow
    assert not any("__" in name for name in params)


@every_kind
def test_the_whole_goes_before_its_parts(Kind):
    model = Kind(method="rigl")
    model.set_params(grow__gamma=3, grow="guided")
    assert model.grow == GuidedGrow(gamma=3)
    model.set_params(zeta_schedule__stop=0.5, zeta_schedule="linear", zeta=0.2)
    assert model.zeta_schedule == LinearSchedule(0.2, 0.5)


@layered
def test_a_unit_pruning_has_parameters(Kind):
    model = Kind(unit_pruning="strength").set_params(unit_pruning__quantile=0.3)
    assert model.unit_pruning == ImportancePruning(0.3)
    assert model.get_params()["unit_pruning__every"] == 0.08
    with refused(ValueError, "Invalid parameter 'foo' for unit_pruning", model):
        model.set_params(unit_pruning__foo=1)
    with pytest.raises(ValueError, match="Invalid parameter 'quantile'"):
        Kind().set_params(unit_pruning__quantile=0.3)


@every_kind
@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("grow__foo", r"Invalid parameter 'foo' for grow .*'gamma', 'uniform_share'"),
        ("zeta_schedule__foo", r"Invalid parameter 'foo' .*'zeta', 'stop'"),
        ("init__gamma", r"Invalid parameter 'gamma' for init .*'epsilon', 'density'"),
        ("drop__lam", "Invalid parameter 'lam' for drop"),
        ("foo__bar", "Invalid parameter 'foo'"),
    ],
)
def test_parameters_that_a_strategy_has_not_are_refused(Kind, name, match):
    model = Kind(grow="guided")
    with pytest.raises(ValueError, match=match):
        model.set_params(**{name: 1})
    assert model.get_params() == Kind(grow="guided").get_params()


@every_kind
@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"grow": "guided", "grow__gamma": 0}, "gamma must be positive and finite"),
        ({"zeta_schedule__stop": 2}, "stop must be"),
        ({"method": "mest", "drop__lam": -1}, "lam must be >= 0 and finite"),
        ({"method": "ctre", "grow__mode": "both"}, "mode must be"),
        ({"init__density": 2}, "density must be"),
    ],
    ids=named,
)
def test_values_that_a_strategy_refuses(Kind, params, match):
    with pytest.raises(ValueError, match=match):
        Kind().set_params(**params)


def test_a_search_over_parameters_of_strategies(Estimator):
    X, y = toy(Estimator, n_features=12)
    grid = [
        {"method": ["gse"], "grow__gamma": [0.1, 10.0]},
        {"method": ["rigl"], "zeta_schedule__stop": [0.1, 1.0], "update_interval": [1]},
        {"method": list(METHODS)},
    ]
    search = GridSearchCV(make(Estimator), grid, cv=2).fit(X, y)
    found = search.cv_results_["params"]
    assert len(found) == 4 + len(METHODS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    parallel = GridSearchCV(make(Estimator), grid, cv=2, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], parallel.cv_results_["mean_test_score"]
    )
    direct = make(Estimator).set_params(**search.best_params_).fit(X, y)
    assert_same(search.best_estimator_, direct)


def test_a_search_in_a_pipeline(Estimator):
    X, y = toy(Estimator, n_features=12)
    name = Estimator.__name__.lower()
    pipe = make_pipeline(StandardScaler(), make(Estimator, method="gse"))
    grid = {f"{name}__grow__gamma": [0.1, 10.0], f"{name}__zeta_schedule__stop": [0.5]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    model = search.best_estimator_[-1]
    assert model.grow.gamma in (0.1, 10.0)
    assert model.zeta_schedule == CosineSchedule(0.2, 0.5)
    assert pipe[-1].grow is None
    assert pipe.set_params(**{f"{name}__grow__gamma": 5})[-1].grow.gamma == 5
    assert pipe.get_params()[f"{name}__grow__gamma"] == 5


def test_a_machine_in_a_search():
    grid = {"method": list(METHODS), "zeta_schedule__stop": [0.5]}
    search = GridSearchCV(make(SparseRBM, update_interval=1), grid, cv=2)
    search.fit(bits(n_features=12))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# What is given and what the method gives.


@dataclass(frozen=True)
class Noting:
    """Drop the first, and take note of zeta."""

    seen = []  # noqa: RUF012 (what it was called with, for the test)

    def __call__(self, weights, zeta, rng):
        Noting.seen.append(zeta)
        return np.arange(weights.size) >= int(zeta * weights.size)


def zetas(Kind, n_epochs=5, **params):
    """Return zeta in each evolution, of the first layer."""
    X, y = data(Kind)
    Noting.seen.clear()
    model = make(Kind, n_epochs, drop=Noting(), init="uniform", **params).fit(X, y)
    return Noting.seen[:: len(model.network_.layers)]


@pytest.mark.parametrize("Kind", [*BOTH, SparseRBM])
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [0.3] * 4),
        ({"zeta": 0.1}, [0.1] * 4),
        ({"method": "ctre", "grow": "random"}, [0.2] * 4),
        ({"method": "static"}, []),
        ({"method": "static", "zeta": 0.1}, [0.1] * 4),
        ({"method": "mest"}, [0.2 * (1 - k / 3.75) for k in (1, 2, 3)]),
        ({"method": "mest", "zeta": 0.4}, [0.4 * (1 - k / 3.75) for k in (1, 2, 3)]),
        ({"method": "mest", "zeta_schedule": "constant"}, [0.2] * 3),
        ({"zeta_schedule": LinearSchedule(0.4)}, [0.32, 0.24, 0.16, 0.08]),
        ({"zeta_schedule": LinearSchedule(0.4), "zeta": 0.1}, [0.08, 0.06, 0.04, 0.02]),
        ({"zeta_schedule": lambda progress: progress / 2, "zeta": 0.9}, None),
        ({"method": "gse", "zeta_schedule": ConstantSchedule(0.25)}, [0.25] * 4),
    ],
    ids=named,
)
def test_zeta_is_what_is_given_or_else_the_methods(Kind, params, expected):
    expected = [0.1, 0.2, 0.3, 0.4] if expected is None else expected
    assert zetas(Kind, **params) == pytest.approx(expected)


def evolution_of(model):
    return model._read_parameters().evolution


@every_kind
def test_what_is_given_replaces_its_part_of_a_method_alone(Kind):
    for method in METHODS:
        own = evolution_of(Kind(method=method))
        for part, value in {
            "drop": MagnitudeDrop(),
            "grow": RandomGrow(),
            "density_schedule": CubicDensity(0.9),
            "update_interval": 17,
            "newborn": "init",
        }.items():
            evolution = (
                Kind(method=method, **{part: value})._read_parameters().evolution
            )
            for field in fields(own):
                found = getattr(evolution, field.name)
                assert found == (
                    value if field.name == part else getattr(own, field.name)
                )


# What does not go together.

NO_MOMENTUM = [
    (SETClassifier, {"solver": "sgd", "momentum": 0.0}),
    (SETClassifier, {"solver": "adam", "beta_1": 0.0}),
    (SETRegressor, {"solver": "sgd", "momentum": 0.0}),
    (SETRegressor, {"solver": "sgd", "momentum": 1.0}),
    (SETRegressor, {"solver": "adam", "beta_1": 0.0}),
    (QuickSelection, {"solver": "sgd", "momentum": 0.0}),
    (SparseRBM, {"momentum": 0.0}),
]


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize(("Kind", "params"), NO_MOMENTUM, ids=named)
def test_growth_by_a_momentum_that_is_not_there(Kind, params, fitted, call):
    X, y = data(Kind)
    model = make(Kind)
    if fitted:
        model.fit(X, y)
    model.set_params(grow="momentum", **params)
    match = "grow='momentum'.*Choose grow='gradient'.*momentum"
    with refused(ValueError, match, model, X):
        model.fit(X, y) if call == "fit" else streamed(model, X, y)
    model.set_params(grow="gradient")
    assert_finite(model.fit(X, y), X)


@every_kind
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize(
    "params",
    [{"grow": "cosine"}, {"method": "ctre"}, {"grow": CosineGrow("simultaneous")}],
    ids=named,
)
def test_growth_over_the_training_set_is_not_for_streams(Kind, fitted, params):
    X, y = data(Kind)
    model = make(Kind, **params)
    if fitted:
        model.fit(X, y)
    match = (
        "grow needs the whole training set.* grow='gradient' or 'guided'.*or call fit"
    )
    with refused(ValueError, match, model, X):
        streamed(model, X, y)
    assert streamed(model.set_params(method="set", grow="gradient"), X, y).nnz_ > 0


# CTRE.


@dataclass(frozen=True)
class Watched(CosineGrow):
    """Cosine growth, and what it was shown and chose by score."""

    seen = []  # noqa: RUF012 (for the test)

    def _best(self, topology, n, rng, context):
        best = super()._best(topology, n, rng, context)
        Watched.seen.append((topology, n, context, best))
        return best


def watched(Estimator, n_epochs=9, scores=None, **params):
    """Return what a watched growth did in the first layer, in each evolution."""
    X, y = toy(Estimator, n_features=12)
    given = {**params}
    if scores is not None:
        left = iter(scores)
        given |= {"early_stopping": True, "scoring": lambda *_: next(left)}
    Watched.seen.clear()
    given |= {"method": "ctre", "n_iter_no_change": 50}
    make(Estimator, n_epochs, **given).fit(X, y)
    return [seen for seen in Watched.seen if seen[0].shape == (12, 20)]


SCRIPT = [1, 2, 1, 1, 1, 3, 4, 5, 6]


@pytest.mark.parametrize("patience", [0, 1, 3, 4, 40])
def test_sequential_ctre_turns_to_random_growth_where_validation_stalls(
    Estimator, patience
):
    """For good: three epochs are the longest stall, before things get better."""
    seen = watched(Estimator, scores=SCRIPT, grow=Watched(patience=patience))
    stalls = [0, 0, 1, 2, 3, 3, 3, 3]
    assert [context.longest_stall for _, _, context, _ in seen] == stalls
    for stall, (_, n, _, best) in zip(stalls, seen, strict=True):
        assert best.size == (n if stall < patience else 0)
        assert n > 0


def test_simultaneous_ctre_never_turns(Estimator):
    seen = watched(Estimator, scores=SCRIPT, grow=Watched("simultaneous", patience=0))
    assert all(best.size > 0 for _, _, _, best in seen)


def test_without_validation_the_training_loss_stalls(Estimator):
    grow = Watched(patience=2)
    sizes = [best.size for *_, best in watched(Estimator, grow=grow, tol=1e3)]
    assert all(sizes[:2])
    assert not any(sizes[2:])


@pytest.mark.parametrize("mode", ["sequential", "simultaneous"])
def test_ctre_grows_between_units_that_are_active_alike(Estimator, mode):
    """What was dropped a moment ago comes back by score only in sequential mode."""
    again = 0
    for topology, n, context, best in watched(Estimator, grow=Watched(mode)):
        A, B = (
            rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
            for rows in (context.inputs.astype(float), context.outputs.astype(float))
        )
        score = np.abs(A @ B.T).ravel()
        score[topology.positions()] = -1
        greatest = np.sort(score)[-n:]
        dropped = np.setdiff1d(context.topology.positions(), topology.positions())
        assert dropped.size == n
        again += np.isin(best, dropped).sum()
        if mode == "sequential":
            assert best.size == n
            np.testing.assert_allclose(np.sort(score[best]), greatest, atol=1e-5)
        else:
            assert not np.isin(best, dropped).any()
            assert best.size <= n
            assert score[best].min(initial=1) >= greatest[0] - 1e-5
    assert (again > 0) == (mode == "sequential")


# Schedules of the density.


def promised(Kind, **params):
    """Return the number of connections without a schedule."""
    X, y = data(Kind)
    return make(Kind, 1, **{**params, "method": "static"}).fit(X, y).nnz_


@dead
@every_kind
@pytest.mark.parametrize("interval", [None, 1, 7, 10_000])
@pytest.mark.parametrize("initial", [None, 0.5, 1.0])
def test_density_ends_as_promised_for_any_interval(Kind, interval, initial):
    X, y = data(Kind)
    params = {"method": "granet", "density_schedule": CubicDensity(initial)}
    params |= {"density": 0.15, "update_interval": interval}
    model = make(Kind, 6, **params)
    first = streamed(clone(model), X, y).nnz_ if interval != 1 else None
    model.fit(X, y)
    network = model.network_
    assert model.nnz_ == promised(Kind, density=0.15)
    if first is not None:
        at_first = {None: 3 * model.nnz_, 0.5: 0.5 * network.n_possible}
        expected = at_first.get(initial, network.n_possible)
        assert first == pytest.approx(expected, abs=3)
    assert_finite(model, X)


@every_kind
def test_arrays_shrink_with_the_density(Kind):
    X, y = data(Kind)
    model = make(Kind, 10, density=0.1, density_schedule=CubicDensity(1.0))
    seen = [streamed(model, X, y).nnz_ for _ in range(12)]
    n_possible = model.network_.n_possible
    assert seen[0] == n_possible
    assert all(a >= b for a, b in pairwise(seen))
    n_epochs = 13 if Kind is QuickSelection else 10
    final = promised(Kind, density=0.1) / n_possible
    for k, n in enumerate(seen):
        left = max(0, 1 - k / n_epochs / 0.7)
        assert n == round(n_possible * (final + (1 - final) * left**3))
    assert seen[-1] == promised(Kind, density=0.1)
    assert sum(layer.weights.size for layer in model.network_.layers) == seen[-1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("initial", [None, 1.0])
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_early_stopping_keeps_the_best_of_the_final_density(
    Estimator, seed, initial, scoring
):
    X, y = data(Estimator, 80)
    params = {"method": "granet", "density_schedule": CubicDensity(initial)}
    params |= {"early_stopping": True, "scoring": scoring, "density": 0.15}
    params |= {"random_state": seed, "tol": 1e-4, "n_iter_no_change": 3}
    model = make(Estimator, 20, **params).fit(X, y)
    assert model.nnz_ == promised(Estimator, density=0.15)
    schedule, goal = params["density_schedule"], model._density_goal
    shares = [schedule(k / 20, goal.density) / goal.density for k in range(20)]
    first = [round(share * goal.nnz) for share in shares].index(goal.nnz)
    assert first >= 10
    assert model.best_validation_score_ == max(model.validation_scores_[first:])
    assert first < model.n_iter_ <= 20


def test_no_epoch_is_best_where_none_had_the_final_density(Estimator):
    X, y = data(Estimator)
    params = {"method": "granet", "density": 0.15, "update_interval": 10_000}
    model = make(Estimator, 6, **params, early_stopping=True).fit(X, y)
    assert model.nnz_ == promised(Estimator, density=0.15)
    assert model.best_validation_score_ is None
    assert len(model.validation_scores_) == 6
    plain = make(Estimator, 6, **params).fit(X, y)
    assert plain.best_loss_ is None


def test_early_stopping_before_the_density_is_reached_waits(Estimator):
    """A loss that cannot get better would end training after two epochs."""
    X, y = data(Estimator)
    given = {"tol": 1e6, "n_iter_no_change": 1}
    still = make(Estimator, 40, **given).fit(X, y)
    falling = make(Estimator, 40, **given, method="granet").fit(X, y)
    assert still.n_iter_ == 3
    assert 0.6 * 40 < falling.n_iter_ < 40
    assert falling.nnz_ == still.nnz_


@pytest.mark.parametrize("initial", [None, 1.0])
def test_warm_start_goes_on_at_the_final_density(Estimator, initial):
    X, y = data(Estimator)
    params = {"density_schedule": CubicDensity(initial), "density": 0.15}
    params |= {"grow": "random"}  # by gradients the same connections can come back
    model = make(Estimator, 6, **params, method="granet", warm_start=True).fit(X, y)
    n = promised(Estimator, density=0.15)
    for _ in range(2):
        before = [W.indices.tolist() for W in model.coefs_]
        assert model.fit(X, y).nnz_ == n
        assert [W.indices.tolist() for W in model.coefs_] != before
    model.set_params(density_schedule=None, method="set").fit(X, y)
    assert model.nnz_ == n


def test_a_schedule_of_ones_own(Estimator):
    def linear(progress, final):
        seen.append(final)
        return 1 + (final - 1) * progress

    seen = []
    X, y = data(Estimator)
    model = make(Estimator, 5, density=0.15, density_schedule=linear).fit(X, y)
    assert model.nnz_ == promised(Estimator, density=0.15)
    assert set(seen) == {model.density_}


# Units.

PRUNING = ImportancePruning(quantile=0.3, start=0.2, stop=1.0, every=0.2)


@dead
@pytest.mark.filterwarnings("ignore:The network is so sparse")
@layered
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_units_go_and_shapes_say_so(Kind, solver):
    X, y = data(Kind)
    model = make(Kind, 13, unit_pruning=PRUNING, solver=solver, dropout=0.1)
    for _ in range(2):  # the second time as the first
        model.fit(X, y)
        sizes = model.hidden_layer_sizes_
        assert model.hidden_layer_sizes == (20, 10)
        assert all(
            0 < now < 0.5 * then for now, then in zip(sizes, (20, 10), strict=True)
        )
        units = [12, *sizes, model.n_outputs_]
        assert [W.shape for W in model.coefs_] == list(pairwise(units))
        assert [b.shape for b in model.intercepts_] == [(n,) for n in units[1:]]
        assert model.n_layers_ == 4
        assert_finite(model, X)


@layered
def test_units_stay_where_nobody_asks(Kind):
    X, y = data(Kind)
    assert make(Kind).fit(X, y).hidden_layer_sizes_ == [20, 10]
    with pytest.raises(AttributeError):
        _ = make(Kind).hidden_layer_sizes_


# Where most units have gone, the last path may go with them.
@pytest.mark.filterwarnings("ignore:The network is so sparse")
@layered
@pytest.mark.parametrize("method", [name for name in METHODS if name != "ctre"])
def test_units_go_from_call_to_call(Kind, method):
    X, y = data(Kind)
    model = make(Kind, 13, unit_pruning=PRUNING, method=method, update_interval=2)
    seen = [streamed(model, X, y).hidden_layer_sizes_ for _ in range(14)]
    assert seen[0] == [20, 10]
    assert all(a >= b for a, b in pairwise(seen))
    assert seen[-1][0] < 10
    assert_finite(model, X)
    model.set_params(hidden_layer_sizes=tuple(seen[-1]))
    with refused(ValueError, "hidden_layer_sizes is the same", model):
        streamed(model, X, y)


@pytest.mark.filterwarnings("ignore:The network is so sparse")
def test_warm_start_with_fewer_units(Estimator):
    X, y = toy(Estimator, n_features=12)
    params = {"unit_pruning": PRUNING, "density": 0.8, "warm_start": True}
    params |= {"random_state": 1}  # so few units are easily torn apart
    model = make(Estimator, 5, **params).fit(X, y)
    once = model.hidden_layer_sizes_
    twice = model.fit(X, y).hidden_layer_sizes_
    assert twice < once < [20, 10]
    model.set_params(unit_pruning=None).fit(X, y)
    assert model.hidden_layer_sizes_ == twice


@pytest.mark.parametrize("method", METHODS)
def test_units_and_early_stopping(Estimator, method):
    X, y = toy(Estimator, n_features=12, n_samples=80)
    params = {"early_stopping": True, "unit_pruning": "strength", "method": method}
    model = make(Estimator, 20, **params).fit(X, y)
    assert_finite(model, X)
    assert [W.shape[1] for W in model.coefs_[:-1]] == model.hidden_layer_sizes_


@torn
@pytest.mark.parametrize("method", METHODS)
def test_units_may_go_until_nothing_is_left_to_connect(Estimator, method):
    """One unit in each layer, with no connection between them, is no harm."""
    X, y = toy(Estimator, n_features=12)
    pruning = ImportancePruning(quantile=0.9, start=0.0, stop=1.0, every=0.05)
    for seed in range(5):
        model = make(
            Estimator,
            10,
            hidden_layer_sizes=(8, 8, 8),
            density=0.1,
            method=method,
            unit_pruning=pruning,
            random_state=seed,
        ).fit(X, y)
        assert model.hidden_layer_sizes_ == [1, 1, 1]
        assert_finite(model, X)


def test_a_machine_has_no_units_to_remove():
    with pytest.raises(TypeError, match="unit_pruning"):
        SparseRBM(unit_pruning="strength")
    with pytest.raises(ValueError, match="Invalid parameter 'unit_pruning'"):
        SparseRBM().set_params(unit_pruning__quantile=0.2)


# Features.


@pytest.mark.parametrize("supervised", [False, "classification", "regression"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_ranks_features(method, supervised):
    X, y = toy(
        SETRegressor if supervised == "regression" else SETClassifier,
        n_samples=300,
        n_features=12,
    )
    if not supervised:  # one signal in four features, noise in the others
        X[:, :4] = X[:, :1] + 0.3 * X[:, :4]
    model = selector(
        2,
        supervised=supervised,
        method=method,
        hidden_layer_sizes=(40,),
        density=0.3,
        max_iter=20,
        learning_rate_init=0.01,
    ).fit(X, y)
    assert sorted(model.ranking_) == list(range(1, 13))
    top = set(np.argsort(model.ranking_)[:2].tolist())
    assert top & ({0, 1} if supervised else {0, 1, 2, 3})
    assert model.transform(X).shape == (300, 2)


# Inputs.


@every_kind
@pytest.mark.parametrize("method", METHODS)
def test_sparse_input_gives_the_same_bits(Kind, method):
    X, y = data(Kind)
    X[np.abs(X) < 0.5] = 0
    params = {"method": method, "update_interval": 2, "init": "snip"}
    dense, other = (
        make(Kind, **params).fit(form, y) for form in (X, sparse.csr_array(X))
    )
    assert_same(dense, other)


@every_kind
@pytest.mark.parametrize("grow", GROWS)
@pytest.mark.parametrize("method", ["set", "granet", "mest"])
def test_samples_without_weight_are_no_harm(Kind, grow, method):
    """Whole batches of them, and samples that strategies look at."""
    X, y = data(Kind)
    weight = (np.arange(40) >= 35).astype(float)
    params = {"method": method, "grow": grow, "batch_size": 4, "init": "snip"}
    model = make(Kind, **params)
    model.set_params(learning_rate=0.01) if Kind is SparseRBM else None
    args = (X,) if Kind is SparseRBM else (X, y)
    model.fit(*args, sample_weight=weight)
    assert model.nnz_ == promised(Kind)
    assert_finite(model, X)


@every_kind
@pytest.mark.parametrize("grow", STREAMED)
@pytest.mark.parametrize("n_samples", [1, 2, 7])
def test_a_few_samples_are_enough_to_look_at(Kind, grow, n_samples):
    X, y = data(Kind)
    model = make(Kind, grow=grow, drop="mest", batch_size=1)
    streamed(model, X, y)
    for k in range(3):
        rows = slice(k, k + n_samples)
        model.partial_fit(X[rows], *([] if y is None else [y[rows]]))
    assert_finite(model, X)


@dead
@torn
@every_kind
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("grow", [None, "random_unfired", "momentum"])
def test_the_sparsest_networks_stay_finite(Kind, method, grow):
    X, y = data(Kind)
    for seed in range(3):
        model = make(Kind, 12, method=method, grow=grow, density=0.03)
        model.set_params(update_interval=2, random_state=seed).fit(X, y)
        assert model.nnz_ == promised(Kind, density=0.03, random_state=seed)
        assert_finite(model, X)


def test_a_network_without_a_path_says_so_once_and_learns(Estimator):
    X, y = toy(Estimator, n_samples=200, n_features=12)
    params = {"hidden_layer_sizes": (30, 30), "init": [0.004, 0.004, 0.05]}
    with pytest.warns(UserWarning, match="no path leads") as said:
        static = make(Estimator, 30, **params, method="static").fit(X, y)
    assert sum("no path leads" in str(warning.message) for warning in said) == 1
    assert np.ptp(static.predict(X)) == 0
    with pytest.warns(UserWarning, match="no path leads") as said:
        model = make(Estimator, 30, **params, density_schedule=None).fit(X, y)
    assert sum("no path leads" in str(warning.message) for warning in said) == 1
    assert model.nnz_ == static.nnz_


# What is given twice, wrongly, or too late


def test_a_density_that_is_given_is_also_that_of_an_init():
    X, y = toy(SETClassifier, n_features=12)
    given = {"init": ErdosRenyi(density=0.9, dense_output=True), "final_drop": False}
    model = SETClassifier((30,), max_iter=2, random_state=0, **given)
    assert model.fit(X, y).density_ == pytest.approx(0.9, abs=0.01)
    assert model.set_params(density=0.4).fit(X, y).density_ == pytest.approx(0.4, 0.02)
    assert model.coefs_[-1].nnz == np.prod(model.coefs_[-1].shape)


@pytest.mark.parametrize(
    ("params", "nested", "known"),
    [
        ({"method": "gse2"}, {"grow__gamma": 2}, "'gse'"),
        ({"grow": "guide"}, {"grow__gamma": 2}, "'guided'"),
        ({"init": "erdos"}, {"init__dense_output": True}, "'erdos_renyi'"),
        ({"zeta_schedule": "cos"}, {"zeta_schedule__stop": 0.5}, "'cosine'"),
        ({"unit_pruning": "weak"}, {"unit_pruning__every": 0.5}, "'strength'"),
    ],
    ids=named,
)
def test_unknown_names_with_parameters_of_their_own_list_the_known(
    params, nested, known
):
    with pytest.raises(ValueError, match=known):
        SETClassifier(**params).set_params(**nested)


def test_a_method_can_evolve_once_per_epoch():
    evolution = (
        SETClassifier(method="rigl", update_interval="epoch")
        ._read_parameters()
        .evolution
    )
    assert evolution.update_interval is None
    X, y = toy(SETClassifier, n_features=12)
    params = {"density": 0.3, "max_iter": 4, "random_state": 0, "method": "rigl"}
    often = SETClassifier((30,), update_interval="epoch", **params).fit(X, y)
    never = SETClassifier((30,), update_interval=10**6, **params).fit(X, y)
    assert not np.array_equal(often.coefs_[0].indices, never.coefs_[0].indices)


@pytest.mark.parametrize("goes_on", ["warm_start", "partial_fit"])
def test_a_density_cannot_begin_to_fall_later(goes_on):
    X, y = toy(SETClassifier, n_features=12)
    params = {"density": 0.3, "max_iter": 2, "random_state": 0, "warm_start": True}
    model = SETClassifier((30,), **params).fit(X, y).set_params(method="granet")
    with refused(ValueError, "began without a density_schedule", model):
        model.fit(X, y) if goes_on == "warm_start" else model.partial_fit(X, y)


class NoDue:
    def __call__(self, strengths):
        return strengths >= 0


class All(NoDue):
    def due(self, before, now):
        return True

    def __call__(self, strengths):
        return strengths < 0


def beyond(progress):
    return 1.5


def undefined(progress, final):
    return np.nan


def nowhere(topology, n, rng, context):
    return


def in_fractions(topology, n, rng, context):
    return np.zeros(n)


def matrices(shapes, rng):
    return [np.ones(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"zeta_schedule": beyond}, r"a number in \[0, 1\], got 1.5"),
        ({"density_schedule": undefined}, r"density_schedule must return a number"),
        ({"grow": nowhere}, "positions as integers"),
        ({"grow": in_fractions}, "positions as integers"),
        ({"grow": CosineGrow}, "not a class"),
        ({"unit_pruning": NoDue()}, "with __call__ and due"),
        ({"init": matrices}, "init must return a Topology"),
    ],
    ids=named,
)
def test_wrong_strategies_are_refused_with_a_reason(params, message):
    X, y = toy(SETClassifier, n_features=12)
    model = SETClassifier((30,), density=0.3, max_iter=3, random_state=0, **params)
    with refused(ValueError, message, model):
        model.fit(X, y)


def test_a_pruning_of_all_units_is_refused():
    X, y = toy(SETClassifier, n_features=12)
    model = SETClassifier((30,), density=0.3, random_state=0, unit_pruning=All())
    with refused(ValueError, "30 booleans, one of them True at least", model):
        model.fit(X, y)
