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
print(f"{y.sum()} of {len(y):,} rows are of the rare class, {100 * y.mean():.1f} %")

# %%
# With and without weights
# ------------------------
#
# ``class_weight="balanced"`` gives both classes the same total weight. The models of
# five folds predict the rows that they have not seen. The upper picture tells which
# rows each model puts first, the lower one whether its probabilities are true.

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

figure, (top, bottom) = plt.subplots(2, 1, figsize=(6, 8.5), layout="constrained")
for name, p in probabilities.items():
    precision, recall, _ = precision_recall_curve(y, p)
    top.step(recall, precision, where="post", color=colors[name], label=name)
    CalibrationDisplay.from_predictions(
        y, p, n_bins=8, name=name, ax=bottom, color=colors[name], markersize=5
    )
top.axhline(y.mean(), color="black", linestyle=":", label="random order")
top.set(xlabel="recall: share of the rare rows that are found")
top.set(ylabel="precision: share of the alarms that are true")
bottom.set(xlabel="probability that the network says")
bottom.set(ylabel="share of the rows that are rare")
bottom.legend(loc="upper left", frameon=False)
top.legend(loc="lower left", frameon=False, bbox_to_anchor=(0, 0.08))
for ax in (top, bottom):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The next lines have the same as numbers: means over the folds, and their standard
# errors. The Brier score is the mean squared error of the probabilities; small is good.
# The average precision is the area below the curve of the upper picture; large is good.

in_folds = [test for _, test in folds.split(X, y)]


def over_folds(measure, values):
    """Return the mean of a measure over the folds and its standard error."""
    each = [measure(y[test], values[test]) for test in in_folds]
    return np.mean(each), np.std(each, ddof=1) / np.sqrt(len(each))


for name, p in probabilities.items():
    brier, brier_error = over_folds(brier_score_loss, p)
    area, area_error = over_folds(average_precision_score, p)
    print(f"{name}: mean probability {p.mean():.3f}")
    print(f"  Brier score       {brier:.4f} ± {brier_error:.4f}")
    print(f"  average precision {area:.3f} ± {area_error:.3f}")

# %%
# A threshold of your own
# -----------------------
#
# Let a missed row cost twenty times as much as a false alarm. Then the best threshold
# is far below 0.5. :class:`~sklearn.model_selection.TunedThresholdClassifierCV` finds
# it by cross-validation, for any cost, and leaves the probabilities alone. Costs are
# per 100 rows, with their standard error over the folds.


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
figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for row, (name, said) in enumerate(decisions.items()):
    (_, false_alarms), (missed, found) = confusion_matrix(y, said)
    cost, error = over_folds(lambda t, s: -100 * gain(t, s), said)
    of_missed = 100 * 20 * missed / len(y)
    labels = ("missed, times 20", "false alarms") if row == 0 else (None, None)
    ax.barh(row, of_missed, color="#D55E00", label=labels[0])
    ax.barh(row, cost - of_missed, left=of_missed, color="#E69F00", label=labels[1])
    ax.errorbar(cost, row, xerr=error, color="black", capsize=4)
    print(f"{name}: cost {cost:.1f} ± {error:.1f}")
    print(f"  {found} found, {missed} missed, {false_alarms} false alarms")
names = [name.replace(", ", ",\n") for name in decisions]
ax.set_yticks(range(len(decisions)), names)
ax.invert_yaxis()
ax.set_xlabel("cost per 100 rows")
figure.legend(loc="outside upper center", ncols=2, frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What was seen
# -------------
#
# - Weights do not find the rare rows better here: compare the average precisions with
#   their standard errors.
# - They spoil the probabilities: those of the balanced network are far too high.
#   Without weights the mean probability is about the true share. The probabilities in
#   the middle are rather too low, but few rows are there.
# - For a decision weights and a lower threshold do about the same. The threshold
#   ``1 / (1 + 20)`` follows from the costs, and needs neither weights nor tuning.
#
# So do not set ``class_weight`` if you need probabilities, and move the threshold.
# The section :ref:`Weights <weights>` of the guide says what weights do in training.
