"""
Many tasks, one network
=======================

Can one network learn one task after the other, without forgetting? Five tasks are
learned in turn, by a network that keeps them and by one that just goes on.
"""

# %%
# The tasks
# ---------
#
# Each task is to tell digits with the pixels in an order of its own. To a network these
# are different tasks: a pixel means something else in each.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skset import ContinualSETClassifier, SETClassifier
from skset.metrics import average_accuracy, backward_transfer, forgetting

N_TASKS = 5
X, y = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
orders = [rng.permutation(X.shape[1]) for _ in range(N_TASKS)]
tasks = [train_test_split(X[:, order], y, random_state=0) for order in orders]

# %%
# One network that keeps them
# ---------------------------
#
# In a :class:`~skset.ContinualSETClassifier` each task trains connections of its own,
# here a tenth of the places. Those of earlier tasks are frozen. Who predicts has to say
# which task it is. ``standardize="global"`` divides all columns by one number, since a
# column is another pixel in each task.

keeps = ContinualSETClassifier(
    (100, 100), density=0.1, max_iter=40, standardize="global", random_state=0
)
kept = np.full((N_TASKS, N_TASKS), np.nan)
for now, (X_train, _, y_train, _) in enumerate(tasks):
    keeps.partial_fit(X_train, y_train, task=f"task {now}")
    for seen, (_, X_test, _, y_test) in enumerate(tasks[: now + 1]):
        kept[now, seen] = keeps.score(X_test, y_test, task=f"task {seen}")

# %%
# One network that goes on
# ------------------------
#
# A :class:`~skset.SETClassifier` with ``warm_start=True`` trains on each task in turn,
# from the weights that it has. It has as many hidden units and, from the start, as many
# connections as five tasks have together. A small penalty suits it better than the
# default, which fits one task.

goes_on = SETClassifier(
    (100, 100),
    density=0.5,
    max_iter=40,
    alpha=1e-4,
    standardize="global",
    warm_start=True,
    random_state=0,
)
lost = np.full((N_TASKS, N_TASKS), np.nan)
for now, (X_train, _, y_train, _) in enumerate(tasks):
    goes_on.fit(X_train, y_train)
    for seen, (_, X_test, _, y_test) in enumerate(tasks[: now + 1]):
        lost[now, seen] = goes_on.score(X_test, y_test)

# %%
# Accuracy on each task, after each task
# --------------------------------------
#
# Read a column from top to bottom: what happens to a task while others are learned.

figure, axes = plt.subplots(2, 1, figsize=(6, 8.5), layout="constrained")
pairs = ((kept, "ContinualSETClassifier"), (lost, "SETClassifier that goes on"))
for ax, (accuracies, title) in zip(axes, pairs, strict=True):
    image = ax.imshow(100 * accuracies, vmin=0, vmax=100, cmap="viridis")
    for (row, column), value in np.ndenumerate(accuracies):
        if not np.isnan(value):
            color = "black" if value > 0.6 else "white"
            text = f"{100 * value:.0f} %"
            ax.text(column, row, text, color=color, ha="center", va="center")
    ax.set_title(title)
    ax.set(xlabel="accuracy on task", ylabel="after learning task")
    ax.set_xticks(range(N_TASKS))
    ax.set_yticks(range(N_TASKS))
    ax.spines[:].set_visible(False)
figure.colorbar(image, ax=axes, label="accuracy on test rows, %", shrink=0.6)
plt.show()

# %%
# What was seen
# -------------
#
# Three numbers say what the pictures show. The average accuracy is that on all tasks
# after the last one. The backward transfer is the mean change of the accuracy on a
# task, from the end of its own training to the end of all. Below 0 it says that
# something was lost. The forgetting is the mean drop from the best accuracy that a task
# ever had.

for name, accuracies in (("keeps", kept), ("goes on", lost)):
    print(
        f"{name:8} average accuracy {average_accuracy(accuracies):.3f}, "
        f"backward transfer {backward_transfer(accuracies):+.3f}, "
        f"forgetting {forgetting(accuracies):.3f}"
    )
print(f"{100 * keeps.capacity_:.0f} % of the places are used")

# %%
# The first network answers every task as it did when it had just learned it, bit for
# bit. The second one is as good on the newest task, and forgets the others.
#
# This is one seed, and the second network has one output layer for all tasks.
# :doc:`/continual` compares with stronger rivals, on four sequences of tasks and five
# seeds each: an output layer for each task, EWC (elastic weight consolidation, which
# holds the weights that matter to earlier tasks), and replay of earlier rows.
