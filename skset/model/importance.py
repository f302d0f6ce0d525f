"""What the inputs of a network are worth to it.

Strength and attribution look at each input on its own. Coverage looks at what an input
adds to others: of several that do the same, one comes early and the rest late.
"""

import numpy as np

__all__ = [
    "attribution",
    "contributions",
    "coverage",
    "incoming_strength",
    "path_strength",
    "reconstruction_paths",
    "strength",
]

# Slopes, attributions and contributions are taken from at most so many samples, or so
# many values if these are fewer. What never varies among them cannot be judged.
MAX_SAMPLES, MAX_VALUES = 1024, 1 << 24
# Longer rows are projected to so many random directions, which keeps their lengths and
# angles to within a few percent (Johnson and Lindenstrauss 1984); to half as many where
# there are more than so many inputs, to save memory and time.
MAX_DIMENSIONS, MANY_INPUTS = 512, 1 << 14
# Inputs that `coverage` chooses one by one; all others are ranked after them at once.
MAX_PICKS = 256
# Inputs among which it looks for the next one. As gains rarely rise, it looks at the
# others again only when all of these are well below what the others had.
MAX_POOL, STALE = 4096, 0.7
# Share of the median squared length of a row below which there is nothing to cover.
RIDGE = 0.03


def strength(network):
    """Return the sum of the absolute weights of each input's connections.

    Atashgahi et al. 2021, Machine Learning (arXiv 2012.00560), equation 4.
    """
    layer = network.layers[0]
    return np.bincount(
        layer.topology.in_units,
        weights=np.abs(layer.weights),
        minlength=layer.topology.shape[0],
    )


def incoming_strength(layer):
    """Return the sum of the absolute weights of each output's connections."""
    t = layer.topology
    return np.bincount(t.indices, weights=np.abs(layer.weights), minlength=t.shape[1])


def path_strength(network):
    """Return the sum, over all paths from each input to an output, of their strength.

    The strength of a path is the product of its absolute weights.
    """
    outgoing = np.ones(network.n_units[-1], network.dtype)
    for layer in network.layers[::-1]:
        magnitudes = layer.topology.to_csr(np.abs(layer.weights))
        outgoing = magnitudes @ outgoing
    return outgoing.astype(float)


def attribution(network, samples, rng):
    """Return ``sum_c mean_b |d output_c / d input_j|`` of each input j.

    Outputs are the output layer's weighted sums, b goes over a batch of samples. There
    are as many backward passes as outputs. Atashgahi et al. 2024, ECAI (arXiv
    2408.04583), section 3.
    """
    _, slopes = _batch(network, samples, rng)
    return sum(
        np.abs(gradient).mean(axis=1, dtype=float)
        for gradient in _gradients(network, slopes)
    )


def contributions(network, samples, rng):
    """Return what each input adds to the outputs, a row for each input.

    Element (j, (c, b)) is ``x_jb d output_c / d x_jb``, less its mean over the samples
    b of a batch, and projected. Two inputs that tell the network the same have rows of
    the same direction.

    Returns
    -------
    rows : ndarray of shape (n_inputs, m)
        Of at most MAX_DIMENSIONS columns, in the network's dtype.
    """
    X, slopes = _batch(network, samples, rng)
    rows = np.zeros((X.shape[0], _n_dimensions(X.shape[0])), X.dtype)
    for gradient in _gradients(network, slopes):
        gradient *= X
        gradient -= gradient.mean(axis=1, keepdims=True)
        signs = _signs((X.shape[1], rows.shape[1]), rng, X.dtype)
        for block in _blocks(X.shape[0]):
            rows[block] += gradient[block] @ signs
    rows /= rows.dtype.type(np.sqrt(rows.shape[1]))
    return rows


def reconstruction_paths(network, samples, rng):
    """Return what each input of an autoencoder adds to the others, a row for each.

    Element (i, j) is the weight of all paths from input i to output j, with hidden
    units at their mean slope over a batch; 0 for i = j, as an input that is only good
    for itself tells nothing of the others. Rows longer than MAX_DIMENSIONS are
    projected.

    Returns
    -------
    rows : ndarray of shape (n_inputs, m)
        Of at most MAX_DIMENSIONS columns, in the network's dtype.
    """
    _, slopes = _batch(network, samples, rng)
    weights = [layer.to_csr() for layer in network.layers]
    encoder, decoder = weights[0], weights[-1]
    for depth, slope in enumerate(slopes):
        encoder = encoder.multiply(slope.mean(axis=1)).tocsr()
        if depth < len(slopes) - 1:
            encoder = encoder @ weights[depth + 1]
    to_itself = np.asarray(encoder.multiply(decoder.T).sum(axis=1)).ravel()
    n = encoder.shape[0]
    if n <= MAX_DIMENSIONS:
        return (encoder @ decoder).toarray() - np.diag(to_itself)
    rows = np.empty((n, _n_dimensions(n)), network.dtype)
    for columns in _blocks(rows.shape[1], 64):
        signs = _signs(rows[:, columns].shape, rng, rows.dtype)
        rows[:, columns] = encoder @ (decoder @ signs) - to_itself[:, None] * signs
    rows /= rows.dtype.type(np.sqrt(rows.shape[1]))
    return rows


def coverage(rows, *, share=1.0, n_picks=MAX_PICKS, ridge=RIDGE):
    """Return importances in whose order the rows cover one another best, greedily.

    Inputs are chosen one after the other. Each time it is the one whose row explains
    most of what all rows have left, once what the inputs chosen before explain is taken
    away. With ``G = rows @ rows.T`` the gain of input i is
    ``sum_j G_ij^2 / (G_ii + floor)``, and G loses ``share G_:i G_i: / (G_ii + floor)``
    when i is chosen (Farahat, Ghodsi and Kamel 2013, Knowledge and Information Systems
    35, section 4). Floor and share are ours: the one leaves out rows that are nearly
    nothing, the other lets inputs that do the same as a strong one come before weak
    ones that do something else.

    Parameters
    ----------
    rows : ndarray of shape (n_inputs, m)
        What each input does.
    share : float in (0, 1], default=1.0
        Share of what a chosen input explains that is taken away.
    n_picks : int
        Inputs to be chosen one by one; the others follow by what they have left.
    ridge : float
        The floor, as a share of the median squared length of the rows that are not 0;
        greater than 0.

    Returns
    -------
    importance : ndarray of shape (n_inputs,)
        The gain of each input when it was chosen, though never more than that of an
        input chosen before; 0 for a row of zeros.
    """
    # Fourth powers of the rows are taken; a power of 2 changes their scale exactly.
    exponent = int(np.frexp(np.abs(rows).max())[1])
    rows = np.ldexp(rows, -exponent)
    lengths = np.einsum("ij,ij->i", rows, rows).astype(float)
    waiting = lengths > 0
    gains = np.where(waiting, np.inf, -np.inf)  # none is greater than this
    importance = np.zeros(lengths.size)
    if not waiting.any():
        return importance
    cover = _Cover(rows, ridge * np.median(lengths[waiting]), share)
    pool, last = None, np.inf
    for _ in range(min(n_picks, np.count_nonzero(waiting))):
        if pool is None or gains[pool].max() < STALE * gains[waiting].max():
            left = np.flatnonzero(waiting)
            gains[left] = cover.surveyed(left)
            pool = left[cover.best]
        chosen = pool[gains[pool].argmax()]
        importance[chosen] = last = min(gains[chosen], np.nextafter(last, 0))
        waiting[chosen] = False
        cover.take(chosen)
        gains[pool] = np.where(waiting[pool], cover.gains, -np.inf)
    if waiting.any():
        rest = cover.surveyed(np.flatnonzero(waiting))
        top = min(last, rest.max()) * (1 - 1e-9)
        importance[waiting] = rest * (top / rest.max()) if rest.max() > 0 else 0.0
    return np.ldexp(importance, 2 * exponent)


class _Cover:
    """What is left of ``G = rows @ rows.T`` once some inputs have been chosen.

    G is never formed: it is ``rows @ left @ rows.T``, where `left` is small: the
    identity less one outer product for each choice, and not formed either.
    The gains of the inputs that are watched follow every choice.
    """

    def __init__(self, rows, floor, share):
        self.rows, self.floor, self.share = rows, floor, share
        self.products = (rows.T @ rows).astype(float)
        self.taken = np.empty((0, rows.shape[1]))

    def surveyed(self, inputs):
        """Return the gains of the inputs, computed anew, and watch the best of them.

        `best` are the places of these among the inputs, the greatest gain first.
        """
        squares, lengths = self._squares_and_lengths(inputs)
        gains = squares / (lengths + self.floor)
        self.best = np.argsort(-gains, kind="stable")[:MAX_POOL]
        self.watched = self.rows[inputs[self.best]]
        self.squares, self.lengths = squares[self.best], lengths[self.best]
        return gains

    @property
    def gains(self):
        """Gains of the inputs that are watched."""
        return self.squares / (self.lengths + self.floor)

    def take(self, chosen):
        """Take away from G what the chosen input explains."""
        row = self.rows[chosen].astype(float)
        u = self._left(row)
        onward = self.products @ u
        both = np.stack([u, self._left(onward)], axis=1).astype(self.rows.dtype)
        column, squared = (self.watched @ both).T.astype(float)
        factor = self.share / (u @ row + self.floor)
        self.squares += factor * column * (factor * column * (u @ onward) - 2 * squared)
        self.lengths -= factor * column**2
        np.maximum(self.squares, 0, out=self.squares)
        np.maximum(self.lengths, 0, out=self.lengths)
        self.taken = np.vstack([self.taken, np.sqrt(factor) * u])

    def _left(self, x):
        """Return the product of `left` with a vector or matrix."""
        return x - self.taken.T @ (self.taken @ x)

    def _squares_and_lengths(self, inputs):
        """Return sum_j G_ij^2 and G_ii of the given inputs i."""
        parts = []
        to_squares = self._left(self._left(self.products).T).astype(self.rows.dtype)
        to_lengths = self._left(np.eye(self.products.shape[0])).astype(self.rows.dtype)
        for block in _blocks(inputs.size):
            rows = self.rows[inputs[block]]
            parts.append(
                [
                    np.einsum("ij,ij->i", rows @ to_squares, rows),
                    np.einsum("ij,ij->i", rows @ to_lengths, rows),
                ]
            )
        return np.maximum(np.concatenate(parts, axis=1).astype(float), 0)


def _batch(network, samples, rng):
    """Return some samples (n_inputs, batch), and the hidden units' slopes for them."""
    n = min(MAX_SAMPLES, MAX_VALUES // samples.n_features + 1, samples.n_samples)
    chosen = np.sort(rng.choice(samples.n_samples, n, replace=False))
    X = np.empty((samples.n_features, n), network.dtype)
    samples.gather(chosen, X)
    return X, network.slopes(X)


def _gradients(network, slopes):
    """Yield the gradient (n_inputs, batch) of each output, given the hidden slopes."""
    batch = slopes[0].shape[1]
    for output in range(network.n_units[-1]):
        D = np.zeros((network.n_units[-1], batch), network.dtype)
        D[output] = 1
        D = network.layers[-1].pulled_back(D)
        for layer, slope in zip(network.layers[-2::-1], slopes[::-1], strict=True):
            D *= slope
            D = layer.pulled_back(D)
        yield D


def _n_dimensions(n_inputs):
    return MAX_DIMENSIONS if n_inputs <= MANY_INPUTS else MAX_DIMENSIONS // 2


def _signs(shape, rng, dtype):
    """Return random signs."""
    return (2 * rng.integers(0, 2, size=shape, dtype=np.int8) - 1).astype(dtype)


def _blocks(n, size=MAX_POOL):
    """Yield slices that cover n rows or columns, `size` at a time."""
    return (slice(start, start + size) for start in range(0, n, size))
