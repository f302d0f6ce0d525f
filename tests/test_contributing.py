"""What CONTRIBUTING.md tells a newcomer: its code runs, and what it names exists."""

import re
from pathlib import Path

import pytest

import skset.strategies

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
IDEA, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def executed(block):
    names = {"__name__": "contributing"}
    exec(compile(block, "CONTRIBUTING.md", "exec"), names)
    return names


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_the_first_task_can_be_followed(monkeypatch, capsys):
    drop = executed(IDEA)["RelativeDrop"]
    lines = capsys.readouterr().out.splitlines()
    scores = [float(score) for line in lines for score in re.findall(r"0\.\d+", line)]
    assert len(scores) == 6
    assert min(scores) > 0.8
    monkeypatch.setitem(skset.strategies.DROPS, "relative", drop)
    [test] = [
        value for name, value in executed(TEST).items() if name.startswith("test")
    ]
    [mark] = test.pytestmark
    for case in mark.args[1]:
        test(*case)


def test_the_files_that_it_names_exist():
    named = set(re.findall(r"`((?:skset|tests|docs|\.ci|\.github)/[\w./]*)`", PAGE))
    named |= set(re.findall(r"\]\((?!http)([\w./]+)\)", PAGE))
    assert len(named) > 25
    assert {name for name in named if not (ROOT / name).exists()} == set()
