"""What needs Dask says so; the rest of the wing works without it."""

import sys
from collections import Counter

import numpy as np
import pytest

from skset import SETClassifier
from skset.distributed import fit
from skset.distributed._dask_homes import chosen_homes

SHARDS = [(np.eye(4), np.array([0, 1, 0, 1]))] * 2


@pytest.fixture
def no_dask(monkeypatch):
    for name in ("dask", "dask.delayed", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)


def test_the_message_names_the_extra(no_dask):
    model = SETClassifier()
    before = vars(model).copy()
    with pytest.raises(ImportError, match=r"skset\[dask\].*backend='loky'"):
        fit(model, SHARDS, rounds=1)
    assert vars(model) == before


def test_a_fit_without_dask(no_dask):
    found = fit(SETClassifier((3,)), SHARDS, rounds=1, backend="sequential")
    assert found.n_iter_ == 1


@pytest.mark.parametrize(
    ("workers", "load", "have", "expected"),
    [
        ({"a": 1, "b": 1}, {}, [[]] * 4, "abab"),
        ({"a": 1, "b": 3}, {}, [[]] * 4, "bbab"),  # shards for each thread
        ({"a": 1, "b": 1}, {"a": 2}, [[]] * 2, "bb"),
        ({"a": 1, "b": 1}, {}, [["b"], ["b"], ["a"], []], "bbaa"),
        ({"a": 1, "b": 1}, {}, [["b"]] * 4, "bbaa"),  # not more than two each
        ({"a": 1, "b": 1}, {}, [["dead"]] * 4, "abab"),
    ],
)
def test_homes_of_shards(workers, load, have, expected):
    load = Counter(load)
    before = load.copy()
    homes = chosen_homes(workers, load, dict(enumerate(have)), most=2)
    assert "".join(homes.values()) == expected
    assert load == before
