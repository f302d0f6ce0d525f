"""
Sparse against dense
====================

How few connections are as good as all of them, and what does a step cost then? This
example trains networks of one shape with more and more connections, and beside them
small dense networks.
"""

# %%
# Accuracy and connections
# ------------------------
#
# ``epsilon`` sets the number of connections. All sparse networks have one hidden layer
# of 300 units. Beside each there is a dense network with about as many weights, in
# fewer units, and at the end a dense one of 300 units. Five folds give a mean and its
# standard error; all networks see the same folds.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_validate

from skset import SETClassifier
from skset.inspection import NetworkDisplay

X, y = load_digits(return_X_y=True)
folds = StratifiedKFold(5, shuffle=True, random_state=0)


def measured(**parameters):
    """Return mean connections, and the accuracies of the folds in percent."""
    model = SETClassifier(max_iter=20, random_state=0, **parameters)
    found = cross_validate(model, X, y, cv=folds, return_estimator=True, n_jobs=2)
    nnz = np.mean([fitted.nnz_ for fitted in found["estimator"]])
    return nnz, 100 * found["test_score"]


sparse = [measured(hidden_layer_sizes=(300,), epsilon=e) for e in (1, 2, 5, 10)]
full = {"density": 1.0, "method": "static"}
dense = [measured(hidden_layer_sizes=(n,), **full) for n in (6, 13, 32, 75, 300)]

# %%
# A bar is one standard error, to both sides.

figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
styles = (
    (sparse, "sparse, 300 hidden units", "#0072B2", "o-"),
    (dense, "dense, 6 to 300 hidden units", "#D55E00", "s--"),
)
for found, label, color, style in styles:
    nnz = [connections for connections, _ in found]
    means = [scores.mean() for _, scores in found]
    errors = [scores.std(ddof=1) / np.sqrt(len(scores)) for _, scores in found]
    ax.errorbar(nnz, means, errors, fmt=style, color=color, label=label, capsize=3)
ax.set(xscale="log", xlabel="connections", ylabel="accuracy on test folds, %")
ax.spines[["top", "right"]].set_visible(False)
ax.grid(alpha=0.3)
ax.legend(frameon=False, loc="lower right")
plt.show()

# %%
# Differences over the folds, with their standard errors:


def told(difference):
    """Return the mean of some differences and its standard error, as text."""
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    return f"{difference.mean():+.1f} ± {error:.1f}"


most, best = dense[-1]
print("points of accuracy: sparse minus dense,")
print(f"with as many connections / with {most:,.0f}")
for (nnz, scores), (_, small) in zip(sparse, dense[:-1], strict=True):
    print(
        f"{nnz:7,.0f} connections: {told(scores - small):>11} / {told(scores - best)}"
    )

# %%
# The time of a step
# ------------------
#
# The time of a step is about proportional to the connections, down to a density of some
# percent. These networks have three layers of 1,000 units and take ten steps on batches
# of 32 rows, on one thread. Shown is the mean of ten steps, the fastest of five runs.

N_STEPS, N_ROWS = 10, 320
rng = np.random.default_rng(0)
rows = rng.standard_normal((N_ROWS, 784)).astype(np.float32)
labels = np.arange(N_ROWS) % 10


def milliseconds(**parameters):
    """Return the connections of a large network, and the time of one step."""
    model = SETClassifier(
        (1000, 1000, 1000),
        batch_size=32,
        method="static",
        random_state=0,
        **parameters,
    )
    model.partial_fit(rows, labels, classes=range(10))
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        model.partial_fit(rows, labels)
        seconds.append(time.perf_counter() - began)
    return model.nnz_, 1000 * min(seconds) / N_STEPS


densities = (0.01, 0.03, 0.1, 0.3, 1.0)
steps = [milliseconds(density=density) for density in densities]

figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
bars = ax.barh([f"{d:.0%}" for d in densities], [t for _, t in steps], color="#0072B2")
ax.bar_label(bars, [f"{t:.1f} ms" for _, t in steps], padding=3)
ax.set(xlabel="milliseconds for a step of 32 rows", ylabel="density")
ax.margins(x=0.12)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What is left
# ------------
#
# A network with few connections can be looked at. These are the strongest paths from
# pixels to classes.

model = SETClassifier((300,), epsilon=2, max_iter=20, random_state=0).fit(X, y)
names = [f"row {row}, column {column}" for row in range(8) for column in range(8)]
NetworkDisplay.from_estimator(model, n_connections=60, feature_names=names)
plt.show()

# %%
# What was seen
# -------------
#
# A difference of less than two standard errors is none. On these images the number of
# connections is what counts: many units with few connections each and few units with
# many do about as well. A tenth of the connections does as well as all of them. With a
# fiftieth of them accuracy is lost.
#
# What is saved is time: a step of a large sparse network takes a fraction of a full
# one's. All networks here are skset's, and skset is not made for a density of 1.
# :doc:`/peers` and :doc:`/performance` compare with scikit-learn and PyTorch, and
# :doc:`/defaults` compares accuracies on 28 tables.
