"""Pictures of docs/inspection.md: degrees, connections over epochs, strongest paths.

Run it from the root of the repository; it writes into docs/_static, or into the folder
that ``--out`` names. It takes a few seconds on one core. It needs scikit-learn 1.9,
whose estimators call callbacks.
"""

import argparse
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning

from skset import SETClassifier
from skset.callbacks import TopologyLog
from skset.inspection import ConnectivityDisplay, NetworkDisplay, TopologyDisplay

FOLDER = Path(__file__).parents[1] / "_static"


def save(display, path, dpi=70):
    """Save the figure of a display."""
    display.figure_.savefig(path, dpi=dpi)


def save_small(display, path, dpi=70):
    """Save a figure of few colours in a third of the size."""
    save(display, path, dpi)
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(128)
    few.save(path, optimize=True)


def first_layer(display):
    """Draw the first layer alone, one panel above the other."""
    axes = plt.subplots(2, 1, figsize=(6.8, 6.8), layout="constrained")[1]
    parts = display.degrees[:1], display.before[:1]
    first = TopologyDisplay(*parts, fits=display.fits[:1], names=display.names)
    first.plot(axes)
    axes[1].set_ylabel(axes[0].get_ylabel())  # in a row only the first has a name
    return first


def digits(out, n_epochs):
    """Draw degrees of all units, and the connections of each pixel over epochs."""
    X, y = load_digits(return_X_y=True)
    log = TopologyLog(snapshots=max(n_epochs // 15, 1))
    model = SETClassifier((200,), max_iter=n_epochs, epsilon=10, random_state=0)
    twin = clone(model).set_params(method="static").fit(X, y)
    model.set_callbacks(log).fit(X, y)
    display = TopologyDisplay.from_estimator(model, twin)
    save(first_layer(display), out / "topology.png", 90)
    display = ConnectivityDisplay.from_snapshots(log, image_shape=(8, 8))
    save(display, out / "connectivity.png")
    display.save_animation(out / "connectivity.gif", dpi=90)


def table(out):
    """Draw the strongest paths of a network, and the columns with most connections."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = SETClassifier((100, 50), epsilon=5, max_iter=20, random_state=0).fit(X, y)
    with plt.rc_context({"font.size": 15}):  # read on telephones too
        axes = plt.subplots(figsize=(6.5, 4.8), layout="constrained")[1]
        display = NetworkDisplay.from_estimator(model, n_connections=30, ax=axes)
    save_small(display, out / "network.png", 100)
    save(ConnectivityDisplay.from_estimator(model, n_top=10), out / "columns.png")


def main():
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    mpl.use("Agg")
    warnings.simplefilter("ignore", ConvergenceWarning)
    digits(options.out, options.epochs)
    table(options.out)


if __name__ == "__main__":
    main()
