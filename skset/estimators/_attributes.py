"""Documentation of the attributes of fitted estimators, and references to papers."""

from skset.estimators._docs import Attribute

__all__ = [
    "CLASSIFIER_ATTRIBUTES",
    "LIU_2022",
    "MOCANU_2018",
    "PERCEPTRON_ATTRIBUTES",
    "PERCEPTRON_REFERENCES",
    "SHARED_ATTRIBUTES",
]

SHARED_ATTRIBUTES: dict[str, Attribute] = {
    "nnz_": Attribute("int", "Number of connections."),
    "density_": Attribute(
        "float", "Share of the dense network's connections that exist."
    ),
    "feature_importances_": Attribute(
        "ndarray of shape (n_features,)",
        """
        Strength of each input unit: the sum of its absolute weights, normalised to add
        up to 1.
        """,
    ),
    "t_": Attribute("int", "Number of training samples seen."),
    "n_features_in_": Attribute("int", "Number of features."),
    "feature_names_in_": Attribute(
        "ndarray of shape (n_features,)", "Their names, if X has names."
    ),
}

# In the order of the docstring.
PERCEPTRON_ATTRIBUTES: dict[str, Attribute] = {
    "n_iter_": Attribute(
        "int", "Number of epochs of the last fit; with `partial_fit`, number of calls."
    ),
    "loss_": Attribute(
        "float", "Mean training loss of the last epoch, including the penalty."
    ),
    "loss_curve_": Attribute(
        "list of float",
        "The same for every epoch; `warm_start` and `partial_fit` continue it.",
    ),
    "best_loss_": Attribute(
        "float or None",
        """
        Smallest training loss; None with early stopping. With a `density_schedule` only
        epochs at the final density count, here and below.
        """,
    ),
    "validation_scores_": Attribute(
        "list of float or None",
        "Validation score after every epoch, with early stopping.",
    ),
    "best_validation_score_": Attribute(
        "float or None",
        """
        Score of the returned network: the best of this fit, or with `warm_start` that
        of the first network if none was better.
        """,
    ),
    "input_shift_": Attribute(
        "ndarray of shape (n_features,)",
        "What is subtracted from X; see `standardize`.",
    ),
    "input_scale_": Attribute(
        "ndarray of shape (n_features,)",
        "What X is then divided by; infinite for a column that did not vary.",
    ),
    "auto_params_": Attribute(
        "dict", 'What "auto" stood for, by the name of the parameter.'
    ),
    "network_": Attribute(
        "skset.model.Network",
        """
        The trained network for X as it is, not standardised; its arrays are read-only.
        """,
    ),
    "coefs_": Attribute(
        "list of scipy.sparse.csr_array of shape (n_in, n_out)",
        "Weights of each layer; read-only, others can be assigned.",
    ),
    "intercepts_": Attribute(
        "list of ndarray of shape (n_out,)",
        "Biases of each layer; read-only, others can be assigned.",
    ),
    **{
        name: SHARED_ATTRIBUTES[name]
        for name in ("nnz_", "density_", "feature_importances_")
    },
    "n_layers_": Attribute(
        "int", "Number of layers of units, input and output included."
    ),
    "hidden_layer_sizes_": Attribute(
        "list of int",
        """
        Number of units of each hidden layer; smaller than `hidden_layer_sizes` where
        `unit_pruning` has removed some.
        """,
    ),
    "n_outputs_": Attribute("int", "Number of output units."),
    "out_activation_": Attribute("str", "Name of the output function."),
    **{
        name: SHARED_ATTRIBUTES[name]
        for name in ("t_", "n_features_in_", "feature_names_in_")
    },
}

CLASSIFIER_ATTRIBUTES: dict[str, Attribute] = {
    "classes_": Attribute("ndarray of shape (n_classes,)", "Class labels."),
    **PERCEPTRON_ATTRIBUTES,
}

MOCANU_2018 = """
    Mocanu et al. (2018). "Scalable training of artificial neural networks with adaptive
    sparse connectivity inspired by network science." Nature Communications 9:2383.
    """
LIU_2022 = """
    Liu et al. (2022). "The unreasonable effectiveness of random pruning." ICLR.
    """
CURCI_2021 = """
    Curci, Mocanu and Pechenizkiy (2021). "Truly sparse neural networks at scale." arXiv
    2102.01732.
    """
PERCEPTRON_REFERENCES = (MOCANU_2018, LIU_2022, CURCI_2021)
