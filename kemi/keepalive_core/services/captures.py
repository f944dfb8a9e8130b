"""A ping that is shown: what was sent and what came back, for an operator who asked for it.

The ping that was asked for alone bears a mark, so that others cost nothing more. Its prober, and the worker
that gets its reply, put what they have at hand into the feed; the process that serves HTTP joins that. What
became of the ping stands in its destination's health, as of any ping.
"""

from collections import deque
from collections.abc import Generator
from typing import Any, Final

from ..kamailio import clock, destination_rows, queues, tm
from ..rules.checks import Refused
from ..rules.evidence import Kind, replied
from ..rules.notices import Notice
from ..rules.pinged import NO_MARKS
from ..rules.policy import Policy
from ..rules.record import Health
from ..rules.reply_codes import has_code
from ..rules.resolution import Resolution
from ..rules.schedule import SOONEST, Wish
from ..rules.shown_message import shown_message
from ..rules.times import SECOND
from ..rules.turns import DISABLED, MAINTENANCE, NOT_STARTED, PAUSED, SHORT_OF_MEMORY, TRACK
from ..rules.ways import Way
from . import feed, information

_PART: Final = "keepalive.capture"

WAITING: Final = "waiting"
"""the result of a ping that has no end yet"""
MOST_WAITING: Final = 16
"""how many may be waited for at a time"""
_TARGETS_AT_ONCE: Final = 8
"""of those, how many of one name"""
LONGEST: Final = 10 * SECOND
"""how long one is waited for, in us"""
# How long what was sent and what came back may come behind the verdict, in us: the feed is read each 50 ms.
_TEXT_IS_LATE: Final = SECOND // 2
# How long it takes to hear of the ping that was ordered, behind the end of another one, in us: it leaves
# SOONEST behind that at the latest, and some ticks.
_HEARD_WITHIN: Final = SOONEST + SECOND
# How one ends that did not leave.
_UNSENT: Final = frozenset((Kind.UNSENT.word,))
_NOT_SENT: Final = frozenset((Kind.UNSENT.word, Kind.SEND_FAILED.word))
_FAILURES: Final = frozenset((Kind.TIMEOUT.word, Kind.SEND_FAILED.word, Kind.LOST.word))
# What keeps even a ping that is ordered from leaving, as not_pinged_because has it.
_HOPELESS: Final = frozenset((NOT_STARTED, DISABLED, PAUSED, SHORT_OF_MEMORY, MAINTENANCE))


# --- where pings leave and replies come in ----------------------------------------------------------------


def send(key: str, generation: int, uri: str, policy: Policy, way: Way, marks: str = NO_MARKS) -> int:
    """Send a ping that is shown, as tm.send() does, and tell what leaves. Raises: likewise."""
    left_us, request = tm.send_shown(key, generation, uri, policy, way, marks)
    _put(key, left_us or clock.now(), request=shown_message(request), has_left=left_us > 0)
    return left_us


def keep_reply(ping: tm.Ping, code: int, ended: int) -> None:
    """Tell what came back: the reply at hand, and when it came, in us."""
    _put(
        ping.key,
        ping.sent_us,
        has_left=True,
        reply=shown_message(tm.message_at_hand()),
        code=code,
        latency_ms=(ended - ping.sent_us) / 1000,
        alive=has_code(ping.criteria.codes, code),
    )


def _put(key: str, sent_us: int, **part: Any) -> None:
    feed.put({"event": _PART, "key": key, "sent_us": sent_us, **part})


# --- where they are shown ---------------------------------------------------------------------------------


class _Capture:
    """A ping that is waited for, as far as it is known."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.asked_us = clock.now()
        self.sent_us = 0
        """when it left, or was found not to; 0 before that is known"""
        self.has_left = False
        self.request = ""
        self.reply = ""
        self.code = 0
        self.latency_ms = 0.0
        self.alive: bool | None = None

    def take(self, sent_us: int, part: Notice) -> None:
        """Take a part, if it is of this ping."""
        if sent_us < self.asked_us or self.sent_us not in (0, sent_us):
            return
        self.sent_us = sent_us
        self.has_left = part.get("has_left", self.has_left)
        self.request = part.get("request", self.request)
        self.reply = part.get("reply", self.reply)
        self.code = part.get("code", self.code)
        self.latency_ms = part.get("latency_ms", self.latency_ms)
        self.alive = part.get("alive", self.alive)

    def is_ended_by(self, known: Health) -> bool:
        """Say whether the end of this ping is known, and not that of another one alone.

        A regular ping may leave between the order and the prober's look at it, and nobody sees what that was.
        Of one that a hindrance keeps here nothing is heard but its end.
        """
        if self.has_left:
            return known.newest_sent >= self.sent_us
        # One that did not leave is recorded as of before it was tried, and DNS may take seconds.
        is_new = known.newest_sent >= self.asked_us
        return is_new and known.result in (_UNSENT if not self.sent_us else _NOT_SENT)

    def lacks_text(self, result: str) -> bool:
        """Say whether a part is still to come of a ping that has ended so; parts come in any order."""
        return (self.has_left and not self.request) or (result == Kind.REPLY.word and not self.reply)


_waiting: list[_Capture] = []


def take(notice: Notice) -> bool:
    """Take what the feed has of a ping that is shown; False if it is something else."""
    if notice["event"] != _PART:
        return False
    for capture in _waiting:
        if capture.key == notice["key"]:
            capture.take(notice["sent_us"], notice)
    return True


def ping(key: str) -> Generator[None, None, dict[str, Any]]:
    """Order a ping of a destination, and wait for its end; only where the feed is read.

    It yields whenever others may have a turn, and returns ``result``, a word of rules/evidence.py, or
    WAITING; ``alive``, whether that counts as alive, None if it says nothing of the destination; ``code`` and
    ``latency_ms`` of the reply, else 0; ``reason``; ``request`` and ``reply``, as they were on the wire
    without passwords, "" for none. Raises: Refused, SharedMemoryFull.
    """
    hindrance = information.of(key).get("not_pinged_because", "")
    if hindrance in _HOPELESS or hindrance.startswith(TRACK):
        return _shown(_Capture(key), Kind.UNSENT.word, f"no ping is sent: {hindrance}")
    if len(_waiting) >= MOST_WAITING:
        raise Refused(f"{MOST_WAITING} pings are waited for already")
    capture = _Capture(key)
    _waiting.append(capture)
    another: Health | None = None
    until = longest = capture.asked_us + LONGEST
    try:
        queues.announce_change(key, Wish.SHOWN)
        while clock.now() < (longest if capture.sent_us else until):
            yield
            known = destination_rows.health(key)
            if known is None:
                return _shown(capture, Kind.UNSENT.word, "it is monitored no more")
            if capture.is_ended_by(known):
                yield from _wait_for_text(capture, known.result)
                return _ended(capture, known)
            if known.newest_sent >= capture.asked_us:
                if another is None:
                    until = min(longest, clock.now() + _HEARD_WITHIN)
                another = known
    finally:
        _waiting.remove(capture)
    if capture.has_left:
        seconds = round((clock.now() - capture.sent_us) / SECOND)
        return _shown(capture, WAITING, f"no reply in {seconds} s, and its time is not over")
    if another and not capture.sent_us:
        return _ended(capture, another)
    return _shown(capture, Kind.UNSENT.word, f"no ping left in {LONGEST // SECOND} s")


def ping_name(key: str, known: Resolution) -> Generator[None, None, dict[str, Any]]:
    """Order pings of all targets of a name, some at a time, and wait for the ends of all.

    Returns: as ping() does, of the first target that is alive, or the first one at all; and ``targets``, what
    became of each, with its key as ``target``.
    """
    targets = [each.key for each in known.all_targets]
    if not targets:
        return {**_shown(_Capture(key), Kind.UNSENT.word, f"no target: {known.fault}"), "targets": []}
    ended: dict[str, dict[str, Any]] = {}
    waiting = deque(targets)
    running: dict[str, Generator[None, None, dict[str, Any]]] = {}
    while waiting or running:
        while waiting and len(running) < _TARGETS_AT_ONCE:
            key = waiting.popleft()
            running[key] = ping(key)
        for key, each in list(running.items()):
            try:
                next(each)
                continue
            except StopIteration as end:
                ended[key] = end.value
            except Refused as refusal:
                ended[key] = _shown(_Capture(key), Kind.UNSENT.word, str(refusal))
            del running[key]
        yield
    found = [{"target": key, **ended[key]} for key in targets]
    alive = [each for each in found if each["alive"]]
    first = (alive or found)[0]
    return {
        **{name: first[name] for name in ("result", "alive", "code", "latency_ms")},
        "reason": f"{len(alive)} of {len(found)} targets answered well",
        "request": "",
        "reply": "",
        "targets": found,
    }


def _wait_for_text(capture: _Capture, result: str) -> Generator[None, None, None]:
    until = clock.now() + _TEXT_IS_LATE
    while capture.lacks_text(result) and clock.now() < until:
        yield


def _ended(capture: _Capture, known: Health) -> dict[str, Any]:
    """Return what a ping is shown as that has ended.

    Arguments: capture; known, of its destination: by this ping, or by another one, of which more is known.
    """
    if capture.code and known.newest_sent > capture.sent_us:
        return _shown(capture, Kind.REPLY.word, replied(capture.code, "", round(capture.latency_ms * 1000)))
    if capture.alive is None and known.result == Kind.REPLY.word:
        capture.alive = known.streak > 0
    return _shown(capture, known.result, known.reason)


def _shown(capture: _Capture, result: str, reason: str) -> dict[str, Any]:
    return {
        "result": result,
        "alive": False if result in _FAILURES else capture.alive,
        "code": capture.code,
        "reason": reason,
        "latency_ms": capture.latency_ms,
        "request": capture.request,
        "reply": capture.reply,
    }
