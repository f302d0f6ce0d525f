"""Strategies of users that return nonsense, or write into what they are given: row 66.

In all four estimators, in fit and in partial_fit. An error names the parameter, the
layer and what was returned; the estimator stays as it was, and nothing crashes.
"""

import copy
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any, ClassVar

import numpy as np
import pytest
from estimators.cases import named
from estimators.test_strategies_of_estimators import (
    KINDS,
    arrays,
    assert_same,
    data,
    every_kind,
    impatient,
    layered,
    make,
    streamed,
)

from skset.estimators import SETClassifier, SparseRBM
from skset.strategies import (
    CubicDensity,
    ErdosRenyi,
    Needs,
    RandomGrow,
    SETDrop,
    Snip,
)
from skset.topology import Topology, pair_scores, random_topology

pytestmark = [
    impatient,
    pytest.mark.filterwarnings("ignore:The network is so sparse:UserWarning"),
]
every_way = pytest.mark.parametrize("way", ["fit", "partial_fit"])
EVERYWHERE = list(product(KINDS, ["fit", "partial_fit"]))
SOMEWHERE = [(SETClassifier, "fit"), (SparseRBM, "partial_fit")]


def in_all_trainings(cases, first="None"):
    """Parametrize with the first case in all trainings, with the others in some."""
    trainings = [
        (*training, *case)
        for name, case in cases.items()
        for training in (EVERYWHERE if name == first else SOMEWHERE)
    ]
    names = [
        f"{name}-{Kind.__name__}-{way}"
        for name in cases
        for Kind, way in (EVERYWHERE if name == first else SOMEWHERE)
    ]
    return pytest.mark.parametrize(
        ("Kind", "way", "value", "got"), trainings, ids=names
    )


@dataclass
class Returns:
    """A strategy that returns the same whatever it is called with."""

    value: Any

    def __call__(self, *args):
        return self.value


class Prunes(Returns):
    def due(self, before, now):
        return True


def trained(model, X, y, way):
    """Train the model long enough for an evolution."""
    if way == "fit":
        return model.fit(X) if y is None else model.fit(X, y)
    streamed(model, X, y)
    return streamed(model, X, y)


@contextmanager
def refused(error, message, model):
    """Assert that an error is raised, and that it leaves the model as it was.

    Not by a hash of it, as functions within tests have none.
    """
    before, learned = dict(vars(model)), []
    if hasattr(model, "network_"):
        learned = [array.copy() for array in arrays(model)]
    with pytest.raises(error, match=message):
        yield
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    for then, now in zip(learned, arrays(model) if learned else [], strict=True):
        assert np.array_equal(then, now)


@cache
def fitted_before(Kind, way, **params):
    X, y = data(Kind)
    return trained(make(Kind, 2, update_interval=2, **params), X, y, way)


def assert_refused(Kind, way, message, **params):
    """Assert that training with these parameters is refused, before and after one."""
    X, y = data(Kind)
    shrinks = {"density_schedule": "cubic"} if "density_schedule" in params else {}
    fresh = make(Kind, update_interval=2)
    fitted = copy.copy(fitted_before(Kind, way, **shrinks))
    network = fitted.network_
    for model in (fresh, fitted):
        model.set_params(**params)
        with refused(ValueError, message, model):
            trained(model, X, y, way)
    assert not hasattr(fresh, "network_")
    assert fitted.network_ is network


# What is returned.

NO_SHARE = [None, np.nan, -1, 1.5, 2.0, "x", "0.1", True, np.True_, [0.1], np.ones(2)]
NO_SHARE += [0.1j, np.datetime64(1, "s"), iter([0.1]), np.inf, {}]


@every_way
@every_kind
@pytest.mark.parametrize("name", ["zeta_schedule", "density_schedule"])
@pytest.mark.parametrize("value", [None, np.nan, -1, "x"], ids=repr)
def test_a_schedule_must_return_a_share(Kind, way, name, value):
    message = rf"{name} must return a number in \[0, 1\], got {re.escape(repr(value))}"
    assert_refused(Kind, way, message, **{name: Returns(value)})


@pytest.mark.parametrize("name", ["zeta_schedule", "density_schedule"])
@pytest.mark.parametrize("value", NO_SHARE, ids=named)
def test_no_share_is_taken_for_one(name, value):
    assert_refused(SETClassifier, "fit", f"{name} must", **{name: Returns(value)})


@pytest.mark.parametrize(
    "value",
    [0.25, np.float32(0.25), np.float64(0.25), np.array(0.25), Fraction(1, 4)],
    ids=repr,
)
@pytest.mark.parametrize("name", ["zeta_schedule", "density_schedule"])
def test_a_share_is_any_real_number(name, value):
    X, y = data(SETClassifier)
    model, other = (
        make(SETClassifier, **{name: Returns(share)}).fit(X, y)
        for share in (value, 0.25)
    )
    assert_same(model, other)


@pytest.mark.parametrize("value", [0, 1, np.int64(0), np.uint8(1)], ids=repr)
def test_a_share_may_be_a_whole_number(value):
    X, y = data(SETClassifier)
    model = make(SETClassifier, zeta_schedule=Returns(value)).fit(X, y)
    other = make(SETClassifier, zeta_schedule=Returns(float(value))).fit(X, y)
    assert_same(model, other)


def broken(change):
    """Return an init whose first topology is changed behind its back."""

    def init(shapes, rng):
        topologies = ErdosRenyi(density=0.4)(shapes, rng)
        change(topologies)
        return topologies

    return init


WRONG_INITS = {
    "None": (Returns(None), "got None"),
    "number": (Returns(2.0), "got 2.0"),
    "NaN": (Returns(np.nan), "got nan"),
    "string": (Returns("x"), "got 'x' for layer 0"),
    "a topology": (Returns(Topology.empty((12, 15))), r"got Topology\("),
    "nothing": (Returns([]), "got 0 of them"),
    "None in it": (broken(lambda t: t.insert(0, None)), "got None for layer 0"),
    "too many": (broken(lambda t: t.append(t[-1])), "got more of them"),
    "matrices": (lambda shapes, rng: map(np.ones, shapes), "got an array of float64"),
    "another shape": (
        broken(lambda t: t.insert(0, Topology.empty((12, 3)))),
        r"got one of the shape \(12, 3\) for layer 0",
    ),
    "endless": (lambda shapes, rng: iter(int, 1), "got 0 for layer 0"),
}


@in_all_trainings(WRONG_INITS)
def test_an_init_must_return_topologies(Kind, way, value, got):
    message = rf"(?s)init must return a Topology for each of the shapes .*, {got}"
    X, y = data(Kind)
    model = make(Kind, init=value)
    with refused(ValueError, message, model):
        trained(model, X, y, way)


def test_too_few_topologies_are_counted():
    X, y = data(SETClassifier)
    model = make(SETClassifier, init=broken(lambda topologies: topologies.pop()))
    with refused(ValueError, "init must return .*, got 2 of them", model):
        model.fit(X, y)
    wrong = broken(lambda t: t.__setitem__(1, Topology.empty((20, 9))))
    with pytest.raises(ValueError, match=r"shape \(20, 9\) for layer 1 \(0 is the"):
        make(SETClassifier, init=wrong).fit(X, y)


@every_kind
def test_an_init_may_be_a_generator_and_change_its_list_of_shapes(Kind):
    def init(shapes, rng):
        while shapes:
            shape = shapes.pop(0)
            yield random_topology(shape, shape[0] * shape[1] // 2, rng)

    X, y = data(Kind)
    model = trained(make(Kind, init=init), X, y, "fit")
    assert model.nnz_ > 0


WRONG_PATTERNS = {
    "indices out of range": lambda t: (t.shape, t.indptr, t.indices + 1000),
    "negative indices": lambda t: (t.shape, t.indptr, t.indices - 1000),
    "decreasing indptr": lambda t: (t.shape, t.indptr[::-1], t.indices),
    "short indptr": lambda t: (t.shape, t.indptr[:-1], t.indices),
    "too many indices": lambda t: (t.shape, t.indptr, np.r_[t.indices, 0]),
    "floats": lambda t: (t.shape, t.indptr, t.indices.astype(float)),
    "objects": lambda t: (t.shape, t.indptr, t.indices.astype(object)),
    "unsorted": lambda t: (t.shape, t.indptr, t.indices[::-1]),
    "duplicates": lambda t: (t.shape, t.indptr, np.zeros_like(t.indices)),
    "another shape": lambda t: ((t.shape[0] - 1, t.shape[1]), t.indptr, t.indices),
    "no shape": lambda t: (None, t.indptr, t.indices),
}


@pytest.mark.parametrize("Kind", [SETClassifier, SparseRBM])
@pytest.mark.parametrize("change", WRONG_PATTERNS.values(), ids=WRONG_PATTERNS)
def test_a_broken_topology_cannot_even_be_made(Kind, change):
    def init(shapes, rng):
        return [Topology(*change(t)) for t in ErdosRenyi(density=0.4)(shapes, rng)]

    X, y = data(Kind)
    model = make(Kind, init=init)
    with refused(ValueError, "Topology|indptr|indices", model):
        trained(model, X, y, "fit")


def test_an_init_without_a_connection_has_no_density_to_end_with():
    X, y = data(SETClassifier)

    def init(shapes, rng):
        return list(map(Topology.empty, shapes))

    model = make(SETClassifier, init=init, density_schedule="cubic")
    with refused(ValueError, "init must return a connection at least", model):
        model.fit(X, y)


@pytest.mark.parametrize("value", [None, [None] * 3, "xyz", []], ids=repr)
def test_sensitivities_are_those_of_topologies_too(value):
    """An init that asks with layers of other shapes would read outside arrays."""

    @dataclass(frozen=True)
    class Asking(Snip):
        def __call__(self, shapes, rng, context):
            return context.sensitivities(value)

    X, y = data(SETClassifier)
    model = make(SETClassifier, init=Asking())
    with refused(ValueError, "sensitivities must be given a Topology for each", model):
        model.fit(X, y)


def counted(value):
    """Return a drop of the first connections with ``value(keep)`` for the mask."""

    def drop(weights, zeta, rng):
        return value(np.arange(weights.size) >= zeta * weights.size)

    return drop


WRONG_MASKS = {
    "None": (lambda keep: None, "got None"),
    "NaN": (lambda keep: np.nan, "got nan"),
    "number": (lambda keep: -1, "got -1"),
    "string": (lambda keep: "x", "got 'x'"),
    "places": (np.flatnonzero, "got an array of int64"),
    "floats": (lambda keep: keep.astype(float), "got an array of float64"),
    "objects": (lambda keep: keep.astype(object), "got an array of object"),
    "too short": (lambda keep: keep[1:], "got an array of bool"),
    "too long": (lambda keep: np.r_[keep, keep], "got an array of bool"),
    "a column": (lambda keep: keep[:, None], "got an array of bool"),
    "a generator": (iter, "got <"),
    "ragged": (lambda keep: [[True], [True, False]], r"got \[\[True\]"),
}


@in_all_trainings(WRONG_MASKS)
def test_a_drop_must_return_a_mask(Kind, way, value, got):
    message = rf"drop must return an array of \d+ booleans for layer 0 \(.*\), {got}"
    assert_refused(Kind, way, message, drop=counted(value))


@every_kind
def test_a_mask_may_be_any_array_of_booleans(Kind):
    X, y = data(Kind)
    whole = trained(make(Kind, drop=counted(np.asarray)), X, y, "fit")

    def strided(keep):
        return np.repeat(keep, 2)[::2]

    def frozen(keep):
        keep.flags.writeable = False
        return keep

    for change in (list, strided, frozen):
        other = trained(make(Kind, drop=counted(change)), X, y, "fit")
        assert_same(whole, other)


def grown(value):
    """Return a grow in the first free places, with ``value(positions)`` for them."""

    def grow(topology, n, rng, context):
        return value(topology.free_positions(np.arange(n)))

    return grow


WRONG_POSITIONS = {
    "None": (lambda p: None, "integers.* got None"),
    "NaN": (lambda p: np.nan, "integers.* got nan"),
    "string": (lambda p: "x", "integers.* got 'x'"),
    "NaNs": (lambda p: np.full(p.size, np.nan), "integers.* got an array of float64"),
    "floats": (lambda p: p.astype(float), "integers.* got an array of float64"),
    "booleans": (lambda p: p > 0, "integers.* got an array of bool"),
    "objects": (lambda p: p.astype(object), "integers.* got an array of object"),
    "too few": (lambda p: p[1:], "integers.* got an array of int64"),
    "too many": (lambda p: np.r_[p, 1], "integers.* got an array of int64"),
    "a column": (lambda p: p[:, None], "integers.* got an array of int64"),
    "a generator": (iter, "integers.* got <"),
    "negative": (lambda p: p - p[-1] - 1, "free.* is outside"),
    "outside": (lambda p: p + 10**6, "free.* is outside"),
    "far outside": (lambda p: p.astype("u8") + np.uint64(2**63), "free.* is outside"),
    "repeated": (lambda p: np.repeat(p[:1], p.size), "free.* is repeated"),
    "taken": (lambda p: np.arange(p.size) + p[-1], "free.* is (taken|outside)"),
}


@in_all_trainings(WRONG_POSITIONS)
def test_a_grow_must_return_free_positions(Kind, way, value, got):
    message = rf"grow must return \d+ positions (as|that are) {got}"
    assert_refused(Kind, way, message, grow=grown(value))


@every_kind
def test_positions_may_be_any_integers_in_any_order(Kind):
    X, y = data(Kind)
    plain = trained(make(Kind, grow=grown(np.asarray)), X, y, "fit")
    for change in (list, np.int32, np.uint64, np.flip):
        other = trained(make(Kind, grow=grown(change)), X, y, "fit")
        assert_same(plain, other)


@pytest.mark.parametrize("depth", [0, 1])
def test_the_error_names_the_layer(depth):
    X, y = data(SETClassifier)

    class Late:
        n_calls = 0

        def __call__(self, topology, n, rng, context):
            self.n_calls += 1
            return RandomGrow()(topology, n, rng) if self.n_calls <= depth else None

    model = make(SETClassifier, grow=Late(), drop="magnitude")
    with pytest.raises(ValueError, match=rf"grow .* for layer {depth} \(0 is the fir"):
        model.fit(X, y)


WRONG_UNITS = {
    "None": (None, "got None"),
    "number": (2.0, "got 2.0"),
    "string": ("x", "got 'x'"),
    "floats": (np.ones(20), "got an array of float64"),
    "too few": (np.ones(19, bool), "got an array of bool"),
    "a row": (np.ones((1, 20), bool), "got an array of bool"),
    "none kept": (np.zeros(20, bool), "got an array of bool .* without any"),
}


@layered
@pytest.mark.parametrize(("value", "got"), WRONG_UNITS.values(), ids=WRONG_UNITS)
def test_a_pruning_must_return_units(Kind, value, got):
    message = rf"unit_pruning must return .*20 booleans.* for layer 0.*, {got}"
    for way in ("fit", "partial_fit"):
        assert_refused(Kind, way, message, unit_pruning=Prunes(value))


@layered
@pytest.mark.parametrize("due", [None, np.nan, "x", 1, np.ones(2, bool)], ids=repr)
def test_due_is_yes_or_no(Kind, due):
    class Unclear(Prunes):
        def due(self, before, now):
            return due

    message = "unit_pruning.due must return True or False, got"
    assert_refused(Kind, "fit", message, unit_pruning=Unclear(np.ones(20, bool)))


# What a strategy says of itself.


@every_way
@every_kind
@pytest.mark.parametrize("size", [None, -1, "x"], ids=repr)
def test_a_number_of_samples_is_a_whole_one(Kind, way, size):
    class Grow(RandomGrow):
        needs = Needs(samples=lambda topology: size)

    class Drop(SETDrop):
        needs = Needs(samples=lambda topology: size)

        def __call__(self, weights, zeta, rng, context):
            return super().__call__(weights, zeta, rng)

    message = r"needs\.samples must return a whole number, 0 or more for layer 0"
    assert_refused(Kind, way, rf"grow\.{message}.*got", grow=Grow())
    assert_refused(Kind, way, rf"drop\.{message}.*got", drop=Drop())


WRONG_NEEDS = {
    "old flag": ({"needs_signals": True}, "{} has an attribute 'needs_signals'"),
    "old method": ({"sample_size": len}, "{} has an attribute 'sample_size'"),
    "misspelt": ({"needs_": Needs()}, "{} has an attribute 'needs_'"),
    "dict": ({"needs": {"samples": 9}}, r"{}\.needs must be a Needs, got \{{'samples'"),
    "None": ({"needs": None}, r"{}\.needs must be a Needs, got None"),
    "of others": (
        {"needs": Needs(samples=9, sensitivities=True)},
        "{} cannot need (samples|sensitivities), only ",
    ),
}


@every_way
@every_kind
@pytest.mark.parametrize("part", ["init", "drop", "grow"])
@pytest.mark.parametrize(
    ("attributes", "message"), WRONG_NEEDS.values(), ids=WRONG_NEEDS
)
def test_needs_are_declared_in_one_way(Kind, way, part, attributes, message):
    ours = {"init": ErdosRenyi(density=0.4), "drop": SETDrop(), "grow": RandomGrow()}
    Wrong = type("Wrong", (type(ours[part]),), attributes)
    X, y = data(Kind)
    model = make(Kind, update_interval=2, **{part: Wrong()})
    with refused(ValueError, message.format(part), model):
        trained(model, X, y, way)


@every_way
@every_kind
def test_an_error_says_what_to_declare(Kind, way):
    class Grow(RandomGrow):
        def __call__(self, topology, n, rng, context):
            return context.inputs

    X, y = data(Kind)
    model = make(Kind, update_interval=2, grow=Grow())
    message = r"The context has no inputs\. Declare needs = Needs\(samples=256\)"
    with refused(AttributeError, message, model):
        trained(model, X, y, way)


@dataclass(frozen=True)
class WholeInit(ErdosRenyi):
    needs: ClassVar = Needs(training_set=True)

    def __call__(self, shapes, rng, context):
        return super().__call__(shapes, rng)


@dataclass(frozen=True)
class WholeDrop(SETDrop):
    needs: ClassVar = Needs(training_set=True)

    def __call__(self, weights, zeta, rng, context):
        return super().__call__(weights, zeta, rng)


@dataclass(frozen=True)
class WholeGrow(RandomGrow):
    needs: ClassVar = Needs(training_set=True)


@every_kind
@pytest.mark.parametrize("part", ["init", "drop", "grow"])
def test_partial_fit_refuses_who_needs_the_whole_training_set(Kind, part):
    whole = {"init": WholeInit(density=0.4), "drop": WholeDrop(), "grow": WholeGrow()}
    X, y = data(Kind)
    model = make(Kind, **{part: whole[part]})
    with refused(ValueError, f"{part} needs the whole training set", model):
        streamed(model, X, y)
    assert trained(model, X, y, "fit").nnz_ > 0


@dataclass(frozen=True)
class MomentumDrop(SETDrop):
    """Drop where the momentum is least."""

    needs: ClassVar = Needs(momentum=True)

    def __call__(self, weights, zeta, rng, context):
        L, R = context.recent
        t = context.topology
        momentum = np.abs(pair_scores(L, R, t.indptr, t.indices))
        MomentumDrop.seen.append(momentum.max(initial=0))
        return np.argsort(np.argsort(momentum)) >= int(zeta * weights.size)


@every_way
@every_kind
def test_a_drop_by_momentum_is_served_or_refused(Kind, way):
    MomentumDrop.seen = []
    X, y = data(Kind)
    solver = {} if Kind is SparseRBM else {"solver": "sgd"}
    model = make(Kind, drop=MomentumDrop(), update_interval=2, **solver)
    trained(model, X, y, way)
    assert max(MomentumDrop.seen) > 0
    model = make(Kind, drop=MomentumDrop(), update_interval=2, momentum=0, **solver)
    with refused(ValueError, r"drop=.* looks at the optimiser's momentum", model):
        trained(model, X, y, way)


# What is written into.


def arrays_of(context):
    found = [context.inputs, context.outputs, context.deltas, context.gradients]
    for topology in (context.topology, context.explored):
        found += [topology.indptr, topology.indices, topology.starts(3)]
    return [*found, context.weights, *(context.recent or ())]


def read_only(*given):
    """Return how many of the arrays refuse to be written into; all must."""
    for array in given:
        assert array.size
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 10**6
        with pytest.raises(ValueError, match="read-only"):
            array.sort()
    return len(given)


@every_way
@every_kind
def test_what_strategies_are_given_is_read_only(Kind, way):
    n_refused = []

    class Drop(SETDrop):
        needs = Needs(samples=256, explored=True, momentum=True)

        def __call__(self, weights, zeta, rng, context):
            n_refused.append(read_only(weights, *arrays_of(context)))
            return super().__call__(weights, zeta, rng)

    class Grow(RandomGrow):
        needs = Needs(samples=256, explored=True, momentum=True)

        def __call__(self, topology, n, rng, context):
            given = topology.indptr, topology.indices, topology.starts(2)
            n_refused.append(read_only(*given, *arrays_of(context)))
            return super().__call__(topology, n, rng)

    X, y = data(Kind)
    momentum = {} if Kind is SparseRBM else {"solver": "sgd"}
    params = {"update_interval": 2, **momentum}
    model = trained(make(Kind, drop=Drop(), grow=Grow(), **params), X, y, way)
    assert min(n_refused) == 14
    assert max(n_refused) == 16
    assert np.isfinite(np.concatenate([a.ravel() for a in arrays(model)])).all()


@every_kind
def test_a_grow_that_makes_its_topology_writable_is_stopped(Kind):
    """It would have made compiled code write outside its arrays."""

    def grow(topology, n, rng, context):
        topology.indices.setflags(write=True)
        topology.indices[:] = 10**6

    X, y = data(Kind)
    model = make(Kind, grow=grow)
    with refused(ValueError, "WRITEABLE", model):
        trained(model, X, y, "fit")


@every_kind
def test_indices_of_a_fitted_topology_are_read_only(Kind):
    X, y = data(Kind)
    model = trained(make(Kind), X, y, "fit")
    for layer in model.network_.layers:
        assert read_only(layer.topology.indptr, layer.topology.indices) == 2


# What a strategy raises.


class OwnError(Exception):
    pass


def fails(*args):
    raise OwnError("of the user")


class Failing(Prunes):
    def __init__(self):
        pass

    __call__ = staticmethod(fails)


@every_way
@every_kind
@pytest.mark.parametrize(
    "part", ["init", "drop", "grow", "zeta_schedule", "density_schedule"]
)
def test_an_error_of_a_strategy_is_raised_as_it_is(Kind, way, part):
    X, y = data(Kind)
    model = make(Kind, update_interval=2, **{part: fails})
    with refused(OwnError, "^of the user$", model):
        trained(model, X, y, way)


@every_way
@layered
def test_an_error_of_a_pruning_is_raised_as_it_is(Kind, way):
    X, y = data(Kind)
    model = make(Kind, unit_pruning=Failing())
    with refused(OwnError, "^of the user$", model):
        trained(model, X, y, way)


# What is read from outside.


@pytest.mark.parametrize("cubic", [CubicDensity(), None])
def test_coefs_can_be_changed_in_place_by_scipy(cubic):
    X, y = data(SETClassifier)
    model = make(SETClassifier, density_schedule=cubic).fit(X, y)
    before = [layer.topology for layer in model.network_.layers]
    said = model.predict_proba(X)
    for W, topology in zip(model.coefs_, before, strict=True):
        W.sort_indices()
        W.sum_duplicates()
        W.indices[:], W.indptr[:] = 0, 0
        assert topology.indices.any()
        assert topology.indptr[-1] == topology.nnz
    assert model.predict_proba(X).tobytes() == said.tobytes()
    assert replace(before[0]).nnz == before[0].nnz
