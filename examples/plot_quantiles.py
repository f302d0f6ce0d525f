"""
Regression with quantiles
=========================

How do I predict an interval, and not only one number? Three networks learn three
quantiles. Then we count how often the truth is inside.
"""

# %%
# Noise that grows
# ----------------
#
# 1,500 points on a wave. The noise grows from left to right. It is never negative:
# most values are small, and a few are very large. So a mean with one error bar for all
# would be wrong.
#
# With ``loss="quantile"`` a network predicts a quantile, and ``quantile=0.9`` says
# which: nine of ten values are below the prediction. An interval from the quantile
# 0.05 to 0.95 has nine of ten values inside.
#
# The defaults are made for tables with many columns. For a wave of one column the
# penalty ``alpha`` has to be small. With ``activation="gelu"`` the curves are smooth.
# The upper quantile needs many epochs, as few points are near it.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import expon
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import d2_pinball_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skset import SETRegressor


def wave(x):
    return 2 * np.sin(x)


def spread(x):
    return 0.1 + 0.12 * x


rng = np.random.default_rng(0)
x = rng.uniform(0, 10, 1500)
y = wave(x) + spread(x) * rng.exponential(size=x.size)
levels = [0.05, 0.5, 0.95]
networks = {
    level: SETRegressor(
        (100, 100),
        loss="quantile",
        quantile=level,
        activation="gelu",
        alpha=1e-4,
        max_iter=200,
        random_state=0,
    ).fit(x[:, None], y)
    for level in levels
}

# %%
# As we made the data, we know the true quantiles. They are the dotted lines.

line = np.linspace(0, 10, 300)
low, middle, high = (model.predict(line[:, None]) for model in networks.values())
figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
ax.scatter(x, y, s=6, color="#999999", alpha=0.6, linewidth=0, label="data")
ax.fill_between(line, low, high, color="#56B4E9", alpha=0.35, label="5 % to 95 %")
ax.plot(line, middle, color="#0072B2", lw=2, label="median")
for level in levels:
    true = wave(line) + spread(line) * expon.ppf(level)
    label = "true quantiles" if level == 0.5 else None
    ax.plot(line, true, ":", color="black", lw=1.3, label=label)
ax.set(xlabel="x", ylabel="y")
ax.legend(loc="upper left", frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

new_x = rng.uniform(0, 10, 5000)
new_y = wave(new_x) + spread(new_x) * rng.exponential(size=new_x.size)
below, _, above = (model.predict(new_x[:, None]) for model in networks.values())
inside = np.mean((below <= new_y) & (new_y <= above))
print(f"inside the interval: {100 * inside:.1f} % of 5,000 new points")
print(f"above it: {100 * np.mean(new_y > above):.1f} %")
print(f"low above high at {100 * np.mean(below > above):.1f} % of them")

# %%
# A real table
# ------------
#
# 442 people with diabetes, and how far the illness has gone a year later. The models of
# five folds predict the rows that they have not seen, at five quantiles. A model is
# calibrated if the share of values below its quantile q is q. The grey band is two
# standard deviations of such a share among 442 rows, to both sides.
#
# D2 says how good the predictions are: 0 is as good as a constant, 1 is perfect. It
# compares the mean pinball loss, which is the loss that makes a network predict a
# quantile.

X, y = load_diabetes(return_X_y=True)
asked = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
folds = KFold(5, shuffle=True, random_state=0)
kinds = {
    "SETRegressor": lambda q: SETRegressor(
        (200,), loss="quantile", quantile=q, random_state=0
    ),
    "HistGradientBoosting": lambda q: HistGradientBoostingRegressor(
        loss="quantile", quantile=q, max_iter=50, random_state=0
    ),
    "QuantileRegressor": lambda q: make_pipeline(
        StandardScaler(), QuantileRegressor(quantile=q, alpha=0.01)
    ),
}
predicted = {
    name: [cross_val_predict(kind(q), X, y, cv=folds) for q in asked]
    for name, kind in kinds.items()
}

figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(6, 7.5), sharex=True, layout="constrained"
)
styles = zip(("o-", "s-", "^-"), ("#0072B2", "#E69F00", "#009E73"), strict=True)
top.plot([0, 1], [0, 1], color="black", lw=1)
error = 2 * np.sqrt(asked * (1 - asked) / len(y))
top.fill_between(asked, asked - error, asked + error, color="black", alpha=0.12)
for (name, values), (style, color) in zip(predicted.items(), styles, strict=True):
    shares = [np.mean(y <= value) for value in values]
    gains = [
        d2_pinball_score(y, value, alpha=q)
        for q, value in zip(asked, values, strict=True)
    ]
    top.plot(asked, shares, style, color=color, label=name, ms=5)
    bottom.plot(asked, gains, style, color=color, ms=5)
    print(
        f"{name:22} D2 at the median {gains[2]:.3f}, mean of five {np.mean(gains):.3f}"
    )
top.set_ylabel("share of the rows below it")
bottom.set_ylabel("D2 (1: perfect, 0: a constant)")
bottom.set_xlabel("quantile that was asked for")
top.legend(frameon=False)
for ax in (top, bottom):
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What was seen
# -------------
#
# - About nine of ten new points are in the interval, as was asked for, and it grows
#   with the noise. The upper quantile is the least exact, above all at the right end:
#   the noise is large there, and few points are near this quantile.
# - On the table of diabetes :class:`~skset.SETRegressor` has the best D2 of the three
#   at the median. Its outer quantiles are a little too near to the median: look at the
#   grey band. The linear model keeps closer to the line. This is one table: leads of
#   this size may be chance.
# - Each quantile is a network of its own. So two of them may cross. Sort the
#   predictions of a row if they must not.
#
# :doc:`../guide` has the other losses. :doc:`../defaults` compares regressors that
# predict means, on many tables.
