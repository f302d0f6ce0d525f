"""The wing is imported by those who ask for it, and says what it lacks."""

import subprocess
import sys

WITHOUT_TORCH = """
import sys

class Nobody:  # finds PyTorch: as if it were not installed
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nobody)
try:
    import skset.torch
except ImportError as error:
    print(error)
"""


AS_ON_WINDOWS = """
import os, torch
del os.register_at_fork
import skset.torch
print(skset.torch.SETLinear(8, 4, density=0.5)(torch.ones(2, 8)).shape)
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_skset_does_not_import_torch():
    assert run("import skset, sys; print('torch' in sys.modules)") == "False"


def test_without_torch_it_says_what_to_install():
    assert "pip install 'skset[torch]'" in run(WITHOUT_TORCH)


def test_where_no_process_can_fork():
    assert run(AS_ON_WINDOWS) == "torch.Size([2, 4])"
