"""Sparse multilayer perceptrons and their training."""

from skset.network.activations import ACTIVATIONS
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
from skset.network.training import Progress, Training, TrainingOptions
from skset.network.workspace import Signals

__all__ = [
    "ACTIVATIONS",
    "INITIAL_WEIGHTS",
    "LOSSES",
    "OUTPUTS",
    "SGD",
    "Adam",
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
    "contributions",
    "coverage",
    "log_softmax",
    "path_strength",
    "reconstruction_paths",
    "strength",
]
