"""Reads the examples out of the documents."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def examples() -> dict[str, str]:
    """Return the README's examples by the names in the comments before them."""
    found = re.findall(r"<!-- (?P<name>.+?) -->\n```\w*\n(?P<text>.*?)```", README, re.DOTALL)
    return dict(found)


def table(document: str, heading: str) -> list[str]:
    """Return the first cells of the table whose header row begins so."""
    rows = document[document.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows if row.startswith("|")]
