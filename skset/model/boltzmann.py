"""`RBM`: a sparse restricted Boltzmann machine, with a method for each formula."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from skset import kernels
from skset.model.column_moments import column_sums
from skset.model.from_csr import checked_bias, common_dtype, layer_from_csr
from skset.model.integrity import check_machine
from skset.model.layer import Layer
from skset.model.logistic import logistic, softplus
from skset.model.samples import Samples
from skset.model.stack import LayerStack
from skset.runtime.team import Team
from skset.topology import Topology, read_only

__all__ = ["RBM", "bernoulli"]

Array: TypeAlias = NDArray[Any]
Answer: TypeAlias = Callable[["RBM", Array], Array]

SERIAL = Team()
# Log-odds beyond this are certainty to the last digit of float64. A larger weight has
# diverged.
LARGEST_WEIGHT = 700.0


def bernoulli(P: Array, rng: Generator) -> Array:
    """Return independent zeros and ones, 1 with the probabilities P."""
    U: Array = rng.random(P.shape, P.dtype)
    return np.less(U, P, out=U, casting="unsafe")


@dataclass(frozen=True, eq=False, repr=False)
class RBM(LayerStack):
    """A sparse restricted Boltzmann machine, ``E(v, h) = - a v - c h - v W h``.

    E is the energy of visible units v and hidden units h: the probability of both is
    proportional to ``exp(-E(v, h))``. In the methods V (n_visible, batch) has a column
    of visible units for each sample, H (n_hidden, batch) of hidden ones. A `team` has
    threads that share the work; by default there is one.

    Attributes
    ----------
    layers : tuple of one Layer
        The weights W (n_visible, n_hidden) and the bias c of the hidden units.
    visible_bias : ndarray of shape (n_visible,)
        The bias a.
    visible_moments : tuple of ndarray of shape (n_visible,)
        The optimiser's state for it; empty if the machine is at rest, not in training.
    chains : ndarray of shape (n_hidden, n_chains), default=None
        Hidden units of the persistent Markov chains; None at rest.
    """

    visible_bias: Array
    visible_moments: tuple[Array, ...] = ()
    chains: Array | None = None

    @classmethod
    def initial(
        cls,
        topology: Topology,
        rng: Generator,
        means: Array,
        *,
        weight_init: str,
        scale: float,
    ) -> Self:
        """Return a machine whose visible units have the given means.

        These are in (0, 1), in the dtype of the machine. The visible bias is their
        log-odds (Hinton 2012, section 8). The initial weights, by a key of
        `INITIAL_WEIGHTS`, are multiplied by `scale`.
        """
        layer = Layer.initial(topology, weight_init, rng, means.dtype, scale)
        return cls((layer,), np.log(means / (1 - means)))

    @classmethod
    def from_csr(
        cls,
        weights: Any,
        hidden_bias: Any,
        visible_bias: Any,
        *,
        dtype: DTypeLike | None = None,
    ) -> "RBM":
        """Return a machine with the given weights; all of them are checked.

        Parameters
        ----------
        weights : sparse matrix or array of shape (n_visible, n_hidden)
            Weights W. Each value that a sparse matrix stores is a connection, even a 0.
            A dense array has a connection where its value is not 0.
        hidden_bias : array-like of shape (n_hidden,)
            The bias c.
        visible_bias : array-like of shape (n_visible,)
            The bias a.
        dtype : dtype-like, default=None
            float32 or float64. None means float32 if the weights are float32, else
            float64.

        Returns
        -------
        machine : RBM
            Its arrays are read-only copies.

        Raises
        ------
        TypeError, ValueError
            As `Network.from_csr`.
        """
        kind = common_dtype([weights], dtype)
        layer = layer_from_csr("weights", weights, "hidden_bias", hidden_bias, kind)
        n_visible = layer.topology.shape[0]
        bias = checked_bias("visible_bias", visible_bias, n_visible, kind)
        return cls((layer,), bias).frozen()

    def checked(self) -> Self:
        """Return this machine, or raise ValueError if its parts do not fit together."""
        check_machine(super().checked())
        return self

    @property
    def layer(self) -> Layer:
        """The one layer."""
        return self.layers[0]

    def with_moments(self, n: int) -> Self:
        """Return a machine with n moments of the optimiser; new ones are zeros."""
        machine = super().with_moments(n)
        if len(self.visible_moments) == n:
            return machine
        moments = tuple(np.zeros_like(self.visible_bias) for _ in range(n))
        return replace(machine, visible_moments=moments)

    def with_chains(self, chains: Array | None) -> Self:
        """Return a machine with these persistent chains."""
        return replace(self, chains=chains)

    def at_rest(self) -> Self:
        """Return this machine without training state."""
        return replace(super().at_rest(), visible_moments=(), chains=None)

    def copy(self, at_rest: bool = True) -> Self:
        """Return a machine with arrays of its own.

        With `at_rest`, the default, it has no training state: no moments, no chains.
        """
        machine = super().copy(at_rest)
        return replace(
            machine,
            visible_bias=machine.visible_bias.copy(),
            visible_moments=tuple(m.copy() for m in machine.visible_moments),
            chains=None if machine.chains is None else machine.chains.copy(),
        )

    def frozen(self) -> Self:
        """Make all arrays read-only for good; return this machine."""
        for array in (self.visible_bias, *self.visible_moments):
            array.flags.writeable = False
        if self.chains is not None:
            self.chains.flags.writeable = False
        return super().frozen()

    def is_finite(self) -> bool:
        """Return whether all weights and biases are finite, and no weight too large."""
        return (
            super().is_finite()
            and kernels.all_finite(read_only(self.visible_bias))
            and bool((np.abs(self.layer.weights) <= LARGEST_WEIGHT).all())
        )

    def by_sample(self, samples: Samples, dtype: DTypeLike, answer: Answer) -> Array:
        """Return ``answer(machine, V)`` for each sample, computed batch by batch.

        The answer has the shape (batch,) or (units, batch). In the result samples are
        rows.
        """
        answers: Any = None
        machine = self.for_many(samples.n_samples)
        for rows, V in self.gathered(samples):
            part = answer(machine, V).T
            if answers is None:
                answers = np.empty((samples.n_samples, *part.shape[1:]), dtype)
            answers[rows] = part
        found: Array = answers
        return found

    def hidden_sums(self, V: Array, team: Team = SERIAL) -> Array:
        """Return ``c + W' V``, the log-odds of the hidden units given the visible."""
        Z = np.empty((self.n_units[1], V.shape[1]), self.dtype)
        self.layer.forward(V, Z, team)
        return Z

    def visible_sums(self, H: Array, team: Team = SERIAL) -> Array:
        """Return ``a + W H``, the log-odds of the visible units given the hidden."""
        Z = np.empty((self.n_units[0], H.shape[1]), self.dtype)
        self.layer.pull_back(H, self.visible_bias, Z, team)
        return Z

    def mean_hiddens(self, V: Array, team: Team = SERIAL) -> Array:
        """Return ``P(h = 1 | v)``, of shape (n_hidden, batch)."""
        Z = self.hidden_sums(V, team)
        return logistic(Z, out=Z)

    def mean_visibles(self, H: Array, team: Team = SERIAL) -> Array:
        """Return ``P(v = 1 | h)``, of shape (n_visible, batch)."""
        Z = self.visible_sums(H, team)
        return logistic(Z, out=Z)

    def gibbs(
        self, V: Array, rng: Generator, team: Team = SERIAL, n_steps: int = 1
    ) -> Array:
        """Return visible units after steps of Gibbs sampling from V.

        Each of the `n_steps` draws the hidden units given the visible ones, and then
        the visible units given these. `rng` draws them.
        """
        for _ in range(n_steps):
            H = bernoulli(self.mean_hiddens(V, team), rng)
            V = bernoulli(self._certain_visibles(H, team), rng)
        return V

    def reconstructed(self, V: Array) -> Array:
        """Return ``P(v = 1 | h)`` for ``h = P(h = 1 | v)``, in the shape of V."""
        return self._certain_visibles(self.mean_hiddens(V))

    def _certain_visibles(self, H: Array, team: Team = SERIAL) -> Array:
        """Return `mean_visibles`, in float64 if sums of huge weights overflowed."""
        P = self.mean_visibles(H, team)
        if np.isnan(P).any():
            P = self._in_double().mean_visibles(H.astype(float)).astype(P.dtype)
        return P

    def _in_double(self) -> "RBM":
        """Return this machine at rest, in float64."""
        bias = self.visible_bias.astype(float)
        return RBM((self.layer.astype(float),), bias)

    def free_energy(self, V: Array) -> Array:
        """Return ``F(v) = - a v - sum_j softplus(c_j + w_j v)`` of each column of V.

        ``exp(-F(v))`` is the probability of v, up to the partition function.
        """
        linear = column_sums(V * self.visible_bias[:, None])
        return -linear - column_sums(softplus(self._sums_of_energy(V)))

    def log_odds(self, V: Array) -> Array:
        """Return ``log P(v_i = 1 | others) - log P(v_i = 0 | others)`` for each i.

        The others are all other visible units; the hidden ones are summed over. This is
        the difference of the free energies with unit i off and on. For all i together
        it takes the time of about one product with the weights.
        """
        Z = self._sums_of_energy(V).astype(float)
        odds = np.repeat(self.visible_bias[:, None].astype(float), V.shape[1], axis=1)
        t = self.layer.topology
        SERIAL.run(
            kernels.add_log_odds,
            t.nnz * V.shape[1],
            t.indptr,
            t.indptr,
            t.indices,
            self.layer.views[0],
            V,
            logistic(Z),
            logistic(-Z),
            Z,
            odds,
        )
        return odds

    def _sums_of_energy(self, V: Array) -> Array:
        """Return `hidden_sums`, in float64 if some weights are very large.

        Their sums may overflow in float32, and small weights beside them are lost.
        """
        weights = self.layer.weights
        if max(weights.max(initial=0), -weights.min(initial=0)) <= LARGEST_WEIGHT:
            return self.hidden_sums(V)
        return self._in_double().hidden_sums(V.astype(float))

    def pseudo_log_likelihood(self, V: Array) -> Array:
        """Return ``sum_i log P(v_i | others)`` of each column of V (Besag 1975).

        A value between 0 and 1 is the probability that the unit is on; the result is
        then the expectation.
        """
        odds = self.log_odds(V)
        return column_sums(V * odds - softplus(odds))
