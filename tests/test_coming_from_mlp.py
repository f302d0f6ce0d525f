"""The tables of docs/coming_from_mlpclassifier.md are those of the real signatures."""

import inspect
import re
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skset import SETClassifier, SETRegressor

PAGE = Path(__file__).parent.parent / "docs" / "coming_from_mlpclassifier.md"
PAIRS = [(MLPClassifier, SETClassifier), (MLPRegressor, SETRegressor)]


def rows(heading):
    """Return the cells of the rows of the tables below a heading, by each name."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = {}
    for line in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
        first, *others = (cell.strip() for cell in line.split("|"))
        for name in re.findall(r"`(\w+)`", first):
            assert name not in found
            found[name] = others
    return found


def defaults(estimator):
    """Return the parameters of an estimator with their defaults."""
    parameters = inspect.signature(estimator).parameters.values()
    return {one.name: one.default for one in parameters}


def shown(value):
    """Return a default as the page shows it."""
    return f"`numpy.{value.__name__}`" if isinstance(value, type) else f"`{value!r}`"


SAME = rows("Parameters that are the same")
OTHER_DEFAULT = rows("Parameters with another default")
OTHER_MEANING = rows("Parameters with another meaning")
NEW = rows("New parameters")


def test_each_parameter_is_in_one_table():
    tables = [*SAME, *OTHER_DEFAULT, *OTHER_MEANING, *NEW]
    assert len(tables) == len(set(tables))
    ours = {name for _, sparse in PAIRS for name in defaults(sparse)}
    assert set(tables) == ours


@pytest.mark.parametrize(("dense", "sparse"), PAIRS)
def test_no_parameter_of_the_dense_network_is_missing(dense, sparse):
    assert "No parameter is missing." in PAGE.read_text(encoding="utf-8")
    assert set(defaults(dense)) <= {*SAME, *OTHER_DEFAULT, *OTHER_MEANING}
    assert set(defaults(dense)) <= set(defaults(sparse))


@pytest.mark.parametrize(("dense", "sparse"), PAIRS)
def test_what_is_called_the_same_has_the_same_default(dense, sparse):
    common = set(SAME) & set(defaults(dense))
    assert common
    for name in common:
        assert defaults(dense)[name] == defaults(sparse)[name], name


@pytest.mark.parametrize(("dense", "sparse"), PAIRS)
def test_other_defaults_are_shown(dense, sparse):
    for name, (told,) in OTHER_DEFAULT.items():
        theirs, ours = shown(defaults(dense)[name]), shown(defaults(sparse)[name])
        assert told.startswith(f"{theirs}, here {ours}: "), name
    for name, (theirs, ours) in OTHER_MEANING.items():
        assert shown(defaults(dense)[name]) in theirs
        assert shown(defaults(sparse)[name]) in ours


def test_new_parameters_are_new_and_have_their_defaults():
    for dense, sparse in PAIRS:
        for name in set(NEW) & set(defaults(sparse)):
            # `quantile` and the like may come to scikit-learn later.
            assert name not in defaults(dense), name
            default = shown(defaults(sparse)[name])
            assert NEW[name][0].startswith(f"{default}: "), name


@pytest.mark.parametrize("kind", ["Classifier", "Regressor"])
def test_each_parameter_of_one_estimator_only_says_so(kind):
    (other,) = {"Classifier", "Regressor"} - {kind}
    ours = {"Classifier": SETClassifier, "Regressor": SETRegressor}
    alone = set(defaults(ours[kind])) - set(defaults(ours[other]))
    remark = f"`SET{kind}` only"
    tables = SAME | NEW
    assert {name for name, cells in tables.items() if remark in cells[-1]} == alone


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_attributes_are_those_of_fitted_models():
    X, y = load_iris(return_X_y=True, as_frame=True)
    dense = MLPClassifier((5,), max_iter=2).fit(X, y)
    sparse = SETClassifier((5,), max_iter=2).fit(X, y)
    shared, theirs, ours = rows("Attributes"), public(dense), public(sparse)
    assert theirs <= ours
    assert set(shared) == ours


def public(estimator):
    """Return the names of the public attributes that a fit has made."""
    names = (name for name in dir(estimator) if re.fullmatch(r"[a-z]\w*_", name))
    return set(names)
