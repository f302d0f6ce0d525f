"""The learning curves of docs/inspection.md: digits, with a density that falls.

Run it from the root of the repository; it writes ``docs/_static/learning_curve.png``,
or into the folder that ``--out`` names.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_digits

from skset import SETClassifier
from skset.callbacks import TopologyLog
from skset.inspection import LearningCurveDisplay

FOLDER = Path(__file__).parents[1] / "_static"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    folder = parser.parse_args().out
    mpl.use("Agg")
    X, y = load_digits(return_X_y=True)
    log = TopologyLog()
    model = SETClassifier(
        (300, 200),
        method="granet",
        epsilon=10,
        max_iter=60,
        learning_rate="cosine",
        early_stopping=True,
        n_iter_no_change=60,
        random_state=0,
    )
    model.set_callbacks(log).fit(X, y)
    display = LearningCurveDisplay.from_log(log)
    display.figure_.savefig(folder / "learning_curve.png", dpi=80)
