"""Every case of bad input and faults that the house promises an answer to has a test.

The cases are numbered. A comment ``# row N`` (``# rows N and M``, ``# rows N to M``)
stands at the test, or at the line of a table of cases, that guards them, or a docstring
begins with the row or has it in parentheses.
"""

import re
from pathlib import Path

TESTS = Path(__file__).parent
N_ROWS = 70
MARK = re.compile(r'(?:# |\(|""")[Rr]ows? (\d+(?:(?:, | and | to |-)\d+)*)')


def marked_rows(text):
    """Return the numbers of all rows that are named in comments of a file."""
    spans = re.findall(r"(\d+)(?:(?: to |-)(\d+))?", " # ".join(MARK.findall(text)))
    return {n for a, b in spans for n in range(int(a), int(b or a) + 1)}


def test_rows_are_read_from_comments():
    text = "x = 1  # row 3\n    # rows 5, 70 and 12\nrow 4, row = 5  # rows 28-30: so\n"
    assert marked_rows(text) == {3, 5, 12, 28, 29, 30, 70}


def test_every_row_has_a_test():
    marked = {
        path.relative_to(TESTS).as_posix(): marked_rows(path.read_text("utf-8"))
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__)
    }
    rows = set(range(1, N_ROWS + 1))
    found = set().union(*marked.values())
    assert sorted(rows - found) == []
    assert {path: odd for path, named in marked.items() if (odd := named - rows)} == {}
