"""Forged files: bytes, header and arrays of saved estimators, changed at random.

    cd tests && python -m persistence.forgeries 100000

loads so many of them, lets those that load predict, and prints how many were refused.
Anything but ValueError and OSError ends it with a traceback. So does a file for which
more memory is taken than its size allows.
"""

import contextlib
import copy
import io
import json
import random
import sys
import tempfile
import tracemalloc
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from persistence.cases import CASES, X, answers, y

import skset

__all__ = ["forged", "sources", "tried"]

# Values that are wrong almost everywhere.
WRONG = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        7,
        1 << 31,
        1 << 62,
        1 << 63,
        -(1 << 63),
        1 << 150,
    ),
    *(0.5, -0.0, 1e-300, 1e300, "", "a0", "a1", "relu", "softmax", "\ud800", "x" * 300),
    *([], [[]], [0], ["a0"], {}, {"tuple": []}, {"array": "a0"}, {"array": "a999"}),
    *({"float": "nan"}, {"float": "inf"}, {"type": "float64", "dtype": False}),
    *({"scalar": "int8", "value": 3}, {"kind": "Needs", "fields": {}}, {"dict": []}),
    *({"dict": [[None, 1]]}, {"kind": "Topology", "fields": {}}, {"objects": "a0"}),
    *({"floats": "a1", "tuple": False}, {"strings": "a1", "tuple": True}),
    {"kind": "Scaling", "fields": {"shift": {"array": "a0"}, "factor": 1}},
]
SHAPES = ["(4611686018427387904,)", "(-1,)", "(3, 0)", "()", "(1000000000000, 8)"]
TYPES = ["|O", "<f4", "<f8", "<i8", "|b1", "<U9", "|V8", "<M8[s]", "<c16", "<f2", "|S3"]
# Memory of a load, in terms of the file's size, beside some for imports and caches.
TIMES, BESIDE = 30, 1 << 22


def sources(folder):
    """Return files of all cases, and of one checkpoint."""
    found = []
    for n, make in enumerate(CASES.values()):
        found.append(Path(folder) / f"{n}.npz")
        skset.save(make(), found[-1], training=n % 2 == 0)
    if hasattr(skset.SETClassifier, "set_callbacks"):
        found.append(checkpoint(Path(folder) / "checkpoint.npz"))
    return [path.read_bytes() for path in found]


def checkpoint(path):
    """Return a file of a fit that was broken off."""
    from skset.callbacks import Checkpoint

    class Breaks(Checkpoint):
        def on_fit_task_end(self, estimator, context):
            super().on_fit_task_end(estimator, context)
            if context.task_name == "epoch":
                raise KeyboardInterrupt

    model = skset.SETClassifier(hidden_layer_sizes=9, max_iter=4, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_callbacks(Breaks(path)).fit(X, y)
    return path


def forged(source, rng):
    """Return a changed copy of a file."""
    return rng.choice([bytes_changed, header_changed, array_changed])(source, rng)


def bytes_changed(source, rng):
    content = bytearray(source)
    for _ in range(rng.choice([1, 1, 2, 8])):
        start = rng.randrange(len(content))
        end = min(len(content), start + rng.choice([1, 1, 2, 4, 30, 500]))
        change = rng.randrange(4)
        if change == 0:
            content[start] = rng.randrange(256)
        elif change == 1:
            del content[start:end]
        elif change == 2:
            content[start:start] = content[start:end]
        else:
            content[start:end] = bytes(rng.choices(range(256), k=end - start))
        if len(content) < 2:
            break
    return bytes(
        content[: rng.randrange(len(content))] if not rng.randrange(9) else content
    )


def members(source):
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(contents):
    """Return a file with these members, whose sums are right."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def header_changed(source, rng):
    contents = members(source)
    header = json.loads(contents["header.json"])
    for _ in range(rng.choice([1, 1, 1, 3])):
        change(rng.choice(list(places(header))), header, rng)
    contents["header.json"] = json.dumps(header).encode()
    return zipped(contents)


def places(value, path=()):
    """Yield the path of every value in the header."""
    if path:
        yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def at(header, path):
    for key in path:
        header = header[key]
    return header


def change(path, header, rng):
    parent, key = at(header, path[:-1]), path[-1]
    kind = rng.randrange(4)
    if kind == 0:
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[rng.choice(["fields", "zeta", "_network", "x"])] = parent.pop(key)
    elif kind == 2:  # a value that is elsewhere
        parent[key] = json.loads(
            json.dumps(at(header, rng.choice(list(places(header)))))
        )
    else:
        parent[key] = copy.deepcopy(rng.choice(WRONG))


def array_changed(source, rng):
    contents = members(source)
    arrays = [name for name in contents if name.endswith(".npy")]
    if not arrays:
        return header_changed(source, rng)
    name = rng.choice(arrays)
    kind = rng.randrange(5)
    if kind == 0:
        del contents[name]
    elif kind == 1:
        contents[name] = contents[rng.choice(arrays)]
    elif kind == 2:
        contents[name] = header_forged(contents[name], rng)
    else:
        contents[name] = numbers_changed(contents[name], rng)
    return zipped(contents)


def header_forged(content, rng):
    """Return an array that claims another shape or type, in as many bytes."""
    end = 10 + int.from_bytes(content[8:10], "little")
    shape, kind = rng.choice(SHAPES), rng.choice(TYPES)
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    if rng.randrange(2):
        text = (
            content[10:end].decode().replace("False", rng.choice(["True", "1", "()"]))
        )
    text = text.strip().ljust(end - 11)[: end - 11] + "\n"
    return content[:10] + text.encode() + content[end:]


def numbers_changed(content, rng):
    array = np.load(io.BytesIO(content)).copy()
    flat = array.reshape(-1)
    if not flat.size:
        return content
    place = rng.randrange(flat.size)
    if array.dtype.kind in "iu":
        flat[place] = rng.choice([0, 1, 5, 64, 127])
    elif array.dtype.kind == "f":
        flat[place] = rng.choice([0, np.nan, np.inf, -1e30, 1e-30])
    how = rng.randrange(5)
    if how == 0:
        array = flat[: rng.randrange(flat.size)]
    elif how == 1:
        array = array[None]
    elif how == 2:
        array = np.concatenate([flat, flat])
    elif how == 3 and array.dtype.kind in "fi":
        other = rng.choice([np.float16, np.float64, np.int64, np.int8])
        with np.errstate(all="ignore"):
            array = array.astype(other)
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def tried(content, path):
    """Return what became of a file: refused, or loaded, or it predicts."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = skset.load(path)
    except (ValueError, OSError) as error:
        if "\n" in str(error):
            raise AssertionError("more than one line") from error
        return "refused"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < TIMES * len(content) + BESIDE, (peak, len(content))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            gone_on(path)
            if not model.__sklearn_is_fitted__():
                return "loaded"
            answers(model, X[:, : model.n_features_in_])
    except ValueError:
        return "loaded"
    return "predicts"


def gone_on(path):
    """Go on with a fit if the file is a checkpoint."""
    if b"Snapshot" in path.read_bytes():
        with contextlib.suppress(ValueError):
            skset.resume(path, X, y)


def main():
    n, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    rng, found = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        given = sources(folder)
        for number in range(n):
            content = forged(rng.choice(given), rng)
            try:
                found[tried(content, Path(folder) / "forged.npz")] += 1
            except BaseException:
                Path("forged.npz").write_bytes(content)
                print(f"file {number} of seed {seed}: kept as forged.npz")
                raise
            if number % 10000 == 9999:
                print(number + 1, dict(found), flush=True)
    print(n, dict(found))


if __name__ == "__main__":
    main()
