"""`Rounds`: shards train some epochs, their networks are averaged, and again."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skset.distributed._attendance import Attendance
from skset.distributed._changes import changes
from skset.distributed._common_network import CommonNetwork, arrays_of, checksum
from skset.distributed._messages import Answer, Looking, Orders, Scoring, Start
from skset.distributed._pooled_signals import pooled, rows_of_each
from skset.estimators import CommonFit
from skset.model import Layer, Signals, averaged

__all__ = ["Rounds"]

Array: TypeAlias = NDArray[Any]


class Rounds:
    """Rounds of local epochs, each ended by an average.

    Every shard has its own copy of the network. In a round it takes over the averages,
    evolves, trains some epochs, and returns its weights and biases. All copies evolve
    alike, because they have the same weights and random numbers then.

    Parameters
    ----------
    common : CommonFit
        What all shards have in common.
    attendance : Attendance
        Calls the shards.
    network : CommonNetwork
        The lead's copy.
    weights : dict of int to float
        How much each shard counts in an average.
    local_epochs : int
        Epochs of a round.
    """

    def __init__(
        self,
        common: CommonFit,
        attendance: Attendance,
        network: CommonNetwork,
        weights: dict[int, float],
        local_epochs: int,
    ) -> None:
        self.common = common
        self.attendance = attendance
        self.network = network
        self.weights = weights
        self.local_epochs = local_epochs
        self.n_epochs = 0
        self.n_steps = 0
        self.losses: list[float] = []
        self._due = False
        # Whether the shards have the network as the lead has it.
        self._in_step = True
        # Whether they have topologies of their own.
        self.parted = False
        # The network after the last round that was finished.
        self.result = network.network

    def resume(self, n_rounds: int) -> None:
        """Go on after so many rounds."""
        self.n_epochs = n_rounds * self.local_epochs
        self._due = True

    def start(self) -> None:
        """Have all shards start with the network as it is now."""
        briefing, self.attendance.briefing = self._briefing(), []
        for method, message in briefing:
            for _ in self.attendance.call(method, message, again=message):
                pass
            self.attendance.briefing.append((method, message))
        self._in_step = True

    def brief(self) -> None:
        """Make the network as it is now that with which lost shards begin anew."""
        self.attendance.briefing = self._briefing()

    def _briefing(self) -> list[tuple[str, Any]]:
        state = self.network.state
        start = Start(
            state.network,
            state.topology_rng.bit_generator.state,
            self.n_epochs,
            self.common.estimator._density_goal,
        )
        return [("begin", self.common), ("start", start)]

    @property
    def share(self) -> float:
        """Share of the training that is done."""
        return self.n_epochs / self.common.n_epochs

    def next(self, longest_stall: int = 0, alone: bool = False) -> dict[str, Any]:
        """Do one round; return what is to be recorded of it.

        Parameters
        ----------
        longest_stall : int, default=0
            As strategies see it.
        alone : bool, default=False
            Whether the shards go their own ways from here on: nothing is averaged.
        """
        began = time.perf_counter()
        orders = self._orders(longest_stall, alone)
        if not self.parted:
            self.brief()
        again = replace(orders, evolves=False, arrays=None, changes=None)
        total = Average(self.network.network)
        for number, answer in self.attendance.call("train", orders, again=again):
            if not alone:
                self._check(number, answer)
            total.add(self.weights[number], answer)
        self.parted = alone
        if not alone:
            self.network.put(total.arrays())
            self.result = self.network.network
        self._note(total)
        return {"loss": self.losses[-1], "seconds": time.perf_counter() - began}

    def _orders(self, longest_stall: int, alone: bool) -> Orders:
        """Return what the shards have to do; evolve the lead's copy if that is due."""
        orders = Orders(self.local_epochs, self.share, longest_stall, alone=alone)
        if self.parted:
            return orders
        arrays, state = self._unsent(), self.network.state
        if not self._due:
            return replace(orders, arrays=arrays)
        state.epochs = self.n_epochs
        state.note_stall(longest_stall)
        look = PooledLook(self, arrays)
        self.network.evolve(self.share, look)
        if look.before is None:  # it needed no rows, so all can do it
            return replace(orders, arrays=arrays, evolves=True)
        made = changes(look.before, self.network.network.layers)
        bits = state.topology_rng.bit_generator.state
        return replace(orders, changes=made, topology_rng=bits)

    def _unsent(self) -> list[Array] | None:
        """Return the averages if the shards do not have them yet."""
        return None if self._in_step else arrays_of(self.network.network)

    def score(self, scorer: Any) -> float:
        """Return the mean score of all shards, weighted as they are in averages."""
        scoring = Scoring(scorer, self._unsent())
        self.brief()
        again = Scoring(scorer)
        scores = dict(self.attendance.call("score", scoring, again=again))
        self._in_step = True
        shares = self.shares(list(scores))
        return float(np.dot(shares, list(scores.values())))

    def unite(self) -> None:
        """Average the networks of shards that went their own ways, over their union."""
        found = dict(self.attendance.call("network"))
        numbers = sorted(found)
        networks = [found[number] for number in numbers]
        counts = [layer.topology.nnz for layer in self.network.network.layers]
        united = averaged(networks, self.shares(numbers), counts)
        self.network.state.network = self.result = united
        self.parted = False
        self.start()

    def finish(self, final_drop: bool) -> None:
        """End the training of the lead's copy as an ordinary one ends."""
        if self.parted:
            self.unite()
        look = PooledLook(self, self._unsent())
        self.network.finish(final_drop, self.share, look)
        self.result = self.network.network

    def shares(self, numbers: Sequence[int]) -> list[float]:
        """Return the shares of the weight that some shards have."""
        total = sum(self.weights[number] for number in numbers)
        return [self.weights[number] / total for number in numbers]

    def _check(self, number: int, answer: Answer) -> None:
        """Raise if a shard has other connections than the lead."""
        if answer.checksum != checksum(self.network.network):
            raise RuntimeError(
                f"shards[{number}] has other connections than the others. A strategy "
                "must give the same for the same arguments and random numbers."
            )

    def _note(self, total: "Average") -> None:
        """Record a round: its losses, steps, and whether an evolution is due."""
        before, self.n_steps = self.n_steps, total.n_steps
        interval = self.common.p.evolution.update_interval
        self._due = interval is None or self.n_steps // interval > before // interval
        self.n_epochs += self.local_epochs
        self.losses += total.losses()
        self._in_step = False


class PooledLook:
    """Has all shards pass some of their random rows through the network.

    Parameters
    ----------
    rounds : Rounds
        Calls the shards.
    arrays : list of ndarray or None
        Averages that they do not have yet.

    Attributes
    ----------
    before : tuple of Layer or None
        What they looked at, which is also what they have; None if nobody has looked.
    """

    def __init__(self, rounds: Rounds, arrays: list[Array] | None) -> None:
        self.rounds = rounds
        self.arrays = arrays
        self.before: tuple[Layer, ...] | None = None

    def __call__(self, n: int) -> list[Signals]:
        """Return the signals of n random rows, as many of each shard as its share."""
        rounds = self.rounds
        rounds.brief()
        self.before = rounds.network.network.layers
        looking, again = Looking(rounds.share, self.arrays), Looking(rounds.share)
        counts = rows_of_each(n, rounds.shares(rounds.attendance.present))
        answers = rounds.attendance.call("signals", looking, counts, again)
        found = dict(answers)
        return pooled([found[number] for number in sorted(found)])


class Average:
    """The weighted mean of the networks of shards, added up one by one in float64."""

    def __init__(self, network: Any) -> None:
        self._like = arrays_of(network)
        self._sums = [np.zeros(array.shape) for array in self._like]
        self._losses: Any = 0.0
        self._total = 0.0
        self.n_steps = 0

    def add(self, weight: float, answer: Answer) -> None:
        """Add what a shard has answered."""
        arrays = answer.arrays or []
        for total, array in zip(self._sums, arrays, strict=bool(arrays)):
            total += np.multiply(array, weight, dtype=np.float64)
        self._losses = self._losses + weight * np.array(answer.losses)
        self._total += weight
        self.n_steps = max(self.n_steps, answer.n_steps)

    def arrays(self) -> Iterable[Array]:
        """Yield the means, in the type of the network."""
        for total, like in zip(self._sums, self._like, strict=True):
            yield (total / self._total).astype(like.dtype)

    def losses(self) -> list[float]:
        """Return the mean loss of each epoch."""
        losses: list[float] = (self._losses / self._total).tolist()
        return losses
