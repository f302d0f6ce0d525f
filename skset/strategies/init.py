"""Inits: initial topologies, and how many connections each layer gets.

An init is called as ``init(shapes, rng)`` with (n_in, n_out) of each layer. It returns
a `Topology` for each. If it declares `needs`, it gets a `Context` as a third argument.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from skset import topology
from skset.strategies.contracts import Context, Needs, bound, needs_of
from skset.strategies.needs import ABSENT
from skset.topology import Floats, Topology

__all__ = [
    "MIN_EPSILON",
    "ErdosRenyi",
    "LayerDensities",
    "Snip",
    "Uniform",
    "UniformPlus",
    "initial_topologies",
]

# A smaller epsilon is most likely meant for Adam.
MIN_EPSILON = 1e-3
Shapes = Sequence[tuple[int, int]]


def _random_topologies(
    shapes: Shapes, counts: Sequence[int], rng: np.random.Generator
) -> list[Topology]:
    return [
        topology.random_topology(shape, nnz, rng)
        for shape, nnz in zip(shapes, counts, strict=True)
    ]


@dataclass(frozen=True)
class _Random:
    """Uniformly random connections, exactly as many as the layer rule says."""

    layer_counts: ClassVar[Callable[..., list[int]]]
    epsilon: float = 20
    density: float | None = None
    dense_output: bool = False

    def __post_init__(self) -> None:
        if not self.epsilon >= MIN_EPSILON:
            raise ValueError(
                f"epsilon must be at least {MIN_EPSILON}, got {self.epsilon!r}. It "
                "sets how many connections there are; Adam's is adam_epsilon."
            )
        if self.density is not None and not 0 < self.density <= 1:
            raise ValueError(f"density must be in (0, 1], got {self.density!r}.")

    def __call__(self, shapes: Shapes, rng: np.random.Generator) -> list[Topology]:
        """Return one Topology per layer shape."""
        counts = self.layer_counts(shapes, self.epsilon, self.density)
        return _random_topologies(shapes, self._finished(counts, shapes), rng)

    def _finished(self, counts: list[int], shapes: Shapes) -> list[int]:
        """Return the counts, those of a dense output layer if that is asked for."""
        if not self.dense_output or len(shapes) == 1:
            return counts
        full = _n_places(shapes[-1:])
        left = sum(counts) - full
        if left < len(shapes) - 1:
            raise ValueError(
                f"dense_output=True gives the output layer {full} connections, but "
                f"{sum(counts)} are to be shared out. Raise density or epsilon, or set "
                "dense_output=False."
            )
        return [*topology.shared_out(counts[:-1], shapes[:-1], left), full]


@dataclass(frozen=True)
class ErdosRenyi(_Random):
    """Density ``min(1, epsilon (n_in + n_out) / (n_in n_out))`` in each layer.

    So small layers are denser than large ones, and positions are uniformly random
    (Mocanu et al. 2018, Nature Communications 9:2383, equation 3). Its name is
    "erdos_renyi": ``SETClassifier(init="erdos_renyi")``.

    Parameters
    ----------
    epsilon : float, default=20
        Connections per unit, about; at least 0.001. 20 is that of the paper.
    density : float in (0, 1], default=None
        Overall share of the possible connections that exist, in place of epsilon.
        Epsilon is then the one at which all layers together have this density.
    dense_output : bool, default=False
        Whether the output layer has all its connections, as in many implementations of
        dynamic sparse training. The other layers share the rest.
    """

    layer_counts = staticmethod(topology.erdos_renyi)


@dataclass(frozen=True)
class Uniform(_Random):
    """The same density in every layer, and uniformly random positions.

    By default it is the overall density of `ErdosRenyi`. Its name is "uniform":
    ``SETClassifier(init="uniform")``.

    Parameters
    ----------
    epsilon : float, default=20
        The network gets as many connections as `ErdosRenyi` gives with this epsilon; at
        least 0.001. 20 is that of Mocanu et al. 2018.
    density : float in (0, 1], default=None
        Overall share of the possible connections that exist, in place of epsilon.
    dense_output : bool, default=False
        Whether the output layer has all its connections, as in many implementations of
        dynamic sparse training. The other layers share the rest.
    """

    layer_counts = staticmethod(topology.uniform)


@dataclass(frozen=True)
class UniformPlus(_Random):
    """First layer dense, the last at least 0.2 dense, the others share what is left.

    Gale, Elsen and Hooker 2019 (arXiv 1902.09574). It was made for convolutions, whose
    first layer is small. Its name is "uniform_plus":
    ``SETClassifier(init="uniform_plus")``.

    Parameters
    ----------
    epsilon : float, default=20
        The network gets as many connections as `ErdosRenyi` gives with this epsilon; at
        least 0.001. 20 is that of Mocanu et al. 2018.
    density : float in (0, 1], default=None
        Overall share of the possible connections that exist, in place of epsilon.
    dense_output : bool, default=False
        Whether the output layer has all its connections, as in many implementations of
        dynamic sparse training. The other layers share the rest.
    """

    layer_counts = staticmethod(topology.uniform_plus)


@dataclass(frozen=True)
class Snip(_Random):
    """Layer densities of SNIP: shares of the greatest ``|w g|`` of all layers.

    The sensitivity of a connection is ``|w g|``, w being its initial weight in a dense
    network and g the gradient over one batch (Lee et al. 2019, ICLR). The greatest
    sensitivities of all layers are taken, as many as the network gets connections. Each
    layer gets as many as it has among them, at random positions (Liu et al. 2022,
    ICLR). Its name is "snip": ``SETClassifier(init="snip")``.

    Parameters
    ----------
    epsilon : float, default=20
        The network gets as many connections as `ErdosRenyi` gives with this epsilon; at
        least 0.001. 20 is that of Mocanu et al. 2018.
    density : float in (0, 1], default=None
        Overall share of the possible connections that exist, in place of epsilon.
    dense_output : bool, default=False
        Whether the output layer has all its connections, as in many implementations of
        dynamic sparse training. The other layers share the rest.
    max_connections : int, default=2**20
        A larger network is not made dense. The sensitivities are then those of a random
        network with so many connections and the same density in every layer. The
        default is chosen by us; it bounds memory and time.
    """

    layer_counts = staticmethod(topology.erdos_renyi)
    max_connections: int = 1 << 20
    needs: ClassVar = Needs(sensitivities=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.max_connections >= 1:
            raise ValueError(
                f"max_connections must be at least 1, got {self.max_connections!r}."
            )

    def __call__(
        self, shapes: Shapes, rng: np.random.Generator, context: Context | None = None
    ) -> list[Topology]:
        """Return one Topology per layer shape.

        Parameters
        ----------
        shapes : list of tuple of int
            (n_in, n_out) of each layer.
        rng : numpy.random.Generator
            Source of randomness.
        context : Context, default=None
            Its `sensitivities` are used. A network of one layer needs none: there is
            nothing to share out.
        """
        if context is None or len(shapes) == 1:
            return super().__call__(shapes, rng)
        probe = Uniform(density=min(1.0, self.max_connections / _n_places(shapes)))
        n_wanted = sum(topology.erdos_renyi(shapes, self.epsilon, self.density))
        found = context.sensitivities(probe(shapes, rng))
        shares = _shares_of_greatest(found, n_wanted, shapes)
        counts = topology.shared_out(shares, shapes, n_wanted)
        return _random_topologies(shapes, self._finished(counts, shapes), rng)


@dataclass(frozen=True)
class LayerDensities:
    """The given density in each layer, uniformly random connections.

    An estimator also takes them as a list, one more than there are hidden layers:
    ``SETClassifier((100,), init=[0.1, 0.5])``.

    Parameters
    ----------
    densities : sequence of float in (0, 1]
        From the input to the output, one for each layer.
    """

    densities: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "densities", tuple(self.densities))
        if not all(0 < density <= 1 for density in self.densities):
            raise ValueError(f"densities must be in (0, 1], got {self.densities!r}.")

    def __call__(self, shapes: Shapes, rng: np.random.Generator) -> list[Topology]:
        """Return one Topology per layer shape."""
        if len(shapes) != len(self.densities):
            raise ValueError(
                f"{len(self.densities)} densities were given for {len(shapes)} layers "
                "(one more than there are hidden layers)."
            )
        counts = [
            topology.uniform([shape], density=density)[0]
            for shape, density in zip(shapes, self.densities, strict=True)
        ]
        return _random_topologies(shapes, counts, rng)


def initial_topologies(
    init: Any,
    shapes: Shapes,
    rng: np.random.Generator,
    sensitivities: Callable[[Sequence[Topology]], list[Floats]] | None = None,
) -> list[Topology]:
    """Return the topologies that an init makes, one for each shape.

    Parameters
    ----------
    init : callable
        See `Init`.
    shapes : sequence of tuple of int
        (n_in, n_out) of each layer.
    rng : numpy.random.Generator
        Source of randomness.
    sensitivities : callable, default=None
        As in `Context`, for an init that needs it.

    Returns
    -------
    topologies : list of Topology
        One for each shape.

    Raises
    ------
    ValueError
        If the init does not return a topology for each shape.
    """
    if not needs_of(init, "init").sensitivities:
        sensitivities = None
    context = Context(n_layers=len(shapes), sensitivities=sensitivities or ABSENT)
    # The init gets a list of its own, as it may write into it.
    returned = bound("init", init, context)(list(shapes), rng)
    return topology.checked_topologies(returned, shapes)


def _n_places(shapes: Shapes) -> int:
    return sum(int(n_in) * int(n_out) for n_in, n_out in shapes)


def _shares_of_greatest(
    found: Sequence[Floats], n_wanted: int, shapes: Shapes
) -> list[float]:
    """Return each layer's share of the greatest sensitivities that were found."""
    n_probed = sum(values.size for values in found)
    rank = n_probed - max(1, round(n_wanted * n_probed / _n_places(shapes)))
    every = np.concatenate(found)
    bound = topology.nth_smallest(every, rank) if rank else 0.0
    # Per place of the layer, because small layers are probed more densely.
    return [
        np.count_nonzero(values > bound) / values.size * shape[0] * shape[1]
        for values, shape in zip(found, shapes, strict=True)
    ]
