"""The wing is imported by those who ask for it, and says what it lacks."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys

class Nobody:  # finds a library: as if it were not installed
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "{library}":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nobody)
try:
    import skset.onnx
except ImportError as error:
    print(error)
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_skset_does_not_import_onnx():
    code = "import skset, sys; print({'onnx', 'skl2onnx'} & set(sys.modules))"
    assert run(code) == "set()"


@pytest.mark.parametrize("library", ["onnx", "skl2onnx"])
def test_without_a_library_it_says_what_to_install(library):
    assert "pip install 'skset[onnx]'" in run(WITHOUT.format(library=library))
