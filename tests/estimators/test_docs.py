"""Docstrings and constraints, which are made of one table for each parameter."""

import inspect
import re
import subprocess
import sys

import numpy as np
import pytest

from skset.estimators import (
    ContinualSETClassifier,
    QuickSelection,
    SETClassifier,
    SETRegressor,
    SparseRBM,
)
from skset.estimators._docs import Attribute, Parameter, Tables, documented, one_of
from skset.estimators._sklearn import StrOptions

KINDS = [
    SETClassifier,
    SETRegressor,
    QuickSelection,
    SparseRBM,
    ContinualSETClassifier,
]
every_kind = pytest.mark.parametrize("Kind", KINDS, ids=lambda Kind: Kind.__name__)


def entries(Kind, section):
    """Return the first line of each entry of a section, by name."""
    text = inspect.getdoc(Kind).split(f"{section}\n{'-' * len(section)}\n")[1]
    text = re.split(r"\n\n[A-Z][A-Za-z ]+\n---", text)[0]
    return dict(re.findall(r"^(\w+) : (.*)$", text, re.MULTILINE))


@every_kind
def test_every_parameter_is_described_with_its_default(Kind):
    described = entries(Kind, "Parameters")
    signature = inspect.signature(Kind).parameters
    assert list(described) == list(signature)
    for name, parameter in signature.items():
        said = described[name].split("default=")[1]
        names = {"np": np, "inf": np.inf}
        assert eval(said, names) == parameter.default


@every_kind
def test_names_of_a_choice_are_those_that_are_allowed(Kind):
    described = entries(Kind, "Parameters")
    for name, kinds in Kind._parameter_constraints.items():
        allowed = [kind for kind in kinds if isinstance(kind, StrOptions)]
        said = re.findall(r'"(\w+)"', described[name].split(", default=")[0])
        if allowed and name != "dtype":
            assert set(said) == allowed[0].options


@every_kind
def test_attributes_and_references_are_filled_in(Kind):
    doc = inspect.getdoc(Kind)
    # A model of many tasks has many networks.
    shown = "tasks_" if Kind is ContinualSETClassifier else "network_"
    assert {shown, "nnz_", "n_features_in_"} <= entries(Kind, "Attributes").keys()
    assert not re.search(r"\{\w+\}", doc)
    cited = set(re.findall(r"\[(\d)\]_", doc))
    listed = set(re.findall(r"\.\. \[(\d)\]", doc))
    assert cited <= listed
    assert doc.count(".. [1] Mocanu et al. (2018)") == 1


def test_a_class_gets_docstring_and_constraints():
    size = Parameter(["boolean"], "bool", "\n    Some\n    text.\n    ")
    tables = Tables(
        {"size": size, "kind": one_of(["a", "b"], "Other."), "unused": size},
        {"size_": Attribute("int", "What is.")},
        ("First.", "Second,\n    longer."),
    )

    @documented(tables)
    class Estimator:
        """Sum.

        Parameters
        ----------
        {parameters}

        Attributes
        ----------
        {attributes}

        References
        ----------
        {references}
        """

        def __init__(self, size=1e-4, kind="a"):
            pass

    assert list(Estimator._parameter_constraints) == ["size", "kind"]
    assert Estimator._parameter_constraints["size"] is size.kinds
    lines = [line.strip() for line in Estimator.__doc__.splitlines()]
    assert lines[4:8] == [
        *("size : bool, default=1e-4", "Some", "text."),
        'kind : {"a", "b"}, default="a"',
    ]
    assert "size_ : int" in lines
    assert lines[-4:-1] == [".. [1] First.", ".. [2] Second,", "longer."]


def test_without_docstrings_the_constraints_are_there():
    code = (
        "from skset.estimators import SETClassifier as K; assert False, 'not run'\n"
        "print(K.__doc__, len(K._parameter_constraints))"
    )
    run = [sys.executable, "-OO", "-c", code]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["None", str(len(SETClassifier._parameter_constraints))]
