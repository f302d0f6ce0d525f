"""`to_mlp`: a fitted perceptron as scikit-learn's own dense one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skset.estimators._types import Array
from skset.model import ACTIVATIONS, Activation, Network

__all__ = ["to_mlp"]

# Activations that scikit-learn's MLP has, and the output functions that it learns with.
MLP_ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
LOSS_OF_OUTPUT = {"identity": "squared_error", "exp": "poisson"}
# What an MLP shows of its training, where the estimator has it.
RECORD = ("n_iter_", "t_", "loss_", "loss_curve_")
SHOWN = ("n_features_in_", "feature_names_in_", "n_outputs_", "out_activation_")


def to_mlp(self: Any, *, max_bytes: float = 2**30) -> Any:
    """Return scikit-learn's own MLP with the same predictions, fitted.

    It is for tools that know only that. Its weights are dense arrays in float64, with 0
    where there is no connection. They take X as it is: the units of the inputs are in
    the first layer, those of the targets in the last one. Predictions differ by the
    rounding of the network's `dtype`. Sparse X works.

    Its parameters are those of the network (`hidden_layer_sizes`, `activation` and, if
    the output is "exp", `loss`); all others are the MLP's defaults. `loss_`,
    `loss_curve_`, `n_iter_` and `t_` are those of this estimator. `partial_fit` and a
    `warm_start` go on from these weights with a new optimiser, so `best_loss_` is
    infinite. They also train the weights that are 0.

    Parameters
    ----------
    max_bytes : float, default=2**30
        The most memory that the dense weights may take, 8 bytes for each. The default,
        1 GiB, leaves room for three layers of 6,000 units. Beyond it the dense weights
        of a sparse network soon take all memory, which should not happen by mistake.

    Returns
    -------
    mlp : MLPClassifier or MLPRegressor
        With arrays of its own.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the MLP does not have an activation or the output function, or has it in a
        later version of scikit-learn only; if layers have different activations; if
        there is one class or one label; if weights are not finite in the units of X; or
        if they take more than `max_bytes`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skset import SETClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SETClassifier((20,), random_state=0).fit(X, y)
    >>> mlp = model.to_mlp()
    >>> type(mlp).__name__, mlp.coefs_[0].shape
    ('MLPClassifier', (4, 20))
    >>> bool(abs(mlp.predict_proba(X) - model.predict_proba(X)).max() < 1e-5)
    True

    A regressor becomes an `~sklearn.neural_network.MLPRegressor`:

    >>> from skset import SETRegressor
    >>> type(SETRegressor((20,), random_state=0).fit(X, y).to_mlp()).__name__
    'MLPRegressor'
    """
    check_is_fitted(self)
    _check_size(self._network, max_bytes)
    params = {
        "hidden_layer_sizes": tuple(self._network.n_units[1:-1]),
        "activation": _activation(self._network),
    }
    mlp = (_classifier if is_classifier(self) else _regressor)(self, params)
    vars(mlp).update(_weights(self), **_record(self))
    return mlp


def _check_size(network: Network, max_bytes: Any) -> None:
    """Raise if the dense weights and biases of a network are too large."""
    if not (isinstance(max_bytes, (int, float, np.number)) and max_bytes >= 0):
        raise ValueError(f"max_bytes must be a number, 0 or more, got {max_bytes!r}.")
    needed = 8 * (network.n_possible + sum(network.n_units[1:]))
    if needed > max_bytes:
        raise ValueError(
            f"The dense weights of an MLP with {network.n_units} units take {needed:,} "
            f"bytes, more than max_bytes={max_bytes:,}."
        )


def _activation(network: Network) -> str:
    """Return the name that the MLP has for the activation of all hidden layers."""
    names = []
    for depth, activation in enumerate(network.hidden):
        name = _name_in_mlp(activation)
        if name is None:
            raise ValueError(
                f"scikit-learn's MLP has no activation {activation!r}, which hidden "
                f"layer {depth} has; it has {list(MLP_ACTIVATIONS)}."
            )
        names.append(name)
    if len(set(names)) > 1:
        raise ValueError(
            "scikit-learn's MLP has one activation for all hidden layers, but this "
            f"network has {names}."
        )
    return names[0] if names else "relu"


def _name_in_mlp(activation: Activation) -> str | None:
    for name in MLP_ACTIVATIONS:
        own = ACTIVATIONS[name](0, None)
        if type(own) is type(activation) and own == activation:
            return name
    return None


def _classifier(estimator: Any, params: Mapping[str, Any]) -> Any:
    """Return an MLPClassifier that knows the classes."""
    # Here, as they import a large part of scikit-learn.
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import LabelBinarizer

    targets, mlp = estimator._targets, MLPClassifier(**params)
    n_classes = targets.classes.size
    if n_classes < 2:
        raise ValueError(
            "scikit-learn's MLPClassifier cannot predict one class or one label only: "
            f"classes_ is {targets.classes!r}."
        )
    labels = np.eye(n_classes, dtype=int) if targets.multilabel else targets.classes
    mlp._label_binarizer = LabelBinarizer().fit(labels)
    if not targets.multilabel:  # it has made strings of objects
        mlp._label_binarizer.classes_ = targets.classes
    mlp.classes_ = mlp._label_binarizer.classes_
    return mlp


def _regressor(estimator: Any, params: Mapping[str, Any]) -> Any:
    """Return an MLPRegressor with the output function of the network."""
    from sklearn.neural_network import MLPRegressor  # as above

    output, targets = estimator._network.output, estimator._targets
    if output not in LOSS_OF_OUTPUT:
        raise ValueError(
            f"scikit-learn's MLPRegressor has no output function {output!r}, which "
            f"{targets.loss_function!r} needs."
        )
    mlp = MLPRegressor(**params)
    if output == "identity":
        return mlp
    if "loss" not in mlp.get_params():
        raise ValueError(
            f"scikit-learn's MLPRegressor has the output function {output!r}, which "
            f"{targets.loss_function!r} needs, from version 1.7 on."
        )
    return mlp.set_params(loss=LOSS_OF_OUTPUT[output])


def _weights(estimator: Any) -> dict[str, Any]:
    """Return dense weights and biases in float64, in the units of X and y."""
    network = estimator._network
    doubled = network.with_layers(layer.astype(np.float64) for layer in network.layers)
    # Folded in float64: a mean of 100,000 in a bias of float32 would lose everything.
    with np.errstate(over="ignore", invalid="ignore"):  # an error is raised below
        layers = estimator._in_raw_units(doubled).layers
    coefs: list[Array] = [layer.to_csr().toarray() for layer in layers]
    intercepts: list[Array] = [layer.bias.copy() for layer in layers]
    if not all(np.isfinite(array).all() for array in (*coefs, *intercepts)):
        raise ValueError("The weights are not finite in the units of X.")
    return {"coefs_": coefs, "intercepts_": intercepts, "n_layers_": len(layers) + 1}


def _record(estimator: Any) -> dict[str, Any]:
    """Return the other attributes of a fitted MLP."""
    record: dict[str, Any] = {
        name: getattr(estimator, name)
        for name in (*RECORD, *SHOWN)
        if hasattr(estimator, name)
    }
    return {
        **record,
        "loss_curve_": list(estimator.loss_curve_),
        "best_loss_": np.inf,
        "validation_scores_": None,
        "best_validation_score_": None,
        "_no_improvement_count": 0,
    }
