"""
Choosing epsilon, zeta and the learning rate
============================================

Which of these numbers should I change, and how far? Three validation curves on images
of digits answer it: one number changes, and the others stay.
"""

# %%
# Three curves
# ------------
#
# ``epsilon`` is the number of connections for each input and output of a layer, about.
# ``zeta`` is the share of them that is replaced after each epoch.
# ``learning_rate_init`` is the size of the first steps.
#
# 600 of the images are used, so that the task is not too easy. Four folds train on 450
# of them each.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, validation_curve

from skset import SETClassifier

X, y = load_digits(return_X_y=True)
X, y = X[:600], y[:600]
model = SETClassifier((200,), max_iter=20, alpha=0.1, random_state=0)
folds = StratifiedKFold(4, shuffle=True, random_state=0)
ranges = {
    "epsilon": [1, 2, 5, 10, 20, 40],
    "zeta": [0.0, 0.1, 0.3, 0.5, 0.7, 0.9],
    "learning_rate_init": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1],
}
curves = {
    name: validation_curve(
        model, X, y, param_name=name, param_range=values, cv=folds, n_jobs=2
    )
    for name, values in ranges.items()
}

# %%
# A line is the mean over the folds, a band one standard error to both sides. Dotted
# lines are the defaults. The default learning rate depends on the data: a fitted model
# has it in ``auto_params_``.

rate = model.fit(X, y).auto_params_["learning_rate_init"]
defaults = {"epsilon": model.epsilon, "zeta": 0.3, "learning_rate_init": rate}

figure, axes = plt.subplots(3, 1, figsize=(6, 9), sharey=True, layout="constrained")
for ax, (name, values) in zip(axes, ranges.items(), strict=True):
    scored = zip(("training rows", "test rows"), curves[name], strict=True)
    for (label, scores), color in zip(scored, ("#999999", "#0072B2"), strict=True):
        mean = 100 * scores.mean(axis=1)
        error = 100 * scores.std(axis=1, ddof=1) / np.sqrt(folds.n_splits)
        ax.plot(values, mean, "o-", color=color, label=label)
        ax.fill_between(values, mean - error, mean + error, color=color, alpha=0.2)
    ax.axvline(defaults[name], color="black", linestyle=":")
    ax.set(xlabel=name, ylabel="accuracy, %", ylim=(88, 100.5))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)
axes[0].set_xscale("log")
axes[0].set_xticks(ranges["epsilon"], ranges["epsilon"])
axes[0].minorticks_off()
axes[2].set_xscale("log")
axes[1].legend(loc="lower right", frameon=False)
plt.show()

# %%
# Is a difference real?
# ---------------------
#
# The folds are the same for all values. So each is compared with the best one, fold by
# fold. Do not rely on a difference below two standard errors.

for name, values in ranges.items():
    _, scores = curves[name]
    best = scores.mean(axis=1).argmax()
    print(f"{name}: the best is {values[best]}")
    for value, other in zip(values, scores, strict=True):
        loss = 100 * (scores[best] - other)
        error = loss.std(ddof=1) / np.sqrt(len(loss))
        verdict = "worse" if loss.mean() > 2 * error else "about as good"
        print(f"  {value:<7} {loss.mean():5.1f} ± {error:.1f} points behind: {verdict}")

# %%
# What was seen
# -------------
#
# All three curves are flat around the defaults, and fall at an end: with too few
# connections, with nearly all of them replaced, and with steps that are too small for
# 20 epochs. The largest steps are a little worse too. So keep the defaults at first.
# The penalty ``alpha`` is the first one to search.
#
# One set of images is one case. :doc:`../defaults` has the averages over many tables,
# and :doc:`../choosing` says when to leave them.
