"""
A table larger than memory, and many workers
============================================

How do I train on rows that do not fit into memory, or that lie in many places? This
example writes a table in shards, trains on it block by block, and then trains one
network on all shards at once.
"""

# %%
# A table in shards
# -----------------
#
# The rows are made up: readings of 200 sensors of a machine in one of eight states. A
# state says which of three groups of eight sensors read high. Other sensors follow
# these, and most say nothing. In your case the files are there already. These have
# 40 MB, and the code is the same for 40 GB.

import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from skset import SETClassifier, fit_blocks
from skset.distributed import fit

N_SHARDS, N_ROWS, N_SENSORS = 10, 5000, 200


def readings(seed, n_rows):
    """Return made-up rows and their states."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, N_SENSORS), dtype=np.float32)
    first, second, third = (X[:, k : k + 8].sum(axis=1) for k in (0, 8, 16))
    y = 4 * (first > 0) + 2 * (second > 0) + (third > 0)
    X[:, 24:48] += 0.5 * X[:, :24]
    return X, y


folder = TemporaryDirectory()
here = Path(folder.name)
for seed in range(N_SHARDS):
    X, y = readings(seed, N_ROWS)
    np.save(here / f"X{seed}.npy", X)
    np.save(here / f"y{seed}.npy", y)
X_test, y_test = readings(N_SHARDS, 5000)
size = sum(file.stat().st_size for file in here.iterdir()) / 1e6
print(f"{size:.0f} MB in {len(list(here.iterdir()))} files")

# %%
# Block by block
# --------------
#
# :func:`~skset.fit_blocks` takes any object that has a length and returns block ``k``
# for ``blocks[k]``. It reads a block when it needs one, and in each epoch it draws a
# new order of the blocks. ``window`` is the number of rows that are in memory and
# shuffled together.


class Shards:
    """The files, each read when it is asked for."""

    def __len__(self):
        return N_SHARDS

    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(index)
        return np.load(here / f"X{index}.npy"), np.load(here / f"y{index}.npy")


def peak_of(train):
    """Return a fitted model, and the most memory held meanwhile, in MB."""
    tracemalloc.start()
    model = train()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return model, peak


def of_blocks():
    """Fit on the shards."""
    model = SETClassifier((200,), random_state=0)
    return fit_blocks(model, Shards(), epochs=4, window=5000)


def at_once():
    """Fit on the whole table."""
    X, y = (np.concatenate(parts) for parts in zip(*Shards(), strict=True))
    return SETClassifier((200,), max_iter=4, random_state=0).fit(X, y)


peaks = {}
for name, train in (("fit on all rows", at_once), ("fit_blocks", of_blocks)):
    model, peaks[name] = peak_of(train)
    accuracy = model.score(X_test, y_test)
    print(f"{name:16} accuracy {accuracy:.3f}, {peaks[name]:.0f} MB")

figure, ax = plt.subplots(figsize=(6.4, 1.9), layout="constrained")
bars = ax.barh(list(peaks), list(peaks.values()), color=["#999999", "#0072B2"])
ax.bar_label(bars, [f"{peak:.0f} MB" for peak in peaks.values()], padding=4)
ax.axvline(size, color="black", linestyle=":")
ax.text(size, 1, " size of the table", va="center")
ax.invert_yaxis()
ax.margins(x=0.12)
ax.set_xlabel("most memory in use, MB")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Many workers
# ------------
#
# :func:`skset.distributed.fit` gives each shard a copy of the network. In each round
# all copies train on their own rows, and then their weights are averaged. Only weights
# travel, never rows. With more local epochs they travel less often.
#
# Here the shards take turns in this process (``backend="sequential"``). With
# ``backend="loky"`` they train in several processes of this machine, and with
# ``client=`` on a cluster of Dask. The network is the same, bit for bit.

N_EPOCHS = 6
paths = [(here / f"X{k}.npy", here / f"y{k}.npy") for k in range(N_SHARDS)]
table = tuple(np.concatenate(parts) for parts in zip(*Shards(), strict=True))
ways = {
    "one worker with all rows": ([table], 1, "#999999"),
    "10 shards": (paths, 1, "#0072B2"),
    "10 shards, 3 local epochs": (paths, 3, "#D55E00"),
}
figure, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for name, (shards, local_epochs, color) in ways.items():
    model = fit(
        SETClassifier((200,), random_state=0),
        shards,
        rounds=N_EPOCHS // local_epochs,
        local_epochs=local_epochs,
        backend="sequential",
        X_val=X_test,
        y_val=y_test,
    )
    scores = [100 * record["score"] for record in model.rounds_]
    epochs = local_epochs * np.arange(1, len(scores) + 1)
    ax.plot(epochs, scores, "o-", color=color, label=name)
    sent = sum(r["bytes_sent"] + r["bytes_received"] for r in model.rounds_) / 1e6
    print(f"{name:26} accuracy {scores[-1]:.1f} %, {sent:.1f} MB sent")
ax.set(xlabel="epochs", ylabel="accuracy on new rows, %")
ax.spines[["top", "right"]].set_visible(False)
ax.grid(alpha=0.3)
ax.legend(frameon=False)
plt.show()
folder.cleanup()

# %%
# What was seen
# -------------
#
# Training on blocks holds a window, a block and a sample of the rows in memory,
# whatever the size of the table. After the first round ten shards are far behind one
# worker, after six rounds by about a point. If they are averaged rarely, they stay
# further behind. This is one seed: small differences mean nothing.
#
# :doc:`/larger_than_memory` has Parquet, HDF5 and Dask. :doc:`/distributed` has rounds
# and local epochs with their costs, and what happens if a worker dies.
