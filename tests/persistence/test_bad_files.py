"""Files that are broken or forged: ValueError or OSError in one line, nothing else.

Row 57 is here, and in `test_forgeries.py`.
"""

import io
import json
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from persistence.cases import SMALL, X, y
from persistence.forgeries import members, zipped

import skset
from skset import SETClassifier


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "model.npz"
    model = SETClassifier(**SMALL, grow="momentum").partial_fit(X, y, classes=range(10))
    skset.save(model, path, training=True)
    return path.read_bytes()


@pytest.fixture
def refused(tmp_path):
    """Return a function that loads some bytes, and returns the error in one line."""
    path = tmp_path / "forged.npz"

    def load(content):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"forged\.npz is not a whole") as caught:
            skset.load(path)
        text = str(caught.value)
        assert "\n" not in text
        assert len(text) < 600
        return text

    return load


def test_files_of_other_kinds(refused):  # row 57
    pickled, array, zipped_array = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pickle.dump(SETClassifier(), pickled)
    np.save(array, X)
    np.savez(zipped_array, X=X)
    for file in (pickled, array, zipped_array):
        refused(file.getvalue())
    for content in (b"", b"\n", b"PK", b"{}", b"\x7fELF" + bytes(500)):
        refused(content)


def test_a_file_that_ends_early(refused, source):
    for share in (0.01, 0.3, 0.5, 0.9, 0.999):
        refused(source[: int(share * len(source))])


def test_a_changed_byte_anywhere_in_the_content(refused, source):
    for place in range(60, len(source) // 2, len(source) // 40):
        content = bytearray(source)
        content[place] ^= 0x41
        refused(bytes(content))


def test_a_file_of_a_later_version_names_both(refused, source):
    def later(header):
        header.update(format=2, skset="9.0")

    text = refused(changed(source, later))
    assert "format 2, written by skset '9.0'" in text
    assert f"skset {skset.__version__} reads format 1" in text


def changed(source, change):
    """Return a file whose header was changed, with the right sums."""
    contents = members(source)
    header = json.loads(contents["header.json"])
    change(header)
    return zipped({**contents, "header.json": json.dumps(header).encode()})


def put(path, value):
    """Return a change that sets a value in the header."""

    def change(header):
        for key in path[:-1]:
            header = header[key]
        header[path[-1]] = value

    return change


NETWORK = ("state", "_network", "fields")
LAYER = (*NETWORK, "layers", "tuple", 0, "fields")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("estimator",), "Pipeline", "there is no estimator 'Pipeline'"),
        (("estimator",), "SETRegressor", "unknown attributes ['class_weight'"),
        (("state", "_targets", "kind"), "Ranking", "_targets is no Ranking"),
        (("state", "os.system"), 1, "unknown attributes"),
        (("state", "n_iter_"), -1, "n_iter_ is -1"),
        (("state", "n_iter_"), True, "n_iter_ is True"),
        (("state", "n_features_in_"), 3, "n_features_in_"),
        (("state", "loss_curve_"), "x", "loss_curve_"),
        (("state", "_network"), None, "its network is a"),
        (("state", "_scaling"), 0, "_scaling must be a Scaling"),
        (("state", "auto_params_"), {"dict": [["alpha", []]]}, "auto_params_"),
        (("state", "out_activation_"), "relu", "in place of"),
        ((*NETWORK, "output"), "logistic", "outputs with the function"),
        ((*NETWORK, "output"), "os.system", "output must be one of"),
        ((*NETWORK, "activation"), "os.system", "activation must be one of"),
        ((*NETWORK, "layers"), {"tuple": []}, "one layer at least"),
        ((*LAYER, "n_dropped"), 1 << 40, "n_dropped must be in"),
        ((*LAYER, "bias"), {"array": "a0"}, "bias must be"),
        ((*LAYER, "bias"), {"array": "a9999"}, "it has no 'a9999.npy'"),
        ((*LAYER, "bias"), {"array": "../../etc/passwd"}, "it has no"),
        ((*LAYER, "topology", "fields", "shape"), {"tuple": [1 << 62, 4]}, "Topology"),
        ((*LAYER, "topology", "kind"), "Popen", "unknown kind 'Popen'"),
        ((*LAYER, "topology", "fields"), {}, "Topology"),
        ((*LAYER, "moments"), {"tuple": []}, "as many moments as bias_moments"),
        (("state", "_state", "fields", "steps"), -3, "steps is no count"),
        (("state", "_state", "fields", "rng"), None, "there is no generator"),
        (("state", "tol"), {"float": "os"}, "is no number"),
        (("state", "tol"), {"exec": "import os"}, "unknown keys"),
        (("state", "tol"), 1 << 200, "too large a number"),
        (("state", "tol"), {"scalar": "int64", "value": 1 << 100}, "too large"),
        (("more",), [], "its header is broken"),
        (("format",), "1", "no header of skset"),
    ],
)
def test_a_forged_header_is_refused_and_what_is_wrong_is_named(
    refused, source, path, value, named
):
    assert named in refused(changed(source, put(path, value)))


def test_a_header_of_a_hundred_thousand_levels(refused, source):
    contents = members(source)
    deep = b"[" * 100_000 + b"]" * 100_000
    refused(zipped({**contents, "header.json": deep}))
    header = json.loads(contents["header.json"])
    nested = []
    for _ in range(60):
        nested = [nested]
    header["state"]["tol"] = nested
    text = refused(zipped({**contents, "header.json": json.dumps(header).encode()}))
    assert "too many levels" in text


def test_a_header_that_is_too_long(refused, source):
    contents = members(source)
    long = json.dumps("x" * (1 << 23)).encode()
    assert "its header has" in refused(zipped({**contents, "header.json": long}))


@pytest.mark.parametrize(
    "text", [b"NaN", b"Infinity", b"1e999", b"\xff", b"{", b"1" * 5000]
)
def test_numbers_that_are_no_json(refused, source, text):
    contents = members(source)
    content = contents["header.json"].replace(b'"tol": 0.0001', b'"tol": ' + text)
    assert content != contents["header.json"]
    refused(zipped({**contents, "header.json": content}))


# Arrays.


def array_file(header, data=b""):
    """Return an array with any header."""
    text = header.encode()
    text += b" " * (63 - (len(text) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def with_array(source, content, name="a0.npy"):
    return zipped({**members(source), name: content})


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("(1000000000000,)", "<f8"),
        ("(4611686018427387904, 4)", "<f4"),
        ("(-1,)", "<f4"),
        ("(2, 2)", "<f4"),
        ("(0, 1000000000000000)", "<f4"),
    ],
)
def test_sizes_are_compared_with_the_file_before_memory_is_taken(
    refused, source, shape, kind
):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    content = with_array(source, array_file(header, bytes(8)))
    tracemalloc.start()
    refused(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(content) + (1 << 20)


@pytest.mark.parametrize("kind", ["|O", "<M8[s]", "<c16", "|V8", "|S2", "<U0", "3f8"])
def test_arrays_of_other_things_than_numbers(refused, source, kind):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': (1,), }}"
    refused(with_array(source, array_file(header, bytes(16))))


def test_an_array_of_objects_is_not_unpickled(refused, source):
    file = io.BytesIO()
    np.save(file, np.array([Bomb()], object), allow_pickle=True)
    refused(with_array(source, file.getvalue()))
    assert Bomb.exploded == 0


class Bomb:
    exploded = 0

    def __reduce__(self):
        return explode, ()


def explode():
    Bomb.exploded += 1
    return 0


def test_a_header_of_an_array_that_is_code(refused, source):
    for text in ("__import__('os').system('true')", "(" * 9000, "{'descr': 1}"):
        refused(with_array(source, array_file(text)))


def test_arrays_that_nobody_asked_for(refused, source):
    file = io.BytesIO()
    np.save(file, X)
    text = refused(with_array(source, file.getvalue(), "more.npy"))
    assert "unknown arrays ['more']" in text


def test_a_compressed_file_is_refused(refused, source):
    """A few bytes of it can become many."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members(source).items():
            archive.writestr(name, content)
    assert "is compressed" in refused(file.getvalue())


def test_members_that_lie_on_one_another(refused, source):
    """All names of the directory point to one large array."""
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        infos = archive.infolist()
    largest = max(infos, key=lambda info: info.file_size)
    file = io.BytesIO(source)
    with zipfile.ZipFile(file, "a") as archive:
        for n in range(200):
            twin = zipfile.ZipInfo(f"b{n}.npy")
            for name in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(twin, name, getattr(largest, name))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive._didModify = True
    assert "it claims" in refused(file.getvalue())


def test_a_name_that_appears_twice(refused, source):
    file = io.BytesIO(source)
    duplicate = pytest.warns(UserWarning, match="Duplicate name")
    with zipfile.ZipFile(file, "a") as archive, duplicate:
        archive.writestr("header.json", b"{}")
    assert "appears twice" in refused(file.getvalue())


def array_of(source, where):
    """Return the name of an array in the header, and the array."""
    contents = members(source)
    found = json.loads(contents["header.json"])
    for key in where:
        found = found[key]
    name = f"{found['array']}.npy"
    return name, np.load(io.BytesIO(contents[name])).copy()


@pytest.mark.parametrize("value", [64, 30, -1, 2**31 - 1])
def test_indices_out_of_range(refused, source, value):
    name, indices = array_of(source, (*LAYER, "topology", "fields", "indices"))
    indices[3] = value
    file = io.BytesIO()
    np.save(file, indices)
    assert "Topology" in refused(with_array(source, file.getvalue(), name))


@pytest.mark.parametrize("where", [(*LAYER, "weights"), (*LAYER, "bias")])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(refused, source, where, value):
    name, numbers = array_of(source, where)
    numbers[0] = value
    file = io.BytesIO()
    np.save(file, numbers)
    assert "must be finite" in refused(with_array(source, file.getvalue(), name))


def test_booleans_and_characters_that_do_not_exist(refused, tmp_path):
    model = SETClassifier(**SMALL).fit(X, y.astype(str))
    path = tmp_path / "strings.npz"
    skset.save(model, path)
    source = path.read_bytes()
    name, labels = array_of(source, ("state", "classes_"))
    file = io.BytesIO()
    np.save(file, labels)
    content = file.getvalue()[:-4] + b"\xff\xff\xff\x7f"
    assert "characters" in refused(with_array(source, content, name))
    header = "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }"
    assert "booleans" in refused(with_array(source, array_file(header, b"\1\2"), name))
