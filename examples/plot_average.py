"""
Averaging the networks of several places
========================================

Can several places train one network without showing each other their rows? Imagine
four hospitals that have a quarter of the rows each. Only fitted estimators travel.
"""

# %%
# Four places
# -----------
#
# The rows are images of digits. Each place has a quarter of the training rows.

import copy

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skset import SETClassifier, average

N_PLACES, N_PASSES, SEEDS = 4, 12, range(5)
X, y = load_digits(return_X_y=True)
classes = np.unique(y)


def first_pass(rows, seed):
    """Return a network that has passed once over some rows."""
    model = SETClassifier((200,), random_state=seed)
    return model.partial_fit(*rows, classes=classes)


def alone(rows, seed):
    """Return a network that has learned from these rows only."""
    model = first_pass(rows, seed)
    for _ in range(N_PASSES - 1):
        model.partial_fit(*rows)
    return model


# %%
# Two ways to average
# -------------------
#
# The first: each place trains a network of its own, and at the end they are averaged.
# The second: one place begins. Then all go on with copies of its network, and after
# each pass the copies are averaged by :func:`skset.average`.


def averaged_at_the_end(places, seed):
    """Return the average of networks that have nothing in common."""
    return average([alone(rows, 10 * seed + k) for k, rows in enumerate(places)])


def averaged_after_each_pass(places, seed):
    """Return a network that all places have trained together."""
    model = first_pass(places[0], seed)
    for _ in range(N_PASSES - 1):
        copies = [copy.copy(model).partial_fit(*rows) for rows in places]
        model = average(copies)
    return model


scores = {
    "one place alone": [],
    "own networks, averaged at the end": [],
    "one network, averaged after each pass": [],
    "all rows in one place": [],
}
for seed in SEEDS:
    parts = train_test_split(X, y, random_state=seed, stratify=y)
    X_train, X_test, y_train, y_test = parts
    places = [(X_train[k::N_PLACES], y_train[k::N_PLACES]) for k in range(N_PLACES)]
    models = (
        alone(places[0], seed),
        averaged_at_the_end(places, seed),
        averaged_after_each_pass(places, seed),
        alone((X_train, y_train), seed),
    )
    for name, model in zip(scores, models, strict=True):
        scores[name].append(100 * model.score(X_test, y_test))

# %%
# Means over five splits of the rows, and one standard error to both sides.

figure, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
colors = ("#999999", "#D55E00", "#0072B2", "#009E73")
for (name, values), color in zip(scores.items(), colors, strict=True):
    mean, error = np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))
    ax.errorbar(mean, name, xerr=error, fmt="o", color=color, capsize=4)
    print(f"{name:38} {mean:.1f} ± {error:.1f} %")
ax.invert_yaxis()
ax.margins(y=0.15)
ax.set_xlabel("accuracy on test rows, %")
ax.spines[["top", "right"]].set_visible(False)
ax.grid(axis="x", alpha=0.3)
plt.show()

# %%
# What was seen
# -------------
#
# Networks that were trained on their own must not be averaged. Hidden unit 5 of one has
# nothing to do with hidden unit 5 of another, so the mean of their weights is the mean
# of nothing. Copies of one network match, and their average has learned from all rows.
# It is not as good as a network that sees all rows in one place: in a pass each copy
# takes a quarter of the steps.
#
# The average has as many connections as one network: the weakest of the union are left
# out. It is an ordinary estimator, which predicts, is saved and learns on.
#
# :doc:`/distributed` has the same on larger data, beside a soft vote, and a function
# that does all this by itself, on a cluster.
