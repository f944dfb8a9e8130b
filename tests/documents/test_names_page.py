"""docs/names.md: what it says of DNS is what is asked and what follows."""

import re
from collections import defaultdict
from typing import Any

import pytest

from keepalive_core.rules.dns_records import Naptr, Srv
from places import ROOT
from zone import Zone, ask, asked

PAGE = (ROOT / "docs" / "names.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table behind a heading, without marks."""
    behind = PAGE.partition(heading)[2]
    [lines] = re.findall(
        r"\|---.*\n((?:\|.*\n)+)", behind[: behind.index("\n\n", behind.index("|---"))] + "\n"
    )
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in lines.splitlines()]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize(("uri", "questions"), rows("## What is asked"))
def test_what_is_asked(uri: str, questions: str) -> None:
    """In this order, if nothing has an answer."""
    zone = Zone()
    ask(*codes(uri), zone)
    assert asked(zone) == codes(questions)


def records() -> Zone:
    """The records that the page has."""
    found: dict[str, Any] = {kind: defaultdict(list) for kind in ("NAPTR", "SRV", "A")}
    for line in re.findall(r"```dns\n(.*?)```", PAGE, re.DOTALL)[0].splitlines():
        name, kind, *fields = line.split()
        if kind == "NAPTR":
            order, preference, flags, services, replacement = fields
            found[kind][name].append(Naptr(int(order), int(preference), flags, services, replacement))
        elif kind == "SRV":
            priority, weight, port, target = fields
            found[kind][name].append(Srv(int(priority), int(weight), int(port), target))
        else:
            found["A"][name] += fields
    return Zone(found["NAPTR"], found["SRV"], found["A"])


def test_what_the_targets_are() -> None:
    """Those of the table, in its order, and what is left out is the record that the page names."""
    found = ask("sip:provider.com", records())
    said = [
        [*codes(key), int(priority), int(weight), *codes(record)]
        for key, priority, weight, record in rows("## What the targets are")
    ]
    assert [[each.key, each.priority, each.weight, each.record] for each in found.targets] == said
    assert found.left_out == "SRV with port 0 (c.provider.com)"
