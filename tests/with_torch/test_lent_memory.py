"""Memory of tensors is lent again when nobody refers to them any more."""

import torch

from skset.torch import _lent_memory
from skset.torch._lent_memory import LentMemory

LIKE = torch.zeros(1)


def test_memory_is_lent_again_when_the_tensor_is_gone():
    memory = LentMemory()
    first = memory.batch(64, 1000, LIKE)
    address = first.data_ptr()
    assert memory.batch(64, 1000, LIKE).data_ptr() != address
    del first
    again = memory.vector(64000, LIKE)  # the size counts, not the shape
    assert again.data_ptr() == address


def test_whatever_shares_the_memory_keeps_it():
    memory = LentMemory()
    for share in (
        lambda t: t[:2],
        lambda t: t.detach().t(),
        lambda t: t.numpy()[:1],
        lambda t: memoryview(t.t().numpy()),
    ):
        tensor = memory.batch(64, 1000, LIKE)
        shared, address = share(tensor), tensor.data_ptr()
        del tensor
        assert memory.batch(64, 1000, LIKE).data_ptr() != address
        del shared
    assert len(memory._lent) == 0


def test_shapes_and_dtypes():
    memory = LentMemory()
    for dtype in (torch.float32, torch.float64):
        for batch, units in ((0, 7), (3, 2), (300, 500)):
            tensor = memory.batch(batch, units, torch.zeros(1, dtype=dtype))
            assert tensor.shape == (batch, units)
            assert tensor.dtype == dtype
            assert tensor.t().is_contiguous()
            assert not tensor._is_view()
        assert memory.vector(70000, torch.zeros(1, dtype=dtype)).dtype == dtype


def test_only_so_much_is_kept(monkeypatch):
    monkeypatch.setattr(_lent_memory, "MOST_FREE_BYTES", 1_000_000)
    memory = LentMemory()
    tensors = [memory.vector(n, LIKE) for n in (100_000, 120_000, 110_000)]
    while tensors:
        tensors.pop(0)
    kept = sum(size * len(blocks) for size, blocks in memory._free.items())
    assert kept == memory._n_free == 4 * (120_000 + 110_000)
