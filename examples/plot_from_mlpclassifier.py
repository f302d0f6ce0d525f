"""
From MLPClassifier in five minutes
==================================

I have an :class:`~sklearn.neural_network.MLPClassifier`. What changes if I write
:class:`~skset.SETClassifier` in its place? Short answer: the name, and no scaler. This
example compares both on a table of tumours.
"""

# %%
# The same calls
# --------------
#
# The tumours have 30 columns. Some have values of thousands, some of thousandths. So
# ``MLPClassifier`` needs a scaler in front of it. :class:`~skset.SETClassifier` scales
# inside.

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import RepeatedStratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset import SETClassifier

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
dense = MLPClassifier(max_iter=1000, random_state=0)
models = {
    "MLPClassifier,\nno scaler": dense,
    "MLPClassifier,\nwith a scaler": make_pipeline(StandardScaler(), dense),
    "SETClassifier,\nno scaler": SETClassifier(random_state=0),
}

# %%
# Which is better?
# ----------------
#
# All models see the same ten splits. So we can look at the difference in each split. It
# varies less than the accuracies do.

splits = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
results = {
    name: cross_validate(model, X, y, cv=splits, return_estimator=True)
    for name, model in models.items()
}
accuracies = {name: 100 * result["test_score"] for name, result in results.items()}

figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
rng = np.random.default_rng(0)
for row, (name, values) in enumerate(accuracies.items()):
    color = "#0072B2" if name.startswith("SET") else "#999999"
    heights = row + rng.uniform(-0.18, 0.18, len(values))
    ax.scatter(values, heights, s=36, color=color, alpha=0.7, linewidth=0)
    ax.plot([values.mean()] * 2, [row - 0.32, row + 0.32], color="black", lw=2)
ax.set_yticks(range(len(models)), models)
ax.invert_yaxis()
ax.set_xlabel("accuracy on test rows, % (points: splits; line: mean)")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The standard error is that of the mean difference. Splits of one table share rows, so
# it is rather too small.

ours = accuracies["SETClassifier,\nno scaler"]
for name in list(models)[:2]:
    lead = ours - accuracies[name]
    error = lead.std(ddof=1) / np.sqrt(len(lead))
    title = name.replace("\n", " ")
    print(f"lead over {title}: {lead.mean():.1f} ± {error:.1f} points")

# %%
# How large are the networks?
# ---------------------------
#
# The dense network has 100 hidden units, the sparse one 1,000. Its default
# ``epsilon=20`` begins with about 20 connections for each input and output of a layer.
# A layer without room for so many is dense. The last drop takes 30 % of a sparse layer,
# and nothing grows after it. On a table this narrow the sparse network is the larger
# one. On wide tables it is far smaller than a dense one with as many units, as the
# picture shows.

sparse = results["SETClassifier,\nno scaler"]["estimator"][0]
n_weights = sum(
    weights.size
    for weights in results["MLPClassifier,\nno scaler"]["estimator"][0].coefs_
)
print(f"MLPClassifier: {n_weights:,} weights")
print(f"SETClassifier: {sparse.nnz_:,} connections of {sparse.network_.n_possible:,}")

widths = np.array([10, 100, 1_000, 10_000, 100_000])
figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
one_layer = np.minimum(20 * (widths + 1000), widths * 1000)
ax.loglog(widths, widths * 1000, "o-", color="#999999")
ax.loglog(widths, one_layer, "o-", color="#0072B2")
ax.text(8e3, 2.2e7, "dense, 1,000 units", color="#666666", ha="right")
ax.text(1.2e5, 1.2e5, "sparse, epsilon=20", color="#0072B2", ha="right")
ax.set(xlabel="columns of the table", ylabel="weights of the first layer")
ax.grid(alpha=0.3)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What has another meaning?
# -------------------------
#
# Two parameters. ``batch_size="auto"`` makes forty batches, where scikit-learn takes
# 200 rows for each. And ``epsilon`` is the number of connections here. Adam's small
# constant is ``adam_epsilon``. The error says so:

try:
    SETClassifier(epsilon=1e-8).fit(X, y)
except ValueError as error:
    print(fill(str(error), 76))

# %%
# And ``coefs_`` has sparse matrices, one for each layer:

for weights in sparse.coefs_:
    print(type(weights).__name__, weights.shape, f"{weights.nnz:,} connections")

# %%
# The way back
# ------------
#
# :meth:`~skset.SETClassifier.to_mlp` makes an ``MLPClassifier`` with the same weights,
# dense, for a tool that knows nothing else.

copy = sparse.to_mlp()
same = np.mean(copy.predict(X) == sparse.predict(X))
print(f"{type(copy).__name__}: the same class for {100 * same:.0f} % of the tumours")

# %%
# What was seen
# -------------
#
# Without a scaler the dense network is worse, and the sparse one needs none. With a
# scaler both are good. Do not rely on a difference below two standard errors.
#
# :doc:`../coming_from_mlpclassifier` has the table of all parameters: the same, with
# another meaning, and new.
