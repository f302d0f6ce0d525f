"""`ContrastiveDivergence`: steps of a restricted Boltzmann machine."""

from dataclasses import dataclass

import numpy as np

from skset.model.boltzmann import bernoulli
from skset.model.signals import Signals
from skset.training.loop import Epochs, EpochsOptions

__all__ = ["ContrastiveDivergence", "DivergenceOptions"]


@dataclass(frozen=True, kw_only=True)
class DivergenceOptions(EpochsOptions):
    """How to train a machine, apart from what evolves and what optimises.

    Attributes
    ----------
    n_gibbs : int
        Steps of Gibbs sampling from the data, or from the chains, to the model's phase.
    persistent : bool
        Whether Markov chains go on from step to step, rather than begin at the data.
    n_chains : int, default=None
        Persistent chains; None is as many as the first batch has samples.
    """

    n_gibbs: int = 1
    persistent: bool = False
    n_chains: int | None = None


class ContrastiveDivergence(Epochs):
    """Trains an `RBM`; the loss of an epoch is its mean squared reconstruction error.

    A step goes along ``<v h>_data - <v h>_model``, each mean taken over a batch and
    over ``P(h | v)`` (Hinton 2002, Neural Computation 14). Both phases stand side by
    side in one batch, the model's with the opposite sign: their difference is then the
    sampled gradient that the fused kernel of the perceptron takes steps along.

    The model's phase comes from `n_gibbs` steps of sampling that begin at the batch, or
    go on from the last training step if `persistent` (Tieleman 2008, ICML). Such chains
    are begun at samples of the first batch that have weight.

    Its parameters are those of `Epochs`, the options `DivergenceOptions`.
    """

    loss_name = "reconstruction error"
    remedy = "learning_rate is too large."

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._last_signals: Signals | None = None
        self._buffers = {}

    def _step(self, rows):
        weight, total = self.samples.weights(rows)
        if not total:  # nobody to learn from
            return 0.0, 0.0
        V, P, H, reconstructed = self._data_phase(rows)
        error = _squared_error(V, reconstructed, weight)
        if self.options.persistent:
            model, share = self._from_chains(H, weight)
        else:
            model, share = self._sampled(reconstructed), weight
        self._descend((V, P, weight), (*model, share))
        return error, total

    def _data_phase(self, rows):
        """Return V, P(h | v), a sample of it, and P(v | h) given that."""
        V = np.empty((self.samples.n_features, rows.size), self.network.dtype)
        self.samples.gather(rows, V)
        P = self.network.mean_hiddens(V, self.team)
        H = bernoulli(P, self.rng)
        return V, P, H, self.network.mean_visibles(H, self.team)

    def _from_chains(self, H, weight):
        """Return the model's V and P(h | v), and the weight of each chain; move these.

        They begin at those columns of H that have weight.
        """
        chains = self.network.chains
        if chains is None:
            n_chains = self.options.n_chains or weight.size
            live = np.resize(np.flatnonzero(weight), n_chains)
            chains = np.ascontiguousarray(H[:, live])
        V, P = self._sampled(self.network.mean_visibles(chains, self.team))
        self.network = self.network.with_chains(bernoulli(P, self.rng))
        n_chains = P.shape[1]
        return (V, P), np.full(n_chains, 1 / n_chains, P.dtype)

    def _sampled(self, visible):
        """Return V and P(h | v) after so many steps, begun at these P(v | h)."""
        for left in range(self.options.n_gibbs - 1, -1, -1):
            V = bernoulli(visible, self.rng)
            P = self.network.mean_hiddens(V, self.team)
            if left:
                visible = self.network.mean_visibles(bernoulli(P, self.rng), self.team)
        return V, P

    def _descend(self, data, model):
        """Take a step towards the data and away from the model.

        Both are given as (V, P(h | v), weight of each column).
        """
        X, D = self._phases(data[2].size + model[2].size)
        weight = _side_by_side(data, model, X, D)
        self._last_signals = Signals(X, D, D)
        step = self._next_step(self.options.alpha)
        machine, no_deltas = self.network, np.empty((0, X.shape[1]), D.dtype)
        machine.layer.backward(X, D, no_deltas, self.optimiser, step, self.team)
        unpenalised = step._replace(l2=step.l2.dtype.type(0))
        # Not by BLAS, whose last bits depend on how many threads it takes.
        gradient = np.einsum("ib,b->i", X, weight)
        self.optimiser.update(
            machine.visible_bias, *machine.visible_moments, gradient, unpenalised
        )

    def _phases(self, width):
        """Return arrays (n_visible, width) and (n_hidden, width) to be written anew."""
        if width not in self._buffers:
            self._buffers[width] = [
                np.empty((n, width), self.network.dtype) for n in self.network.n_units
            ]
        return self._buffers[width]

    def _last_step(self):
        return [self._last_signals]

    def _probe(self, rows):
        """Return the signals of both phases, without moving any persistent chain.

        The outputs are ``P(h | v)``.
        """
        weight, _ = self.samples.weights(rows)
        V, P, _, reconstructed = self._data_phase(rows)
        model = self._sampled(reconstructed)
        outputs = np.concatenate([P, model[1]], axis=1)
        X, D = np.empty((V.shape[0], 2 * rows.size), V.dtype), np.empty_like(outputs)
        _side_by_side((V, P, weight), (*model, weight), X, D)
        return [Signals(X, outputs, D)]


def _side_by_side(data, model, X, D):
    """Write both phases, given as (V, P(h | v), weight of each column), into X and D.

    Returns the weight of each column, the data's with the opposite sign.
    """
    n = data[2].size
    weight = np.concatenate([-data[2], model[2]])
    np.concatenate([data[0], model[0]], axis=1, out=X)
    np.multiply(data[1], weight[:n], out=D[:, :n])
    np.multiply(model[1], weight[n:], out=D[:, n:])
    return weight


def _squared_error(V, reconstructed, weight):
    """Return the squared error, averaged over the units and the weighted columns."""
    residual = V - reconstructed
    residual *= residual
    return float((residual.mean(axis=0) * weight).sum())
