"""Threads and processes: forks, data loaders, many threads at once."""

import multiprocessing
import threading

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from skset.torch import SETLinear
from skset.torch._process_team import TEAM


def wide():
    """Return a layer whose products are shared between threads."""
    return SETLinear(600, 500, density=0.1, activation="relu", random_state=0)


def answer(layer, x):
    y = layer(x)
    (g,) = torch.autograd.grad(y.square().sum(), layer.weight)
    return y.detach(), g


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_follow_torch_and_do_not_change_a_bit(threads):
    layer, x = wide(), torch.randn(64, 600)
    expected = answer(layer, x)
    torch.set_num_threads(threads)
    for _ in range(40):  # until it has been tried whether threads pay
        for found, wanted in zip(answer(layer, x), expected, strict=True):
            assert torch.equal(found, wanted)
    with TEAM as team:
        assert team.n_threads == threads
    torch.set_num_threads(1)
    layer(x)
    with TEAM as team:
        assert team.n_threads == 1


def test_many_threads_can_use_one_layer():
    layer = wide()
    xs = [torch.randn(64, 600) for _ in range(4)]
    expected = [answer(layer, x) for x in xs]
    torch.set_num_threads(2)
    found = [[] for _ in xs]

    def work(n):
        torch.set_num_threads(2)
        found[n].extend(answer(layer, xs[n]) for _ in range(10))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answers, wanted in zip(found, expected, strict=True):
        assert len(answers) == 10
        for one in answers:
            assert all(torch.equal(a, b) for a, b in zip(one, wanted, strict=True))


def child(layer, x, queue):
    queue.put([part.numpy() for part in answer(layer, x)])


def asked_child(layer, x):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(layer, x, queue))
    process.start()
    found = queue.get(timeout=60)
    process.join(60)
    assert process.exitcode == 0
    return found


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_child_begins_anew():
    """Even one that is forked while another thread is within a product."""
    layer, x = wide(), torch.randn(64, 600)
    expected = answer(layer, x)
    torch.set_num_threads(2)
    answer(layer, x)
    torch.set_num_threads(1)  # OpenMP of PyTorch does not survive a fork
    held, done = threading.Event(), threading.Event()

    def hold():
        with TEAM:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    try:
        found = asked_child(layer, x)
    finally:
        done.set()
        thread.join()
    for one, wanted in zip(found, expected, strict=True):
        assert torch.equal(torch.from_numpy(one), wanted)
    assert torch.equal(layer(x), expected[0])


class Transformed(Dataset):
    """Samples that go through a sparse layer in the workers of a loader."""

    def __init__(self):
        self.layer, self.X = wide(), torch.randn(8, 600)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, n):
        with torch.no_grad():
            return self.layer(self.X[n])


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_workers_of_a_data_loader_can_use_a_layer():
    data = Transformed()
    with torch.no_grad():
        expected = data.layer(data.X)
    found = torch.cat(list(DataLoader(data, batch_size=4, num_workers=2)))
    torch.testing.assert_close(found, expected)


def test_a_layer_trains_while_workers_load():
    X, y = torch.randn(64, 600), torch.randint(3, (64,))
    net = nn.Sequential(wide(), SETLinear(500, 3, density=0.5, random_state=0))
    optimizer = torch.optim.Adam(net.parameters())
    data = list(zip(X, y, strict=True))
    losses = []
    for _ in range(3):
        for X_batch, y_batch in DataLoader(data, batch_size=16, num_workers=1):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(X_batch), y_batch)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < losses[0]
