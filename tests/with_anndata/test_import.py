"""The wing is imported by those who ask for it, and says what it lacks."""

import subprocess
import sys

WITHOUT = """
import sys

class Nobody:  # finds a library: as if it were not installed
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "anndata":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nobody)
try:
    import skset.anndata
except ImportError as error:
    print(error)
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_skset_does_not_import_anndata():
    code = "import skset, sys; print({'anndata', 'h5py'} & set(sys.modules))"
    assert run(code) == "set()"


def test_without_the_library_it_says_what_to_install():
    assert "pip install 'skset[anndata]'" in run(WITHOUT)
