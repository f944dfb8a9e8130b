"""What shows how a destination is: a ping's end, or what traffic other than pings showed (pure).

Times are microseconds of one monotonic clock that all processes share.
"""

from enum import Enum
from typing import Final, NamedTuple

from .quoting import one_line
from .states import UNKNOWN
from .times import SECOND

# A ping with neither reply nor timeout is given up this long after its time limit: tm's timers run in steps
# of 1/16 s, and their process may be busy.
GRACE: Final = SECOND

NO_VERDICT: Final = "no verdict: "
"""How the reason of a ping without a verdict begins."""


class Kind(Enum):
    """How a ping ended: all that depends on it is in this table.

    A local timeout is told from a received 408 here, never by a number.
    """

    #             word           what a log line says           silent  our fault
    REPLY = ("reply", "", False, False)  # it says what came
    TIMEOUT = ("timeout", "no reply", True, False)
    SEND_FAILED = ("send_failed", "the ping could not be sent", False, False)
    # Neither reply nor timeout by the deadline: the request was lost, or its result.
    LOST = ("lost", "no reply", True, False)
    # Silent, but this server could not have received an answer.
    UNHEARD = ("unheard", "no reply", True, True)
    # This server could not send it.
    UNSENT = ("unsent", "not sent", False, True)

    def __init__(self, word: str, text: str, is_silent: bool, is_our_fault: bool) -> None:
        self.word = word
        """what info() has in last_result; programs compare it"""
        self.text = text
        self.is_silent = is_silent
        """whether an answer was waited for, and none came"""
        self.is_our_fault = is_our_fault
        """whether it says nothing of the destination, so that the ping has no verdict"""


WORDS: Final = frozenset(kind.word for kind in Kind)


class Result(NamedTuple):
    """One ping's end."""

    generation: int
    """of the registration that the ping was sent for"""
    sent: int
    """when the ping left, in us"""
    ended: int
    """when its end was known, in us"""
    kind: Kind
    code: int = 0
    """the final SIP code of a reply, else 0"""
    reason: str = ""
    """a reply's phrase; if it is our fault, what kept this server from hearing or sending"""
    retry_after: int = 0
    """the seconds that a reply asks for; 0 for none"""

    @property
    def at(self) -> int:
        """When it was known, in us."""
        return self.ended

    def why(self) -> str:
        """Say how the ping ended, for a log line."""
        if self.kind is Kind.REPLY:
            return replied(self.code, self.reason, self.ended - self.sent)
        text = self.kind.text
        if self.kind.is_silent:
            text = f"{text} in {(self.ended - self.sent) / 1000:.0f} ms"
        return f"{text}: {self.reason}" if self.reason else text


def replied(code: int, phrase: str, latency_us: int) -> str:
    """Say that a reply came, and after which time."""
    ms = latency_us / 1000
    return f"{code} {phrase} in {ms:.1f} ms" if phrase else f"{code} in {ms:.1f} ms"


class Report(NamedTuple):
    """What a script says of a destination."""

    success: bool
    reason: str
    at: int = 0
    """when, in us"""

    def why(self) -> str:
        """Say what was reported, for a log line."""
        return f"reported {'alive' if self.success else 'failing'}: {one_line(self.reason)}"


class Call(NamedTuple):
    """A reply to a call."""

    code: int
    at: int
    """when, in us"""


class Expiry(NamedTuple):
    """No fresh evidence came for so long that the state is unknown."""

    reason: str
    at: int
    """when, in us"""


class EndOfDrain(NamedTuple):
    """The time of a drain that the destination asked for may be over."""

    at: int
    """when, in us"""


class Mismatch(NamedTuple):
    """A reply came that belongs to no ping of the destination."""

    at: int
    """when, in us"""


class OfTargets(NamedTuple):
    """What is known of a name by its targets, or by what DNS says of it."""

    state: int
    reason: str
    at: int
    """when, in us"""
    drain_until: int = 0
    """when the drain of its targets may be over, in us; 0 if enough of them take calls"""
    is_turn: bool = False
    """whether it counts as a ping's result would: the name has its turn at each interval"""


class OfCluster(NamedTuple):
    """What the words of a cluster's nodes make of a destination for this node."""

    state: int | None
    """None if it stays what it is"""
    reason: str
    at: int
    """when, in us"""
    drain_until: int = 0
    """of one that is up: when the drain may be over that it asked a node for, in us; 0 for none"""
    own: int = UNKNOWN
    """what this node says of it itself: up or down; unknown if it says nothing"""
    is_asked: bool = False
    """whether all that this node's own evidence shows of it is waited for"""


class OfTracked(NamedTuple):
    """What the destination showed that this one tracks."""

    shown: Result | OfTargets | OfCluster
    """of a result the generation is that of the other one"""
    is_frozen: bool = False
    """whether so many others fail that the other one stays as it is"""

    @property
    def at(self) -> int:
        """When it was known, in us."""
        return self.shown.at


Evidence = Result | Report | Call | Expiry | EndOfDrain | Mismatch | OfTargets | OfCluster | OfTracked
