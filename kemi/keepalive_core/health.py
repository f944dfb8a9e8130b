"""The rules of health: a ping's result or a report comes in, a verdict goes out (pure).

No clock, no Kamailio, no memory of its own: all a rule needs is in its arguments, all it decides is in
what it returns. Times are microseconds of one monotonic clock that all processes share.
"""

from enum import Enum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from .reply_codes import CodeRanges, parse_codes

# The manual's values, section 1.1 of its developer guide.
UNKNOWN: Final = 0
UP: Final = 1
DOWN: Final = 2

STATE_NAMES: Final = {UNKNOWN: "unknown", UP: "up", DOWN: "down"}

# RFC 3261 section 21.5.4: the one code whose Retry-After speaks of the server itself.
SERVICE_UNAVAILABLE: Final = 503
# The newest sample's part in the average, as Kamailio's dispatcher has it (ds_latency_estimator_alpha).
LATENCY_WEIGHT: Final = 0.1


class Kind(Enum):
    """How a ping ended. A local timeout is told from a received 408 here, never by a number."""

    REPLY = "reply"
    TIMEOUT = "timeout"
    SEND_FAILED = "send failed"
    LOST = "lost"
    """no word of any kind by the deadline: dropped on its way out, or its result was"""


def one_line(text: str) -> str:
    """Return a text from outside as it can stand in a log line and in a record."""
    return text if text.isprintable() else repr(text)


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
    retry_after: int = 0
    """what a 503 asks for, seconds; 0 for nothing"""

    def why(self) -> str:
        """Say how the ping ended, for a log line."""
        milliseconds = (self.ended - self.sent) / 1000
        if self.kind is Kind.REPLY:
            return f"{self.code} {self.reason}".rstrip() + f" in {milliseconds:.1f} ms"
        if self.kind is Kind.SEND_FAILED:
            return "the ping could not be sent"
        return f"no reply in {milliseconds:.0f} ms"


class Report(NamedTuple):
    """What traffic other than pings showed of a destination."""

    success: bool
    reason: str

    def why(self) -> str:
        """Say what was reported, for a log line."""
        return f"reported {'alive' if self.success else 'failing'}: {one_line(self.reason)}"


class Rules(NamedTuple):
    """What decides a destination's state; see the parameters of the same names."""

    rise: int = 1
    fall: int = 1
    codes: CodeRanges = ((200, 299),)
    remove_after: int = 0

    def text(self) -> str:
        """Return the rules as a text without white space, for from_text()."""
        ranges = ",".join(f"{low}-{high}" for low, high in self.codes)
        return f"{self.rise}/{self.fall}/{ranges}/{self.remove_after}"

    @staticmethod
    @lru_cache(maxsize=256)
    def from_text(text: str) -> "Rules":
        """Return the rules that a text() stands for."""
        rise, fall, codes, remove_after = text.split("/")
        return Rules(int(rise), int(fall), parse_codes(codes), int(remove_after))


class Health(NamedTuple):
    """What is known of one destination; the order of the fields is that of text()."""

    generation: int
    """new at each registration, so that a result for an older one is recognised"""
    state: int = UNKNOWN
    judged: int = 0
    """when the newest ping that was judged had left, us; 0 before the first"""
    streak: int = 0
    """successes in a row, or, below 0, failures in a row"""
    hold: int = 0
    """no ping before this time, us: a 503 asked for it; 0 for none"""
    since: int = 0
    """epoch seconds of the last change of state"""
    checked: int = 0
    """epoch seconds of the last result of a ping"""
    last_up: int = 0
    """epoch seconds of the last success"""
    last_down: int = 0
    """epoch seconds of the last failure"""
    code: int = 0
    """of the last reply; 0 if the last ping had none"""
    ok: int = 0
    failed: int = 0
    timeouts: int = 0
    """the part of the failed ones that had no reply"""
    latency: int = 0
    """of the last reply, us"""
    latency_ewma: int = 0
    latency_min: int = 0
    latency_max: int = 0
    reason: str = ""
    """how the last ping ended, or what was reported after it"""

    def text(self) -> str:
        """Return the record as a text, for from_text(): it is read and written with each reply."""
        return _RECORD % self

    @staticmethod
    def from_text(text: str) -> "Health":
        """Return the record that a text() stands for."""
        fields: list[Any] = text.split(" ", _NUMBERS)
        reason = fields.pop().rstrip()
        return Health._make((*map(int, fields), reason))


# All fields but the last one are numbers.
_NUMBERS: Final = len(Health._fields) - 1
_RECORD: Final = "%d " * _NUMBERS + "%s"


def judged_at(text: str) -> int:
    """Return the field ``judged`` of a record's text alone, us."""
    return int(text.split(" ", 3)[2])


class Transition(Enum):
    """What a result did."""

    STALE = "stale"
    """nothing: it is for another registration, or a result as new or newer was judged before"""
    UNCHANGED = "unchanged"
    PENDING = "pending"
    """it speaks against the state, but there are not enough of its kind in a row yet"""
    CHANGED = "changed"


class Verdict(NamedTuple):
    """A rule's answer."""

    health: Health
    transition: Transition


class Pace(Enum):
    """Which of a destination's intervals holds."""

    REGULAR = "regular"
    PENDING = "pending"
    DOWN = "down"


def is_success(result: Result, rules: Rules) -> bool:
    """Say whether a result is a sign of life: a reply of a listed code. A local timeout never is."""
    if result.kind is not Kind.REPLY:
        return False
    for low, high in rules.codes:  # noqa: SIM110 - any() takes three times as long
        if low <= result.code <= high:
            return True
    return False


def judge(health: Health, result: Result, rules: Rules, wall: int) -> Verdict:
    """Decide what a ping's result means for a destination.

    Arguments: health, as known before; result, what came in; rules, of the destination; wall, epoch seconds.
    Returns: the health from now on, and what kind of step that was. A stale result changes nothing.
    """
    generation, sent, ended, kind, code, _, retry_after = result
    if generation != health.generation or sent <= health.judged:
        return Verdict(health, Transition.STALE)
    success = is_success(result, rules)
    state, streak, transition = _step(health, success, rules)
    replied = kind is Kind.REPLY
    latency, average, least, most = _latencies(health, ended - sent) if replied else health[-5:-1]
    # One by one and in order: a copy with changes, _replace, takes three times as long, at every reply.
    after = Health(
        generation,
        state,
        sent,
        streak,
        ended + retry_after * 1_000_000 if retry_after else 0,
        wall if transition is Transition.CHANGED else health.since,
        wall,
        wall if success else health.last_up,
        health.last_down if success else wall,
        code,
        health.ok + success,
        health.failed + (not success),
        health.timeouts + (kind is Kind.TIMEOUT or kind is Kind.LOST),
        latency,
        average,
        least,
        most,
        result.why(),
    )
    return Verdict(after, transition)


def one_more_success(record: str, result: Result, rules: Rules, wall: int) -> str | None:
    """Do what judge() does in the case that nearly all results are: up, and one more success.

    It goes from text to text, without a Health between: 3 us instead of 9, at every reply.

    Arguments: record, a Health's text(); the others as for judge().
    Returns: the text of the health from now on; None if the case is another one, which is judge()'s.
    """
    generation, sent, ended, _, code, _, _ = result
    known = record.split(" ", _NUMBERS)
    # A hold is over with this result: the prober has to be told, which is judge()'s caller's to do.
    if known[1] != "1" or known[4] != "0" or known[3][0] == "-" or not is_success(result, rules):
        return None
    if int(known[0]) != generation or sent <= int(known[2]) or code == SERVICE_UNAVAILABLE:
        return None
    latency = ended - sent
    average, least, most = int(known[14]), int(known[15]), int(known[16])
    if not most:
        return None
    average += int((latency - average) * LATENCY_WEIGHT)
    return (
        f"{generation} 1 {sent} {int(known[3]) + 1} 0 {known[5]} {wall} {wall} {known[8]} {code} "
        f"{int(known[10]) + 1} {known[11]} {known[12]} {latency} {average} "
        f"{latency if latency < least else least} {latency if latency > most else most} {result.why()}"
    )


def judge_report(health: Health, report: Report, rules: Rules, wall: int) -> Verdict:
    """Decide what a report means for a destination: it counts as a ping's result would."""
    state, streak, transition = _step(health, report.success, rules)
    after = health._replace(state=state, streak=streak, reason=report.why())
    if report.success:
        after = after._replace(ok=health.ok + 1, last_up=wall)
    else:
        after = after._replace(failed=health.failed + 1, last_down=wall)
    return Verdict(after._replace(since=wall) if transition is Transition.CHANGED else after, transition)


def expire(health: Health, reason: str, wall: int) -> Verdict:
    """Forget a state that no fresh result stands behind."""
    if health.state == UNKNOWN:
        return Verdict(health, Transition.UNCHANGED)
    forgotten = health._replace(state=UNKNOWN, streak=0, since=wall, reason=reason)
    return Verdict(forgotten, Transition.CHANGED)


def _latencies(health: Health, latency: int) -> tuple[int, int, int, int]:
    """Return last, average, least and most with one more; the newest has LATENCY_WEIGHT in the average."""
    if not health.latency_max:
        return latency, latency, latency, latency
    average = health.latency_ewma + int((latency - health.latency_ewma) * LATENCY_WEIGHT)
    return latency, average, min(health.latency_min, latency), max(health.latency_max, latency)


def _step(health: Health, success: bool, rules: Rules) -> tuple[int, int, Transition]:
    """Count one more success or failure; return state, streak and step. Rise and fall are HAProxy's."""
    state, streak = health.state, health.streak
    if success:
        streak = streak + 1 if streak > 0 else 1
        if state == UP:
            return UP, streak, Transition.UNCHANGED
        # The first result ever decides at once.
        if state == UNKNOWN or streak >= rules.rise:
            return UP, streak, Transition.CHANGED
    else:
        streak = streak - 1 if streak < 0 else -1
        if state == DOWN:
            return DOWN, streak, Transition.UNCHANGED
        if state == UNKNOWN or -streak >= rules.fall:
            return DOWN, streak, Transition.CHANGED
    return state, streak, Transition.PENDING


def is_spent(health: Health, rules: Rules) -> bool:
    """Say whether a destination failed so often in a row that it is to be given up."""
    return 0 < rules.remove_after <= -health.streak


def pace(health: Health) -> Pace:
    """Return which interval holds: the pending one while results speak against the state."""
    if (health.state == UP and health.streak < 0) or (health.state == DOWN and health.streak > 0):
        return Pace.PENDING
    return Pace.DOWN if health.state == DOWN else Pace.REGULAR
