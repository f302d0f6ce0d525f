"""What happens to a model: the loop, its steps, its evolution."""

from skset.training.backpropagation import Training, TrainingOptions
from skset.training.contrastive_divergence import (
    ContrastiveDivergence,
    DivergenceOptions,
)
from skset.training.learning_rate import LearningRate
from skset.training.loop import Progress
from skset.training.noise import GaussianNoise
from skset.training.optimisers import SGD, Adam

__all__ = [
    "SGD",
    "Adam",
    "ContrastiveDivergence",
    "DivergenceOptions",
    "GaussianNoise",
    "LearningRate",
    "Progress",
    "Training",
    "TrainingOptions",
]
