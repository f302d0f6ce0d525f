"""Documentation and constraints of `ContinualSETClassifier`: parameters, attributes.

In the texts [4] is Yildirim et al. 2023; the others are those of the classifier.
"""

from dataclasses import replace

from skset.estimators._attributes import PERCEPTRON_REFERENCES, SHARED_ATTRIBUTES
from skset.estimators._docs import Attribute, Parameter, Tables, flag, one_of
from skset.estimators._perceptron_parameters import CLASSIFIER_PARAMETERS as USUAL
from skset.strategies import REUSES

__all__ = ["CONTINUAL_TABLES"]

SOLVERS = ("adam", "adamw", "sgd")
CLASS_WEIGHT = USUAL["class_weight"]
# The text of a parameter that is the same for one task as for a classifier.
SAME = (
    *("weight_init", "activation", "negative_slope", "dropout", "shuffle", "dtype"),
    *("n_jobs",),
)

CONTINUAL_PARAMETERS: dict[str, Parameter] = {
    **{name: USUAL[name] for name in SAME},
    "hidden_layer_sizes": replace(
        USUAL["hidden_layer_sizes"],
        text="""
        Number of units of each hidden layer, at least one layer. They are shared by all
        tasks; the output layer belongs to a task.
        """,
    ),
    "density": Parameter(
        USUAL["density"].kinds[1:],
        "float in (0, 1]",
        """
        Share of the places in the hidden layers that one task uses. With
        ``reuse="never"`` about ``1 / density`` tasks fit. The output layer of a task is
        dense.
        """,
    ),
    "init": USUAL["init"].described(
        """
        How many connections each hidden layer gets. "uniform" gives all the same
        density. "snip" goes by the sensitivity of the weights to one batch. A list has
        the density of each hidden layer. An object is a strategy (see
        docs/strategies.md), or any ``init(shapes, rng)`` that returns a
        `~skset.topology.Topology` per hidden layer.
        """
    ),
    "reuse": one_of(
        REUSES,
        """
        Whether a task may use the frozen connections of earlier tasks. "never": only
        free places. "when_full": free places first, frozen connections where too few
        are left. "always": the paper's choice [4]_, places are drawn and grown as if
        all were free. It lets tasks share knowledge, but what is frozen was not trained
        for this task.
        """,
    ),
    "grow_network": flag(
        """
        Whether the hidden layers get more units when the free places run out, so that a
        new task finds as many as it needs. Networks of earlier tasks stay as they are.
        It has no effect with ``reuse="always"``.
        """,
    ),
    "zeta": USUAL["zeta"].described(
        """
        Fraction of a layer's connections that an evolution replaces. None is 0.3, as in
        [1]_. With 0 a task keeps the random connections that it begins with, as static
        sparse training does [2]_.
        """
    ),
    "drop": USUAL["drop"].described(f'{USUAL["drop"].text.rstrip()} None is "set".'),
    "grow": USUAL["grow"].described(
        """
        Where it adds as many. "random": anywhere; "random_unfired": where none ever
        was; "gradient" and "momentum": where that of the missing weight is greatest;
        "cosine": between units with similar activations; "guided": where the gradient
        is greatest among sampled candidates; "neuron": between important units. Signals
        are computed for random rows of the task. None is "random".
        """
    ),
    "zeta_schedule": USUAL["zeta_schedule"].described(
        """
        How zeta changes during the training of a task. A callable
        ``schedule(progress)`` returns zeta itself. None is "constant".
        """
    ),
    "update_interval": USUAL["update_interval"].described(
        """
        Training steps from one evolution to the next. "epoch" and None mean once per
        epoch.
        """
    ),
    "newborn": USUAL["newborn"].described(
        """
        Weight of a newborn connection: 0, a fresh initial value, or a random value
        within ``sqrt(6 / n_in)`` of 0. None is "zero".
        """
    ),
    "batch_size": USUAL["batch_size"].described(
        """
        Samples per training step. "auto" makes forty batches of the rows of a task,
        with 4 to 128 samples each, so that small tasks get enough steps per epoch.
        """
    ),
    "max_norm": USUAL["max_norm"].described(
        """
        Greatest norm of the gradient of a step, by all weights and biases together. A
        longer gradient is scaled down. None sets no limit.
        """
    ),
    "label_smoothing": USUAL["label_smoothing"].described(
        """
        Share of each target that is spread evenly over all classes of the task, so that
        the network does not become too certain.
        """
    ),
    "verbose": USUAL["verbose"].described(
        """
        What to print. 1 or True: for each epoch of a task its loss, number of
        connections, seconds, and the longest time that is left. On a terminal this is
        one line, drawn anew; elsewhere it is a line per epoch. 2 adds how many
        connections are new, and the density.
        """
    ),
    "solver": one_of(
        SOLVERS,
        """
        Optimiser. "adam" and "sgd" are as in scikit-learn's MLP. "adamw" is Adam whose
        weights decay apart from the gradient.
        """,
    ),
    "alpha": USUAL["alpha"].described(
        """
        Strength of the L2 penalty of the weights W: ``alpha * W / B`` is added to the
        gradient, for B samples in a batch. "auto" is ``0.5 B / (k sqrt(n))`` for n rows
        and k classes of the task, and 0.1 for "adamw".
        """
    ),
    "learning_rate": USUAL["learning_rate"].described(
        """
        Schedule of the learning rate within a task. "cosine" takes the rate to 0 at
        `max_iter`. "invscaling" and "adaptive" are for solver "sgd" only. A callable
        gets the share of the task's training that is done, from 0 to 1, and returns a
        factor of `learning_rate_init`.
        """
    ),
    "learning_rate_init": USUAL["learning_rate_init"].described(
        """
        Initial learning rate. "auto" is ``0.003 sqrt(b)`` where b is ``B / 32`` for
        batches of B samples, at least 1 and at most 4. For "sgd" it is ``0.03 b``.
        """
    ),
    "max_iter": USUAL["max_iter"].described(
        """
        Largest number of epochs for each task. "auto" is 25, for more than 5,000 rows
        ``25 sqrt(5000 / n)``, at least 4, and at least as many as make 250 steps. With
        another `learning_rate` than "cosine" a task also ends after more than 10 epochs
        without a loss that is smaller by 1e-4.
        """
    ),
    "class_weight": Parameter(
        [kind for kind in CLASS_WEIGHT.kinds if kind is not list],
        'dict or "balanced"',
        """
        Weights of the classes, multiplied with `sample_weight`; only their proportions
        within a task matter. Classes that a dict leaves out weigh 1.
        """,
    ),
    "unknown_task": one_of(
        ("error", "entropy"),
        """
        What predictions do without a `task` if there are several. "error" raises.
        "entropy" takes for each row the task that is surest of it: the lowest entropy
        of its probabilities, divided by the logarithm of its number of classes. This is
        an extension that is not in the paper, and much less accurate than to name the
        task: see docs/continual.md.
        """,
    ),
    "standardize": USUAL["standardize"].described(
        """
        Units of the inputs, learned from the first task and used ever after. True: each
        column gets mean 0 and variance 1. "global": each column gets mean 0, and all
        are divided by one number. Take it if a column means something else in each
        task. "auto" is True. False leaves X as it is.
        """
    ),
    "random_state": USUAL["random_state"].described(
        """
        Seed of all that is random. The same seed and the same order of tasks give the
        same bits for every `n_jobs`, in one `fit` or in several calls of `partial_fit`.
        """
    ),
}

CONTINUAL_ATTRIBUTES: dict[str, Attribute] = {
    "classes_": Attribute(
        "ndarray of shape (n_classes,)", "Sorted class labels of all tasks."
    ),
    "tasks_": Attribute(
        "list of str or int", "Labels of the tasks, in the order they were learned."
    ),
    "task_classes_": Attribute(
        "dict of ndarray", "Sorted class labels of each task, by its label."
    ),
    "capacity_": Attribute(
        "float", "Share of the places in the hidden layers that tasks use, in [0, 1]."
    ),
    "owner_": Attribute(
        "list of scipy.sparse.csr_array of shape (n_in, n_out), int16",
        """
        For each hidden layer the number, in `tasks_`, of the task that trained a
        connection. An entry that is stored as 0 belongs to the first task.
        """,
    ),
    "shared_connections_": Attribute(
        "ndarray of shape (n_tasks, n_tasks), int",
        """
        How many hidden connections each two tasks have in common; in the diagonal, how
        many a task uses.
        """,
    ),
    "nnz_": Attribute(
        "int", "Number of connections that are stored, output layers included."
    ),
    "hidden_layer_sizes_": Attribute(
        "list of int",
        "Number of units of each hidden layer; `grow_network` can have added some.",
    ),
    "n_iter_": Attribute("int", "Number of epochs of the last task."),
    "loss_curve_": Attribute(
        "list of float",
        "Mean training loss of each epoch of the last task, including the penalty.",
    ),
    "n_features_in_": SHARED_ATTRIBUTES["n_features_in_"],
    "feature_names_in_": SHARED_ATTRIBUTES["feature_names_in_"],
}

YILDIRIM_2023 = """
    Yildirim, Gok Yildirim, Sokar, Mocanu and Vanschoren (2023). "Continual learning
    with dynamic sparse training: exploring algorithms for effective model updates."
    arXiv 2308.14831.
    """

CONTINUAL_TABLES = Tables(
    CONTINUAL_PARAMETERS,
    CONTINUAL_ATTRIBUTES,
    (*PERCEPTRON_REFERENCES, YILDIRIM_2023),
)
