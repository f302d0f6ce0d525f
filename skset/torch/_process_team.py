"""The threads of the process that share the products of all sparse layers."""

import os
import threading

import torch

from skset.runtime.team import Team

__all__ = ["TEAM"]


class _ProcessTeam:
    """One `Team` for the process, held by one caller at a time.

    It has as many threads as PyTorch uses (`torch.get_num_threads`). They end by
    themselves when there is no work. A forked child begins anew: its parent's threads
    do not exist there, and the lock may be held by one of them.
    """

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):  # Windows cannot fork
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Begin without threads."""
        self._lock, self._team = threading.Lock(), Team()

    def __enter__(self) -> Team:
        self._lock.acquire()
        n_threads = torch.get_num_threads()
        if n_threads != self._team.n_threads:
            self._resize(n_threads)
        return self._team

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

    def _resize(self, n_threads: int) -> None:
        try:
            self._team.__exit__()
            self._team = Team(n_threads).__enter__()
        except BaseException:
            self._team = Team()
            self._lock.release()
            raise


TEAM = _ProcessTeam()
