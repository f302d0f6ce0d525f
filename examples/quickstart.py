"""Train a truly sparse network beside scikit-learn's dense one of the same shape.

Each has one thread.

    python examples/quickstart.py                              # the digits data set
    python examples/quickstart.py data.csv --target label      # a table of your own

A table has a header line, numbers or words in its columns, and empty cells, "NA" or
"?" where a value is missing. Its cells are separated by commas, semicolons, tabs or |,
and may be quoted. With semicolons a number may have a decimal comma. A column with
anything that is no number is one of words, such as "1,234.5". The target is a class if
its column holds words or at most 20 different numbers, and a number to predict
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
from threadpoolctl import threadpool_limits

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
    if options.csv is not None and options.target is None:
        parser.error("--target is needed: the name of the column to predict")
    if options.csv is None and options.target is not None:
        parser.error("--target needs a table: python examples/quickstart.py data.csv")
    try:
        if options.csv is None:
            X, y = load_digits(return_X_y=True)
            columns, scaler = f"{X.shape[1]} columns of numbers", StandardScaler()
        else:
            X, y, columns, scaler = read_table(options.csv, options.target)
        parts = split(X, y)
    except TableError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{options.csv}: {error.strerror}")
    compare(*parts, columns, scaler)


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


def compare(X_train, X_test, y_train, y_test, columns, scaler):
    """Print the score, the size and the time of both networks."""
    is_number = y_train.dtype.kind == "f"
    networks = (
        [SETRegressor, MLPRegressor] if is_number else [SETClassifier, MLPClassifier]
    )
    print(f"{len(X_train)} training and {len(X_test)} test rows, {columns}")
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
        # On a busy machine threads that wait for each other would make MLP far slower.
        with waiting(f"training {network.__name__}"), threadpool_limits(1):
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
    """Fit to a few rows, so that compilation is not counted as training.

    The network is sparse enough to evolve, and there are 600 rows: both have kernels
    of their own.
    """
    print("The first run compiles kernels: 10 to 60 seconds, once", flush=True)
    rows = np.random.default_rng(0).standard_normal((600, 64))
    few = np.arange(600.0) if y.dtype.kind == "f" else np.arange(600) % 3
    with waiting("compiling"):
        network((200,), max_iter=3, random_state=0).fit(rows, few).predict(rows)


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
    """Return the columns, the target, words on the columns, and their scaler."""
    names, table = cells(path)
    if target not in names:
        raise TableError(f"there is no column {target!r}; there are {', '.join(names)}")
    place = names.index(target)
    table = table[table[:, place] != ""]
    if len(table) < 4:
        raise TableError(
            f"too few rows with a target: {len(table)}, and 4 are needed at least"
        )
    y = table[:, place].copy()
    table[:, place] = ""  # left out, as all columns without a value
    holds = (table != "").any(axis=0)
    if not holds.any():
        raise TableError("no column but the target has values")
    X, names = table[:, holds], np.array(names)[holds]
    is_number = np.array([holds_numbers(column) for column in X.T])
    columns = described(X, names, is_number)
    X[X == ""] = np.nan
    scaler = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), np.flatnonzero(is_number)),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            np.flatnonzero(~is_number),
        ),
    )
    is_class = not holds_numbers(y) or len(set(y)) <= 20
    return X, y.astype(str if is_class else float), columns, scaler


def described(X, names, is_number):
    """Return how many columns hold numbers and words; print which may be misread."""
    n_words = 0
    for name, column in zip(names[~is_number], X[:, ~is_number].T, strict=True):
        words = dict.fromkeys(column[column != ""])
        n_words += len(words)
        example = next(word for word in words if not is_a_number(word))
        if len(words) > 20 or any(map(is_a_number, words)):
            print(
                f"Column {str(name)!r} is read as {len(words)} different words, such "
                f"as {example!r}"
            )
    numbers = f"{is_number.sum()} columns of numbers"
    if is_number.all():
        return numbers
    return f"{numbers}, {(~is_number).sum()} of words ({n_words} different)"


def cells(path):
    """Return the names of the columns, and the cells, "" where one is missing."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            separator = separator_of(file.readline())
            file.seek(0)
            lines = csv.reader(file, delimiter=separator, skipinitialspace=True)
            rows = [(lines.line_num, row) for row in lines if row]
    except UnicodeDecodeError as error:
        raise TableError(
            f"{path} is no text in UTF-8: save it as 'CSV UTF-8' ({error.reason})"
        ) from error
    except csv.Error as error:
        raise TableError(
            f"{path}, line {lines.line_num}: {error} (is a quote left open?)"
        ) from error
    if len(rows) < 2:
        raise TableError(f"{path} has no rows below a header line")
    names = [name.strip() for name in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(names):
            s = "" if len(row) == 1 else "s"
            raise TableError(
                f"{path}, line {line}: {len(row)} cell{s}, but the header has "
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
    """Return whether the cell is a number whose square is finite."""
    try:
        return abs(float(cell)) < 1e150
    except ValueError:
        return False


if __name__ == "__main__":
    main()
