"""`TaskEstimator`: parameters of an estimator of tasks, and what it has learned."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skset.estimators._estimator import learned
from skset.estimators._parameters import validate
from skset.estimators._strategy_parameters import nested, set_nested, split_nested
from skset.estimators._task_labels import Label, checked_label
from skset.estimators._task_perceptron import FIXED
from skset.estimators._types import Array
from skset.estimators._units import raw_inputs
from skset.estimators._unpickled import check_learned
from skset.estimators._version_stamp import stamped, unstamped
from skset.model import Network, Scaling, SharedNetwork
from skset.strategies import METHODS

__all__ = ["TaskEstimator"]

# Parameters of the whole, not of the perceptron of a task.
OWN = ("unknown_task",)
# Attributes that have an entry for each task.
BY_TASK = ("_targets", "task_classes_")


class TaskEstimator(BaseEstimator):
    """An estimator that learns tasks in one shared network.

    Warning: this class is not to be used directly; use its subclass.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]]
    _methods = METHODS
    _fixed = FIXED
    _learns_from_y = True
    _network: SharedNetwork
    # The units of the inputs, for all tasks.
    _scaling: Scaling | None = None
    # The classes of each task.
    _targets: Mapping[Label, Any]
    # The hidden layers that `density` refers to.
    _sizes_at_first: list[int]
    # Seeds of the tasks are made of this and of the number of trainings.
    _entropy: int
    _n_trainings: int
    classes_: Array
    task_classes_: dict[Label, Array]
    n_iter_: int
    loss_curve_: list[float]

    # Parameters.

    def _validate_params(self) -> None:
        validate(self, self.get_params(deep=False))

    def _params_of_task(self, seed: int) -> dict[str, Any]:
        """Return the parameters of the perceptron of a task."""
        params = self.get_params(deep=False)
        kept = {name: value for name, value in params.items() if name not in OWN}
        return {**kept, "random_state": seed}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the parameters of strategies that are given as objects, as
            ``grow__random_share``.

        Returns
        -------
        params : dict
            Values by name.
        """
        params: dict[str, Any] = super().get_params(deep=deep)
        return {**params, **nested(params)} if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, or of its strategies.

        Parameters
        ----------
        **params : dict
            Values by name. ``grow__random_share`` sets a parameter of the growth, which
            may be given as an object or by its name. From then on it is an object.

        Returns
        -------
        self : estimator
            This estimator.

        Raises
        ------
        ValueError
            If there is no parameter of that name.
        """
        own, of_parts = split_nested(params, self._get_param_names())
        super().set_params(**own)
        set_nested(self, of_parts)
        return self

    # What was learned.

    @property
    def tasks_(self) -> list[Label]:
        """Labels of the tasks, in the order they were learned."""
        return list(self._shared().tasks)

    @property
    def capacity_(self) -> float:
        """Share of the places in the hidden layers that tasks use."""
        return self._shared().n_shared / self._network.n_places

    @property
    def owner_(self) -> list[Any]:
        """For each hidden layer the number of the task that owns a connection."""
        layers = self._shared().layers
        return [layer.topology.to_csr(layer.owner.copy()) for layer in layers]

    @property
    def shared_connections_(self) -> Array:
        """How many hidden connections each two tasks have in common."""
        return self._shared().common()

    @property
    def nnz_(self) -> int:
        """Number of connections that are stored, output layers included."""
        return self._shared().nnz

    @property
    def hidden_layer_sizes_(self) -> list[int]:
        """Number of units of each hidden layer."""
        return self._shared().n_units[1:]

    def network_of(self, task: Label = None) -> Network:
        """Return the network of a task, for X as it is; its arrays are read-only.

        Parameters
        ----------
        task : str or int, default=None
            Label of the task; None is the only one.

        Returns
        -------
        network : skset.model.Network
            Hidden layers with the connections of the task, and its output layer.

        Raises
        ------
        ValueError
            If there is no such task.
        """
        check_is_fitted(self)
        network = self._network.network_of(self._known(checked_label(task)))
        return network if self._scaling is None else raw_inputs(network, self._scaling)

    def _known(self, label: Label) -> Label:
        """Return the label of a task that was learned; None is the only one."""
        tasks: list[Label] = list(self._network.tasks)
        if label in tasks:
            return label
        if label is None and len(tasks) == 1:
            return tasks[0]
        if label is None:
            raise ValueError(
                f"There are several tasks, {tasks}: name one as `task`, or one for "
                "each row. With unknown_task='entropy' predictions choose one."
            )
        raise ValueError(f"Task {label!r} is unknown; the tasks are {tasks}.")

    def _shared(self) -> SharedNetwork:
        network: SharedNetwork = learned(self, "_network")
        return network

    def __sklearn_is_fitted__(self) -> bool:
        return "_network" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = stamped(super().__getstate__())
        # In pairs: a label may be None, which is no key in every kind of file.
        pairs = {name: tuple(state[name].items()) for name in BY_TASK if name in state}
        return {**state, **pairs}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        state = unstamped(state, type(self).__name__)
        by_task = {name: dict(state[name]) for name in BY_TASK if name in state}
        super().__setstate__({**state, **by_task})
        if self.__sklearn_is_fitted__():
            check_learned(self)
            self._network.frozen()  # unpickled arrays are writable
