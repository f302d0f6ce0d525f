"""What is imported with the wing, and what waits until it is used."""

import subprocess
import sys

PROGRAM = """
import sys
import skset, skset.callbacks, skset.inspection
late = ("matplotlib", "powerlaw", "networkx", "PIL")  # scikit-learn imports pandas
print([name for name in late if name in sys.modules])
"""


def test_no_optional_library_is_imported():
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
