"""docs/troubleshooting.md has an entry for each line of trouble that the module can write, and no other."""

import re

import pytest

from log_lines import Line, bare, lines_of_code
from places import ROOT

TEXT = (ROOT / "docs" / "troubleshooting.md").read_text()
ENTRY = re.compile(r"^\*\*`(?P<text>.+)`\*\*\n(?P<level>WARNING|ERROR)\b(?P<rest>(?:.+\n)+)", re.MULTILINE)
ENTRIES = [(Line(bare(found["text"]), found["level"]), found["rest"]) for found in ENTRY.finditer(TEXT)]


def test_each_line_has_an_entry() -> None:
    """A WARNING or an ERROR that the code can write is explained, at its level and word by word."""
    entries = {line for line, _ in ENTRIES}
    assert {
        f"{place}: {line.level} {line.text}" for line, place in lines_of_code().items() if line not in entries
    } == set()


def test_each_entry_has_a_line() -> None:
    """What is explained is written by the code, and explained once."""
    written = lines_of_code()
    assert [line for line, _ in ENTRIES if line not in written] == []
    assert len({line for line, _ in ENTRIES}) == len(ENTRIES) == TEXT.count("\n**`")


@pytest.mark.parametrize(
    ("line", "rest"), ENTRIES, ids=lambda value: value.text[:40] if isinstance(value, Line) else ""
)
def test_an_entry_says_what_follows(line: Line, rest: str) -> None:
    """Who writes it, and what follows or is to be done: two sentences or more, or a look at another entry."""
    assert rest.startswith(", ")
    assert rest.count(".") + rest.count("above") >= 2
    assert len(rest) < 600
