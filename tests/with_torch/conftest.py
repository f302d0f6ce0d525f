"""Settings of all tests with PyTorch."""

import pytest


@pytest.fixture(autouse=True)
def same_numbers():
    """Every test begins with the same seed and one thread, and leaves what it found."""
    import torch  # not above: this file is read where it is not installed, too

    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)
