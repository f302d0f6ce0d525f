"""Every test of a display has its figures closed."""

import pytest

pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def _closed_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
