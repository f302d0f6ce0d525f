"""`skset.distributed.fit` on a real cluster: the same bits, deaths, interrupts."""

import os
import pickle
import signal
import threading
import time
from functools import partial
from itertools import pairwise

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.datasets import load_digits

from skset import SETClassifier
from skset.distributed import fit

X, Y = load_digits(return_X_y=True)
X, Y = X[:600], Y[:600]
ENDS = [0, 150, 200, 450, 600]


def pairs():
    return [(X[a:b], Y[a:b]) for a, b in pairwise(ENDS)]


def estimator(**params):
    return SETClassifier((30,), random_state=0, **params)


def assert_same(one, other):
    for mine, yours in zip(one.coefs_, other.coefs_, strict=True):
        np.testing.assert_array_equal(mine.toarray(), yours.toarray())
    for mine, yours in zip(one.intercepts_, other.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, yours)


@pytest.fixture(scope="module")
def in_process():
    return fit(estimator(), pairs(), rounds=3, backend="sequential")


def test_two_workers_give_the_bits_of_one_process(client, in_process):
    found = fit(estimator(), pairs(), rounds=3, client=client)
    assert_same(found, in_process)
    assert found.score(X, Y) > 0.5
    for here, there in zip(found.rounds_, in_process.rounds_, strict=True):
        assert here["loss"] == there["loss"]
        assert here["bytes_sent"] >= there["bytes_sent"]


@pytest.mark.parametrize("kind", ["array", "delayed", "future", "npz", "function"])
def test_kinds_of_shards(client, in_process, kind, tmp_path):
    if kind == "array":
        chunks = (tuple(np.diff(ENDS)), 40)
        shards = da.from_array(X, chunks=chunks), da.from_array(Y, chunks=(chunks[0],))
    elif kind == "delayed":
        shards = [dask.delayed(pair) for pair in pairs()]
    elif kind == "future":
        shards = [client.submit(lambda pair: pair, pair) for pair in pairs()]
    elif kind == "npz":
        shards = [tmp_path / f"{n}.npz" for n in range(4)]
        for path, (x, y) in zip(shards, pairs(), strict=True):
            np.savez(path, X=x, y=y)
    else:
        shards = [lambda pair=pair: pair for pair in pairs()]
    given = {} if kind == "future" else {"client": client}
    assert_same(fit(estimator(), shards, rounds=3, **given), in_process)


def test_what_is_returned_knows_nothing_of_dask(client):
    found = fit(estimator(), pairs(), rounds=1, client=client)
    data = pickle.dumps(found)
    assert b"distributed.client" not in data
    assert b"dask" not in data
    assert_same(pickle.loads(data), found)


def mortal(pair, path, survives):
    """Return a function that loads a shard, and kills its process some time later.

    The second time it returns the shard, or fails. It goes to workers by value.
    """

    def load():
        if not os.path.exists(path):
            with open(path, "w"):
                pass
            kill = partial(os.kill, os.getpid(), signal.SIGKILL)
            threading.Timer(0.5, kill).start()
        elif not survives:
            raise OSError("the disk was on the machine that died")
        return pair

    return load


def test_a_worker_that_is_killed_in_the_middle(client, tmp_path):
    shards = [*pairs()[:3], mortal(pairs()[3], str(tmp_path / "died"), True)]
    with pytest.warns(UserWarning, match="begin anew on others: shards"):
        found = fit(estimator(), shards, rounds=60, client=client)
    lost = [number for done in found.rounds_ for number in done["lost"]]
    assert 3 in lost
    assert len(found.rounds_) == 60
    assert found.score(X, Y) > 0.8


def test_a_shard_that_cannot_be_loaded_again_is_left_out(client, tmp_path):
    shards = [*pairs()[:3], mortal(pairs()[3], str(tmp_path / "died"), False)]
    with pytest.warns(
        UserWarning, match="A worker was lost|Shards were lost"
    ) as warned:
        found = fit(estimator(), shards, rounds=60, client=client)
    messages = [str(one.message) for one in warned]
    assert any(r"without them: shards[3] (" in message for message in messages)
    assert found.score(X[:450], Y[:450]) > 0.8


def test_a_closed_client(client):
    other = Client(client.scheduler.address, set_as_default=False)
    other.close()
    model = estimator()
    before = vars(model).copy()
    with pytest.raises(RuntimeError, match="closed"):
        fit(model, pairs(), rounds=1, client=other)
    assert vars(model) == before


@pytest.mark.parametrize(
    ("shard", "message"),
    [
        ("missing.npz", r"shards\[4\] \('missing.npz'\) could not be loaded"),
        ((X[:5, :3], Y[:5]), r"shards\[4\]"),
        ((X[:0], Y[:0]), r"shards\[4\]"),
        ((X[:5], Y[:4]), r"shards\[4\]"),
        ((np.full((5, 64), np.nan), Y[:5]), r"shards\[4\].*NaN"),
    ],
)
def test_bad_shards_are_named(client, shard, message):
    model = estimator()
    before = vars(model).copy()
    with pytest.raises(ValueError, match=message):
        fit(model, [*pairs(), shard], rounds=1, client=client)
    assert vars(model) == before


def interrupt_once_there_is(path):
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)
    if path.exists():
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_keeps_the_rounds_that_were_finished(client, tmp_path):
    path = tmp_path / "model.skset"
    threading.Thread(target=interrupt_once_there_is, args=[path]).start()
    with pytest.warns(UserWarning, match="interrupted by user"):
        found = fit(
            estimator(), pairs(), rounds=100_000, client=client, checkpoint=path
        )
    assert 1 <= len(found.rounds_) < 100_000
    assert found.predict(X).shape == Y.shape


def test_shards_in_threads_of_one_worker(in_process):
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=3, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        found = fit(estimator(n_jobs=-1), pairs(), rounds=3, client=client)
    assert_same(found, in_process)


def test_a_cluster_of_its_own(in_process):
    found = fit(estimator(), pairs(), rounds=3, n_workers=1)
    assert_same(found, in_process)
