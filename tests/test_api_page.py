"""The pages docs/api*.md name every public object, and nothing else."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("api*.md"))
# Packages of which all is public. Of the others the pages have a part.
WHOLE = ["skset", "skset.callbacks", "skset.inspection", "skset.metrics"]
WHOLE += ["skset.persistence"]
# Doors for wings. They are no part of what users are promised.
DOORS = {"skset.persistence": {"check_savable", "opened", "save_with"}}
WINGS = {
    "skset.torch": ["torch", "skorch"],
    "skset.onnx": ["onnx", "skl2onnx"],
    "skset.anndata": ["anndata"],
    "skset.distributed": ["dask"],
}
LISTED = re.compile(r"^ +(skset\.[\w.]+)$", re.MULTILINE)
DATA = re.compile(r"^\.\. py:data:: (\w+)\n +:module: ([\w.]+)$", re.MULTILINE)


def listed(text):
    """Return the full names that a page lists."""
    data = [f"{module}.{name}" for name, module in DATA.findall(text)]
    return LISTED.findall(text) + data


NAMES = [name for page in PAGES for name in listed(page.read_text())]


def there(name):
    """Return whether the libraries of a name are installed."""
    needed = [of for wing, of in WINGS.items() if name.startswith(wing)]
    return all(find_spec(library) for of in needed for library in of)


def test_no_name_is_listed_twice():
    assert len(NAMES) > 80
    assert "skset.persistence.TRUSTED" in NAMES
    assert sorted(NAMES) == sorted(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_a_listed_name_is_there_and_has_words(name):
    if not there(name):
        pytest.skip("needs other libraries")
    module, _, own = name.rpartition(".")
    thing = getattr(import_module(module), own)
    assert own.isupper() or thing.__doc__


@pytest.mark.parametrize("package", WHOLE)
def test_every_public_name_is_listed(package):
    known = {name.rpartition(".")[2] for name in NAMES}
    public = set(import_module(package).__all__) - {"__version__"}
    public -= DOORS.get(package, set())
    assert public - known == set()


def test_names_of_wings_are_listed():
    known = {name.rpartition(".")[2] for name in NAMES}
    for wing in WINGS:
        if there(wing):
            assert set(import_module(wing).__all__) - known == set()
