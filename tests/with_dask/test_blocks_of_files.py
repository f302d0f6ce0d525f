"""`fit_blocks` on real files and dask tables: the same as `fit` on all rows."""

import numpy as np
import pandas as pd
import pytest
from estimators.cases import assert_same_network, impatient, selector, small
from scipy import sparse

from skset import SETClassifier, SETRegressor, fit_blocks

pytestmark = [
    impatient,
    pytest.mark.filterwarnings("ignore:The network took only:UserWarning"),
]
N = 300
RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, (N, 4)).astype(np.float32)
LABELS = np.array(["no", "yes"])[(X[:, 0] > 3) + 0]
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(label=LABELS)


class Slices:
    """Slices of the rows of arrays in a file."""

    def __init__(self, size, *parts):
        self.size, self.parts = size, parts

    def __len__(self):
        return -(-self.parts[0].shape[0] // self.size)

    def __getitem__(self, index):
        some = slice(index * self.size, (index + 1) * self.size)
        return tuple(part[some] for part in self.parts)


def test_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    FRAME.to_parquet(tmp_path / "rows.parquet", row_group_size=70)

    def blocks():
        file = parquet.ParquetFile(tmp_path / "rows.parquet")
        for batch in file.iter_batches(batch_size=50):
            frame = batch.to_pandas()
            yield frame.drop(columns="label"), frame["label"]

    model = fit_blocks(small(SETClassifier), blocks)
    whole = small(SETClassifier).fit(FRAME.drop(columns="label"), FRAME["label"])
    assert_same_network(model, whole)
    assert model.feature_names_in_.tolist() == list("abcd")
    assert model.classes_.tolist() == ["no", "yes"]
    stream = fit_blocks(small(SETClassifier), blocks, window=100)
    np.testing.assert_allclose(stream._scaling.shift, whole._scaling.shift)


@pytest.mark.parametrize("window", [None, 96])
def test_hdf5(tmp_path, window):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["X"], file["y"] = X, X[:, 0]
    with h5py.File(tmp_path / "rows.h5") as file:
        blocks = Slices(64, file["X"], file["y"])
        model = fit_blocks(small(SETRegressor), blocks, window=window)
    if window is None:
        assert_same_network(model, small(SETRegressor).fit(X, X[:, 0]))
    assert model.t_ == 3 * N


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    zarr.save_group(str(tmp_path / "rows.zarr"), X=X, y=X[:, 0])
    group = zarr.open_group(str(tmp_path / "rows.zarr"), mode="r")
    model = fit_blocks(small(SETRegressor), Slices(64, group["X"], group["y"]))
    assert_same_network(model, small(SETRegressor).fit(X, X[:, 0]))


def test_a_dask_array():
    da = pytest.importorskip("dask.array")
    table, labels = (da.from_array(part, chunks=64) for part in (X, X[:, 0] > 3))

    def blocks():
        for n in range(table.numblocks[0]):
            yield table.blocks[n].compute(), labels.blocks[n].compute()

    model = fit_blocks(small(SETClassifier), blocks)
    assert_same_network(model, small(SETClassifier).fit(X, X[:, 0] > 3))


def test_a_dask_frame():
    dd = pytest.importorskip("dask.dataframe")
    frame = dd.from_pandas(FRAME, npartitions=4)

    def blocks():
        for part in frame.partitions:
            rows = part.compute(scheduler="synchronous")
            yield rows.drop(columns="label"), rows["label"]

    model = fit_blocks(selector(supervised="auto"), blocks)
    whole = selector(supervised="auto").fit(FRAME.drop(columns="label"), LABELS)
    assert model.supervised_ == "classification"
    np.testing.assert_array_equal(
        model.feature_importances_, whole.feature_importances_
    )


def test_sparse_files(tmp_path):
    parts = np.array_split(np.where(X > 4, X, 0), 3)
    for n, part in enumerate(parts):
        sparse.save_npz(tmp_path / f"{n}.npz", sparse.csr_matrix(part))

    def blocks():
        for n, labels in enumerate(np.array_split(LABELS, 3)):
            yield sparse.load_npz(tmp_path / f"{n}.npz"), labels

    model = fit_blocks(small(SETClassifier), blocks)
    table = sparse.csr_matrix(np.vstack(parts))
    assert_same_network(model, small(SETClassifier).fit(table, LABELS))
