"""`save` and `load`: what comes back is the same, bit for bit."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from persistence.cases import CASES, SMALL, X, answers, fitted, parts, same, y
from sklearn.base import clone

import skset
from skset import SETClassifier, SparseRBM

each = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


def reloaded(model, path, **params):
    skset.save(model, path, **params)
    return skset.load(path)


@each
@pytest.mark.filterwarnings("ignore:The network took only")
def test_what_comes_back_is_the_same(name, path):
    model = fitted(name)
    again = reloaded(model, path, training=True)
    assert same(again, model)
    assert type(again) is type(model)
    if model.__sklearn_is_fitted__():
        told, found = answers(model), answers(again)
        assert told.keys() == found.keys() != set()
        for key, values in told.items():
            assert values.dtype == found[key].dtype
            np.testing.assert_array_equal(found[key], values)
    assert same(clone(again), clone(model))


@each
@pytest.mark.filterwarnings("ignore:The network took only")
def test_without_the_training_it_predicts_the_same(name, path):
    model = fitted(name)
    again = reloaded(model, path)
    if model.__sklearn_is_fitted__():
        for key, values in answers(model).items():
            np.testing.assert_array_equal(answers(again)[key], values)
    assert vars(again).get("_state") is None


@pytest.mark.parametrize("name", ["partial", "momentum", "chains"])
def test_with_the_training_partial_fit_goes_on_as_if_nothing_had_happened(name, path):
    model = fitted(name)
    again = reloaded(model, path, training=True)
    for _ in range(3):
        args = (X,) if isinstance(model, SparseRBM) else (X, y)
        model.partial_fit(*args)
        again.partial_fit(*args)
        assert same(again, model)


@pytest.mark.parametrize("name", ["partial", "momentum"])
def test_without_the_training_the_file_is_smaller_and_partial_fit_begins_anew(
    name, path
):
    model = fitted(name)
    skset.save(model, path, training=True)
    size = path.stat().st_size
    again = reloaded(model, path)
    assert path.stat().st_size < 0.75 * size
    assert again.partial_fit(X, y).n_iter_ == model.n_iter_ + 1


def test_arrays_are_read_only_as_after_a_fit(path):
    again = reloaded(fitted("classifier"), path)
    for layer in again.network_.layers:
        assert not layer.weights.flags.writeable
    again.warm_start = True
    again.fit(X, y)  # on arrays of its own


def test_tasks_go_on_after_a_load(path):
    model = fitted("tasks")
    again = reloaded(model, path)
    for one in (model, again):
        one.partial_fit(X, y % 2, task="c")
    assert same(again, model)


def test_requests_of_metadata_and_output_come_along(path):
    from sklearn import config_context

    with config_context(enable_metadata_routing=True):
        model = fitted("new tasks").set_fit_request(task=True, sample_weight="w")
        model.set_score_request(task=True)
    again = reloaded(model, path)
    found = again.get_metadata_routing()
    assert found.fit.requests == {"sample_weight": "w", "task": True}
    assert found.score.requests["task"] is True
    table = reloaded(fitted("pandas"), path).transform(X)
    assert type(table).__name__ == "DataFrame"


def test_numpy_opens_the_file_too(path):
    model = fitted("classifier")
    skset.save(model, path)
    with np.load(path, allow_pickle=False) as found:
        header = json.loads(bytes(found["header.json"]))
        arrays = {name: found[name] for name in found.files if name != "header.json"}
    assert (header["estimator"], header["format"]) == ("SETClassifier", 1)
    assert any(np.array_equal(a, model.classes_) for a in arrays.values())


def test_equal_estimators_give_equal_files(tmp_path):
    one, other = tmp_path / "a.npz", tmp_path / "b.npz"
    skset.save(fitted("classifier"), one)
    skset.save(fitted("classifier"), other)
    assert one.read_bytes() == other.read_bytes()


def test_an_array_is_kept_once(path):
    """An explored topology is that of its layer at first."""
    model = SETClassifier(**SMALL, grow="random_unfired").fit(X, y)
    _, arrays = parts(model)
    skset.save(model, path, training=True)
    assert len(arrays) == len({id(a) for a in arrays.values()})
    nnz = model.nnz_
    assert path.stat().st_size < 8 * nnz + 8 * 100 + 20000


def test_a_file_is_replaced_and_keeps_its_permissions(path):
    skset.save(fitted("new"), path)
    new = stat.S_IMODE(path.stat().st_mode)
    plain = path.parent / "plain"
    plain.touch()
    assert new == stat.S_IMODE(plain.stat().st_mode)
    kept = 0o640 if os.name == "posix" else new  # Windows knows read-only, no more
    path.chmod(kept)
    skset.save(fitted("classifier"), path)
    assert stat.S_IMODE(path.stat().st_mode) == kept
    assert skset.load(path).n_iter_ == 2
    assert sorted(p.name for p in path.parent.iterdir()) == ["model.npz", "plain"]


def test_a_path_may_be_a_string_and_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    skset.save(fitted("new"), "here.npz")
    assert isinstance(skset.load("here.npz"), SETClassifier)


def test_another_process_predicts_the_same(path):
    model = fitted("strings")
    skset.save(model, path)
    code = (
        "import skset, sys, numpy as np; from sklearn.datasets import load_digits; "
        "X = np.ascontiguousarray(load_digits().data[:200] / 16); "
        f"print(*skset.load({str(path)!r}).predict(X))"
    )
    root = Path(skset.__file__).parent.parent
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == model.predict(X).tolist()


def test_the_steps_of_a_pipeline_are_saved_one_by_one(path):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), SETClassifier(**SMALL)).fit(X, y)
    with pytest.raises(TypeError, match="steps of a Pipeline one by one"):
        skset.save(pipeline, path)
    skset.save(pipeline[-1], path)
    again = make_pipeline(pipeline[0], skset.load(path))
    np.testing.assert_array_equal(again.predict(X), pipeline.predict(X))


def test_callbacks_are_left_out(path):
    pytest.importorskip("sklearn.callback")
    from sklearn.callback import ProgressBar

    pytest.importorskip("rich")
    model = SETClassifier(**SMALL).set_callbacks(ProgressBar())
    assert "_skl_callbacks" not in vars(reloaded(model, path))
    assert "_skl_callbacks" in vars(model)


# What cannot be saved.


class Own(SETClassifier):
    """A class of the user."""


def half(share):
    return 1 - share / 2


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"learning_rate": half}, "SETClassifier.learning_rate"),
        ({"grow": half}, "SETClassifier.grow"),
        ({"class_weight": {0: object()}}, "SETClassifier.class_weight"),
        ({"tol": np.longdouble(1)}, "SETClassifier.tol"),
        ({"dtype": np.float16}, "SETClassifier.dtype"),
        ({"hidden_layer_sizes": np.array([1, "a"], object)}, "hidden_layer_sizes"),
    ],
)
def test_what_a_file_without_code_cannot_hold_is_named(params, named, path):
    with pytest.raises(ValueError, match=named) as caught:
        skset.save(SETClassifier(**params), path)
    assert "\n" not in str(caught.value)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("thing", [Own(), object(), SETClassifier, None])
def test_only_estimators_of_skset_are_saved(thing, path):
    with pytest.raises(TypeError, match="Only estimators of skset"):
        skset.save(thing, path)


def test_a_header_that_nobody_could_read_is_refused(path, monkeypatch):
    from skset.persistence import _archive

    monkeypatch.setattr(_archive, "MOST_HEADER_BYTES", 100)
    with pytest.raises(ValueError, match="would have"):
        skset.save(SETClassifier(), path)
    assert not path.exists()


# Places where nothing can be written.


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a directory"):
        skset.save(SETClassifier(), tmp_path)
    with pytest.raises(OSError, match=r"."):
        skset.load(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        skset.save(SETClassifier(), tmp_path / "no" / "model.npz")
    with pytest.raises(FileNotFoundError):
        skset.load(tmp_path / "no.npz")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_without_permission_nothing_is_left(tmp_path):  # row 60
    """In a process of its own, as root, who is allowed everything, becomes another."""
    code = (
        f"import os, skset; os.chmod({str(tmp_path)!r}, 0o555)\n"
        "model = skset.SETClassifier(); skset.save\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        f"try: skset.save(model, {str(tmp_path / 'model.npz')!r})\n"
        "except PermissionError: print('refused')"
    )
    root = Path(skset.__file__).parent.parent
    command = [sys.executable, "-W", "ignore", "-c", code]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert found.stdout == "refused\n", found.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("old", [False, True])
def test_a_full_disk_leaves_the_old_file_or_nothing(path, old, monkeypatch):  # row 60
    """Writing fails with the error of the system, as on a full disk."""
    from skset.persistence import _archive

    if old:
        skset.save(fitted("new"), path)
    content = path.read_bytes() if old else None
    opened = os.fdopen

    def full(number, mode):
        os.close(number)
        return opened(os.open("/dev/full", os.O_WRONLY), mode)

    monkeypatch.setattr(_archive.os, "fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        skset.save(fitted("classifier"), path)
    assert [p.name for p in path.parent.iterdir()] == (["model.npz"] if old else [])
    assert content is None or path.read_bytes() == content


@pytest.mark.parametrize("patience", [5.0, 0.0], ids=["Windows", "elsewhere"])
def test_a_file_that_is_open_elsewhere_is_waited_for(path, patience, monkeypatch):
    """As on Windows, which does not replace a file while another program reads it."""
    from skset.persistence import _archive

    refusals, replace = iter([True, True, False]), os.replace

    def replaced(new, old):
        if next(refusals):
            raise PermissionError(13, "it is being used by another process")
        replace(new, old)

    skset.save(fitted("new"), path)
    content = path.read_bytes()
    monkeypatch.setattr(_archive, "PATIENCE", patience)
    monkeypatch.setattr(_archive.os, "replace", replaced)
    if patience:
        skset.save(fitted("classifier"), path)
        assert skset.load(path).n_iter_ == 2
    else:
        with pytest.raises(PermissionError, match="another process"):
            skset.save(fitted("classifier"), path)
        assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == ["model.npz"]


def test_an_interrupt_while_writing_leaves_nothing(path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "writestr", interrupted)
    with pytest.raises(KeyboardInterrupt):
        skset.save(SETClassifier(), path)
    assert list(path.parent.iterdir()) == []


def test_without_callbacks_of_scikit_learn_a_checkpoint_raises(path, monkeypatch):
    from skset.persistence import _checkpoints

    monkeypatch.setattr(_checkpoints, "SETClassifier", object)
    with pytest.raises(ImportError, match=r"needs scikit-learn 1\.9"):
        _checkpoints.Checkpoint(path)
