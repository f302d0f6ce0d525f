"""What happens to a model: the training loop, its steps, its evolution."""

from skset.training.backpropagation import Backpropagation
from skset.training.contrastive_divergence import ContrastiveDivergence
from skset.training.density import DensityGoal, denser_at_first
from skset.training.evolver import Evolver
from skset.training.lbfgs import LBFGS
from skset.training.learning_rate import LearningRate
from skset.training.loop import StoppedError, Training
from skset.training.momentum import RecentSteps
from skset.training.noise import GaussianNoise
from skset.training.optimisers import SGD, Adam, AdamW
from skset.training.state import State
from skset.training.turnover import Turnover

__all__ = [
    "LBFGS",
    "SGD",
    "Adam",
    "AdamW",
    "Backpropagation",
    "ContrastiveDivergence",
    "DensityGoal",
    "Evolver",
    "GaussianNoise",
    "LearningRate",
    "RecentSteps",
    "State",
    "StoppedError",
    "Training",
    "Turnover",
    "denser_at_first",
]
