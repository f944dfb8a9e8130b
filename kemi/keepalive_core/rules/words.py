"""The words of a line of text, as the list file and commands have them (pure)."""

import re
from collections.abc import Iterable
from typing import Final

from .checks import Refused
from .parameters import InvalidSetting
from .quoting import quoted

MOST_BYTES_OF_A_LINE: Final = 8192

# A word is a URI or name=value; one that begins with a quotation mark, or a value that does, goes to the next
# one. Elsewhere ' is a character like others: sip:o'neil@host.
_NAME: Final = r"""(?:group\.[^\s"'\\\#;=]+\.)?[a-z_]+="""
_WORD: Final = re.compile(
    rf"""\s*+(?:
        (?P<name>{_NAME})? (?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' ) (?!\S)
        | (?P<bare>(?!{_NAME}')[^\s"\\\#]+) (?!\S)
        | (?P<end>\#.*|$)
    )""",
    re.VERBOSE | re.DOTALL,
)


def words_of(line: str) -> list[str]:
    """Return the words of a line, without quotation marks and comment. Raises: Refused."""
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


def named(words: Iterable[str]) -> dict[str, str]:
    """Return what words such as ``fall=3`` say, by the names. Raises: InvalidSetting."""
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in given:
            raise InvalidSetting(f"{quoted(word)} is no name=value, or given twice")
        given[name] = value
    return given


def _fault(rest: str) -> str:
    """Return what is wrong with a word, which the rest of a line begins with."""
    word = rest.split(maxsplit=1)[0]
    if "#" in word and not re.search(r'["\\]', word.partition("#")[0]):
        return f"{quoted(word)}: a comment begins behind white space, a value with # has quotation marks"
    return f"{quoted(word)}: quotation marks stand around a whole value, and \\ nowhere but in them"
