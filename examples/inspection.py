"""Pictures of a network: degrees, connections over epochs, strongest paths.

    python examples/inspection.py --out docs/_static

Needs matplotlib and scikit-learn 1.9, whose estimators call callbacks. It trains a
classifier on the digits data set and notes the topology after each epoch.
"""

import argparse
import warnings
from pathlib import Path

import matplotlib
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning

from skset import SETClassifier
from skset.estimators import fit_in_progress
from skset.inspection import ConnectivityDisplay, NetworkDisplay, TopologyDisplay


class Snapshots:
    """Callback: notes the topologies before the first epoch and after each."""

    def __init__(self, noted):
        self.noted = noted

    def __deepcopy__(self, memo):
        return self  # scikit-learn calls a copy, which must fill the same list

    def setup(self, estimator, context):
        """Do nothing."""

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Note the network before its training."""
        if not self.noted and fit_in_progress(estimator) is not None:
            self.note(fit_in_progress(estimator))

    def on_fit_task_end(self, estimator, context):
        """Note the network after an epoch."""
        if context.task_name == "epoch":
            self.note(fit_in_progress(estimator))

    def note(self, progress):
        """Note the topologies of all layers."""
        layers = progress.training.state.network.layers
        self.noted.append((progress.n_epochs, [layer.topology for layer in layers]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("."))
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    matplotlib.use("Agg")
    warnings.simplefilter("ignore", ConvergenceWarning)

    def keep(display, name, dpi=60):
        display.figure_.savefig(options.out / f"{name}.png", dpi=dpi)

    X, y = load_digits(return_X_y=True)
    model = SETClassifier((200,), max_iter=options.epochs, epsilon=10, random_state=0)
    twin = clone(model).set_params(method="static").fit(X, y)
    noted = []
    model.set_callbacks(Snapshots(noted)).fit(X, y)
    keep(TopologyDisplay.from_estimator(model, twin), "topology", 85)
    connectivity = ConnectivityDisplay.from_snapshots(noted, image_shape=(8, 8))
    keep(connectivity, "connectivity")
    connectivity.values = connectivity.values[::3]  # every third epoch: a small file
    connectivity.epochs = connectivity.epochs[::3]
    connectivity.save_animation(options.out / "connectivity.gif", dpi=40)

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = SETClassifier((100, 50), epsilon=5, max_iter=20, random_state=0).fit(X, y)
    keep(NetworkDisplay.from_estimator(model, n_connections=60), "network")
    keep(ConnectivityDisplay.from_estimator(model, n_top=10), "columns")


if __name__ == "__main__":
    main()
