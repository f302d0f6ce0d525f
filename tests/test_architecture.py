"""The import table of the house (docs/design.md) and its shape, held true."""

import ast
import importlib.util
import inspect
import pkgutil
import sys
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest

import skset

ROOT = Path(skset.__file__).parent
MAY_IMPORT = {
    "runtime": {"numpy", "numba", "llvmlite"},
    "kernels": {"numpy", "numba", "llvmlite", "skset.runtime"},
    "topology": {"numpy", "scipy.sparse", "skset.kernels"},
    "model": {
        *("numpy", "scipy.special", "scipy.sparse"),
        *("skset.topology", "skset.kernels", "skset.runtime.team"),
    },
    "training": {
        *("numpy", "scipy.optimize", "skset.model", "skset.topology"),
        *("skset.kernels", "skset.runtime.team", "skset.strategies.contracts"),
    },
    "strategies": {"numpy", "skset.topology"},
    "estimators": {
        *("sklearn", "numpy", "scipy.sparse", "joblib", "skset._version"),
        *("skset.training", "skset.model", "skset.topology", "skset.strategies"),
        "skset.metrics.selection_stability",  # where it is used
    },
    "metrics": {
        *("sklearn", "numpy", "scipy.sparse"),
        *("skset.estimators", "skset.model", "skset.topology"),
    },
    # Wings: nothing imports them.
    "persistence": {
        *("sklearn", "numpy", "skset._version"),
        *("skset.estimators", "skset.training", "skset.model", "skset.topology"),
        "skset.strategies",
    },
    "torch": {
        *("torch", "skorch", "numpy", "scipy.sparse", "sklearn", "joblib"),
        *("skset.estimators", "skset.training", "skset.model", "skset.topology"),
        *("skset.strategies", "skset.runtime.team"),
    },
    "inspection": {
        *("matplotlib", "networkx", "pandas", "PIL"),  # where they are used
        *("sklearn", "numpy", "scipy", "joblib"),
        *("skset.estimators", "skset.training", "skset.model", "skset.topology"),
        *("skset.strategies", "skset.metrics"),
    },
    "onnx": {
        *("onnx", "skl2onnx", "numpy"),
        *("skset.estimators", "skset.model", "skset._version"),
    },
    "distributed": {
        *("dask", "distributed", "pandas"),  # where they are used
        *("sklearn", "numpy", "scipy.sparse", "joblib"),
        *("skset.estimators", "skset.training", "skset.model", "skset.topology"),
        *("skset.strategies", "skset.persistence"),
    },
    "anndata": {
        *("anndata", "pandas", "sklearn", "numpy", "scipy.sparse"),
        *("skset.estimators", "skset.model"),
    },
    # The modules beside the packages.
    "__init__": {
        *("skset.estimators", "skset._show_versions", "skset._version"),
        "skset.persistence",  # at its first use
    },
    "callbacks": {"skset.persistence", "skset.inspection"},
    "__main__": {
        *("numba", "llvmlite.binding", "joblib"),
        *("skset._show_versions", "skset._warmup", "skset.runtime.cache"),
    },
    "_show_versions": set(),
    "_version": set(),
    "_warmup": {"numpy", "scipy.sparse", "skset.estimators"},
    "network": {"skset.model", "skset.training", "skset.strategies"},  # an old name
}
PACKAGES = {name for name in MAY_IMPORT if (ROOT / name).is_dir()}
WINGS = {
    "skset.torch": ["torch"],
    "skset.onnx": ["onnx", "skl2onnx"],
    "skset.anndata": ["anndata"],
}
# Those whose libraries are not installed.
CLOSED = {
    wing
    for wing, libraries in WINGS.items()
    if not all(map(importlib.util.find_spec, libraries))
}
MOST_LINES, MOST_LINES_OF_ESTIMATORS = 300, 400
# Files that are still longer. None may be added, and one that was cut must go.
STILL_TOO_LONG: set[str] = set()
MOST_ANCESTORS = 3
THE_DOOR = ROOT / "estimators" / "_sklearn.py"
FILES = [
    *(
        path
        for name in sorted(PACKAGES)
        for path in sorted((ROOT / name).rglob("*.py"))
    ),
    *ROOT.glob("*.py"),
]
each = pytest.mark.parametrize(
    "path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES]
)


def imports(path):
    """Return the dotted name of everything that a file imports, at any depth."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def within(name, packages):
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def row(path):
    """Return the name of the package, or of the module beside the packages."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_every_package_and_module_has_its_row():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == PACKAGES
    assert packages | {path.stem for path in ROOT.glob("*.py")} == set(MAY_IMPORT)


@each
def test_a_floor_knows_only_the_floors_below_it(path):
    allowed = {*MAY_IMPORT[row(path)], *sys.stdlib_module_names}
    if row(path) in PACKAGES:
        allowed.add(f"skset.{row(path)}")
    assert [name for name in imports(path) if not within(name, allowed)] == []


@each
def test_private_names_stay_where_they_are(path):
    """What begins with _ is used only in its own package; sklearn's at one door.

    The modules beside the packages are held to their rows, name by name.
    """
    own = f"skset.{row(path)}" if row(path) in PACKAGES else "skset"
    private = [
        name
        for name in imports(path)
        if any(
            part.startswith("_") and not part.endswith("__") for part in name.split(".")
        )
        # `_thread` is a documented module, whatever its name begins with.
        if not within(name, {own, "skset._version.__version__", "_thread"})
    ]
    new_in_1_9 = [name for name in imports(path) if within(name, {"sklearn.callback"})]
    assert path == THE_DOOR or private + new_in_1_9 == []


def most_lines(path):
    return MOST_LINES_OF_ESTIMATORS if row(path) == "estimators" else MOST_LINES


def test_no_file_is_too_long():
    too_long = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if len(path.read_text(encoding="utf-8").splitlines()) > most_lines(path)
    }
    assert too_long == STILL_TOO_LONG


def test_no_two_files_of_different_rooms_have_one_name():
    """A leading underscore makes no other name."""
    rooms = defaultdict(set)
    for path in FILES:
        if row(path) in PACKAGES and path.name != "__init__.py":
            rooms[path.stem.lstrip("_")].add(row(path))
    assert {name: of for name, of in rooms.items() if len(of) > 1} == {}


def classes():
    """Return every class that skset defines at the top of a module."""
    modules = [
        import_module(module.name)
        for module in pkgutil.walk_packages([str(ROOT)], "skset.")
        if not within(module.name, CLOSED)
    ]
    return [
        thing
        for module in modules
        for thing in vars(module).values()
        if inspect.isclass(thing) and thing.__module__ == module.__name__
    ]


def test_no_class_has_more_than_three_ancestors_that_are_ours():
    found = classes()
    assert len(found) > 50  # they were found at all
    ancestors = {
        cls.__qualname__: [
            base.__qualname__
            for base in cls.__mro__[1:]
            if within(base.__module__, {"skset"})
        ]
        for cls in found
    }
    deep = {name: of for name, of in ancestors.items() if len(of) > MOST_ANCESTORS}
    assert deep == {}


def rooms():
    """Return the table of all files: the first line of each says what it is."""
    lines = ["| file | is |", "|---|---|"]
    for path in FILES:
        if row(path) in PACKAGES and path.name != "__init__.py":
            name = path.relative_to(ROOT).as_posix()
            tree = ast.parse(path.read_text(encoding="utf-8"))
            first = ast.get_docstring(tree).splitlines()[0]
            lines.append(f"| `{name}` | {first} |")
    return lines


def test_the_map_of_rooms_is_true():
    text = (ROOT.parent / "docs" / "design.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith(("| file", "| `"))]
    found = [line for line in table if "/" in line.split("|")[1] or "| file" in line]
    assert found == [line for line in rooms() if line != "|---|---|"]
