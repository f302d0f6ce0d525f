"""Chunks of work that the threads of a team claim in a kernel, one after the other.

The work comes in phases. A phase is cut into n chunks. All threads run the same code.
Each claims the next chunk as soon as it is free. If none is left it waits for those
that others are still working on::

    @kernel
    def step(claims, rank, phase, pause, ...):
        for ... in ...:
            chunk = claim(claims, rank, phase, n)
            while chunk >= 0:
                ...  # the work of this chunk
                finish(claims, phase)
                chunk = claim(claims, rank, phase, n)
            await_done(claims, phase, n, pause)
            phase += 1
        return phase

So a thread that comes late, or never, costs nothing: the others do its chunks. When it
comes it runs through the phases that are past and does nothing in them. It may even
come when the call is over for the others. Therefore

- a thread writes only in its chunks, apart from variables of its own;
- what it reads outside of them, such as n, is the same for all threads and stays;
- what has to be done once is a phase of one chunk.

The threads have the ranks from 0 on; rank 0 is the calling one. The numbers of phases
rise from call to call, so nothing is ever reset. `claims` has words that count chunks,
with the phase in their upper bits, and one that says whether a thread has failed. After
`break_off` no chunk is given out, nobody waits, and what has been computed is
worthless. The next call needs new claims.
"""

import numpy as np
from numpy.typing import NDArray

from skset.runtime.atomics import exchange, read, relax, sleep, write
from skset.runtime.jit import inlined, kernel

__all__ = ["await_done", "break_off", "claim", "finish", "new_claims"]

Claims = NDArray[np.int64]

# Places of the words: how many chunks are done, whether a thread has failed, and how
# many chunks of each share are claimed. Each has lines of the cache of its own; some
# processors load two lines at once.
DONE, BROKEN, NEXT, STRIDE = 0, 16, 32, 16
# So a phase has at most 16 million chunks, and a million phases a second will do for
# days.
COUNT_BITS = 24
COUNT = (1 << COUNT_BITS) - 1
# How often a thread looks before it sleeps. It takes a few microseconds.
LOOKS = 200


def new_claims(n_threads: int = 1) -> Claims:
    """Return claims for phases from 1 on, with a share for each thread."""
    return np.zeros(NEXT + n_threads * STRIDE, np.int64)


@inlined
def _claim_of(share: int, claims: Claims, phase: int, first: int, end: int) -> int:
    """Return the next chunk of a share, or -1 if there is none."""
    place = NEXT + share * STRIDE
    while first < end and not read(claims, BROKEN):
        seen = read(claims, place)
        begun = seen >> COUNT_BITS
        taken = seen & COUNT if begun == phase else 0
        if begun > phase or first + taken >= end:
            return -1
        if exchange(claims, place, seen, (phase << COUNT_BITS) + taken + 1):
            return first + taken
    return -1


@inlined
def claim(claims: Claims, rank: int, phase: int, n: int) -> int:
    """Return one of the n chunks of this phase that nobody has claimed, or -1.

    Each thread has a share of neighbouring chunks, which it claims first. So it mostly
    works on what its own cache has since the last time: threads that took chunks by
    turns were slower than one. A thread calls this only if it has awaited all phases
    before, or is new to the call.
    """
    n_shares = (claims.size - NEXT) // STRIDE
    for turn in range(n_shares):
        share = (rank + turn) % n_shares
        first, end = share * n // n_shares, (share + 1) * n // n_shares
        chunk = _claim_of(share, claims, phase, first, end)
        if chunk >= 0:
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
