"""
Rare classes
============

One row in twenty-five is of the class that I look for. Should I give it more weight?
That depends on what is needed: good probabilities, or a decision that misses few.
"""

# %%
# A table with a rare class
# -------------------------
#
# 5,000 rows with 30 columns are made here, 4 % of them of the rare class. 1 % of the
# labels are wrong, as in real tables.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    make_scorer,
    precision_recall_curve,
)
from sklearn.model_selection import (
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
)

from skset import SETClassifier

X, y = make_classification(
    n_samples=5000,
    n_features=30,
    n_informative=8,
    n_clusters_per_class=3,
    weights=[0.97],
    class_sep=1.2,
    flip_y=0.02,
    random_state=0,
)
print(f"{y.sum()} of {len(y)} rows are of the rare class, {y.mean():.1%}")

# %%
# With and without weights
# ------------------------
#
# ``class_weight="balanced"`` gives both classes the same total weight. Five folds
# predict the rows that they have not seen.

folds = StratifiedKFold(5, shuffle=True, random_state=0)
plain = SETClassifier((200,), max_iter=30, random_state=0)
models = {
    "no weights": plain,
    "balanced": SETClassifier(
        (200,), max_iter=30, class_weight="balanced", random_state=0
    ),
}
probabilities = {
    name: cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1]
    for name, model in models.items()
}
colors = {"no weights": "#0072B2", "balanced": "#D55E00"}

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
for name, p in probabilities.items():
    precision, recall, _ = precision_recall_curve(y, p)
    left.step(recall, precision, where="post", color=colors[name], label=name)
    CalibrationDisplay.from_predictions(
        y, p, n_bins=8, name=name, ax=right, color=colors[name], markersize=5
    )
right.legend(loc="upper left", frameon=False)
left.axhline(y.mean(), color="black", linestyle=":")
left.set(xlabel="recall: share of the rare rows that are found")
left.set(ylabel="precision: share of the alarms that are true", title="which rows?")
right.set(xlabel="probability that the network says")
right.set(
    ylabel="share of the rows that are rare", title="can I believe a probability?"
)
left.legend(loc="lower left", frameon=False, bbox_to_anchor=(0, 0.08))
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The dotted line on the left is a random order of the rows. The next lines have the
# same as numbers, each fold on its own. The Brier score is the mean squared error of
# the probabilities; small is good.

in_folds = [test for _, test in folds.split(X, y)]


def over_folds(measure, values):
    """Return the mean of a measure over the folds and its standard error."""
    each = [measure(y[test], values[test]) for test in in_folds]
    return f"{np.mean(each):.3g} ± {np.std(each, ddof=1) / np.sqrt(len(each)):.2g}"


for name, p in probabilities.items():
    print(
        f"{name}: mean probability {p.mean():.3f}, "
        f"Brier score {over_folds(brier_score_loss, p)},\n"
        f"  average precision {over_folds(average_precision_score, p)}"
    )

# %%
# A threshold of one's own
# ------------------------
#
# Say a missed row costs twenty times as much as a false alarm. Then the best threshold
# is far below 0.5. `TunedThresholdClassifierCV` finds it by cross-validation, for any
# cost, and leaves the probabilities alone. The costs that are printed are per 100 rows,
# with their standard error over the folds.


def gain(truth, said):
    """Return the negative cost: 20 for a missed row, 1 for a false alarm."""
    (_, false_alarms), (missed, _) = confusion_matrix(truth, said, labels=[0, 1])
    return -(20 * missed + false_alarms) / len(truth)


tuned = TunedThresholdClassifierCV(
    plain, scoring=make_scorer(gain), cv=3, random_state=0
)
decisions = {
    "no weights, threshold 0.5": probabilities["no weights"] > 0.5,
    "balanced, threshold 0.5": probabilities["balanced"] > 0.5,
    "no weights, threshold 1 / 21": probabilities["no weights"] > 1 / 21,
    "no weights, threshold tuned": cross_val_predict(tuned, X, y, cv=folds),
}
figure, ax = plt.subplots(figsize=(7.5, 3), layout="constrained")
for row, (name, said) in enumerate(decisions.items()):
    (_, false_alarms), (missed, found) = confusion_matrix(y, said)
    ax.barh(
        row, 20 * missed, color="#D55E00", label=None if row else "missed, times 20"
    )
    ax.barh(
        row,
        false_alarms,
        left=20 * missed,
        color="#E69F00",
        label=None if row else "false alarms",
    )
    print(
        f"{name:28} {found} found, {false_alarms:3} false alarms, "
        f"cost {over_folds(lambda t, s: -100 * gain(t, s), said)}"
    )
ax.set_yticks(range(len(decisions)), decisions)
ax.invert_yaxis()
ax.set_xlabel("cost of all 5,000 rows")
figure.legend(loc="outside upper center", ncols=2, frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What was seen
# -------------
#
# - Weights do not find the rare rows better here: compare the average precisions with
#   their standard errors.
# - They spoil the probabilities. The balanced network says "rare" far too often.
#   Without weights the mean probability is about the true share, but the probabilities
#   in the middle are rather too low.
# - For a decision weights and a lower threshold do about the same. The threshold
#   ``1 / (1 + 20)`` follows from the costs, and needs neither weights nor tuning.
#
# So leave `class_weight` alone if you need probabilities, and move the threshold.
# :doc:`../guide` says what weights do in the training.
