"""Accuracy, log loss and calibration of SETClassifier's defaults, beside its peers.

    python benchmarks/accuracy.py --data ../shared/data

Repeated stratified 3-fold cross-validation; the same splits for every model. X is as it
is at its origin ("none"), or its columns are standardised within each fold ("column",
without centring where X is sparse). The static network has the same layers and, at the
start, the same number of connections; it is never evolved. "tuned" models search a
small grid within the training rows (_table_models.py). Half of the sets are held back
(_sets.py). Large sets are cut to `--rows` rows, drawn once. Everything runs on one
thread.

The results are written after each set, fold by fold; what was measured earlier stays.
`--resume` leaves out what is there already. `tables.py` makes the tables of the docs.
"""

from dataclasses import asdict
from functools import partial

import numpy as np
from _comparison_runs import options_of, run
from _folds import N_SPLITS, Record, timed_fit
from _scores import calibration_error, log_loss, probabilities
from _sets import CLASSIFICATION, HELD, read
from _table_models import classifiers
from scipy.sparse import issparse
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main():
    models = list(classifiers("none"))
    out = "accuracy_folds.json"
    parser = options_of(__doc__, CLASSIFICATION, HELD, models, out)
    parser.add_argument("--rows", type=int, default=3000, help="at most; 0 for all")
    options = parser.parse_args()
    reader = partial(read, options.data, rows=options.rows)
    measures = ["accuracy", "log_loss", "calibration_error"]
    run(options, classifiers, reader, evaluate, measures)


def evaluate(X, y, models, repeats, scaling="column"):
    """Return a record of every model as a dict, the models interleaved.

    `models` maps a name to a function of the seed that makes the unfitted model.
    """
    classes, labels = np.unique(y, return_inverse=True)
    splits = RepeatedStratifiedKFold(
        n_splits=N_SPLITS, n_repeats=repeats, random_state=0
    )
    records = {model: Record() for model in models}
    found = {model: [] for model in models}
    for seed, (train, test) in enumerate(splits.split(np.zeros(len(y)), y)):
        for name, made in models.items():
            model = made(seed)
            if scaling == "column":
                scaler = StandardScaler(with_mean=not issparse(X))
                model = make_pipeline(scaler, model)
            known = X[train], y[train], DummyClassifier()
            fitted, seconds = timed_fit(model, *known, records[name])
            p = probabilities(fitted, X[test], classes)
            correct = p.argmax(axis=1) == labels[test]
            loss = log_loss(p, labels[test])
            records[name].add(accuracy=correct.mean(), log_loss=loss, seconds=seconds)
            found[name].append((p.max(axis=1), correct))
    for name, record in records.items():
        add_calibration(record, found[name])
    return {name: asdict(record) | summary(record) for name, record in records.items()}


def add_calibration(record, folds):
    """Add a calibration error for each repeat.

    The test rows of its folds go together: bins of the few rows of one would be noise.
    """
    for first in range(0, len(folds), N_SPLITS):
        confidence, correct = zip(*folds[first : first + N_SPLITS], strict=True)
        error = calibration_error(np.concatenate(confidence), np.concatenate(correct))
        record.add(calibration_error=error)


def summary(record):
    """Return what is looked at first."""
    accuracy = record.scores["accuracy"]
    return {
        "mean": float(np.mean(accuracy)),
        "deviation": float(np.std(accuracy, ddof=1)),
        "seconds": float(np.median(record.scores["seconds"])),
    }


def means_over_sets(results):
    """Return a row for every model: its name and its mean accuracy over the sets."""
    models = next(iter(results.values()))
    return [
        [
            model,
            f"{np.mean([result[model]['mean'] for result in results.values()]):.4f}",
        ]
        for model in models
    ]


if __name__ == "__main__":
    main()
