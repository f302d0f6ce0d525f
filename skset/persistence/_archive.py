"""Files of arrays with a JSON header: uncompressed .npz, checked before it is read."""

import contextlib
import json
import os
import secrets
import shutil
import struct
import time
import tokenize
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

__all__ = ["HEADER", "Archive", "FilePath", "write"]

Array: TypeAlias = NDArray[Any]
FilePath: TypeAlias = str | os.PathLike[str]

# The member with the JSON text, and the most bytes that it may have. Parsed it takes up
# to twenty times as much. Long lists of numbers and strings are arrays.
HEADER, MOST_HEADER_BYTES = "header.json", 1 << 22
# Seconds in which Windows may let go of a file. Elsewhere an open file can be replaced.
PATIENCE = 2.0 if os.name == "nt" else 0.0
# Kinds of numbers in an array: booleans, integers, floats, strings. No objects.
KINDS = "biufU"
# What the standard library raises for a broken zip file or header of an array.
BROKEN = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError),
    *(struct.error, OverflowError, RecursionError, SyntaxError, TypeError, KeyError),
    tokenize.TokenError,
)


def write(
    path: FilePath, header: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write a file as a whole or not at all.

    It is written beside its place under another name, and renamed when it is complete.

    Parameters
    ----------
    path : str or path-like
        Where to; a file that is there is replaced.
    header : mapping
        Of what JSON can say.
    arrays : mapping of str to ndarray
        Of numbers, booleans or strings.

    Raises
    ------
    OSError
        If the file cannot be written. Nothing is left behind then.
    ValueError
        If the header is too long to be read again.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory; give the name of a file.")
    text = json.dumps(header, allow_nan=False).encode()
    if len(text) > MOST_HEADER_BYTES:
        raise ValueError(f"The header of {path} would have {len(text)} bytes.")
    with _replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        # Members without the time of day: equal content gives equal files.
        archive.writestr(zipfile.ZipInfo(HEADER), text)
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(info, "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of `path` if nothing is raised."""
    new = path.with_name(f".skset-{secrets.token_hex(8)}")
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(new, flags, 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a crash of the system could leave it empty
        with contextlib.suppress(OSError):  # there was no file
            shutil.copymode(path, new)
        _replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def _replace(new: Path, path: Path) -> None:
    """Rename a file, over another one if there is one; try for `PATIENCE` seconds.

    Windows refuses while any program has one of both open: a virus scanner that looks
    at what was just written, or a reader of the last checkpoint.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.replace(new, path)
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
        else:
            return


class Archive:
    """A file that `write` has made, or a forgery of one.

    Nothing is believed: before memory is taken for an array, its size is compared with
    that of the file. No array is larger than the file, nor all of them together.

    Use it in a ``with`` block.

    Parameters
    ----------
    path : str or path-like
        Path of the file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        From every method, if it is not what `write` makes.
    """

    def __init__(self, path: FilePath) -> None:
        self._path = path
        self._file = open(path, "rb")  # noqa: SIM115 (closed by __exit__)
        try:
            with self._named():
                self._zip = zipfile.ZipFile(self._file)
                self._members = self._checked_members()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()

    def header(self) -> Any:
        """Return the content of the header."""
        with self._named():
            member = self._member(HEADER)
            if member.file_size > MOST_HEADER_BYTES:
                raise ValueError(f"its header has {member.file_size} bytes")
            return json.loads(self._zip.read(member), parse_constant=_refuse)

    def names(self) -> set[str]:
        """Return the names of the arrays."""
        return {name.removesuffix(".npy") for name in self._members if name != HEADER}

    def array(self, name: str) -> Array:
        """Return an array of this name."""
        with self._named():
            member = self._member(f"{name}.npy")
            with self._zip.open(member) as file:
                return _read_array(file, member.file_size)

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise ValueError(f"it has no {name!r}")
        return self._members[name]

    def _checked_members(self) -> dict[str, zipfile.ZipInfo]:
        """Return the members by name; raise if they can be larger than the file."""
        infos, size = self._zip.infolist(), os.fstat(self._file.fileno()).st_size
        members = {info.filename: info for info in infos}
        if len(members) < len(infos):
            raise ValueError("a name appears twice")
        for info in infos:
            if info.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{info.filename!r} is compressed")
            if info.file_size != info.compress_size:
                raise ValueError(f"the sizes of {info.filename!r} differ")
        total = sum(info.file_size for info in infos)
        if total > size:
            raise ValueError(f"it claims {total} bytes and has {size}")
        return members

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Turn every error of a broken file into a ValueError that names it."""
        try:
            yield
        except OSError as error:
            if error.errno is not None:  # of the system
                raise
            raise self._error(error) from error
        except (ValueError, *BROKEN) as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> ValueError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return ValueError(
            f"{os.fspath(self._path)} is not a whole skset file: {reason}"
        )


def _refuse(constant: str) -> None:
    raise ValueError(f"its header has {constant}, which is no JSON")


def _read_array(file: Any, size: int) -> Array:
    """Return the array of an open member that has so many bytes."""
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"an array has the unknown format {version}")
    shape, fortran, dtype = readers[version](file)
    if dtype.hasobject or dtype.kind not in KINDS or dtype.itemsize == 0:
        raise ValueError(f"an array of {dtype} cannot be here")
    n_bytes = dtype.itemsize
    for length in shape:
        n_bytes *= int(length)
    left = size - file.tell()
    if any(length < 0 for length in shape) or n_bytes != left:
        raise ValueError(f"an array of shape {shape} has {left} bytes")
    numbers = np.empty(n_bytes // dtype.itemsize, dtype)
    _fill(file, numbers)
    return numbers.reshape(shape, order="F" if fortran else "C")


def _fill(file: Any, numbers: Array) -> None:
    """Read the bytes of an array, piece by piece; the last piece checks their sum."""
    if not numbers.size:
        file.read()
        return
    room, start = memoryview(numbers.view(np.uint8).data), 0
    while start < len(room):
        piece = file.read(min(1 << 20, len(room) - start))
        if not piece:
            raise ValueError("an array is cut off")
        room[start : start + len(piece)] = piece
        start += len(piece)
    if numbers.dtype.kind == "b" and numbers.view(np.uint8).max() > 1:
        raise ValueError("an array of booleans has other values")
    if numbers.dtype.kind == "U" and numbers.view(np.uint32).max() > 0x10FFFF:
        raise ValueError("an array of strings has characters that do not exist")
