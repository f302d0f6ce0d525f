"""`CodeFiles`: the files of compiled kernels, one for each signature.

The name of a file is the hash of everything that its machine code depends on. The file
also has a description of its content.
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
# The folders with kernels, and with the code that decides how they are compiled.
ROOMS = "runtime", "kernels"
# The name of a file of ours: kernel, Python version, and the first digits of two
# hashes, of the sources and of the signature. A process that was killed while it wrote
# leaves a file with an ending. The names of numba's own files have one number.
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


# Computed at import: a process compiles the code that it has imported, even if an
# upgrade replaces the files before its first fit.
PACKAGE_STAMP = package_stamp()


class CodeFiles:
    """The files of one kernel, each with the machine code of one signature.

    Parameters
    ----------
    places : Places
        Directories of the files.
    base : str
        Beginning of their names.
    """

    def __init__(self, places: Places, base: str) -> None:
        self.places, self.base = places, base

    def name(self, key: Any) -> str:
        """Return the name of the file for the given key."""
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return f"{self.base}.{PACKAGE_STAMP[:8]}.{name}.nbc"

    def load(self, key: Any) -> Any:
        """Return the code saved under the key, or None if there is none."""
        for directory in self.places.readable:
            with contextlib.suppress(Exception):  # of a damaged file, any
                found, data = pickle.loads(_content(directory / self.name(key)))
                if found == key:
                    return data
        return None

    def save(self, key: Any, data: Any) -> None:
        """Write a file as a whole or not at all; remove files of older sources."""
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
    """Return the content; raise an OSError if it is damaged or not trusted."""
    with open(path, "rb") as file:
        if not is_trusted(os.fstat(file.fileno())):
            raise PermissionError(f"{path} could have been written by someone else")
        content = file.read()
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        raise OSError(f"{path} is cut off, or damaged otherwise")
    return content


def _for_others_to_read(path: str, flags: int) -> int:
    """Open a file that only this user can write, for any umask."""
    return os.open(path, flags, 0o644)


def files_in(directory: Path | None) -> list[Path]:
    """Return our files in a directory; none if the directory does not exist."""
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
