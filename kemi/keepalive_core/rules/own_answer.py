"""What this server answers to an OPTIONS that asks for itself, as a peer's health check sends it (pure)."""

import math
from typing import Final, NamedTuple

from .checks import Refused
from .modes import DRAIN, READY, Admin, said
from .quoting import quoted

OK: Final = 200
UNAVAILABLE: Final = 503

MOST_RETRY_AFTER: Final = 60
"""s, the longest Retry-After: a drain may end earlier than was said, and who asks is to hear of that"""
_FEW_SECONDS: Final = 10


class Answer(NamedTuple):
    """A reply."""

    code: int
    reason: str
    retry_after: int = 0
    """s; 0 for none"""


STARTING: Final = Answer(UNAVAILABLE, "Starting", 1)
"""While the state file is read, which may say that it is drained"""


class Others(NamedTuple):
    """The members of a group, without the peer that asks: else two that watch each other never recover."""

    up: int = 0
    """how many of them answer of their own"""
    members: int = 0
    """how many there are"""


def order(mode: object, until: object, by: object, why: object, now: int) -> Admin | None:
    """Return what an operator says of this server; None for ready.

    Arguments: as for modes.said(). Raises: Refused.
    """
    if mode not in (READY, DRAIN):
        raise Refused(f"mode {quoted(mode)} of this server: {READY} or {DRAIN} is needed")
    return said(mode, until, by, why, now)


def told(said: Admin | None) -> str:
    """Return in words what an operator said of this server."""
    if said is None:
        return READY
    seconds = f" for {said.until - said.since} s" if said.until else ""
    return f"{said.mode}{seconds}{f' by {said.by}' if said.by else ''}{f': {said.why}' if said.why else ''}"


def drain_at(said: Admin | None, wall: float) -> Admin | None:
    """Return the drain that holds at a time, epoch seconds; None if it is over, or there was none."""
    return None if said is None or (said.until and said.until <= wall) else said


def answer(drain: Admin | None, others: Others, least: int, wall: float) -> Answer:
    """Return what to answer.

    Arguments: drain, of this server, that holds now; others, of the group; least, how many of them have to be
    up, or all if there are fewer; wall, epoch seconds.
    """
    if drain:
        left = math.ceil(drain.until - wall) if drain.until else MOST_RETRY_AFTER
        return Answer(UNAVAILABLE, "Drained", min(max(1, left), MOST_RETRY_AFTER))
    if others.up < min(least, others.members):
        return Answer(UNAVAILABLE, "Too Few Members Are Up", _FEW_SECONDS)
    return Answer(OK, "OK")
