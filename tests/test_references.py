"""Every paper that the code and the pages cite is on the page of references."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "references.md"
SOURCES = sorted((ROOT / "skset").rglob("*.py"))
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page != PAGE]
# "Mocanu et al. 2018", "Kingma and Ba (2014)", "Gale, Elsen and Hooker 2019", "Hinton
# 2002", "Barber and Candès 2015": the first author and the year.
LOWER = "[^\\W\\d_A-ZÀ-ÖØ-Þ]"  # also with accents
NAME = rf"(?:Mc)?[A-ZÀ-ÖØ-Þ]{LOWER}+(?:-[A-ZÀ-ÖØ-Þ]{LOWER}+)?"
OTHERS = rf"(?:(?:, {NAME})* and {NAME}| et al\.)?"
CITED = re.compile(rf"\b({NAME}){OTHERS},? \(?(1[89]\d\d|20\d\d)\b")
NUMBERS = re.compile(r"arXiv[ :]\s*(\d{4}\.\d{5})|arxiv\.org/abs/(\d{4}\.\d{5})")
# Words with a capital letter before a year that are no authors.
NO_AUTHORS = {"Copyright", "Communications", "January", "June", "October", "November"}


def entries():
    """Return the entries of the page, each in one line."""
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(
        r"^- ", re.sub(r"^## .*", "", text, flags=re.MULTILINE), flags=re.M
    )
    return [" ".join(part.split()) for part in parts[1:]]


def running_text(path):
    """Return a file without the breaks of its lines, nor what begins its comments."""
    return re.sub(r"\s*\n\s*#?\s*", " ", path.read_text(encoding="utf-8"))


def test_what_is_cited_is_on_the_page():
    known = {
        (entry.partition(",")[0], re.search(r"\((\d{4})\)", entry)[1])
        for entry in entries()
    }
    cited = {
        found: path.name
        for path in SOURCES + PAGES
        for found in CITED.findall(running_text(path))
        if found[0] not in NO_AUTHORS
    }
    assert len(cited) > 50
    assert {found: cited[found] for found in cited.keys() - known} == {}


def test_every_number_of_arxiv_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    cited = {
        "".join(groups): path.name
        for path in SOURCES + PAGES
        for groups in NUMBERS.findall(running_text(path))
    }
    assert len(cited) > 10
    assert {number: cited[number] for number in cited if number not in page} == {}


def test_entries_say_what_they_are_for_and_link_to_what_they_name():
    found = entries()
    assert len(found) > 50
    for entry in found:
        assert re.search(r" Here: .+\.$", entry), entry
        for text, address in re.findall(r"\[(?:doi|arXiv):(.*?)\]\((.*?)\)", entry):
            assert address.endswith(text), entry
