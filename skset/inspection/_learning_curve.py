"""`LearningCurveDisplay`: how a fit went, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skset.inspection._axes import axes_grid, inches_of
from skset.inspection._colors import LAYER_COLORS
from skset.inspection._logged_run import LoggedRun
from skset.inspection._topology_log import TopologyLog

__all__ = ["LearningCurveDisplay"]

# Panels in their order: the key of a curve, and the label of its axis.
PANELS = {
    "loss": "Loss",
    "validation_score": "Validation score",
    "learning_rate": "Learning rate",
    "nnz": "Connections",
    "replaced": "New connections",
}
OF_LAYERS = ("nnz", "replaced")
# Inches of a panel.
WIDTH, HEIGHT = 6.4, 1.7
# Lower panels have no room for a label of one line.
LOW = 1.0


class LearningCurveDisplay:
    """Curves of a fit in panels above each other, with one axis of epochs.

    Make one with `from_estimator` or `from_log`. The first knows the loss and the
    validation score, the second also the learning rate and the topology.

    Parameters
    ----------
    epochs : array-like of shape (n_epochs,)
        Numbers of the epochs, from 1.
    curves : dict
        Values after each epoch by the name of their panel: "loss",
        "validation_score", "learning_rate", "nnz", "replaced". An array of shape
        (n_epochs,), or (n_epochs, n_layers) for the last two.
    best_epoch : int, default=None
        The epoch whose network the fit has kept.
    loss_name : str, default="Loss"
        Label of the first panel.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        The panels, from top to bottom.
    figure_ : matplotlib.figure.Figure
        The figure that has them.
    lines_ : dict of str to list of matplotlib.lines.Line2D
        The curves of each panel: one, or one for each layer.
    best_lines_ : list of matplotlib.lines.Line2D
        Marks of `best_epoch`, one in each panel; empty if it is not known.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> from skset.inspection import LearningCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SETClassifier(max_iter=20, random_state=0).fit(X, y)
    >>> display = LearningCurveDisplay.from_estimator(model)  # doctest: +SKIP
    >>> display.figure_.savefig("curve.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        epochs: Any,
        curves: Mapping[str, Any],
        *,
        best_epoch: int | None = None,
        loss_name: str = "Loss",
    ) -> None:
        self.epochs = np.asarray(epochs)
        self.curves = {name: np.asarray(values) for name, values in curves.items()}
        self.best_epoch = best_epoch
        self.loss_name = loss_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the loss, and the validation score if there is one.

        Parameters
        ----------
        estimator : SETClassifier, SETRegressor, QuickSelection or SparseRBM
            Fitted.
        ax, **kwargs
            See `plot`.

        Returns
        -------
        display : LearningCurveDisplay
            Drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it has no curve of its loss.
        ValueError
            If it has no epoch, as after `from_network`.
        """
        check_is_fitted(estimator)
        loss, loss_name = _loss_curve(estimator)
        curves = {"loss": loss}
        scores = vars(estimator).get("validation_scores_")
        if scores is None:
            return cls._of(curves, None, loss_name).plot(ax, **kwargs)
        if len(scores) != len(loss):  # L-BFGS: a score for each round of iterations
            return cls._of(curves, None, loss_name).plot(ax, **kwargs)
        curves["validation_score"] = np.asarray(scores, float)
        best = _epoch_of(scores, estimator.best_validation_score_)
        return cls._of(curves, best, loss_name).plot(ax, **kwargs)

    @classmethod
    def _of(
        cls, curves: Mapping[str, Any], best_epoch: int | None, loss_name: str
    ) -> Self:
        epochs = np.arange(1, len(curves["loss"]) + 1)
        return cls(epochs, curves, best_epoch=best_epoch, loss_name=loss_name)

    @classmethod
    def from_log(
        cls, log: TopologyLog | LoggedRun, *, ax: Any = None, **kwargs: Any
    ) -> Self:
        """Draw all that a log has recorded of a fit.

        Parameters
        ----------
        log : TopologyLog or LoggedRun
            A log shows its last run; ``log.runs[i]`` another one.
        ax, **kwargs
            See `plot`.

        Returns
        -------
        display : LearningCurveDisplay
            Drawn.

        Raises
        ------
        TypeError
            If `log` is neither.
        ValueError
            If it has no record.
        """
        if not isinstance(log, TopologyLog | LoggedRun):
            raise TypeError(
                "log must be a TopologyLog or one of its runs, got a "
                f"{type(log).__name__}."
            )
        records = log.records
        if not records:
            raise ValueError("The log has no record of this fit: no epoch was due.")
        curves = {name: _curve(records, name) for name in PANELS}
        curves = {name: values for name, values in curves.items() if values is not None}
        epochs = [record["epoch"] for record in records]
        run = log if isinstance(log, LoggedRun) else log.runs[-1]
        at = _epoch_of(curves.get("validation_score", ()), run.best_validation_score)
        best = None if at is None else epochs[at - 1]
        return cls(epochs, curves, best_epoch=best).plot(ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes, or array of them, default=None
            Where to draw. One Axes is divided into panels, if there are several. An
            array has one Axes for each panel. None makes a figure.
        **kwargs
            For `matplotlib.axes.Axes.plot`, of all curves.

        Returns
        -------
        display : LearningCurveDisplay
            Itself.

        Raises
        ------
        ImportError, TypeError, ValueError
            If matplotlib is missing, or `ax` is no Axes, or not as many as needed.
        """
        names = [name for name in PANELS if name in self.curves]
        size = (WIDTH, max(HEIGHT * len(names), 2 * HEIGHT) + 0.4)
        panels = (len(names), 1)
        grid = axes_grid(ax, panels, type(self), sharex=True, figsize=size)
        self.axes_ = grid[:, 0]
        self.figure_ = self.axes_[0].figure
        self.figure_.align_ylabels(self.axes_)
        self.lines_ = {
            name: self._panel(panel, name, kwargs)
            for name, panel in zip(names, self.axes_, strict=True)
        }
        self.best_lines_ = self._marks() if self.best_epoch is not None else []
        self.axes_[-1].set_xlabel("Epoch")
        self.axes_[-1].xaxis.get_major_locator().set_params(integer=True)
        self._legend(names)
        return self

    def _panel(self, ax: Any, name: str, kwargs: Mapping[str, Any]) -> list[Any]:
        values, n_epochs = self.curves[name], len(self.epochs)
        values = values.reshape(n_epochs, -1)
        marker = "o" if n_epochs < 3 else ""  # a line of one point is not seen
        lines = []
        for layer, curve in enumerate(values.T):
            style = {"color": LAYER_COLORS[layer % len(LAYER_COLORS)], "marker": marker}
            if values.shape[1] > 1:
                style["label"] = f"Layer {layer}"
            lines += ax.plot(self.epochs, curve, **{**style, **kwargs})
        label = self.loss_name if name == "loss" else PANELS[name]
        if inches_of(ax)[1] < LOW:
            ax.set_ylabel(label.replace(" ", "\n"), fontsize="x-small")
        else:
            ax.set_ylabel(label)
        self._scale(ax, name, values)
        return lines

    def _scale(self, ax: Any, name: str, values: Any) -> None:
        """Let counts begin at 0, unless layers differ by more than a factor of 20."""
        if name in OF_LAYERS:
            most = values.max(axis=0)
            if (most > 0).all() and most.max() > 20 * most.min():
                ax.set_yscale("symlog" if (values == 0).any() else "log")
            else:
                ax.set_ylim(bottom=0)

    def _marks(self) -> list[Any]:
        """Mark the epoch that the fit has kept, in each panel."""
        style = {"color": "0.5", "linestyle": "--", "linewidth": 1, "zorder": 0}
        label = f"Kept epoch, {self.best_epoch}"
        return [ax.axvline(self.best_epoch, **style, label=label) for ax in self.axes_]

    def _legend(self, names: Sequence[str]) -> None:
        """Explain colours where there are several, and the mark where scores are."""
        layered = [n for n in names if len(self.lines_[n]) > 1]
        if layered:
            lines = self.lines_[layered[0]]
            ax = self.axes_[list(names).index(layered[0])]
            n = max(1, min(len(lines), int(inches_of(ax)[0])))
            ax.legend(handles=lines, loc="best", fontsize="small", ncols=n)
        if self.best_lines_ and "validation_score" in names:
            at = list(names).index("validation_score")
            handle = [self.best_lines_[at]]
            self.axes_[at].legend(handles=handle, loc="best", fontsize="small")


def _loss_curve(estimator: Any) -> tuple[Any, str]:
    """Return the curve of an estimator's loss, and what it is called."""
    curves = {
        "loss_curve_": "Loss",
        "reconstruction_error_curve_": "Reconstruction error",
    }
    for name, label in curves.items():
        if name in vars(estimator):
            if not vars(estimator)[name]:
                raise ValueError("The estimator has not been trained: no epoch.")
            return np.asarray(vars(estimator)[name], float), label
    advice = " Give the step, such as pipeline[-1]." * hasattr(estimator, "steps")
    raise TypeError(
        "estimator must have learned in epochs, as a SETClassifier, but a "
        f"{type(estimator).__name__} has no curve of its loss.{advice}"
    )


def _epoch_of(scores: Any, best: float | None) -> int | None:
    """Return the first epoch with the score of the network that was kept.

    It need not be the greatest of all: before the final density nothing is kept.
    """
    found = [n for n, score in enumerate(scores, start=1) if score == best]
    return found[0] if found else None


def _curve(records: Sequence[Mapping[str, Any]], name: str) -> Any:
    """Return what records have of this name, or None if one of them has nothing."""
    values = [record[name] for record in records]
    return None if any(value is None for value in values) else np.asarray(values)
