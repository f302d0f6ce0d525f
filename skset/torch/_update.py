"""`TopologyUpdate`: lets the sparse layers of a PyTorch module evolve in training."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from skset.model import Layer, Signals
from skset.strategies import METHODS, ConstantDensity
from skset.topology import Topology
from skset.torch import _update_checks as checks
from skset.torch._loose_layers import LooseLayers, enlarged, old_places
from skset.torch._optimiser_state import carried_state, check_optimiser
from skset.torch._pattern_tensors import checked_topology, pattern_tensors
from skset.torch._random import generator
from skset.torch._recorder import Recent, n_samples, new_recorders
from skset.training import DensityGoal, Evolver, State, denser_at_first

__all__ = ["TopologyUpdate"]

NEWBORN = ("zero", "init", "he_uniform")


class TopologyUpdate:
    """Lets the topology of all `~skset.torch.SETLinear` layers of a module evolve.

    At each evolution a fraction zeta of the connections of each layer is dropped, and
    as many are grown elsewhere. What the optimiser holds for a connection, as momentum,
    moves along with it; a new connection begins without. Gradients are cleared. The
    parameters stay the same objects.

    Call `step` at the end of each epoch, or, if `every` is a number, after each step of
    the optimiser.

    Parameters
    ----------
    module : torch.nn.Module
        Its layers of this class evolve, but for those whose weight is frozen
        (``requires_grad=False``) when this object is made.
    optimizer : torch.optim.Optimizer, default=None
        Trains the weights. None is for a module that is trained without one.
    method : str, default="set"
        A published method, which sets the parameters below that are None: "set",
        "static", "rigl", "granet", "ctre", "mest" or "gse".
    zeta : float in [0, 1], default=None
        Share of the connections that is replaced at first. None is that of `method`:
        0.3 for "set".
    drop, grow, zeta_schedule, density_schedule : str or object, default=None
        Names or objects of `skset.strategies`, as in `~skset.SETClassifier`.
    newborn : {"zero", "init", "he_uniform"}, default=None
        Weights of new connections, as in `~skset.SETClassifier`.
    every : "epoch" or int, default="epoch"
        Calls of `step` between two evolutions: "epoch" is 1. Published numbers for
        steps are in the hundreds.
    total_epochs : int, default=None
        Number of epochs of the training, if `every` is "epoch".
    total_steps : int, default=None
        Number of steps of the training, if `every` is a number.
    final_drop : bool, default=True
        Whether the last call of `step` (the total says which it is) drops connections
        without growing others, so that none is left that was never trained (Mocanu et
        al. 2018). Without a total there is no last call.
    random_state : int, numpy.random.Generator or None, default=None
        Draws connections. None takes a seed from PyTorch's generator.

    Attributes
    ----------
    layers : list of SETLinear
        The layers that evolve.
    calls : int
        How often `step` was called.
    evolutions : int
        How often the topology evolved.

    Raises
    ------
    TypeError
        If the optimiser does not treat numbers one by one, as Muon, Adafactor, L-BFGS.
    ValueError
        If a parameter is invalid, if there is no layer to evolve, or if a schedule
        needs a total that is not given.

    Notes
    -----
    Strategies that look at gradients or activations see the last samples that went
    backward through a layer, as many as they ask for. Outputs are those after the
    layer's own `activation`. Gradients are those of the loss that went backward.

    A density schedule ends with the density that the layers have when this object is
    made. It begins with more: random connections are added at once, and the other
    weights are scaled down with the square root of the fan-in.

    Examples
    --------
    >>> import torch
    >>> from skset.torch import SETLinear, TopologyUpdate
    >>> net = torch.nn.Sequential(
    ...     SETLinear(20, 50, density=0.2, activation="relu", random_state=0),
    ...     SETLinear(50, 3, density=0.5, random_state=1),
    ... )
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    >>> update = TopologyUpdate(net, optimizer, total_epochs=3, random_state=0)
    >>> X, y = torch.ones(8, 20), torch.zeros(8, dtype=torch.long)
    >>> for epoch in range(3):
    ...     optimizer.zero_grad()
    ...     torch.nn.functional.cross_entropy(net(X), y).backward()
    ...     optimizer.step()
    ...     evolved = update.step()
    >>> update.evolutions
    3
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: Any = None,
        method: str = "set",
        *,
        zeta: float | None = None,
        drop: Any = None,
        grow: Any = None,
        zeta_schedule: Any = None,
        density_schedule: Any = None,
        newborn: str | None = None,
        every: int | str = "epoch",
        total_epochs: int | None = None,
        total_steps: int | None = None,
        final_drop: bool = True,
        random_state: Any = None,
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"method {method!r} is none of {sorted(METHODS)}.")
        evolution = METHODS[method].evolution(
            zeta=zeta,
            drop=drop,
            grow=grow,
            zeta_schedule=zeta_schedule,
            density_schedule=density_schedule,
            newborn=newborn,
        )
        if evolution.newborn not in NEWBORN:
            raise ValueError(f"newborn must be one of {NEWBORN}, got {newborn!r}.")
        self.layers = checks.layers_to_evolve(module)
        if optimizer is not None:
            check_optimiser(optimizer, [layer.weight for layer in self.layers])
        self.every = checks.checked_every(every)
        self.total = checks.checked_total(self.every, total_epochs, total_steps)
        if self.total is None and not checks.is_constant(evolution):
            name = "total_epochs" if every == "epoch" else "total_steps"
            raise ValueError(f"The schedules of this method need {name}.")
        self.optimizer, self.final_drop = optimizer, final_drop
        self.calls = self.evolutions = 0
        rng = generator(random_state)
        self._state, self._stall = State(None, rng, rng), checks.Stall()
        self._evolution = evolution
        self._recorders = new_recorders(evolution, optimizer, self.layers)
        goal = self._begin_densely(evolution.density_schedule)
        inits = [layer.weight_init for layer in self.layers]
        self._evolver = Evolver(evolution, inits, goal=goal)
        looks_back = bool(evolution.asks_for("explored"))
        self._explored: list[Topology | None] = [
            layer.topology if looks_back else None for layer in self.layers
        ]
        self._set_sample_size()

    def step(self, loss: float | None = None) -> bool:
        """Count a step or an epoch; let the topology evolve if it is time.

        Parameters
        ----------
        loss : float, default=None
            Mean loss of the epoch, or minus a score. Only "ctre" looks at it: it grows
            at random once the loss has not improved for 40 epochs.

        Returns
        -------
        evolved : bool
            Whether the topology has changed.

        Raises
        ------
        RuntimeError
            If a strategy looks at the last batches, and there are none.
        ValueError
            If weights are not finite, or if there are more calls than the total says.
        """
        if self.total is not None and self.calls >= self.total:
            unit = "epoch" if self.every == "epoch" else "step"
            raise ValueError(
                f"step() was called more than {self.total} times, but that was the "
                f"total. With every={self.every!r} it is called once per {unit}."
            )
        if loss is not None:
            self._state.note_stall(self._stall.after(float(loss)))
        calls, evolved = self.calls + 1, False
        interval = 1 if isinstance(self.every, str) else self.every
        if calls == self.total or calls % interval == 0:
            evolved = self._evolve(calls, regrow=calls != self.total)
        self.calls = calls
        return evolved

    def _evolve(self, calls: int, regrow: bool) -> bool:
        """Evolve as the schedules say at this point; return whether that changed it."""
        state = self._state
        state.network = LooseLayers.of(self.layers, self._explored)
        state.epochs = calls if self.every == "epoch" else 0
        share = calls / self.total if self.total else 0.0
        zeta, surplus = self._evolver.planned(state.network, share)
        if not regrow and not self.final_drop:
            zeta = 0.0
        if not (zeta or surplus):
            return False
        if not state.network.is_finite():  # NaN has no rank
            raise ValueError("Training produced non-finite weights of a SETLinear.")
        if self._recorders and self._recorders[0].recent is not None:
            state.recent_steps = Recent(self._recorders)  # type: ignore[assignment]
        self._evolver.evolve(state, self._look, share, zeta, surplus, regrow)
        self._take(state.network.layers)
        self._explored = [layer.explored for layer in state.network.layers]
        state.network = state.recent_steps = None
        self.evolutions += 1
        return True

    def _look(self, n: int) -> list[Signals]:
        """Return each layer's signals for its last n samples, or fewer."""
        return [recorder.signals(n) for recorder in self._recorders]

    def _take(self, layers: Sequence[Layer]) -> None:
        """Give the modules and the optimiser what has become of the layers."""
        sources = [old_places(layer) for layer in layers]
        states = [  # all of them first: one may raise
            carried_state(self.optimizer, module.weight, source)
            for module, source in zip(self.layers, sources, strict=True)
        ]
        parts = zip(self.layers, layers, states, strict=True)
        for module, layer, state in parts:
            if layer.topology is not module.topology:
                module.rewire(layer.topology, torch.from_numpy(layer.weights))
                if state:
                    self.optimizer.state[module.weight].update(state)
        self._set_sample_size()

    def _begin_densely(self, schedule: Any) -> DensityGoal | None:
        """Make the layers as dense as the schedule begins; return where it ends."""
        if isinstance(schedule, ConstantDensity):
            return None
        before = [layer.topology for layer in self.layers]
        rng = self._state.topology_rng
        denser, goal = denser_at_first(before, schedule, rng)
        layers = LooseLayers.of(self.layers).layers
        inits = [layer.weight_init for layer in self.layers]
        parts = zip(layers, denser, inits, strict=True)
        self._take([enlarged(*part, rng) for part in parts])
        return goal

    def _set_sample_size(self) -> None:
        """Have as many samples recorded as strategies ask for with these topologies."""
        topologies = [layer.topology for layer in self.layers]
        for recorder in self._recorders:
            recorder.n_samples = n_samples(self._evolution, topologies)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of this object; module and optimiser have their own."""
        goal, explored = self._evolver.goal, self._explored
        return {
            "calls": self.calls,
            "evolutions": self.evolutions,
            "random": self._state.topology_rng.bit_generator.state,
            "stall": [self._stall.best, self._stall.n, self._state.longest_stall],
            "goal": None if goal is None else list(goal),
            "explored": [t and list(pattern_tensors(t)) for t in explored],
            "recorded": [recorder.state_dict() for recorder in self._recorders],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned.

        Make module, optimiser and this object as at first; then load all three states.

        Raises
        ------
        ValueError
            If the state is of other layers.
        """
        if len(state["explored"]) != len(self.layers):
            raise ValueError("The state is that of a module with other layers.")
        shapes = [(layer.in_features, layer.out_features) for layer in self.layers]
        self._explored = [
            pattern and checked_topology(shape, *pattern)
            for shape, pattern in zip(shapes, state["explored"], strict=True)
        ]
        self.calls, self.evolutions = state["calls"], state["evolutions"]
        self._state.topology_rng.bit_generator.state = state["random"]
        self._stall.best, self._stall.n, self._state.longest_stall = state["stall"]
        self._evolver.goal = state["goal"] and DensityGoal(*state["goal"])
        for recorder, recorded in zip(self._recorders, state["recorded"], strict=True):
            recorder.load_state_dict(recorded)
        self._set_sample_size()
