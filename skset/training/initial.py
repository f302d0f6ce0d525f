"""With which connections a training begins, and how many it is to end with."""

from typing import NamedTuple

from skset.topology import checked_share, checked_topologies, filled_up, shared_out

__all__ = ["DensityGoal", "initial_topologies"]


class DensityGoal(NamedTuple):
    """What a schedule of the density ends with.

    Attributes
    ----------
    density : float
        Share of the possible connections.
    nnz : int
        How many that is of the units at first. Hidden units that are removed later take
        theirs along.
    """

    density: float
    nnz: int


def initial_topologies(init, density_schedule, shapes, rng, sensitivities=None):
    """Return the topology of each layer at first, and what the density ends with.

    Parameters
    ----------
    init : callable
        A strategy; see `skset.strategies`.
    density_schedule : callable or None
        Makes the network denser at first than `init` does: each layer gets more in
        proportion to what it has. None leaves it as it is.
    shapes : list of tuple of int
        (n_in, n_out) of each layer.
    rng : numpy.random.Generator
        Draws the connections.
    sensitivities : callable, default=None
        ``sensitivities(topologies)`` returns ``|w g|`` of each connection, for an init
        that asks for it.

    Returns
    -------
    topologies : list of Topology
        One for each shape.
    goal : DensityGoal or None
        None where there is no schedule.

    Raises
    ------
    ValueError
        If `init` or the schedule return something else than they have to.
    """
    needs = getattr(init, "needs_sensitivities", False)
    extra = (sensitivities,) if needs else ()
    # Its own list of shapes: it may write into that.
    topologies = checked_topologies(init(list(shapes), rng, *extra), shapes)
    if density_schedule is None:
        return topologies, None
    goal = _goal(topologies, shapes)
    return _densest(topologies, density_schedule, shapes, goal, rng), goal


def _goal(topologies, shapes):
    nnz = sum(topology.nnz for topology in topologies)
    if not nnz:
        raise ValueError(
            "init must return a connection at least where there is a density_schedule, "
            "which ends with the density of init."
        )
    return DensityGoal(nnz / _n_possible(shapes), nnz)


def _densest(topologies, schedule, shapes, goal, rng):
    """Return the topologies, with as many connections as the network has at first."""
    at_first = checked_share("density_schedule", schedule(0.0, goal.density))
    n_wanted = round(at_first * _n_possible(shapes))
    counts = [topology.nnz for topology in topologies]
    return [
        filled_up(topology, nnz, rng)
        for topology, nnz in zip(
            topologies, shared_out(counts, shapes, n_wanted), strict=True
        )
    ]


def _n_possible(shapes):
    return sum(n_in * n_out for n_in, n_out in shapes)
