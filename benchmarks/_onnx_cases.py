"""Models for onnx_models.py: 20 data sets, Pipelines, and wide networks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from _data import load
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_linnerud,
    load_wine,
    make_multilabel_classification,
)
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from skset import QuickSelection, SETClassifier, SETRegressor, SparseRBM

__all__ = ["Case", "cases"]

# Rows that models are trained on, at most: equality and speed do not depend on them.
MOST_ROWS = 1500
EPOCHS = {"max_iter": 5, "random_state": 0}
DENSE = {"max_iter": 2, "random_state": 0}
WIDE = (1000, 1000, 1000), (3000, 3000, 3000)


@dataclass
class Case:
    """A model, the data it is fitted to, and the dense network of the same units.

    `name` and `kind` say what it is, `rival` is None where there is none.
    """

    name: str
    kind: str
    X: Any
    y: Any
    model: Any
    rival: Any = None


def cases(folder, wide=True):
    """Yield all cases."""
    for name, X, y in class_sets(folder):
        yield Case(
            *(name, "classes", X, y),
            SETClassifier(**EPOCHS),
            MLPClassifier((1000,), **DENSE),
        )
    for name, X, y, loss in number_sets(folder):
        yield Case(
            *(name, f"numbers, {loss}", X, y),
            SETRegressor(loss=loss, **EPOCHS),
            MLPRegressor(hidden_layer_sizes=1000, **DENSE),
        )
    yield from pipelines(folder)
    X, y = rows_of(*load(folder, "mnist_train_0"))
    for units in WIDE if wide else ():
        yield Case(
            *(f"mnist, {units[0]} wide", "three layers", X, y),
            SETClassifier(units, **EPOCHS | {"max_iter": 1}),
            MLPClassifier(units, **DENSE | {"max_iter": 1}),
        )


def rows_of(X, y):
    """Return at most `MOST_ROWS` rows, the same in every run, as float32 arrays."""
    X = X.toarray() if sparse.issparse(X) else X
    rows = np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]
    return np.ascontiguousarray(X[rows], np.float32), y[rows]


def class_sets(folder):
    """Yield name, X and y of sets with classes."""
    for name in ("adult", "coil20", "dna", "higgs_subset", "isolet", "letter"):
        yield name, *rows_of(*load(folder, name))
    for name in ("leukemia", "lung_small", "madelon", "pcmac", "usps"):
        yield name, *rows_of(*load(folder, name))
    for read in (load_breast_cancer, load_digits, load_wine):
        found = read()
        name = read.__name__.removeprefix("load_")
        labels = found.target_names[found.target].astype(str)
        yield name, *rows_of(found.data, labels)
    X, y = make_multilabel_classification(MOST_ROWS, 30, n_classes=6, random_state=0)
    yield "made, 6 labels", *rows_of(X, y)


def number_sets(folder):
    """Yield name, X and y of sets with numbers, and a loss."""
    sets = [("reg_communities", "squared_error"), ("reg_solubility", "huber")]
    for name, loss in [*sets, ("reg_ct_slices_subset", "poisson")]:
        yield name, *rows_of(*load(folder, name)), loss
    for read, loss in ((load_diabetes, "gamma"), (load_linnerud, "squared_error")):
        found = read()
        name = read.__name__.removeprefix("load_")
        yield name, *rows_of(found.data, found.target), loss


def pipelines(folder):
    """Yield models that are made of several."""
    net, linear = SETClassifier(**EPOCHS), LogisticRegression(max_iter=200)
    digits = rows_of(*load_digits(return_X_y=True))
    letters = rows_of(*load(folder, "rbm_ocr_letters"))[0]
    adult = rows_of(*load(folder, "adult"))
    madelon = rows_of(*load(folder, "madelon"))
    yield Case("digits", "StandardScaler, net", *digits, made_of(StandardScaler(), net))
    columns = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="ignore"), [0, 1]),
            ("numbers", StandardScaler(), list(range(2, 16))),
        ]
    )
    letter = rows_of(*load(folder, "letter"))
    yield Case("letter", "ColumnTransformer, net", *letter, made_of(columns, net))
    selection = QuickSelection(20, random_state=0)
    yield Case("madelon", "QuickSelection, net", *madelon, made_of(selection, net))
    machine = SparseRBM(256, n_iter=3, random_state=0)
    features = made_of(MinMaxScaler(clip=True), machine, linear)
    yield Case("digits", "SparseRBM, linear", *digits, features)
    yield Case("rbm_ocr_letters", "SparseRBM alone", letters, None, machine)
    calibrated = CalibratedClassifierCV(net, cv=2)
    yield Case("adult", "calibrated net", *adult, calibrated)
    vote = VotingClassifier(
        [("net", net), ("linear", made_of(StandardScaler(), linear))],
        voting="soft",
        flatten_transform=False,
    )
    yield Case("digits", "vote of net and linear", *digits, vote)


def made_of(*steps):
    """Return a Pipeline."""
    return make_pipeline(*steps)
