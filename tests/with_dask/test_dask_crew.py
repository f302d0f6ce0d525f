"""Trainings in the memory of Dask's workers: calls, deaths, interrupts, leftovers."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from distributed import Client, LocalCluster
from with_dask.leftovers import left_on
from with_dask.toy import toy_opener

from skset.distributed import _dask_crew
from skset.distributed._crew import Lost
from skset.distributed._dask_crew import DaskCrew
from skset.distributed._shards import handles


def pairs(n=4):
    return [(np.full((n_rows, 2), 1.0), np.zeros(n_rows)) for n_rows in range(1, n + 1)]


@pytest.fixture
def crew(client):
    with DaskCrew(client, opener=toy_opener()) as crew:
        yield crew


def numbers_of_lost(answers):
    return [answer.number for answer in answers if isinstance(answer, Lost)]


def test_facts_are_in_the_order_of_the_shards(crew):
    assert crew.open(handles(pairs()), None) == [(n, (n + 1, 2), 1) for n in range(4)]
    assert crew.n_workers == 2


def test_a_call_gets_what_is_common_and_what_is_its_own(crew):
    crew.open(handles(pairs()), None)
    common = np.arange(3.0)
    first = list(crew.call("add", common, each=[10, 20, 30, 40]))
    assert first == [(0, 1, 15.0), (1, 1, 27.0), (2, 1, 39.0), (3, 1, 51.0)]
    some = list(crew.call("add", common, each=[100, 200], only=[1, 3]))
    assert some == [(1, 2, 107.0), (3, 2, 211.0)]
    assert list(crew.call("add", common, only=[0])) == [(0, 2, 5.0)]


def test_each_training_stays_in_its_process(crew):
    crew.open(handles(pairs()), None)
    processes = list(crew.call("process"))
    assert len(set(processes)) == 2
    assert os.getpid() not in processes
    assert list(crew.call("process")) == processes


def test_the_error_of_the_first_shard_is_raised(crew):
    crew.open(handles(pairs()), None)
    with pytest.raises(ValueError, match="shard 1 failed"):
        list(crew.call("fail", [1, 2]))


def test_an_error_in_loading_names_the_shard(crew, tmp_path):
    missing = str(tmp_path / "missing.npz")
    with pytest.raises(ValueError, match=r"shards\[1\].*missing.npz.*FileNotFound"):
        crew.open(handles([pairs(1)[0], missing]), None)


@pytest.mark.parametrize("method", ["die", "die_soon"])
def test_shards_of_a_worker_that_dies_move(crew, method):
    crew.open(handles(pairs()), None)
    before = list(crew.call("process"))
    together = [n for n in range(4) if before[n] == before[2]]
    answers = list(crew.call(method, [2]))
    assert "died" in answers[2].why
    lost = numbers_of_lost(answers)  # the other may have answered before
    rest = [n for n in together if n not in lost]
    assert numbers_of_lost(crew.call("process", only=rest)) == rest
    assert sorted(lost + rest) == together
    assert crew.n_workers == 1

    assert crew.reopen(together) == [(n, (n + 1, 2), 1) for n in together]
    n_calls = [answer[1] for answer in crew.call("add", np.zeros(1))]
    assert n_calls == [1] * 4  # each training began once
    after = list(crew.call("process"))
    assert before[2] not in after
    assert [after[n] for n in range(4) if n not in together] == [
        before[n] for n in range(4) if n not in together
    ]


def test_a_worker_that_died_between_two_calls(crew):
    crew.open(handles(pairs()), None)
    processes = list(crew.call("process"))
    os.kill(processes[0], signal.SIGKILL)
    answers = list(crew.call("add", np.zeros(1)))
    assert numbers_of_lost(answers) == [
        n for n in range(4) if processes[n] == processes[0]
    ]
    assert numbers_of_lost(crew.reopen(numbers_of_lost(answers))) == []


def test_a_shard_that_kills_workers_is_given_up(crew, monkeypatch):
    assert _dask_crew.MAX_DEATHS == 3
    monkeypatch.setattr(_dask_crew, "MAX_DEATHS", 1)  # each takes seconds
    crew.open(handles(pairs(1)), None)
    assert numbers_of_lost(crew.call("die", [0])) == [0]
    assert crew.reopen([0]) == [Lost(0, "workers died that had it (1)")]


def test_a_file_that_is_gone_cannot_be_loaded_again(crew, tmp_path):
    path = tmp_path / "part.npz"
    X, y = pairs(1)[0]
    np.savez(path, X=X, y=y)
    crew.open(handles([path]), None)
    path.unlink()
    assert numbers_of_lost(crew.call("die", [0])) == [0]
    (lost,) = crew.reopen([0])
    assert "FileNotFoundError" in lost.why


def test_abandoned_calls_are_stopped(crew, tmp_path):
    crew.open(handles(pairs(2)), None)
    path = str(tmp_path / "n")
    answers = crew.call("sleep", path)
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        next(answers)
    until = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["stopped"] * 2


def test_a_closed_client_is_refused(client):
    other = Client(client.scheduler.address, set_as_default=False)
    other.close()
    with pytest.raises(RuntimeError, match=r"'closed'.*Client\(address\)"):
        DaskCrew(other)


def test_a_client_closed_in_between_is_an_error(client):
    other = Client(client.scheduler.address, set_as_default=False)
    with DaskCrew(other, opener=toy_opener()) as crew:
        crew.open(handles(pairs(2)), None)
        other.close()
        with pytest.raises(RuntimeError, match="no connection"):
            crew.call("add", np.zeros(1))


def test_what_is_no_client_is_refused():
    with pytest.raises(TypeError, match=r"distributed.Client or None, got str"):
        DaskCrew("tcp://127.0.0.1:8786")


def test_own_cluster_ends_with_the_crew():
    with DaskCrew(n_workers=1, opener=toy_opener()) as crew:
        assert crew.open(handles(pairs(2)), None) == [(0, (1, 2), 1), (1, (2, 2), 1)]
        (process, again) = crew.call("process")
    assert process == again != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_worker_shares_its_threads_between_its_shards():
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=4, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        DaskCrew(client, opener=toy_opener()) as crew,
    ):
        assert [facts[2] for facts in crew.open(handles(pairs(2)), None)] == [2, 2]


LEAD = """
import sys, time
import numpy as np
from distributed import Client
from skset import SETClassifier
from skset.distributed import fit

client = Client(sys.argv[1])
y = np.arange(40) % 2
fit(SETClassifier((9,)), [(np.eye(40), y)] * 2, rounds=10**6, client=client, verbose=1)
"""


def test_a_lead_that_is_killed_leaves_nothing(client):
    command = [sys.executable, "-c", LEAD, client.scheduler.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lead:
        assert lead.stdout.readline().startswith("Round 1/")
        assert left_on(client, seconds=0)
        lead.kill()
    assert left_on(client, seconds=30) == []
