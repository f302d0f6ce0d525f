"""The messages that docs/troubleshooting.md explains are those that users see."""

import ast
import pickle
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris

import skset
from skset import QuickSelection, SETClassifier, SETRegressor, SparseRBM

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
GAP = "…"
FOUND = re.finditer(r"^(`+)(.*)\1\n: ", PAGE, re.MULTILINE)
MESSAGES = [match.group(2) for match in FOUND]
X, Y = load_iris(return_X_y=True)
NAMED = pd.DataFrame(X, columns=list("abcd"))


def small(**parameters):
    """Return a classifier that is quickly fitted."""
    few = {"hidden_layer_sizes": (5,), "max_iter": 1, "random_state": 0}
    return SETClassifier(**few | parameters)


def selector(**parameters):
    """Return a selector that is quickly fitted."""
    return QuickSelection(
        hidden_layer_sizes=(5,), max_iter=1, random_state=0, **parameters
    )


def with_cell(value):
    """Return X with another value in one cell."""
    changed = X.astype(object if isinstance(value, str) else float)
    changed[0, 0] = value
    return changed


def broken():
    """Return a sparse matrix whose first index is outside its columns."""
    matrix = sp.csr_array(X)
    matrix.indices[0] = 9
    return matrix


def grown(model):
    """Return a fitted model with more hidden units asked for."""
    return model.fit(X, Y).set_params(hidden_layer_sizes=(6,))


def of_another_version():
    """Load a pickle that an earlier version has written."""
    data = pickle.dumps(small().fit(X, Y))
    old = b"0" * len(skset.__version__)
    pickle.loads(data.replace(skset.__version__.encode(), old))


def a_file(folder):
    """Load a file that is none of skset."""
    (folder / "x.npz").write_bytes(b"nothing")
    skset.load(folder / "x.npz")


# Calls that give the messages. They get a folder of their own.
CALLS = {
    "Training produced": lambda _: small(
        learning_rate_init=1e30, solver="sgd", standardize=False
    ).fit(X, Y),
    "Maximum iterations": lambda _: small(learning_rate="constant").fit(X, Y),
    "The network is so sparse": lambda _: small(
        density=0.005, hidden_layer_sizes=(30, 30)
    ).fit(X, Y),
    "The network took only": lambda _: selector(batch_size=150).fit(X),
    "Got batch_size": lambda _: small(batch_size=1000).fit(X, Y),
    "The validation score is": lambda _: small(
        early_stopping=True, scoring=lambda *_: np.nan
    ).fit(X, Y),
    "early_stopping cannot": lambda _: small(early_stopping=True).fit(X[:3], [0, 0, 1]),
    "X_val and y_val are": lambda _: small().fit(X, Y, X_val=X, y_val=Y),
    "Input X contains NaN": lambda _: small().fit(with_cell(np.nan), Y),
    "could not convert": lambda _: small().fit(with_cell("red"), Y),
    "Input … has dtype": lambda _: small().fit(X.astype("datetime64[D]"), Y),
    "Sparse … has invalid": lambda _: small().fit(broken(), Y),
    "… takes values in [0, 1]": lambda _: SparseRBM(5).fit(X),
    "Input X contains values": lambda _: (
        SETRegressor((5,), max_iter=1, loss="poisson", random_state=0)
        .fit(X, Y)
        .predict(1e30 * X)
    ),
    "X has 3 features": lambda _: small().fit(X, Y).predict(X[:, :3]),
    "The feature names": lambda _: small().fit(NAMED, Y).predict(NAMED[list("bacd")]),
    "Unknown label type": lambda _: small().fit(X, Y + 0.5),
    "Input y contains": lambda _: small().fit(X, np.where(Y, "a", None)),
    "class_weight names": lambda _: small(class_weight={"0": 2, 1: 1}).fit(X, Y),
    "Some value(s) of y": lambda _: SETRegressor(loss="poisson").fit(X, Y - 1),
    "The 'epsilon' parameter": lambda _: small(epsilon=1e-8).fit(X, Y),
    "classes must be passed": lambda _: small().partial_fit(X, Y),
    "…: `y` has classes": lambda _: (
        small().partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y + 1)
    ),
    "class_weight='balanced'": lambda _: small(class_weight="balanced").partial_fit(
        X, Y, classes=[0, 1, 2]
    ),
    "partial_fit does not": lambda _: small(early_stopping=True).partial_fit(X, Y),
    "This 'SETClassifier' has": lambda _: small(solver="lbfgs").partial_fit(X, Y),
    "… needs the whole": lambda _: small(method="ctre").partial_fit(
        X, Y, classes=[0, 1, 2]
    ),
    "… can only be used": lambda _: grown(small(warm_start=True)).fit(X, Y),
    "n_features_to_select='auto'": lambda _: selector(n_features_to_select="auto").fit(
        X
    ),
    "n_features_to_select=…": lambda _: selector(n_features_to_select=9).fit(X),
    "Invalid parameter": lambda _: (
        SETClassifier(method="gse").set_params(grow__beta=1).fit(X, Y)
    ),
    "This … instance": lambda _: small().predict(X),
    "… is not a whole": a_file,
    "This … was pickled": lambda _: of_another_version(),
    "The dense weights": lambda _: small().fit(X, Y).to_mlp(max_bytes=10),
}


def message_of(beginning):
    """Return the one message of the page with this beginning."""
    (found,) = [one for one in MESSAGES if one.startswith(beginning)]
    return found


def pattern(message):
    """Return what finds a message of the page, whose gaps stand for any text."""
    return ".*".join(map(re.escape, message.split(GAP)))


def said(call, folder):
    """Return the error that a call raises, or its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call(folder)
        except (ValueError, TypeError, AttributeError) as error:
            return str(error)
    return "\n".join(str(one.message) for one in caught)


@cache
def sources():
    """Return the texts in skset's sources, with a gap for each value in them."""
    files = sorted((ROOT / "skset").rglob("*.py"))
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    return [text for tree in trees for node in ast.walk(tree) if (text := told(node))]


def told(node):
    """Return the text of a string of the source, or nothing."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(told(part) or GAP for part in node.values)
    return ""


def test_there_are_many_messages_and_each_once():
    assert len(MESSAGES) >= 25
    assert len(MESSAGES) == len(set(MESSAGES))


@pytest.mark.parametrize("beginning", CALLS)
def test_users_see_this_message(beginning, tmp_path):
    assert re.search(
        pattern(message_of(beginning)), said(CALLS[beginning], tmp_path), re.DOTALL
    )


@pytest.mark.parametrize("message", sorted(set(MESSAGES) - set(map(message_of, CALLS))))
def test_a_message_that_is_hard_to_get_is_in_the_sources(message):
    assert any(re.search(pattern(message), text) for text in sources()), message


@pytest.mark.parametrize(
    "question",
    [
        "How do I get gene names?",
        "How do I save a model?",
        "Why is my accuracy bad?",
        "How do I run on all cores?",
        "What does zeta do?",
        "Does X need scaling?",
    ],
)
def test_the_start_page_leads_to_what_everybody_asks(question):
    assert f"### {question}\n" in PAGE
    anchor = re.sub(r"[^\w ]", "", question.lower()).replace(" ", "-")
    for page in ("index", "howto"):
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        assert f"(troubleshooting.md#{anchor})" in text, page
