"""Pictures of docs/inspection.md: importances, selections, Boltzmann machines.

Run it from the root of the repository; it writes PNG files into docs/_static, or into
the folder that ``--out`` names. It takes a minute on one core.
"""

import argparse
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


def save(display, path, width=6.0):
    """Save the figure of a display."""
    figure = display.figure_
    figure.set_size_inches(
        width, figure.get_figheight() * width / figure.get_figwidth()
    )
    figure.savefig(path, dpi=80)


def importances(X, y, digits, folder):
    """Draw bars over ten folds, and a map of pixels."""
    model = make_pipeline(StandardScaler(), SETClassifier((100,), random_state=0))
    folds = cross_validate(model, X, y, cv=10, return_estimator=True)
    display = FeatureImportanceDisplay.from_estimator(folds["estimator"], n_bars=12)
    save(display, folder / "importances.png")
    pixels = SETClassifier(random_state=0).fit(digits.data, digits.target)
    display = FeatureImportanceDisplay.from_estimator(pixels, image_shape=(8, 8))
    save(display, folder / "importances_of_pixels.png", 4)


def selections(X, y, folder):
    """Draw selections on thirty resamples, and accuracy by the number of features."""
    parts = [
        resample(X, y, replace=False, n_samples=len(X) // 2, random_state=seed)
        for seed in range(30)
    ]
    fits = [QuickSelection(8, random_state=0).fit(*part) for part in parts]
    display = SelectionStabilityDisplay.from_estimators(fits, threshold=0.6)
    save(display, folder / "selection_frequencies.png")
    save(display.plot(kind="agreement"), folder / "selection_agreement.png", 4.5)
    display = SelectionStabilityDisplay.from_cross_validation(
        QuickSelection(random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression()),
        X,
        y,
        n_features=[1, 2, 3, 5, 8, 12, 20, 30],
    )
    save(display, folder / "selection_scores.png", 5)


def machines(digits, folder):
    """Draw the filters and the chains of a Boltzmann machine."""
    X = digits.data / 16
    machine = SparseRBM(128, n_iter=100, random_state=0).fit(X)
    save(FiltersDisplay.from_estimator(machine), folder / "filters.png")
    save(
        ReconstructionDisplay.from_estimator(machine, X), folder / "reconstructions.png"
    )


def main():
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    folder = parser.parse_args().out
    mpl.use("Agg")
    folder.mkdir(exist_ok=True)
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    digits = load_digits()
    importances(X, y, digits, folder)
    selections(X, y, folder)
    machines(digits, folder)


if __name__ == "__main__":
    main()
