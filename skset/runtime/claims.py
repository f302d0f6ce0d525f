"""Chunks of work that the threads of a team claim in a kernel, one after the other.

The work comes in phases. A phase is cut into n chunks. All threads run the same code.
Each claims the next chunk as soon as it is free. If none is left it waits for those
that others are still working on::

    @kernel
    def step(claims, phase, pause, ...):
        for ... in ...:
            chunk = claim(claims, phase, n)
            while chunk >= 0:
                ...  # the work of this chunk
                finish(claims, phase)
                chunk = claim(claims, phase, n)
            await_done(claims, phase, n, pause)
            phase += 1
        return phase

So a thread that comes late, or never, costs nothing: the others do its chunks. When it
comes it runs through the phases that are past and does nothing in them. It may even
come when the call is over for the others. Therefore

- a thread writes only in its chunks, apart from variables of its own;
- what it reads outside of them, such as n, is the same for all threads and stays;
- what has to be done once is a phase of one chunk.

The numbers of phases rise from call to call, so nothing is ever reset. `claims` has
three words: the next chunk, the number of chunks done, and whether a thread has failed.
The upper bits of the first two are the phase. After `break_off` no chunk is given out,
nobody waits, and what has been computed is worthless. The next call needs new claims.
"""

import numpy as np
from numpy.typing import NDArray

from skset.runtime.atomics import exchange, read, relax, sleep, write
from skset.runtime.jit import inlined, kernel

__all__ = ["await_done", "break_off", "claim", "finish", "new_claims"]

Claims = NDArray[np.int64]

# Places of the words. Each has lines of the cache of its own; some processors load two
# lines at once.
NEXT, DONE, BROKEN, SIZE = 0, 16, 32, 48
# So a phase has at most 16 million chunks, and a million phases a second will do for
# days.
COUNT_BITS = 24
COUNT = (1 << COUNT_BITS) - 1
# How often a thread looks before it sleeps. It takes a few microseconds.
LOOKS = 200


def new_claims() -> Claims:
    """Return claims for phases from 1 on."""
    return np.zeros(SIZE, np.int64)


@inlined
def claim(claims: Claims, phase: int, n: int) -> int:
    """Return the next of the n chunks of this phase, or -1 if there is none.

    A thread calls this only if it has awaited all phases before, or is new to the call.
    """
    while not read(claims, BROKEN):
        seen = read(claims, NEXT)
        begun = seen >> COUNT_BITS
        chunk = seen & COUNT if begun == phase else 0
        if begun > phase or chunk >= n:
            return -1
        if exchange(claims, NEXT, seen, (phase << COUNT_BITS) + chunk + 1):
            return chunk
    return -1


@inlined
def finish(claims: Claims, phase: int) -> None:
    """Count a chunk of this phase as done."""
    while True:
        seen = read(claims, DONE)
        first = phase << COUNT_BITS
        if exchange(claims, DONE, seen, max(seen, first) + 1):
            return


@inlined
def await_done(claims: Claims, phase: int, n: int, pause: int) -> None:
    """Wait until all n chunks of this phase are done.

    `pause` is the address of `sleep`, by which a thread leaves its core to the one that
    it waits for; with 0 it keeps looking.
    """
    looks, all_done = 0, (phase << COUNT_BITS) + n
    while n > 0 and read(claims, DONE) < all_done and not read(claims, BROKEN):
        looks += 1
        if looks < LOOKS or not pause:
            relax()
        else:
            sleep(pause)


@kernel
def break_off(claims: Claims) -> None:
    """Give out no more chunks, and let nobody wait."""
    write(claims, BROKEN, 1)
