"""What the docstrings of the estimators have in common, written once."""

import inspect
import re

__all__ = ["RBM_PARAMETERS", "SELECTION_PARAMETERS", "documented"]

PARAMETERS = """hidden_layer_sizes : int or sequence of int, default={hidden}
        Number of units of each hidden layer. Width is cheap in a sparse network: the
        default was chosen from the table in docs/defaults.md.
    epsilon : float, default=20
        Erdos-Renyi constant: a layer gets about ``epsilon * (n_in + n_out)``
        connections, that is density ``min(1, epsilon (n_in + n_out) / (n_in n_out))``
        [1]_. At least 0.001; 20 is the paper's. Adam's epsilon is `adam_epsilon`.
    density : float in (0, 1], default=None
        Overall share of the dense network's connections, in place of `epsilon`, and of
        the density of an `init` that is given as an object.
    init : {{"erdos_renyi", "uniform", "uniform_plus", "snip"}}, list of float or \
callable, default="erdos_renyi"
        Which layer gets how many connections, at random positions. "uniform_plus" makes
        the first layer dense and the last at least 0.2 dense; "snip" shares out by the
        sensitivity of the weights to one batch. A list has the density of each layer.
        A strategy of `skset.strategies`, or any ``init(shapes, rng)`` that returns a
        `Topology` per layer.
    weight_init : {{"auto", "he", "glorot", "normal"}}, default="auto"
        Initial weights. "he" and "glorot" scale with the connections that a unit
        really has; "normal" is the SET papers' N(0, 0.1**2). "auto" takes "he" for the
        relu family and else "glorot", and a tenth of it in the first and in the last
        layer, so that what is learned soon outweighs what was drawn at random.
    method : {{"set", "static", "rigl", "granet", "ctre", "mest", "gse"}}, default="set"
        Preset of all that follows where it is None; docs/strategies.md has the table.
        "set" is Sparse Evolutionary Training [1]_: zeta 0.3, drop "set", grow "random",
        after every epoch. "static" keeps the random topology [2]_.
    zeta : float in [0, 1), default=None
        Fraction of a layer's connections that an evolution replaces.
    drop : {{"set", "magnitude", "random", "sensitivity", "mest", "threshold"}} or \
callable, default=None
        Which connections an evolution removes: the weakest of each sign on its own, or
        the weakest of both; any; those with the smallest ``|w g|`` or ``|w| + lam
        |g|``, g being the gradient; or those below a threshold.
    grow : {{"random", "random_unfired", "gradient", "momentum", "cosine", "guided", \
"neuron"}} or callable, default=None
        Where it adds as many: anywhere; where none ever was; where the missing weight's
        gradient or momentum is greatest; between units that are active alike; where the
        gradient is greatest among sampled candidates; or between important units. What
        it looks at is computed for a random sample of the training set. "cosine" is not
        available in `partial_fit`.
    zeta_schedule : {{"constant", "linear", "cosine"}} or callable, default=None
        How zeta changes during training. A callable ``schedule(progress)`` returns zeta
        itself.
    density_schedule : {{"constant", "cubic"}} or callable, default=None
        How the density changes during training. "cubic" begins with three times the
        connections that `density` or `epsilon` stand for, and removes the weakest of
        the whole network until 0.7 of the training is done. A callable
        ``schedule(progress, final)`` returns the density.
    update_interval : int or "epoch", default=None
        Training steps from one evolution to the next, or once per epoch. None is what
        the method says, once per epoch but for "rigl".
    newborn : {{"zero", "init", "he_uniform"}}, default=None
        What a newborn connection weighs: 0, a fresh initial value, or a random one
        within ``sqrt(6 / n_in)`` of 0.
    unit_pruning : {{"strength"}} or callable, default=None
        Whether hidden units are removed for good, the weakest first [3]_: see
        `skset.strategies.ImportancePruning`. The arrays shrink with them, so that
        `coefs_` has the shapes that `hidden_layer_sizes_` says.
    final_drop : bool, default=True
        Whether training ends with a drop without regrowth, as in [1]_, so that no
        connection remains which was never trained. Not applied to a network restored
        by early stopping, nor by `partial_fit`.
    activation : {{"identity", "logistic", "tanh", "relu", "leaky_relu", "all_relu"}}, \
default="relu"
        Activation of the hidden layers. "all_relu" has a slope of alternating sign for
        z < 0 [3]_.
    negative_slope : float, default=None
        Its absolute value: by default 0.01 for "leaky_relu", 0.6 for "all_relu".
    dropout : float in [0, 1), default={dropout}
        Share of hidden activations that a training step sets to 0.
    solver : {{"adam", "sgd"}}, default="{solver}"
        Optimiser.
    alpha : float, default={alpha}
        Strength of the L2 penalty of the weights W: as in scikit-learn's MLP ``alpha *
        W / B`` is added to the gradient, B being the number of samples in a batch (that
        have a `sample_weight` above 0).
    batch_size : int or "auto", default="auto"
        Samples per training step. "auto" makes forty batches of the samples, of 4 to
        128 samples each: small data then get enough steps per epoch. In `partial_fit`
        it is ``min(200, n_samples)``, as in scikit-learn.
    learning_rate : {{"constant", "invscaling", "adaptive", "cosine"}}, \
default="{learning_rate}"
        Schedule of the learning rate: as in scikit-learn's MLP, where all but the first
        concern only solver "sgd"; "cosine" takes it to 0 at `max_iter` for both, and
        is constant in `partial_fit`.
    learning_rate_init : float, default={rate}
        Initial learning rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default={max_iter}
        Largest number of epochs.
    shuffle : bool, default=True
        Whether every epoch takes the samples in a new order.
    tol : float, default=1e-4
        Smallest improvement of the loss or validation score that counts as one.
    n_iter_no_change : int or inf, default=10
        Training ends after more than so many epochs without improvement.
    early_stopping : bool, default=False
        Whether to stop by a validation score in place of the training loss, and to
        return the weights and the topology that had the best one.
    validation_fraction : float in (0, 1), default=0.1
        Share of the training data set aside if `early_stopping` is True and `fit` is
        given no validation data.
    scoring : str, callable or None, default="loss"
        Validation score: the negative loss, a scikit-learn scorer, or None for the
        estimator's `score`.
    momentum : float in [0, 1], default=0.9
        Momentum of solver "sgd".
    nesterovs_momentum : bool, default=True
        Whether it is Nesterov's.
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
        Decay rates of Adam's moments.
    adam_epsilon : float, default=1e-8
        Adam's constant for numerical stability.
    warm_start : bool, default=False
        Whether `fit` goes on from the network of the last call. It first grows as many
        connections as the last fit dropped for good. `t_` and the curves go on; the
        cosine of the learning rate begins anew.
    dtype : {{np.float32, np.float64}}, default=np.float32
        Type of the weights and of all computation. float32 takes half the memory and
        half the time.
    random_state : int, RandomState instance or None, default=None
        Seed of topology, weights, shuffling, dropout and evolution. The same seed gives
        the same bits for every `n_jobs`.
    n_jobs : int, default=None
        Threads that share each layer while training; None is 1, -1 all cores.
        Prediction is serial.
    verbose : bool or int, default=False
        Whether to print a line per epoch."""

ATTRIBUTES = """n_iter_ : int
        Number of epochs of the last fit; by `partial_fit`, of calls.
    loss_ : float
        Mean training loss of the last epoch, the penalty included.
    loss_curve_ : list of float
        The same for every epoch; `warm_start` and `partial_fit` go on with it.
    best_loss_ : float or None
        Smallest training loss; None with early stopping. With a `density_schedule` of
        epochs at the final density only, here and below.
    validation_scores_ : list of float or None
        Validation score after every epoch, with early stopping.
    best_validation_score_ : float or None
        That of the network returned: the best of this fit, or with `warm_start` that of
        the network at its beginning if none was better.
    coefs_ : list of scipy.sparse.csr_array of shape (n_in, n_out)
        Weights of each layer.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer.
    nnz_ : int
        Number of connections.
    density_ : float
        Share of the dense network's connections that exist.
    feature_importances_ : ndarray of shape (n_features,)
        Strength of each input unit, that is the sum of its absolute weights,
        normalised to add up to 1.
    n_layers_ : int
        Number of layers of units, input and output included.
    hidden_layer_sizes_ : list of int
        Number of units of each hidden layer; smaller than `hidden_layer_sizes` where
        `unit_pruning` has removed some.
    n_outputs_ : int
        Number of output units.
    out_activation_ : str
        Name of the output function.
    t_ : int
        Number of training samples seen.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has some."""

REFERENCES = """.. [1] Mocanu et al. (2018). "Scalable training of artificial neural
       networks with adaptive sparse connectivity inspired by network science." Nature
       Communications 9:2383.
    .. [2] Liu et al. (2022). "The unreasonable effectiveness of random pruning." ICLR.
    .. [3] Curci, Mocanu and Pechenizkiy (2021). "Truly sparse neural networks at
       scale." arXiv 2102.01732."""


# Those that `QuickSelection` has, or describes, for itself.
SELECTION_PARAMETERS = """\
n_features_to_select : int, float in (0, 1] or "all", default=50
        Number or share of the features to keep; all of them, with a warning, if there
        are fewer. It may be changed after `fit` by `set_params`, without new training.
    supervised : bool, "auto", "classification" or "regression", default="auto"
        Whether to learn from y. "auto" learns from y where it is given, else from X
        alone. It takes strings, booleans, indicator matrices, and whole numbers with at
        most ``max(20, sqrt(n_samples))`` different values for classes, and all other
        numbers for a regression. True is the same, but y must be given. False ignores
        y, as the paper does [4]_.
    importance : {"coverage", "strength", "attribution"}, default="coverage"
        What features are ranked by.

        - "coverage" chooses them one after the other, each time the one that explains
          most of what those before have left of the reconstruction, or with labels of
          what all features contribute to the outputs [6]_. Of features that say the
          same, one comes early. The default: see the tables in docs/selection.md.
        - "strength" is the sum of the absolute weights of an input unit [4]_. Without
          labels it tells most after few epochs (``max_iter=10``): an autoencoder that
          is trained for long copies what it cannot tell from elsewhere.
        - "attribution" is ``sum_c mean_b |d output_c / d x_j|`` over samples b [5]_;
          without labels the root mean square contribution to the other features, for
          which hidden units stand at their mean slope.
    accumulate : bool, default=True
        Whether "strength" and "attribution" are added up over all epochs [5]_, rather
        than taken from the trained network. "coverage" is always that of the trained
        network.
    keep_history : bool, default=False
        Whether to keep the importances of every epoch in `importances_history_`. For
        "coverage" that takes time.
    epsilon : float, default=13
        Erdos-Renyi constant: a layer gets about ``epsilon * (n_in + n_out)``
        connections. 13 is the paper's.
    zeta : float in [0, 1), default=None
        Fraction of a layer's connections that an evolution replaces. None is the
        method's, but 0.2, the paper's, for method "set".
    noise : float, default=1.0
        Standard deviation of the Gaussian noise that training adds to the input, with
        labels or without, in units of X; the target of the autoencoder is without
        noise. The paper's 0.2 lets an autoencoder copy its input; with more it has to
        learn which features tell of others.
    resample_noise : bool, default=True
        Whether noise is new in every step. False gives each sample the same noise in
        all epochs of a call, as the paper does.
    batch_size : int or "auto", default="auto"
        Samples per training step; all of them if there are fewer. "auto" makes 20
        batches of 32 to 128 samples without labels, 40 of 4 to 128 with labels. In
        `partial_fit` it is ``min(200, n_samples)``.
    max_iter : int or "auto", default="auto"
        Largest number of epochs. "auto" is 600 training steps without labels and 1,200
        with labels, but 10 epochs at least and 100 at most.
    n_iter_no_change : int or inf, default=inf
        Training ends after more than so many epochs without improvement of the loss. It
        is meant to end at `max_iter`, where the learning rate has come to 0.
    early_stopping : bool, default=False
        Whether to stop by the loss of samples set aside, and to return the network that
        had the best one.
    class_weight : dict or "balanced", default=None
        Weights of the classes, where y has classes, as of `SETClassifier`."""


# Those that `SparseRBM` has, or describes, for itself.
RBM_PARAMETERS = """\
n_components : int, default=256
        Number of hidden units.
    epsilon : float, default=11
        Erdos-Renyi constant: there are about ``epsilon * (n_features + n_components)``
        connections. 11 is the paper's [1]_.
    density : float in (0, 1], default=None
        Share of the dense machine's connections, in place of `epsilon`.
    init : {"erdos_renyi", "uniform", "uniform_plus", "snip"}, list of float or \
callable, default="erdos_renyi"
        Initial topology; a strategy of `skset.strategies`, or any ``init(shapes, rng)``
        that returns a `Topology` per layer. With one layer all names are the same, and
        a list has one density.
    zeta : float in [0, 1), default=None
        Fraction of the connections that an evolution replaces. None is the method's, as
        in the paper 0.3 for "set".
    newborn : {"zero", "init", "he_uniform"}, default=None
        What a newborn connection weighs: 0, a fresh initial value, as in the paper (see
        docs/boltzmann.md), or a random one within ``sqrt(6 / n_in)`` of 0.
    final_drop : bool, default=True
        Whether `fit` ends with a drop without regrowth, as in [1]_, so that no
        connection remains which was never trained.
    learning_rate : float, default=0.1
        Initial learning rate. With momentum 0.9 its steps are ten times as long as
        those of a `BernoulliRBM` with the same.
    learning_rate_schedule : {"cosine", "constant"}, default="cosine"
        "cosine" takes the learning rate to 0 at `n_iter`; in `partial_fit` it is always
        constant.
    momentum : float in [0, 1), default=0.9
        Momentum of the gradient. The length of a step goes with ``learning_rate / (1 -
        momentum)``.
    alpha : float, default=1e-4
        Weight decay: the gradient of each weight has ``alpha * weight`` added.
    n_gibbs : int, default=1
        Steps of Gibbs sampling from the data to the model's phase, k of CD-k [3]_. More
        of them follow the likelihood closer; each adds about 0.4 of the time of CD-1.
    persistent : bool, default=False
        Whether the Markov chains of the model's phase, `batch_size` of them, go on from
        step to step [4]_ rather than begin at the data. It wants a lower learning rate.
    batch_size : int, default=20
        Samples per training step; all of them if there are fewer, of which `fit` warns.
    n_iter : int, default=30
        Number of epochs.
    warm_start : bool, default=False
        Whether `fit` goes on from the machine of the last call. It first grows as many
        connections as the last fit dropped for good. `t_` and the curve go on; the
        cosine of the learning rate begins anew.
    random_state : int, RandomState instance or None, default=None
        Seed of topology, weights, shuffling, sampling and evolution. The same seed
        gives the same bits for every `n_jobs`."""


def documented(own="", **values):
    """Return a class decorator that fills in what the docstrings have in common.

    Parameters
    ----------
    own : str, default=""
        Section of the parameters that a class has, or describes, for itself.
    **values : str
        Defaults that differ from class to class.
    """

    def decorate(cls):
        if cls.__doc__:  # None under python -OO
            shared, its = _entries(PARAMETERS), _entries(own)
            # Two parameters that are described together stand under both names.
            parameters = dict.fromkeys(
                its[name] if name in its else shared[name].format(**values)
                for name in inspect.signature(cls).parameters
            )
            cls.__doc__ = cls.__doc__.format(
                parameters="\n    ".join(parameters),
                attributes=ATTRIBUTES,
                references=REFERENCES,
            )
        return cls

    return decorate


def _entries(text):
    """Return the entry of each parameter that a numpydoc section describes."""
    entries = re.split(r"\n    (?=\S)", text)
    return {
        name: entry
        for entry in entries
        for name in entry.split(" : ", 1)[0].split(", ")
    }
