"""Rows of a table in Fortran order, picked many batches at a time."""

import numpy as np
import pytest

from skset.model import Samples, lookahead


@pytest.fixture(params=["one part", "many parts", "a batch each"])
def parts(request, monkeypatch):
    """Have an epoch read in one part, in some, or in one for each batch."""
    most = {"one part": 1 << 20, "many parts": 13 * 20, "a batch each": 1}
    monkeypatch.setattr(lookahead, "MOST_BYTES", most[request.param])
    monkeypatch.setattr(lookahead, "PARTS", 1)


def table(n_rows=50, n_features=5, dtype=np.float32):
    rng = np.random.default_rng(0)
    return np.asfortranarray(100 * rng.random((n_rows, n_features)), dtype)


FORMS = {
    "whole": lambda X: X,
    "rows": lambda X: np.asfortranarray(np.repeat(X, 2, axis=0))[::2],
    "columns": lambda X: np.asfortranarray(np.repeat(X, 2, axis=1))[:, ::2],
    "backwards": lambda X: np.asfortranarray(X[::-1])[::-1],
    "big-endian": lambda X: X.astype(">f4"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("some", [False, True])
@pytest.mark.parametrize("width", [1, 6, 50])
def test_batches_of_an_epoch_are_the_rows_asked_for(form, some, width, parts):
    X = table()
    rows = np.random.default_rng(1).permutation(50)[:43] if some else None
    samples = Samples(form(X), rows=rows, dtype=np.float32)
    given = X if rows is None else X[rows]
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(len(given))
        samples.expect(order, width)
        for start in range(0, len(given), width):
            wanted = order[start : start + width]
            out = np.empty((5, wanted.size), np.float32)
            samples.gather(wanted, out)
            np.testing.assert_array_equal(out.T, given[wanted])


def test_other_rows_may_come_in_between(parts):
    """As those on which a growth looks at gradients; or a batch that is padded."""
    X = table()
    samples = Samples(X, rows=np.arange(40), dtype=np.float32)
    samples.expect(np.random.default_rng(0).permutation(40), 4)
    for wanted in ([0, 39, 7], [3], [3, 3, 3, 2], np.arange(40), [11, 12]):
        out = np.empty((5, len(wanted)), np.float32)
        samples.gather(np.array(wanted), out)
        np.testing.assert_array_equal(out.T, X[wanted])


def test_each_number_is_read_once_in_a_part(monkeypatch):
    X, reads = table(), []
    monkeypatch.setattr(lookahead, "PARTS", 5)
    read = lookahead.Lookahead._read
    monkeypatch.setattr(
        lookahead.Lookahead, "_read", lambda *a: (reads.append(a[1]), read(*a))
    )
    samples = Samples(X, dtype=np.float32)
    samples.expect(np.arange(50), 2)
    for start in range(0, 50, 2):
        rows = np.arange(start, start + 2)
        samples.gather(rows, np.empty((5, 2), np.float32))
    assert reads == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("X", [table().copy("C"), table()[:, :1].copy()])
def test_other_tables_need_none(X):
    samples = Samples(X, dtype=np.float32)
    samples.expect(np.arange(50), 10)
    assert samples._lookahead is None
