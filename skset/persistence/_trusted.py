"""`TRUSTED`: the classes of skset that can be in a file of skops.

Only classes of skset are here, each by the name that skops gives it. A file can have
their constructors called with any arguments, and objects of them given any attributes.
So each of them must bear that: they compute nothing when they are made, they import,
open and run nothing, and an estimator checks what it has learned before it predicts
(`skset.estimators._unpickled`).
"""

__all__ = ["TRUSTED"]

# What is in the state of fitted estimators, by the module that it is in.
CLASSES: dict[str, tuple[str, ...]] = {
    "skset.estimators._class_targets": ("ClassTargets",),
    "skset.estimators._classifier": ("SETClassifier",),
    "skset.estimators._continual": ("ContinualSETClassifier",),
    "skset.estimators._number_targets": ("InputTargets", "NumberTargets"),
    "skset.estimators._ranking": ("Ranking",),
    "skset.estimators._rbm": ("SparseRBM",),
    "skset.estimators._regressor": ("SETRegressor",),
    "skset.estimators._selection": ("QuickSelection",),
    "skset.estimators._stable_selection": ("StableSelection",),
    "skset.estimators._task_perceptron": ("TaskTargets",),
    "skset.model.activations": (
        *("ELU", "GELU", "SELU", "Identity", "LeakyReLU"),
        *("Logistic", "SiLU", "Softplus", "Tanh"),
    ),
    "skset.model.boltzmann": ("RBM",),
    "skset.model.explained_variance": ("ExplainedVariance",),
    "skset.model.layer": ("Layer",),
    "skset.model.losses": (
        *("AbsoluteError", "Gamma", "Huber", "LogLoss"),
        *("Poisson", "Quantile", "SquaredError"),
    ),
    "skset.model.network": ("Network",),
    "skset.model.scaling": ("Scaling",),
    "skset.model.shared_network": ("SharedLayer", "SharedNetwork", "Task"),
    "skset.strategies.drop": (
        *("MESTDrop", "MagnitudeDrop", "RandomDrop"),
        *("SETDrop", "SensitivityDrop", "ThresholdDrop"),
    ),
    "skset.strategies.grow": (
        *("CosineGrow", "GradientGrow", "GuidedGrow", "MomentumGrow"),
        *("NeuronGrow", "RandomGrow", "UnfiredGrow"),
    ),
    "skset.strategies.init": (
        *("ErdosRenyi", "LayerDensities", "Snip", "Uniform", "UniformPlus"),
    ),
    "skset.strategies.pruning": ("ImportancePruning",),
    "skset.strategies.schedules": (
        *("ConstantDensity", "ConstantSchedule", "CosineSchedule"),
        *("CubicDensity", "LinearSchedule"),
    ),
    "skset.topology.pattern": ("Topology",),
    "skset.training.density": ("DensityGoal",),
    "skset.training.learning_rate": ("LearningRate",),
    "skset.training.momentum": ("RecentSteps",),
    "skset.training.state": ("State",),
}

TRUSTED = [f"{module}.{name}" for module, names in CLASSES.items() for name in names]
