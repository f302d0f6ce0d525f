"""What the files about the project say agrees: versions, addresses, the paper."""

import re
import tomllib
from pathlib import Path

import pytest

import skset

ROOT = Path(__file__).parent.parent
# Not yet public: the one address that all files name.
ADDRESS, SITE = "https://github.com/skset/skset", "https://skset.github.io/skset"
SECTIONS = [
    *("Summary", "Statement of need", "State of the field", "Software design"),
    *("Research impact statement", "AI usage disclosure", "Acknowledgements"),
    "References",
]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads(text_of("pyproject.toml"))["project"]


def test_the_version_is_the_same_everywhere():
    assert f"\nversion: {skset.__version__}\n" in text_of("CITATION.cff")
    assert f"version = {{{skset.__version__}}}" in text_of("docs/cite.md")


def test_the_address_is_the_same_everywhere(project):
    urls = project["urls"]
    assert urls["Source"] == ADDRESS
    assert urls["Documentation"] == SITE
    assert f'repository-code: "{ADDRESS}"' in text_of("CITATION.cff")
    assert f"git clone {ADDRESS} " in text_of("CONTRIBUTING.md")
    for name in ("CITATION.cff", "CONTRIBUTING.md", "docs/cite.md", "pyproject.toml"):
        found = re.findall(r"https://github\.com/[\w-]+/skset\b", text_of(name))
        assert set(found) <= {ADDRESS}


def test_pythons_are_those_of_the_workflow(project):
    classifiers = " ".join(project["classifiers"])
    versions = re.findall(r":: (3\.\d+)", classifiers)
    assert project["requires-python"] == f">={versions[0]}"
    listed = re.search(r"python: \[(.*)\]", text_of(".github/workflows/tests.yml"))[1]
    assert re.findall(r"[\d.]+", listed) == versions


def test_actions_are_pinned_and_rights_are_few():
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert len(workflows) >= 4
    for path in workflows:
        text = path.read_text(encoding="utf-8")
        assert "\npermissions:\n  contents: read\n" in text
        assert "\nconcurrency:\n" in text
        used = re.findall(r"uses: (\S+)", text)
        assert used
        for action in used:
            assert re.search(r"@(v\d+|[0-9a-f]{40}|release/v1)$", action), action
        assert "secrets." not in text


def test_the_paper_is_as_joss_asks():
    body = text_of("paper/paper.md").split("---\n", 2)[2]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    assert re.findall(r"^# (.*)$", body, re.MULTILINE) == SECTIONS
    assert 750 <= len(body.split()) <= 1750
    entries = re.findall(r"^@\w+\{(\w+),", text_of("paper/paper.bib"), re.MULTILINE)
    assert set(re.findall(r"@([a-z]+\d{4}[a-z]*)", body)) == set(entries)
    for picture in re.findall(r"!\[.*?\]\((\S+?)\)", body, re.DOTALL):
        assert (ROOT / "paper" / picture).exists()
