"""`Rule`: what the training loop asks of a kind of step."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray

from skset.model import Samples, Signals
from skset.runtime.team import Team
from skset.training.state import State

__all__ = ["Rule"]

Array: TypeAlias = NDArray[Any]


class Rule(Protocol):
    """What a step does.

    Attributes
    ----------
    decay : float
        What is left of a gradient in the momentum, one step later.
    has_ended : bool
        Whether there is no use in another epoch.
    loss_name, remedy : str
        What the loss is called, and what to do about a divergence.
    """

    @property
    def decay(self) -> float:
        """As above."""

    @property
    def has_ended(self) -> bool:
        """As above."""

    loss_name: str
    remedy: str

    def begin(self, state: State, batch_size: int) -> None:
        """Prepare a training in steps of so many samples."""

    def n_together(self, state: State, samples: Samples, width: int) -> int:
        """Return how many steps of so many samples one call of `steps` should take."""

    def steps(
        self,
        state: State,
        samples: Samples,
        rows: Array,
        rates: Sequence[float],
        team: Team,
    ) -> tuple[Array, Array]:
        """Take steps with the rows of each, at the given learning rates.

        Returns their losses, and how much they count in the epoch's.
        """

    def epoch_losses(self, loss: float) -> list[float]:
        """Return what the curve shows of an epoch with this mean loss."""

    def n_losses(self, n_epochs: int) -> int:
        """Return how many entries the curve has after so many epochs, at most."""

    def last_step(self) -> list[Signals]:
        """Return the signals of each layer in the last step."""

    def probe(
        self, state: State, samples: Samples, rows: Array, team: Team
    ) -> list[Signals]:
        """Return each layer's signals for the given samples; nothing is learned."""

    def let_go(self) -> None:
        """Keep no layer, as they are about to be replaced one after the other."""

    def forget_shapes(self) -> None:
        """Make new arrays for the next step, as the layers have other units now."""

    def memory(self) -> dict[str, Any]:
        """Return numbers that a training needs, beside its state, to go on."""

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take over what `memory` has returned in another training."""
