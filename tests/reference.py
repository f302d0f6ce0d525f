"""Slow, obvious, dense statements of what skset computes, and of its invariants.

Matrices are written as textbooks have them: samples x units, and W is n_in x n_out
with zeros where no connection exists.
"""

import math
from itertools import product

import numpy as np

TOLERANCE = {"float32": 2e-5, "float64": 1e-11}


def assert_close(actual, expected, dtype=None, factor=1):
    tolerance = factor * TOLERANCE[np.dtype(dtype or actual.dtype).name]
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


# Patterns


def assert_canonical(topology):
    """Hold the contract of a Topology: sorted, without duplicates."""
    n_in, n_out = topology.shape
    indptr, indices = topology.indptr, topology.indices
    assert not indptr.flags.writeable
    assert not indices.flags.writeable
    assert indptr.dtype == np.int64
    assert indices.dtype == np.int32
    assert indptr.shape == (n_in + 1,)
    assert indptr[0] == 0
    assert indptr[-1] == indices.size == topology.nnz
    assert (np.diff(indptr) >= 0).all()
    if topology.nnz:
        assert indices.min() >= 0
        assert indices.max() < n_out
    in_units = np.repeat(np.arange(n_in, dtype=np.int64), np.diff(indptr))
    assert (np.diff(in_units * n_out + indices) > 0).all()


def mask_of(topology):
    mask = np.zeros(topology.shape, bool)
    for i in range(topology.shape[0]):
        for k in range(topology.indptr[i], topology.indptr[i + 1]):
            mask[i, topology.indices[k]] = True
    return mask


def dense(mask, values):
    """Return the matrix that has the values, in by-input order, where mask is True."""
    W = np.zeros(mask.shape, values.dtype)
    W[mask] = values
    return W


def by_input(mask):
    indptr, indices = [0], []
    for row in mask:
        indices += [j for j, exists in enumerate(row) if exists]
        indptr.append(len(indices))
    arrays = np.array(indptr, np.int64), np.array(indices, np.int32)
    for array in arrays:  # as those of a Topology: another type to the compiler
        array.flags.writeable = False
    return arrays


def merge(kept, kept_source, born):
    """Return the sorted union of positions, and the source of each."""
    source = dict(zip(born, [-1] * len(born), strict=True))
    source |= dict(zip(kept, kept_source, strict=True))
    return sorted(source), [source[position] for position in sorted(source)]


# Scores


def strongest_pairs(L, R, k, taken):
    """Return the k greatest ``|L R'|`` of free places, and where they are.

    Those that are 0 are left out. Positions are right for scores without ties.
    """
    scores = np.where(taken, 0, np.abs(L @ R.T)).ravel()
    order = np.argsort(-scores, kind="stable")[:k]
    order = np.sort(order[scores[order] > 0])
    return scores[order], order


# Drops, for weights without ties


def magnitude_drop(weights, zeta):
    ranked = sorted(range(len(weights)), key=lambda k: abs(weights[k]))
    gone = ranked[: int(zeta * len(weights))]
    return [k not in gone for k in range(len(weights))]


def set_drop(weights, zeta):
    positive = sorted((w, k) for k, w in enumerate(weights) if w >= 0)
    negative = sorted((-w, k) for k, w in enumerate(weights) if w < 0)
    gone = positive[: int(zeta * len(positive))] + negative[: int(zeta * len(negative))]
    return [k not in {place for _, place in gone} for k in range(len(weights))]


# Functions of weighted sums


def leaky(z, slope):
    return np.where(z > 0, z, slope * z)


def leaky_derivative(z, slope):
    return np.where(z > 0, 1.0, slope)


def logistic(z):
    return 1 / (1 + np.exp(-z))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def elu(z, alpha=1):
    return np.where(z > 0, z, alpha * (np.exp(z) - 1))


def elu_derivative(z, alpha=1):
    return np.where(z > 0, 1.0, alpha * np.exp(z))


def normal_cdf(z):
    return np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))(z)


def softmax(Z):
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)


ACTIVATIONS = {
    "identity": (lambda z, _: z, lambda z, _: np.ones_like(z)),
    "logistic": (
        lambda z, _: logistic(z),
        lambda z, _: logistic(z) * (1 - logistic(z)),
    ),
    "tanh": (lambda z, _: np.tanh(z), lambda z, _: 1 / np.cosh(z) ** 2),
    "relu": (lambda z, _: leaky(z, 0), lambda z, _: leaky_derivative(z, 0)),
    "leaky_relu": (leaky, leaky_derivative),
    "all_relu": (leaky, leaky_derivative),
    "elu": (lambda z, _: elu(z), lambda z, _: elu_derivative(z)),
    "selu": (
        lambda z, _: SELU_SCALE * elu(z, SELU_ALPHA),
        lambda z, _: SELU_SCALE * elu_derivative(z, SELU_ALPHA),
    ),
    "gelu": (
        lambda z, _: z * normal_cdf(z),
        lambda z, _: normal_cdf(z) + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
    ),
    "silu": (
        lambda z, _: z * logistic(z),
        lambda z, _: logistic(z) + z * logistic(z) * (1 - logistic(z)),
    ),
    "softplus": (lambda z, _: np.log1p(np.exp(z)), lambda z, _: logistic(z)),
}
OUTPUTS = {
    "identity": lambda Z: Z,
    "logistic": logistic,
    "softmax": softmax,
    "exp": np.exp,
}


def slope(activation, hidden_layer, negative_slope):
    """Return the slope for z < 0 in a hidden layer, counted from 1."""
    even = hidden_layer % 2 == 0
    return -negative_slope if activation == "all_relu" and even else negative_slope


def losses(output, P, Y):
    """Return each sample's loss, given predictions and targets (samples, outputs)."""
    total = np.zeros(len(P))
    for s, (predicted, target) in enumerate(zip(P, Y, strict=True)):
        for p, y in zip(predicted, target, strict=True):
            if output == "identity":
                total[s] += 0.5 * (p - y) ** 2 / len(target)
            elif output == "exp":
                total[s] += (y * math.log(y / p) if y else 0) - y + p
            elif output == "logistic":
                total[s] -= y * math.log(p) + (1 - y) * math.log(1 - p)
            elif y:
                total[s] -= math.log(p)
    return total


def one_hot(classes, n):
    return np.eye(n)[classes]


# Steps


def sgd_step(w, velocity, gradient, learning_rate, momentum, nesterov):
    """Return new weights and velocity."""
    velocity = momentum * velocity - learning_rate * gradient
    if nesterov:
        return w + momentum * velocity - learning_rate * gradient, velocity
    return w + velocity, velocity


def adam_step(w, mean, square, gradient, t, learning_rate, beta_1, beta_2, epsilon):
    """Return new weights and moments; t counts from 1."""
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    rate = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - rate * mean / (np.sqrt(square) + epsilon), mean, square


def adamw_step(w, mean, square, gradient, t, learning_rate, *numbers, alpha):
    """Return new weights and moments: those of Adam, and decayed weights."""
    decayed = w - learning_rate * alpha * w
    return adam_step(decayed, mean, square, gradient, t, learning_rate, *numbers)


def with_held(weights, held):
    """Return the weights, with the held value wherever one is held (not NaN)."""
    both = zip(weights.tolist(), held.tolist(), strict=True)
    values = [w if math.isnan(h) else h for w, h in both]
    return np.array(values, weights.dtype)


# Importances


def coverage_gains(rows, chosen, share, ridge):
    """Return the gain of each input once some have been chosen; -1 for these."""
    G = rows.astype(np.float64) @ rows.astype(np.float64).T
    lengths = np.diag(G)
    floor = ridge * np.median(lengths[lengths > 0])
    for i in chosen:
        G = G - share * np.outer(G[i], G[i]) / (G[i, i] + floor)
    gains = (G**2).sum(axis=1) / (np.diag(G) + floor)
    gains[chosen] = -1
    return gains


def coverage(rows, share, ridge, n_picks):
    """Return the inputs in the order of their choice, and the gain of each then.

    Those that are not chosen follow by the gain that they have left.
    """
    order, gains = [], []
    while len(order) < min(n_picks, len(rows)):
        left = coverage_gains(rows, order, share, ridge)
        order.append(int(left.argmax()))
        gains.append(left.max())
    left = coverage_gains(rows, order, share, ridge)
    order += np.argsort(-left, kind="stable")[: len(rows) - len(order)].tolist()
    return order, np.append(gains, left[order[len(gains) :]])


class DenseNet:
    """A multilayer perceptron with masked dense float64 matrices."""

    def __init__(self, network):
        self.masks = [mask_of(layer.topology) for layer in network.layers]
        self.W = [
            dense(mask, layer.weights.astype(np.float64))
            for mask, layer in zip(self.masks, network.layers, strict=True)
        ]
        self.b = [layer.bias.astype(np.float64) for layer in network.layers]
        given, n_hidden = network.activation, len(self.W) - 1
        self.activations = [given] * n_hidden if isinstance(given, str) else given
        self.output, self.negative_slope = network.output, network.negative_slope

    def activated(self, hidden_layer, Z, part=0):
        """Return the activation in a hidden layer, or with part 1 its derivative.

        Layers are counted from 1.
        """
        name = self.activations[hidden_layer - 1]
        return ACTIVATIONS[name][part](
            Z, slope(name, hidden_layer, self.negative_slope)
        )

    def forward(self, X, dropout=None):
        """Return weighted sums and inputs of every layer, and the predictions.

        `dropout` has, for each hidden layer, factors of shape (samples, units).
        """
        inputs, sums = [X], []
        for depth, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            sums.append(inputs[-1] @ W + b)
            if depth < len(self.W) - 1:
                A = self.activated(depth + 1, sums[-1])
                inputs.append(A * dropout[depth] if dropout else A)
        return sums, inputs, OUTPUTS[self.output](sums[-1])

    def hidden_slopes(self, X):
        """Return the derivative of every hidden layer's activations."""
        sums, _, _ = self.forward(X)
        return [self.activated(k, Z, 1) for k, Z in enumerate(sums[:-1], start=1)]

    def output_gradients(self, X):
        """Return d output / d input, of shape (outputs, samples, inputs)."""
        slopes = [self.hidden_slopes(x[None]) for x in X]
        result = np.empty((self.W[-1].shape[1], *X.shape))
        for s in range(len(X)):
            J = self.W[0]
            for slope_of_units, W in zip(slopes[s], self.W[1:], strict=True):
                J = J @ np.diag(slope_of_units[0]) @ W
            result[:, s] = J.T
        return result

    def loss(self, X, Y, weight=None, alpha=0.0, dropout=None):
        weight = np.ones(len(X)) if weight is None else weight
        predicted = self.forward(X, dropout)[2]
        penalty = 0.5 * alpha * sum((W**2).sum() for W in self.W)
        mean = losses(self.output, predicted, Y) @ weight / weight.sum()
        return mean + penalty / np.count_nonzero(weight)

    def gradients(self, X, Y, weight=None, alpha=0.0, dropout=None):
        """Return the gradient of each W and each b, one connection at a time exact.

        As in scikit-learn, that of the squared error is summed over the outputs.
        """
        weight = np.ones(len(X)) if weight is None else weight
        l2 = alpha / np.count_nonzero(weight)
        sums, inputs, predicted = self.forward(X, dropout)
        delta = (predicted - Y) * weight[:, None] / weight.sum()
        of_W, of_b = [], []
        for depth in range(len(self.W) - 1, -1, -1):
            gradient = inputs[depth].T @ delta + l2 * self.W[depth]
            of_W.insert(0, gradient * self.masks[depth])
            of_b.insert(0, delta.sum(axis=0))
            if depth:
                delta = delta @ self.W[depth].T
                if dropout:
                    delta = delta * dropout[depth - 1]
                delta = delta * self.activated(depth, sums[depth - 1], 1)
        return of_W, of_b


# Boltzmann machines


def states(n):
    """Return all states of n units, of shape (2 ** n, n), in binary order."""
    return np.array(list(product([0.0, 1.0], repeat=n)))


def state_numbers(V):
    """Return the place of each binary row among the states."""
    return (V @ 2.0 ** np.arange(V.shape[1])[::-1]).astype(int)


class DenseRBM:
    """A restricted Boltzmann machine with a dense float64 matrix, mostly by counting.

    W is n_visible x n_hidden, a the bias of the visible and c of the hidden units.
    """

    def __init__(self, W, a, c, mask=None):
        self.W, self.a, self.c = (array.astype(np.float64) for array in (W, a, c))
        self.mask = np.ones(W.shape, bool) if mask is None else mask
        self.velocities = [0.0, 0.0, 0.0]
        self.chains = None

    @classmethod
    def of(cls, machine):
        (layer,) = machine.layers
        mask = mask_of(layer.topology)
        return cls(dense(mask, layer.weights), machine.visible_bias, layer.bias, mask)

    def energy(self, v, h):
        return -(self.a @ v) - self.c @ h - v @ self.W @ h

    def joint(self):
        """Return P(v, h), a row for each state v and a column for each h."""
        n_visible, n_hidden = self.W.shape
        odds = [
            [math.exp(-self.energy(v, h)) for h in states(n_hidden)]
            for v in states(n_visible)
        ]
        return np.array(odds) / np.sum(odds)

    def marginal(self):
        """Return P(v) of each state v."""
        return self.joint().sum(axis=1)

    def log_likelihood(self, V):
        """Return log P(v) of each binary row."""
        return np.log(self.marginal()[state_numbers(V)])

    def counted_free_energy(self, V):
        """Return -log sum_h exp(-E(v, h)) of each row, by counting the states h."""
        H = states(self.W.shape[1])
        sums = [sum(math.exp(-self.energy(v, h)) for h in H) for v in V]
        return -np.log(sums)

    def free_energy(self, V):
        """Return the same by the formula, for many hidden units and large weights."""
        return -(V @ self.a) - np.logaddexp(0, V @ self.W + self.c).sum(axis=1)

    def log_odds(self, V):
        """Return F(unit i off) - F(unit i on) for each row and unit."""
        odds = np.empty(V.shape)
        for i in range(V.shape[1]):
            off, on = V.astype(np.float64), V.astype(np.float64)
            off[:, i], on[:, i] = 0, 1
            odds[:, i] = self.free_energy(off) - self.free_energy(on)
        return odds

    def mean_hiddens(self, V):
        return logistic(V @ self.W + self.c)

    def mean_visibles(self, H):
        return logistic(H @ self.W.T + self.a)

    def hiddens(self, V, uniform):
        P = self.mean_hiddens(V)
        return np.where(uniform(P.shape) < P, 1.0, 0.0)

    def visibles(self, H, uniform):
        P = self.mean_visibles(H)
        return np.where(uniform(P.shape) < P, 1.0, 0.0)

    def moments(self, V, weight):
        """Return the weighted sums of v h, v and h, for h = P(h | v)."""
        H = self.mean_hiddens(V) * weight[:, None]
        return V.T @ H, V.T @ weight, H.sum(axis=0)

    def step(
        self,
        V,
        uniform,
        *,
        learning_rate,
        weight=None,
        n_gibbs=1,
        persistent=False,
        alpha=0.0,
        momentum=0.0,
        nesterov=False,
    ):
        """Take a step of contrastive divergence; return the reconstruction error.

        ``uniform((samples, units))`` gives random numbers: those of the reconstruction
        first, then those of the chains in their order.
        """
        weight = np.ones(len(V)) if weight is None else weight
        weight = weight / weight.sum()
        H = self.hiddens(V, uniform)
        error = weight @ ((V - self.mean_visibles(H)) ** 2).mean(axis=1)
        if persistent:
            H = H if self.chains is None else self.chains
        model = self.visibles(H, uniform)
        for _ in range(n_gibbs - 1):
            model = self.visibles(self.hiddens(model, uniform), uniform)
        share = np.full(len(H), 1 / len(H)) if persistent else weight
        if persistent:
            self.chains = self.hiddens(model, uniform)
        data, model = self.moments(V, weight), self.moments(model, share)
        of_W, of_a, of_c = (m - d for d, m in zip(data, model, strict=True))
        gradients = ((of_W + alpha * self.W) * self.mask, of_a, of_c)
        moved = [
            sgd_step(old, velocity, gradient, learning_rate, momentum, nesterov)
            for old, velocity, gradient in zip(
                (self.W, self.a, self.c), self.velocities, gradients, strict=True
            )
        ]
        (self.W, self.a, self.c), self.velocities = zip(*moved, strict=True)
        return error
