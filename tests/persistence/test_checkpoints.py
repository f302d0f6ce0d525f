"""Fits that are broken off and go on: the same, bit for bit, as in one piece."""

import copy
import pickle
import random

import numpy as np
import pytest
from persistence.cases import SMALL, X, parts, same, y
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skset
from skset import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
)
from skset.strategies import ImportancePruning

if not hasattr(SETClassifier, "set_callbacks"):
    pytest.skip("scikit-learn before 1.9 calls no callbacks", allow_module_level=True)

from persistence.kills import killed, whole

from skset.callbacks import Checkpoint

LONG = {**SMALL, "max_iter": 6}
SGD = {**LONG, "solver": "sgd", "max_iter": 40}


class BrokenOffError(Exception):
    """What a machine does that is switched off."""


class BreakOff:
    """Ends a fit after some epochs."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def setup(self, estimator, context):
        self.n_left = self.n_epochs

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.n_left -= 1
            if not self.n_left:
                raise BrokenOffError

    def teardown(self, estimator, context):
        pass


CASES = {
    "plain": (SETClassifier(**LONG), y),
    "early": (
        SETClassifier(
            **{**LONG, "max_iter": 9}, early_stopping=True, n_iter_no_change=3, tol=1.0
        ),
        y,
    ),
    "scoring": (SETClassifier(**LONG, early_stopping=True, scoring="accuracy"), y),
    "momentum": (SETClassifier(**LONG, grow="momentum", update_interval=3), y),
    "explored": (
        SETClassifier(**LONG, grow="random_unfired", density_schedule="cubic"),
        y,
    ),
    "dropout": (SETClassifier(**LONG, grow="cosine", dropout=0.2, max_norm=1.0), y),
    "pruned": (
        SETClassifier(**LONG, unit_pruning=ImportancePruning(start=0, every=0.1)),
        y,
    ),
    "adaptive": (
        SETClassifier(**SGD, learning_rate="adaptive", tol=0.05, n_iter_no_change=1),
        y,
    ),
    "invscaling": (SETClassifier(**SGD, learning_rate="invscaling"), y),
    "halves": (SETClassifier(**LONG, delta_dtype="bfloat16", final_drop=True), y),
    "no seed": (SETClassifier(**{**LONG, "random_state": None}), y),
    "numbers": (SETRegressor(**LONG, early_stopping=True), y.astype(float)),
    "lbfgs": (
        SETRegressor(**{**LONG, "max_iter": 150}, solver="lbfgs"),
        y.astype(float),
    ),
    "selector": (QuickSelection(9, **LONG, keep_history=True), y),
    "strength": (QuickSelection(9, **LONG, importance="strength"), y),
    "number found": (QuickSelection("auto", **LONG), y),
    "noise": (QuickSelection(9, **LONG), None),
    "fixed noise": (QuickSelection(9, **LONG, resample_noise=False), None),
    "machine": (SparseRBM(20, n_iter=6, random_state=0), None),
    "chains": (SparseRBM(20, n_iter=6, persistent=True, random_state=0), None),
}
pytestmark = [
    pytest.mark.filterwarnings("ignore:Maximum iterations"),
    pytest.mark.filterwarnings("ignore:The network took only"),
]


def broken_off(model, path, n_epochs, targets, every=1, **data):
    """Break off the fit of a model after some epochs."""
    model.set_callbacks(Checkpoint(path, every=every), BreakOff(n_epochs))
    with pytest.raises(BrokenOffError):
        model.fit(X, targets, **data)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.npz"


@pytest.mark.parametrize("n_epochs", [1, 3])
@pytest.mark.parametrize("name", CASES)
def test_a_fit_that_goes_on_is_the_same_as_one_in_one_piece(name, n_epochs, path):
    model, targets = CASES[name]
    np.random.seed(0)  # noqa: NPY002 (that of a model without a seed)
    expected = clone(model).fit(X, targets)
    np.random.seed(0)  # noqa: NPY002 (that of a model without a seed)
    broken_off(clone(model), path, n_epochs, targets)
    now = skset.load(path)
    assert 0 < now.n_iter_ < expected.n_iter_
    found = skset.resume(path, X, targets)
    assert same(found, expected)
    assert same(skset.resume(path, X, targets), expected)  # it has come to its end


@pytest.mark.parametrize("name", ["plain", "scoring", "adaptive", "lbfgs", "chains"])
def test_a_fit_that_went_on_with_warm_start_goes_on(name, path):
    model, targets = CASES[name]
    begun = clone(model).set_params(warm_start=True).fit(X, targets)
    expected = copy.deepcopy(begun).fit(X, targets)
    broken_off(copy.deepcopy(begun), path, 2, targets)
    assert same(skset.resume(path, X, targets), expected)


def test_a_fit_can_be_broken_off_more_than_once(path):
    model, _ = CASES["momentum"]
    expected = clone(model).fit(X, y)
    broken_off(clone(model), path, 1, y)
    for _ in range(3):
        with pytest.raises(BrokenOffError):
            skset.resume(path, X, y, callbacks=[BreakOff(1)])
    assert skset.load(path).n_iter_ == 4
    assert same(skset.resume(path, X, y), expected)


def test_weights_and_validation_data_are_given_again(path):
    model = SETClassifier(**LONG, early_stopping=True)
    weight = np.linspace(1, 2, len(y))
    given = {"sample_weight": weight, "X_val": X[:50], "y_val": y[:50]}
    expected = clone(model).fit(X, y, **given)
    broken_off(clone(model), path, 2, y, **given)
    assert same(skset.resume(path, X, y, **given), expected)


def test_names_of_columns_are_given_again(path):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=[f"pixel {n}" for n in range(X.shape[1])])
    model = SETClassifier(**LONG)
    model.set_callbacks(Checkpoint(path), BreakOff(2))
    with pytest.raises(BrokenOffError):
        model.fit(table, y)
    assert same(skset.resume(path, table, y), SETClassifier(**LONG).fit(table, y))


def test_sparse_data_go_on_too(path):
    from scipy import sparse

    table = sparse.csr_array(X * (X > 0.4))
    model = SETClassifier(**LONG).set_callbacks(Checkpoint(path), BreakOff(2))
    with pytest.raises(BrokenOffError):
        model.fit(table, y)
    expected = SETClassifier(**LONG).fit(table, y)
    assert same(skset.resume(path, table, y), expected)


def test_every_says_after_which_epochs_a_file_is_written(path):
    broken_off(SETClassifier(**LONG), path, 5, y, every=2)
    assert skset.load(path).n_iter_ == 4
    assert same(skset.resume(path, X, y), SETClassifier(**LONG).fit(X, y))


def test_callbacks_change_nothing(path):
    model = SETClassifier(**LONG).set_callbacks(Checkpoint(path)).fit(X, y)
    assert same(model, SETClassifier(**LONG).fit(X, y))
    assert same(skset.load(path), model)


def test_a_file_in_between_predicts_as_a_shorter_fit_would(path):
    """A constant learning rate, as that of a shorter fit would fall faster."""
    params = {**LONG, "learning_rate": "constant", "temperature": 1.0, "zeta": 0.0}
    params |= {"learning_rate_init": 0.003, "alpha": 1e-4}
    broken_off(SETClassifier(**params), path, 3, y)
    shorter = SETClassifier(**{**params, "max_iter": 3}).fit(X, y)
    found = skset.load(path).predict_proba(X)
    np.testing.assert_array_equal(found, shorter.predict_proba(X))


def test_after_an_interrupt_by_the_user_it_can_go_on(path):
    class Interrupt(BreakOff):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch":
                raise KeyboardInterrupt

    model = SETClassifier(**LONG).set_callbacks(Checkpoint(path), Interrupt(1))
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ == 1
    assert same(skset.resume(path, X, y), SETClassifier(**LONG).fit(X, y))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fit_that_is_killed_goes_on(path, seed):
    found, n_epochs = killed(path, 0.5, random.Random(seed))
    assert n_epochs > 0
    assert same(found, whole())


def test_a_checkpoint_in_a_pipeline(path):
    model = SETClassifier(**LONG).set_callbacks(Checkpoint(path), BreakOff(2))
    with pytest.raises(BrokenOffError):
        make_pipeline(StandardScaler(), model).fit(X, y)
    table = StandardScaler().fit_transform(X)
    assert same(skset.resume(path, table, y), SETClassifier(**LONG).fit(table, y))


# What is refused.


@pytest.mark.parametrize(
    "change",
    [
        lambda A, b: (A[::-1], b[::-1]),
        lambda A, b: (A, np.roll(b, 1)),
        lambda A, b: (A + 0.01, b),
        lambda A, b: (A[:-1], b[:-1]),
    ],
)
def test_other_data_are_refused(change, path):
    broken_off(SETClassifier(**LONG), path, 2, y)
    content = path.read_bytes()
    with pytest.raises(ValueError, match="must be those that the checkpoint was made"):
        skset.resume(path, *change(X, y))
    assert path.read_bytes() == content


def test_other_classes_or_features_are_refused(path):
    broken_off(SETClassifier(**LONG), path, 2, y)
    with pytest.raises(ValueError, match="X has 9 features"):
        skset.resume(path, X[:, :9], y)
    with pytest.raises(ValueError, match="resume"):
        skset.resume(path, X, y + 100)


def test_a_saved_estimator_is_no_checkpoint(path):
    skset.save(SETClassifier(**SMALL).fit(X, y), path)
    with pytest.raises(ValueError, match="is a saved estimator, not a checkpoint"):
        skset.resume(path, X, y)


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "epoch", None])
def test_every_is_a_number_of_epochs(every, path):
    with pytest.raises(ValueError, match="every must be a whole number"):
        Checkpoint(path, every=every)


def test_what_cannot_be_saved_is_named_before_the_training(path):
    model = SETClassifier(**LONG, learning_rate=lambda share: 1 - share)
    model.set_callbacks(Checkpoint(path))
    with pytest.raises(
        ValueError, match=r"SETClassifier\.learning_rate cannot be saved"
    ):
        model.fit(X, y)
    assert not model.__sklearn_is_fitted__()
    assert not path.exists()


def test_a_place_that_cannot_be_written_ends_the_fit(tmp_path):
    model = SETClassifier(**LONG).set_callbacks(Checkpoint(tmp_path / "no" / "fit"))
    with pytest.raises(FileNotFoundError):
        model.fit(X, y)
    assert not model.__sklearn_is_fitted__()


def test_the_fits_of_a_search_would_write_the_same_file(path):
    model = SETClassifier(**SMALL).set_callbacks(Checkpoint(path))
    search = GridSearchCV(model, {"zeta": [0.1, 0.2]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="would all write the same file"):
        search.fit(X, y)


def test_other_estimators_are_refused(path):
    model = LogisticRegression()
    if not hasattr(model, "set_callbacks"):
        pytest.skip("it takes no callbacks")
    with pytest.raises(TypeError, match="for the estimators of skset"):
        model.set_callbacks(Checkpoint(path)).fit(X, y)


def test_an_estimator_of_tasks_calls_no_callbacks():
    assert not hasattr(ContinualSETClassifier, "set_callbacks")


def test_nothing_of_a_fit_in_progress_is_left(path):
    from skset.estimators import fit_in_progress

    model = SETClassifier(**LONG).set_callbacks(Checkpoint(path), BreakOff(1))
    with pytest.raises(BrokenOffError):
        model.fit(X, y)
    assert fit_in_progress(model) is None
    model.set_callbacks().fit(X, y)
    assert fit_in_progress(model) is None
    pickle.dumps(model)


def test_a_forged_snapshot_is_refused(path):
    from persistence.test_bad_files import changed, put

    broken_off(SETClassifier(**LONG), path, 2, y)
    source = path.read_bytes()
    network = ("more", "snapshot", "fields", "state", "fields", "network")
    for place, value in (
        (("more", "snapshot"), 3),
        ((*network[:3], "streams"), {"tuple": []}),
        ((*network[:3], "ended"), 1),
        ((*network[:3], "counted"), {"dict": [["best", 1]]}),
        ((*network[:3], "attributes"), {"dict": [["predict", 1]]}),
        (network, None),
    ):
        path.write_bytes(changed(source, put(place, value)))
        with pytest.raises(ValueError, match=r"broken|whole skset file"):
            skset.resume(path, X, y)


def test_all_that_a_fit_needs_is_in_the_file(path):
    """The file has the optimiser's state, of the network in training only."""
    broken_off(SETClassifier(**LONG), path, 2, y)
    header, _ = parts(skset.load(path))
    assert header["_network"]["fields"]["layers"]["tuple"][0]["fields"]["moments"] == {
        "tuple": []
    }
