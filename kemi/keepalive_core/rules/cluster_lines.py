"""How nodes of a cluster talk: lines of text, one message a body (pure).

The first line is ``ka1 FROM TO LIFE NUMBER NEWEST``: who speaks to whom, the life of who speaks, the number
of this message in it, and the number of the last word that it said. Others are of the kinds below. Whoever
reads skips lines of another kind, and what stands behind the fields that it knows; if a line of a known kind
makes no sense, all of the message is refused. A word of a kind that is not known says nothing. The last line,
``mac``, has HMAC-SHA256 of all before it.
"""

import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from .cluster_facts import BUCKETS, MOST_NUMBER, Fact
from .cluster_ranges import Range
from .cluster_sayings import Piece
from .cluster_word import DOWN, DRAIN, KINDS, NONE, UP, Word
from .quoting import of_newer_unicode, one_line

VERSION: Final = "ka1"
BYTES: Final = 1_000
"""A body that is longer makes a datagram that no Ethernet carries in one piece; one long line may be"""
MOST_BYTES: Final = 8_000
"""A longer one is not read"""

_MOST_REASON: Final = 60
_MOST_LEFT_MS: Final = 10 * 366 * 86_400 * 1_000
_DECIDED: Final = "decided"
_MAC: Final = "\nmac "
_FIELD: Final = re.compile(r"[\x21-\x7e]{1,700}")
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_SUMS: Final = re.compile(rf"[0-9a-f]{{1,8}}(?:\.[0-9a-f]{{1,8}}){{{BUCKETS - 1}}}")
_FLAGS: Final = ("degraded", "paused", "joining")


class Unreadable(ValueError):
    """A body is no message for this node; says why."""


class Beat(NamedTuple):
    """What a node says of itself each second."""

    sums: tuple[int, ...] = (0,) * BUCKETS
    """of its facts, by bucket"""
    clock: int = 0
    """the highest number of a fact that it has seen"""
    degraded: bool = False
    paused: bool = False
    joining: bool = False
    version: str = "0"
    config: int = 0
    """a sum of its settings and of the destinations that it is configured with"""

    @property
    def standing(self) -> tuple[bool, ...]:
        """What of it the others are to know at once, as it makes owners."""
        return self.degraded, self.paused, self.joining


class Message(NamedTuple):
    """What one node tells another one."""

    sender: str
    to: str
    life: int
    number: int
    newest: int
    beat: Beat | None = None
    who: int = 0
    """asks for proof that this life is not a recording: whoever lives says this number"""
    here: int = 0
    """the number that was asked for"""
    pulls: Sequence[Range] = ()
    """which words it lacks of the one it speaks to"""
    pieces: Sequence[Piece] = ()
    facts: Sequence[Fact] = ()


# --- write --------------------------------------------------------------------------------------------------


def head(sender: str, to: str, life: int, number: int, newest: int) -> str:
    """Return a message's first line."""
    return f"{VERSION} {sender} {to} {life} {number} {newest}"


def beat_line(beat: Beat) -> str:
    """Return a heartbeat's line."""
    sums = ".".join(f"{each:x}" for each in beat.sums)
    flags = ",".join(name for name in _FLAGS if getattr(beat, name)) or "-"
    return f"beat {sums} {beat.clock} {flags} {_escaped(beat.version)} {beat.config}"


def piece_line(above: int, to: int) -> str:
    """Return the line in front of the words of a piece."""
    return f"words {above} {to}"


def word_line(key: str, word: Word, now: int) -> str:
    """Return a word's line. Arguments: key, of the destination; word; now, in us."""
    left = f" {_left_ms(word.ends, now)}" if word.kind == DRAIN else ""
    is_said = word.kind in (DOWN, DRAIN) and (word.reason or word.decided)
    reason = f" {_escaped(word.reason[:_MOST_REASON])}" if is_said else ""
    flag = f" {_DECIDED}" if word.decided else f" {word.fresh}" if word.fresh else ""
    return f"={word.kind} {key}{left}{reason}{flag}"


def fact_line(fact: Fact, now: int) -> str:
    """Return a fact's line. Arguments: fact; now, in us."""
    left = _left_ms(fact.ends, now) if fact.ends else "-"
    return f"fact {fact.number} {fact.author} {fact.kind} {fact.key} {left} {_escaped(fact.value)}"


def body(lines: Iterable[str], secret: bytes) -> str:
    """Return a message's body. Arguments: lines, the head first; secret, b"" for none."""
    text = "\n".join(lines)
    return f"{text}{_MAC}{_mac(text, secret)}" if secret else text


def _left_ms(ends: int, now: int) -> int:
    return max(0, (ends - now) // 1000)


def _escaped(text: str) -> str:
    return "%2D" if text == "-" else quote(text, safe="/:;@=+,!*()[]{}") or "-"


def _mac(text: str, secret: bytes) -> str:
    return hmac.digest(secret, text.encode(), "sha256").hex()


# --- read ---------------------------------------------------------------------------------------------------


def read(text: str, now: int, secrets: Sequence[bytes] = ()) -> Message:
    """Return the message that a body is.

    Arguments: text; now, in us; secrets, one of which it has to be signed with, if there are any.
    Raises: Unreadable.
    """
    _require(len(text) <= MOST_BYTES and text.isascii(), f"longer than {MOST_BYTES} bytes, or not ASCII")
    before, _, mac = text.rpartition(_MAC)
    if secrets:
        signed = [hmac.compare_digest(_mac(before, secret), mac.strip()) for secret in secrets]
        _require(any(signed), "not signed with our secret")
    first, *rest = (before or text).split("\n")
    fields = first.split(" ")
    _require(len(fields) >= 6 and fields[0] == VERSION, f"it does not begin with {VERSION}")
    life, number, newest = (_number(each) for each in fields[3:6])
    message = Message(_field(fields[1]), _field(fields[2]), life, number, newest)
    try:
        return _with_lines(message, rest, now)
    except (IndexError, ValueError) as error:
        raise Unreadable(one_line(str(error))) from None


def _with_lines(message: Message, lines: Iterable[str], now: int) -> Message:
    pulls: list[Range] = []
    pieces: list[Piece] = []
    words: dict[str, Word] = {}
    facts: list[Fact] = []
    for line in lines:
        kind, *fields = line.split(" ")
        if kind.startswith("=") and pieces:
            words[_field(fields[0])] = _word(kind[1:], fields, now)
        elif kind == "words":
            words = {}
            pieces.append(Piece(*_range(fields), words))
        elif kind == "beat":
            message = message._replace(beat=_beat(fields))
        elif kind == "who":
            message = message._replace(who=_number(fields[0]))
        elif kind == "here":
            message = message._replace(here=_number(fields[0]))
        elif kind == "pull":
            pulls.append(_range(fields))
        elif kind == "fact":
            facts.append(_fact(fields, now))
    return message._replace(pulls=pulls, pieces=pieces, facts=facts)


def _word(kind: str, fields: Sequence[str], now: int) -> Word:
    if kind not in KINDS:
        return Word(NONE)
    if kind == DRAIN:
        return Word(kind, _text([*fields, "-"][2], _MOST_REASON), now + _left_us(fields[1]))
    if kind == DOWN:
        return Word(kind, _text([*fields, "-"][1], _MOST_REASON), decided=_DECIDED in fields[2:3])
    fresh = [int(each) for each in fields[1:2] if kind == UP and _NUMBER.fullmatch(each)]
    return Word(kind, fresh=sum(fresh))


def _beat(fields: Sequence[str]) -> Beat:
    _require(bool(_SUMS.fullmatch(fields[0])), "no sums of facts")
    sums = tuple(int(each, 16) for each in fields[0].split("."))
    degraded, paused, joining = (name in fields[2].split(",") for name in _FLAGS)
    return Beat(sums, _number(fields[1]), degraded, paused, joining, _text(fields[3], 40), _number(fields[4]))


def _fact(fields: Sequence[str], now: int) -> Fact:
    number, author, kind, key, left, value = fields[:6]
    ends = 0 if left == "-" else now + _left_us(left)
    return Fact(_number(number), _field(author), _field(kind), _field(key), _text(value, MOST_BYTES), ends)


def _left_us(text: str) -> int:
    return max(1, min(_number(text, _MOST_LEFT_MS), _MOST_LEFT_MS) * 1000)


def _range(fields: Sequence[str]) -> Range:
    found = Range(_number(fields[0]), _number(fields[1]))
    _require(found.above <= found.to, "a range ends before it begins")
    return found


def _number(text: str, most: int = MOST_NUMBER) -> int:
    _require(bool(_NUMBER.fullmatch(text)) and int(text) <= most, f"no number up to {most}: {text[:40]!r}")
    return int(text)


def _field(text: str) -> str:
    _require(bool(_FIELD.fullmatch(text)), f"no field: {text[:40]!r}")
    return text


def _text(escaped: str, most: int) -> str:
    # A carrier's words, for one: the node that heard them may know characters that are none here.
    text = "" if escaped == "-" else of_newer_unicode(unquote(escaped, errors="strict"))
    _require(len(text) <= most and text.isprintable(), "a text is too long, or not printable")
    return text


def _require(is_so: bool, fault: str) -> None:
    if not is_so:
        raise Unreadable(fault)
