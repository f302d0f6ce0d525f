"""Train a truly sparse network beside scikit-learn's dense one of the same shape.

    python examples/quickstart.py                              # the digits data set
    python examples/quickstart.py data.csv --target label      # a table of your own

A table has a header line, numbers or words in its columns, and empty cells where a
value is missing. The target is a class if its column holds words or at most 20
different numbers, and a number to predict otherwise.
"""

import argparse
import csv
import time
import warnings

import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skset import SETClassifier, SETRegressor

HIDDEN = (1000,)
# Both networks are trained for as many epochs as they like, up to their maximum.
warnings.simplefilter("ignore", ConvergenceWarning)


def main():
    """Compare the two networks on the data asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("csv", nargs="?", help="a table of your own")
    parser.add_argument("--target", help="name of the column to predict")
    options = parser.parse_args()
    if options.csv and not options.target:
        parser.error("--target is needed: the name of the column to predict")
    if options.csv:
        X, y, scaler = read_table(options.csv, options.target, parser)
    else:
        X, y = load_digits(return_X_y=True)
        scaler = StandardScaler()
    compare(X, y, scaler)


def compare(X, y, scaler):
    """Print the score, the size and the time of both networks."""
    is_number = y.dtype.kind == "f"
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, random_state=0, stratify=None if is_number else y
    )
    networks = (
        [SETRegressor, MLPRegressor] if is_number else [SETClassifier, MLPClassifier]
    )
    print(f"{len(X_train)} training and {len(X_test)} test rows, {X.shape[1]} columns")
    score = "R2" if is_number else "accuracy"
    print(f"{'':14} {score:>9} {'connections':>12} {'density':>8} {'seconds':>8}")
    for network in networks:
        model = make_pipeline(
            scaler, network(hidden_layer_sizes=HIDDEN, random_state=0)
        )
        if is_number:
            model = TransformedTargetRegressor(model, transformer=StandardScaler())
        began = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - began
        fitted = (model.regressor_ if is_number else model)[-1]
        possible = sum(coef.shape[0] * coef.shape[1] for coef in fitted.coefs_)
        nnz = getattr(fitted, "nnz_", possible)
        print(
            f"{network.__name__:14} {model.score(X_test, y_test):9.3f} {nnz:12,} "
            f"{nnz / possible:8.1%} {seconds:8.2f}"
        )


def read_table(path, target, parser):
    """Return the columns, the target, and what turns the columns into numbers."""
    with open(path, newline="", encoding="utf-8") as file:
        names, *rows = [row for row in csv.reader(file) if row]
    if target not in names:
        parser.error(f"there is no column {target!r}; there are {', '.join(names)}")
    table = np.array(rows, dtype=object)
    place = names.index(target)
    y, X = table[:, place], np.delete(table, place, axis=1)
    labelled = y != ""
    X, y = X[labelled], y[labelled]
    is_number = np.array([holds_numbers(column) for column in X.T])
    X[X == ""] = np.nan
    scaler = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), np.flatnonzero(is_number)),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            np.flatnonzero(~is_number),
        ),
    )
    if holds_numbers(y) and len(set(y)) > 20:
        return X, y.astype(float), scaler
    return X, y.astype(str), scaler


def holds_numbers(column):
    """Return whether everything in the column that is not empty is a number."""
    try:
        column[column != ""].astype(float)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    main()
