"""Handles of shards: what is accepted, what the rows are, which messages name them."""

import pickle
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from skset.distributed._shards import Shard, client_of, handles

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 1, 0])
WEIGHT = np.array([1.0, 2.0, 3.0, 4.0])


def loaded(item):
    (shard,) = handles([item])
    return pickle.loads(pickle.dumps(shard)).load()


def assert_rows(rows, weight=None):
    found_X, found_y, found_weight = rows
    dense = found_X.toarray() if sparse.issparse(found_X) else found_X
    np.testing.assert_array_equal(dense, X)
    np.testing.assert_array_equal(found_y, Y)
    if weight is None:
        assert found_weight is None
    else:
        np.testing.assert_array_equal(found_weight, weight)


def pair():
    return X, Y


def test_pairs_and_triples():
    assert_rows(loaded((X, Y)))
    assert_rows(loaded([X, Y, WEIGHT]), WEIGHT)
    assert_rows(loaded((sparse.csr_array(X), Y)))


def test_functions():
    assert_rows(loaded(pair))
    assert_rows(loaded(partial(pair)))


def test_npz(tmp_path):
    np.savez(tmp_path / "pair.npz", X=X, y=Y)
    np.savez(tmp_path / "triple.npz", X=X, y=Y, sample_weight=WEIGHT)
    assert_rows(loaded(tmp_path / "pair.npz"))
    assert_rows(loaded(str(tmp_path / "triple.npz")), WEIGHT)


def test_npz_with_a_sparse_matrix(tmp_path):
    path = tmp_path / "sparse.npz"
    sparse.save_npz(path, sparse.csr_array(X))
    np.save(tmp_path / "y.npy", Y)
    assert_rows(loaded((path, tmp_path / "y.npy")))
    with np.load(path) as file:
        np.savez(tmp_path / "all.npz", y=Y, **file)
    assert_rows(loaded(tmp_path / "all.npz"))


def test_npy_is_a_memory_map(tmp_path):
    for name, array in [("X", X), ("y", Y), ("w", WEIGHT)]:
        np.save(tmp_path / f"{name}.npy", array)
    rows = loaded(tuple(str(tmp_path / f"{name}.npy") for name in "Xyw"))
    assert_rows(rows, WEIGHT)
    assert isinstance(rows[0], np.memmap)


def test_columns_of_a_frame():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(label=Y, weight=WEIGHT)
    found_X, found_y, weight = loaded((frame, "label", "weight"))
    assert list(found_X.columns) == ["a", "b", "c"]
    assert_rows((found_X.to_numpy(), found_y, weight), WEIGHT)
    assert list(frame.columns) == ["a", "b", "c", "label", "weight"]


def test_parquet(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "table.parquet"
    pd.DataFrame(X, columns=["a", "b", "c"]).assign(label=Y).to_parquet(path)
    found_X, found_y, weight = loaded((path, "label"))
    assert weight is None
    assert_rows((found_X.to_numpy(), found_y, weight))


def test_names():
    first, second = handles([(X, Y), "part.npz"])
    assert (first.name, second.name) == ("shards[0]", "shards[1] ('part.npz')")
    assert second.bare() == Shard(1, ("part.npz",))
    assert first.bare() == Shard(0, (None,))


def test_no_client_among_them():
    assert client_of(handles([(X, Y), pair])) is None


@pytest.mark.parametrize("shards", [[], (), iter(())])
def test_no_shards(shards):
    with pytest.raises(ValueError, match="at least one shard"):
        handles(shards)


def test_shards_that_are_none():
    with pytest.raises(TypeError, match=r"must be a list of shards.*got NoneType"):
        handles(None)


@pytest.mark.parametrize("item", [X, 5, None, (X,), (X, Y, WEIGHT, 1), {"X": X}])
def test_what_is_no_shard(item):
    with pytest.raises(TypeError, match=r"A shard is a path.*; shards\[1\] is"):
        handles([(X, Y), item])


def test_a_pair_that_is_not_in_a_list():
    with pytest.raises(TypeError, match=r"shards\[0\] is ndarray"):
        handles((X, Y))


def refuse():
    raise OSError("no such bucket")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("missing.npz", r"shards\[0\] \('missing.npz'\) could not.*FileNotFoundError"),
        ("table.xls", r"'table.xls'.*files are known that end in .npz, .npy, .parquet"),
        (refuse, r"shards\[0\] could not be loaded: OSError: no such bucket"),
        (lambda: X, r"\(X, y\) is needed, got ndarray"),
        ((X, "label"), "'label' is neither a known file nor a column"),
    ],
)
def test_what_cannot_be_loaded(item, message):
    (shard,) = handles([item])
    with pytest.raises(ValueError, match=message):
        shard.load()


def test_npz_without_X(tmp_path):
    np.savez(tmp_path / "other.npz", y=Y)
    with pytest.raises(ValueError, match=r"no array 'X', but \['y'\]"):
        loaded(tmp_path / "other.npz")


def test_npz_with_objects_is_refused(tmp_path):
    np.savez(tmp_path / "objects.npz", X=X, y=np.array([0, "a", None, {}], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        loaded(tmp_path / "objects.npz")


def test_a_column_that_is_missing():
    pd = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="KeyError: 'label'"):
        loaded((pd.DataFrame(X), "label"))
