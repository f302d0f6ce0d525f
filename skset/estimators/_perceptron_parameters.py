"""Parameters of the classifier and the regressor: the network and its training.

In the texts [3] is Curci et al. 2021.
"""

from numbers import Integral, Real

from skset.estimators._attributes import (
    CLASSIFIER_ATTRIBUTES,
    PERCEPTRON_ATTRIBUTES,
    PERCEPTRON_REFERENCES,
)
from skset.estimators._docs import Parameter, Tables, braced, flag, named, one_of
from skset.estimators._number_losses import NUMBER_LOSSES, NumberLoss
from skset.estimators._parameters import (
    BELOW_ONE,
    INSIDE_01,
    NON_NEGATIVE,
    PATIENCE,
    POSITIVE,
    POSITIVE_INT,
    Each,
    Instance,
    LayerSizes,
    Names,
    Number,
)
from skset.estimators._shared_parameters import SHARED_PARAMETERS
from skset.estimators._sklearn import StrOptions
from skset.estimators._solvers import SOLVERS
from skset.model import ACTIVATIONS, INITIAL_WEIGHTS, Activation
from skset.strategies import UNIT_PRUNINGS

__all__ = [
    *["CLASSIFIER_PARAMETERS", "CLASSIFIER_TABLES"],
    *["PENALTY", "REGRESSOR_TABLES"],
]

WEIGHT_INITS = ("auto", *INITIAL_WEIGHTS)
LEARNING_RATES = ("constant", "invscaling", "adaptive", "cosine")
ONE_ACTIVATION = [
    Names(ACTIVATIONS, "the sigmoid is 'logistic'"),
    Instance(Activation),
]

PENALTY = """
        Strength of the L2 penalty of the weights W. As in scikit-learn's MLP ``alpha *
        W / B`` is added to the gradient. B is the number of samples in a batch (with a
        `sample_weight` above 0). With solver "adamw" it is no penalty: in each step a
        weight loses the share ``learning_rate * alpha`` of itself.
        """

NETWORK_PARAMETERS: dict[str, Parameter] = {
    **SHARED_PARAMETERS,
    "hidden_layer_sizes": Parameter(
        [LayerSizes(Integral, 1, None, closed="left"), POSITIVE_INT],
        "positive int or sequence of positive int",
        """
        Number of units of each hidden layer. Width is cheap in a sparse network: see
        the table in docs/defaults.md. With ``()`` the only layer joins the inputs to
        the outputs: a sparse linear model.
        """,
    ),
    "weight_init": one_of(
        WEIGHT_INITS,
        """
        Initial weights. "he" and "glorot" scale with the connections that a unit
        really has; "normal" is the SET papers' N(0, 0.1**2). "auto" takes "he" if an
        activation loses about half of the signal, as the relu family does, else
        "glorot". It takes a tenth of it in the first and the last layer, so that the
        learned part of these weights soon exceeds the random part.
        """,
    ),
    "unit_pruning": named(
        UNIT_PRUNINGS,
        """
        Whether hidden units are removed for good, the weakest first [3]_: see
        `skset.strategies.ImportancePruning`. The arrays shrink with them, and `coefs_`
        has the shapes of `hidden_layer_sizes_`.
        """,
        "due",
    ),
    "activation": Parameter(
        [*ONE_ACTIVATION, Each(*ONE_ACTIVATION, where="hidden layer")],
        f"{braced(ACTIVATIONS)}, Activation, or list of them",
        """
        Activation of the hidden layers; a list has one for each. "all_relu" has a slope
        of alternating sign for z < 0 [3]_. For a function of your own, give an object
        of a class derived from `skset.model.Activation`.
        """,
    ),
    "negative_slope": Parameter(
        [None, NON_NEGATIVE],
        "non-negative float",
        """
        Slope below zero of "leaky_relu" and "all_relu", its absolute value: by default
        0.01 and 0.6.
        """,
    ),
    "dropout": Parameter(
        [BELOW_ONE],
        "float in [0, 1)",
        """
        Share of hidden activations that a training step sets to 0.
        """,
    ),
    "solver": Parameter(
        [StrOptions(set(SOLVERS))],
        braced(SOLVERS),
        """
        Optimiser. "adam" and "sgd" are as in scikit-learn's MLP. "adamw" is Adam whose
        weights decay apart from the gradient. "lbfgs" takes all samples in each step
        and needs no learning rate: for small data.
        """,
    ),
    "max_norm": Parameter(
        [None, POSITIVE],
        "positive float",
        """
        Greatest norm of the gradient of a step, by all weights and biases together. A
        longer gradient is scaled down. None sets no limit. Solver "lbfgs" ignores it.
        """,
    ),
    "standardize": Parameter(
        ["boolean", StrOptions({"auto", "global"})],
        '{"auto", "global"} or bool',
        """
        Units of the inputs, learned in the first fit and used ever after, so that
        ``fit(c * X)`` is ``fit(X)``. True: each column gets mean 0 and variance 1.
        "global": each column gets mean 0, and all are divided by one number, so that
        the mean of their variances is 1. "auto" is True, which was best on tables,
        images and counts alike. False leaves X as it is.
        """,
    ),
    "delta_dtype": Parameter(
        [None, StrOptions({"bfloat16"})],
        '{"bfloat16"} or None',
        """
        Type in which the backward pass keeps the deltas of hidden units. "bfloat16"
        has 16 bits: for networks of more than some 100,000 units, whose steps it makes
        shorter. None means the type of the weights. Solver "lbfgs" ignores it.
        """,
    ),
    "max_fun": Parameter(
        [POSITIVE_INT],
        "positive int",
        """
        Largest number of evaluations of the loss, for solver "lbfgs".
        """,
    ),
    "alpha": Parameter(
        [StrOptions({"auto"}), NON_NEGATIVE],
        'non-negative float or "auto"',
        PENALTY,
    ),
    "batch_size": Parameter(
        [StrOptions({"auto"}), POSITIVE_INT],
        'positive int or "auto"',
        """
        Samples per training step. "auto" makes forty batches of 4 to 128 samples each,
        so that small data get enough steps per epoch. In `partial_fit` it is ``min(200,
        n_samples)``, as in scikit-learn.
        """,
    ),
    "learning_rate": Parameter(
        [
            Names(LEARNING_RATES, "how it changes; the number is learning_rate_init"),
            callable,
        ],
        f"{braced(LEARNING_RATES)} or callable",
        """
        Schedule of the learning rate. "invscaling" and "adaptive" are for solver "sgd"
        only, as in scikit-learn's MLP. "cosine" takes the rate to 0 at `max_iter` for
        every solver; in `partial_fit` it is constant. A callable gets the share of the
        training that is done, from 0 to 1, and returns a factor of
        `learning_rate_init`. In `partial_fit` `max_iter` calls are the whole training.
        Solver "lbfgs" has no learning rate.
        """,
    ),
    "learning_rate_init": Parameter(
        [StrOptions({"auto"}), POSITIVE],
        'positive float or "auto"',
        """
        Initial learning rate. "auto" is ``0.003 sqrt(b)`` where b is ``B / 32`` for
        batches of B samples, at least 1 and at most 4. For "sgd" it is ``0.03 b``.
        """,
    ),
    "power_t": Parameter(
        [NON_NEGATIVE],
        "non-negative float",
        """
        Exponent of "invscaling".
        """,
    ),
    "max_iter": Parameter(
        [StrOptions({"auto"}), POSITIVE_INT],
        'positive int or "auto"',
        """
        Largest number of epochs. "auto" is 25, for more than 5,000 rows ``25 sqrt(5000
        / n)``, at least 4, and at least as many as make 250 steps. For solver "lbfgs"
        it is 60 iterations.
        """,
    ),
    "shuffle": flag(
        """
        Whether every epoch takes the samples in a new order.
        """,
    ),
    "tol": Parameter(
        [NON_NEGATIVE],
        "non-negative float",
        """
        Smallest improvement of the loss or validation score that counts as one.
        """,
    ),
    "n_iter_no_change": Parameter(
        [StrOptions({"auto"}), *PATIENCE],
        'positive int, inf or "auto"',
        """
        Training ends after more than this number of epochs without improvement. "auto"
        is inf for a "cosine" without early stopping, as the loss falls most when the
        rate comes to its end, and 10 otherwise.
        """,
    ),
    "early_stopping": flag(
        """
        Whether to stop by a validation score in place of the training loss, and to
        restore the weights and the topology with the best score.
        """,
    ),
    "validation_fraction": Parameter(
        [INSIDE_01],
        "float in (0, 1)",
        """
        Share of the training data set aside if `early_stopping` is True and `fit` is
        given no validation data.
        """,
    ),
    "scoring": Parameter(
        [None, str, callable],
        "str, callable or None",
        """
        Validation score: "loss" (the negative loss), a scikit-learn scorer, or None for
        the estimator's `score`.
        """,
    ),
    "momentum": Parameter(
        [Number(Real, 0, 1, closed="both")],
        "float in [0, 1]",
        """
        Momentum of solver "sgd".
        """,
    ),
    "nesterovs_momentum": flag(
        """
        Whether it is Nesterov's.
        """,
    ),
    "beta_1": Parameter(
        [BELOW_ONE],
        "float in [0, 1)",
        """
        Decay rate of the first moment of Adam and AdamW.
        """,
    ),
    "beta_2": Parameter(
        [BELOW_ONE],
        "float in [0, 1)",
        """
        Decay rate of their second moment.
        """,
    ),
    "adam_epsilon": Parameter(
        [POSITIVE],
        "positive float",
        """
        Their constant for numerical stability.
        """,
    ),
}

CLASSIFIER_PARAMETERS: dict[str, Parameter] = {
    **NETWORK_PARAMETERS,
    "alpha": NETWORK_PARAMETERS["alpha"].described(
        f"""{PENALTY.rstrip()}
        "auto" is ``0.5 B / (k sqrt(n))`` for n rows and k classes; it is 0.1 in
        `partial_fit` and for "adamw" and "lbfgs". It may be up to three times that, see
        `temperature`.
        """
    ),
    "label_smoothing": Parameter(
        [BELOW_ONE],
        "float in [0, 1)",
        """
        Share of each target that is spread evenly over all classes, so that the network
        does not become too certain. The validation loss of ``scoring="loss"`` has it
        too, so that both curves show the same loss.
        """,
    ),
    "temperature": Parameter(
        [StrOptions({"auto"}), POSITIVE],
        'positive float or "auto"',
        """
        What the logits are divided by once `fit` has trained the network (Guo et al.
        2017, ICML). This is a part of the fitted weights of the output layer; a fit
        that goes on with `warm_start`, and `partial_fit`, do not repeat it. "auto" is 1
        unless ``alpha="auto"``. Then, with 20 to 5,000 rows and solver "adam" or "sgd",
        a static network is trained first, for half of the epochs on two thirds of the
        rows. The others give its temperature T, between 0.8 and 1.25. Above 1 the
        network is too sure, and alpha is multiplied by T to the power of 5. Below 1 it
        is not sure enough, and `temperature` is T (but 1 with `early_stopping`).
        """,
    ),
    "class_weight": Parameter(
        [None, dict, list, StrOptions({"balanced"})],
        'dict or "balanced"',
        """
        Weights of the classes, multiplied with `sample_weight`; only their proportions
        matter. Classes that a dict leaves out weigh 1. A key that is no class is an
        error if a class is left out, else ignored. For multilabel problems a list of
        dicts, one per label; each has weights of 0 and 1.
        """,
    ),
}

REGRESSOR_PARAMETERS: dict[str, Parameter] = {
    **NETWORK_PARAMETERS,
    "alpha": NETWORK_PARAMETERS["alpha"].described(
        f"""{PENALTY.rstrip()}
        "auto" is ``0.06 B / sqrt(n)`` for n rows; it is 0.1 in `partial_fit` and for
        "adamw" and "lbfgs".
        """
    ),
    "standardize": NETWORK_PARAMETERS["standardize"].described(
        f"""{NETWORK_PARAMETERS["standardize"].text.rstrip()}
        Targets are standardised too unless it is False or the loss is "poisson" or
        "gamma".
        """
    ),
    "loss": Parameter(
        [StrOptions(set(NUMBER_LOSSES)), NumberLoss()],
        f"{braced(NUMBER_LOSSES)} or Loss",
        """
        The loss that training minimises. "squared_error" is half the squared error.
        "absolute_error" predicts a median. "huber" is the squared error for errors up
        to 1, in standardised units, and linear beyond. "quantile" is the pinball loss
        of the quantile `quantile`. "poisson" and "gamma" are half these deviances with
        a log link, for ``y >= 0`` and ``y > 0``. An object such as
        ``skset.model.Huber(0.5)`` has another parameter, or is a loss of your own.
        """,
    ),
    "quantile": Parameter(
        [INSIDE_01],
        "float in (0, 1)",
        """
        Which quantile of y is predicted, for loss "quantile".
        """,
    ),
}

CLASSIFIER_TABLES = Tables(
    CLASSIFIER_PARAMETERS, CLASSIFIER_ATTRIBUTES, PERCEPTRON_REFERENCES
)
REGRESSOR_TABLES = Tables(
    REGRESSOR_PARAMETERS, PERCEPTRON_ATTRIBUTES, PERCEPTRON_REFERENCES
)
