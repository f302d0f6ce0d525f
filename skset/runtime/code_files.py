"""`CodeFiles`: the files of compiled kernels, each with one signature.

Each signature has a file of its own. Its name is the hash of all that its machine code
depends on; it says itself what it holds.
"""

import contextlib
import hashlib
import os
import pickle
import re
import uuid
from pathlib import Path
from typing import Any

from numba.core.serialize import dumps

from skset.runtime.places import Places, is_trusted

__all__ = ["PACKAGE", "PACKAGE_STAMP", "ROOMS", "CodeFiles", "files_in"]

PACKAGE = Path(__file__).parents[1]
# The folders with compiled functions, and with what decides how they are compiled.
ROOMS = "runtime", "kernels"
# The name of a file of ours: kernel and Python version, then the beginnings of the hash
# of the sources and of that of the signature; with an end where a process was killed
# while it wrote. numba's own have one number.
FILE_NAME = re.compile(
    r".+\.py[0-9]+[a-z]*\.[0-9a-f]{8}\.[0-9a-f]{16}\.nbc(\.tmp\.[0-9a-f]+)?"
)


def package_stamp() -> str:
    """Return the SHA-256 of every source file of the runtime and of the kernels."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((PACKAGE / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


# Taken at import: what a process compiles is what it has imported, also where an
# upgrade replaces the files before its first fit.
PACKAGE_STAMP = package_stamp()


class CodeFiles:
    """The files of one kernel, each with the machine code of one signature.

    Parameters
    ----------
    places : Places
        Where they lie.
    base : str
        What their names begin with.
    """

    def __init__(self, places: Places, base: str) -> None:
        self.places, self.base = places, base

    def name(self, key: Any) -> str:
        """Return the name of the file for the given key."""
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return f"{self.base}.{PACKAGE_STAMP[:8]}.{name}.nbc"

    def load(self, key: Any) -> Any:
        """Return what was saved under the key, None if there is nothing or no more."""
        for directory in self.places.readable:
            with contextlib.suppress(Exception):  # of a damaged file, any
                found, data = pickle.loads(_content(directory / self.name(key)))
                if found == key:
                    return data
        return None

    def save(self, key: Any, data: Any) -> None:
        """Write a file as a whole or not at all, and remove those of older sources."""
        directory = self.places.writable
        if directory is None:
            return
        content = dumps((key, data))
        path = directory / self.name(key)
        temporary = path.with_name(f"{path.name}.tmp.{uuid.uuid4().hex[:16]}")
        try:
            with open(temporary, "xb", opener=_for_others_to_read) as file:
                file.write(hashlib.sha256(content).digest() + content)
            temporary.replace(path)
        except BaseException:
            _remove(temporary)
            raise
        self._remove_outdated()

    def flush(self) -> None:
        """Remove all files of this kernel."""
        for path in files_in(self.places.writable):
            if path.name.startswith(f"{self.base}."):
                _remove(path)

    def _remove_outdated(self) -> None:
        for path in files_in(self.places.writable):
            if path.suffix == ".nbc" and path.name.split(".")[-3] != PACKAGE_STAMP[:8]:
                _remove(path)


def _content(path: Path) -> bytes:
    """Return what a file holds; raise an OSError if it is damaged or not trusted."""
    with open(path, "rb") as file:
        if not is_trusted(os.fstat(file.fileno())):
            raise PermissionError(f"{path} could have been written by someone else")
        content = file.read()
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        raise OSError(f"{path} is cut off, or damaged otherwise")
    return content


def _for_others_to_read(path: str, flags: int) -> int:
    """Open a file that nobody else may write, whatever the umask is."""
    return os.open(path, flags, 0o644)


def files_in(directory: Path | None) -> list[Path]:
    """Return the files of ours in a directory, none where there is no directory."""
    if directory is None:
        return []
    return [
        path
        for path in directory.glob("*.nbc*")
        if FILE_NAME.fullmatch(path.name) and path.is_file()
    ]


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
