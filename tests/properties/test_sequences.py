"""Calls in any order: the model is sound after each, and a failed one changes nothing.

A twin gets the same calls with more threads, and is never copied or pickled.
"""

import copy
import pickle

import numpy as np
import pytest
from estimators.cases import nothing_changes
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from properties.cases import (
    ESTIMATORS,
    METHODS,
    Problem,
    answers,
    assert_mentions,
    assert_same,
    assert_sound,
    learned,
    problems,
    quiet,
    refusals,
    threads_at_work,
    tiny,
)
from properties.parameters import SPACES

from skset.estimators import QuickSelection, SETClassifier, SparseRBM

# What may change between two calls without another network.
CHANGING = {
    *(
        "alpha",
        "momentum",
        "learning_rate_init",
        "tol",
        "shuffle",
        "dropout",
        "verbose",
    ),
    *("zeta", "drop", "grow", "method", "update_interval", "newborn", "warm_start"),
    *("early_stopping", "random_state", "importance", "accumulate", "final_drop"),
    *("density_schedule", "zeta_schedule", "unit_pruning", "batch_size", "dtype"),
    *("hidden_layer_sizes", "n_components", "persistent", "n_gibbs", "keep_history"),
}

COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


class Calls(RuleBasedStateMachine):
    """A model, its twin with more threads, and the data of the first call."""

    def __init__(self):
        super().__init__()
        self.model = self.twin = self.problem = None

    @initialize(data=st.data(), Estimator=st.sampled_from(ESTIMATORS))
    def begin(self, data, Estimator):
        supervised = data.draw(st.sampled_from([False, "classification", "regression"]))
        params = {"supervised": supervised} if Estimator is QuickSelection else {}
        self.problem = data.draw(problems(Estimator, supervised))
        self.model = tiny(Estimator, **params)
        self.twin = tiny(Estimator, **params, n_jobs=2)

    @property
    def is_fitted(self):
        return self.model is not None and self.model.__sklearn_is_fitted__()

    def call(self, method, problem):
        """Call both; a call that is refused is refused by both, and changes nothing."""
        outcomes = []
        for model in (self.model, self.twin):
            before = copy.copy(vars(model)), self.fingerprint(model)
            try:
                with quiet(), threads_at_work(), nothing_changes(problem.X, problem.y):
                    METHODS[method](model, problem)
                outcomes.append("done")
            except (ValueError, TypeError) as error:
                assert_mentions(error)
                assert vars(model).keys() == before[0].keys()
                assert_same(self.fingerprint(model), before[1])
                refusals["calls"] += 1
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1]
        return outcomes[0] == "done"

    @staticmethod
    def fingerprint(model):
        return learned(model) if model.__sklearn_is_fitted__() else {}

    # What is done.

    @rule(
        method=st.sampled_from(list(METHODS)),
        seed=st.integers(0, 2**32 - 1),
        copied=st.sampled_from([None, *COPIES]),
    )
    def train(self, method, seed, copied):
        """On some rows of the data, in another order and with or without weights."""
        if copied is not None:
            self.replace(copied)
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(self.problem.X))[: rng.integers(1, 17)]
        weight = rng.integers(0, 3, rows.size) + 0.5 if seed % 2 else None
        y = None if self.problem.y is None else self.problem.y[rows]
        part = Problem(self.problem.X[rows], y, weight, self.problem.classes)
        t = self.model.t_ if self.is_fitted else 0
        goes_on = method == "partial_fit" or getattr(self.model, "warm_start", False)
        if self.call(method, part) and goes_on:
            assert self.model.t_ > t  # items of bookkeeping go on as a whole

    @rule()
    def train_on_all(self):
        self.call("fit", self.problem)

    @rule(data=st.data())
    def set_params(self, data):
        space = SPACES[type(self.model)]
        name = data.draw(st.sampled_from(sorted(CHANGING & space.keys())))
        value = data.draw(space[name])
        for model in (self.model, self.twin):
            model.set_params(**{name: value})

    def replace(self, how):
        """Go on with a copy, which must not be tied to the model it comes from."""
        old, before = self.model, self.fingerprint(self.model)
        self.model = COPIES[how](old)
        if self.is_fitted:
            assert_same(self.fingerprint(self.model), before)
            with quiet():
                expected = self.answers()
            assert_same(self.answers_of(self.model), expected)
        self.left_behind = old, {k: v.copy() for k, v in before.items()}

    @rule(wrong=st.sampled_from(["NaN", "infinity", "3-D", "length", "letters"]))
    def fail(self, wrong):
        """Calls with wrong data change nothing."""
        X, y = self.problem.X.copy(), self.problem.y
        if wrong == "NaN":
            X[-1, -1] = np.nan
        elif wrong == "infinity":
            X[-1, -1] = -np.inf
        elif wrong == "3-D":
            X = X[None]
        elif wrong == "letters":
            X = X.astype(object)
            X[0, 0] = "a"
        elif y is None:
            return
        else:
            X = X[:-1]
        with quiet(), nothing_changes(self.model, X, y):
            for method in METHODS.values():
                with pytest.raises((ValueError, TypeError)):
                    method(self.model, Problem(X, y, None, self.problem.classes))

    @precondition(lambda self: self.is_fitted)
    @rule(rows=st.integers(1, 3))
    def predict(self, rows):
        """Part by part and all at once, the bits are the same (row 58)."""
        X = self.problem.X
        with quiet(), nothing_changes(X):
            everything = self.answers()
            for name, answer in everything.items():
                for start in range(0, len(X), rows):
                    part = getattr(self.model, name)(X[start : start + rows])
                    expected = np.asarray(answer)[start : start + rows]
                    assert_same({name: part}, {name: expected})

    def answers(self):
        return self.answers_of(self.model)

    def answers_of(self, model):
        try:
            return answers(model, self.problem.X)
        except ValueError as error:
            assert_mentions(error, "Input X contains values too large")
            return {}

    # What holds after each of them.

    @invariant()
    def is_sound(self):
        if self.is_fitted:
            with quiet():
                if self.answers():
                    assert_sound(self.model, self.problem.X)

    @invariant()
    def is_what_the_twin_is(self):
        if self.is_fitted:
            assert_same(learned(self.model), learned(self.twin))

    @invariant()
    def leaves_copies_alone(self):
        if left := vars(self).get("left_behind"):
            assert_same(self.fingerprint(left[0]), left[1])

    @invariant()
    def keeps_its_books(self):
        if self.is_fitted and not isinstance(self.model, SparseRBM):
            assert self.model.loss_ == self.model.loss_curve_[-1]
            if isinstance(self.model, SETClassifier):
                assert self.model.n_outputs_ == self.model.network_.n_units[-1]


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=60, stateful_step_count=12)
