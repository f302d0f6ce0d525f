"""`Gain`: whether other threads speed up one kind of work, found by trying.

Nobody knows in advance whether they do: the cores may be taken by other processes, and
small work ends before a thread has woken up. So a few calls are made alone and together
by turns, and then the faster way is taken. The trial is repeated later, as other
processes begin and end.
"""

__all__ = ["ALONE", "TOGETHER", "Gain"]

ALONE, TOGETHER = False, True

# Calls of each kind in a trial, by turns. A call before them is not counted: threads
# may have to be started.
CALLS = 4
# Together must take less than this share of the time. Less gain is not worth a core.
WORTH = 0.95
# A trial is repeated after so many times the seconds that it lost, so that all trials
# together cost one or two percent. When threads are at work this is sooner: what alone
# would take is not seen otherwise. When they are not it is doubled a few times while
# the outcome is the same.
PRICE = {False: 100, True: 50}
MOST_DOUBLED = 8
# It is repeated after so many times its own length at least.
SHORTEST = 10
# Rare delays decide whether threads pay: the average is over so many calls, but not
# over much more than so many seconds. A thread that has slept is preferred for a while,
# and what is gained then is soon lost.
LATELY, LATELY_SECONDS = 32, 0.1


class Gain:
    """Decides for one kind of work whether the next call is shared.

    Each call asks `together` first, and gives its seconds to `note` when it is done.

    Attributes
    ----------
    best : bool
        The faster way in the last trial, until together becomes slower than alone was.
    """

    def __init__(self) -> None:
        self.best = ALONE
        self._doubled = 1
        self._alone = self._lately = 0.0  # seconds of a call: in the trial, on average
        self._lost = 0.0  # seconds, together instead of alone
        self._fastest = 0.0  # seconds of the faster half of the trial
        self._left = 0.0  # seconds until the next trial
        self._begin_trial()

    @property
    def is_trying(self) -> bool:
        """Whether the next call belongs to a trial."""
        return self._n_tried <= 2 * CALLS

    @property
    def together(self) -> bool:
        """Whether the next call is to be shared."""
        return self._n_tried % 2 == 0 if self.is_trying else self.best

    def note(self, seconds: float) -> None:
        """Record what the call took."""
        if self.is_trying:
            self._note_trial(seconds)
            return
        self._left -= seconds
        if self.best is TOGETHER:
            self._note_together(seconds)
        if self._left < 0:
            self._begin_trial()

    def _begin_trial(self) -> None:
        self._n_tried = 0  # calls so far, the uncounted one included
        self._seconds = {ALONE: 0.0, TOGETHER: 0.0}

    def _note_trial(self, seconds: float) -> None:
        if self._n_tried:
            self._seconds[self.together] += seconds
        self._n_tried += 1
        if not self.is_trying:
            self._decide()

    def _decide(self) -> None:
        alone, together = self._seconds[ALONE], self._seconds[TOGETHER]
        before, self.best = self.best, together < WORTH * alone
        self._double(self.best is before is ALONE)
        self._alone, self._lately = alone / CALLS, together / CALLS
        self._lost, self._fastest = 0.0, min(alone, together)
        self._wait(abs(alone - together))

    def _note_together(self, seconds: float) -> None:
        """Give up if together has become slower than alone was."""
        self._lost += seconds - self._alone
        share = max(1 / LATELY, seconds / (seconds + LATELY_SECONDS))
        self._lately += (seconds - self._lately) * share
        if self._lately > self._alone:
            self.best = ALONE
            self._wait(self._lost)

    def _wait(self, lost: float) -> None:
        """Try again when the loss is a small share of the time.

        A loss of many times the time of the work is no loss by threads: something was
        compiled meanwhile, or the machine stood still.
        """
        lost = min(lost, 2 * self._fastest)
        left = self._doubled * PRICE[self.best] * lost
        self._left = max(left, SHORTEST * 2 * self._fastest)

    def _double(self, same: bool) -> None:
        self._doubled = min(2 * self._doubled, MOST_DOUBLED) if same else 1
