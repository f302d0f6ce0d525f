"""Documentation of the parameters that all estimators have.

In the texts [1] is Mocanu et al. 2018 and [2] Liu et al. 2022. The references of every
estimator begin with them.
"""

from numbers import Integral, Real

import numpy as np

from skset.estimators._docs import Parameter, braced, flag, named, one_of
from skset.estimators._parameters import (
    BELOW_ONE,
    POSITIVE_INT,
    ConnectionConstant,
    Densities,
    Jobs,
    Number,
    Strategy,
)
from skset.estimators._sklearn import Options, StrOptions
from skset.strategies import (
    DENSITY_SCHEDULES,
    DROPS,
    GROWS,
    INITS,
    METHODS,
    SCHEDULES,
)

__all__ = ["SHARED_PARAMETERS"]

NEWBORN = ("zero", "init", "he_uniform")

SHARED_PARAMETERS: dict[str, Parameter] = {
    "epsilon": Parameter(
        [ConnectionConstant(" (Adam's epsilon is adam_epsilon here)")],
        "float of at least 0.001",
        """
        Erdős-Rényi constant: a layer gets about ``epsilon * (n_in + n_out)``
        connections, that is density ``min(1, epsilon (n_in + n_out) / (n_in n_out))``
        [1]_. 20 is the paper's. Adam's epsilon is `adam_epsilon`.
        """,
    ),
    "density": Parameter(
        [None, Number(Real, 0, 1, closed="right")],
        "float in (0, 1]",
        """
        Overall share of the dense network's connections. It replaces `epsilon`, and the
        density of an `init` that is given as an object.
        """,
    ),
    "init": Parameter(
        [
            StrOptions(set(INITS)),
            Strategy(["__call__"]),
            Densities(Real, 0, 1, closed="right"),
        ],
        f"{braced(INITS)}, list of float or callable",
        """
        How many connections each layer gets, at random positions. "uniform_plus" makes
        the first layer dense and the last at least 0.2 dense. "snip" goes by the
        sensitivity of the weights to one batch. A list has the density of each layer.
        An object is a strategy (see docs/strategies.md), or any ``init(shapes, rng)``
        that returns a `~skset.topology.Topology` per layer.
        """,
    ),
    "method": one_of(
        METHODS,
        """
        Preset of the parameters below that are None: see the table in
        docs/strategies.md. "set" is Sparse Evolutionary Training [1]_: zeta 0.3, drop
        "set", grow "random", after every epoch. "static" keeps the random topology
        [2]_.
        """,
    ),
    "zeta": Parameter(
        [None, BELOW_ONE],
        "float in [0, 1)",
        """
        Fraction of a layer's connections that an evolution replaces.
        """,
    ),
    "drop": named(
        DROPS,
        """
        Which connections an evolution removes. "set": the weakest of each sign;
        "magnitude": the weakest; "random": any; "sensitivity" and "mest": those with
        the smallest ``|w g|`` and ``|w| + lam |g|``, with the gradient g; "threshold":
        those below a threshold.
        """,
    ),
    "grow": named(
        GROWS,
        """
        Where it adds as many. "random": anywhere; "random_unfired": where none ever
        was; "gradient" and "momentum": where that of the missing weight is greatest;
        "cosine": between units with similar activations; "guided": where the gradient
        is greatest among sampled candidates; "neuron": between important units. Signals
        are computed for random rows of the training set. "cosine" is not available in
        `partial_fit`.
        """,
    ),
    "zeta_schedule": named(
        SCHEDULES,
        """
        How zeta changes during training. A callable ``schedule(progress)`` returns zeta
        itself.
        """,
    ),
    "density_schedule": named(
        DENSITY_SCHEDULES,
        """
        How the density changes during training. "cubic" begins with three times the
        connections that `density` or `epsilon` ask for. It removes the weakest of the
        whole network until 0.7 of the training is done. A callable
        ``schedule(progress, final)`` returns the density.
        """,
    ),
    "update_interval": Parameter(
        [None, POSITIVE_INT, StrOptions({"epoch"})],
        'positive int or "epoch"',
        """
        Training steps from one evolution to the next, or "epoch" for once per epoch.
        None takes that of the method: once per epoch, except for "rigl". Solver "lbfgs"
        counts iterations.
        """,
    ),
    "newborn": one_of(
        NEWBORN,
        """
        Weight of a newborn connection: 0, a fresh initial value, or a random value
        within ``sqrt(6 / n_in)`` of 0. None takes that of the method.
        """,
        optional=True,
    ),
    "final_drop": flag(
        """
        Whether training ends with a drop without regrowth, as in [1]_, so that no
        connection remains which was never trained. Not applied to a network restored
        by early stopping, nor by `partial_fit`.
        """,
    ),
    "warm_start": flag(
        """
        Whether `fit` goes on from the network of the last call. It first grows as many
        connections as the last fit dropped for good. `t_` and the curves go on; the
        cosine of the learning rate begins anew.
        """,
    ),
    "dtype": Parameter(
        [
            StrOptions({"float32", "float64"}),
            Options(type, {np.float32, np.float64}),
        ],
        "{np.float32, np.float64}",
        """
        Type of the weights and of all computation. float32 takes half the memory and
        half the time.
        """,
    ),
    "random_state": Parameter(
        ["random_state"],
        "int, RandomState instance or None",
        """
        Seed of topology, weights, shuffling, dropout and evolution. The same seed gives
        the same bits for every `n_jobs`.
        """,
    ),
    "n_jobs": Parameter(
        [None, Jobs(Integral, None, None, closed="neither")],
        "int other than 0",
        """
        Threads that share each layer while training; None is 1, -1 all cores; in a task
        of joblib or Dask its share of them. Prediction is serial.
        """,
    ),
    "verbose": Parameter(
        ["verbose"],
        "bool or int",
        """
        What to print. 1 or True: for each epoch its loss, validation score, number of
        connections, seconds, and the longest time that is left. On a terminal this is
        one line, drawn anew. Elsewhere, and in the workers of a search, it is a line
        per epoch. In a search it begins with the number of the fit and its parameters
        that are no defaults. 2 adds how many connections are new, and the density.
        """,
    ),
}
