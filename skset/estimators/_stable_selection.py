"""`StableSelection`: features that a selector chooses on most halves of the data."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import (
    check_is_fitted,
    validate_data,
)

from skset.estimators import _fit
from skset.estimators._columns import check_table
from skset.estimators._error_bounds import (
    ASSUMPTIONS,
    false_selections,
    least_threshold,
    most_features,
)
from skset.estimators._parameters import POSITIVE, POSITIVE_INT, Jobs, Number
from skset.estimators._resample_choices import (
    chosen,
    indexable_targets,
    prototype,
    seeded,
    weight_for,
)
from skset.estimators._resamples import drawn_resamples, labels_of
from skset.estimators._selection import QuickSelection
from skset.estimators._sklearn import (
    HasMethods,
    StrOptions,
    fit_context,
)
from skset.estimators._types import Array, Matrix, MatrixLike
from skset.estimators._version_stamp import stamped, unstamped
from skset.estimators._warnings import warn
from skset.topology import checked_indices

__all__ = ["StableSelection"]


class StableSelection(SelectorMixin, BaseEstimator):
    """Select the features that a selector chooses again and again.

    Stability selection [1]_: the selector is fitted on many random halves of the rows,
    and the features that it chooses in most of them are kept. The halves come in pairs
    without a common row [2]_. So the expected number of false selections has a bound,
    whatever the selector and the data are. How many features are kept is found out: it
    is not a parameter.

    A feature counts as false if the selector chooses it, on half of the rows, with a
    probability of at most q / p. Here q is the mean number of features that it chooses,
    and p the number of all features. By chance each feature would have the probability
    q / p. The bound does not say that a feature is a cause, or that it tells more than
    its neighbours.

    Every fit begins anew. Networks are not handed on from half to half: they would know
    the rows of other halves, and the bound needs halves that know nothing of each
    other.

    Parameters
    ----------
    estimator : selector, default=None
        Any selector with `get_support`. None is ``QuickSelection()``, and then
        `n_features_per_resample` is "auto" unless it is a number. It is cloned, with a
        `random_state` of its own for each resample if it has one.
    n_resamples : even int of at least 2, default=50
        Number of resamples, which come in pairs. More make frequencies more exact. 50
        are enough for the bound.
    threshold : float in (0.5, 1] or "auto", default=0.6
        Least share of the resamples in which a selected feature is chosen. 0.6 is the
        lowest of the values from 0.6 to 0.9 for which results are similar [1]_, so it
        finds the most features. "auto" takes the least one whose bound is at most
        `max_false_selections`, or 1, with a warning, if there is none.
    n_features_per_resample : positive int, "auto" or None, default=None
        How many features are chosen in each resample. None leaves it to `estimator`.
        "auto" takes the greatest number whose bound is at most `max_false_selections`,
        but at least 1. A number and "auto" need an `estimator` with the attribute
        `ranking_` that ranks all features, as `QuickSelection` has. A feature whose
        importance is 0 is never chosen.
    max_false_selections : positive float, default=1.0
        Greatest bound on the expected number of false selections: by default one false
        feature at most is expected. It is read only if `threshold` or
        `n_features_per_resample` is "auto".
    sample_fraction : float in (0, 0.5], default=0.5
        Share of the rows in each resample. The two of a pair have no row in common, so
        no more than half is possible. Classes have the same shares in both.
    assumption : {"r-concave", "none"}, default="r-concave"
        What the bound assumes about how often features are chosen. "r-concave" is the
        shape that the frequencies of false features mostly have; its bound is far
        sharper [2]_. "none" is Meinshausen and Buehlmann's bound, which always holds.
    random_state : int, RandomState instance or None, default=None
        Seed of the resamples and of the selectors. The same int gives the same result
        for any `n_jobs`.
    n_jobs : int other than 0, default=None
        Number of resamples fitted at once, as in joblib. If it is more than 1, each
        selector has one thread.

    Attributes
    ----------
    selection_frequencies_ : ndarray of shape (n_features,)
        Share of the resamples in which each feature was chosen.
    selections_ : ndarray of bool of shape (n_resamples, n_features)
        What was chosen in each. Rows 0 and 1 are a pair, 2 and 3 the next.
    support_ : ndarray of bool of shape (n_features,)
        Mask of the selected features.
    ranking_ : ndarray of shape (n_features,)
        Rank of each feature by its frequency; 1 is the best. Ties go to the lower
        index.
    n_features_to_select_ : int
        Number of selected features.
    threshold_ : float
        Least frequency of a selected feature.
    error_bound_ : float
        Bound on the expected number of false selections, with the mean number of
        features that were chosen.
    stability_ : float
        How much the resamples agree: Kuncheva's index.
    n_features_in_ : int
        Number of features in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X has names that are all strings.

    See Also
    --------
    QuickSelection : Ranks all features by one training.
    skset.metrics.selection_stability : How much selections differ.

    References
    ----------
    .. [1] Meinshausen and Buehlmann (2010). "Stability selection." JRSS B 72.
    .. [2] Shah and Samworth (2013). "Variable selection with error control: another
       look at stability selection." JRSS B 75.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.feature_selection import SelectKBest
    >>> from skset import StableSelection
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(100, 40)), np.arange(100) % 2
    >>> X[:, :3] += 2 * y[:, None]
    >>> selector = StableSelection(SelectKBest(k=4), random_state=0).fit(X, y)
    >>> selector.get_support(indices=True)
    array([0, 1, 2])
    >>> bool(selector.error_bound_ < 1)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "get_support"]), None],
        "n_resamples": [Number(Integral, 2, None, closed="left")],
        "threshold": [StrOptions({"auto"}), Number(Real, 0.5, 1, closed="right")],
        "n_features_per_resample": [StrOptions({"auto"}), POSITIVE_INT, None],
        "max_false_selections": [POSITIVE],
        "sample_fraction": [Number(Real, 0, 0.5, closed="right")],
        "assumption": [StrOptions(set(ASSUMPTIONS))],
        "random_state": ["random_state"],
        "n_jobs": [Jobs(Integral, None, None, closed="neither"), None],
    }

    selections_: Array
    selection_frequencies_: Array
    support_: Array
    threshold_: float
    error_bound_: float

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_resamples: int = 50,
        threshold: float | Literal["auto"] = 0.6,
        n_features_per_resample: int | Literal["auto"] | None = None,
        max_false_selections: float = 1.0,
        sample_fraction: float = 0.5,
        assumption: str = "r-concave",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_resamples = n_resamples
        self.threshold = threshold
        self.n_features_per_resample = n_features_per_resample
        self.max_false_selections = max_false_selections
        self.sample_fraction = sample_fraction
        self.assumption = assumption
        self.random_state = random_state
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=False)
    @_fit.all_or_nothing
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit the selector on every resample, and count what it chooses.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. A frame is handed on as an array.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets, for the selector.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, for a selector whose `fit` takes them. Resamples are
            drawn without regard to them.

        Returns
        -------
        self : StableSelection
            The fitted selector.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if the selector does not rank
            all features and `n_features_per_resample` needs it. Nothing is changed
            then.
        """
        self._check_parameters()
        X = self._checked(X, reset=True)
        y = indexable_targets(X, y)
        given = prototype(self.estimator, y, self._ranks, self.n_jobs)
        weight = weight_for(given, sample_weight, X)
        n_chosen = self._n_chosen(X.shape[1])
        n, n_each = X.shape[0], max(1, int(self.sample_fraction * X.shape[0]))
        seeds, resamples = drawn_resamples(
            self.random_state, labels_of(y), n, n_each, self.n_resamples
        )
        parallel = Parallel(n_jobs=self.n_jobs)
        masks = parallel(
            delayed(chosen)(seeded(given, seed), (X, y, weight), rows, n_chosen)
            for seed, rows in zip(seeds, resamples, strict=True)
        )
        self.selections_ = np.array(masks)
        self.selection_frequencies_ = self.selections_.mean(axis=0)
        self._select()
        return self

    def transform(self, X: MatrixLike) -> Any:
        """Return X with the selected features only.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        X : {ndarray, CSR matrix, DataFrame} of shape (n_samples, n_selected)
            In the type of the input. With no feature, and with a warning, if none was
            chosen often enough.
        """
        check_is_fitted(self)
        check_table(X)
        return super().transform(checked_indices(X))

    def inverse_transform(self, X: MatrixLike) -> Any:
        """Return X with columns of zeros where `transform` removed features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_selected)
            Samples.

        Returns
        -------
        X : {ndarray, CSC matrix} of shape (n_samples, n_features)
            With as many features as in the fit.
        """
        check_is_fitted(self)
        return super().inverse_transform(checked_indices(X))

    @property
    def ranking_(self) -> Array:
        """Rank of each feature by its frequency; 1 is the best."""
        ranks = np.empty(self.selection_frequencies_.size, int)
        order = np.argsort(-self.selection_frequencies_, kind="stable")
        ranks[order] = range(1, ranks.size + 1)
        return ranks

    @property
    def n_features_to_select_(self) -> int:
        """Number of selected features."""
        return int(self.support_.sum())

    @property
    def stability_(self) -> float:
        """How much the resamples agree: Kuncheva's index."""
        from skset.metrics import selection_stability  # a floor above this one

        return selection_stability(self.selections_)

    def _get_support_mask(self) -> Array:
        check_is_fitted(self)
        return self.support_

    def _check_parameters(self) -> None:
        if self.n_resamples % 2:
            raise ValueError(
                "n_resamples must be even, because resamples come in pairs; got "
                f"{self.n_resamples}."
            )
        if self.threshold == "auto" and self._n_is_auto:
            raise ValueError(
                "Only one of threshold and n_features_per_resample can be 'auto': the "
                "other decides which is chosen. Without an estimator, "
                "n_features_per_resample is 'auto' unless it is a number."
            )

    @property
    def _n_is_auto(self) -> bool:
        n = self.n_features_per_resample
        return n == "auto" or (n is None and self.estimator is None)

    @property
    def _ranks(self) -> bool:
        """Whether the best ranked are chosen, not what the selector says."""
        return self._n_is_auto or self.n_features_per_resample is not None

    def _checked(self, X: Any, reset: bool) -> Matrix:
        """Return X as an array or CSR; the selector checks its values."""
        check_table(X)
        return validate_data(
            self,
            checked_indices(X),
            accept_sparse="csr",
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=2,
            reset=reset,
        )

    def _bound(self, q: float, n_features: int, threshold: float) -> float:
        n_pairs = self.n_resamples // 2
        return false_selections(q, n_features, threshold, n_pairs, self.assumption)

    def _n_chosen(self, n_features: int) -> int | None:
        """Return how many features each resample chooses; None is as the selector."""
        if not self._n_is_auto:
            n = self.n_features_per_resample
            return None if n is None else int(n)
        bound = partial(
            self._bound, n_features=n_features, threshold=float(self.threshold)
        )
        return most_features(self.max_false_selections, n_features, bound)

    def _select(self) -> None:
        """Set threshold, bound and mask by what was chosen."""
        q = float(self.selections_.sum(axis=1).mean())
        bound = partial(self._bound, q, self.selections_.shape[1])
        if self.threshold == "auto":
            n_pairs = self.n_resamples // 2
            limit = self.max_false_selections
            self.threshold_ = least_threshold(limit, n_pairs, bound)
        else:
            self.threshold_ = float(self.threshold)
        self.error_bound_ = bound(self.threshold_)
        if self.threshold == "auto" and self.error_bound_ > self.max_false_selections:
            warn(
                f"No threshold reaches max_false_selections={self.max_false_selections}"
                f": with 1 the bound is {self.error_bound_:.3g}. Let the selector "
                f"choose fewer than {q:.4g} features in each resample."
            )
        # Frequencies are sums of 1 / n_resamples, in the last digit not exact.
        self.support_ = self.selection_frequencies_ >= self.threshold_ - 1e-9

    def __sklearn_is_fitted__(self) -> bool:
        return "support_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        given = QuickSelection() if self.estimator is None else self.estimator
        if hasattr(given, "__sklearn_tags__"):
            own = given.__sklearn_tags__()
            tags.input_tags.sparse = own.input_tags.sparse
            tags.input_tags.allow_nan = own.input_tags.allow_nan
            tags.target_tags.required = own.target_tags.required
        return tags

    def __getstate__(self) -> dict[str, Any]:
        return stamped(super().__getstate__())

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(unstamped(state, type(self).__name__))
