"""Shards that are Dask's: arrays, frames, delayed objects, futures."""

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from with_dask.toy import toy_opener

from skset.distributed._dask_crew import DaskCrew
from skset.distributed._shards import client_of, handles

X = np.arange(30.0).reshape(10, 3)
Y = np.arange(10) % 3
WEIGHT = np.arange(10.0)


def frame():
    return pd.DataFrame(X, columns=["a", "b", "c"]).assign(label=Y, weight=WEIGHT)


def assert_all(rows, lengths, weight=False):
    assert [len(y) for _, y, _ in rows] == lengths
    np.testing.assert_array_equal(np.concatenate([x for x, _, _ in rows]), X)
    np.testing.assert_array_equal(np.concatenate([y for _, y, _ in rows]), Y)
    if weight:
        found = np.concatenate([w for _, _, w in rows])
        np.testing.assert_array_equal(found, WEIGHT)
    else:
        assert all(w is None for _, _, w in rows)


def loaded(shards):
    return [shard.load() for shard in handles(shards)]


def loaded_by(client, shards):
    """Return the rows that the workers have got, and where."""
    with DaskCrew(client, opener=toy_opener()) as crew:
        crew.open(handles(shards), None)
        return list(crew.call("given")), list(crew.call("process"))


def arrays():
    return da.from_array(X, chunks=(4, 2)), da.from_array(Y, chunks=3)


def test_arrays_are_cut_where_chunks_of_rows_end():
    assert_all(loaded(arrays()), [4, 4, 2])


def test_y_and_weights_in_memory_are_cut_like_X():
    assert_all(loaded((arrays()[0], Y, WEIGHT)), [4, 4, 2], weight=True)


def test_chunks_of_unknown_length():
    x, y = arrays()[0], da.from_array(Y, chunks=4)
    keep = da.from_array(np.ones(10, dtype=bool), chunks=4)
    assert_all(loaded((x[keep], y[keep])), [4, 4, 2])
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        handles((x[keep], Y))


def test_other_numbers_of_chunks():
    keep = da.from_array(np.ones(10, dtype=bool), chunks=3)
    with pytest.raises(ValueError, match="X has 3 chunks of rows, but y has 4"):
        handles((arrays()[0], arrays()[1][keep]))


def test_other_lengths():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[10, 9\]"):
        handles((arrays()[0], Y[:9]))


def test_frames_with_a_column_or_a_series():
    table = dd.from_pandas(frame(), npartitions=2)
    names = [(x.to_numpy(), y, w) for x, y, w in loaded((table, "label", "weight"))]
    assert_all(names, [5, 5], weight=True)
    series = [
        (x.to_numpy(), y, w) for x, y, w in loaded((table[list("abc")], table["label"]))
    ]
    assert_all(series, [5, 5])


def test_a_collection_alone():
    with pytest.raises(TypeError, match="tuple \\(X, y\\) of Dask collections"):
        handles(arrays()[0])


def test_delayed_objects():
    parts = [slice(0, 3), slice(3, 10)]
    whole = [dask.delayed((X[part], Y[part])) for part in parts]
    assert_all(loaded(whole), [3, 7])
    pairs = [(dask.delayed(X[part]), dask.delayed(Y[part])) for part in parts]
    assert_all(loaded(pairs), [3, 7])


def test_workers_get_each_kind(client):
    table = dd.from_pandas(frame(), npartitions=2)
    for shards, lengths in [
        (arrays(), [4, 4, 2]),
        ((table.drop(columns="weight"), "label"), [5, 5]),
        ([dask.delayed((X, Y))], [10]),
        ([lambda: (X[:5], Y[:5]), (X[5:], Y[5:])], [5, 5]),
    ]:
        rows, processes = loaded_by(client, shards)
        assert_all([(np.asarray(x), y, w) for x, y, w in rows], lengths)
        assert len(set(processes)) == min(2, len(lengths))


def test_rows_stay_where_they_are(client):
    homes = list(client.nthreads())
    futures = [
        client.submit(lambda n: (X[n : n + 2], Y[n : n + 2]), n, workers=[home])
        for n, home in zip([0, 2, 4, 6, 8], [*homes, *homes, homes[0]], strict=True)
    ]
    assert client_of(handles(futures)) is client
    where = client.run(lambda dask_worker: __import__("os").getpid())
    rows, processes = loaded_by(client, futures)
    assert_all(rows, [2] * 5)
    assert processes == [where[home] for home in [*homes, *homes, homes[0]]]


def test_persisted_arrays(client):
    x, y = client.persist(arrays())
    rows, _ = loaded_by(client, (x, y))
    assert_all(rows, [4, 4, 2])


def test_an_error_in_a_delayed_object(client):
    def fail():
        raise OSError("no such bucket")

    with pytest.raises(ValueError, match=r"shards\[1\] could.*OSError: no such bucket"):
        loaded_by(client, [(X, Y), dask.delayed(fail)()])


def test_rows_do_not_pass_the_scheduler(client, two_workers, monkeypatch):
    handlers, passed = two_workers.scheduler().handlers, []
    scatter = handlers["scatter"]

    def spied(data, **options):
        passed.extend(data)
        return scatter(data=data, **options)

    monkeypatch.setitem(handlers, "scatter", spied)
    with DaskCrew(client, opener=toy_opener()) as crew:
        crew.open(handles([(X, Y)]), "job")
        assert list(crew.call("add", np.zeros(1))) == [(0, 1, X.sum())]
    assert [key.split("-")[0] for key in passed] == ["skset_common"] * 2
