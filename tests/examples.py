"""Reads the examples out of the documents."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
FUNCTIONS = (ROOT / "docs" / "functions.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
_NAMED = r"<!-- (?P<name>.+?) -->\n```\w*\n(?P<text>.*?)```"
# What is read from its beginning to its end: the README, and what it was once part of.
GUIDES = README + "".join(
    file.read_text() for file in sorted((ROOT / "docs").glob("*.md")) if file.name != "reference.md"
)


def named_examples(document: str = GUIDES) -> dict[str, str]:
    """Return a document's examples by the names in the comments before them."""
    return dict(re.findall(_NAMED, document, re.DOTALL))


def sessions() -> dict[str, str]:
    """Return the reference's examples of calls and answers, by their headings; a second one is numbered."""
    found: dict[str, str] = {}
    for section in re.split(r"^###? ", REFERENCE, flags=re.MULTILINE)[1:]:
        heading = section.splitlines()[0]
        for number, text in enumerate(re.findall(r"(?<!-->\n)```python\n(.*?)```", section, re.DOTALL), 1):
            found[heading if number == 1 else f"{heading} {number}"] = text
    return found


def table(document: str, heading: str) -> list[str]:
    """Return the first cells of the table whose header row begins so."""
    rows = document[document.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows if row.startswith("|")]
