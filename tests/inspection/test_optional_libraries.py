"""Libraries that draw are imported when something is drawn."""

import subprocess
import sys

import numpy as np
import pytest

from skset import inspection
from skset.inspection import FiltersDisplay

OPTIONAL = {"matplotlib", "pandas", "powerlaw", "networkx", "PIL"}


def test_an_import_brings_no_optional_library():
    code = (
        "import sys, sklearn.pipeline; before = set(sys.modules); "  # it takes pandas
        f"import skset.inspection; print({OPTIONAL!r} & (set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = FiltersDisplay(filters=np.ones((1, 2, 2)), units=np.arange(1))
    with pytest.raises(ImportError, match=r"FiltersDisplay.plot .*skset\[plot\]"):
        display.plot()


def test_every_public_name_is_there():
    for name in inspection.__all__:
        assert getattr(inspection, name).__doc__
