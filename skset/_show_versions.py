"""`show_versions`: what to put in a bug report."""

import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ["show_versions", "versions"]

PACKAGES = ("skset", "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "joblib")


def versions() -> dict[str, str]:
    """Return the versions of Python, the machine, skset and what it stands on.

    Returns
    -------
    found : dict of str to str
        Version by name.
    """
    machine = {"python": platform.python_version(), "machine": platform.platform()}
    return machine | {package: _version_of(package) for package in PACKAGES}


def show_versions() -> None:
    """Print the versions of Python, the machine, skset and what it stands on."""
    for name, found in versions().items():
        print(f"{name:<12} {found}")


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
