"""Two random streams, of rows and of topologies, that one seed gives."""

import numpy as np
from numpy.random import Generator
from sklearn.utils import check_random_state

__all__ = ["drawn_seeds", "generators", "own_topologies", "seeded_generators"]


def drawn_seeds(random_state: int | np.random.RandomState | None) -> list[int]:
    """Return the seeds of a fit, drawn from `random_state`."""
    seeds: list[int] = check_random_state(random_state).randint(2**31, size=4).tolist()
    return seeds


def generators(
    random_state: int | np.random.RandomState | None, n_epochs: int = 0
) -> tuple[Generator, Generator]:
    """Return two generators, of rows and of topologies, seeded by `random_state`.

    There are two streams so that the number of rows does not change which connections
    are drawn. Networks that see other rows evolve alike as long as their weights are
    equal. After some epochs of earlier fits with the same seed, other connections are
    drawn than in those.
    """
    return seeded_generators(drawn_seeds(random_state), n_epochs)


def seeded_generators(
    seeds: list[int], n_epochs: int = 0, shard: int = 0
) -> tuple[Generator, Generator]:
    """Return the generators of rows and of topologies for these seeds.

    Every shard but the first has rows of its own stream. Topologies are the same.
    """
    rows, topologies = np.random.SeedSequence(seeds).spawn(2)
    if shard:
        rows = np.random.SeedSequence(seeds, spawn_key=(1 + shard,))
    if n_epochs:
        topologies = np.random.SeedSequence([*seeds, n_epochs])
    return np.random.default_rng(rows), np.random.default_rng(topologies)


def own_topologies(seeds: list[int], shard: int) -> Generator:
    """Return a generator of topologies that only this shard has."""
    return np.random.default_rng(np.random.SeedSequence(seeds, spawn_key=(1, shard)))
