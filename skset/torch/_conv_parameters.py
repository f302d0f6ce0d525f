"""Parameters of `SETConvClassifier`: allowed values, and their documentation."""

import math
from collections.abc import Iterable
from textwrap import indent
from types import SimpleNamespace
from typing import Any, TypeVar

import torch

from skset.model import INITIAL_WEIGHTS
from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    METHODS,
    MIN_EPSILON,
    SCHEDULES,
)
from skset.torch._allowed import (
    Parameter,
    among,
    any_of,
    are_sizes,
    entries,
    flag,
    is_device,
    is_image_shape,
    number,
    one_of,
    strategy,
    whole,
)

__all__ = ["checked_parameters", "documented"]

Class = TypeVar("Class", bound=type)
SOLVERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}


PARAMETERS: dict[str, Parameter] = {
    "hidden_layer_sizes": Parameter(
        "int or sequence of int",
        "Units of each sparse layer. With ``()`` there is none, and nothing evolves.",
        are_sizes,
    ),
    "channels": Parameter(
        "int or sequence of int",
        "Maps of each convolutional block. With ``()`` there is none.",
        are_sizes,
    ),
    "image_shape": Parameter(
        '(int, int, int), "row" or None',
        """
        Channels, height and width. Needed if X has rows of numbers, one for each
        channel, line and column, in this order. "row" means that each row is an image
        of one line, whose columns have neighbours: a signal. With None X has images.
        The shape is never guessed from the number of columns.
        """,
        is_image_shape,
    ),
    "kernel_size": Parameter(
        "int",
        "Height and width of the kernels: 1, 3, 5 ..., so that a map keeps its size.",
        lambda value: whole(1)(value) and value % 2 == 1,
    ),
    "batch_norm": flag("Whether maps are normalised over the batch."),
    "pool": Parameter(
        "int",
        """
        Height and width of the areas of each block whose maximum is taken. At least 1,
        which takes none. An area is never larger than the map.
        """,
        whole(1),
    ),
    "dropout": Parameter(
        "float in [0, 1)",
        """
        Share of the outputs of blocks and sparse layers that a training step sets to 0.
        """,
        number(0, 1, "[)"),
    ),
    "epsilon": Parameter(
        "float",
        """
        Sets the density of each sparse layer to ``min(1, epsilon (n_in + n_out) / (n_in
        n_out))`` [1]_. At least 0.001; 20 is the paper's.
        """,
        number(MIN_EPSILON),
    ),
    "density": Parameter(
        "float in (0, 1] or None",
        "Density of each sparse layer, in place of epsilon.",
        any_of(among(None), number(0, 1, "(]")),
    ),
    "weight_init": one_of(
        INITIAL_WEIGHTS,
        "Initial weights of the sparse layers, as in `~skset.torch.SETLinear`.",
    ),
    "method": one_of(
        METHODS,
        """
        A published method: see docs/strategies.md. It sets the parameters from `zeta`
        to `newborn` where these are None.
        """,
    ),
    "zeta": Parameter(
        "float in [0, 1) or None",
        """
        Share of a layer's connections that an evolution replaces at first. None is that
        of `method`: 0.3 for "set".
        """,
        any_of(among(None), number(0, 1, "[)")),
    ),
    "drop": strategy(
        DROPS,
        """
        Which connections an evolution removes: a name, or an object of
        `skset.strategies`. None is that of `method`.
        """,
    ),
    "grow": strategy(
        GROWS,
        """
        Where it adds as many: a name or an object. None is that of `method`. Signals
        are those of the last batches.
        """,
    ),
    "zeta_schedule": strategy(
        SCHEDULES, "How zeta changes during training; None is as `method` has it."
    ),
    "density_schedule": strategy(
        DENSITY_SCHEDULES,
        "How the density changes during training; None is as `method` has it.",
    ),
    "newborn": one_of(
        ("zero", "init", "he_uniform"),
        """
        Weights of new connections: 0, initial weights, or uniform within ``sqrt(6 /
        n_in)``, n_in being all inputs of the layer. None is as `method` has it.
        """,
        None,
    ),
    "final_drop": flag(
        """
        Whether training ends with a drop without regrowth [1]_. Not applied to a
        network restored by early stopping, nor by `partial_fit`.
        """
    ),
    "solver": one_of(SOLVERS, "PyTorch's optimiser; \"sgd\" with Nesterov's momentum."),
    "alpha": Parameter(
        "float",
        """
        Strength of the L2 penalty of the weights W of all layers, as in scikit-learn's
        MLP: ``alpha * W / B`` is added to the gradient of a batch of B images. With
        "adamw" a weight loses the share ``learning_rate * alpha`` of itself in each
        step. Not negative.
        """,
        number(0),
    ),
    "batch_size": Parameter(
        "int", "Images per step, at least 1. Clipped to their number.", whole(1)
    ),
    "learning_rate_init": Parameter(
        'float or "auto"',
        """
        Initial learning rate. "auto" is 0.003, and 0.02 for "sgd": a unit with few
        connections has small sums of gradients; see the table in docs/torch.md.
        """,
        any_of(among("auto"), number(0, ends="(]")),
    ),
    "learning_rate": one_of(
        ("constant", "cosine"),
        """
        Schedule of the learning rate, epoch by epoch. "cosine" takes it to 0 at
        `max_iter`; in `partial_fit` it is constant.
        """,
    ),
    "momentum": Parameter(
        "float in [0, 1)", 'Momentum of solver "sgd".', number(0, 1, "[)")
    ),
    "max_iter": Parameter("int", "Largest number of epochs, at least 1.", whole(1)),
    "tol": Parameter(
        "float", "Smallest fall of the loss that counts; not negative.", number(0)
    ),
    "n_iter_no_change": Parameter(
        'int, inf or "auto"',
        """
        Training ends after more than this number of epochs in which the loss does not
        fall. "auto" is inf for "cosine" without early stopping, as the loss falls most
        when the rate comes to its end, and 10 otherwise.
        """,
        any_of(among("auto", math.inf), whole(1)),
    ),
    "early_stopping": flag(
        """
        Whether to stop by the loss of a validation set in place of the training loss,
        and to restore the weights and the topology of the best epoch.
        """
    ),
    "validation_fraction": Parameter(
        "float in (0, 1)",
        "Share of the training data set aside if `early_stopping` is True.",
        number(0, 1, "()"),
    ),
    "class_weight": Parameter(
        'dict, "balanced" or None',
        "Weights of the classes, multiplied with `sample_weight`.",
        lambda value: value is None or value == "balanced" or isinstance(value, dict),
    ),
    "warm_start": flag(
        """
        Whether `fit` goes on from the network of the last call. It first grows as many
        connections at random as the last fit dropped for good.
        """
    ),
    "standardize": Parameter(
        'bool or "auto"',
        """
        Whether each channel gets mean 0 and variance 1, by numbers that are learned in
        the first fit. "auto" is True.
        """,
        among(True, False, "auto"),
    ),
    "device": Parameter(
        'str, "auto" or torch.device',
        'Where the network is: "cpu", "cuda", or "auto" for a GPU if there is one.',
        is_device,
    ),
    "callbacks": Parameter(
        "list or None",
        """
        Callbacks of skorch: objects, or pairs of a name and an object. The validation
        loss is ``valid_loss`` in the history.
        """,
        lambda value: value is None or isinstance(value, (list, tuple)),
    ),
    "random_state": Parameter(
        "int, RandomState instance or None",
        """
        Seed of weights, topology, shuffling, dropout and evolution. The same seed gives
        the same bits on a CPU with one thread. PyTorch's own generators stay as they
        are.
        """,
        lambda value: True,  # scikit-learn checks it
    ),
    "verbose": Parameter(
        "bool or int",
        "Whether to print a line per epoch.",
        any_of(among(True, False), whole(0)),
    ),
}


def checked_parameters(estimator: Any) -> SimpleNamespace:
    """Return the parameters, with numbers in place of "auto".

    Raises
    ------
    ValueError
        If one has a value that is not allowed.
    """
    p = SimpleNamespace(**estimator.get_params(deep=False))
    for name, value in vars(p).items():
        parameter = PARAMETERS[name]
        if not parameter.allows(value):
            raise ValueError(
                f"The {name!r} parameter of {type(estimator).__name__} must be "
                f"{parameter.type}. Got {value!r} instead."
            )
    p.channels, p.hidden_layer_sizes = _tuple(p.channels), _tuple(p.hidden_layer_sizes)
    if p.batch_norm and p.batch_size == 1:
        raise ValueError(
            "batch_size must be at least 2 with batch_norm=True: one image has no "
            "variance."
        )
    if p.learning_rate_init == "auto":
        p.learning_rate_init = 0.02 if p.solver == "sgd" else 0.003
    if p.n_iter_no_change == "auto":
        rests = p.learning_rate == "cosine" and not p.early_stopping
        p.n_iter_no_change = math.inf if rests else 10
    if p.device == "auto":
        p.device = "cuda" if torch.cuda.is_available() else "cpu"
    return p


def _tuple(sizes: Any) -> tuple[int, ...]:
    return tuple(map(int, sizes)) if isinstance(sizes, Iterable) else (int(sizes),)


def documented(cls: Class) -> Class:
    """Fill in ``{parameters}`` in the docstring of a class."""
    if cls.__doc__:  # None under python -OO
        text = indent(entries(cls, PARAMETERS), " " * 4).strip()
        cls.__doc__ = cls.__doc__.replace("{parameters}", text)
    return cls
