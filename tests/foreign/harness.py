"""scikit-learn's own tests, run with the estimators of skset in place of its own.

Nothing is copied. `exchanged` executes an installed test module of scikit-learn once
more, under another name. Whatever the module imports by one of the given names, it gets
our stand-in for. scikit-learn itself stays as it is. Of the module's tests, and of the
cases of a parametrized test, those are taken that use a stand-in, directly or through
what they call.

To add a module:

1. Write ``tests/foreign/test_<name>.py`` with one statement::

       globals().update(
           exchanged("sklearn.tests.test_<name>", **named("Ridge", "Lasso"))
       )

2. If a test uses an estimator that has no stand-in yet, add it to `stand_ins`. A
   stand-in takes the parameters of both, and has the defaults that the tests need: few
   units, few epochs, a fixed seed.
3. Run it, and look at every failure. Is it a defect of skset? Mend it. Does the test
   presuppose what skset does not have, by design? Then it goes into the table in
   `differences`, with the reason and with a part of the error message.

The table is strict. A test in it must fail, and with this message. One that is not in
it must pass. An entry for a test that does not exist is a failure, too. An entry is for
one test, for all cases of a parametrized one, or ("[case]") for a case of all tests.

The table is for one version of scikit-learn, `VERSION`. With any other, and where
scikit-learn is installed without its tests, the modules of this folder are skipped.
"""

import builtins
import importlib.util
import inspect
import itertools
import sys
import types

import pytest
import sklearn
from foreign.differences import DIFFERENCES, LEFT_OUT, VERSION

__all__ = ["COLLECTED", "exchanged", "verdict"]

# Where conftest.py leaves the names of all tests that a module has.
COLLECTED = pytest.StashKey[set]()

# Names that belong to the module itself.
OF_MODULE = {"__builtins__", "__cached__", "__file__", "__loader__", "__spec__"}
OF_MODULE |= {"__doc__", "__name__", "__package__"}
# The last that fits a warning decides. scikit-learn's tests tolerate most warnings, but
# none may come from the inside of skset, but that a fit was short.
WARNINGS = [
    pytest.mark.filterwarnings(line)
    for line in [
        "ignore",
        "error::FutureWarning",
        "error:::skset",
        "ignore::sklearn.exceptions.ConvergenceWarning",
    ]
]


def exchanged(name, **stand_ins):
    """Return the namespace of a test module that uses the given stand-ins.

    Parameters
    ----------
    name : str
        Name of the installed test module.
    **stand_ins : class
        What the module gets where it imports one of these names.
    """
    skip_unless_installed(name)
    module = executed(name, stand_ins)
    tests = {key: thing for key, thing in vars(module).items() if is_test(key)}
    search = Search(module, stand_ins.values())
    unused = {key for key, test in tests.items() if not search.uses(test)} | OF_MODULE
    return {
        **{key: it for key, it in vars(module).items() if key not in unused},
        "exchanged_module": name,
        "pytestmark": [*getattr(module, "pytestmark", []), *WARNINGS],
        "test_the_table_names_tests_that_exist": look_for_stale_entries,
    }


def skip_unless_installed(name):
    if sklearn.__version__.split(".")[:2] != VERSION.split("."):
        reason = f"the table of differences is for scikit-learn {VERSION}"
        pytest.skip(reason, allow_module_level=True)
    if importlib.util.find_spec(name.rpartition(".")[0]) is None:
        pytest.skip("scikit-learn's tests are not installed", allow_module_level=True)


def executed(name, stand_ins):
    """Execute an installed module under another name, with other imports."""
    from cloudpickle import register_pickle_by_value  # joblib brings it along

    fresh = "exchanged_" + name.replace(".", "_")
    path = importlib.util.find_spec(name).origin
    spec = importlib.util.spec_from_file_location(fresh, path)
    module = importlib.util.module_from_spec(spec)
    module.__builtins__ = {**vars(builtins), "__import__": importing(stand_ins)}
    sys.modules[fresh] = module
    # Worker processes cannot import it, so its classes travel to them as they are.
    register_pickle_by_value(module)
    spec.loader.exec_module(module)
    return module


def importing(stand_ins):
    """Return an `__import__` that gives the stand-ins where their names are wanted."""

    def import_(name, globals_=None, locals_=None, fromlist=(), level=0):
        found = __import__(name, globals_, locals_, fromlist, level)
        if not stand_ins.keys() & set(fromlist or ()):
            return found
        return types.SimpleNamespace(
            **{each: stand_ins.get(each, getattr(found, each)) for each in fromlist}
        )

    return import_


def is_test(name):
    return name.lower().startswith("test")


class Search:
    """Looks for stand-ins in all that a test uses.

    Parameters
    ----------
    module : module
        The module of the test.
    stand_ins : iterable of class
        What to look for.
    """

    def __init__(self, module, stand_ins):
        self.names = vars(module)
        self.stand_ins = set(stand_ins)

    def uses(self, test):
        """Return whether a test uses a stand-in; drop the cases that use none.

        Of a test that uses one in all of its cases they all are kept.
        """
        marks = getattr(test, "pytestmark", [])
        if marks:
            test.pytestmark = [listed(mark) for mark in marks]
        bare = getattr(test, "__wrapped__", test)
        if any(self.reaches(part) for part in self.parts(bare)):
            return True
        kept = [self.own_cases(mark) for mark in getattr(test, "pytestmark", [])]
        if not any(kept):
            return False
        test.pytestmark = [
            own or mark for own, mark in zip(kept, test.pytestmark, strict=True)
        ]
        return True

    def own_cases(self, mark):
        """Return the mark with the cases that use a stand-in, or None if none does."""
        if mark.name != "parametrize":
            return None
        *names, cases = mark.args
        own = [self.reaches(case) for case in cases]
        if not any(own):
            return None
        kwargs = dict(mark.kwargs)
        if isinstance(kwargs.get("ids"), (list, tuple)):
            kwargs["ids"] = list(itertools.compress(kwargs["ids"], own))
        chosen = list(itertools.compress(cases, own))
        return pytest.mark.parametrize(*names, chosen, **kwargs).mark

    def reaches(self, thing, seen=None):
        """Return whether a stand-in can be reached from the thing."""
        seen = set() if seen is None else seen
        if id(thing) in seen:
            return False
        seen.add(id(thing))
        kind = thing if isinstance(thing, type) else type(thing)
        if not self.stand_ins.isdisjoint(kind.__mro__):
            return True
        return any(self.reaches(part, seen) for part in self.parts(thing))

    def parts(self, thing):
        """Return what a function, a class, an estimator or a container is made of."""
        if isinstance(thing, dict):
            return thing.values()
        if isinstance(thing, (list, tuple, set)):
            return thing
        if isinstance(thing, types.MethodType):
            return [thing.__func__]
        if hasattr(thing, "__wrapped__"):  # fixtures too
            return [thing.__wrapped__]
        if isinstance(thing, types.FunctionType):
            return self.parts_of_function(thing)
        if isinstance(thing, type):
            of_module = thing.__module__ == self.names["__name__"]
            return list(vars(thing).values()) if of_module else []
        if hasattr(thing, "get_params"):
            return thing.get_params(deep=False).values()
        return [getattr(thing, "func", None)]  # of a partial

    def parts_of_function(self, function):
        used = {*names_in(function.__code__), *inspect.signature(function).parameters}
        return [self.names[name] for name in sorted(used & self.names.keys())]


def listed(mark):
    """Return the mark with a list of cases, where pytest refuses an iterator."""
    if mark.name != "parametrize":
        return mark
    *names, cases = mark.args
    return pytest.mark.parametrize(*names, list(cases), **mark.kwargs).mark


def names_in(code):
    """Return all names that a piece of code, or a function inside it, uses."""
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return {*code.co_names}.union(*map(names_in, inner))


def verdict(expected, error):
    """Return what is wrong with the outcome of a test that is in the table, or None.

    Parameters
    ----------
    expected : Difference
        The entry of the table.
    error : Exception or None
        What the test raised.
    """
    if error is None:
        return f"passes, but the table says: {expected.reason}"
    message = f"{type(error).__name__}: {error}"
    if expected.error not in message:
        return f"fails, but not as the table says ({expected.error!r}): {message}"
    return None


def look_for_stale_entries(request):
    name = request.module.exchanged_module
    entries = {**DIFFERENCES.get(name, {}), **LEFT_OUT.get(name, {})}
    collected = request.node.getparent(pytest.Module).stash[COLLECTED]
    assert entries.keys() - collected == set()
