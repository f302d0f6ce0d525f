"""Losses: the functions that a training minimises."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy

from skset.kernels.column_losses import BINARY, CLASSES, SQUARED
from skset.model.outputs import log_softmax

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "Gamma",
    "Huber",
    "LogLoss",
    "Loss",
    "Poisson",
    "Quantile",
    "SquaredError",
]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Loss(ABC):
    """A loss with its parameters.

    Attributes
    ----------
    outputs : tuple of str
        Output functions that the loss goes with: "identity", "logistic", "softmax" or
        "exp".
    averages_outputs : bool
        Whether the loss is a mean over the outputs. The deltas are those of the sum.
    """

    outputs: ClassVar[tuple[str, ...]] = ("identity",)
    averages_outputs: ClassVar[bool] = False

    def compiled(self, output: str) -> tuple[int, float] | None:
        """Return kind and smoothing, if `skset.kernels.column_losses` has this loss."""
        return None

    @abstractmethod
    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z.

        Parameters
        ----------
        Z : ndarray of shape (outputs, batch)
            Weighted sums z of the output layer. They are overwritten with the deltas:
            the gradient of the returned loss by Z.
        Y : ndarray of shape (outputs, batch)
            Targets y.
        weight : ndarray of shape (batch,)
            Sample weights, which add up to 1; they are a factor of the deltas.

        Returns
        -------
        loss : float
            The sum over the samples of weight times loss.
        """

    def check_targets(self, y: Array) -> None:
        """Raise ValueError if y has values for which the loss is not defined."""
        return

    def check_output(self, output: str) -> None:
        """Raise ValueError if the loss does not go with this output function."""
        if output not in self.outputs:
            raise ValueError(
                f"{type(self).__name__} goes with the outputs {self.outputs}, but the "
                f"network's output is {output!r}."
            )


@dataclass(frozen=True)
class SquaredError(Loss):
    """``(z - y)^2 / 2``, averaged over the outputs.

    The deltas are ``z - y`` times the sample weights. They are those of the sum over
    the outputs, as in scikit-learn's MLP.
    """

    averages_outputs: ClassVar[bool] = True

    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z, as in `Loss`."""
        Z -= Y
        loss = 0.5 * float((Z * Z).mean(axis=0) @ weight)
        Z *= weight
        return loss

    def compiled(self, output: str) -> tuple[int, float]:
        """Return what the compiled steps need, see `Loss`."""
        return SQUARED, 0.0


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """The absolute error ``|z - y|``; the prediction is a median.

    The delta is the sign of ``z - y``, 0 where both are equal, times the sample weight.
    """

    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z, as in `Loss`."""
        Z -= Y
        loss = float(np.abs(Z).sum(axis=0) @ weight)
        np.sign(Z, out=Z)
        Z *= weight
        return loss


@dataclass(frozen=True)
class Huber(Loss):
    """``r^2 / 2`` if ``|r| <= delta``, else ``delta (|r| - delta / 2)``, r = z - y.

    Huber 1964, Annals of Mathematical Statistics 35(1); scaled as in PyTorch's
    HuberLoss, so that small errors count as in `SquaredError`. HuberRegressor of
    scikit-learn has twice this loss, and learns the scale of y as well.

    Parameters
    ----------
    delta : float, default=1.0
        Errors beyond it count linearly; greater than 0. It is in units of the network's
        targets. 1 is the default of PyTorch.
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.delta < np.inf:
            raise ValueError(f"delta must be positive and finite, got {self.delta!r}.")

    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z, as in `Loss`."""
        Z -= Y
        clipped = np.clip(Z, -self.delta, self.delta)
        losses = clipped * (Z - 0.5 * clipped)
        np.multiply(clipped, weight, out=Z)
        return float(losses.sum(axis=0) @ weight)


@dataclass(frozen=True)
class Quantile(Loss):
    """Pinball loss: ``q (y - z)`` for ``y >= z``, else ``(1 - q) (z - y)``.

    The prediction is the quantile q of y given X. Koenker and Bassett 1978,
    Econometrica 46(1). With q = 1/2 it is half of `AbsoluteError`. The delta is 0 where
    z and y are equal.

    Parameters
    ----------
    quantile : float in (0, 1), default=0.5
        The quantile q. 0.5 is the median.
    """

    quantile: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise ValueError(f"quantile must be in (0, 1), got {self.quantile!r}.")

    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z, as in `Loss`."""
        q = self.quantile
        Z -= Y
        losses = np.maximum((1 - q) * Z, -q * Z)
        np.sign(Z, out=Z)
        Z[Z > 0] = 1 - q
        Z[Z < 0] = -q
        Z *= weight
        return float(losses.sum(axis=0) @ weight)


@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance, ``y log(y / m) - y + m`` with the mean ``m = exp(z)``.

    McCullagh and Nelder 1989, Generalized Linear Models, chapter 6.
    """

    outputs: ClassVar[tuple[str, ...]] = ("exp",)

    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z, as in `Loss`."""
        rate = np.exp(Z)
        deviance = xlogy(Y, Y) - Y * Z - Y + rate  # finite even if the rate underflows
        _leave_deltas(Z, rate, Y, weight)
        return float(deviance.sum(axis=0) @ weight)

    def check_targets(self, y: Array) -> None:
        """Raise ValueError if a target is negative, or if all are 0."""
        if (y < 0).any() or not (y > 0).any():
            raise ValueError(
                "Some value(s) of y are negative, or all are 0, which is not allowed "
                "for loss='poisson'."
            )


@dataclass(frozen=True)
class Gamma(Loss):
    """Half the gamma deviance, ``log(m / y) + y / m - 1`` with the mean ``m = exp(z)``.

    McCullagh and Nelder 1989, Generalized Linear Models, chapter 8.
    """

    outputs: ClassVar[tuple[str, ...]] = ("exp",)

    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z, as in `Loss`."""
        log_ratio = np.log(Y) - Z  # y / mean, exact even if the mean underflows
        excess = np.expm1(log_ratio)
        np.multiply(excess, -weight, out=Z)
        return float((excess - log_ratio).sum(axis=0) @ weight)

    def check_targets(self, y: Array) -> None:
        """Raise ValueError if a target is not positive."""
        if not (y > 0).all():
            raise ValueError(
                "Some value(s) of y are negative or 0, which is not allowed for "
                "loss='gamma'."
            )


@dataclass(frozen=True)
class LogLoss(Loss):
    """Cross entropy, ``- sum_c t_c log p_c`` of the targets t and the predictions p.

    With a softmax, Y (batch,) holds class numbers: t is 1 for the class of a sample.
    With a logistic output, Y (outputs, batch) holds zeros and ones, and every output is
    a problem of its own with the classes 0 and 1. The deltas are ``p - t``, times the
    sample weights.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        Share s of each target that is spread evenly over all C classes:
        ``t = (1 - s) t + s / C`` (Szegedy et al. 2016, CVPR, section 7). C is 2 for a
        logistic output.
    """

    label_smoothing: float = 0.0
    outputs: ClassVar[tuple[str, ...]] = ("softmax", "logistic")

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                f"label_smoothing must be in [0, 1), got {self.label_smoothing!r}."
            )

    def __call__(self, Z: Array, Y: Array, weight: Array) -> float:
        """Return the weighted mean loss, and leave the deltas in Z, as in `Loss`."""
        if Y.ndim == 1:
            return self._of_classes(Z, Y, weight)
        if self.label_smoothing:
            Y = Y * (1 - self.label_smoothing) + self.label_smoothing / 2
        entropy = np.logaddexp(0, Z) - Y * Z
        _leave_deltas(Z, expit(Z), Y, weight)
        return float(entropy.sum(axis=0) @ weight)

    def compiled(self, output: str) -> tuple[int, float]:
        """Return what the compiled steps need, see `Loss`."""
        kind = CLASSES if output == "softmax" else BINARY
        return kind, self.label_smoothing

    def _of_classes(self, Z: Array, y: Array, weight: Array) -> float:
        log_probability = log_softmax(Z)
        samples, share = np.arange(y.size), self.label_smoothing
        loss = -float(log_probability[y, samples] @ weight)
        np.exp(log_probability, out=Z)
        Z[y, samples] -= 1 - share
        if share:
            Z -= share / len(Z)
            uniform = -float(log_probability.mean(axis=0) @ weight)
            loss += share * (uniform - loss)
        Z *= weight
        return loss


def _leave_deltas(Z: Array, predicted: Array, Y: Array, weight: Array) -> None:
    np.subtract(predicted, Y, out=Z)
    Z *= weight


LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
    "log_loss": LogLoss,
}
