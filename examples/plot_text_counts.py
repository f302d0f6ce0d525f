"""
Counts of words
===============

Can a sparse network classify texts by counts of their words? Yes, and without ever
making the table dense. But other models are often better there, and this example says
by how much.
"""

# %%
# Texts
# -----
#
# No download is needed: scipy is installed, and its functions have docstrings. Which
# part of scipy does a function belong to? Names of parts are struck out, and so are
# repeated texts. Only the first 40 words count, so that it is not too easy.

import importlib
import inspect
import re

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skset import SETClassifier
from skset.inspection import FeatureImportanceDisplay

parts = ["fft", "interpolate", "linalg", "ndimage", "optimize", "signal", "sparse"]
parts += ["spatial", "special", "stats"]
struck_out = re.compile(rf"\b(scipy|sp|{'|'.join(parts)})\b", re.IGNORECASE)


def documented(part):
    """Return the docstrings of the public functions and classes of a part of scipy."""
    module = importlib.import_module(f"scipy.{part}")
    members = (getattr(module, name) for name in module.__all__)
    texts = (inspect.getdoc(member) or "" for member in members)
    words = (struck_out.sub(" ", text).split() for text in texts)
    return {" ".join(some[:40]) for some in words if len(some) >= 40}


labelled = {text: part for part in parts for text in documented(part)}
texts, y = list(labelled), np.array(list(labelled.values()))
vectorizer = CountVectorizer(min_df=3)
counts = vectorizer.fit_transform(texts)
words = vectorizer.get_feature_names_out()
print(f"{counts.shape[0]} texts, {counts.shape[1]} words, {len(parts)} classes")
print(f"{type(counts).__name__}: {counts.nnz / np.prod(counts.shape):.1%} are not 0")

# %%
# Four models
# -----------
#
# `MaxAbsScaler` keeps zeros as they are, so the linear model sees a sparse matrix too.
# :class:`~skset.SETClassifier` needs no scaler. It makes one batch dense at a time.

models = {
    "SETClassifier": SETClassifier((200,), random_state=0),
    "LogisticRegression": make_pipeline(
        MaxAbsScaler(), LogisticRegression(C=10, max_iter=1000)
    ),
    "ExtraTrees": ExtraTreesClassifier(random_state=0),
    "MultinomialNB": MultinomialNB(),
}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
results = {
    name: cross_validate(model, counts, y, cv=folds, return_estimator=True)
    for name, model in models.items()
}
accuracies = {name: 100 * result["test_score"] for name, result in results.items()}

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
for row, (name, values) in enumerate(accuracies.items()):
    color = "#0072B2" if name == "SETClassifier" else "#999999"
    error = values.std(ddof=1) / np.sqrt(len(values))
    ax.scatter(values, [row] * len(values), s=24, color=color, alpha=0.5, linewidth=0)
    ax.errorbar(values.mean(), row, xerr=error, fmt="D", color=color, capsize=4)
ax.set_yticks(range(len(models)), models)
ax.set_ylim(len(models) - 0.5, -0.5)
ax.set_xlabel("accuracy on left-out texts, % (points: folds; bar: standard error)")
ax.grid(axis="x", alpha=0.3)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The folds are the same for all models, so their differences are paired.

for name in list(models)[1:]:
    lead = accuracies["SETClassifier"] - accuracies[name]
    error = lead.std(ddof=1) / np.sqrt(len(lead))
    seconds = (
        results["SETClassifier"]["fit_time"].mean() / results[name]["fit_time"].mean()
    )
    print(
        f"SETClassifier's lead over {name:18} {lead.mean():+.1f} ± {error:.1f} points, "
        f"in {seconds:.1f} times the time"
    )

# %%
# Which words?
# ------------
#
# The importance of a word is the sum of the absolute weights of its connections.
# The error bars are over the networks of the five folds.

FeatureImportanceDisplay.from_estimator(
    results["SETClassifier"]["estimator"], feature_names=words, n_bars=20
)
plt.show()

# %%
# What was seen
# -------------
#
# Counts of words are no strength of sparse networks. A linear model is as good or
# better in a fraction of the time: look at the leads, and at their standard errors.
# Take the network for counts if it has to learn from data in pieces, or if you want
# to look inside.
#
# :doc:`../choosing` has more cases where other models are better, with the figures.
