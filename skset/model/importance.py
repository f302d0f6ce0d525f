"""Importances of the inputs of a network.

Strength and attribution measure each input on its own. Contributions and paths are rows
for `coverage`, which measures what an input adds to others.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from skset.model.greedy_coverage import blocks
from skset.model.layer import Layer
from skset.model.network import Network
from skset.model.samples import Samples

__all__ = [
    "attribution",
    "contributions",
    "incoming_strength",
    "path_strength",
    "reconstruction_paths",
    "strength",
]

Array: TypeAlias = NDArray[Any]

# Slopes, attributions and contributions are computed from at most so many samples, or
# so many values, whichever is less. An input that is constant there cannot be judged.
MAX_SAMPLES, MAX_VALUES = 1024, 1 << 24
# Longer rows are projected to so many random directions. This keeps their lengths and
# angles within a few percent (Johnson and Lindenstrauss 1984). With many inputs they
# are projected to half as many, to save memory and time.
MAX_DIMENSIONS, MANY_INPUTS = 512, 1 << 14


def strength(network: Network) -> Array:
    """Return the sum of the absolute weights of each input's connections.

    Atashgahi et al. 2021, Machine Learning (arXiv 2012.00560), equation 4.

    Parameters
    ----------
    network : Network
        Of any number of layers.

    Returns
    -------
    importance : ndarray of shape (n_inputs,)
        In float64.
    """
    layer = network.layers[0]
    return np.bincount(
        layer.topology.in_units,
        weights=np.abs(layer.weights),
        minlength=layer.topology.shape[0],
    )


def incoming_strength(layer: Layer) -> Array:
    """Return the sum of the absolute weights of each output's connections."""
    t = layer.topology
    return np.bincount(t.indices, weights=np.abs(layer.weights), minlength=t.shape[1])


def path_strength(network: Network) -> Array:
    """Return the summed strength of all paths from each input to any output.

    The strength of a path is the product of its absolute weights.

    Parameters
    ----------
    network : Network
        Of any number of layers.

    Returns
    -------
    importance : ndarray of shape (n_inputs,)
        In float64.
    """
    outgoing = np.ones(network.n_units[-1], network.dtype)
    for layer in network.layers[::-1]:
        magnitudes = layer.topology.to_csr(np.abs(layer.weights))
        outgoing = magnitudes @ outgoing
    return outgoing.astype(float)


def attribution(network: Network, samples: Samples, rng: Generator) -> Array:
    """Return ``sum_c mean_b |d output_c / d input_j|`` of each input j.

    Outputs are the weighted sums of the output layer, and b runs over a batch of
    samples. There is a backward pass for each output. Atashgahi et al. 2024, ECAI
    (arXiv 2408.04583), section 3.

    Parameters
    ----------
    network : Network
        Of any number of layers.
    samples : Samples
        Inputs. At most 1,024 are used, fewer if there are more than 16,384 inputs.
    rng : numpy.random.Generator
        Draws these samples.

    Returns
    -------
    importance : ndarray of shape (n_inputs,)
        In float64.
    """
    X, slopes = _batch(network, samples, rng)
    total = np.zeros(network.n_units[0])
    for gradient in _gradients(network, slopes, X.shape[1]):
        total += np.abs(gradient).mean(axis=1, dtype=float)
    return total


def contributions(network: Network, samples: Samples, rng: Generator) -> Array:
    """Return the contribution of each input to the outputs, a row for each input.

    Element (j, (c, b)) is ``x_jb d output_c / d x_jb``, less its mean over the samples
    b of a batch, and projected. Inputs that tell the network the same have rows of the
    same direction.

    Parameters
    ----------
    network : Network
        Of any number of layers.
    samples : Samples
        Inputs. At most 1,024 are used, fewer if there are more than 16,384 inputs.
    rng : numpy.random.Generator
        Draws these samples, and the directions of the projection.

    Returns
    -------
    rows : ndarray of shape (n_inputs, m)
        For `coverage`, in the network's dtype. m is 512, or 256 if there are more than
        16,384 inputs. The projection keeps lengths and angles within a few percent.
    """
    X, slopes = _batch(network, samples, rng)
    rows = np.zeros((X.shape[0], _n_dimensions(X.shape[0])), X.dtype)
    for gradient in _gradients(network, slopes, X.shape[1]):
        gradient *= X
        gradient -= gradient.mean(axis=1, keepdims=True)
        signs = _signs((X.shape[1], rows.shape[1]), rng, X.dtype)
        for block in blocks(X.shape[0]):
            rows[block] += gradient[block] @ signs
    rows /= rows.dtype.type(np.sqrt(rows.shape[1]))
    return rows


def reconstruction_paths(network: Network, samples: Samples, rng: Generator) -> Array:
    """Return what each input of an autoencoder adds to the others, row by row.

    Element (i, j) is the weight of all paths from input i to output j, with hidden
    units at their mean slope over a batch. It is 0 for i = j, because an input that
    only rebuilds itself tells nothing about the others.

    Parameters
    ----------
    network : Network
        With as many outputs as inputs.
    samples : Samples
        Inputs. At most 1,024 are used, fewer if there are more than 16,384 inputs.
    rng : numpy.random.Generator
        Draws these samples, and the directions of the projection.

    Returns
    -------
    rows : ndarray of shape (n_inputs, m)
        For `coverage`, in the network's dtype. Rows of more than 512 elements are
        projected: m is then 512, or 256 if there are more than 16,384 inputs. The
        projection keeps lengths and angles within a few percent.
    """
    _, slopes = _batch(network, samples, rng)
    weights = [layer.to_csr() for layer in network.layers]
    if not slopes:  # one layer: there is nothing to decode
        weights.append(sparse.eye_array(*weights[0].shape, dtype=network.dtype).tocsr())
    encoder, decoder = weights[0], weights[-1]
    for depth, slope in enumerate(slopes):
        encoder = encoder.multiply(slope.mean(axis=1)).tocsr()
        if depth < len(slopes) - 1:
            encoder = encoder @ weights[depth + 1]
    to_itself = np.asarray(encoder.multiply(decoder.T).sum(axis=1)).ravel()
    n = encoder.shape[0]
    if n <= MAX_DIMENSIONS:
        paths: Array = (encoder @ decoder).toarray() - np.diag(to_itself)
        return paths
    rows = np.empty((n, _n_dimensions(n)), network.dtype)
    for columns in blocks(rows.shape[1], 64):
        signs = _signs(rows[:, columns].shape, rng, rows.dtype)
        rows[:, columns] = encoder @ (decoder @ signs) - to_itself[:, None] * signs
    rows /= rows.dtype.type(np.sqrt(rows.shape[1]))
    return rows


def _batch(
    network: Network, samples: Samples, rng: Generator
) -> tuple[Array, list[Array]]:
    """Return some samples (n_inputs, batch), and the hidden units' slopes for them."""
    n = min(MAX_SAMPLES, MAX_VALUES // samples.n_features + 1, samples.n_samples)
    chosen = np.sort(rng.choice(samples.n_samples, n, replace=False))
    X = np.empty((samples.n_features, n), network.dtype)
    samples.gather(chosen, X)
    return X, network.slopes(X)


def _gradients(network: Network, slopes: list[Array], batch: int) -> Iterator[Array]:
    """Yield the gradient (n_inputs, batch) of each output, given the hidden slopes."""
    for output in range(network.n_units[-1]):
        D = np.zeros((network.n_units[-1], batch), network.dtype)
        D[output] = 1
        D = network.layers[-1].pulled_back(D)
        for layer, slope in zip(network.layers[-2::-1], slopes[::-1], strict=True):
            D *= slope
            D = layer.pulled_back(D)
        yield D


def _n_dimensions(n_inputs: int) -> int:
    return MAX_DIMENSIONS if n_inputs <= MANY_INPUTS else MAX_DIMENSIONS // 2


def _signs(shape: tuple[int, int], rng: Generator, dtype: DTypeLike) -> Array:
    """Return random signs."""
    signs: Array = (2 * rng.integers(0, 2, size=shape, dtype=np.int8) - 1).astype(dtype)
    return signs
