"""The mean of several networks, over the union of their topologies."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skset.model.boltzmann import RBM
from skset.model.layer import Layer
from skset.model.network import Network
from skset.topology import Topology, all_but_smallest, shared_out

__all__ = ["averaged", "difference_of", "normalised_weights"]

Array: TypeAlias = NDArray[Any]
Model = TypeVar("Model", Network, RBM)


def averaged(
    networks: Sequence[Model],
    weights: ArrayLike | None = None,
    nnz: int | Sequence[int] | None = None,
) -> Model:
    """Return the mean of networks with the same units.

    The mean has every connection that one of the networks has; the weight of a missing
    connection counts as 0. With `nnz` the weakest connections are then removed, in each
    layer and of each sign on its own (WASAP-SGD, Curci et al. 2021, arXiv 2102.01732).
    So the balance of positive and negative inputs stays.

    Sums are taken in float64, in the order of the networks. The mean of equal networks
    equals them bit for bit, also in float64.

    Parameters
    ----------
    networks : sequence of Network or of RBM
        All of one class, with the same units, functions and dtype.
    weights : array-like of shape (n_networks,), default=None
        Not negative; only their ratios count. None weighs all alike. Networks of weight
        0 are left out, and so are their connections.
    nnz : int or sequence of int, default=None
        How many connections are kept, if there are more: in all, or in each layer. A
        number is shared out to the layers as the connections of the networks are, on
        average. None keeps the union.

    Returns
    -------
    network : Network or RBM
        Without optimiser state, with arrays of its own. Further training first grows as
        many connections as the final drop removed, as it does for the networks.

    Raises
    ------
    TypeError
        If a network is not of the class of the first, or if `nnz` is not an integer.
    ValueError
        If there is no network, if one differs from the first, if a weight is negative
        or not finite, if all are 0 or if there are not as many as networks, or if
        `nnz` leaves a layer without connections.

    Examples
    --------
    >>> import numpy as np
    >>> from skset.model import Network, averaged
    >>> one = Network.from_csr([[[4.0, 0.0]]], [[1.0, 1.0]])
    >>> other = Network.from_csr([[[2.0, -2.0]]], [[0.0, 2.0]])
    >>> averaged([one, other]).layers[0].to_csr().toarray()
    array([[ 3., -1.]])
    """
    networks = list(networks)
    _check_alike(networks)
    shares = normalised_weights(weights, len(networks))
    some = [network for network, s in zip(networks, shares, strict=True) if s > 0]
    shares = shares[shares > 0]
    stacks = list(zip(*(network.layers for network in some), strict=True))
    unions = [_union([layer.topology for layer in layers]) for layers in stacks]
    counts = _counts(nnz, unions, [_mean_nnz(layers, shares) for layers in stacks])
    # Chooses between equal weights, the same ones each time.
    rng = np.random.default_rng(0)
    means = [
        _mean_layer(*parts, shares, rng)
        for parts in zip(stacks, unions, counts, strict=True)
    ]
    mean: Model = replace(some[0].at_rest(), layers=tuple(means))
    if isinstance(mean, RBM):
        biases = [machine.visible_bias for machine in some]
        mean = replace(mean, visible_bias=_mean(biases, shares))
    return mean


def normalised_weights(weights: ArrayLike | None, n: int) -> Array:
    """Return the weights of n models, scaled to add up to 1, or raise ValueError."""
    if weights is None:
        return np.full(n, 1 / n)
    try:
        shares = np.array(weights, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"weights must be numbers, got {weights!r}.") from None
    if shares.shape != (n,):
        raise ValueError(
            f"weights must have shape ({n},), one for each model, got {shares.shape}."
        )
    if not (np.isfinite(shares) & (shares >= 0)).all():
        wrong = int(np.argmin(np.isfinite(shares) & (shares >= 0)))
        raise ValueError(
            "weights must be finite and not negative, got "
            f"weights[{wrong}]={shares[wrong]}."
        )
    if not shares.any():
        raise ValueError("At least one of the weights must be non-zero.")
    shares /= shares.max()
    normalised: Array = shares / shares.sum()
    return normalised


def difference_of(network: Network | RBM, first: Network | RBM) -> str | None:
    """Return in what a network differs from another that it is to be averaged with.

    None means that both have the same class, units, functions and dtype.
    """
    pairs = {"units": (network.n_units, first.n_units)}
    pairs["dtype"] = network.dtype, first.dtype  # type: ignore[assignment]
    for name, (own, other) in pairs.items():
        if own != other:
            return f"has {name} {own}, but the first has {other}"
    if isinstance(network, Network) and isinstance(first, Network):
        for name in ("hidden", "output"):
            own, other = getattr(network, name), getattr(first, name)
            if not _same_functions(own, other):
                what = "activation" if name == "hidden" else name
                return f"has {what} {own!r}, but the first has {other!r}"
    return None


def _same_functions(one: Any, other: Any) -> bool:
    """Return whether names, or tuples of activations, are equal."""
    if not isinstance(one, tuple):
        return bool(one == other)
    # By their values: not every class of a user defines equality.
    return all(
        type(a) is type(b) and repr(vars(a)) == repr(vars(b))
        for a, b in zip(one, other, strict=True)
    )


def _check_alike(networks: Sequence[Network | RBM]) -> None:
    """Raise unless there is a network, and all are like the first."""
    if not networks:
        raise ValueError("There must be at least one network to average.")
    kind = type(networks[0])
    for number, network in enumerate(networks):
        if not isinstance(network, Network | RBM) or type(network) is not kind:
            raise TypeError(
                f"networks[{number}] must be a Network or an RBM of skset.model, and "
                f"all of one class, got {network!r}."
            )
        difference = difference_of(network, networks[0])
        if difference:
            raise ValueError(f"networks[{number}] {difference}.")


def _union(topologies: Sequence[Topology]) -> Topology:
    """Return the topology of all connections that any of the topologies has."""
    union, *others = topologies
    for topology in others:
        if not _same(topology, union):
            union = union.with_positions(topology.positions())
    return union


def _same(one: Topology, other: Topology) -> bool:
    """Return whether two topologies of one shape have the same connections."""
    return one is other or (
        one.nnz == other.nnz
        and np.array_equal(one.indices, other.indices)
        and np.array_equal(one.indptr, other.indptr)
    )


def _mean_nnz(layers: Sequence[Layer], shares: Array) -> float:
    """Return the mean number of connections of a layer."""
    return float(shares @ [layer.topology.nnz for layer in layers])


def _counts(nnz: Any, unions: Sequence[Topology], wanted: list[float]) -> list[int]:
    """Return how many connections each layer of the mean keeps, or raise."""
    most = np.array([union.nnz for union in unions])
    least = np.minimum(most, 1)
    if nnz is None:
        return [int(n) for n in most]
    given = [*nnz] if np.iterable(nnz) else [nnz]
    if not all(isinstance(n, Integral) and not isinstance(n, bool) for n in given):
        raise TypeError(f"nnz must be an integer, or one for each layer, got {nnz!r}.")
    if not np.iterable(nnz):
        enough = nnz >= least.sum()
    else:
        enough = len(given) == most.size and np.all(np.array(given) >= least)
    if not enough:
        raise ValueError(
            f"nnz must leave at least one connection in each of the {most.size} "
            f"layers, got {nnz!r}."
        )
    if not np.iterable(nnz):
        return _shared(min(int(nnz), int(most.sum())), wanted, most, least)
    return [min(int(n), int(of_union)) for n, of_union in zip(given, most, strict=True)]


def _shared(
    total: int, wanted: Sequence[float], most: Array, least: Array
) -> list[int]:
    """Share out a total in proportion to what the layers want, up to their most."""
    rooms = [(max(int(n), 1), 1) for n in most]
    counts = np.minimum(shared_out(wanted, rooms, total), most)
    while (surplus := int(counts.sum()) - total) != 0:  # that of rounding
        room = counts - least if surplus > 0 else most - counts
        counts[np.argmax(room)] -= np.sign(surplus)
    return [int(n) for n in counts]


def _mean_layer(
    layers: Sequence[Layer],
    union: Topology,
    n: int,
    shares: Array,
    rng: np.random.Generator,
) -> Layer:
    """Return the mean of a layer, with its n strongest connections."""
    weights = _mean(_on_union(layers, union), shares)
    if n < union.nnz:
        union, source = union.kept(_strongest(weights, n, rng))
        weights = weights[source]
    bias = _mean((layer.bias for layer in layers), shares)
    return Layer(union, weights, bias, n_dropped=_n_dropped(layers, n, shares))


def _n_dropped(layers: Sequence[Layer], n: int, shares: Array) -> int:
    """Return how many connections a training that goes on gives back to a mean of n.

    So many that it has the mean number of before the last drop. If it was made smaller
    than the networks it stays smaller.
    """
    usual = _mean_nnz(layers, shares)
    n_dropped = float(shares @ [layer.n_dropped for layer in layers])
    if n > usual:
        return max(0, round(usual + n_dropped - n))
    return round(n_dropped * n / max(usual, 1.0))


def _on_union(layers: Sequence[Layer], union: Topology) -> Iterator[Array]:
    """Yield the weights of each layer on the union; a missing connection has 0."""
    same = [_same(layer.topology, union) for layer in layers]
    positions = None if all(same) else union.positions()
    for layer, is_union in zip(layers, same, strict=True):
        if is_union or positions is None:
            yield layer.weights
        else:
            weights = np.zeros(union.nnz, layer.weights.dtype)
            weights[layer.topology.has(positions)] = layer.weights
            yield weights


def _mean(arrays: Iterable[Array], shares: Array) -> Array:
    """Return the mean of arrays, in their type.

    It is the first array plus the mean deviation from it: so equal numbers keep their
    bits whatever the shares.
    """
    rest = iter(arrays)
    given = next(rest)
    mean = given.astype(np.float64)
    deviation = np.zeros_like(mean)
    for share, array in zip(shares[1:], rest, strict=True):
        deviation += share * (array - mean)
    np.add(mean, deviation, out=mean, where=deviation != 0)  # -0.0 stays -0.0
    return mean.astype(given.dtype, copy=False)


def _strongest(weights: Array, n: int, rng: np.random.Generator) -> Array:
    """Return a mask of the n strongest weights.

    The same share of both signs goes, as in `SETDrop`; 0 counts as positive.
    """
    negative = weights < 0
    n_dropped = weights.size - n
    n_low = n_dropped * int(np.count_nonzero(negative)) // weights.size
    keep = np.empty(weights.size, bool)
    for sign, n_of_sign in ((negative, n_low), (~negative, n_dropped - n_low)):
        keep[sign] = all_but_smallest(np.abs(weights[sign]), n_of_sign, rng)
    return keep
