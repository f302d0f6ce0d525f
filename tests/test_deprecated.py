"""Old names that still work, and say what they are called today."""

import subprocess
import sys

import pytest

from skset import model, network, strategies, training

# What docs/api.md listed as skset.network.
DOCUMENTED = [
    *("strength", "path_strength", "attribution", "contributions"),
    *("reconstruction_paths", "coverage"),
]


@pytest.mark.parametrize("name", [*model.__all__, *training.__all__])
def test_names_of_skset_network_are_those_of_its_rooms(name):
    room = model if name in model.__all__ else training
    if name == "Signals":  # see below
        room, name = strategies, "Context"
    old = "Signals" if name == "Context" else name
    today = f"import {name} from {room.__name__}."
    with pytest.warns(FutureWarning, match=f"skset.network is deprecated: {today}"):
        assert getattr(network, old) is getattr(room, name)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_was_documented_is_there(name):
    with pytest.warns(FutureWarning, match=f"import {name} from skset.model"):
        assert getattr(network, name) is getattr(model, name)


def test_what_strategies_see_has_another_name():
    with pytest.warns(FutureWarning, match="import Context from skset.strategies"):
        assert network.Signals is strategies.Context


def test_the_warning_points_to_who_asks():
    with pytest.warns(FutureWarning) as caught:
        from skset.network import strength  # noqa: F401
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("name", ["nonsense", "SETClassifier", "_private", "skset"])
def test_unknown_names(name):
    with pytest.raises(
        AttributeError, match=f"'skset.network' has no attribute '{name}'"
    ):
        getattr(network, name)


def test_its_names_are_listed():
    assert {*model.__all__, *training.__all__} <= set(dir(network))


def test_importing_skset_does_not_import_it():
    code = "import sys, skset, skset.model; print('skset.network' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "False\n"
