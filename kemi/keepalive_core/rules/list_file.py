"""The list file: a destination a line, with options (pure)."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from . import uris
from .checks import Refused, group_name, number_of_text
from .parameters import InvalidSetting, Value, check_options
from .quoting import quoted
from .replacing import MOST_FAULTS

MOST_BYTES: Final = 32 * 2**20
"""A larger file is none: half a million destinations take as much."""
_MOST_BYTES_OF_A_LINE: Final = 8192

_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# What some editors write at a file's beginning, and what is left of it where files were joined.
_BYTE_ORDER_MARK: Final = "\ufeff"

# A word is a URI or name=value; one that begins with a quotation mark, or a value that does, goes to the next
# one. Elsewhere ' is a character like others: sip:o'neil@host.
_WORD: Final = re.compile(
    r"""\s*(?:
        (?P<name>[a-z_]+=)? (?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' ) (?!\S)
        | (?P<bare>(?![a-z_]+=')[^\s"\\\#]+) (?!\S)
        | (?P<end>\#.*|$)
    )""",
    re.VERBOSE | re.DOTALL,
)


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
    """of the first lines that were refused, each with its number"""
    bad: int
    """how many lines were refused"""


def parse(data: bytes, check: Callable[[str, Mapping[str, Value]], None] | None = None) -> Parsed:
    """Read lines such as ``sip:192.168.10.20 group=carriers fall=3  # comment``; empty ones are skipped.

    Arguments: data, the file's bytes: UTF-8, with any line ends; check, raises a ValueError for a URI with
    options that is refused.
    Returns: an entry for each good line, a fault for each bad one.
    """
    if data.startswith(_UTF_16):
        return Parsed([], ["line 1: the file is UTF-16, UTF-8 is needed"], 1)
    entries: list[Entry] = []
    faults: list[str] = []
    bad = 0
    seen: dict[str, int] = {}
    line_number, at = 1, 0
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for line in re.finditer(rb"[^\n]+", data):
        line_number += data.count(b"\n", at, line.start())
        at = line.start()
        try:
            entry = _entry(line[0])
            if entry is None:
                continue
            first = seen.setdefault(entry.destination.key, line_number)
            if first != line_number:
                raise Refused(f"{quoted(entry.destination.uri)} stands in line {first} already")
            if check:
                check(entry.destination.uri, entry.options)
            entries.append(entry)
        except (uris.InvalidURI, InvalidSetting, Refused) as fault:
            bad += 1
            if bad <= MOST_FAULTS:
                faults.append(f"line {line_number}: {fault}")
    return Parsed(entries, faults, bad)


def _entry(line: bytes) -> Entry | None:
    if len(line) > _MOST_BYTES_OF_A_LINE:
        raise Refused(f"it is longer than {_MOST_BYTES_OF_A_LINE} bytes")
    # A byte that is no UTF-8 may stand in a comment; anywhere else it is half a character, which is refused.
    words = _words(line.decode("utf-8", "surrogateescape").lstrip(_BYTE_ORDER_MARK))
    if not words:
        return None
    destination = uris.parse(words[0])
    given: dict[str, str] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name in given:
            raise InvalidSetting(f"{quoted(word)} is no name=value, or given twice")
        given[name] = value
    group = group_name(destination.uri, given.pop("group", ""))
    priority = number_of_text("priority", given.pop("priority", "0"))
    weight = number_of_text("weight", given.pop("weight", "0"))
    options = check_options(given)
    return Entry(destination, options, group, priority, weight)


def _words(line: str) -> list[str]:
    """Return the words of a line, without quotation marks and comment."""
    words: list[str] = []
    at = 0
    while True:
        word = _WORD.match(line, at)
        if word is None:
            raise Refused(_fault(line[at:].lstrip()))
        if word["end"] is not None:
            return words
        at = word.end()
        if word["bare"] is not None:
            words.append(word["bare"])
        elif word["single"] is not None:
            words.append((word["name"] or "") + word["single"])
        else:
            words.append((word["name"] or "") + re.sub(r'\\(["\\])', r"\1", word["double"]))


def _fault(rest: str) -> str:
    """Return what is wrong with a word, which the rest of a line begins with."""
    word = rest.split(maxsplit=1)[0]
    if "#" in word and not re.search(r'["\\]', word.partition("#")[0]):
        return f"{quoted(word)}: a comment begins behind white space, a value with # has quotation marks"
    return f"{quoted(word)}: quotation marks stand around a whole value, and \\ nowhere but in them"
