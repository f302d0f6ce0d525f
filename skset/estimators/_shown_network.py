"""`ShownNetwork`: attributes that show a fitted perceptron in the units of X."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike

from skset.estimators._estimator import SparseEstimator
from skset.estimators._from_network import with_coefs, with_intercepts
from skset.estimators._types import Array
from skset.estimators._units import raw_inputs
from skset.model import Network

__all__ = ["ShownNetwork"]

# Networks in the units of X, kept as long as those that they are made of. Here, and not
# in the estimators: to look at one changes none.
SHOWN: WeakKeyDictionary[Network, Network] = WeakKeyDictionary()


class ShownNetwork(SparseEstimator):
    """An estimator whose network is shown, and can be replaced, in the units of X.

    Warning: this class is not to be used directly; use its subclasses.
    """

    _network: Network

    @property
    def network_(self) -> Network:
        """The fitted network, in the units of X and y; its arrays are read-only."""
        network: Network = self._learned("_network")
        shown = SHOWN.get(network)
        if shown is None:
            shown = self._in_raw_units(network)
            if shown is not network:  # which would keep itself for good
                SHOWN[network] = shown
        return shown

    def _in_raw_units(self, network: Network) -> Network:
        if self._scaling is not None:
            network = raw_inputs(network, self._scaling)
        return network

    @property
    def input_shift_(self) -> Array:
        """What is subtracted from each feature of X."""
        shift, _ = self._shift_and_scale()
        return shift

    @property
    def input_scale_(self) -> Array:
        """What each feature is then divided by."""
        _, scale = self._shift_and_scale()
        return scale

    def _shift_and_scale(self) -> tuple[Array, Array]:
        n_features = self._learned("_network").n_units[0]
        if self._scaling is None:
            return np.zeros(n_features), np.ones(n_features)
        with np.errstate(divide="ignore"):
            return self._scaling.shift.copy(), 1 / self._scaling.factor

    @property
    def coefs_(self) -> list[Any]:
        """Weights of each layer as a CSR array (n_in, n_out).

        They are those of `network_`: for X as it is, not standardised. The values are
        read-only; the pattern is a copy. A new list of the same shapes can be assigned,
        sparse matrices or arrays. The network then has their connections.
        """
        return [layer.to_csr() for layer in self.network_.layers]

    @coefs_.setter
    def coefs_(self, coefs: Sequence[Any]) -> None:
        self._assigned(with_coefs(self.network_, coefs))

    @property
    def hidden_layer_sizes_(self) -> list[int]:
        """Number of units of each hidden layer, without those that were pruned."""
        sizes: list[int] = self._learned("_network").n_units[1:-1]
        return sizes

    @property
    def intercepts_(self) -> list[Array]:
        """Bias of each layer, read-only; a new list can be assigned."""
        return [layer.bias for layer in self.network_.layers]

    @intercepts_.setter
    def intercepts_(self, intercepts: Sequence[ArrayLike]) -> None:
        self._assigned(with_intercepts(self.network_, intercepts))

    def _assigned(self, network: Network) -> None:
        """Replace the network by one in raw units.

        From now on nothing is standardised. A `partial_fit` goes on as after a fit.
        """
        self._network, self._scaling, self._state = network, None, None
