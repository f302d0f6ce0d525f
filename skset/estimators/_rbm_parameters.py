"""Documentation and constraints of `SparseRBM`: parameters, attributes, papers."""

from skset.estimators._attributes import LIU_2022, MOCANU_2018, SHARED_ATTRIBUTES
from skset.estimators._docs import Attribute, Parameter, Tables, flag, one_of
from skset.estimators._parameters import (
    BELOW_ONE,
    NON_NEGATIVE,
    POSITIVE,
    POSITIVE_INT,
    ConnectionConstant,
)
from skset.estimators._shared_parameters import SHARED_PARAMETERS

__all__ = ["RBM_TABLES"]

LEARNING_RATE_SCHEDULES = ("cosine", "constant")

RBM_PARAMETERS: dict[str, Parameter] = {
    **SHARED_PARAMETERS,
    "n_components": Parameter(
        [POSITIVE_INT],
        "positive int",
        """
        Number of hidden units.
        """,
    ),
    "epsilon": Parameter(
        [ConnectionConstant()],
        "float of at least 0.001",
        """
        Erdős-Rényi constant: there are about ``epsilon * (n_features + n_components)``
        connections. 11 is the paper's [1]_.
        """,
    ),
    "density": SHARED_PARAMETERS["density"].described(
        """
        Share of the dense machine's connections, in place of `epsilon`.
        """,
    ),
    "init": SHARED_PARAMETERS["init"].described(
        """
        Initial topology: a strategy (see docs/strategies.md), or any ``init(shapes,
        rng)`` that returns a list with one `~skset.topology.Topology`. As there is one
        layer, all names do the same, and a list has one density.
        """,
    ),
    "zeta": SHARED_PARAMETERS["zeta"].described(
        """
        Fraction of the connections that an evolution replaces. None takes that of the
        method; for "set" it is 0.3, as in the paper.
        """,
    ),
    "update_interval": SHARED_PARAMETERS["update_interval"].described(
        """
        Training steps from one evolution to the next, or "epoch" for once per epoch.
        None takes that of the method: once per epoch, except for "rigl".
        """,
    ),
    "newborn": SHARED_PARAMETERS["newborn"].described(
        """
        Weight of a newborn connection: 0; a fresh initial value, as in the paper (see
        docs/boltzmann.md); or a random value within ``sqrt(6 / n_in)`` of 0. None takes
        that of the method.
        """,
    ),
    "final_drop": flag(
        """
        Whether `fit` ends with a drop without regrowth, as in [1]_, so that every
        connection that is left has been trained.
        """,
    ),
    "learning_rate": Parameter(
        [POSITIVE],
        "positive float",
        """
        Initial learning rate. With momentum 0.9 steps are ten times as long as those of
        a `~sklearn.neural_network.BernoulliRBM` with the same rate.
        """,
    ),
    "learning_rate_schedule": one_of(
        LEARNING_RATE_SCHEDULES,
        """
        "cosine" takes the learning rate to 0 at `n_iter`; in `partial_fit` it is always
        constant.
        """,
    ),
    "momentum": Parameter(
        [BELOW_ONE],
        "float in [0, 1)",
        """
        Momentum of the gradient. The length of a step is proportional to
        ``learning_rate / (1 - momentum)``.
        """,
    ),
    "alpha": Parameter(
        [NON_NEGATIVE],
        "non-negative float",
        """
        Weight decay: ``alpha * weight`` is added to the gradient of each weight.
        """,
    ),
    "n_gibbs": Parameter(
        [POSITIVE_INT],
        "positive int",
        """
        Steps of Gibbs sampling from the data to the model's phase: the k of CD-k [3]_.
        With more steps the gradient is nearer to that of the likelihood. Each adds
        about 0.4 of the time of CD-1.
        """,
    ),
    "persistent": flag(
        """
        Whether the Markov chains of the model's phase go on from step to step [4]_ and
        do not begin at the data. There are `batch_size` chains. They need a lower
        learning rate.
        """,
    ),
    "batch_size": Parameter(
        [POSITIVE_INT],
        "positive int",
        """
        Samples per training step; all samples, with a warning, if there are fewer.
        """,
    ),
    "n_iter": Parameter(
        [POSITIVE_INT],
        "positive int",
        """
        Number of epochs.
        """,
    ),
    "warm_start": flag(
        """
        Whether `fit` goes on from the machine of the last call. It first grows as many
        connections as the last fit dropped for good. `t_` and the curve go on; the
        cosine of the learning rate begins anew.
        """,
    ),
    "random_state": SHARED_PARAMETERS["random_state"].described(
        """
        Seed of topology, weights, shuffling, sampling and evolution. The same seed
        gives the same bits for every `n_jobs`.
        """,
    ),
    "verbose": SHARED_PARAMETERS["verbose"].described(
        SHARED_PARAMETERS["verbose"].text.replace(
            "loss, validation score,", "reconstruction error,"
        )
    ),
}

# In the order of the docstring.
RBM_ATTRIBUTES: dict[str, Attribute] = {
    "network_": Attribute(
        "skset.model.RBM", "The trained machine; its arrays are read-only."
    ),
    "components_": Attribute(
        "scipy.sparse.csr_array of shape (n_components, n_features)",
        "Weights; a copy.",
    ),
    "intercept_hidden_": Attribute(
        "ndarray of shape (n_components,)", "Biases of the hidden units."
    ),
    "intercept_visible_": Attribute(
        "ndarray of shape (n_features,)", "Biases of the visible units."
    ),
    "n_iter_": Attribute(
        "int", "Number of epochs trained; with `partial_fit`, number of calls."
    ),
    "reconstruction_error_curve_": Attribute(
        "list of float",
        """
        For each epoch the mean squared difference between X and its reconstruction in
        training: the probabilities of the visible units, given hidden units sampled for
        X.
        """,
    ),
    **SHARED_ATTRIBUTES,
    "density_": Attribute(
        "float", "Share of the dense machine's connections that exist."
    ),
    "feature_importances_": Attribute(
        "ndarray of shape (n_features,)",
        """
        Strength of each visible unit: the sum of its absolute weights, normalised to
        add up to 1.
        """,
    ),
}

RBM_REFERENCES = (
    MOCANU_2018,
    LIU_2022,
    """
    Hinton (2002). "Training products of experts by minimizing contrastive divergence."
    Neural Computation 14.
    """,
    """
    Tieleman (2008). "Training restricted Boltzmann machines using approximations to the
    likelihood gradient." ICML.
    """,
)

RBM_TABLES = Tables(RBM_PARAMETERS, RBM_ATTRIBUTES, RBM_REFERENCES)
