"""What travels between the lead and the shards."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from skset.distributed._changes import Change
from skset.model import RBM, Network

__all__ = ["Answer", "Job", "Looking", "Orders", "Scoring", "Start"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Job:
    """What a worker needs to open shards.

    Attributes
    ----------
    estimator : SparseEstimator
        Not fitted, with its parameters.
    """

    estimator: Any


@dataclass(frozen=True, eq=False)
class Start:
    """A network as a whole, to start with or to join the others.

    Attributes
    ----------
    network : Network or RBM
        As all have it now.
    topology_rng : mapping
        State of the stream of topologies.
    n_epochs : int
        Epochs that were trained before.
    goal : DensityGoal or None
        At which a schedule of the density ends.
    """

    network: Network | RBM
    topology_rng: Any
    n_epochs: int
    goal: Any


@dataclass(frozen=True, eq=False)
class Looking:
    """What every shard does before it shows what the growth looks at.

    Attributes
    ----------
    share : float
        Share of the training that is done, which says how dense the network is.
    arrays : list of ndarray or None
        Averaged weights and biases; None keeps those that are there.
    """

    share: float
    arrays: list[Array] | None = None


@dataclass(frozen=True, eq=False)
class Orders:
    """What every shard does in a round.

    Attributes
    ----------
    n_epochs : int
        Epochs to train.
    share : float
        Share of the training that is done.
    longest_stall : int
        As strategies see it.
    evolves : bool
        Whether the topology evolves before.
    arrays : list of ndarray or None
        Averaged weights and biases; None keeps those that are there.
    changes : list of Change or None
        How each layer has evolved, if that was decided by rows of all shards.
    topology_rng : mapping
        State of the stream of topologies after these changes.
    alone : bool
        Whether the topology goes its own way from here on. Then nothing comes back.
    """

    n_epochs: int
    share: float
    longest_stall: int
    evolves: bool = False
    arrays: list[Array] | None = None
    changes: list[Change] | None = None
    topology_rng: Any = None
    alone: bool = False


@dataclass(frozen=True, eq=False)
class Scoring:
    """How every shard scores its own rows.

    Attributes
    ----------
    scorer : callable
        ``scorer(estimator, X, y)``, greater is better.
    arrays : list of ndarray or None
        Averaged weights and biases; None keeps those that are there.
    """

    scorer: Any
    arrays: list[Array] | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What a shard has found in a round.

    Attributes
    ----------
    losses : list of float
        Of its epochs.
    n_steps : int
        Steps taken in all rounds.
    checksum : int
        Of its topology.
    arrays : list of ndarray or None
        Weights and biases; None if the topology goes its own way.
    seconds : float
        It has worked.
    """

    losses: list[float]
    n_steps: int
    checksum: int
    arrays: list[Array] | None
    seconds: float
