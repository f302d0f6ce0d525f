"""`ReconstructionDisplay`: what a `SparseRBM` makes of images, and its chains."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state, check_scalar

from skset.inspection._axes import one_axes
from skset.inspection._machines import dense, machine_step, passed
from skset.inspection._mosaic import gap_of, image_shape_of, show
from skset.model import RBM

__all__ = ["ReconstructionDisplay"]

Array: TypeAlias = NDArray[Any]

RESPONSES = "samples", "probabilities"


class ReconstructionDisplay:
    """Images, their reconstructions, and samples after steps of Gibbs sampling.

    Each column is one image: above as it is, then as the machine rebuilds it, then the
    chain that begins at it. A chain that soon looks like other images mixes well; one
    that stays, or ends in one image for all, does not. It is recommended to use
    `from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_rows, n_samples, height, width)
        The originals, the reconstructions, and the chains after each number of steps.
        Values are in [0, 1].
    labels : list of str of length n_rows
        What each row is.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the images.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    image_ : matplotlib.image.AxesImage
        All images in one; NaN between them.

    See Also
    --------
    FiltersDisplay : The weights of the hidden units.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skset import SparseRBM
    >>> from skset.inspection import ReconstructionDisplay
    >>> X = load_digits().data / 16
    >>> machine = SparseRBM(64, n_iter=5, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(machine, X, n_steps=(1, 10))
    >>> display.labels
    ['original', 'reconstruction', '1 step', '10 steps']
    """

    def __init__(self, *, images: Array, labels: list[str]) -> None:
        self.images = images
        self.labels = labels

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        image_shape: Sequence[int] | None = None,
        n_samples: int = 10,
        n_steps: Sequence[int] = (1, 10, 100, 1000),
        response: str = "probabilities",
        random_state: int | np.random.RandomState | None = 0,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw what a fitted machine makes of the first rows of X.

        The machine stays as it is: the chains have a random generator of their own.

        Parameters
        ----------
        estimator : SparseRBM or Pipeline
            A fitted machine, or a Pipeline with one.
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            Images. Steps before the machine transform them.
        image_shape : tuple of two int, default=None
            Height and width of the images. By default they are square.
        n_samples : int, default=10
            How many rows of X, at most.
        n_steps : sequence of int, default=(1, 10, 100, 1000)
            The chains are drawn after so many steps, in increasing order.
        response : {"probabilities", "samples"}, default="probabilities"
            Draw the samples themselves, which are 0 or 1, or the probability of each
            pixel given the hidden units that belong to the sample. Probabilities show
            more of what was learned; samples are what `skset.SparseRBM.gibbs` returns.
        random_state : int, RandomState or None, default=0
            Seed of the chains.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Arguments of `Axes.imshow`.

        Returns
        -------
        display : ReconstructionDisplay
            With what was drawn.

        Raises
        ------
        NotFittedError
            If the machine is not fitted.
        TypeError
            If there is no `~skset.SparseRBM`.
        ValueError
            If X has values outside [0, 1] or another number of features, if the
            features are no images of that shape, if the steps do not increase, or if
            another argument is invalid.
        """
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        if response not in RESPONSES:
            raise ValueError(f"response must be one of {RESPONSES}, got {response!r}.")
        steps = _checked_steps(n_steps)
        before, machine = machine_step(estimator)
        shape = image_shape_of(image_shape, machine.n_features_in_)
        V = passed(before, X[:n_samples])
        rebuilt = machine.reconstruct(V)  # checks V
        chains = _chains(machine.network_, dense(V), steps, random_state)
        if response == "probabilities":
            chains = (machine.network_.reconstructed(v) for v in chains)
        rows = [dense(V), rebuilt, *(chain.T for chain in chains)]
        counts = [f"{n} step{'s' if n > 1 else ''}" for n in steps]
        display = cls(
            images=np.array(rows, float).reshape(len(rows), -1, *shape),
            labels=["original", "reconstruction", *counts],
        )
        return display.plot(ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a figure.
        **kwargs
            Arguments of `Axes.imshow`.

        Returns
        -------
        self : ReconstructionDisplay
            With `ax_`, `figure_` and `image_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` is no matplotlib Axes.
        """
        n_rows, n_columns, height, width = self.images.shape
        size = (0.6 * n_columns + 1.4, 0.6 * n_rows * height / width + 0.2)
        ax = one_axes(ax, type(self), figsize=size, layout="compressed")
        style = {"cmap": "gray", "vmin": 0, "vmax": 1, **kwargs}
        self.image_ = show(ax, self.images, **style)
        middles = (np.arange(n_rows) + 0.5) * (height + gap_of(height, width))
        ax.set_yticks(middles, self.labels)
        ax.tick_params(axis="y", length=0)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _chains(
    machine: RBM, V: Array, steps: Sequence[int], random_state: Any
) -> Iterator[Array]:
    """Yield the visible units (n_features, n_samples) after each number of steps."""
    seed = check_random_state(random_state).randint(2**31)
    rng = np.random.default_rng(seed)
    V = np.ascontiguousarray(V.T, machine.dtype)
    for before, after in pairwise([0, *steps]):
        V = machine.gibbs(V, rng, n_steps=after - before)
        yield V.astype(machine.dtype)


def _checked_steps(n_steps: Sequence[int]) -> list[int]:
    steps = list(n_steps)
    for n in steps:
        check_scalar(n, "n_steps", Integral, min_val=1)
    if any(after <= before for before, after in pairwise(steps)):
        raise ValueError(f"n_steps must increase, got {steps}.")
    return steps
