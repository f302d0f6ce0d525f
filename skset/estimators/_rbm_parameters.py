"""Parameters and attributes of the Boltzmann machine, and the papers it refers to."""

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
        "int",
        """
        Number of hidden units.
        """,
    ),
    "epsilon": Parameter(
        [ConnectionConstant()],
        "float",
        """
        Erdos-Renyi constant: there are about ``epsilon * (n_features + n_components)``
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
        Initial topology; a strategy of `skset.strategies`, or any ``init(shapes, rng)``
        that returns a `Topology` per layer. With one layer all names are the same, and
        a list has one density.
        """,
    ),
    "zeta": SHARED_PARAMETERS["zeta"].described(
        """
        Fraction of the connections that an evolution replaces. None is the method's, as
        in the paper 0.3 for "set".
        """,
    ),
    "newborn": SHARED_PARAMETERS["newborn"].described(
        """
        What a newborn connection weighs: 0, a fresh initial value, as in the paper (see
        docs/boltzmann.md), or a random one within ``sqrt(6 / n_in)`` of 0.
        """,
    ),
    "final_drop": flag(
        """
        Whether `fit` ends with a drop without regrowth, as in [1]_, so that no
        connection remains which was never trained.
        """,
    ),
    "learning_rate": Parameter(
        [POSITIVE],
        "float",
        """
        Initial learning rate. With momentum 0.9 its steps are ten times as long as
        those of a `BernoulliRBM` with the same.
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
        Momentum of the gradient. The length of a step goes with ``learning_rate / (1 -
        momentum)``.
        """,
    ),
    "alpha": Parameter(
        [NON_NEGATIVE],
        "float",
        """
        Weight decay: the gradient of each weight has ``alpha * weight`` added.
        """,
    ),
    "n_gibbs": Parameter(
        [POSITIVE_INT],
        "int",
        """
        Steps of Gibbs sampling from the data to the model's phase, k of CD-k [3]_. More
        of them follow the likelihood closer; each adds about 0.4 of the time of CD-1.
        """,
    ),
    "persistent": flag(
        """
        Whether the Markov chains of the model's phase, `batch_size` of them, go on from
        step to step [4]_ rather than begin at the data. It wants a lower learning rate.
        """,
    ),
    "batch_size": Parameter(
        [POSITIVE_INT],
        "int",
        """
        Samples per training step; all of them if there are fewer, of which `fit` warns.
        """,
    ),
    "n_iter": Parameter(
        [POSITIVE_INT],
        "int",
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
}

# In the order of the docstring.
RBM_ATTRIBUTES: dict[str, Attribute] = {
    "network_": Attribute(
        "skset.model.RBM", "The trained machine, of which the next ones are views."
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
        "int", "Number of epochs trained; by `partial_fit`, of calls."
    ),
    "reconstruction_error_curve_": Attribute(
        "list of float",
        """
        For each epoch the mean squared difference, while training, between X and the
        probabilities of the visible units given hidden ones sampled given X.
        """,
    ),
    **SHARED_ATTRIBUTES,
    "density_": Attribute(
        "float", "Share of the dense machine's connections that exist."
    ),
    "feature_importances_": Attribute(
        "ndarray of shape (n_features,)",
        """
        Strength of each visible unit, that is the sum of its absolute weights,
        normalised to add up to 1.
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
