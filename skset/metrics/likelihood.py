"""The likelihood of data under a restricted Boltzmann machine."""

from itertools import pairwise
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_array, check_random_state, check_scalar
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from skset.model import bernoulli, logistic, softplus

__all__ = ["log_likelihood", "log_partition_ais", "log_partition_exact"]

Array: TypeAlias = NDArray[Any]
# Weights (n_hidden, n_visible), biases of the hidden and of the visible units.
Parts: TypeAlias = tuple[Any, Array, Array]

# The smaller side of a machine that is enumerated has at most so many units.
MAX_UNITS = 20
# Numbers in a block of enumerated states.
BLOCK = 1 << 21


def log_partition_ais(
    rbm: Any,
    n_chains: int = 100,
    n_steps: int = 1000,
    random_state: Any = None,
    *,
    base_rates: ArrayLike | None = None,
) -> tuple[float, float]:
    """Estimate the logarithm of the partition function of a machine.

    Annealed importance sampling [1]_ begins with samples of a machine without weights,
    whose partition function is known. In `n_steps` steps of Gibbs sampling they pass
    through machines in between to the given one, and the change of each step is added
    up [2]_. The estimate of the partition function is unbiased. The estimate of its
    logarithm is too low on average.

    Parameters
    ----------
    rbm : SparseRBM or sklearn.neural_network.BernoulliRBM
        A fitted machine.
    n_chains : int, default=100
        Number of independent samples, at least 2. The standard error is proportional to
        one over its square root.
    n_steps : int, default=1000
        Number of steps from the machine without weights to the given one. The inverse
        temperature rises equally in each. More steps reduce the spread of the samples.
        Time is proportional to both numbers. If the standard error is above some
        tenths, more steps help more than more chains.
    random_state : int, RandomState instance or None, default=None
        Seed of the sampling.
    base_rates : array-like of shape (n_features,), default=None
        Probability, in (0, 1), of each visible unit to be on in the machine without
        weights. The means of the data are a good choice: fewer steps are then needed.
        None takes the machine's own visible biases.

    Returns
    -------
    log_partition : float
        In nats.
    standard_error : float
        Of `log_partition`, from the spread of the chains. States that no chain has
        found are not in it: compare two settings of `n_steps`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    log_partition_exact : For machines with few units.

    References
    ----------
    .. [1] Neal (2001). "Annealed importance sampling." Statistics and Computing 11.
    .. [2] Salakhutdinov and Murray (2008). "On the quantitative analysis of deep belief
       networks." ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from skset import SparseRBM
    >>> from skset.metrics import log_partition_ais, log_partition_exact
    >>> X = np.random.default_rng(0).integers(2, size=(100, 12))
    >>> rbm = SparseRBM(8, random_state=0).fit(X)
    >>> estimate, error = log_partition_ais(rbm, random_state=0)
    >>> bool(abs(estimate - log_partition_exact(rbm)) < 3 * error)
    True
    """
    check_scalar(n_chains, "n_chains", Integral, min_val=2)
    check_scalar(n_steps, "n_steps", Integral, min_val=1)
    machine = _parts(rbm)
    _, hidden_bias, visible_bias = machine
    base = _base_bias(base_rates, visible_bias)
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))
    log_weights = _annealed(machine, base, n_chains, n_steps, rng)
    of_base = softplus(base.astype(float)).sum() + hidden_bias.size * np.log(2)
    largest = log_weights.max()
    ratios = np.exp(log_weights - largest)
    error = ratios.std(ddof=1) / (ratios.mean() * np.sqrt(n_chains))
    return float(of_base + largest + np.log(ratios.mean())), float(error)


def log_partition_exact(rbm: Any) -> float:
    """Return the logarithm of the partition function of a small machine.

    All states of the visible or of the hidden units, whichever are fewer, are visited.

    Parameters
    ----------
    rbm : SparseRBM or sklearn.neural_network.BernoulliRBM
        A fitted machine with at most 20 visible or at most 20 hidden units.

    Returns
    -------
    log_partition : float
        In nats.

    Raises
    ------
    ValueError
        If there are more than 20 units on both sides.

    See Also
    --------
    log_partition_ais : An estimate for larger machines.

    Examples
    --------
    >>> from skset import SparseRBM
    >>> from skset.metrics import log_partition_exact
    >>> from skset.model import RBM
    >>> machine = RBM.from_csr([[1.0]], [0.0], [0.0])  # two units, one connection
    >>> rbm = SparseRBM.from_network(machine)
    >>> round(log_partition_exact(rbm), 4)  # log(3 + e)
    1.7437
    """
    weights, hidden_bias, visible_bias = _parts(rbm)
    few, many = hidden_bias, visible_bias
    to_many = weights.T
    if few.size > many.size:
        few, many, to_many = many, few, weights
    if few.size > MAX_UNITS:
        raise ValueError(
            f"A machine of {visible_bias.size} visible and {hidden_bias.size} hidden "
            f"units has too many states; up to {MAX_UNITS} units on one side can be "
            "enumerated. Use log_partition_ais."
        )
    width = max(1, BLOCK // many.size)
    total = -np.inf
    for start in range(0, 1 << few.size, width):
        numbers = np.arange(start, min(start + width, 1 << few.size))
        states = (numbers >> np.arange(few.size)[:, None] & 1).astype(float)
        sums = to_many @ states + many[:, None]
        energies = few @ states + softplus(sums).sum(axis=0)
        total = np.logaddexp(total, np.logaddexp.reduce(energies))
    return float(total)


def log_likelihood(
    rbm: Any,
    X: Any,
    *,
    log_partition: Any = None,
    n_chains: int = 100,
    n_steps: int = 1000,
    random_state: Any = None,
) -> tuple[float, float]:
    """Estimate the mean log-likelihood of the rows of X under a machine.

    That is ``mean(-F(v)) - log Z``, with the free energy F and the partition function
    Z. Z is estimated by annealed importance sampling that begins at independent units
    with the means of X. An estimate of log Z is too low on average, so this one tends
    to be too high; see `log_partition_ais`.

    Parameters
    ----------
    rbm : SparseRBM or sklearn.neural_network.BernoulliRBM
        A fitted machine.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Zeros and ones.
    log_partition : float or tuple of two floats, default=None
        What `log_partition_exact` or `log_partition_ais` has returned; None is to
        estimate it.
    n_chains, n_steps, random_state
        As for `log_partition_ais`.

    Returns
    -------
    log_likelihood : float
        In nats per row.
    standard_error : float
        That of the partition function; 0 if that is exact. The error from X being a
        sample is not in it.

    Raises
    ------
    ValueError
        If X has values other than 0 and 1, as their likelihood would be no probability,
        or other features than the machine.

    Examples
    --------
    >>> import numpy as np
    >>> from skset import SparseRBM
    >>> from skset.metrics import log_likelihood, log_partition_exact
    >>> X = np.random.default_rng(0).integers(2, size=(100, 12))
    >>> rbm = SparseRBM(8, random_state=0).fit(X)
    >>> exact, _ = log_likelihood(rbm, X, log_partition=log_partition_exact(rbm))
    >>> estimate, error = log_likelihood(rbm, X, random_state=0)
    >>> bool(abs(estimate - exact) < 3 * error)
    True
    """
    energy = _mean_free_energy(rbm, X)  # which checks X as the machine does
    X = check_array(X, accept_sparse="csr", dtype=rbm.intercept_visible_.dtype)
    if sparse.issparse(X) and not X.has_canonical_format:
        X = X.copy()  # it may be the caller's
        X.sum_duplicates()
    _check_binary(X)
    if log_partition is None:
        rates = (np.asarray(X.sum(axis=0)).ravel() + 0.5) / (X.shape[0] + 1)
        log_partition = log_partition_ais(
            rbm, n_chains, n_steps, random_state, base_rates=rates
        )
    exact = np.ndim(log_partition) == 0
    value, error = (log_partition, 0.0) if exact else log_partition
    return float(-energy - value), float(error)


def _mean_free_energy(rbm: Any, X: Any) -> Any:
    if hasattr(rbm, "free_energy"):
        return rbm.free_energy(X).mean()
    check_is_fitted(rbm)
    X = validate_data(rbm, X, accept_sparse="csr", dtype=np.float64, reset=False)
    if sparse.issparse(X):  # the product follows whatever index there is
        X.check_format(full_check=True)
    sums = safe_sparse_dot(X, rbm.components_.T) + rbm.intercept_hidden_
    return -(X @ rbm.intercept_visible_ + softplus(sums).sum(axis=1)).mean()


def _annealed(
    machine: Parts, base: Array, n_chains: int, n_steps: int, rng: np.random.Generator
) -> Array:
    """Return the logarithm of the importance weight of each chain.

    At inverse temperature b the visible units have the bias ``(1 - b) base + b a``, and
    the hidden units b times their weighted sums (Salakhutdinov and Murray 2008,
    equations 14 to 18).
    """
    weights, hidden_bias, visible_bias = machine
    a, c, base = visible_bias[:, None], hidden_bias[:, None], base[:, None]
    to_visible = weights.T
    V = bernoulli(np.repeat(logistic(base), n_chains, axis=1), rng)
    log_weights = np.zeros(n_chains)
    for now, then in pairwise(np.linspace(0, 1, n_steps + 1).tolist()):
        Z = weights @ V + c
        log_weights += (then - now) * ((a - base) * V).sum(axis=0, dtype=float)
        log_weights += (softplus(then * Z) - softplus(now * Z)).sum(axis=0, dtype=float)
        H = bernoulli(logistic(then * Z), rng)
        V = bernoulli(logistic((1 - then) * base + then * (to_visible @ H + a)), rng)
    return log_weights


def _parts(rbm: Any) -> Parts:
    """Return weights (n_hidden, n_visible), hidden and visible bias of a machine."""
    check_is_fitted(rbm)
    return rbm.components_, rbm.intercept_hidden_, rbm.intercept_visible_


def _base_bias(rates: ArrayLike | None, visible_bias: Array) -> Array:
    if rates is None:
        return visible_bias
    rates = np.asarray(rates, dtype=float)
    if rates.shape != visible_bias.shape or not ((rates > 0) & (rates < 1)).all():
        raise ValueError(
            f"base_rates must be {visible_bias.size} probabilities in (0, 1)."
        )
    base: Array = np.log(rates) - np.log1p(-rates)
    return base.astype(visible_bias.dtype)


def _check_binary(X: Any) -> None:
    values = X.data if sparse.issparse(X) else X
    if not ((values == 0) | (values == 1)).all():
        raise ValueError(
            "log_likelihood is of zeros and ones, X has other values; make it binary "
            "with Binarizer."
        )
