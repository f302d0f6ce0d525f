"""Make the figure of the paper, from the repository's root: python paper/figures.py.

The times are those of benchmarks/results/peers.json. The network is trained here, in
some seconds.
"""

import json
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skset import SETClassifier

ROOT = Path(__file__).parents[1]
PEERS = ["torch CSR", "SparseLab", "SparseProp", "torch dense"]
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7"]
BATCHES = [2, 8, 32, 128]
N_EPOCHS = 40


def ratios(network="3,000"):
    """Return how many times as long each peer needs for a step, batch by batch.

    Some are written in several ways ("torch CSR, padded to 8"): the fastest counts.
    """
    path = ROOT / "benchmarks" / "results" / "peers.json"
    results = json.loads(path.read_text(encoding="utf-8"))["results"]

    def seconds(who, batch):
        place = network, batch
        return min(
            run["seconds"]
            for run in results
            if (run["network"], run["batch"]) == place
            and run["who"] in (who, f"{who}, padded to 8", f"{who}, panels of 32")
        )

    return {
        who: [seconds(who, batch) / seconds("skset", batch) for batch in BATCHES]
        for who in PEERS
    }


def draw_ratios(ax):
    """Draw the times of all peers, as multiples of skset's."""
    width = 0.2
    places = np.arange(len(BATCHES))
    for n, (who, found) in enumerate(ratios().items()):
        ax.bar(places + (n - 1.5) * width, found, width, label=who, color=COLOURS[n])
    ax.axhline(1, color="black", linewidth=0.8)
    ax.set(
        yscale="log",
        ylim=(0.7, 1100),
        xlabel="batch size",
        ylabel="time of a step / skset's",
        xticks=places,
        xticklabels=BATCHES,
    )
    ax.legend(ncols=2, frameon=False, loc="upper right")


def draw_connections(axes):
    """Draw how many connections each pixel of the digits has, before and after."""
    X, y = load_digits(return_X_y=True)
    shared = {"epsilon": 10, "random_state": 0}
    counts = []
    for n_epochs in (1, N_EPOCHS):
        model = SETClassifier((200,), max_iter=n_epochs, **shared).fit(X, y)
        counts.append(model.network_.layers[0].topology.fan_out.reshape(8, 8))
    largest = max(count.max() for count in counts)
    titles = f"after 1 epoch, after {N_EPOCHS} epochs".split(", ")
    for ax, count, title in zip(axes, counts, titles, strict=True):
        image = ax.imshow(count, cmap="cividis", vmin=0, vmax=largest)
        ax.set(title=title, xticks=[], yticks=[])
    axes[0].figure.colorbar(image, ax=axes, label="connections of a pixel", shrink=0.7)


def main():
    """Write paper/figure.png."""
    mpl.use("Agg")
    plt.rcParams |= {"font.size": 9, "axes.titlesize": 9}
    warnings.simplefilter("ignore", ConvergenceWarning)
    figure = plt.figure(figsize=(8.4, 2.9), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.05))
    draw_ratios(left.subplots())
    draw_connections(right.subplots(1, 2))
    figure.savefig(Path(__file__).with_name("figure.png"), dpi=200)


if __name__ == "__main__":
    main()
