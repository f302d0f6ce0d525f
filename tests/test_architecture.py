"""The import table of the house (docs/design.md), held true."""

import ast
import sys
from pathlib import Path

import pytest

import skset

ROOT = Path(skset.__file__).parent
MAY_IMPORT = {
    "kernels": {"numpy", "numba"},
    "topology": {"numpy", "scipy.sparse", "skset.kernels"},
    "strategies": {"numpy", "skset.topology"},
    "network": {"numpy", "scipy.special", "skset.topology", "skset.kernels"},
    "estimators": {
        *("sklearn", "numpy", "scipy.sparse", "joblib", "skset._version"),
        *("skset.network", "skset.topology", "skset.strategies"),
    },
    "metrics": {
        *("sklearn", "numpy", "scipy.sparse"),
        *("skset.estimators", "skset.network", "skset.topology"),
    },
}
THE_DOOR = ROOT / "estimators" / "_sklearn.py"
FILES = [path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py")]
each = pytest.mark.parametrize(
    "path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES]
)


def imports(path):
    """Return the dotted name of everything that a file imports, at any depth."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def within(name, packages):
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def test_every_package_has_its_row():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(MAY_IMPORT)


@each
def test_a_floor_knows_only_the_floors_below_it(path):
    package = path.relative_to(ROOT).parts[0]
    allowed = {*MAY_IMPORT[package], f"skset.{package}", *sys.stdlib_module_names}
    assert [name for name in imports(path) if not within(name, allowed)] == []


@each
def test_private_names_stay_where_they_are(path):
    """What begins with _ is used only in its own package; sklearn's at one door."""
    own = f"skset.{path.relative_to(ROOT).parts[0]}"
    private = [
        name
        for name in imports(path)
        if any(
            part.startswith("_") and not part.endswith("__") for part in name.split(".")
        )
        if not within(name, {own, "skset._version.__version__"})
    ]
    new_in_1_9 = [name for name in imports(path) if within(name, {"sklearn.callback"})]
    assert path == THE_DOOR or private + new_in_1_9 == []
