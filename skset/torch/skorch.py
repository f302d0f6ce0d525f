"""`EvolveTopology`: lets the sparse layers of a skorch net evolve, as a callback."""

from typing import Any, TypeAlias

from skset.torch._linear import SETLinear
from skset.torch._random import generator
from skset.torch._regrowth import regrow
from skset.torch._restart import (
    begun_update,
    forget_stale,
    held_states,
    is_on_its_way,
)
from skset.torch._update import TopologyUpdate
from skset.torch._update_checks import checked_every

try:
    from skorch.callbacks import Callback
except ImportError as error:
    raise ImportError(
        "skset.torch.skorch needs skorch. Install it with: pip install 'skset[torch]'"
    ) from error

__all__ = ["EvolveTopology"]

Net: TypeAlias = Any  # a skorch.NeuralNet


class EvolveTopology(Callback):
    """Lets the topology of all `~skset.torch.SETLinear` layers of a skorch net evolve.

    It calls `skset.torch.TopologyUpdate.step` for you. Give it to skorch's
    ``NeuralNet`` as a callback. A search finds its parameters:
    ``callbacks__evolve__zeta``. ``save_params`` of the net saves the pattern with the
    weights, and ``load_params`` takes it.

    Parameters
    ----------
    method : str, default="set"
        As in `~skset.torch.TopologyUpdate`.
    zeta, drop, grow, zeta_schedule, density_schedule, newborn : default=None
        As in `~skset.torch.TopologyUpdate`. None is as `method` has it.
    every : "epoch" or int, default="epoch"
        "epoch": the topology evolves at the end of each epoch. A number: after so many
        training steps.
    total : "max_epochs", int or None, default="max_epochs"
        Length of the training, for the schedules. "max_epochs": each training, that is
        each call of ``fit`` or ``partial_fit``, has the net's ``max_epochs``, and the
        schedules begin anew with each. A number: of calls of ``step``, over all
        trainings. These are epochs, or steps if `every` is a number. After these the
        topology stays. Give it if ``partial_fit`` is called again and again. None:
        no end. The schedules must be constant then, and there is no final drop.
    final_drop : bool, default=True
        Whether the last evolution drops connections without growing others (Mocanu et
        al. 2018). The next training grows as many at random before it begins.
    random_state : int, numpy.random.Generator or None, default=None
        Draws connections. None takes a seed from PyTorch's generator.
    monitor : str or None, default="train_loss"
        The loss in the net's history, if it is there. Only method "ctre" looks at it.

    Attributes
    ----------
    update_ : TopologyUpdate
        The `~skset.torch.TopologyUpdate` of the training that goes on, or of the last.

    Notes
    -----
    Put it behind callbacks that keep the best epoch, such as skorch's ``EarlyStopping``
    or ``Checkpoint``: they shall see the network that was validated. If one of them, or
    ``load_params``, brings back another pattern, the next training begins without what
    the optimiser held for the old connections, unless the optimiser's state was loaded
    too.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skorch import NeuralNetClassifier
    >>> from skset.torch import SETLinear
    >>> from skset.torch.skorch import EvolveTopology
    >>> def network():
    ...     return torch.nn.Sequential(
    ...         SETLinear(20, 50, density=0.2, activation="relu"),
    ...         torch.nn.Linear(50, 2),
    ...     )
    >>> net = NeuralNetClassifier(
    ...     network,
    ...     criterion=torch.nn.CrossEntropyLoss,
    ...     optimizer=torch.optim.Adam,
    ...     max_epochs=3,
    ...     callbacks=[("evolve", EvolveTopology(zeta=0.2))],
    ...     verbose=0,
    ... )
    >>> X = np.random.default_rng(0).normal(size=(40, 20)).astype("float32")
    >>> net = net.fit(X, (X[:, 0] > 0).astype(int))
    >>> dict(net.callbacks_)["evolve"].update_.evolutions
    3
    """

    def __init__(
        self,
        method: str = "set",
        *,
        zeta: float | None = None,
        drop: Any = None,
        grow: Any = None,
        zeta_schedule: Any = None,
        density_schedule: Any = None,
        newborn: str | None = None,
        every: int | str = "epoch",
        total: int | str | None = "max_epochs",
        final_drop: bool = True,
        random_state: Any = None,
        monitor: str | None = "train_loss",
    ) -> None:
        self.method = method
        self.zeta = zeta
        self.drop = drop
        self.grow = grow
        self.zeta_schedule = zeta_schedule
        self.density_schedule = density_schedule
        self.newborn = newborn
        self.every = every
        self.total = total
        self.final_drop = final_drop
        self.random_state = random_state
        self.monitor = monitor

    def initialize(self) -> "EvolveTopology":
        """Forget all earlier trainings: the net has a new module."""
        self.update_: TopologyUpdate | None = None
        # What update_ knew before it was pickled, and a seed for the first of them.
        self.saved_: dict[str, Any] | None = None
        self.rng_: Any = None
        # The number of connections of each layer before the last final drop.
        self.full_: list[int] | None = None
        # What the optimiser held, and for which pattern, when the last training ended.
        self.held_: list[Any] = []
        self.renews_, self.has_trained_ = True, False
        return self

    def on_train_begin(self, net: Net, X: Any = None, y: Any = None, **_: Any) -> None:
        """Make ready for another training."""
        if isinstance(self.total, str) and self.total != "max_epochs":
            raise ValueError(
                f"total must be 'max_epochs', a number or None, got {self.total!r}."
            )
        checked_every(self.every)
        forget_stale(net.optimizer_, self.held_)
        on_its_way = is_on_its_way(self.update_, self.saved_ or {})
        self.renews_ = self.total == "max_epochs" and not on_its_way

    def on_epoch_begin(self, net: Net, dataset_train: Any = None, **_: Any) -> None:
        """Make the update before the first epoch; it may add connections."""
        if self.update_ is None or self.renews_:
            self.update_ = self._begun(net, dataset_train)
            self.renews_ = False

    def _begun(self, net: Net, dataset_train: Any) -> TopologyUpdate:
        if self.rng_ is None:
            self.rng_ = generator(self.random_state)
        if self.full_ is not None:
            regrow(net.module_, net.optimizer_, self.full_, self.newborn, self.rng_)
        saved = None if self.renews_ else self.saved_
        given = self._given(self._n_calls(net, dataset_train))
        if self.has_trained_ and saved is None:  # the density is at its end already
            given["density_schedule"] = "constant"
        self.full_, self.saved_, self.has_trained_ = None, None, True
        return begun_update(net.module_, net.optimizer_, given, saved)

    def _n_calls(self, net: Net, dataset_train: Any) -> int | None:
        """Return the calls of `step` in all, None if it is not known."""
        if self.total != "max_epochs":
            return self.total  # type: ignore[return-value]
        epochs = int(net.max_epochs)
        if self.every == "epoch":
            return epochs
        return epochs * len(net.get_iterator(dataset_train, training=True))

    def _given(self, total: int | None) -> dict[str, Any]:
        """Return the arguments of `TopologyUpdate`."""
        names = (
            *("method", "zeta", "drop", "grow", "zeta_schedule", "density_schedule"),
            *("newborn", "every", "final_drop"),
        )
        given = {name: getattr(self, name) for name in names}
        unit = "epochs" if self.every == "epoch" else "steps"
        return given | {f"total_{unit}": total, "random_state": self.rng_}

    def on_batch_end(self, net: Net, training: bool = False, **_: Any) -> None:
        """Count a training step, if `every` is a number."""
        if training and self.every != "epoch":
            self._step()

    def on_epoch_end(self, net: Net, **_: Any) -> None:
        """Count an epoch, if `every` is "epoch"."""
        if self.every == "epoch":
            known = self.monitor if self.monitor in net.history[-1] else None
            self._step(net.history[-1, known] if known else None)

    def _step(self, loss: float | None = None) -> None:
        update = self.update_
        if update is None or update.calls == update.total:
            return
        before = [layer.nnz for layer in update.layers]
        update.step(loss)
        if update.calls == update.total:
            self.full_ = before

    def on_train_end(self, net: Net, X: Any = None, y: Any = None, **_: Any) -> None:
        """Remember what the optimiser holds for which pattern."""
        layers = [part for part in net.module_.modules() if isinstance(part, SETLinear)]
        self.held_ = held_states(net.optimizer_, layers)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the module: skorch pickles that by itself."""
        state = self.__dict__.copy()
        if state.get("update_") is not None:
            update = state["update_"]
            state["saved_"] = {**update.state_dict(), "total": update.total}
            state["update_"] = None
        if "held_" in state:
            state["held_"] = []
        return state
