"""How a thread watches for work for a moment, without the interpreter.

To wake a sleeping thread takes as long as to train a small layer. So a thread that has
just been busy watches a number before it sleeps, in machine code that has released the
interpreter's lock. It does so only for some 50 microseconds: a thread that watches
takes a core from others.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from skset.runtime.atomics import read, relax, write
from skset.runtime.jit import kernel

__all__ = ["LINGER", "LOOKS", "announce", "watch"]

Words = NDArray[np.int64]

interpreted = getattr(numba.config, "DISABLE_JIT", False)
# How often a waiting thread looks before it sleeps. Interpreted, looking is too slow.
LOOKS = 1 if interpreted else 2000
# After the number has changed, go on for some 7 microseconds. The thread that changed
# it holds the interpreter's lock for three more, and a thread that asks for the lock
# too early is put to sleep.
LINGER = 0 if interpreted else 300


@kernel
def announce(words: Words, place: int, value: int) -> None:
    """Set words[place], for threads that watch it."""
    write(words, place, value)


@kernel
def watch(words: Words, place: int, past: int, looks: int, linger: int) -> bool:
    """Watch words[place] until it is beyond `past`.

    Returns whether that happened within so many looks. If so, returns a little later.
    """
    for _ in range(looks):
        if read(words, place) > past:
            for _ in range(linger):
                relax()
            return True
        relax()
    return False
