"""The page of benchmarks is made from the files of results, and names every script."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "benchmarks"
if not FOLDER.exists():
    pytest.skip("the benchmarks are not here", allow_module_level=True)
FILES = sorted((FOLDER / "results").glob("*.json"))
VERSIONS = ("python", "skset", "numpy", "scipy", "scikit-learn", "numba")


@pytest.fixture(scope="module", autouse=True)
def importable():
    """Let the scripts' helpers be imported, as the scripts themselves do."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def command(*words):
    """Run the command of the benchmarks."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_page_is_what_the_files_say():
    from _overview import PAGE, overview

    # If this fails: python -m benchmarks tables
    assert PAGE.read_text(encoding="utf-8") == overview()


def test_tables_on_pages_are_what_the_files_say(tmp_path):
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    pages = [p for p in pages if "<!-- table: " in p.read_text(encoding="utf-8")]
    copies = [tmp_path / page.name for page in pages]
    for page, copy in zip(pages, copies, strict=True):
        copy.write_bytes(page.read_bytes())
    script = [sys.executable, "benchmarks/tables.py", "--pages", *map(str, copies)]
    subprocess.run(script, cwd=ROOT, check=True, capture_output=True)
    assert len(pages) > 3
    for page, copy in zip(pages, copies, strict=True):
        assert copy.read_text(encoding="utf-8") == page.read_text(encoding="utf-8")


def test_every_script_is_in_the_registry():
    from _registry import BENCHMARKS, NO_BENCHMARKS, PICTURES

    scripts = {path.stem for path in FOLDER.glob("[a-z]*.py")}
    assert scripts - NO_BENCHMARKS == BENCHMARKS.keys()
    drawn = {path.stem for path in (ROOT / "docs" / "pictures").glob("*.py")}
    assert drawn == PICTURES.keys()


def test_every_file_belongs_to_a_benchmark_with_a_figure():
    from _overview import SENTENCES
    from _registry import BENCHMARKS

    named = {file for name in SENTENCES for file in BENCHMARKS[name].files}
    assert {path.name for path in FILES} == named


def test_every_benchmark_has_a_page_and_a_smoke_run():
    from _registry import BENCHMARKS, PICTURES

    for benchmark in (BENCHMARKS | PICTURES).values():
        assert (ROOT / "docs" / f"{benchmark.page}.md").exists()
        assert any(run.quick is not None for run in benchmark.runs)
        assert benchmark.question


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_when_and_on_what_it_was_measured(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    machine = content["machine"]
    assert len(content["date"]) == len("2026-01-01")
    assert machine["processor"]
    assert machine["cores"] > 0
    assert all(machine[name] for name in VERSIONS)
    assert content["results"]


def test_list_names_every_benchmark():
    from _registry import BENCHMARKS

    told = command("list").stdout
    assert all(f"\n{name}: " in f"\n{told}" for name in BENCHMARKS)


def test_an_unknown_name_is_an_error_that_lists_the_known():
    found = command("speed")
    assert found.returncode == 2
    assert "no such benchmarks: ['speed']; known: step, peers" in found.stderr


def test_what_lacks_its_data_is_left_out():
    found = command("accuracy", "--quick")
    assert found.returncode == 0
    assert "left out, lacks --data" in found.stdout


def test_a_failure_does_not_stop_the_others(tmp_path):
    found = command("accuracy", "regression", "--quick", "--data", str(tmp_path))
    assert found.returncode == 1
    assert "regression" in found.stdout.splitlines()[-1]
    assert "failed, exit code 1" in found.stdout


def test_a_smoke_run_leaves_the_results_alone(tmp_path):
    before = {path: path.read_bytes() for path in FILES}
    found = command("frozen_steps", "--quick", "--results", str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert "ok" in found.stdout.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
    assert before == {path: path.read_bytes() for path in FILES}
