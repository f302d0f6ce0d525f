"""R2 of SETRegressor's defaults on wide and on ordinary tables, beside its peers.

    python benchmarks/regression.py --data ../shared/data

Repeated 3-fold cross-validation. Features and target are as they are at their origin
("none"), or standardised within each fold ("column"). One thread. "tuned" models search
a small grid within the training rows (_table_models.py). Half of the sets are held back
(_sets.py). The results are written after each set, fold by fold, as in accuracy.py.
"""

from dataclasses import asdict
from functools import partial

from _comparison_runs import options_of, run
from _folds import N_SPLITS, Record, timed_fit
from _sets import REGRESSION, REGRESSION_HELD, read_numbers
from _table_models import regressors
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import RepeatedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main():
    models = list(regressors("none"))
    out = "regression_folds.json"
    options = options_of(__doc__, REGRESSION, REGRESSION_HELD, models, out).parse_args()
    run(options, regressors, partial(read_numbers, options.data), evaluate, ["R2"])


def evaluate(X, y, models, repeats, scaling="column"):
    """Return a record of every model as a dict, the models interleaved."""
    splits = RepeatedKFold(n_splits=N_SPLITS, n_repeats=repeats, random_state=0)
    records = {model: Record() for model in models}
    for seed, (train, test) in enumerate(splits.split(X)):
        for name, made in models.items():
            model = made(seed)
            if scaling == "column":
                pipeline = make_pipeline(StandardScaler(), model)
                model = TransformedTargetRegressor(
                    pipeline, transformer=StandardScaler()
                )
            known = X[train], y[train], DummyRegressor()
            fitted, seconds = timed_fit(model, *known, records[name])
            r2 = fitted.score(X[test], y[test])
            records[name].add(R2=r2, seconds=seconds)
    return {name: asdict(record) for name, record in records.items()}


if __name__ == "__main__":
    main()
