"""Blocks that `fit_blocks` refuses, and fits of blocks that are broken off."""

import warnings

import numpy as np
import pandas as pd
import pytest
from estimators.cases import (
    fingerprint,
    fresh_and_fitted,
    impatient,
    nothing_changes,
    refused,
    selector,
    small,
)
from scipy import sparse

from skset.estimators import (
    ContinualSETClassifier,
    SETClassifier,
    SETRegressor,
    SparseRBM,
    StableSelection,
    fit_blocks,
)

pytestmark = [
    impatient,
    pytest.mark.filterwarnings("ignore:The network took only:UserWarning"),
]
N, WINDOW = 60, 24
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, 4))
y = (X[:, 0] > 0).astype(int)
NAMES = list("abcd")


def blocks(n=3):
    return [(X[start::n], y[start::n]) for start in range(n)]


def with_last(*block):
    """Return blocks of which the last one is another."""
    return [*blocks()[:2], block]


class Changing:
    """Blocks that are others in each pass."""

    def __init__(self, *passes):
        self.passes = list(passes)

    def __iter__(self):
        now = self.passes.pop(0) if len(self.passes) > 1 else self.passes[0]
        return iter(now)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (iter(blocks()), TypeError, "read once only.*list_iterator.*__iter__"),
        ((b for b in blocks()), TypeError, "it is a generator, but"),
        (zip([X], [y], strict=True), TypeError, "it is a zip"),
        (X, TypeError, "got a ndarray. Give one table to fit"),
        (pd.DataFrame(X), TypeError, "got a DataFrame"),
        (sparse.csr_array(X), TypeError, "got a csr_array"),
        ({"X": X}, TypeError, "got a dict"),
        ("blocks.csv", TypeError, "got a str"),
        (None, TypeError, "blocks is a NoneType"),
        ([], ValueError, "blocks is empty"),
        (lambda: iter([]), ValueError, "blocks is empty"),
        ((X, y), ValueError, r"blocks\[0\]:.*requires y"),
        (with_last(), ValueError, r"blocks\[2\] has 0 parts"),
        (with_last(X, y, y + 1, y), ValueError, r"blocks\[2\] has 4 parts"),
        (with_last(X, None), ValueError, r"blocks\[2\]: it has no y, but"),
        (with_last(X[:, :3], y), ValueError, r"blocks\[2\]: it has 3 .*\[0\] has 4"),
        (with_last(X[:0], y[:0]), ValueError, r"blocks\[2\]: Found array with 0 s"),
        (with_last(X, y[1:]), ValueError, r"blocks\[2\]: Found input variables"),
        (with_last(X * np.nan, y), ValueError, r"blocks\[2\]: Input X contains NaN"),
        (with_last(X, y + 0.5), ValueError, r"blocks\[2\]: Unknown label type"),
        (with_last(X, y.astype(str)), TypeError, r"those of blocks\[2\] strings"),
        (with_last(X, np.c_[y, y]), ValueError, r"blocks\[2\] is a multilabel"),
        (with_last(X, y, y + 1), ValueError, r"\[2\]: it has a sample_weight, but"),
        (with_last(X, y, -y), ValueError, r"blocks\[2\]: it has|Negative"),
        (with_last(sparse.csr_array(X), y), ValueError, r"blocks\[2\]: X is sparse"),
        (with_last([["a"] * 4], [1]), ValueError, r"blocks\[2\]: could not convert"),
        ([(X, y, np.zeros(N))], ValueError, "sample_weight must have at least one"),
    ],
)
def test_blocks_are_refused(given, error, match):
    for model in fresh_and_fitted(SETClassifier, X, y):
        with refused(error, match, model):
            fit_blocks(model, given)


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (pd.DataFrame(X, columns=list("abce")), r"\[1\]: its columns have other names"),
        (X, r"\[1\]: its columns have other names than those of blocks\[0\]"),
        (
            pd.DataFrame(X).assign(when=pd.Timestamp(0)),
            r"\[1\]: Input X has dtype",
        ),
    ],
)
def test_columns_must_be_the_same(frame, match):
    given = [(pd.DataFrame(X, columns=NAMES), y), (frame, y)]
    with pytest.raises((ValueError, TypeError), match=match):
        fit_blocks(small(SETClassifier), given)


@pytest.mark.parametrize(
    ("last", "match"),
    [
        ((X, np.c_[y, y]), r"y of blocks\[1\] has 2 outputs"),
        ((X, pd.date_range("2020", periods=N)), r"blocks\[1\]: Input y has dtype"),
        ((X, np.full(N, np.inf)), r"blocks\[1\]: Input y contains"),
    ],
)
def test_numbers_are_refused(last, match):
    model = small(SETRegressor)
    with refused((ValueError, TypeError), match, model):
        fit_blocks(model, [(X, X[:, 0]), last])


def test_counts_of_a_block_may_be_all_zero():
    counts = np.r_[np.zeros(N // 2), np.arange(N // 2)]
    model = small(SETRegressor, loss="poisson")
    fit_blocks(model, [(X[:5], counts[:5]), (X[5:], counts[5:])], window=WINDOW)
    with pytest.raises(ValueError, match="are negative, or all are 0"):
        fit_blocks(model, [(X[:5], counts[:5]), (X[5:], counts[5:] * 0)])


def test_probabilities_are_checked():
    model = SparseRBM(4, n_iter=1, random_state=0)
    with refused(ValueError, r"blocks\[1\]: Negative values", model):
        fit_blocks(model, [np.abs(X) / 9, X])


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (
            [X[:30], (X[30:], y[30:])],
            r"blocks\[1\]: it has y, but blocks\[0\] has",
        ),
        ([(X[:30], y[:30] / 3), (X[30:], ["a"] * 30)], r"blocks\[1\]: y has labels, "),
    ],
)
def test_a_selector_needs_one_kind_of_y(given, match):
    model = selector(supervised="auto")
    with refused(ValueError, match, model):
        fit_blocks(model, given)


# Blocks that change.


@pytest.mark.parametrize(
    ("later", "match"),
    [
        (blocks()[:2], "epoch 1: blocks had 40 rows in 2 blocks, but 60 rows in 3 bl"),
        ([], "epoch 1: blocks had 0 rows in 0 blocks"),
        ([*blocks(), (X[:1], y[:1])], "epoch 1: blocks had 61 rows in 4 blocks"),
        (with_last(X[::3, :3], y[::3]), r"epoch 1: blocks\[2\]: it has 3 features"),
        (with_last(X[::3], y[::3] + 7), r"epoch 1: blocks\[2\]: .*classes not in.*\[7"),
        (with_last(X[::3] * np.inf, y[::3]), r"epoch 1: blocks\[2\]: Input X cont"),
        (with_last(X[::3], y[::3], y[::3]), r"epoch 1: blocks\[2\]: it has a sample_w"),
    ],
)
def test_a_later_pass_must_be_the_same(later, match):
    for model in fresh_and_fitted(SETClassifier, X, y):
        with refused(ValueError, match, model):
            fit_blocks(model, Changing(blocks(), later), window=WINDOW)


def test_the_epoch_is_named():
    given = Changing(blocks(), blocks(), blocks(), blocks()[:1])
    with pytest.raises(ValueError, match="epoch 3: blocks had 20 rows"):
        fit_blocks(small(SETClassifier), given, window=WINDOW)


def test_a_second_look_for_class_weights_is_checked_too():
    given = Changing(blocks(), with_last(X[::3, :3], y[::3]))
    model = small(SETClassifier, class_weight="balanced")
    with pytest.raises(ValueError, match=r"second pass: blocks\[2\]: it has 3"):
        fit_blocks(model, given, window=WINDOW)


class OwnError(Exception):
    """What a user's own code may raise."""


@pytest.mark.parametrize("n_passes", [0, 1, 3])
@pytest.mark.parametrize("error", [OwnError, ValueError, OSError])
def test_errors_of_the_blocks_go_through(error, n_passes):
    def broken():
        yield from blocks()[:2]
        raise error("no such file")

    passes = [0]

    def read():
        passes[0] += 1
        return broken() if passes[0] > n_passes else iter(blocks())

    for model in fresh_and_fitted(SETClassifier, X, y):
        passes[0] = 0
        with nothing_changes(model), pytest.raises(error, match=r"^no such file$"):
            fit_blocks(model, read, window=WINDOW, epochs=3)


# Parameters.


@pytest.mark.parametrize(
    ("model", "params", "match"),
    [
        (small(SETClassifier, solver="lbfgs"), {}, "solver='lbfgs' needs all rows"),
        (small(SETClassifier, early_stopping=True), {}, "needs X_val and y_val"),
        (small(SETClassifier), {"X_val": X, "y_val": y}, "need early_stopping=True"),
        (
            small(SETClassifier, early_stopping=True),
            {"X_val": X},
            "X_val is provided, but y_val was not",
        ),
        (selector("auto", supervised=True), {}, "n_features_to_select='auto' needs"),
        (small(SETClassifier), {"epochs": 0}, "epochs must be a positive"),
        (small(SETClassifier), {"epochs": 1.5}, "epochs must be a positive"),
        (small(SETClassifier), {"window": True}, "window must be a positive"),
        (small(SETClassifier, epsilon=-1), {}, "'epsilon' parameter"),
        (selector(resample_noise=False), {"window": WINDOW}, "resample_noise=False"),
        (small(SETClassifier, momentum=0.0, solver="sgd", grow="momentum"), {}, "grow"),
    ],
)
def test_parameters_are_refused(model, params, match):
    with refused(ValueError, match, model):
        fit_blocks(model, blocks(), **params)


def test_fixed_noise_needs_one_window_only():
    fixed = selector(resample_noise=False, supervised=True)
    assert fit_blocks(fixed, blocks()).supervised_ == "classification"


def test_a_warm_start_does_not_go_on():
    model = small(SETClassifier, warm_start=True)
    fit_blocks(model, blocks())
    with refused(ValueError, "fit_blocks begins anew, but warm_start=True", model):
        fit_blocks(model, blocks())


@pytest.mark.parametrize(
    "model", [StableSelection(), ContinualSETClassifier(), SETClassifier, None]
)
def test_other_estimators_are_refused(model):
    with pytest.raises(TypeError, match="fit_blocks is for SETClassifier, SETReg"):
        fit_blocks(model, blocks())


# Along the way.


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_it_stops_early(scoring):
    model = small(SETClassifier, early_stopping=True, scoring=scoring, max_iter=30)
    model.set_params(n_iter_no_change=2, tol=10.0)
    fit_blocks(model, blocks(), window=WINDOW, X_val=X, y_val=y)
    assert model.n_iter_ == len(model.validation_scores_) == 4
    whole = small(SETClassifier, early_stopping=True, scoring=scoring, max_iter=3)
    read = fit_blocks(
        SETClassifier(**whole.get_params(deep=False)),
        [(X, y)],
        X_val=X,
        y_val=y,
        sample_weight_val=y + 1,
    )
    whole.fit(X, y, X_val=X, y_val=y, sample_weight_val=y + 1)
    assert fingerprint(read._network) == fingerprint(whole._network)
    assert read.validation_scores_ == whole.validation_scores_


def test_an_interrupt_keeps_what_was_learned():
    passes = [0]

    def read():
        passes[0] += 1
        yield from blocks()[:2]
        if passes[0] == 4:
            raise KeyboardInterrupt
        yield blocks()[2]

    model = small(SETClassifier, max_iter=10)
    with pytest.warns(UserWarning, match="interrupted by user"):
        fit_blocks(model, read, window=WINDOW)
    assert model.n_iter_ == 2
    assert model.predict(X).shape == (N,)


def test_an_interrupt_of_the_first_pass_leaves_the_estimator():
    def read():
        yield from blocks()
        raise KeyboardInterrupt

    for model in fresh_and_fitted(SETClassifier, X, y):
        with nothing_changes(model), pytest.raises(KeyboardInterrupt):
            fit_blocks(model, read)


def test_progress_is_printed(capsys):
    fit_blocks(small(SETClassifier, verbose=1), blocks(), window=WINDOW)
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_callbacks_are_called():
    pytest.importorskip("sklearn.callback")
    from skset.callbacks import Checkpoint, TopologyLog

    log = TopologyLog()
    model = small(SETClassifier).set_callbacks(log)
    fit_blocks(model, blocks(), window=WINDOW)
    assert len(log.runs) == 1
    assert {row["epoch"] for row in log.runs[0].rows()} == {1, 2, 3}
    model.set_callbacks(Checkpoint("never.npz"))
    with refused(TypeError, "Checkpoint is not for fit_blocks", X):
        fit_blocks(model, blocks())


def test_a_column_of_labels_gives_one_warning():
    given = [(X[:30], y[:30, None]), (X[30:], y[30:, None])]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit_blocks(small(SETClassifier), given, window=WINDOW)
    shapes = [w for w in caught if "column-vector" in str(w.message)]
    assert len(shapes) == 1
    assert model.classes_.tolist() == [0, 1]


def test_selectors_rank_by_the_rows_that_are_kept():
    rng = np.random.default_rng(0)
    many = rng.standard_normal((3000, 12)).astype(np.float32)
    labels = (many[:, 3] + many[:, 7] > 0) + 0
    given = [(many[n : n + 250], labels[n : n + 250]) for n in range(0, 3000, 250)]
    for importance in ("coverage", "relevance", "attribution", "strength"):
        model = selector(2, importance=importance, supervised="auto", max_iter=5)
        fit_blocks(model, given, window=600)
        assert model.get_support(indices=True).tolist() == [3, 7]
