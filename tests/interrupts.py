"""Interrupts wherever they can come, and the threads that they must not leave."""

import sys
import time
from itertools import chain

from skset.runtime.helper import Helper

# How long a thread may take to end, on a very slow machine.
TIMEOUT = 20


def interrupted(n, action, *paths):
    """Interrupt an action before the n-th thing that the code of some files does.

    Returns whether the action came so far. It is the interpreter's own trace that
    raises, so that a test reaches every gap in turn, and needs no luck.
    """
    steps = chain([False] * n, [True])

    def trace(frame, event, arg):
        if frame.f_code.co_filename not in paths:
            return None
        frame.f_trace_opcodes = True
        if next(steps, False):
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def helpers():
    """Return the identities of all threads of all teams.

    They are no threads of `threading`, which does not know of them.
    """
    frames = sys._current_frames().items()
    return {ident for ident, frame in frames if _serves(frame)}


def await_begin(n, before=frozenset()):
    """Wait until there are n other threads of teams than those that were `before`."""
    deadline = time.monotonic() + TIMEOUT
    while len(helpers() - before) != n:
        assert time.monotonic() < deadline, "a thread of a team has not begun"
        time.sleep(0.001)


def await_end(before=frozenset()):
    """Wait until there are no other threads of teams than those that were `before`."""
    deadline = time.monotonic() + TIMEOUT
    while helpers() - before:
        assert time.monotonic() < deadline, "a thread of a team was left behind"
        time.sleep(0.001)


def _serves(frame):
    while frame is not None and frame.f_code is not Helper._serve.__code__:
        frame = frame.f_back
    return frame is not None
