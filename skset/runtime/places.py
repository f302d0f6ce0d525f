"""Where compiled kernels are kept, and whose files are run.

What a file of the cache holds is unpickled: whoever writes it can have its reader run
anything. So a file counts only if all who can write or replace it are this user or
root, or could change skset's own sources as well. By the last, images of containers
whose files belong to a group keep their cache.
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

# Of a directory of ours, and of the one that Python keeps next to the sources.
OWN_MODE, PYTHONS_MODE = 0o700, 0o755
# Windows has no owners and modes that Python knows of. A user's directories are closed
# to others there.
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

    They are those that numba would take, in its order, down to the first that can be
    written. Those before it may have been filled by someone else: the image of a
    container is warmed up by another user than the one that runs it.
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
    """Return whether all who can write what has this status are trusted."""
    return not HAS_OWNERS or all(map(_is_trusted_writer, _writers(status)))


# Where they lie.


def _candidates(sources: str) -> list[Path]:
    """Return the directories, as numba names them."""
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
    """Return the directory and those above it, from below, as far as they are not."""
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
    """Return whether nobody can replace the directory who is not trusted.

    What is above it counts, too. What does not exist yet will be made by this user.
    """
    if not HAS_OWNERS:
        return True
    existing = (directory, *directory.parents)[len(_missing(directory)) :]
    try:
        return all(is_trusted(path.stat()) for path in existing)
    except OSError:
        return False


def _writers(status: os.stat_result) -> set[Writer]:
    """Return who can write a file, or replace what is in a directory."""
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
    """Return whether this user is alone in a group, as many systems make one for each.

    Such a group has the user's name.
    """
    try:
        import grp
        import pwd

        user, members = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except (ImportError, KeyError):
        return False
    is_own = members.gr_gid == user.pw_gid and members.gr_name == user.pw_name
    return is_own and set(members.gr_mem) <= {user.pw_name}
