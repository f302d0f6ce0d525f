"""The table of differences put to use, and the fixtures of scikit-learn's tests."""

import joblib
import numpy as np
import pytest
from foreign.differences import DIFFERENCES, LEFT_OUT
from foreign.harness import COLLECTED, verdict

MARKERS = ["thread_unsafe", "parallel_threads(n)", "iterations(n)"]


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", f"{marker}: of scikit-learn's tests")


def entry_for(item, table):
    """Return what a table says of a test, or None."""
    module = getattr(item, "module", None)  # which a doctest has not
    entries = table.get(getattr(module, "exchanged_module", None), {})
    return next((entries[name] for name in names_of(item) if name in entries), None)


def names_of(item):
    """Return the name of a test, that of all its cases, and that of its case."""
    test, _, case = item.name.partition("[")
    return item.name, test, f"[{case}"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Note all tests of a module, and leave some out."""
    report = yield
    if isinstance(collector, pytest.Module):
        items = report.result
        collector.stash[COLLECTED] = {name for it in items for name in names_of(it)}
        report.result = [it for it in items if entry_for(it, LEFT_OUT) is None]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a test that does not do what the table says of it."""
    expected = entry_for(item, DIFFERENCES)
    if expected is None:
        return (yield)
    error = None
    try:
        yield
    except (Exception, pytest.fail.Exception) as raised:
        error = raised
    wrong = verdict(expected, error)
    if wrong:
        pytest.fail(wrong)
    pytest.xfail(expected.reason)


@pytest.fixture(autouse=True)
def threads_in_place_of_processes():
    """Spare the tests with n_jobs the start of processes."""
    with joblib.parallel_config(backend="threading"):
        yield


@pytest.fixture(autouse=True)
def always_the_same_random_numbers():
    """Seed what some of the tests draw from without a seed."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002


@pytest.fixture
def global_random_seed():
    return 42


@pytest.fixture
def global_dtype():
    return np.float64


@pytest.fixture
def pyplot():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.close("all")
    yield pyplot
    pyplot.close("all")
