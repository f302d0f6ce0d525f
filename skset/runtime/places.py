"""Where compiled kernels are kept, and whose files are run.

A file of the cache is unpickled, so who writes it can make its reader run any code. So
a file is used only if every user who can write or replace it is this user, root, or a
user who can change skset's own sources as well. The last rule is for images of
containers whose files belong to a group: they keep their cache.
"""

import functools
import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numba
from numba.misc.appdirs import AppDirs

__all__ = ["Places", "is_trusted", "make_directory", "places_for"]

# Modes of a directory of ours, and of the one that Python keeps next to the sources.
OWN_MODE, PYTHONS_MODE = 0o700, 0o755
# On Windows Python sees no owners and modes. A user's directories are closed to others
# there.
HAS_OWNERS = hasattr(os, "geteuid")
# "user" or "group", and its number.
Writer = tuple[str, int]
EVERYONE: Writer = ("everyone", -1)


@dataclass(frozen=True)
class Places:
    """Directories with compiled kernels.

    Attributes
    ----------
    readable : tuple of Path
        Where to look, in this order.
    writable : Path or None
        The last of them, where there is one to keep what is compiled.
    """

    readable: tuple[Path, ...] = ()
    writable: Path | None = None


@functools.cache
def places_for(sources: str) -> Places:
    """Return the places for kernels whose sources lie in the given directory.

    They are numba's directories in its order, up to the first that can be written. The
    ones before it may have been filled by another user: the image of a container is
    often warmed up by one user and run by another.
    """
    readable: list[Path] = []
    for directory in _candidates(sources):
        if not _is_safe(directory):
            continue
        writable = _is_writable(directory)
        if writable or directory.is_dir():
            readable.append(directory)
        if writable:
            return Places(tuple(readable), directory)
    return Places(tuple(readable))


def make_directory(path: Path) -> None:
    """Make a directory of the cache, and those above it that are missing."""
    mode = PYTHONS_MODE if path.name == "__pycache__" else OWN_MODE
    for missing in reversed(_missing(path)):
        missing.mkdir(mode, exist_ok=True)


def is_trusted(status: os.stat_result) -> bool:
    """Return whether all users who can write a file of this status are trusted."""
    return not HAS_OWNERS or all(map(_is_trusted_writer, _writers(status)))


# Where they are.


def _candidates(sources: str) -> list[Path]:
    """Return the directories in numba's order."""
    sources = os.path.abspath(sources)
    name = f"{os.path.basename(sources)}_{hashlib.sha1(sources.encode()).hexdigest()}"
    users = AppDirs(appname="numba", appauthor=False).user_cache_dir
    found = [os.path.join(sources, "__pycache__")]
    if given := getattr(numba.config, "CACHE_DIR", ""):
        found.insert(0, os.path.join(given, name))
    if os.path.isabs(users):  # a user may have no home
        found.append(os.path.join(users, name))
    return [Path(os.path.realpath(path)) for path in found]


def _missing(path: Path) -> list[Path]:
    """Return the directory and its parents that do not exist, the lowest first."""
    return list(takewhile(lambda p: not os.path.exists(p), (path, *path.parents)))


def _is_writable(directory: Path) -> bool:
    try:
        make_directory(directory)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError:
        return False
    return True


# Whom to trust.


def _is_safe(directory: Path) -> bool:
    """Return whether only trusted users can replace the directory.

    Its parents count too. A directory that does not exist will be made by this user.
    """
    if not HAS_OWNERS:
        return True
    existing = (directory, *directory.parents)[len(_missing(directory)) :]
    try:
        return all(is_trusted(path.stat()) for path in existing)
    except OSError:
        return False


def _writers(status: os.stat_result) -> set[Writer]:
    """Return who can write a file, or replace files in a directory."""
    writers = {("user", status.st_uid)}
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        return writers  # others can only add to it
    if status.st_mode & stat.S_IWGRP:
        writers.add(("group", status.st_gid))
    if status.st_mode & stat.S_IWOTH:
        writers.add(EVERYONE)
    return writers


@functools.cache
def _trusted_writers() -> set[Writer]:
    """Return root, this user, and all who can change the sources of the kernels."""
    source = Path(__file__).resolve()
    trusted = {("user", 0), ("user", os.geteuid())}
    return trusted.union(*(_writers(p.stat()) for p in (source, *source.parents)))


def _is_trusted_writer(writer: Writer) -> bool:
    trusted = _trusted_writers()
    if writer in trusted or EVERYONE in trusted:
        return True
    kind, number = writer
    return kind == "group" and _is_private(number)


def _is_private(group: int) -> bool:
    """Return whether a group has only this user.

    Many systems make such a group for each user, with the user's name.
    """
    try:
        import grp
        import pwd

        user, members = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except (ImportError, KeyError):
        return False
    is_own = members.gr_gid == user.pw_gid and members.gr_name == user.pw_name
    return is_own and set(members.gr_mem) <= {user.pw_name}
