"""`Course`: a training of a `SETConvNet` that is ready to begin."""

import copy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from skorch.helper import predefined_split

from skset.strategies import METHODS
from skset.torch._conv_parameters import SOLVERS
from skset.torch._conv_training import (
    Batches,
    Connections,
    Images,
    LearningRate,
    Stopping,
    WeightedNet,
    n_connections,
)
from skset.torch._convolutional import SETConvNet
from skset.torch._update_checks import is_constant
from skset.torch.skorch import EvolveTopology

__all__ = ["Course", "new_course"]

OF_LAYERS = ("dropout", "hidden_layer_sizes", "kernel_size", "batch_norm", "pool")
OF_DRAWS = ("epsilon", "density", "weight_init")
OF_EVOLUTION = (
    *("zeta", "drop", "grow", "zeta_schedule", "density_schedule"),
    "newborn",
)


@dataclass(frozen=True, eq=False)
class Course:
    """A training that is ready to begin.

    Attributes
    ----------
    net : WeightedNet
        Has module and optimiser.
    stopping : Stopping
        Knows when to stop, and the best epoch.
    evolve : EvolveTopology or None
        None if there is no sparse layer.
    final : int
        Number of connections when a density schedule has ended.
    """

    net: WeightedNet
    stopping: Stopping
    evolve: EvolveTopology | None
    final: int

    def full(self) -> list[int] | None:
        """Return the connections of each layer before a final drop, if any."""
        return self.evolve and self.evolve.full_

    def state(self) -> dict[str, Any]:
        """Return what the next `partial_fit` needs, but for the module."""
        return {
            "optimizer": self.net.optimizer_.state_dict(),
            "evolve": self.evolve and self.evolve.__getstate__(),
        }


def new_course(
    estimator: Any,
    p: SimpleNamespace,
    goes_on: bool,
    validation: Images | None = None,
    partial: bool = False,
) -> Course:
    """Return a training of a new network, or of a copy of the one that is there."""
    module = _module(estimator, p, goes_on)
    final = estimator._final if goes_on else n_connections(module)[0]
    if partial:
        stopping = Stopping(0.0, np.inf, False, lambda module: True)
    else:
        stopping = Stopping(
            p.tol,
            p.n_iter_no_change,
            validation is not None,
            lambda module: n_connections(module)[0] <= final,
        )
    evolve = _evolution(p, partial) if n_connections(module)[1] else None
    net = _net(
        p, module, [stopping, *([evolve] if evolve else [])], validation, partial
    )
    if goes_on:
        _resume(net, evolve, vars(estimator), partial)
    return Course(net, stopping, evolve, final)


def _module(estimator: Any, p: SimpleNamespace, goes_on: bool) -> SETConvNet:
    """Return a copy of the network, or a new one."""
    options = {name: getattr(p, name) for name in (*OF_LAYERS, *OF_DRAWS)}
    layers = {"channels": p.channels, **{name: options[name] for name in OF_LAYERS}}
    if not goes_on:
        estimator._layers = layers
        shape = estimator.image_shape_, len(estimator.classes_), p.channels
        return SETConvNet(*shape, **options)
    for name, value in estimator._layers.items():
        if layers[name] != value:
            raise ValueError(
                f"{name} cannot change while a training goes on. It was {value}, and "
                f"is {layers[name]}."
            )
    module: SETConvNet = copy.deepcopy(estimator.module_)
    return module


def _evolution(p: SimpleNamespace, partial: bool) -> EvolveTopology:
    """Return the callback that lets the topology evolve."""
    given = {name: getattr(p, name) for name in OF_EVOLUTION}
    total: Any = "max_epochs"
    if partial:
        constant = is_constant(METHODS[p.method].evolution(**given))
        total = None if constant else p.max_iter
    drops = p.final_drop and not partial
    return EvolveTopology(p.method, **given, total=total, final_drop=drops)


def _net(
    p: SimpleNamespace,
    module: SETConvNet,
    last: list[Any],
    validation: Images | None,
    partial: bool,
) -> WeightedNet:
    """Return a net that is ready to train; `last` are its last callbacks."""
    schedule = "constant" if partial else p.learning_rate
    rate = LearningRate(p.learning_rate_init, schedule)
    net = WeightedNet(
        module,
        criterion=torch.nn.CrossEntropyLoss,
        criterion__reduction="none",
        optimizer=SOLVERS[p.solver],
        **_of_optimiser(p),
        lr=p.learning_rate_init,
        max_epochs=1 if partial else p.max_iter,
        batch_size=p.batch_size,
        iterator_train=Batches,
        iterator_train__shuffle=True,
        iterator_valid=Batches,
        train_split=validation and predefined_split(validation),
        callbacks=[Connections(), rate, *(p.callbacks or ()), *last],
        device=p.device,
        verbose=int(p.verbose),
    )
    net.initialize()
    return net


def _of_optimiser(p: SimpleNamespace) -> dict[str, Any]:
    decay = p.alpha if p.solver == "adamw" else p.alpha / p.batch_size
    given: dict[str, Any] = {"weight_decay": decay}
    if p.solver == "sgd":
        given.update(momentum=p.momentum, nesterov=p.momentum > 0)
    # Neither biases nor batch normalisation have a penalty.
    given["param_groups"] = [
        (pattern, {"weight_decay": 0.0}) for pattern in ("*bias", "*norm.weight")
    ]
    return {f"optimizer__{name}": value for name, value in given.items()}


def _resume(
    net: WeightedNet,
    evolve: EvolveTopology | None,
    fitted: dict[str, Any],
    partial: bool,
) -> None:
    """Let a net go on from an earlier training."""
    state = fitted["_state"] if partial else None
    if state:
        net.optimizer_.load_state_dict(copy.deepcopy(state["optimizer"]))
    if evolve:
        evolve.full_, evolve.has_trained_ = fitted["_full"], True
    if evolve and state:
        evolve.saved_, evolve.rng_ = (state["evolve"][k] for k in ("saved_", "rng_"))
