"""A kernel over a range of units, done in parts that threads claim.

A part is one call of the kernel. In between, the interpreter may raise an interrupt.
"""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from skset.runtime.claims import Claims, await_done, claim, finish
from skset.runtime.jit import kernel

__all__ = ["LARGEST_WORK", "do_parts", "parts_of"]

# So many products of a connection and a sample take a tenth of a second. Ctrl-C has to
# wait for them.
LARGEST_WORK = 1 << 27
# A call of a kernel costs some microseconds. So many products take 30.
SMALLEST_WORK = 1 << 18
# Parts for each thread: more than one, so that a thread which is slow, or comes late,
# does fewer.
PARTS = 4


def parts_of(work: int, shares: NDArray[Any], n_threads: int) -> list[int]:
    """Return where the units are cut: the first unit of each part, and the end.

    Parts are of about equal work. There are several for each thread, if they are large
    enough, but at most as many as units.
    """
    n_units = shares.size - 1
    wanted = min(work // SMALLEST_WORK, PARTS * n_threads)
    n_parts = max(-(-work // LARGEST_WORK), wanted if n_threads > 1 else 1, n_threads)
    n_parts = max(min(n_parts, n_units), 1)
    total = int(shares[-1])
    equal = [total * n // n_parts for n in range(1, n_parts)]
    return [0, *shares.searchsorted(equal).tolist(), n_units]


def do_parts(
    claims: Claims,
    rank: int,
    phase: int,
    pause: int,
    kernel: Callable[..., Any],
    cuts: list[int],
    args: tuple[Any, ...],
) -> int:
    """Call ``kernel(start, stop, *args)`` for each part that no other thread claims.

    It is called like a kernel that claims its chunks.
    """
    n_parts = len(cuts) - 1
    part = _claim(claims, rank, phase, n_parts)
    while part >= 0:
        kernel(cuts[part], cuts[part + 1], *args)
        part = _finish_and_claim(claims, rank, phase, n_parts)
    _await(claims, phase, n_parts, pause)
    return phase + 1


@kernel
def _claim(claims: Claims, rank: int, phase: int, n: int) -> int:
    return claim(claims, rank, phase, n)


@kernel
def _finish_and_claim(claims: Claims, rank: int, phase: int, n: int) -> int:
    finish(claims, phase)
    return claim(claims, rank, phase, n)


@kernel
def _await(claims: Claims, phase: int, n: int, pause: int) -> None:
    await_done(claims, phase, n, pause)
