"""`save` and `load`: fitted estimators in files that are safe to open."""

from typing import Any

from sklearn.base import clone

from skset._version import __version__
from skset.estimators import Snapshot, restored, stored
from skset.persistence._archive import Archive, FilePath, write
from skset.persistence._values import Reader, Writer

__all__ = [
    *["FORMAT", "check_savable", "load", "opened", "save", "save_with"],
    "write_checkpoint",
]

# Of the files. It rises when an older skset could not read them.
FORMAT = 1


def save(estimator: Any, path: FilePath, *, training: bool = False) -> None:
    """Write an estimator into a file that can hold no code.

    The file is an uncompressed .npz: arrays of numbers, and a header in JSON. It is
    written under a temporary name and renamed, so it is there as a whole or not at all.

    Parameters
    ----------
    estimator : estimator of skset
        Fitted or not. Callbacks are left out.
    path : str or path-like
        Where to, by custom a name that ends in ".npz". A file that is there is
        replaced.
    training : bool, default=False
        Whether to keep the state of the optimiser and of the random generators. With it
        `partial_fit` goes on as if nothing had happened. Without it the file has a half
        to a third of the size, and `partial_fit` begins with a new optimiser.

    Raises
    ------
    TypeError
        If it is no estimator of skset. The steps of a Pipeline are saved one by one.
    ValueError
        If a parameter cannot be in a file without code: a function, or an object of a
        class that is not in skset. The error names it.
    OSError
        If the file cannot be written. Nothing is left behind then.

    See Also
    --------
    load : The way back.

    Examples
    --------
    >>> import os, tempfile, skset
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = skset.SETClassifier(max_iter=5, random_state=0).fit(X, y)
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.npz")
    >>> skset.save(model, path)
    >>> (skset.load(path).predict_proba(X) == model.predict_proba(X)).all()
    np.True_
    """
    write(path, *_parts(estimator, training, {}))


def write_checkpoint(
    estimator: Any, path: FilePath, every: int, snapshot: Snapshot | None
) -> None:
    """Write an estimator in the middle of its fit, or at its end without a snapshot.

    `every` is the number of epochs from one file to the next.
    """
    save_with(estimator, path, {"every": every, "snapshot": snapshot})


def save_with(estimator: Any, path: FilePath, more: dict[str, Any]) -> None:
    """Write an estimator as `save` does, and more objects beside it.

    `opened` returns both.
    """
    write(path, *_parts(estimator, False, more))


def check_savable(estimator: Any) -> None:
    """Raise as `save` if a parameter of an estimator cannot be in a file."""
    _parts(clone(estimator), False, {})


def _parts(
    estimator: Any, training: bool, more: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and arrays of a file; `more` is beside the estimator."""
    name, writer = type(estimator).__name__, Writer()
    state = stored(estimator, training)
    header = {
        "format": FORMAT,
        "skset": __version__,
        "estimator": name,
        "state": {k: writer.written(v, f"{name}.{k}") for k, v in state.items()},
        "more": {k: writer.written(v, k) for k, v in more.items()},
    }
    return header, writer.arrays


def load(path: FilePath) -> Any:
    """Return the estimator that `save` has written.

    Nothing in the file is run. Types, sizes and bounds are checked before memory is
    taken, and whether all parts fit together. So a file from a stranger can give wrong
    predictions, but nothing worse.

    Parameters
    ----------
    path : str or path-like
        Path of the file.

    Returns
    -------
    estimator : estimator of skset
        With read-only arrays, as after a fit. It predicts the same, bit for bit.

    Raises
    ------
    ValueError
        If it is no such file, is damaged, or is of a later version.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Writes such a file.

    Examples
    --------
    >>> import os, tempfile, skset
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.npz")
    >>> skset.save(skset.SETClassifier(max_iter=5, random_state=0).fit(X, y), path)
    >>> skset.load(path).predict(X).shape
    (150,)
    """
    return opened(path)[0]


def opened(path: FilePath) -> tuple[Any, dict[str, Any]]:
    """Return the estimator in a file, and what is beside it in the header."""
    with Archive(path) as archive:
        header = archive.header()
        try:
            return _read(archive, header)
        except ValueError as error:
            if str(path) in str(error):
                raise
            raise ValueError(f"{path} is not a whole skset file: {error}") from error


def _read(archive: Archive, header: Any) -> tuple[Any, dict[str, Any]]:
    keys = {"format", "skset", "estimator", "state", "more"}
    if not isinstance(header, dict) or type(header.get("format")) is not int:
        raise ValueError("it has no header of skset")
    if header["format"] != FORMAT:
        raise ValueError(
            f"it has format {header['format']}, written by skset "
            f"{header.get('skset')!r:.40}; skset {__version__} reads format {FORMAT}"
        )
    if set(header) != keys or not isinstance(header["estimator"], str):
        raise ValueError("it has no header of skset")
    reader = Reader(archive.array)
    parts = [
        {k: reader.value(v, k) for k, v in _mapping(header[part]).items()}
        for part in ("state", "more")
    ]
    estimator = restored(header["estimator"], parts[0])
    if left := archive.names() - reader.used:
        raise ValueError(f"it has the unknown arrays {sorted(left)!r:.80}")
    return estimator, parts[1]


def _mapping(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ValueError("its header is broken")
    return given
