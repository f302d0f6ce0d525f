"""
Numbers and categories: a Pipeline and a grid search
====================================================

How do I train on a table with numbers, categories and gaps, and choose the parameters?
With scikit-learn's own tools: :class:`~sklearn.compose.ColumnTransformer`,
:class:`~sklearn.pipeline.Pipeline` and
:class:`~sklearn.model_selection.GridSearchCV`. The table is made here and looks like
the one of a telephone company. Who will leave?
"""

# %%
# A table
# -------
#
# 900 customers are drawn at random. We know the truth, as we made it: leaving depends
# on the contract, the months, the calls, and on the price of those who have fibre.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skset import SETClassifier
from skset.inspection import FeatureImportanceDisplay

rng = np.random.default_rng(0)
n = 900
table = pd.DataFrame(
    {
        "months": rng.gamma(2, 14, n).round(),
        "price": rng.normal(60, 20, n).clip(15).round(2),
        "calls": rng.poisson(2, n).astype(float),
        "age": rng.normal(45, 15, n).clip(18).round(),
        "contract": rng.choice(["month", "year", "two years"], n, p=[0.5, 0.3, 0.2]),
        "line": rng.choice(["fibre", "DSL", "none"], n),
        "region": rng.choice(["north", "east", "south", "west"], n),
    }
)
score = (
    1.6 * (table["contract"] == "month")
    - 0.05 * table["months"]
    + 0.06 * (table["price"] - 60) * (table["line"] == "fibre")
    + 0.5 * (table["calls"] - 2)
    - 0.2
)
leaves = rng.random(n) < 1 / (1 + np.exp(-score))
table.loc[rng.random(n) < 0.08, "price"] = np.nan
table.loc[rng.random(n) < 0.05, "line"] = None
X_train, X_test, y_train, y_test = train_test_split(
    table, leaves, stratify=leaves, random_state=0
)
table.head()

# %%
# A Pipeline
# ----------
#
# Gaps are filled and categories become columns of 0 and 1. No scaler is needed, as
# :class:`~skset.SETClassifier` scales inside. After ``set_output`` the first step
# returns a DataFrame, so the columns keep their names.

numbers = ["months", "price", "calls", "age"]
categories = ["contract", "line", "region"]
columns = ColumnTransformer(
    [
        ("number", SimpleImputer(strategy="median"), numbers),
        (
            "category",
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            categories,
        ),
    ],
    verbose_feature_names_out=False,
).set_output(transform="pandas")
model = make_pipeline(columns, SETClassifier((200,), max_iter=25, random_state=0))
model.fit(X_train, y_train)
model[:-1].transform(X_test).head(3).round(1).transpose()

# %%
# A grid search
# -------------
#
# ``alpha`` is the penalty of the weights, and the first number to try. ``epsilon`` is
# the number of connections for each input and output of a layer. ``n_jobs=2`` trains
# two networks at once.

grid = {
    "setclassifier__alpha": [0.01, 0.1, 1, 10],
    "setclassifier__epsilon": [2, 5, 20],
}
search = GridSearchCV(model, grid, cv=4, scoring="roc_auc", n_jobs=2)
search.fit(X_train, y_train)
print("best:", search.best_params_)

shape = [len(values) for values in grid.values()]
found = search.cv_results_
means = found["mean_test_score"].reshape(shape)
errors = found["std_test_score"].reshape(shape) / np.sqrt(search.n_splits_ - 1)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.imshow(means, cmap="viridis", aspect="auto")
middle = (means.max() + means.min()) / 2
for (row, column), mean in np.ndenumerate(means):
    color = "black" if mean > middle else "white"
    text = f"{mean:.3f}\n± {errors[row, column]:.3f}"
    ax.text(column, row, text, ha="center", va="center", color=color)
ax.set_yticks(range(shape[0]), grid["setclassifier__alpha"])
ax.set_xticks(range(shape[1]), grid["setclassifier__epsilon"])
ax.set(xlabel="epsilon", ylabel="alpha")
ax.set_title("area under the ROC curve, mean ± standard error")
plt.show()

# %%
# Beside other models
# -------------------
#
# Ten folds of the training rows, with the parameters that were found. The search has
# seen these rows, so the sparse network has an advantage here. The test rows are new to
# all models. But they are only 225, so their figures have a spread too: it comes from
# 500 samples of the test rows, drawn with replacement.

forest = RandomForestClassifier(random_state=0)
linear = LogisticRegression(max_iter=5000)
others = {
    "SETClassifier, searched": search.best_estimator_,
    "LogisticRegression": make_pipeline(columns, linear),
    "RandomForest": make_pipeline(columns, forest),
}
truth = y_test.to_numpy()
resamples = [rng.integers(len(y_test), size=len(y_test)) for _ in range(500)]
for name, other in others.items():
    areas = cross_val_score(other, X_train, y_train, cv=10, scoring="roc_auc")
    error = areas.std(ddof=1) / np.sqrt(len(areas))
    p = other.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    test = roc_auc_score(truth, p)
    spread = np.std([roc_auc_score(truth[rows], p[rows]) for rows in resamples])
    print(
        f"{name:24} folds {areas.mean():.3f} ± {error:.3f}, "
        f"test rows {test:.3f} ± {spread:.3f}"
    )

# %%
# Which columns matter?
# ---------------------
#
# The display takes the whole Pipeline and finds the names. The error bars are over
# five networks with other seeds.

best = search.best_estimator_
seeds = [
    clone(best).set_params(setclassifier__random_state=seed).fit(X_train, y_train)
    for seed in range(5)
]
FeatureImportanceDisplay.from_estimator(seeds, n_bars=15)
plt.show()

# %%
# What was seen
# -------------
#
# - Most cells of the grid differ by less than two standard errors. So the exact choice
#   matters little. Worst are many connections with a small penalty, and any number of
#   them with a very large one.
# - The truth here is nearly linear. So the linear model is as good as the network, and
#   far faster. The forest is behind both in the folds. The test rows are too few to
#   tell the three apart.
# - Months, calls, contract and price lead, which we had put into the truth. ``age`` and
#   the regions, which tell nothing, are behind them.
#
# :doc:`../choosing` says which parameters are worth a search, and :doc:`../scaling` how
# searches use all cores.
