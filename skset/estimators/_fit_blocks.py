"""`fit_blocks`: a fit on a table that is read in blocks, for tables beyond memory."""

from functools import partial
from numbers import Integral
from types import SimpleNamespace
from typing import Any, TypeVar

from numpy.random import Generator

from skset.estimators import _fit
from skset.estimators._block_pass import BlockPass
from skset.estimators._block_source import BlockSource
from skset.estimators._epochs import train
from skset.estimators._estimator import SparseEstimator
from skset.estimators._first_pass import learned_from, samples_of_checked
from skset.estimators._held_out import checked_held_out
from skset.estimators._sklearn import with_callbacks
from skset.estimators._stopping import new_stopping
from skset.estimators._streams import generators
from skset.estimators._temperature import MOST_ROWS
from skset.estimators._types import MatrixLike
from skset.estimators._units import scaled_table
from skset.model import Samples, StreamedSamples

__all__ = ["fit_blocks"]

Estimator = TypeVar("Estimator", bound=Any)


def fit_blocks(
    estimator: Estimator,
    blocks: Any,
    *,
    epochs: int | None = None,
    window: int | None = None,
    X_val: MatrixLike | None = None,
    y_val: Any = None,
    sample_weight_val: Any = None,
) -> Estimator:
    """Fit an estimator on a table that is read in blocks.

    The first pass over the blocks finds what a fit must know of all rows: classes,
    means and deviations of the columns, class weights, numbers in place of "auto". Then
    each epoch is one pass over all blocks. The rows are cut anew into windows of a
    fixed number of rows, and shuffled within a window. So blocks of any size give the
    same result. The topology evolves as in `fit`: after an epoch, or every
    `update_interval` steps.

    In memory are a window, a block, a random sample of rows as large as a window, and
    the network. What looks at random rows takes those of the sample: drops and grows
    that look at data, and importances of `QuickSelection`.

    If all rows fit into one window, they stay in memory. The result is then that of
    `fit` on the whole table, bit for bit.

    Parameters
    ----------
    estimator : SETClassifier, SETRegressor, QuickSelection or SparseRBM
        It is fitted in place. Its callbacks get None for X and y.
    blocks : sequence, iterable or callable
        Of blocks ``(X, y)``, ``(X, y, sample_weight)``, or ``(X,)`` or X alone where
        there is no y. X and y are what `fit` takes: arrays, frames, CSR matrices. A
        sequence has a length and gives its blocks by their numbers; their order is
        drawn anew in each epoch, unless the estimator has ``shuffle=False``. Another
        iterable must begin anew each time, and gives the order of its blocks itself. A
        callable returns a new iterator each time.
    epochs : int, default=None
        Passes to train in, in place of the estimator's `max_iter` or `n_iter`.
    window : int, default=None
        Rows in a window. It is rounded down to a multiple of `batch_size`. By default
        so many as take about 64 MB, and 512 at least. If blocks are sorted, for
        example by class, take a window much larger than a block, or blocks in random
        order.
    X_val, y_val, sample_weight_val : array-like, default=None
        Data for early stopping, which must fit into memory. ``early_stopping=True``
        needs them.

    Returns
    -------
    estimator : estimator
        The same object, fitted.

    Raises
    ------
    TypeError
        If the blocks can be read once only, such as a generator, or if the estimator
        is none that learns in epochs: `StableSelection` and `ContinualSETClassifier`
        need all rows at once.
    ValueError
        If a parameter or a block is invalid, if blocks do not fit together or change
        between two passes, or if training diverges. Errors name the block and the
        epoch. The estimator is then as it was. Errors of the blocks themselves, such as
        a file that is missing, go through.

        Not supported are ``solver="lbfgs"``, a `warm_start` that goes on (use
        `partial_fit`), ``n_features_to_select="auto"``, and ``resample_noise=False``
        with several windows.

    Examples
    --------
    >>> import numpy as np, skset
    >>> rng = np.random.default_rng(0)
    >>> def blocks():
    ...     for seed in range(5):
    ...         X = np.random.default_rng(seed).standard_normal((200, 10))
    ...         yield X, X[:, 0] > 0
    >>> model = skset.SETClassifier((50,), random_state=0)
    >>> model = skset.fit_blocks(model, blocks, epochs=10, window=500)
    >>> X = rng.standard_normal((100, 10))
    >>> model.score(X, X[:, 0] > 0) > 0.9
    True
    """
    _check_kind(estimator)
    epochs, window = _count("epochs", epochs), _count("window", window)
    source = BlockSource(blocks)
    estimator._validate_params()
    held_out = X_val, y_val, sample_weight_val
    _fitted(estimator, source, epochs, window, held_out)
    return estimator


@_fit.all_or_nothing
@with_callbacks
def _fitted(
    estimator: Any,
    source: BlockSource,
    epochs: int | None,
    window: int | None,
    held_out: tuple[Any, Any, Any],
) -> None:
    p = estimator._read_parameters()
    _check_parameters(estimator, p, held_out)
    if epochs is not None:
        setattr(p, "n_iter" if hasattr(p, "n_iter") else "max_iter", epochs)

    # The first pass: what all rows tell, and a random sample of them.
    rng, topology_rng = generators(p.random_state)
    first = BlockPass(estimator, p, source, window, rng)
    learned_from(estimator, p, first.facts)
    _fit.begin_record(estimator)
    _check_noise(p, first)

    # Samples to train on, and those to validate on.
    at_hand = samples_of_checked(estimator, p, first.facts, first.kept)
    samples: Samples | StreamedSamples = at_hand
    if not first.is_whole:
        windows = partial(first.windows, estimator)
        samples = StreamedSamples(windows, first.facts.n_rows, at_hand)
    streams = rng.bit_generator.state, topology_rng.bit_generator.state
    _adapt(estimator, p, first, rng)
    del first.kept  # the samples have them
    stopping = _stopping(estimator, p, held_out)

    # Network, loop, and record.
    state = _fit.first_state(estimator, p, samples, (rng, topology_rng), stopping)
    given = {"X": None, "y": None, "metadata": None}
    train(estimator, p, state, samples, stopping, streams, given, resumable=False)


def _adapt(
    estimator: Any, p: SimpleNamespace, first: BlockPass, rng: Generator
) -> None:
    """Adapt numbers to the data, if there are so few rows that it pays."""
    if first.facts.size.n_weighted > MOST_ROWS:
        return
    X, y, weight = first.kept
    inputs = scaled_table(X, estimator._scaling, p.table_dtype)
    weight, _ = first.facts.learned.weighed(y, weight)
    estimator._adapt(p, (inputs, y, weight, None), rng, False)


def _stopping(estimator: Any, p: SimpleNamespace, held_out: tuple[Any, ...]) -> Any:
    """Return what says when the training stalls."""
    if not _is_given(held_out):
        return new_stopping(estimator, p, None, None)
    own = estimator._standardises(p, True)
    X, y, weight = held_out
    rows = checked_held_out(estimator, p, X, y, weight, own)
    inputs = scaled_table(rows[0], estimator._scaling, p.table_dtype)
    return new_stopping(estimator, p, rows, inputs)


def _is_given(held_out: tuple[Any, ...]) -> bool:
    return any(part is not None for part in held_out)


# Checks.


def _check_kind(estimator: Any) -> None:
    if isinstance(estimator, SparseEstimator):
        return
    raise TypeError(
        "fit_blocks is for SETClassifier, SETRegressor, QuickSelection and SparseRBM, "
        f"got {type(estimator).__name__}."
    )


def _count(name: str, number: Any) -> int | None:
    """Return a positive number, or None."""
    if number is None:
        return None
    if not isinstance(number, Integral) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{name} must be a positive whole number, got {number!r}.")
    return int(number)


def _check_parameters(
    estimator: Any, p: SimpleNamespace, held_out: tuple[Any, ...]
) -> None:
    """Raise if the parameters need all rows at once, or an earlier fit."""
    _fit.check_momentum(estimator, p)
    params = vars(p)
    if params.get("solver") == "lbfgs":
        raise ValueError(
            "solver='lbfgs' needs all rows at once; for blocks take 'adam' or 'sgd'."
        )
    if params.get("warm_start") and estimator.__sklearn_is_fitted__():
        raise ValueError(
            "fit_blocks begins anew, but warm_start=True and the estimator is fitted. "
            "Set warm_start=False, or go on with partial_fit, block by block."
        )
    if params.get("n_features_to_select") == "auto":
        raise ValueError(
            "n_features_to_select='auto' needs all rows at once. Give a number, a "
            "share, or 'all'."
        )
    if p.early_stopping != _is_given(held_out):
        raise ValueError(
            "early_stopping=True needs X_val and y_val, as blocks are not split; X_val "
            "and y_val need early_stopping=True."
        )


def _check_noise(p: SimpleNamespace, first: BlockPass) -> None:
    params = vars(p)
    if params.get("noise") and not (params["resample_noise"] or first.is_whole):
        raise ValueError(
            "resample_noise=False needs all rows in one window: a row has no number "
            "of its own in a stream. Raise window, or set resample_noise=True."
        )
