"""`SETConvClassifier`: SET-CNN with scikit-learn's face."""

import copy
from collections.abc import Sequence
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skset.torch import _conv_fit
from skset.torch._conv_parameters import documented
from skset.torch._convolutional import SETConvNet
from skset.torch._images import ChannelScale, images_again

__all__ = ["SETConvClassifier"]

Array: TypeAlias = NDArray[Any]
# Images that pass the network at once in a prediction.
AT_ONCE = 256


@documented
class SETConvClassifier(ClassifierMixin, BaseEstimator):
    """Convolutional network with sparse evolving layers, SET-CNN, as a classifier.

    Convolutional blocks are followed by `SETLinear` layers with relu, whose topology
    evolves at the end of each epoch [1]_, and by a dense output layer. The output layer
    is dense as in the code of [1]_: it has few units, and each needs many inputs.
    It trains on the cross entropy, by PyTorch, in float32. The loop is skorch's.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted class labels.
    image_shape_ : tuple of int
        Channels, height and width of an image.
    module_ : SETConvNet
        The network, a ``torch.nn.Module``. It takes images in its own units: see
        `standardize`.
    n_features_in_ : int
        Number of pixels times channels.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if X has rows with names.
    n_iter_ : int
        Number of epochs of the last fit; with `partial_fit`, number of calls.
    loss_curve_ : list of float
        Mean training loss of every epoch; `warm_start` and `partial_fit` continue it.
    validation_scores_ : list of float or None
        Negative validation loss after every epoch, with early stopping.
    best_validation_score_ : float or None
        The greatest of these: the score of the network that was restored.
    nnz_ : int
        Number of connections of the sparse layers.
    density_ : float
        `nnz_` as a share of the connections that dense layers of these sizes would
        have.
    n_parameters_ : int
        Number of all parameters: also of convolutions, biases and the output layer.

    See Also
    --------
    skset.SETClassifier : A sparse network without convolutions.
    skset.torch.skorch.EvolveTopology : For skorch nets of your own.

    References
    ----------
    .. [1] Mocanu, D. C. et al. (2018). Scalable training of artificial neural networks
           with adaptive sparse connectivity inspired by network science. Nature
           Communications 9:2383.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skset.torch import SETConvClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SETConvClassifier(
    ...     (200,),
    ...     channels=(8,),
    ...     image_shape=(1, 8, 8),
    ...     density=0.1,
    ...     max_iter=5,
    ...     learning_rate_init=0.01,
    ...     random_state=0,
    ... )
    >>> model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.8
    True
    """

    classes_: Array
    image_shape_: tuple[int, int, int]
    module_: SETConvNet
    _scale: ChannelScale

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (1000,),
        *,
        channels: int | Sequence[int] = (32, 64),
        image_shape: Sequence[int] | Literal["row"] | None = None,
        kernel_size: int = 3,
        batch_norm: bool = True,
        pool: int = 2,
        dropout: float = 0.0,
        epsilon: float = 20,
        density: float | None = None,
        weight_init: str = "he",
        method: str = "set",
        zeta: float | None = None,
        drop: Any = None,
        grow: Any = None,
        zeta_schedule: Any = None,
        density_schedule: Any = None,
        newborn: str | None = None,
        final_drop: bool = True,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int = 128,
        learning_rate_init: float | Literal["auto"] = "auto",
        learning_rate: str = "cosine",
        momentum: float = 0.9,
        max_iter: int = 20,
        tol: float = 0.0001,
        n_iter_no_change: float | Literal["auto"] = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        class_weight: Any = None,
        warm_start: bool = False,
        standardize: bool | Literal["auto"] = "auto",
        device: Any = "cpu",
        callbacks: Sequence[Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.channels = channels
        self.image_shape = image_shape
        self.kernel_size = kernel_size
        self.batch_norm = batch_norm
        self.pool = pool
        self.dropout = dropout
        self.epsilon = epsilon
        self.density = density
        self.weight_init = weight_init
        self.method = method
        self.zeta = zeta
        self.drop = drop
        self.grow = grow
        self.zeta_schedule = zeta_schedule
        self.density_schedule = density_schedule
        self.newborn = newborn
        self.final_drop = final_drop
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.standardize = standardize
        self.device = device
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like
            Images of shape (n_samples, channels, height, width) or (n_samples, height,
            width), of any real type and in any units; or rows of shape (n_samples,
            n_features), see `image_shape`. They are cast batch by batch.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions matter. Batch normalisation
            does not look at them, but samples of weight 0 are left out.

        Returns
        -------
        self : SETConvClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if training diverges. The
            classifier is then as it was before.
        """
        fitted: Self = _conv_fit.fit(self, X, y, sample_weight)
        return fitted

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train on one pass over the given data.

        Topology, momentum, units of the inputs and schedules are kept from call to
        call, also through pickling. The topology evolves at the end of each call.
        Nothing is dropped for good. Schedules of zeta and of the density take
        `max_iter` calls for the whole training; after these the topology stays. With a
        constant zeta and density there is no end. The learning rate is constant.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`. The units of the inputs are learned in the first call.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever be seen. Needed in the first call.

        Returns
        -------
        self : SETConvClassifier
            The classifier.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call or different in a later one, if y
            has a label that is not among them, if `early_stopping` is True, or if
            training diverges. The classifier is then as it was before.
        """
        fitted: Self = _conv_fit.partial_fit(self, X, y, sample_weight, classes)
        return fitted

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the logits (n_samples, n_classes), in float64.

        For two classes it is one number each, positive if the second is more likely.
        PyTorch's last bits may depend on the other samples in X.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Return the logarithms of the class probabilities (n_samples, n_classes)."""
        logits = self._logits(X)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return probabilities (n_samples, n_classes) in the order of `classes_`."""
        probabilities: Array = np.exp(self.predict_log_proba(X))
        return probabilities

    def predict(self, X: ArrayLike) -> Array:
        """Return the predicted class label of each sample."""
        best = self._logits(X).argmax(axis=1)  # first, as it says what is not fitted
        labels: Array = self.classes_[best]
        return labels

    def _logits(self, X: ArrayLike) -> Array:
        check_is_fitted(self, "module_")
        images, _ = images_again(self, X)
        module = self.module_.eval()
        device = next(module.parameters()).device
        logits: Array = np.empty((len(images), len(self.classes_)))
        for start in range(0, len(images), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            with torch.no_grad():
                x = torch.from_numpy(self._scale.applied(images[part])).to(device)
                logits[part] = module(x).cpu().numpy()
        if not np.isfinite(logits).all():
            raise ValueError(
                "Input X contains values so large that predictions are not finite."
            )
        return logits

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "module_" in state:  # so that a machine without a GPU can read it
            state["module_"] = copy.deepcopy(self.module_).cpu()
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.image_shape is not None
        tags.input_tags.three_d_array = True
        return tags
