"""Which worker of a Dask cluster gets which shard."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from skset.distributed._shards import is_future

__all__ = ["chosen_homes", "holders"]


def chosen_homes(
    workers: Mapping[str, int],
    load: Counter[str],
    have: Mapping[int, Sequence[str]],
    most: int,
) -> dict[int, str]:
    """Choose the workers of shards.

    Parameters
    ----------
    workers : dict
        Threads of the living workers, by their address.
    load : Counter
        How many shards each has already. It is not changed.
    have : dict
        The workers that have the rows of each shard, by its number.
    most : int
        One of these is taken if it has fewer shards than so many.

    Returns
    -------
    homes : dict
        An address for each number. Where no worker has the rows, it is the one with the
        fewest shards for each of its threads.
    """
    load, homes = load.copy(), {}
    for number, addresses in have.items():
        near = [at for at in addresses if at in workers and load[at] < most]
        homes[number] = min(
            near or workers, key=lambda at: ((load[at] + 1) / workers[at], at)
        )
        load[homes[number]] += 1
    return homes


def holders(client: Any, parts: Mapping[int, Sequence[Any]]) -> dict[int, list[str]]:
    """Return the workers that have the first part of each shard."""
    first = {number: own[0] for number, own in parts.items() if is_future(own[0])}
    has = client.who_has(list(first.values())) if first else {}
    return {n: list(has.get(first[n].key, ())) if n in first else [] for n in parts}
