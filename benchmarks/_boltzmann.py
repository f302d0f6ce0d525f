"""The tables of the Boltzmann machines' benchmark, and how each is divided."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _data import load, load_images
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

__all__ = [
    "BINARY_SETS",
    "BinaryTable",
    "ImageTable",
    "binary_table",
    "image_table",
    "reconstruction_table",
]

BINARY_SETS = ["mushrooms", "connect4", "adult", "nips", "ocr_letters", "rcv1", "mnist"]


@dataclass(frozen=True)
class BinaryTable:
    """Zeros and ones to train on, to choose settings by, and to judge on."""

    name: str
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class ImageTable(BinaryTable):
    """Grey images, and the class of each."""

    y_train: np.ndarray
    y_valid: np.ndarray
    y_test: np.ndarray


def binary_table(folder, name):
    """Return one table of `BINARY_SETS`.

    The parts are those of Larochelle and Murray (2011) where all three were to be had.
    Where one is missing the others are divided in their order: connect4 and adult are
    judged on the validation part, ocr_letters learns from it, and all of rcv1 comes
    from it; a tenth of what is learned from (rcv1: of all) is then set aside to choose
    by. Of MNIST every pixel is drawn once, with its intensity as probability
    (Salakhutdinov and Murray 2008); the last 5,000 training images are set aside.
    """
    if name == "mnist":
        X, _, test, _ = load_images(folder, "mnist")
        rng = np.random.default_rng(0)
        X, test = (rng.random(part.shape, np.float32) < part for part in (X, test))
        return _table(name, X[:-5000], X[-5000:], test)
    with np.load(Path(folder) / f"rbm_{name}.npz", allow_pickle=False) as file:
        X, split = file["X"], file["split"]
    train, valid, test = (X[split == part] for part in range(3))
    if name in ("connect4", "adult"):
        return _table(name, *_parted(train, 0.9), valid)
    if name == "ocr_letters":
        return _table(name, *_parted(valid, 0.9), test)
    if name == "rcv1":
        train, rest = _parted(valid, 0.7)
        return _table(name, train, *_parted(rest, 1 / 3))
    return _table(name, train, valid, test)


def image_table(folder, name):
    """Return digits, divided at random, or MNIST, in [0, 1].

    Of MNIST the first 10,000 training images, its last 5,000 to choose by, and its test
    set; of the digits 30 % to judge on, and a fifth of the rest to choose by.
    """
    if name == "mnist":
        X, y, test, y_test = load_images(folder, "mnist")
        parts = X[:10000], X[-5000:], test, y[:10000], y[-5000:], y_test
    else:
        X, y = load_digits(return_X_y=True)
        X, test, y, y_test = _split(X / 16, y, 0.3)
        X, valid, y, y_valid = _split(X, y, 0.2)
        parts = X, valid, test, y, y_valid, y_test
    return ImageTable(
        name, *(part.astype(np.float32) for part in parts[:3]), *parts[3:]
    )


def reconstruction_table(folder, seed):
    """Return coil20: a third to judge on, a tenth of the rest to choose by."""
    X, y = load(folder, "coil20")
    train, test, y_train, _ = _split(X, y, 1 / 3, seed)
    return BinaryTable("coil20", *_split(train, y_train, 0.1, seed)[:2], test)


def _split(X, y, share, seed=0):
    return train_test_split(X, y, test_size=share, random_state=seed, stratify=y)


def _parted(X, share):
    cut = round(share * len(X))
    return X[:cut], X[cut:]


def _table(name, *parts):
    return BinaryTable(name, *(part.astype(np.float32) for part in parts))
