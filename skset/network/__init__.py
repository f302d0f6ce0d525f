"""Sparse perceptrons and Boltzmann machines, and their training."""

from skset.network.activations import ACTIVATIONS, logistic, softplus
from skset.network.boltzmann import RBM, bernoulli, column_sums
from skset.network.divergence import ContrastiveDivergence, DivergenceOptions
from skset.network.epochs import Progress
from skset.network.importance import (
    attribution,
    contributions,
    coverage,
    path_strength,
    reconstruction_paths,
    strength,
)
from skset.network.initial import INITIAL_WEIGHTS
from skset.network.layers import Layer
from skset.network.learning_rate import LearningRate
from skset.network.losses import LOSSES, OUTPUTS, log_softmax
from skset.network.network import Network
from skset.network.noise import GaussianNoise
from skset.network.optimisers import SGD, Adam
from skset.network.samples import Reconstruction, Samples
from skset.network.signals import Signals
from skset.network.training import Training, TrainingOptions

__all__ = [
    "ACTIVATIONS",
    "INITIAL_WEIGHTS",
    "LOSSES",
    "OUTPUTS",
    "RBM",
    "SGD",
    "Adam",
    "ContrastiveDivergence",
    "DivergenceOptions",
    "GaussianNoise",
    "Layer",
    "LearningRate",
    "Network",
    "Progress",
    "Reconstruction",
    "Samples",
    "Signals",
    "Training",
    "TrainingOptions",
    "attribution",
    "bernoulli",
    "column_sums",
    "contributions",
    "coverage",
    "log_softmax",
    "logistic",
    "path_strength",
    "reconstruction_paths",
    "softplus",
    "strength",
]
