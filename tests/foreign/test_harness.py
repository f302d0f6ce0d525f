"""The harness: what it exchanges, which tests it takes, how strict its table is."""

from pathlib import Path

import pytest
from foreign.differences import DIFFERENCES, LEFT_OUT, Difference
from foreign.harness import exchanged, verdict
from foreign.stand_ins import named
from sklearn.linear_model import LinearRegression

from skset import SETRegressor

NAME = "sklearn.frozen.tests.test_frozen"
original = pytest.importorskip(NAME)


def test_a_module_gets_the_stand_ins_and_scikit_learn_stays_as_it_is():
    names = exchanged(NAME, **named("LinearRegression"))
    assert issubclass(names["LinearRegression"], SETRegressor)
    assert names["LogisticRegression"] is original.LogisticRegression
    assert original.LinearRegression is LinearRegression


def test_tests_are_taken_that_use_a_stand_in():
    names = exchanged(NAME, **named("LinearRegression"))
    assert "test_clone_frozen" in names  # by its code
    assert "test_frozen_params" not in names
    assert "regression_dataset" in names  # a fixture


def test_cases_are_taken_that_use_a_stand_in():
    def cases(test):
        [mark] = [m for m in test.pytestmark if "estimator" in m.args[0]]
        return len(mark.args[1])

    names = exchanged(NAME, **named("LinearRegression"))
    assert cases(names["test_frozen_methods"]) == 2  # bare, and in a pipeline
    assert cases(original.test_frozen_methods) > 2


@pytest.mark.parametrize(
    ("error", "wrong"),
    [
        (None, "passes, but"),
        (ValueError("another"), "fails, but not as"),
        (ValueError("as expected"), None),
    ],
)
def test_the_table_is_strict(error, wrong):
    found = verdict(Difference("a reason", "ValueError: as ex"), error)
    assert (found and found[: len(wrong)]) == wrong


def test_the_table_is_for_modules_that_are_run():
    files = Path(__file__).parent.glob("test_*.py")
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    names = [*DIFFERENCES, *LEFT_OUT]
    assert [name for name in names if f'"{name}"' not in code] == []
