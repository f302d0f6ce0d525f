"""
Fifty genes, and how sure they are
==================================

My table has a hundred patients and a thousand genes. Which fifty genes matter, how
well do they predict, and how sure is the choice? And how do I avoid the mistake that
makes every such table look wonderful?
"""

# %%
# A table of genes
# ----------------
#
# The table is made here, as a real one has no known truth. Genes come in modules that
# rise and fall together, as in tissue. Values are logarithms of expression. In four
# modules of ten genes the patients with the disease have more of each gene. These 40
# genes are called true below.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset import QuickSelection, StableSelection
from skset.inspection import ranked_features

rng = np.random.default_rng(0)
n_patients, n_modules, n_true = 100, 100, 4
disease = np.arange(n_patients) % 2
module = rng.standard_normal((n_patients, n_modules))
module[:, :n_true] += 1.6 * disease[:, None]
own = rng.standard_normal((n_patients, n_modules * 10))
values = 5 + 0.6 * np.repeat(module, 10, axis=1) + 0.8 * own
order = rng.permutation(values.shape[1])
names = np.array([f"GENE{number:04}" for number in range(len(order))])
X = pd.DataFrame(values[:, order], columns=names)
true_genes = set(names[order < 10 * n_true])
y = np.where(disease, "disease", "healthy")
print(f"{X.shape[0]} patients, {X.shape[1]:,} genes, {len(true_genes)} of them true")

# %%
# The mistake
# -----------
#
# Take labels that mean nothing: the same labels, shuffled. An honest estimate of the
# accuracy is then near 50 %. With one shuffle it may be some points above or below. We
# select fifty genes in two ways. The wrong one selects on all patients first and then
# cross-validates a model on these genes. So the selector has seen the patients that are
# to judge it. The right one puts the selector into the Pipeline, where it sees the
# training patients only.

selector = QuickSelection(50, hidden_layer_sizes=(100,), max_iter=10, random_state=0)
classifier = make_pipeline(StandardScaler(), LogisticRegression())
pipeline = make_pipeline(selector, *[step for _, step in classifier.steps])
folds = StratifiedKFold(5, shuffle=True, random_state=0)


def two_ways(labels):
    """Return the accuracies of both ways, in percent, one for each fold."""
    chosen = selector.fit_transform(X, labels)
    wrong = cross_val_score(classifier, chosen, labels, cv=folds)
    right = cross_val_score(pipeline, X, labels, cv=folds)
    return 100 * wrong, 100 * right


scores = {
    "shuffled labels": two_ways(rng.permutation(y)),
    "true labels": two_ways(y),
}
figure, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
ways = {"selected on all patients": "#D55E00", "selected in each fold": "#0072B2"}
for group, (labels, both) in enumerate(scores.items()):
    for shift, accuracies, (way, color) in zip(
        (-0.18, 0.18), both, ways.items(), strict=True
    ):
        mean = accuracies.mean()
        error = accuracies.std(ddof=1) / np.sqrt(len(accuracies))
        ax.barh(group + shift, mean, 0.32, color=color, label=None if group else way)
        ax.errorbar(mean, group + shift, xerr=error, color="black", capsize=3)
        ax.text(
            2, group + shift, f"{mean:.0f} ± {error:.0f} %", color="white", va="center"
        )
        print(f"{labels}, {way}: {mean:.1f} ± {error:.1f} %")
ax.axvline(50, color="black", linestyle=":")
ax.set_yticks(range(2), scores)
ax.invert_yaxis()
ax.set_xlim(0, 100)
ax.set_xlabel("accuracy on left-out patients, % (dotted: guessing)")
ax.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside upper center", ncols=2, frameon=False)
plt.show()

# %%
# Fifty genes with names
# ----------------------
#
# Now the selection may use all patients. The accuracy above stays honest, as it was
# measured on patients that the selectors had not seen. The names come from the columns
# of the DataFrame.

pipeline.fit(X, y)
fifty = pd.DataFrame(ranked_features(pipeline, 50))
print(fifty.head(10).to_string(index=False))

# %%
# How sure is each?
# -----------------
#
# One selection of fifty always has fifty genes, even if none is true.
# :class:`~skset.StableSelection` selects again on many halves of the patients. A gene
# that is chosen in most of them is called sure here, and the expected number of false
# ones among these has an upper bound. With ``n_features_per_resample="auto"`` each half
# chooses as many genes as a bound of 1 allows.

stable = StableSelection(
    selector, n_resamples=20, n_features_per_resample="auto", random_state=0
)
stable.fit(X, y)
frequency = pd.Series(stable.selection_frequencies_, index=names)
sure = set(stable.get_feature_names_out())
print(f"{len(sure)} genes are sure; at most {stable.error_bound_:.2f} false expected")
print(f"really false: {len(sure - true_genes)}")

# %%
# The fifty genes of the single fit, with the share of the halves in which they were
# chosen. The colour of a bar and of its name says whether the gene is true: blue if it
# is, orange if not. In a real study the colours are unknown.

ranked = fifty["feature"]
figure, ax = plt.subplots(figsize=(6, 9), layout="constrained")
colors = ["#0072B2" if name in true_genes else "#B35900" for name in ranked]
ax.barh(range(50), frequency[ranked], color=colors)
ax.axvline(stable.threshold_, color="black", linestyle="--")
ax.set_yticks(range(50), ranked, fontsize=8, fontfamily="monospace")
for text, color in zip(ax.get_yticklabels(), colors, strict=True):
    text.set_color(color)
ax.set_ylim(49.6, -0.6)
ax.set_xlim(0, 1)
ax.set_xlabel("share of the halves that chose it (dashed: the threshold)")
ax.set_ylabel("genes, the best rank first")
for label, color in (("true", "#0072B2"), ("false", "#B35900")):
    ax.barh([0], [0], color=color, label=label)
ax.legend(loc="lower right")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

kept = ranked.isin(sure)
print(
    f"of the fifty, {kept.sum()} are sure, {ranked[kept].isin(true_genes).sum()} true"
)
print(f"the other {(~kept).sum()}: {ranked[~kept].isin(true_genes).sum()} true")

# %%
# What was seen
# -------------
#
# - Selecting on all patients gives shuffled labels a high accuracy. The labels mean
#   nothing, so all of it is the mistake. Put the selector into the Pipeline.
# - A list of fifty always has fifty genes. Those that reach the threshold are true, but
#   for one or so, as the bound says. Among the others true and false ones are mixed.
# - Not every true gene is found. Genes of a module tell the same, and a selection takes
#   one or the other. So a gene that is missing in the list may still be important.
#
# :doc:`../selection` compares selectors on real tables, and says where simpler ones are
# as good. :doc:`../anndata` has the same for files of cells and genes.
