"""The examples; `.ci/run` runs the quick start on the digits.

The examples of the gallery, `plot_*.py`, take minutes together. The build of the
documentation runs them, and fails if one does. Here they are read only.
"""

import ast
import csv
import re
import runpy
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sklearn.datasets import load_diabetes, load_wine

EXAMPLES = Path(__file__).parent.parent / "examples"
SVG = "{http://www.w3.org/2000/svg}"


def run(name, *arguments):
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def quickstart(*arguments):
    return run("quickstart.py", *arguments)


def write_table(path, data, words=None, separator=","):
    """Write a data set of scikit-learn as a table, with a column of words, and gaps."""
    names = [*data.feature_names, "colour", "label"]
    rows = [
        [*map(str, x), "red" if k % 2 else "white", words[y] if words else str(y)]
        for k, (x, y) in enumerate(zip(data.data, data.target, strict=True))
    ]
    rows[3][0] = ""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerows([names, *rows])
    return path


@pytest.fixture
def wine(tmp_path):
    return write_table(tmp_path / "wine.csv", load_wine(), words=["a", "b", "c"])


def scores(output):
    """Return the score of each network in the printed table."""
    return {
        name: float(score)
        for name, score in re.findall(r"^(\w+) +(-?[\d.]+) +[\d,]+ ", output, re.M)
    }


def test_classes_in_a_table(wine):
    done = quickstart(wine, "--target", "label")
    assert done.returncode == 0, done.stderr
    found = scores(done.stdout)
    assert set(found) == {"SETClassifier", "MLPClassifier"}
    assert min(found.values()) > 0.9


def test_numbers_in_a_table(tmp_path):
    table = write_table(tmp_path / "diabetes.csv", load_diabetes())
    done = quickstart(table, "--target", "label")
    assert done.returncode == 0, done.stderr
    found = scores(done.stdout)
    assert set(found) == {"SETRegressor", "MLPRegressor"}
    assert found["SETRegressor"] > 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [((), "--target is needed"), (("--target", "taste"), "no column 'taste'")],
)
def test_a_target_that_is_not_there_is_asked_for(wine, options, message):
    done = quickstart(wine, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_quoted_cells_with_other_separators(tmp_path, separator):
    table = write_table(tmp_path / "wine", load_wine(), list("abc"), separator)
    text = table.read_text(encoding="utf-8").replace('"red"', '"NA"', 3)
    if separator == ";":
        text = re.sub(r"(\d)\.(\d)", r"\1,\2", text)  # a decimal comma
    table.write_text("\ufeff" + text, encoding="utf-8")
    done = quickstart(table, "--target", "label")
    assert done.returncode == 0, done.stderr
    assert "133 training and 45 test rows, 13 columns of numbers, 1 of words (2" in (
        done.stdout
    )
    assert "The first run compiles kernels" in done.stdout
    assert "is read as" not in done.stdout
    assert min(scores(done.stdout).values()) > 0.9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("a,label\n1,x\n2\n", "line 3: 1 cell, but the header has 2"),
        ("a,label\n" + "1,x\n2,y\n" * 5 + "3,z\n", "class 'z' has one row"),
        ("a,label\n" + "1,x\n" * 9, "all rows are of class 'x'"),
        ("a,label\n" + "1,x\n2,y\n" * 2, "4 rows are too few for 2 classes"),
        ("a,label\n1,\n2,\n", "too few rows with a target: 0, and 4"),
        ("a,b,label\n" + ",,x\n,,y\n" * 9, "no column but the target has values"),
        ("a,label\n" + '1,x\n"2,y\n' + "z" * 200_000, "is a quote left open?"),
        ("a,label\n", "no rows below a header"),
        ("", "no rows below a header"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(
    tmp_path, text, message, monkeypatch, capsys
):
    path = tmp_path / "table.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["quickstart.py", str(path), "--target", "label"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(EXAMPLES / "quickstart.py"), run_name="__main__")
    assert stopped.value.code == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("quickstart.py: error: ")
    assert message in told


def test_a_target_without_a_table_is_refused():
    done = quickstart("--target", "label")
    assert done.returncode == 2
    assert "--target needs a table" in done.stderr


def test_text_that_is_not_utf_8_says_how_to_save_it(tmp_path):
    table = tmp_path / "table.csv"
    table.write_bytes("größe,label\n1,x\n".encode("cp1252"))
    done = quickstart(table, "--target", "label")
    assert done.returncode == 2
    assert "save it as 'CSV UTF-8'" in done.stderr
    assert "Traceback" not in done.stderr


def test_numbers_that_are_read_as_words_are_told(tmp_path):
    lines = [f"{k},1.{k:03},5,{'xy'[k % 2]}" for k in range(100, 140)]
    lines[7] = "7,1e300,5,x"
    table = tmp_path / "table.csv"
    table.write_text("a,b,c,label\n" + "\n".join(lines), encoding="utf-8")
    done = quickstart(table, "--target", "label")
    assert done.returncode == 0, done.stderr
    assert "Column 'b' is read as 40 different words, such as '1e300'" in done.stdout
    assert "2 columns of numbers, 1 of words (40 different)" in done.stdout


@pytest.mark.parametrize("name", ["SETClassifier", "SETRegressor"])
def test_no_kernel_is_compiled_while_the_time_is_taken(name):
    """What a fit loads from the cache it would compile on a new machine."""
    code = f"""
import sys
import numpy as np
from sklearn.datasets import load_{"diabetes" if name[3] == "R" else "digits"} as data
import skset
from skset.runtime.cache import RECORD

sys.path.insert(0, {str(EXAMPLES)!r})
import quickstart

X, y = data(return_X_y=True)
quickstart.compile_kernels(skset.{name}, y)
before = RECORD.compiled + RECORD.loaded
skset.{name}(quickstart.HIDDEN, max_iter=3).fit(X, y).predict(X)
print(before > 0, RECORD.compiled + RECORD.loaded - before)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "True 0"


def test_strategies_of_ones_own():
    done = run("custom_strategy.py")
    assert done.returncode == 0, done.stderr
    line = r"^(\w.*?) +([\d.]+) (\d+) connections$"
    found = re.findall(line, done.stdout, re.M)
    assert len(found) == len(done.stdout.splitlines()) == 4
    assert found[0][0] == "SET"
    assert min(float(accuracy) for _, accuracy, _ in found) > 0.9
    assert max(int(n) for *_, n in found) <= 1.01 * min(int(n) for *_, n in found)


def test_tasks_are_learned_and_none_is_forgotten(tmp_path):
    done = run("continual.py", "--picture", tmp_path / "tasks.png")
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^task \d +\d+%  ([\d. ]+)$", done.stdout, re.M)
    accuracies = [row.split() for row in rows]
    assert [len(row) for row in accuracies] == [1, 2, 3, 4, 5, 6]
    for earlier, later in pairwise(accuracies):
        assert later[: len(earlier)] == earlier
    assert min(map(float, accuracies[3])) > 0.9
    assert "backward transfer 0.000" in done.stdout
    without = "no picture: matplotlib is not installed" in done.stdout
    assert (tmp_path / "tasks.png").exists() != without


def test_pictures_of_a_network(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn.callback")
    pytest.importorskip("PIL")
    done = run("../docs/pictures/topologies.py", "--out", tmp_path, "--epochs", 4)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        *("topology.png", "connectivity.png", "connectivity.gif"),
        *("network.png", "columns.png"),
    }


def test_the_moving_picture_of_the_start_page(tmp_path):
    pytest.importorskip("sklearn.callback")
    out = tmp_path / "layer.svg"
    done = run("../docs/pictures/evolving_layer.py", "--out", out, "--epochs", 3)
    assert done.returncode == 0, done.stderr
    picture = ElementTree.parse(out).getroot()
    lines = picture.findall(f"{SVG}path")
    style = picture.find(f"{SVG}style").text
    still, _, moving = style.partition("prefers-reduced-motion")
    hidden = set(re.findall(r"\.(c\S+?)\{opacity:0\}", still))
    seen = [line for line in lines if line.get("class") not in hidden]
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert f"{len(seen)} of 1,024 connections" in words
    assert len(lines) > len(seen)  # some were replaced
    assert "@keyframes" in moving
    assert "@keyframes" not in still


GALLERY = sorted(EXAMPLES.glob("plot_*.py"))


def names_of_skset(tree):
    """Return each name that is imported from skset, with its module."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [
        (node.module, alias.name)
        for node in imports
        if node.module and node.module.split(".")[0] == "skset"
        for alias in node.names
    ]


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_an_example_of_the_gallery_has_a_title_text_and_public_names(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    title, line, *text = ast.get_docstring(tree).splitlines()
    assert line == "=" * len(title)
    assert "?" in "".join(text)  # the question that it answers
    assert source.count("# %%") >= 3
    assert 1 <= source.count("plt.show()") <= 4
    names = names_of_skset(tree)
    assert names
    for module, name in names:
        assert not name.startswith("_")
        assert not any(part.startswith("_") for part in module.split("."))
        wing = module.removeprefix("skset.")
        if wing not in ("torch", "onnx") or find_spec(wing):
            assert hasattr(import_module(module), name)


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_page_leads_to_each_example_of_the_gallery(path):
    pages = (EXAMPLES.parent / "docs").glob("*.md")
    link = f"](auto_examples/{path.stem}.rst)"
    assert any(link in page.read_text(encoding="utf-8") for page in pages)
