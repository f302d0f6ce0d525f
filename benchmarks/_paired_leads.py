"""Means over folds and sets, and paired differences with their standard errors."""

from dataclasses import dataclass

import numpy as np

__all__ = [
    *("Lead", "deviation", "error_of_mean", "lead", "lead_on_set", "standard_error")
]


@dataclass(frozen=True)
class Lead:
    """How much better one model is than another, on average over sets.

    `over_sets` is the standard error of the mean if other sets of the same sorts were
    taken, `over_folds` if the same sets were split otherwise and other seeds taken.
    """

    mean: float
    over_sets: float
    over_folds: float
    by_set: dict[str, float]

    @property
    def worst(self):
        """Return the name and the lead of the set with the lowest."""
        return min(self.by_set.items(), key=lambda item: item[1])


def deviation(scores):
    """Return the standard deviation, NaN for a single score."""
    return float(np.std(scores, ddof=1)) if len(scores) > 1 else float("nan")


def error_of_mean(values):
    """Return the standard error of the mean of independent values, NaN for one."""
    return deviation(values) / float(np.sqrt(len(values)))


def standard_error(differences, n_splits):
    """Return the standard error of a mean over repeated k-fold cross-validation.

    Folds share training rows, so their scores are not independent: the variance is
    corrected by Nadeau and Bengio (2003), with the ratio of test to training rows.
    """
    share = 1 / len(differences) + 1 / (n_splits - 1)
    return deviation(differences) * float(np.sqrt(share))


def lead_on_set(ours, theirs, n_splits):
    """Return the mean difference of paired scores, and its standard error."""
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} and {len(theirs)} scores cannot be paired")
    differences = np.subtract(ours, theirs)
    return float(differences.mean()), standard_error(differences, n_splits)


def lead(ours, theirs, n_splits):
    """Return the `Lead` over the sets that both have; scores come by set.

    Scores are paired fold by fold within a set, and set means are paired over sets.
    """
    names = [name for name in ours if name in theirs]
    if not names:
        return None
    found = [lead_on_set(ours[name], theirs[name], n_splits) for name in names]
    means, errors = np.transpose(found)
    n = len(names)
    return Lead(
        mean=float(means.mean()),
        over_sets=deviation(means) / float(np.sqrt(n)),
        over_folds=float(np.sqrt(np.square(errors).sum())) / n,
        by_set=dict(zip(names, means.tolist(), strict=True)),
    )
