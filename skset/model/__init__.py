"""Sparse networks and Boltzmann machines, and their parts."""

from skset.model.activation_names import (
    ACTIVATIONS,
    activations_for,
    auto_weight_init,
)
from skset.model.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    Identity,
    LeakyReLU,
    Logistic,
    SiLU,
    Softplus,
    Tanh,
)
from skset.model.averaging import averaged, difference_of, normalised_weights
from skset.model.boltzmann import RBM, bernoulli
from skset.model.column_moments import add_squares, add_sums, column_sums
from skset.model.explained_variance import ExplainedVariance
from skset.model.greedy_coverage import coverage
from skset.model.held import Held
from skset.model.importance import (
    attribution,
    contributions,
    incoming_strength,
    path_strength,
    reconstruction_paths,
    strength,
)
from skset.model.layer import Layer
from skset.model.logistic import logistic, softplus
from skset.model.losses import (
    LOSSES,
    AbsoluteError,
    Gamma,
    Huber,
    LogLoss,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)
from skset.model.network import Network
from skset.model.outputs import OUTPUTS, log_softmax
from skset.model.samples import Reconstruction, Samples
from skset.model.scaling import Scaled, Scaling
from skset.model.shared_network import SharedLayer, SharedNetwork, Task
from skset.model.signals import Signals, sensitivities, signals_of
from skset.model.streamed import RowBlock, StreamedSamples, recut
from skset.model.weights import INITIAL_WEIGHTS

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "INITIAL_WEIGHTS",
    "LOSSES",
    "OUTPUTS",
    "RBM",
    "SELU",
    "AbsoluteError",
    "Activation",
    "ExplainedVariance",
    "Gamma",
    "Held",
    "Huber",
    "Identity",
    "Layer",
    "LeakyReLU",
    "LogLoss",
    "Logistic",
    "Loss",
    "Network",
    "Poisson",
    "Quantile",
    "Reconstruction",
    "RowBlock",
    "Samples",
    "Scaled",
    "Scaling",
    "SharedLayer",
    "SharedNetwork",
    "SiLU",
    "Signals",
    "Softplus",
    "SquaredError",
    "StreamedSamples",
    "Tanh",
    "Task",
    "activations_for",
    "add_squares",
    "add_sums",
    "attribution",
    "auto_weight_init",
    "averaged",
    "bernoulli",
    "column_sums",
    "contributions",
    "coverage",
    "difference_of",
    "incoming_strength",
    "log_softmax",
    "logistic",
    "normalised_weights",
    "path_strength",
    "reconstruction_paths",
    "recut",
    "sensitivities",
    "signals_of",
    "softplus",
    "strength",
]
