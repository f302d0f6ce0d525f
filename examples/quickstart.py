"""Train a truly sparse network beside scikit-learn's dense one of the same shape.

    python examples/quickstart.py                              # the digits data set
    python examples/quickstart.py data.csv --target label      # a table of your own

A table has a header line, numbers or words in its columns, and empty cells, "NA" or
"?" where a value is missing. Its cells are separated by commas, semicolons, tabs or |,
and may be quoted. With semicolons a number may have a decimal comma. The target is a
class if its column holds words or at most 20 different numbers, and a number to predict
otherwise.
"""

import argparse
import csv
import sys
import threading
import time
import warnings
from collections import Counter
from contextlib import contextmanager

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
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
SEPARATORS = (",", ";", "\t", "|")
# Both networks are trained for as many epochs as they like, up to their maximum.
warnings.simplefilter("ignore", ConvergenceWarning)


class TableError(Exception):
    """A table that cannot be used, and why, in one line."""


def main():
    """Compare the two networks on the data asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("csv", nargs="?", help="a table of your own")
    parser.add_argument("--target", help="name of the column to predict")
    options = parser.parse_args()
    if options.csv and not options.target:
        parser.error("--target is needed: the name of the column to predict")
    try:
        if options.csv:
            X, y, scaler = read_table(options.csv, options.target)
        else:
            X, y = load_digits(return_X_y=True)
            scaler = StandardScaler()
        parts = split(X, y)
    except (TableError, OSError) as error:
        parser.error(str(error))
    compare(*parts, scaler)


def split(X, y):
    """Return rows to train on and to test on, with each class in both."""
    if y.dtype.kind == "f":
        return train_test_split(X, y, random_state=0)
    counts = Counter(y.tolist())
    rare = [label for label, n in counts.items() if n < 2]
    if rare:
        raise TableError(
            f"class {rare[0]!r} has one row: each class needs two at least, one to "
            "train on and one to test on"
        )
    if len(counts) < 2:
        raise TableError(
            f"all rows are of class {next(iter(counts))!r}: there is nothing to learn"
        )
    if len(y) < 4 * len(counts):
        raise TableError(
            f"{len(y)} rows are too few for {len(counts)} classes: there must be four "
            "times as many"
        )
    return train_test_split(X, y, random_state=0, stratify=y)


def compare(X_train, X_test, y_train, y_test, scaler):
    """Print the score, the size and the time of both networks."""
    is_number = y_train.dtype.kind == "f"
    networks = (
        [SETRegressor, MLPRegressor] if is_number else [SETClassifier, MLPClassifier]
    )
    n_columns = X_train.shape[1]
    print(f"{len(X_train)} training and {len(X_test)} test rows, {n_columns} columns")
    compile_kernels(networks[0], y_train)
    score = "R2" if is_number else "accuracy"
    print(f"{'':14} {score:>9} {'connections':>12} {'density':>8} {'seconds':>8}")
    for network in networks:
        model = make_pipeline(
            scaler, network(hidden_layer_sizes=HIDDEN, random_state=0)
        )
        if is_number:
            model = TransformedTargetRegressor(model, transformer=StandardScaler())
        began = time.perf_counter()
        with waiting(f"training {network.__name__}"):
            model.fit(X_train, y_train)
        seconds = time.perf_counter() - began
        fitted = (model.regressor_ if is_number else model)[-1]
        possible = sum(coef.shape[0] * coef.shape[1] for coef in fitted.coefs_)
        nnz = getattr(fitted, "nnz_", possible)
        print(
            f"{network.__name__:14} {model.score(X_test, y_test):9.3f} {nnz:12,} "
            f"{nnz / possible:8.1%} {seconds:8.2f}",
            flush=True,
        )


def compile_kernels(network, y):
    """Fit to a few rows, so that compilation is not counted as training."""
    print(
        "Kernels are compiled on the first run: seconds to a minute, once", flush=True
    )
    rows = np.random.default_rng(0).standard_normal((40, 4))
    few = np.arange(40.0) if y.dtype.kind == "f" else np.arange(40) % 3
    with waiting("compiling"):
        network((8,), max_iter=2, random_state=0).fit(rows, few).predict(rows)


@contextmanager
def waiting(what):
    """Show on a terminal what is being done, and for how many seconds already."""
    if not sys.stdout.isatty():
        yield
        return
    done = threading.Event()
    watch = threading.Thread(target=show_seconds, args=(what, done), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def show_seconds(what, done):
    """Write a line again and again until all is done, and then remove it."""
    began = time.perf_counter()
    while not done.wait(0.2):
        print(f"\r{what} ... {time.perf_counter() - began:.0f} s", end="", flush=True)
    print("\r" + 40 * " ", end="\r", flush=True)


def read_table(path, target):
    """Return the columns, the target, and what turns the columns into numbers."""
    names, table = cells(path)
    if target not in names:
        raise TableError(f"there is no column {target!r}; there are {', '.join(names)}")
    place = names.index(target)
    y, X = table[:, place], np.delete(table, place, axis=1)
    labelled = y != ""
    X, y = X[labelled], y[labelled]
    if len(y) < 4 or not X.size:
        raise TableError(f"{len(y)} rows with a target and {X.shape[1]} other columns")
    X = X[:, (X != "").any(axis=0)]
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


def cells(path):
    """Return the names of the columns, and the cells, "" where one is missing."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            separator = separator_of(file.readline())
            file.seek(0)
            lines = csv.reader(file, delimiter=separator, skipinitialspace=True)
            rows = [(lines.line_num, row) for row in lines if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path} is no text table in UTF-8: {error}") from error
    if len(rows) < 2:
        raise TableError(f"{path} has no rows below a header line")
    names = [name.strip() for name in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(names):
            raise TableError(
                f"{path}, line {line}: {len(row)} cells, but the header has "
                f"{len(names)} (cells are separated by {separator!r})"
            )
    decimal_comma = separator == ";"
    table = np.array([[cleaned(c, decimal_comma) for c in row] for _, row in rows[1:]])
    return names, table.astype(object)


def separator_of(header):
    """Return the separator that is most frequent in the header."""
    return max(SEPARATORS, key=header.count)


def cleaned(cell, decimal_comma):
    """Return a cell without blanks; "" if it is missing; 3.5 for 3,5."""
    cell = cell.strip()
    if cell in MISSING:
        return ""
    if decimal_comma and is_a_number(cell.replace(",", ".", 1)):
        return cell.replace(",", ".", 1)
    return cell


def holds_numbers(column):
    """Return whether everything in the column that is not empty is a number."""
    return all(map(is_a_number, column[column != ""]))


def is_a_number(cell):
    """Return whether the cell is a finite number."""
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


if __name__ == "__main__":
    main()
