"""`show_versions`: what to put in a bug report."""

import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ["show_versions"]

PACKAGES = ("skset", "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "joblib")


def show_versions():
    """Print the versions of Python, the machine, skset and what it stands on."""
    print(f"python       {platform.python_version()}")
    print(f"machine      {platform.platform()}")
    for package in PACKAGES:
        print(f"{package:<12} {_version_of(package)}")


def _version_of(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
