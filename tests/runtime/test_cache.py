"""The guards of the disk cache, each in processes and a package of its own."""

import hashlib
import os
import pickle
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

import skset.kernels
from skset.runtime import code_files, places

CALL = """
import numpy as np
from skset.kernels import flat_positions

positions = np.empty(3, np.int64)
flat_positions(np.array([0, 1, 3]), np.array([1, 0, 1], np.int32), 2, positions)
print(positions.tolist(), sum(getattr(flat_positions, "stats").cache_hits.values()))
"""
COMPILED, LOADED = "[1, 2, 3] 0\n", "[1, 2, 3] 1\n"
# The same for indices of any type; each is a signature of its own.
CALL_WITH = CALL.replace("np.int32", "np.{}")


class Installation:
    """A copy of the kernels and of what runs them, and a cache directory."""

    def __init__(self, root):
        self.root, self.cache = root, root / "cache"
        self.package = root / "skset"
        self.kernels = self.package / "kernels"
        source = Path(skset.kernels.__file__).parents[1]
        ignore = shutil.ignore_patterns("__pycache__")
        for room in code_files.ROOMS:
            shutil.copytree(source / room, self.package / room, ignore=ignore)
        (self.package / "__init__.py").touch()

    def start(self, code, *arguments, **environment):
        """Start a new process that runs the code."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=inherited
            | {"PYTHONPATH": str(self.root), "NUMBA_CACHE_DIR": str(self.cache)}
            | environment,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code=CALL, ok=True, **environment):
        """Run the code in a new process; return its output and its errors."""
        process = self.start(code, **environment)
        output, errors = process.communicate()
        assert (process.returncode == 0) == ok, errors
        return output, errors


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("installation"))
    assert installation.run() == (COMPILED, "")
    shutil.copytree(installation.cache, installation.root / "kept")
    return installation


@pytest.fixture
def installation(filled):
    """The installation, its cache holding one compiled kernel."""
    for left in (filled.cache, filled.package / "__pycache__"):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(filled.root / "kept", filled.cache)
    return filled


def test_a_second_process_loads_what_the_first_compiled(installation):
    before = {path: path.stat().st_mtime_ns for path in installation.cache.rglob("*.*")}
    assert len(before) == 1
    assert installation.run() == (LOADED, "")
    after = {path: path.stat().st_mtime_ns for path in installation.cache.rglob("*.*")}
    assert after == before


@pytest.mark.parametrize(
    "damage", ["truncated", "emptied", "overwritten", "zeroed", "sealed"]
)
def test_a_damaged_file_is_compiled_anew_and_replaced(installation, damage):  # row 48
    (path,) = installation.cache.rglob("*.nbc")
    content = path.read_bytes()
    half = len(content) // 2
    damaged = {
        "truncated": content[:half],
        "emptied": b"",
        "overwritten": b"\xff" * 99,
        # As after a power failure, in the midst of the machine code: nothing that
        # unpickles it would notice.
        "zeroed": content[:half] + bytes(512) + content[half + 512 :],
        # Whole, but not to be unpickled.
        "sealed": hashlib.sha256(b"junk").digest() + b"junk",
    }
    path.write_bytes(damaged[damage])
    assert installation.run() == (COMPILED, "")
    assert installation.run() == (LOADED, "")


def test_a_change_of_another_file_makes_cached_code_stale(tmp_path):  # row 49
    installation = Installation(tmp_path)
    head = "from skset.runtime.jit import kernel\n"
    helper = installation.kernels / "helper.py"
    helper.write_text(f"{head}@kernel\ndef inner(x):\n    return x + 1\n")
    (installation.kernels / "caller.py").write_text(
        f"{head}from skset.kernels.helper import inner\n"
        "@kernel\ndef outer(x):\n    return 10 * inner(x)\n"
    )
    code = "from skset.kernels.caller import outer; print(outer(1))"
    assert installation.run(code) == ("20\n", "")
    helper.write_text(helper.read_text(encoding="utf-8").replace("+ 1", "+ 2"))
    assert installation.run(code) == ("30\n", "")


def test_code_is_stamped_with_the_sources_it_was_imported_from(tmp_path):
    """An upgrade replaces a file while a process has not compiled yet."""
    installation = Installation(tmp_path)
    head = "from skset.runtime.jit import kernel\n"
    helper = installation.kernels / "helper.py"
    old = f"{head}@kernel\ndef inner(x):\n    return x + 1\n"
    helper.write_text(old)
    (installation.kernels / "caller.py").write_text(
        f"{head}from skset.kernels.helper import inner\n"
        "@kernel\ndef outer(x):\n    return 10 * inner(x)\n"
    )
    code = "from skset.kernels.caller import outer; {}print(outer(1))"
    new = old.replace("+ 1", "+ 2")
    upgrade = f"open({str(helper)!r}, 'w').write({new!r}); "
    assert installation.run(code.format(upgrade)) == ("20\n", "")
    assert installation.run(code.format("")) == ("30\n", "")


@contextmanager
def changed(path):
    """Yield while there is one more comment in a source file."""
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(text + "# changed\n")
        yield
    finally:
        path.write_text(text)


@pytest.mark.parametrize(
    "file", ["kernels/patterns.py", "kernels/_lane_instructions.py", "runtime/spin.py"]
)
def test_a_change_in_any_room_makes_kernels_compiled_anew(installation, file):
    # Row 49. The kernel that is called is in the first of these files.
    with changed(installation.package / file):
        assert installation.run() == (COMPILED, "")
        assert installation.run() == (LOADED, "")


def test_every_room_of_compiled_code_is_stamped():
    """Whatever is compiled lies in a folder whose sources the stamp covers."""
    package = Path(skset.kernels.__file__).parents[1]
    compiled = {
        path.relative_to(package).parts[0]
        for path in package.rglob("*.py")
        if "import numba" in (text := path.read_text("utf-8")) or "runtime.jit" in text
    }
    assert compiled - {"__main__.py"} == set(code_files.ROOMS)


def test_the_code_of_all_rooms_lies_in_one_place(tmp_path):
    installation = Installation(tmp_path)
    code = CALL + "from skset.runtime.spin import announce; announce(positions, 0, 7)\n"
    for kept in (str(installation.cache), ""):
        installation.run(code, NUMBA_CACHE_DIR=kept)
    at_sources = [installation.package / "__pycache__"] * 2
    found = [path.parent for path in installation.package.rglob("*.nbc")]
    assert found == at_sources
    given = {path.parent for path in installation.cache.rglob("*.nbc")}
    assert len(given) == 1


def test_code_of_older_sources_does_not_pile_up(installation):
    (old,) = installation.cache.rglob("*.nbc")
    numbas = old.with_name("f-1.py311.1.nbc")
    numbas.touch()
    with changed(installation.kernels / "patterns.py"):
        assert installation.run() == (COMPILED, "")
    assert numbas.exists()  # of someone else
    numbas.unlink()
    (new,) = installation.cache.rglob("*.nbc")
    assert new != old


@pytest.mark.parametrize(
    "change",
    [
        "import numba; numba.__version__ = '0.1'",
        "import numba, numpy; numpy.__version__ = '9.9.9'",
        "import numba; numba.config.LOOP_VECTORIZE = 0",
    ],
    ids=["numba", "numpy", "optimisation"],
)
def test_code_of_another_version_or_setting_is_not_loaded(installation, change):
    assert installation.run(change + CALL) == (COMPILED, "")
    assert installation.run(change + CALL) == (LOADED, "")
    assert installation.run() == (LOADED, "")  # nor is what was there lost


def test_bounds_checks_are_not_lost_to_code_cached_without_them(installation):
    code = """
import numpy as np
from skset.kernels import flat_positions

flat_positions(np.array([0, 9]), np.zeros(1, np.int32), 2, np.empty(9, np.int64))
"""
    installation.run(code)
    assert "IndexError" in installation.run(code, ok=False, NUMBA_BOUNDSCHECK="1")[1]
    installation.run(code)  # and the other way round: nothing checks without need


def test_without_a_writable_directory_it_compiles_and_warns_once(tmp_path):  # row 47
    installation = Installation(tmp_path)
    # Not by permissions, which do not bind root: a file stands where a directory would.
    no_directory = installation.root / "file"
    no_directory.touch()
    (installation.package / "__pycache__").touch()
    homes = ["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "NUMBA_CACHE_DIR"]
    places = dict.fromkeys(homes, str(no_directory))
    code = f"""
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    {CALL.strip().replace(chr(10), chr(10) + "    ")}
    from skset.kernels import squeeze
    print(squeeze(np.array([2, 2])))
print([(w.category.__name__, "NUMBA_CACHE_DIR" in str(w.message)) for w in caught])
"""
    expected = COMPILED + "1\n[('UserWarning', True)]\n"
    assert installation.run(code, **places) == (expected, "")


def test_a_file_that_cannot_be_written_costs_only_the_saving(installation):
    (data,) = installation.cache.rglob("*.nbc")
    data.unlink()
    data.mkdir()
    assert installation.run() == (COMPILED, "")


def test_a_full_disk_costs_only_the_saving_and_leaves_nothing_half(installation):
    pytest.importorskip("resource", reason="limits the size of files")
    (data,) = installation.cache.rglob("*.nbc")
    data.unlink()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"
    report = "from skset.runtime.cache import RECORD; print(RECORD.failure is None)"
    expected = COMPILED + "False\n"
    assert installation.run(f"{limit}\n{CALL}\n{report}") == (expected, "")
    assert [path for path in installation.cache.rglob("*") if path.is_file()] == []


def test_a_cache_directory_that_vanishes_costs_only_the_saving(installation):
    code = f"""
import shutil
import skset.kernels
shutil.rmtree({str(installation.cache)!r})
open({str(installation.cache)!r}, "w").close()
{CALL}
"""
    try:
        assert installation.run(code) == (COMPILED, "")
    finally:
        installation.cache.unlink()


def test_a_file_with_code_of_another_signature_is_not_run(installation):
    """As processes that number their files can leave one."""
    (path,) = installation.cache.rglob("*.nbc")
    of_int32 = path.read_bytes()
    path.unlink()
    assert installation.run(CALL_WITH.format("int64")) == (COMPILED, "")
    (path,) = installation.cache.rglob("*.nbc")
    path.write_bytes(of_int32)
    assert installation.run(CALL_WITH.format("int64")) == (COMPILED, "")


def test_a_process_that_saves_while_another_does_loses_nothing(tmp_path):
    """The second runs from its beginning to its end within the first one's saving."""
    installation = Installation(tmp_path)
    second = CALL_WITH.format("int64")
    other = f"""
import os, subprocess, sys
replace, done = os.replace, []
def interrupted(*paths):
    if not done:
        done.append(subprocess.run([sys.executable, "-c", {second!r}]))
    replace(*paths)
os.replace = interrupted
"""
    both = (COMPILED * 2, "")
    assert installation.run(f"{other}{CALL}") == both
    assert installation.run() == (LOADED, "")
    assert installation.run(second) == (LOADED, "")


def test_processes_that_start_at_once_on_an_empty_cache(tmp_path):  # row 52
    installation = Installation(tmp_path)
    kinds = ["int32", "int64", "int32"]
    wait = f"""
import pathlib, sys, time, skset.kernels
(pathlib.Path({str(tmp_path)!r}) / ("ready" + sys.argv[1])).touch()
while len(list(pathlib.Path({str(tmp_path)!r}).glob("ready*"))) < {len(kinds)}:
    time.sleep(0.001)
"""
    running = [
        installation.start(wait + CALL_WITH.format(kind), str(k))
        for k, kind in enumerate(kinds)
    ]
    for process in running:
        out, errors = process.communicate()
        assert out in (COMPILED, LOADED), errors
        assert errors == ""
    for kind in set(kinds):
        assert installation.run(CALL_WITH.format(kind)) == (LOADED, "")
    names = [path.name for path in installation.cache.rglob("*") if path.is_file()]
    assert len(names) == 2
    assert not any("tmp" in name for name in names)


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be replaced")
def test_readers_never_meet_a_file_that_is_being_written(tmp_path):
    here = places.Places((tmp_path,), tmp_path)
    files, data = code_files.CodeFiles(here, "module.kernel.py311"), os.urandom(1 << 22)
    files.save("key", data)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            files.save("key", data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert all(files.load("key") == data for _ in range(40))
    finally:
        stop.set()
        writer.join()


# Who can write what

OTHER = 65534  # a user and a group whom nobody trusts
posix = pytest.mark.skipif(os.name != "posix", reason="files have no owners")
# What only root can read is imported before.
BECOME_OTHER = f"""
import grp, os, pwd, numba, numpy.typing
numba.njit(lambda x: x + 1)(1)
os.setgroups([]); os.setgid({OTHER}); os.setuid({OTHER})
"""


@pytest.fixture
def shown():
    """An installation that other users can read, with a home for one."""
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        installation = Installation(Path(root))
        installation.home = installation.root / "home"
        installation.home.mkdir()
        yield installation


@contextmanager
def not_writable(installation):
    """Yield what a program does first that can write nothing of the installation.

    No mode binds root, who therefore becomes someone else.
    """
    if os.geteuid() == 0:
        os.chown(installation.home, OTHER, OTHER)
        yield BECOME_OTHER
        return
    parts = [installation.cache, installation.package]
    closed = [d for part in parts for d in (part, *part.rglob("*")) if d.is_dir()]
    try:
        for directory in closed:
            directory.chmod(0o555)
        yield ""
    finally:
        for directory in closed:
            directory.chmod(0o755)


def homes(directory):
    names = "HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"
    return dict.fromkeys(names, str(directory))


@posix
@pytest.mark.parametrize("given", [False, True], ids=["sources", "NUMBA_CACHE_DIR"])
def test_a_cache_that_can_be_read_but_not_written_is_used(shown, given):
    # Row 69: the image of a container, warmed up by root and run by someone else.
    given = {} if given else {"NUMBA_CACHE_DIR": ""}
    assert shown.run(**given, **homes(shown.root / "none")) == (COMPILED, "")
    shown.cache.mkdir(exist_ok=True)
    for path in (shown.cache, *shown.cache.rglob("*")):
        path.chmod(0o755)  # whoever wants others to read it has to say so
    nowhere = homes("/dev/null")
    with not_writable(shown) as begin:
        assert shown.run(begin + CALL, **given, **nowhere) == (LOADED, "")


@posix
def test_what_such_a_cache_lacks_is_kept_elsewhere(shown):
    at_home = {"NUMBA_CACHE_DIR": "", **homes(shown.home)}
    shown.run(NUMBA_CACHE_DIR="")
    shown.cache.mkdir()
    lacking = CALL_WITH.format("int64")
    with not_writable(shown) as begin:
        assert shown.run(begin + lacking, **at_home) == (COMPILED, "")
        assert shown.run(begin + lacking, **at_home) == (LOADED, "")
        assert shown.run(begin + CALL, **at_home) == (LOADED, "")
    assert len(list(shown.home.rglob("*.nbc"))) == 1


@posix
def test_where_nothing_is_readable_nor_writable_it_compiles_and_warns(shown):
    # Row 47.
    nowhere = {"NUMBA_CACHE_DIR": "", **homes("/dev/null")}
    shown.cache.mkdir()
    with not_writable(shown) as begin:
        output, errors = shown.run(begin + CALL, **nowhere)
    assert output == COMPILED
    assert errors.count("UserWarning") == errors.count("NUMBA_CACHE_DIR") == 1


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def give_away(path, user=-1, group=-1):
    """Give a file to someone else; return what a program has to do first to see it.

    Only root can give files away. To others it is only shown so.
    """
    if os.geteuid() == 0:
        os.chown(path, user, group)
        return ""
    return f"""
import os
def shown(function):
    def status(*args, **kwargs):
        s = function(*args, **kwargs)
        if s.st_ino != {path.stat().st_ino}:
            return s
        user = {user} if {user} >= 0 else s.st_uid
        group = {group} if {group} >= 0 else s.st_gid
        return os.stat_result((*s[:4], user, group, *s[6:]))
    return status
os.stat, os.fstat = shown(os.stat), shown(os.fstat)
"""


def belongs_to_another(file):
    return give_away(file, user=OTHER)


def can_be_written_by_a_group(file):
    begin = give_away(file, group=OTHER)
    file.chmod(0o664)
    return begin


def can_be_written_by_all(file):
    file.chmod(0o646)
    return ""


def is_where_another_can_replace_it(file):
    return give_away(file.parent, user=OTHER)


def is_where_all_can_replace_it(file):
    file.parent.chmod(0o777)
    return ""


def is_where_all_can_replace_its_directory(file):
    file.parents[1].chmod(0o777)
    return ""


def is_ours(file):
    return ""


def is_where_all_can_add_to_its_directory(file):
    file.parents[1].chmod(0o1777)  # as /tmp
    return ""


WRONG = [
    belongs_to_another,
    can_be_written_by_a_group,
    can_be_written_by_all,
    is_where_another_can_replace_it,
    is_where_all_can_replace_it,
    is_where_all_can_replace_its_directory,
]
RIGHT = [is_ours, is_where_all_can_add_to_its_directory]


@posix
@pytest.mark.parametrize("spoil", [*WRONG, *RIGHT])
def test_what_others_could_have_written_is_never_unpickled(installation, spoil):
    (path,) = installation.cache.rglob("*.nbc")
    exploded = installation.root / "exploded"
    exploded.unlink(missing_ok=True)
    content = pickle.dumps(Bomb(exploded))
    path.write_bytes(hashlib.sha256(content).digest() + content)
    begin = spoil(path)
    assert installation.run(begin + CALL) == (COMPILED, "")
    assert exploded.exists() == (spoil in RIGHT)


@posix
def test_a_group_that_can_change_the_sources_may_write_the_cache(shown):
    assert shown.run() == (COMPILED, "")
    group = OTHER if os.geteuid() == 0 else os.getgroups()[-1]
    for part in (shown.package, shown.cache):
        for path in (part, *part.rglob("*")):
            os.chown(path, -1, group)
            path.chmod(0o775 if path.is_dir() else 0o664)
    assert shown.run() == (LOADED, "")


MODES = {
    0o600: True,
    0o644: True,
    0o660: False,  # the group is nobody's
    0o646: False,
    stat.S_IFDIR | 0o755: True,
    stat.S_IFDIR | 0o775: False,
    stat.S_IFDIR | 0o757: False,
    stat.S_IFDIR | 0o1777: True,
}


@pytest.fixture
def trusted(monkeypatch):
    """Whom to trust: root, user 7 and group 8."""
    found = {("user", 0), ("user", 7), ("group", 8)}
    monkeypatch.setattr(places, "HAS_OWNERS", True)
    monkeypatch.setattr(places, "_trusted_writers", lambda: found)
    monkeypatch.setattr(places, "_is_private", lambda group: group == 9)
    return found


@pytest.mark.parametrize("mode", MODES, ids=oct)
def test_owner_group_and_all_others_have_to_be_trusted(mode, trusted):
    def is_trusted(user, group):
        status = os.stat_result((mode, 0, 0, 1, user, group, 0, 0, 0, 0))
        return places.is_trusted(status)

    for user in (0, 7):
        assert is_trusted(user, 5) == MODES[mode]
        for group in (8, 9):
            assert is_trusted(user, group) == MODES[mode] | (not mode & 0o002)
    assert not is_trusted(6, 8)
    trusted.add(places.EVERYONE)  # all can change the sources
    assert is_trusted(6, 5)


def test_without_owners_all_is_trusted(trusted, monkeypatch):
    monkeypatch.setattr(places, "HAS_OWNERS", False)
    assert places.is_trusted(os.stat_result((0o666, 0, 0, 1, 6, 5, 0, 0, 0, 0)))


@posix
def test_a_group_of_one_is_the_user(monkeypatch):
    import grp
    import pwd

    user = pwd.struct_passwd(("ann", "x", 7, 70, "", "/", ""))
    groups = {
        70: ("ann", "x", 70, []),
        71: ("ann", "x", 71, []),  # not the user's first
        80: ("staff", "x", 70, []),
        90: ("ann", "x", 70, ["ann", "bob"]),
    }
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: user)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(groups[gid]))
    assert [places._is_private(gid) for gid in (70, 71, 80, 90, 100)] == [
        *(True, False, False, False, False),
    ]


def modes(root):
    return {
        path.relative_to(root).parts: stat.S_IMODE(path.stat().st_mode)
        for path in (root, *root.rglob("*"))
    }


@posix
def test_no_one_else_can_write_what_is_made_whatever_the_umask(tmp_path):
    installation = Installation(tmp_path)
    code = "import os; os.umask(0)" + CALL
    for kept in (installation.cache / "deep" / "down", ""):
        assert installation.run(code, NUMBA_CACHE_DIR=str(kept)) == (COMPILED, "")
        assert installation.run(code, NUMBA_CACHE_DIR=str(kept)) == (LOADED, "")
    made = modes(installation.cache)
    assert len(made) == 5
    for path, mode in made.items():
        assert mode == (0o644 if path and path[-1].endswith(".nbc") else 0o700)
    # Python's own, which it fills for whoever can read the sources.
    assert modes(installation.package / "__pycache__")[()] == 0o755


@posix
def test_the_directory_of_python_is_left_as_it_is(tmp_path):
    installation = Installation(tmp_path)
    pythons = installation.package / "__pycache__"
    pythons.mkdir(0o710)
    assert installation.run(NUMBA_CACHE_DIR="") == (COMPILED, "")
    assert modes(pythons)[()] == 0o710
