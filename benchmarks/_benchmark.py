"""What a benchmark is: script, calls, what it needs, where its figures are shown."""

import ast
import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

__all__ = ["RESULTS", "ROOT", "Benchmark", "Run"]

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Run:
    """A call of a script.

    `file` is the JSON file that it writes. `quick` are the arguments of a smoke run: it
    has the smallest settings and says that the script works, nothing else. None is for
    no such run. Both lack ``--data`` and ``--out``, which are added. `into` is the
    option for the file, `data` says whether this run needs the data sets, if it differs
    from the others, and `libraries` are those that only this run needs.
    """

    file: str
    arguments: str = ""
    quick: str | None = None
    into: str = "--out"
    data: bool | None = None
    libraries: tuple[str, ...] = ()

    def words(self, quick, folder):
        """Return the arguments in words, with the file in the folder."""
        own = shlex.split(self.quick if quick else self.arguments)
        return [*own, self.into, str(Path(folder) / self.file)]


@dataclass(frozen=True)
class Benchmark:
    """A script of this folder, or one that draws pictures of the docs.

    `minutes` is about what all runs take on two cores, one run after the other.
    `needs` says in words what is out of the ordinary: memory, a disk, hours.
    """

    name: str
    page: str
    minutes: float
    runs: tuple[Run, ...]
    data: bool = False
    libraries: tuple[str, ...] = ()
    needs: str = ""
    folder: str = "benchmarks"

    @property
    def script(self):
        """The script, from the root of the repository."""
        return f"{self.folder}/{self.name}.py"

    @property
    def question(self):
        """What is measured: the first line of the script's docstring."""
        source = (ROOT / self.script).read_text(encoding="utf-8")
        return ast.get_docstring(ast.parse(source)).splitlines()[0]

    @property
    def files(self):
        """The names of the JSON files, each once."""
        return list(dict.fromkeys(run.file for run in self.runs))

    def demands(self):
        """Return what it needs, in words."""
        parts = ["`--data`"] if self.data else []
        return ", ".join([*parts, *self.libraries, *filter(None, [self.needs])])

    def lacking(self, run, data):
        """Return what a run needs and that is not there."""
        wanted = (*self.libraries, *run.libraries)
        missing = [library for library in wanted if find_spec(library) is None]
        return missing + (["--data"] if self.wants_data(run) and not data else [])

    def wants_data(self, run):
        """Return whether a run reads the folder of data sets."""
        return self.data if run.data is None else run.data
