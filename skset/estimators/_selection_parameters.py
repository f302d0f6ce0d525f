"""Documentation and constraints of `QuickSelection`: parameters, attributes, papers."""

from typing import Any

from skset.estimators._attributes import (
    PERCEPTRON_ATTRIBUTES,
    PERCEPTRON_REFERENCES,
)
from skset.estimators._docs import Attribute, Parameter, Tables, braced, flag, one_of
from skset.estimators._parameters import (
    NON_NEGATIVE,
    POSITIVE_INT,
    ConnectionConstant,
    Names,
)
from skset.estimators._perceptron_parameters import CLASSIFIER_PARAMETERS, PENALTY
from skset.estimators._sklearn import Interval, RealNotInt, StrOptions

__all__ = ["FIXED", "SELECTION_TABLES"]

# What the classifier has a parameter for.
FIXED: dict[str, Any] = {
    "negative_slope": None,
    "final_drop": True,
    "power_t": 0.5,
    "shuffle": True,
    "scoring": "loss",
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "adam_epsilon": 1e-8,
    "warm_start": False,
    "max_norm": None,
    "delta_dtype": None,
}

SOLVERS = ("adam", "adamw", "sgd")
IMPORTANCES = ("auto", "coverage", "relevance", "strength", "attribution")

SELECTION_PARAMETERS: dict[str, Parameter] = {
    **CLASSIFIER_PARAMETERS,
    "n_features_to_select": Parameter(
        [
            StrOptions({"all", "auto"}),
            POSITIVE_INT,
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        'positive int, float in (0, 1], "all" or "auto"',
        """
        Number or share of the features to keep; all of them, with a warning, if there
        are fewer. It may be changed after `fit` by `set_params`, without new training.
        "auto" finds out a number from 1 to 1,000 in `fit`, with y, by cross-validation:
        the least one with which a support vector machine predicts y about as well as
        with the best number. That takes six trainings in place of one. See
        docs/selection.md for how good it is.
        """,
    ),
    "supervised": Parameter(
        ["boolean", StrOptions({"auto", "classification", "regression"})],
        'bool, "auto", "classification" or "regression"',
        """
        Whether to learn from y. "auto" learns from y if it is given, else from X alone.
        Strings, booleans, indicator matrices, and whole numbers with at most ``max(20,
        sqrt(n_samples))`` different values are classes. All other numbers make a
        regression. True is the same, but y must be given. False ignores y, as the paper
        does [4]_.
        """,
    ),
    "importance": one_of(
        IMPORTANCES,
        """
        How features are ranked. "auto" is "relevance" if `fit` learns from y and has
        fewer rows (with weight) than features, else "coverage".

        - "coverage" chooses them one after the other. Each time it takes the feature
          that explains most of the reconstruction that is not yet explained; with
          labels, most of the contributions of all features to the outputs [6]_. If
          several features tell the same, one of them comes early. See the tables in
          docs/selection.md.
        - "relevance" is the same, but the contributions of each feature are multiplied
          by the share of its variance that y explains (R2, which grows with the F
          statistic). It needs y. A feature that matters only together with others
          comes late.
        - "strength" is the sum of the absolute weights of an input unit [4]_. Without
          labels it is best after few epochs (``max_iter=10``): after a long training
          an autoencoder copies features that it cannot predict from others.
        - "attribution" is ``sum_c mean_b |d output_c / d x_j|`` over samples b [5]_.
          Without labels it is the root mean square contribution to the other features,
          with hidden units at their mean slope.
        """,
    ),
    "accumulate": flag(
        """
        Whether "strength" and "attribution" are added up over all epochs [5]_.
        Otherwise they are those of the trained network, as "coverage" and "relevance"
        always are.
        """,
    ),
    "keep_history": flag(
        """
        Whether to keep the importances of every epoch in `importances_history_`. For
        "coverage" and "relevance" this takes time.
        """,
    ),
    "hidden_layer_sizes": CLASSIFIER_PARAMETERS["hidden_layer_sizes"].described(
        """
        Number of units of each hidden layer. Width is cheap in a sparse network: see
        the table in docs/defaults.md. With ``()`` the only layer joins the inputs to
        the outputs: a sparse linear model predicts each feature from others.
        """,
    ),
    "epsilon": Parameter(
        [
            ConnectionConstant(
                " (Adam's, the adam_epsilon of SETClassifier, is none here)"
            )
        ],
        "float of at least 0.001",
        """
        Erdős-Rényi constant: a layer gets about ``epsilon * (n_in + n_out)``
        connections. 13 is the paper's.
        """,
    ),
    "method": CLASSIFIER_PARAMETERS["method"].described(
        """
        Preset of the parameters below that are None: see the table in
        docs/strategies.md. "set" is Sparse Evolutionary Training [1]_: zeta 0.2, drop
        "set", grow "random", after every epoch. "static" keeps the random topology
        [2]_.
        """,
    ),
    "zeta": CLASSIFIER_PARAMETERS["zeta"].described(
        """
        Fraction of a layer's connections that an evolution replaces. None takes that of
        the method; for "set" it is 0.2, as in the paper [4]_.
        """,
    ),
    "update_interval": CLASSIFIER_PARAMETERS["update_interval"].described(
        """
        Training steps from one evolution to the next, or "epoch" for once per epoch.
        None takes that of the method: once per epoch, except for "rigl".
        """,
    ),
    "solver": Parameter(
        [Names(SOLVERS, "lbfgs cannot learn from noisy inputs")],
        braced(SOLVERS),
        """
        Optimiser. "adam" and "sgd" are as in scikit-learn's MLP. "adamw" is Adam whose
        weights decay apart from the gradient.
        """,
    ),
    "alpha": CLASSIFIER_PARAMETERS["alpha"].described(
        f"""{PENALTY.rstrip()}
        "auto" is 0.1.
        """,
    ),
    "learning_rate": CLASSIFIER_PARAMETERS["learning_rate"].described(
        """
        Schedule of the learning rate. "invscaling" and "adaptive" are for solver "sgd"
        only, as in scikit-learn's MLP. "cosine" takes the rate to 0 at `max_iter` for
        every solver; in `partial_fit` it is constant. A callable gets the share of the
        training that is done, from 0 to 1, and returns a factor of
        `learning_rate_init`.
        """,
    ),
    "learning_rate_init": CLASSIFIER_PARAMETERS["learning_rate_init"].described(
        """
        Initial learning rate. "auto" is 0.003.
        """,
    ),
    "momentum": CLASSIFIER_PARAMETERS["momentum"].described(
        """
        Momentum of solver "sgd", which is Nesterov's.
        """,
    ),
    "standardize": CLASSIFIER_PARAMETERS["standardize"].described(
        f"""{CLASSIFIER_PARAMETERS["standardize"].text.rstrip()}
        The numbers that a regression predicts are always standardised.
        """,
    ),
    "noise": Parameter(
        [StrOptions({"auto"}), NON_NEGATIVE],
        'non-negative float or "auto"',
        """
        Standard deviation of the Gaussian noise that training adds to the input, with
        labels or without, in standardised units. "auto" is 1, but 0.3 if `fit` learns
        from y and has fewer rows than features; see docs/selection.md. The target of
        the autoencoder has no noise. With the paper's 0.2 an autoencoder can copy its
        input. With more noise it has to learn which features tell about others.
        """,
    ),
    "resample_noise": flag(
        """
        Whether noise is new in every step. False gives each sample the same noise in
        all epochs of a call, as the paper does.
        """,
    ),
    "batch_size": CLASSIFIER_PARAMETERS["batch_size"].described(
        """
        Samples per training step; all of them if there are fewer. "auto" makes 20
        batches of 32 to 128 samples without labels, 40 of 4 to 128 with labels. In
        `partial_fit` it is ``min(200, n_samples)``.
        """,
    ),
    "max_iter": Parameter(
        [StrOptions({"auto"}), POSITIVE_INT],
        'positive int or "auto"',
        """
        Largest number of epochs. "auto" means 600 training steps without labels and
        1,200 with labels, but at least 10 epochs and at most 100.
        """,
    ),
    "n_iter_no_change": CLASSIFIER_PARAMETERS["n_iter_no_change"].described(
        """
        Training ends after more than this number of epochs without improvement of the
        loss. "auto" is inf. Its planned end is `max_iter`, when the learning rate is 0.
        """,
    ),
    "tol": CLASSIFIER_PARAMETERS["tol"].described(
        """
        Smallest improvement of the loss that counts as one.
        """,
    ),
    "early_stopping": flag(
        """
        Whether to stop by the loss of samples set aside, and to restore the network
        with the best loss.
        """,
    ),
    "validation_fraction": CLASSIFIER_PARAMETERS["validation_fraction"].described(
        """
        Share of the training data set aside if `early_stopping` is True.
        """,
    ),
    "class_weight": CLASSIFIER_PARAMETERS["class_weight"].described(
        """
        Weights of the classes if y has classes, as in `~skset.SETClassifier`.
        """,
    ),
    "random_state": CLASSIFIER_PARAMETERS["random_state"].described(
        """
        Seed of topology, weights, noise, shuffling, dropout and evolution. The same
        seed gives the same bits for every `n_jobs`.
        """,
    ),
}

# In the order of the docstring.
SELECTION_ATTRIBUTES: dict[str, Attribute] = {
    "feature_importances_": Attribute(
        "ndarray of shape (n_features,)",
        "Importance of each feature, 0 for constant ones; they add up to 1.",
    ),
    "ranking_": Attribute(
        "ndarray of shape (n_features,)",
        "Rank of each feature; 1 is the best. Ties go to the lower index.",
    ),
    "support_": Attribute(
        "ndarray of shape (n_features,)", "Mask of the selected features."
    ),
    "n_features_to_select_": Attribute("int", "Their number."),
    "importances_history_": Attribute(
        "ndarray of shape (n_epochs, n_features)",
        "Importances after each epoch, if `keep_history` is True.",
    ),
    "loss_": Attribute(
        "float",
        """
        Mean loss of the last epoch, including the penalty. Without labels it is half
        the squared error, averaged over the features. The noise of the input makes it
        larger than the error on clean data.
        """,
    ),
    "loss_curve_": Attribute("list of float", "The same for every epoch."),
    "n_iter_": Attribute("int", "Number of epochs."),
    **{
        name: PERCEPTRON_ATTRIBUTES[name]
        for name in (
            *("input_shift_", "input_scale_", "auto_params_"),
            *("network_", "coefs_", "intercepts_", "hidden_layer_sizes_"),
            *("nnz_", "density_"),
        )
    },
    "classes_": Attribute(
        "ndarray of shape (n_classes,)", "Class labels, if y has classes."
    ),
    "supervised_": Attribute(
        '{False, "classification", "regression"}',
        "What was learned from: X alone, class labels, or numbers.",
    ),
    **{
        name: PERCEPTRON_ATTRIBUTES[name]
        for name in ("n_features_in_", "feature_names_in_")
    },
}

SELECTION_REFERENCES = (
    *PERCEPTRON_REFERENCES,
    """
    Atashgahi et al. (2021). "Quick and robust feature selection: the strength of
    energy-efficient sparse training for autoencoders." Machine Learning 111.
    """,
    """
    Atashgahi et al. (2024). "Unveiling the power of sparse neural networks for feature
    selection." ECAI, arXiv 2408.04583.
    """,
    """
    Farahat, Ghodsi and Kamel (2013). "Efficient greedy feature selection for
    unsupervised learning." Knowledge and Information Systems 35.
    """,
)

SELECTION_TABLES = Tables(
    SELECTION_PARAMETERS, SELECTION_ATTRIBUTES, SELECTION_REFERENCES
)
