"""The rules of health: a ping's result comes in, a verdict goes out (pure).

No clock, no Kamailio, no memory of its own: all a rule needs is in its arguments, all it decides is in
what it returns. Times are microseconds of one monotonic clock that all processes share.
"""

from enum import Enum
from typing import NamedTuple

# The manual's values, section 1.1 of its developer guide.
UNKNOWN = 0
UP = 1
DOWN = 2

STATE_NAMES = {UNKNOWN: "unknown", UP: "up", DOWN: "down"}


class Kind(Enum):
    """How a ping ended. A local timeout is told from a received 408 here, never by a number."""

    REPLY = "reply"
    TIMEOUT = "timeout"
    SEND_FAILED = "send failed"
    LOST = "lost"
    """no word of any kind by the deadline: dropped on its way out, or its result was"""


class Result(NamedTuple):
    """One ping's end."""

    generation: int
    """of the registration that the ping was sent for"""
    sent: int
    """when the ping left, us"""
    ended: int
    """when its end was known, us"""
    kind: Kind
    code: int = 0
    """the final SIP code of a reply, else 0"""
    reason: str = ""

    def why(self) -> str:
        """Say how the ping ended, for a log line."""
        milliseconds = (self.ended - self.sent) / 1000
        if self.kind is Kind.REPLY:
            return f"{self.code} {self.reason}".rstrip() + f" in {milliseconds:.1f} ms"
        if self.kind is Kind.SEND_FAILED:
            return "the ping could not be sent"
        return f"no reply in {milliseconds:.0f} ms"


class Health(NamedTuple):
    """What is known of one destination; the order of the fields is the record's in shared memory."""

    generation: int
    """new at each registration, so that a result for an older one is recognised"""
    state: int = UNKNOWN
    judged: int = 0
    """when the newest ping that was judged had left, us; 0 before the first"""


class Transition(Enum):
    """What a result did."""

    STALE = "stale"
    """nothing: it is for another registration, or a result as new or newer was judged before"""
    UNCHANGED = "unchanged"
    CHANGED = "changed"


class Verdict(NamedTuple):
    """A rule's answer."""

    health: Health
    transition: Transition


def is_success(result: Result) -> bool:
    """Say whether a result is a sign of life: a reply of class 2xx, as the C module has it."""
    return result.kind is Kind.REPLY and 200 <= result.code <= 299


def judge(health: Health, result: Result) -> Verdict:
    """Decide what a result means for a destination.

    Arguments: health, as known before; result, what came in.
    Returns: the health from now on, and what kind of step that was. A stale result changes nothing.
    """
    if result.generation != health.generation or result.sent <= health.judged:
        return Verdict(health, Transition.STALE)
    state = UP if is_success(result) else DOWN
    transition = Transition.UNCHANGED if state == health.state else Transition.CHANGED
    return Verdict(health._replace(state=state, judged=result.sent), transition)
