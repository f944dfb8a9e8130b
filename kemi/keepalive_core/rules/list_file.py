"""The list file: a destination a line, with options (pure)."""

import re
from collections.abc import Callable, Collection, Mapping, Set
from functools import partial
from typing import Final, NamedTuple

from . import uris
from .checks import Refused, group_name, group_to_configure, number_of_text
from .parameter import Whose
from .parameters import ALIASES, PARAMETERS, InvalidSetting, Value, check_options
from .quoting import quoted
from .replacing import MOST_FAULTS
from .steps import Steps, at_once
from .words import MOST_BYTES_OF_A_LINE, named, words_of

MOST_BYTES: Final = 32 * 2**20
"""A larger file is none: half a million destinations take as much."""

# They take some 5 ms.
_LINES_OF_A_STEP: Final = 200
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# A line that is nothing else: a million of them are to cost no more than their bytes.
_COMMENT: Final = re.compile(rb"^[ \t]{0,99}#[^\n]{0,999}$", re.MULTILINE)
# What some editors write at a file's beginning, and what is left of it where files were joined.
_BYTE_ORDER_MARK: Final = "\ufeff"

# A line that begins so says options of groups. A name with ; or = in it would be part of a URI.
_OF_GROUP: Final = re.compile(r"group\.(?P<group>[^;=]+)\.(?P<option>[a-z_]+)=(?P<value>.*)", re.DOTALL)
# A word that a slip has made a URI of one of these, as group.g.fall:3; no host is named after a parameter.
_NEARLY_OF_GROUP: Final = re.compile(
    rf"group\.(?:[^;=@]*\.)?(?:{'|'.join([*PARAMETERS, *ALIASES])})(?![\w.-])[^@]*", re.IGNORECASE
)

Options = dict[str, Value]


class Entry(NamedTuple):
    """One line that says a destination."""

    destination: uris.Destination
    options: Options
    group: str = ""
    priority: int = 0
    weight: int = 0


class Parsed(NamedTuple):
    """What a file says."""

    entries: list[Entry]
    groups: dict[str, Options]
    """options of groups, by their names"""
    faults: list[str]
    """of the first lines that were refused, each with its number"""
    bad: int
    """how many lines were refused"""
    aliases: Set[str] = frozenset()
    """names of the C module that it has for parameters"""


def _of_group(options: Mapping[str, object]) -> Options:
    return check_options(options, Whose.GROUP)


def parse(
    data: bytes,
    check: Callable[[Entry, Options], None] | None = None,
    check_group: Callable[[Mapping[str, object]], Options] = _of_group,
) -> Parsed:
    """Read lines such as ``sip:192.168.10.20 group=carriers fall=3  # comment``; empty ones are skipped.

    ``group.carriers.fall=3`` says an option of a group.

    Arguments: data, the file's bytes: UTF-8, with any line ends; check, raises a ValueError for an entry that
    is refused, given the options that the file has for its group; check_group, returns a group's options as
    they are to be used, or raises InvalidSetting.
    Returns: an entry for each good line, a fault for each bad one.
    """
    return at_once(parse_in_steps(data, check, check_group))


def parse_in_steps(
    data: bytes,
    check: Callable[[Entry, Options], None] | None,
    check_group: Callable[[Mapping[str, object]], Options],
) -> Steps[Parsed]:
    """Do what parse() does, a few hundred lines in each step."""
    if data.startswith(_UTF_16):
        return Parsed([], {}, ["line 1: the file is UTF-16, UTF-8 is needed"], 1)
    reading = _Reading(check_group)
    line_number, at = 1, 0
    data = _COMMENT.sub(b"", data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    for number, line in enumerate(re.finditer(rb"[^\n]+", data), 1):
        line_number += data.count(b"\n", at, line.start())
        at = line.start()
        reading.attempt(line_number, lambda: reading.take(line_number, line[0]))  # noqa: B023 - called at once
        if number % _LINES_OF_A_STEP == 0:
            yield
    return (yield from reading.parsed(check))


class _Reading:
    """What was read of a file until now. Arguments: check_group, as for parse()."""

    def __init__(self, check_group: Callable[[Mapping[str, object]], Options]) -> None:
        self._check_group = check_group
        self._entries: dict[str, tuple[int, Entry]] = {}
        """by the keys of the destinations, each with the number of its line"""
        self._groups: dict[str, Options] = {}
        self._group_lines: dict[tuple[str, str], int] = {}
        """in which line an option of a group stands"""
        self._faults: list[tuple[int, str]] = []
        self._bad = 0
        self._aliases: set[str] = set()

    def attempt(self, line_number: int, step: Callable[[], None]) -> bool:
        """Do what a line asks for; return whether that was not refused."""
        try:
            step()
        except (uris.InvalidURI, InvalidSetting, Refused) as fault:
            self._bad += 1
            # Those of a check come behind those of all lines, and may be of a line before them.
            if self._bad <= 2 * MOST_FAULTS:
                self._faults.append((line_number, f"line {line_number}: {fault}"))
            return False
        return True

    def take(self, line_number: int, line: bytes) -> None:
        """Take over what a line says; raises what attempt() expects, then nothing has changed."""
        if len(line) > MOST_BYTES_OF_A_LINE:
            raise Refused(f"it is longer than {MOST_BYTES_OF_A_LINE} bytes")
        # A byte that is no UTF-8 may stand in a comment; elsewhere it is half a character, which is refused.
        words = words_of(line.decode("utf-8", "surrogateescape").lstrip(_BYTE_ORDER_MARK))
        if not words:
            return
        if _OF_GROUP.fullmatch(words[0]):
            self._take_options(line_number, words)
            return
        if _NEARLY_OF_GROUP.fullmatch(words[0]):
            raise InvalidSetting(
                f"{quoted(words[0])} is no group.NAME.PARAMETER=VALUE; a host of that name has sip: in front"
            )
        entry, names = _entry(words)
        first, _ = self._entries.setdefault(entry.destination.key, (line_number, entry))
        if first != line_number:
            raise Refused(f"{quoted(entry.destination.uri)} stands in line {first} already")
        self._note(*names)

    def _note(self, *names: str) -> None:
        self._aliases |= ALIASES.keys() & {*names}

    def _take_options(self, line_number: int, words: list[str]) -> None:
        found: list[tuple[str, str, Options]] = []
        names: list[str] = []
        for word in words:
            said = _OF_GROUP.fullmatch(word)
            if said is None:
                raise InvalidSetting(f"{quoted(word)} is no group.NAME.PARAMETER=VALUE")
            name, written = group_to_configure(said["group"]), said["option"]
            option = ALIASES.get(written, written)
            names.append(written)
            first = self._group_lines.get((name, option))
            if first or (name, option) in [each[:2] for each in found]:
                raise InvalidSetting(
                    f"{written} of group {quoted(name)} stands in line {first or line_number} already"
                )
            try:
                found.append((name, option, self._check_group({written: said["value"]})))
            except InvalidSetting as fault:
                raise InvalidSetting(f"group {quoted(name)}: {fault}") from None
        for name, option, options in found:
            self._groups.setdefault(name, {}).update(options)
            self._group_lines[name, option] = line_number
        self._note(*names)

    def parsed(self, check: Callable[[Entry, Options], None] | None) -> Steps[Parsed]:
        """Return what the file says, all lines of it. Arguments: check, as for parse()."""
        entries = []
        for number, (line_number, entry) in enumerate(self._entries.values(), 1):
            options = self._groups.get(entry.group, {})
            if check is None or self.attempt(line_number, partial(check, entry, options)):
                entries.append(entry)
            if number % _LINES_OF_A_STEP == 0:
                yield
        faults = [fault for _, fault in sorted(self._faults)[:MOST_FAULTS]]
        return Parsed(entries, self._groups, faults, self._bad, self._aliases)


def _entry(words: list[str]) -> tuple[Entry, Collection[str]]:
    """Return what a line says of a destination, and the names of the options as it writes them."""
    destination = uris.parse(words[0])
    given = named(words[1:])
    group = group_name(destination.uri, given.pop("group", ""))
    priority = number_of_text("priority", given.pop("priority", "0"))
    weight = number_of_text("weight", given.pop("weight", "0"))
    return Entry(destination, check_options(given), group, priority, weight), given
