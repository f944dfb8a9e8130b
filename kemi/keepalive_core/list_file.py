"""The list file: a destination a line, with options (pure)."""

import shlex
from typing import NamedTuple

from . import uris
from .settings import InvalidSetting, Value, check_options, from_text


class Entry(NamedTuple):
    """One line."""

    destination: uris.Destination
    options: dict[str, Value]
    group: str = ""
    priority: int = 0
    weight: int = 0


class Parsed(NamedTuple):
    """What a file says."""

    entries: list[Entry]
    faults: list[str]
    """of the lines that were refused, each with its number"""


def parse(text: str) -> Parsed:
    """Read lines such as ``sip:192.168.10.20 group=carriers fall=3  # comment``; empty ones are skipped.

    Arguments: text, the file's.
    Returns: an entry for each good line, a fault for each bad one.
    """
    entries: list[Entry] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
            if not words:
                continue
            entry = _entry(words)
            first = seen.setdefault(entry.destination.key, number)
            if first != number:
                raise ValueError(f"{words[0]!r} stands in line {first} already")
            entries.append(entry)
        except ValueError as fault:
            faults.append(f"line {number}: {fault}")
    return Parsed(entries, faults)


def _entry(words: list[str]) -> Entry:
    destination = uris.parse(words[0])
    given: dict[str, str] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name in given:
            raise InvalidSetting(f"{word!r} is no name=value, or given twice")
        given[name] = value
    group = given.pop("group", "")
    numbers = {name: from_text("rise", given.pop(name, "0")) for name in ("priority", "weight")}
    for name, number in numbers.items():
        if not isinstance(number, int):
            raise InvalidSetting(f"bad {name} {number!r}: a whole number is needed")
    options = check_options({name: from_text(name, value) for name, value in given.items()})
    return Entry(destination, options, group, int(numbers["priority"]), int(numbers["weight"]))
