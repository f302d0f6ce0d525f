"""
Your own growth rule
====================

How do I make connections grow where I want them? A rule of ten lines is compared with
random growth and with growth by gradient.
"""

# %%
# A task with useless columns
# ---------------------------
#
# Beside the 64 pixels of a digit each row gets 500 columns of noise. A good rule brings
# the connections of the first layer to the pixels.

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skset import SETClassifier
from skset.callbacks import TopologyLog
from skset.topology import topped_up

X, y = load_digits(return_X_y=True)
N_PIXELS, N_NOISE = X.shape[1], 500
rng = np.random.default_rng(0)
X = np.hstack([X, X.std() * rng.standard_normal((len(X), N_NOISE))])

# %%
# The rule
# --------
#
# The weakest connections were just dropped, so an input that still has many is of use.
# This rule gives new connections to such inputs: the chance of an input grows with the
# number of connections that it has. Rich inputs get richer.
#
# A growth is a callable. It gets ``topology``, the places of the connections that were
# kept, and returns ``n`` free places, each as ``input * n_outputs + output``. All
# randomness comes from ``rng``, so the same ``random_state`` gives the same network.


@dataclass(frozen=True)
class RichGrow:
    """Grow at inputs with many connections."""

    power: float = 2.0

    def __call__(self, topology, n, rng, context):
        """Return n free positions."""
        n_in, n_out = topology.shape
        chance = (1.0 + topology.fan_out) ** self.power
        inputs = rng.choice(n_in, size=n, p=chance / chance.sum())
        drawn = np.unique(inputs * n_out + rng.integers(n_out, size=n))
        return topped_up(topology, drawn[~topology.has(drawn)], n, rng)


# %%
# :func:`~skset.topology.topped_up` adds random positions for those that were drawn
# twice or are taken. A frozen dataclass can be compared, pickled and cloned, and a grid
# search finds its parameter as ``grow__power``.
#
# Compare it
# ----------
#
# Five splits of the rows, the same for each rule. A log keeps the topologies.

RULES = {"random": "random", "by gradient": "gradient", "rich": RichGrow()}
COLORS = dict(zip(RULES, ("#999999", "#D55E00", "#0072B2"), strict=True))
SPLITS = range(5)


def trained(grow, split):
    """Return the accuracy, and the connections at pixels in each epoch, in percent."""
    parts = train_test_split(X, y, test_size=0.5, random_state=split, stratify=y)
    X_train, X_test, y_train, y_test = parts
    log = TopologyLog(snapshots=1)
    model = SETClassifier((200,), epsilon=5, grow=grow, max_iter=30, random_state=split)
    model.set_callbacks(log).fit(X_train, y_train)
    first = np.array([layers[0].fan_out for layers in log.snapshots.values()])
    at_pixels = first[:, :N_PIXELS].sum(axis=1) / first.sum(axis=1)
    return 100 * model.score(X_test, y_test), 100 * at_pixels


found = {name: [trained(grow, k) for k in SPLITS] for name, grow in RULES.items()}
accuracy = {name: np.array([a for a, _ in runs]) for name, runs in found.items()}


def error(values):
    """Return the standard error of a mean."""
    return np.std(values, ddof=1) / np.sqrt(len(values))


figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(6, 6.8), height_ratios=(3, 2), layout="constrained"
)
for name, runs in found.items():
    top.plot(np.mean([p for _, p in runs], axis=0), color=COLORS[name], label=name)
    mean = accuracy[name].mean()
    bottom.errorbar(
        mean, name, xerr=error(accuracy[name]), fmt="o", color=COLORS[name], capsize=4
    )
share = 100 * N_PIXELS / X.shape[1]
top.axhline(share, color="black", linestyle=":", label="pixels among the columns")
top.set(xlabel="epoch", ylabel="connections at pixels, %", ylim=(0, 95))
top.legend(frameon=False, loc="upper left", ncols=2)
bottom.set(xlabel="accuracy on test rows, %", ylim=(2.5, -0.5))
for ax in (top, bottom):
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)
plt.show()

# %%
# What was seen
# -------------
#
# Means over the splits, and differences from random growth with their standard errors.
# Do not rely on a difference below two standard errors.

for name in RULES:
    difference = accuracy[name] - accuracy["random"]
    print(
        f"{name:12} {accuracy[name].mean():.1f} %, {difference.mean():+.1f} ± "
        f"{error(difference):.1f} points"
    )

# %%
# Random growth comes to all columns alike, and the drop alone must sort them out.
# Growth by gradient finds the pixels at once. The rule of ten lines takes longer, and
# looks at nothing but the connections. Here a few columns tell everything and many tell
# nothing. On other tables such a rule may be of no use: on the 28 tables of
# :doc:`/defaults` evolving by random growth is no better than not evolving.
#
# :doc:`/custom` has a drop as well, and what a growth may look at: the rows, the
# errors, momentum, and where connections have been. :doc:`/strategies` has the rules
# that come with skset.
