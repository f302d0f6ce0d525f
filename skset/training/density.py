"""`DensityGoal`: with how many connections a network begins and ends."""

from typing import Any, NamedTuple

import numpy as np

from skset.topology import Topology, checked_share, filled_up, shared_out

__all__ = ["DensityGoal", "denser_at_first"]


class DensityGoal(NamedTuple):
    """The density at which a schedule ends.

    Attributes
    ----------
    density : float
        Share of the possible connections.
    nnz : int
        Number of connections for the initial units. Hidden units that are removed later
        take their connections along.
    """

    density: float
    nnz: int


def denser_at_first(
    topologies: list[Topology], schedule: Any, rng: np.random.Generator
) -> tuple[list[Topology], DensityGoal | None]:
    """Return the topologies at the begin of a density schedule, and its goal.

    Parameters
    ----------
    topologies : list of Topology
        Returned by an init; the schedule ends with their density.
    schedule : callable or None
        It gives the first density. Each layer gets more connections in proportion to
        its own. None leaves the topologies as they are, and there is no goal.
    rng : numpy.random.Generator
        Draws the connections.

    Raises
    ------
    ValueError
        If there is no connection at all, or if the schedule does not return a share.
    """
    if schedule is None:
        return topologies, None
    shapes = [topology.shape for topology in topologies]
    counts = [topology.nnz for topology in topologies]
    n_possible, nnz = sum(n_in * n_out for n_in, n_out in shapes), sum(counts)
    if not nnz:
        raise ValueError(
            "init must return a connection at least where there is a density_schedule, "
            "which ends with the density of init."
        )
    goal = DensityGoal(nnz / n_possible, nnz)
    at_first = checked_share("density_schedule", schedule(0.0, goal.density))
    wanted = shared_out(counts, shapes, round(at_first * n_possible))
    denser = [
        filled_up(topology, n, rng)
        for topology, n in zip(topologies, wanted, strict=True)
    ]
    return denser, goal
