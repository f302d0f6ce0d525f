"""What importing skset costs, and what it gives."""

import subprocess
import sys
from pathlib import Path

import pytest

import skset
from skset import estimators

# Each brings along a good part of scikit-learn, and few fits need it.
LATER = {"sklearn.feature_selection", "sklearn.metrics", "sklearn.model_selection"}


def run(code):
    """Run the code in a new process and return what it printed."""
    root = Path(skset.__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_an_import_brings_nothing_that_can_wait_and_compiles_nothing():
    code = (
        "import sys, sklearn; before = set(sys.modules); import skset; "
        "from skset.runtime.cache import RECORD; "
        f"print({LATER!r} & (set(sys.modules) - before), "
        "RECORD.compiled + RECORD.loaded)"
    )
    assert run(code) == "set() 0\n"


@pytest.mark.parametrize("module", [skset, estimators])
def test_every_public_name_is_there(module):
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)
    code = (
        f"import {module.__name__} as m; "
        "print({'QuickSelection', 'StableSelection'} <= set(dir(m))); "
        f"from {module.__name__} import *; "
        "print(QuickSelection.__name__, StableSelection.__name__)"
    )
    assert run(code) == "True\nQuickSelection StableSelection\n"


@pytest.mark.parametrize("module", [skset, estimators])
def test_a_name_that_is_not_there_is_refused_as_usual(module):
    with pytest.raises(AttributeError, match=f"'{module.__name__}' has no .* 'SETMe'"):
        module.SETMe  # noqa: B018
