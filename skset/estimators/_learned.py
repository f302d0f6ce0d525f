"""`LearnedNetwork`: what an estimator has learned, seen from outside."""

import warnings
from typing import Any

from skset._version import __version__
from skset.model import strength

__all__ = ["LearnedNetwork", "shares"]


def shares(importances):
    """Return the importances, made to add up to 1 unless all are 0."""
    total = importances.sum()
    return importances / total if total > 0 else importances


class LearnedNetwork:
    """Mixin of estimators that keep a fitted network in `_network`.

    The attributes are views of it, so that none can disagree with what predicts. To be
    put left of `BaseEstimator`.
    """

    _network: Any

    @property
    def nnz_(self):
        """Number of connections."""
        return self._fitted_network.nnz

    @property
    def density_(self):
        """Share of the dense network's connections that exist."""
        return self.nnz_ / self._fitted_network.n_possible

    @property
    def feature_importances_(self):
        """Strength of each input unit, the sum of its absolute weights; sums to 1."""
        return shares(strength(self._fitted_network))

    @property
    def _fitted_network(self):
        return self._learned("_network")

    def _learned(self, name):
        """Return what was learned; before that it is no attribute at all."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(
                f"This {type(self).__name__} instance is not fitted yet."
            )
        return vars(self)[name]

    def _adopt(self, attributes):
        """Take these attributes for its own."""
        for name, value in attributes.items():
            setattr(self, name, value)

    def __sklearn_is_fitted__(self):
        return "_network" in vars(self)

    def __getstate__(self):
        state: dict = super().__getstate__()  # type: ignore[assignment]
        return {**state, "_skset_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_skset_version", None)
        if version != __version__:
            warnings.warn(
                f"This {type(self).__name__} was pickled by skset {version} and is "
                f"loaded by skset {__version__}; it may not work.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)  # type: ignore[misc]
