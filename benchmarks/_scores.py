"""What predictions are worth: log loss and expected calibration error."""

import numpy as np

__all__ = ["calibration_error", "log_loss", "probabilities"]

# A forest says 0 where no tree has seen a class. Unbounded, a few such rows would
# decide the mean of a whole set.
LEAST = 1e-6


def probabilities(model, X, classes):
    """Return probabilities with a column for each class, 0 where it was not trained."""
    found = np.zeros((X.shape[0], len(classes)))
    found[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    return found


def log_loss(found, labels):
    """Return the mean of minus the log of the probability of the right class.

    `labels` are the columns of the right classes.
    """
    right = found[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, LEAST)).mean())


def calibration_error(confidence, correct, n_bins=15):
    """Return the expected calibration error of the class that is predicted.

    Rows are put into bins of equal width by the probability of the predicted class
    (Guo et al. 2017). The error of a bin is the distance between its mean probability
    and its accuracy; bins count by their rows.
    """
    confidence, correct = np.asarray(confidence), np.asarray(correct)
    # A probability at the border of two bins belongs to the lower one, as in the paper.
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    excess = np.bincount(bins, weights=confidence - correct, minlength=n_bins)
    return float(np.abs(excess).sum() / len(confidence))
