"""Pictures of docs/inspection.md: importances, selections, Boltzmann machines.

Run it from the root of the repository; it writes PNG files into docs/_static. It takes
a minute on one core.
"""

from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample

from skset import QuickSelection, SETClassifier, SparseRBM
from skset.inspection import (
    FeatureImportanceDisplay,
    FiltersDisplay,
    ReconstructionDisplay,
    SelectionStabilityDisplay,
)

FOLDER = Path(__file__).parents[1] / "_static"


def save(display, name, width=6.0):
    """Save the figure of a display."""
    figure = display.figure_
    figure.set_size_inches(
        width, figure.get_figheight() * width / figure.get_figwidth()
    )
    figure.savefig(FOLDER / f"{name}.png", dpi=80)


def importances(X, y, digits):
    """Draw bars over ten folds, and a map of pixels."""
    model = make_pipeline(StandardScaler(), SETClassifier((100,), random_state=0))
    folds = cross_validate(model, X, y, cv=10, return_estimator=True)
    display = FeatureImportanceDisplay.from_estimator(folds["estimator"], n_bars=12)
    save(display, "importances")
    pixels = SETClassifier(random_state=0).fit(digits.data, digits.target)
    display = FeatureImportanceDisplay.from_estimator(pixels, image_shape=(8, 8))
    save(display, "importances_of_pixels", 4)


def selections(X, y):
    """Draw selections on thirty resamples, and accuracy by the number of features."""
    parts = [
        resample(X, y, replace=False, n_samples=len(X) // 2, random_state=seed)
        for seed in range(30)
    ]
    fits = [QuickSelection(8, random_state=0).fit(*part) for part in parts]
    display = SelectionStabilityDisplay.from_estimators(fits, threshold=0.6)
    save(display, "selection_frequencies")
    save(display.plot(kind="agreement"), "selection_agreement", 4.5)
    display = SelectionStabilityDisplay.from_cross_validation(
        QuickSelection(random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression()),
        X,
        y,
        n_features=[1, 2, 3, 5, 8, 12, 20, 30],
    )
    save(display, "selection_scores", 5)


def machines(digits):
    """Draw the filters and the chains of a Boltzmann machine."""
    X = digits.data / 16
    machine = SparseRBM(128, n_iter=100, random_state=0).fit(X)
    save(FiltersDisplay.from_estimator(machine), "filters")
    save(ReconstructionDisplay.from_estimator(machine, X), "reconstructions")


def main():
    """Write all pictures."""
    mpl.use("Agg")
    FOLDER.mkdir(exist_ok=True)
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    digits = load_digits()
    importances(X, y, digits)
    selections(X, y)
    machines(digits)


if __name__ == "__main__":
    main()
