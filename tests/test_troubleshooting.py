"""The messages that docs/troubleshooting.md explains are those of the code."""

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from skset import SETClassifier

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
GAP = "…"
FOUND = re.finditer(r"^(`+)(.*)\1\n: ", PAGE, re.MULTILINE)
MESSAGES = [match.group(2) for match in FOUND]
X, Y = load_iris(return_X_y=True)
NAMED = pd.DataFrame(X, columns=list("abcd"))


def with_cell(value):
    """Return X with another value in one cell."""
    changed = X.astype(object if isinstance(value, str) else float)
    changed[0, 0] = value
    return changed


def small():
    """Return a classifier that is quickly fitted."""
    return SETClassifier((5,), max_iter=1, random_state=0)


# Messages of scikit-learn and NumPy, and calls that give them.
FOREIGN = {
    "Input X contains NaN.": lambda: small().fit(with_cell(np.nan), Y),
    "could not convert string to float": lambda: small().fit(with_cell("red"), Y),
    "X has 3 features, but SETClassifier is expecting 4 features as input.": (
        lambda: small().fit(X, Y).predict(X[:, :3])
    ),
    "The feature names should match those that were passed during fit.": (
        lambda: small().fit(NAMED, Y).predict(NAMED[list("bacd")])
    ),
    "Unknown label type": lambda: small().fit(X, Y + 0.5),
    "classes must be passed on the first call to partial_fit.": (
        lambda: small().partial_fit(X, Y)
    ),
}


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


def test_there_are_many_messages():
    assert len(MESSAGES) >= 25
    assert len(MESSAGES) == len(set(MESSAGES))
    assert set(FOREIGN) <= set(MESSAGES)


@pytest.mark.parametrize("message", sorted(set(MESSAGES) - set(FOREIGN)))
def test_a_message_of_skset_is_in_its_sources(message):
    # A gap of the page may stand for any text; the sources may have one there.
    pattern = ".*".join(map(re.escape, message.split(GAP)))
    assert any(re.search(pattern, text) for text in sources()), message


@pytest.mark.filterwarnings("ignore:.*converged")
@pytest.mark.parametrize("message", sorted(FOREIGN))
def test_a_message_of_others_is_raised(message):
    with pytest.raises(ValueError, match=re.escape(message)):
        FOREIGN[message]()


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
