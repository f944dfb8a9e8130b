"""As what evidence is counted, and for which groups (pure).

A row counts one thing of one set of groups. ``ok/37 carriers,resellers`` has the answered pings of
destinations in these two groups whose duration lies in cell 37.
"""

import hashlib
import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from .calls import is_call_success
from .criteria import Criteria
from .durations import CELLS, cell_of
from .evidence import Call, Evidence, Kind, Mismatch, Report, Result
from .judging import asks_to_drain, is_success, is_void
from .states import STATE_NAMES

OK: Final = "ok"
FAILED: Final = "failed"
TIMEOUT: Final = "timeout"
VOID: Final = "void"
DRAINED: Final = "drained"
PINGS: Final = (OK, FAILED, TIMEOUT, VOID, DRAINED)
"""How a ping ended: exactly one of these is true of each that was judged"""
CALLS: Final = ("call_ok", "call_failed")
REPORTS: Final = ("report_ok", "report_failed")
MISMATCHED: Final = "mismatched"
CHANGES: Final = {state: f"to_{name}" for state, name in STATE_NAMES.items()}
"""The words for changes, by the state to which they lead"""
WORDS: Final = frozenset((*PINGS, *CALLS, *REPORTS, MISMATCHED, *CHANGES.values()))

NO_GROUP: Final = "*"
"""The set of groups of a destination that is in none; no name is written so"""
# Longer texts are hashed: a destination has as many groups as owners.
_MOST_TEXT: Final = 200
_HASHED: Final = "#"
_HASH_BYTES: Final = 12
_HASH: Final = re.compile(f"{_HASHED}[0-9a-f]{{{2 * _HASH_BYTES}}}")


class CounterKey(NamedTuple):
    """What the key of a row says that it counts."""

    word: str
    cell: int | None
    """of the ping's duration; None if nothing was waited for that came"""
    groups: str
    """a set of groups, as set_of() writes it"""


def timed(word: str, duration_us: int) -> str:
    """Return the word for pings that were answered: it names the cell of their duration."""
    return f"{word}/{cell_of(duration_us)}"


def word_for(evidence: Evidence, criteria: Criteria) -> str:
    """Return the word as which a piece of evidence is counted, "" if it is not. Arguments: as for judge()."""
    match evidence:
        case Result():
            return _word_for_ping(evidence, criteria)
        case Call():
            return CALLS[not is_call_success(evidence.code)]
        case Report():
            return REPORTS[not evidence.success]
        case Mismatch():
            return MISMATCHED
        case _:
            return ""


def _word_for_ping(result: Result, criteria: Criteria) -> str:
    if is_void(result):
        return VOID
    if result.kind is not Kind.REPLY:
        return TIMEOUT if result.kind.is_silent else FAILED
    word = OK if is_success(result, criteria) else FAILED
    return timed(DRAINED if asks_to_drain(result, criteria) else word, result.ended - result.sent)


@lru_cache(maxsize=4096)
def set_of(groups: tuple[str, ...]) -> str:
    """Return the text of a set of groups: one word that no other set has, whatever their names are."""
    text = ",".join(sorted({quote(name, safe="") for name in groups})) or NO_GROUP
    return (
        text
        if len(text) <= _MOST_TEXT
        else _HASHED + hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).hexdigest()
    )


def groups_in(text: str) -> tuple[str, ...] | None:
    """Return the groups that a set_of() stands for; None if it is hashed."""
    if text.startswith(_HASHED):
        return None
    return () if text == NO_GROUP else tuple(map(unquote, text.split(",")))


def read(key: str) -> CounterKey | None:
    """Return what a row of a key counts; None if it was not written here."""
    name, space, groups = key.partition(" ")
    word, slash, digits = name.partition("/")
    if not space or word not in WORDS or not _is_set(groups):
        return None
    if not slash:
        return CounterKey(word, None, groups)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3 and int(digits) < CELLS):
        return None
    return CounterKey(word, int(digits), groups)


def _is_set(text: str) -> bool:
    names = groups_in(text)
    return _HASH.fullmatch(text) is not None if names is None else set_of(names) == text
