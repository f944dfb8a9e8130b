"""When this server could not hear: what its watch writes down, and what that says of a silence (pure).

A silence counts unless it has a witness, and that a timeout came early or late is none. Times are
microseconds of one monotonic clock, if nothing else is said.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from .times import SECOND

# The interval of the watch's rtimer, in keepalive-settings.cfg, in us.
BEAT: Final = SECOND // 10
# On a busy machine that hears everything a process may be late by this time, in us.
LATE: Final = 3 * SECOND // 10


# --- a server that stands still, a clock that jumps -------------------------------------------------------

# Kamailio's timers count ticks of 1/16 s. Those that a standstill cost, and those that a clock set forward
# left out, are made up for at once, within 5 s (5.6 to 6.1): till then they may end a time limit early.
_MADE_UP: Final = 6 * SECOND
# The time after a standstill within which all that waited is read and judged, in us.
_CATCHES_UP: Final = SECOND
# A gap that is shorter, in us, costs no tick, and is not written down.
_TICK: Final = SECOND // 16
# A time limit that ends early by less than this, in us, has not: it counts ticks, and one more was asked for.
EARLY: Final = SECOND // 10
# The time for which a gap matters, in us: the longest time limit, and what is made up for within it.
_MATTERS: Final = 40 * SECOND
# The most gaps that are remembered.
_MOST_GAPS: Final = 100


class Pulse(NamedTuple):
    """When this server was seen awake."""

    beat: int = 0
    """the last time in us; 0 for never"""
    ahead: int = 0
    """by how much the wall clock was ahead of the monotonic one then, in us"""


class Gap(NamedTuple):
    """A time of which this server saw nothing."""

    at: int
    """when it was over, in us"""
    stood: int
    """for how long the server was seen by nobody, in us"""
    jumped: int
    """by how much the wall clock was set forward, in us"""

    @property
    def began(self) -> int:
        """When the server was seen last before it, in us."""
        return self.at - self.stood - BEAT

    @property
    def excuses_until(self) -> float:
        """Until when an answer that came in it may not have been heard, in us."""
        # What arrived while the server stood still waited for it. While it slept with its machine, which sets
        # the wall clock forward, nothing arrived.
        return self.at + _CATCHES_UP if self.stood >= self.jumped else math.inf

    @property
    def lost(self) -> int:
        """Of how much time Kamailio's timers know nothing yet, in us."""
        return self.stood + self.jumped

    def witness(self) -> str:
        """Say what it was, for people."""
        return "its clock jumped" if self.jumped > self.stood else "this server stood still"


def gap(known: Pulse, now: int, ahead: int) -> Gap | None:
    """Return what lies between the last beat and now, if that is more than an interval.

    Arguments: now, in us; ahead, by how much the wall clock is ahead of the monotonic one now, in us.
    """
    if not known.beat:
        return None
    # A clock that is set back leaves nothing out: Kamailio's timers go on as before.
    stood, jumped = max(0, now - known.beat - BEAT), max(0, ahead - known.ahead)
    return Gap(now, stood, jumped) if stood + jumped >= _TICK else None


def remembered(gaps: Sequence[Gap], found: Gap | None, now: int) -> tuple[Gap, ...]:
    """Return the gaps that still matter now, in us, with the one that was found."""
    if not gaps and found is None:  # as nearly always
        return ()
    known = (each for each in (*gaps, found) if each and now - each.at < _MATTERS)
    return tuple(known)[-_MOST_GAPS:]


def missed(gaps: Iterable[Gap], sent: int, ended: int, limit: int) -> Gap | None:
    """Return the gap because of which an answer to a ping may not have been heard.

    Either it lies within the ping's time, towards its end, or Kamailio's timers made up for it and ended that
    early: by as much as gaps cost not long before.

    Arguments: sent and ended, of the ping, in us; limit, that tm had for it, in us.
    """
    begun = [each for each in gaps if each.began < ended]
    for each in begun:
        if each.lost > LATE and sent < each.at and ended < each.excuses_until:
            return each
    early = limit - (ended - sent)
    made_up = [each for each in begun if sent - _MADE_UP < each.at]
    if early > EARLY and sum(each.lost for each in made_up) >= early - EARLY:
        return max(made_up, key=lambda each: each.lost)
    return None


# --- answers that nobody read -----------------------------------------------------------------------------

# The number of slots that are remembered: 40 s, for the longest time limits.
_REMEMBERED: Final = 400


class Queue(NamedTuple):
    """What is known of a queue of answers: sooner or later each is read, in order, if it is not dropped."""

    newest: int = 0
    """the last slot of BEAT in which something was dropped, counted from the clock's zero"""
    dropped: int = 0
    """a bit for each slot up to it, that of the newest the lowest"""
    unread_since: int = 0
    """when the oldest arrived of what nobody has read yet, in us; 0 if all is read"""


def also_dropped(known: Queue, since: int, until: int) -> Queue:
    """Return what is known, and that something was dropped between two times in us."""
    newest = max(known.newest, until // BEAT)
    before = known.dropped << min(newest - known.newest, _REMEMBERED)
    slots = (1 << min(newest - since // BEAT + 1, _REMEMBERED)) - 1
    return known._replace(newest=newest, dropped=(before | slots) & ((1 << _REMEMBERED) - 1))


def was_dropped(known: Queue, since: int, until: int) -> bool:
    """Say whether what arrived between two times in us may have been dropped."""
    first, last = max(0, known.newest - until // BEAT), known.newest - since // BEAT
    if last < 0 or first >= _REMEMBERED:
        return False
    asked = (1 << min(last + 1, _REMEMBERED)) - (1 << first)
    return bool(known.dropped & asked)


def read_no_answer(known: Queue, copies: Iterable[int], latency: int, ended: int) -> bool:
    """Say whether no copy of a ping had an answer that would have been read.

    One copy is enough: a peer whose answer would have been read, and that gave none, is silent. A copy that
    left too late to be answered in time says nothing.

    Arguments: copies, when each left, in us, to a BEAT; latency, after which the peer answers, in us; ended,
    when the ping's time was over, in us.
    """
    first, *others = copies
    answered = [first, *(sent for sent in others if sent + latency < ended)]
    return all(_is_unread(known, sent - BEAT, min(sent + latency + LATE, ended)) for sent in answered)


def _is_unread(known: Queue, since: int, until: int) -> bool:
    return 0 < known.unread_since <= until or was_dropped(known, since, until)
