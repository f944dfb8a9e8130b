"""The rules of health: a ping's result or a report comes in, a verdict goes out (pure).

No clock, no Kamailio, no memory of its own: all a rule needs is in its arguments, all it decides is in
what it returns. Times are microseconds of one monotonic clock that all processes share.
"""

import math
from enum import Enum
from typing import Any, Final, NamedTuple

from .quoting import one_line
from .remembered import Remembered
from .reply_codes import CodeRanges, has_code, parse_codes
from .schedule import SECOND

# The manual's values, section 1.1 of its developer guide.
UNKNOWN: Final = 0
UP: Final = 1
DOWN: Final = 2

STATE_NAMES: Final = {UNKNOWN: "unknown", UP: "up", DOWN: "down"}

# RFC 3261 section 21.5.4: the one code whose Retry-After speaks of the server itself.
SERVICE_UNAVAILABLE: Final = 503
# The newest sample's part in the average, as Kamailio's dispatcher has it (ds_latency_estimator_alpha).
LATENCY_WEIGHT: Final = 0.1

# A Retry-After is followed for so many intervals at the most: no peer talks us into never asking again.
RETRY_AFTER_INTERVALS: Final = 10
# A ping of which nothing is heard is given up so long after its time limit: tm's timers run in steps of
# 1/16 s, and their process may be busy.
GRACE: Final = SECOND


class Kind(Enum):
    """How a ping ended. A local timeout is told from a received 408 here, never by a number."""

    REPLY = "reply"
    TIMEOUT = "timeout"
    SEND_FAILED = "send failed"
    LOST = "lost"
    """no word of any kind by the deadline: dropped on its way out, or its result was"""
    UNHEARD = "unheard"
    """as silent as the two above, but this server would not have heard an answer"""
    UNSENT = "unsent"
    """it could not be sent, by this server's own fault"""


NO_VERDICT: Final = "no verdict: "
"""How the reason of a void ping begins."""
NOT_SENT: Final = "not sent: "
"""What follows if this server could not send it."""


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
    """a reply's phrase; of what is UNHEARD or UNSENT, what kept this server from hearing or sending"""
    retry_after: int = 0
    """what a reply asks for, seconds; 0 for nothing"""

    def why(self) -> str:
        """Say how the ping ended, for a log line."""
        if self.kind is Kind.REPLY:
            return _replied(self.code, self.reason, self.ended - self.sent)
        if self.kind is Kind.SEND_FAILED:
            return "the ping could not be sent"
        if self.kind is Kind.UNSENT:
            return NOT_SENT + self.reason
        silence = f"no reply in {(self.ended - self.sent) / 1000:.0f} ms"
        return f"{silence}: {self.reason}" if self.reason else silence


class Report(NamedTuple):
    """What traffic other than pings showed of a destination."""

    success: bool
    reason: str
    at: int = 0
    """when, us"""

    def why(self) -> str:
        """Say what was reported, for a log line."""
        return f"reported {'alive' if self.success else 'failing'}: {one_line(self.reason)}"


class Rules(NamedTuple):
    """What decides a destination's state; see the parameters of the same names."""

    rise: int = 1
    fall: int = 1
    codes: CodeRanges = ((200, 299),)
    remove_after: int = 0
    timeout: int = 0
    """ms; 0 where no ping's silence is judged"""
    resent_after: int = 0
    """ms after which a ping is sent again; 0 for never, as over TCP"""
    drain_codes: CodeRanges = ()
    drain_time: int = 0
    """seconds of a drain for which the reply names no end"""
    most_drain: int = 0
    """seconds for which a Retry-After is followed at the most; 0 for not at all"""
    flap_limit: int = 0
    flap_window: int = 0
    """seconds"""
    flap_hold: int = 0
    """seconds"""
    flap_hold_max: int = 0
    """seconds"""

    def text(self) -> str:
        """Return the rules as a text without white space, for from_text()."""
        return "/".join(_ranges_text(each) if isinstance(each, tuple) else str(each) for each in self)

    @staticmethod
    def from_text(text: str) -> "Rules":
        """Return the rules that a text() stands for."""
        return _rules.answer(text, _read_rules)


_CODE_FIELDS: Final = {Rules._fields.index("codes"), Rules._fields.index("drain_codes")}


def _read_rules(text: str) -> Rules:
    fields: list[Any] = text.split("/")
    for at, each in enumerate(fields):
        fields[at] = parse_codes(each) if at in _CODE_FIELDS else int(each)
    return Rules._make(fields)


# Each reply brings the text of its ping's rules; the rules take some 500 bytes beside their codes.
_rules: "Remembered[str, Rules]" = Remembered(4 << 20, lambda text, _: 500 + 10 * len(text))


def _ranges_text(codes: CodeRanges) -> str:
    return ",".join(f"{low}-{high}" for low, high in codes)


class Health(NamedTuple):
    """What is known of one destination; the order of the fields is that of text()."""

    # Numbers that one more success reads or changes.
    generation: int
    """new at each registration, so that a result for an older one is recognised"""
    state: int = UNKNOWN
    judged: int = 0
    """when the newest ping that was judged had left, us; 0 before the first"""
    streak: int = 0
    """successes in a row, or, below 0, failures in a row"""
    hold: int = 0
    """no ping before this time, us: a reply asked for it; 0 for none"""
    drain: int = 0
    """end of the drain that a reply asked for, us; 0 for none"""
    checked: int = 0
    """epoch seconds of the last result of a ping"""
    last_up: int = 0
    """epoch seconds of the last success"""
    code: int = 0
    """of the last reply; 0 if the last ping had none"""
    ok: int = 0
    latency: int = 0
    """of the last reply to a ping that was sent once, us"""
    latency_ewma: int = 0
    latency_min: int = 0
    latency_max: int = 0
    # Other numbers; of the first one a success or a good call looks whether it is 0.
    voids: int = 0
    """pings in a row without a verdict, the last ones"""
    heard: int = 0
    """when the last evidence came that neither judged nor traffic shows, us"""
    since: int = 0
    """epoch seconds of the last change of state"""
    last_down: int = 0
    """epoch seconds of the last failure"""
    failed: int = 0
    timeouts: int = 0
    """the part of the failed ones that had no reply"""
    void: int = 0
    """pings without a verdict, by our own fault"""
    resent: int = 0
    """answered pings that were sent more than once"""
    drained: int = 0
    """replies that asked for a drain"""
    kept_down: int = 0
    """not up before this time, us, however well the pings go"""
    flap_since: int = 0
    """when the changes began to be counted, us"""
    flap_changes: int = 0
    flap_level: int = 0
    """how often the next hold is doubled"""
    mismatched: int = 0
    """replies that did not count, as they were to none of its pings"""
    # Numbers that one more good call changes, besides streak, last_up and ok.
    traffic: int = 0
    """when calls last went well, us"""
    calls_since: int = 0
    """when the calls began to be counted, us"""
    calls_ok: int = 0
    calls_failed: int = 0
    shadow_downs: int = 0
    """how often calls would have taken it down"""
    # Texts.
    samples: str = ""
    """the last pings, a character each, see sample()"""
    reason: str = ""
    """how the last ping ended, or what was reported after it"""

    def text(self) -> str:
        """Return the record as a text, for from_text(): it is read and written with each reply."""
        return _RECORD % self

    @staticmethod
    def from_text(text: str) -> "Health":
        """Return the record that a text() stands for."""
        *numbers, others, calls, samples, reason = text.split(" ", _OTHERS + 3)
        rest = f"{others},{calls}".split(",")
        return Health._make((*map(int, numbers), *map(int, rest), samples, reason.rstrip()))


# One more success takes the first numbers apart, one more good call those of calls; the others are one word.
_OTHERS: Final = Health._fields.index("voids")
_CALLS: Final = Health._fields.index("traffic")
_SAMPLES: Final = Health._fields.index("samples")
_RECORD: Final = (
    "%d " * _OTHERS + ",".join(["%d"] * (_CALLS - _OTHERS)) + " " + ",".join(["%d"] * (_SAMPLES - _CALLS))
) + " %s %s"


def last_evidence(health: Health) -> int:
    """Return when the newest evidence of a destination came, us: a ping with a verdict left, or a call."""
    return max(health.heard, health.traffic, 0 if health.voids else health.judged)


def judged_at(text: str) -> int:
    """Return the field ``judged`` of a record's text alone, us."""
    return int(text.split(" ", 3)[2])


# A ping's latency is kept in one character, on a scale of steps of 13 % from 0.1 ms to 10 s.
_SMALLEST: Final = 100
_STEPS: Final = 8
_FIRST_MARK: Final = ord("!")
_LAST_MARK: Final = ord("}")
LOSS: Final = "~"
"""The sample of a ping that was lost at least once."""
# As many samples, and as many changes, as are kept of each destination.
RECENT: Final = 50
HISTORY: Final = 10


def sample(latency: int) -> str:
    """Return the character that a latency, us, is kept as."""
    mark = _FIRST_MARK + round(_STEPS * math.log(latency / _SMALLEST)) if latency > _SMALLEST else _FIRST_MARK
    return chr(mark) if mark < _LAST_MARK else "}"


def latency_of(mark: str) -> int:
    """Return the latency, us, that a character stands for, to 7 %."""
    return int(_SMALLEST * math.exp((ord(mark) - _FIRST_MARK) / _STEPS))


def percentile(samples: str, percent: int) -> int:
    """Return the latency, us, that so many of a hundred samples do not exceed; 0 without any."""
    answered = sorted(samples.replace(LOSS, ""))
    return latency_of(answered[(len(answered) * percent - 1) // 100]) if answered else 0


def loss(samples: str) -> float:
    """Return the percentage of the samples that were lost at least once."""
    return 100 * samples.count(LOSS) / len(samples) if samples else 0.0


class Transition(Enum):
    """What a result did."""

    STALE = "stale"
    """nothing: it is for another registration, or a result as new or newer was judged before"""
    UNCHANGED = "unchanged"
    PENDING = "pending"
    """it speaks against the state, but there are not enough of its kind in a row yet"""
    CHANGED = "changed"
    VOID = "void"
    """no verdict, by our own fault"""
    DRAINED = "drained"
    """the destination itself asked for no calls: neither a success nor a failure"""
    HELD = "held"
    """it would go down, but so many others do that it waits for one more round"""
    DAMPED = "damped"
    """it would come up, but changed too often: it is kept down"""
    SHADOW = "shadow"
    """calls would have taken it down, but may only be counted"""


class Verdict(NamedTuple):
    """A rule's answer."""

    health: Health
    transition: Transition
    remark: str = ""
    """what to log beside, if anything"""


class Pace(Enum):
    """Which of a destination's intervals holds."""

    REGULAR = "regular"
    PENDING = "pending"
    DOWN = "down"


def is_success(result: Result, rules: Rules) -> bool:
    """Say whether a result is a sign of life: a reply of a listed code. A local timeout never is."""
    return result.kind is Kind.REPLY and has_code(rules.codes, result.code)


def is_void(result: Result) -> bool:
    """Say whether a result is no verdict: this server could not send, or could not hear.

    A reply is evidence whenever it is read. Silence is none if it was not listened to: then a whole fleet
    would go down with each stall of the server (Envoy's issue 28699). That takes a witness; that a time limit
    ended early or late is none.
    """
    return result.kind is Kind.UNHEARD or result.kind is Kind.UNSENT


def asks_to_drain(result: Result, rules: Rules) -> int:
    """Return for how many seconds a reply asks for no calls, 0 for not at all."""
    if result.kind is not Kind.REPLY:
        return 0
    listed = has_code(rules.drain_codes, result.code)
    if (listed or result.code == SERVICE_UNAVAILABLE) and result.retry_after and rules.most_drain:
        return min(result.retry_after, rules.most_drain)
    return rules.drain_time if listed else 0


def judge(health: Health, result: Result, rules: Rules, wall: int) -> Verdict:
    """Decide what a ping's result means for a destination.

    Arguments: health, as known before; result, what came in; rules, of the destination; wall, epoch seconds.
    Returns: the health from now on, and what kind of step that was. A stale result changes nothing.
    """
    generation, sent, ended, kind, code, _, _ = result
    if generation != health.generation or sent <= health.judged:
        return Verdict(health, Transition.STALE)
    if is_void(result):
        void = health._replace(
            judged=sent,
            void=health.void + 1,
            voids=health.voids + 1,
            heard=last_evidence(health),
            reason=NO_VERDICT + result.why(),
        )
        return Verdict(void, Transition.VOID)
    after = _measured(health, result, rules)._replace(
        judged=sent, voids=0, hold=0, checked=wall, code=code, reason=result.why()
    )
    drain = asks_to_drain(result, rules)
    if drain:
        return _drained(after, result, rules, drain)
    if is_success(result, rules):
        state, streak, transition = _step(health, True, rules, ended)
        after = after._replace(state=state, streak=streak, ok=health.ok + 1, last_up=wall, drain=0)
    else:
        state, streak, transition = _step(health, False, rules, ended)
        silent = kind is Kind.TIMEOUT or kind is Kind.LOST
        after = after._replace(
            state=state,
            streak=streak,
            failed=health.failed + 1,
            timeouts=health.timeouts + silent,
            last_down=wall,
        )
    return Verdict(after._replace(since=wall) if transition is Transition.CHANGED else after, transition)


def _drained(health: Health, result: Result, rules: Rules, seconds: int) -> Verdict:
    end = result.ended + seconds * SECOND
    # A Retry-After says when to ask again, and the ping that asks is to find the drain still there.
    hold = end if result.retry_after and rules.most_drain else 0
    drain = end + rules.timeout * 1000
    return Verdict(health._replace(hold=hold, drain=drain, drained=health.drained + 1), Transition.DRAINED)


def _was_resent(result: Result, rules: Rules) -> bool:
    return 0 < rules.resent_after * 1000 <= result.ended - result.sent


def _measured(health: Health, result: Result, rules: Rules) -> Health:
    """Count a ping's latency, or its loss.

    A reply to a ping that was sent more than once says nothing of latency, as nobody knows which one it
    answers (Karn's rule), but something of loss.
    """
    if result.kind is Kind.SEND_FAILED:
        return health
    if result.kind is not Kind.REPLY:
        return health._replace(samples=(health.samples + LOSS)[-RECENT:])
    if _was_resent(result, rules):
        return health._replace(resent=health.resent + 1, samples=(health.samples + LOSS)[-RECENT:])
    latency = result.ended - result.sent
    last, average, least, most = _latencies(health, latency)
    return health._replace(
        latency=last,
        latency_ewma=average,
        latency_min=least,
        latency_max=most,
        samples=(health.samples + sample(latency))[-RECENT:],
    )


def one_more_success(
    record: str, generation: int, sent: int, ended: int, code: int, rules: Rules, wall: int
) -> str | None:
    """Do what judge() does in the case that nearly all results are: up, and one more success.

    It goes from text to text, without a Health or a Result between: 3 us instead of 9, at every reply.

    Arguments: record, a Health's text(); rules and wall, as for judge(); the others, fields of a Result that
    is a reply without a Retry-After. Its reason is not asked for: one more success is no news.
    Returns: the text of the health from now on; None if the case is another one, which is judge()'s.
    """
    known = record.split(" ", _OTHERS + 3)
    # A hold, a drain or a row of voids ends with this result: its caller tells the prober, and asks judge().
    if known[1] != "1" or known[4] != "0" or known[5] != "0" or known[3][0] == "-" or known[14][0] != "0":
        return None
    if int(known[0]) != generation or sent <= int(known[2]):
        return None
    if rules.drain_codes or not has_code(rules.codes, code):
        return None
    latency = ended - sent
    average, least, most = int(known[11]), int(known[12]), int(known[13])
    if not most or 0 < rules.resent_after * 1000 <= latency:
        return None
    average += int((latency - average) * LATENCY_WEIGHT)
    return (
        f"{generation} 1 {sent} {int(known[3]) + 1} 0 0 {wall} {wall} {code} {int(known[9]) + 1} "
        f"{latency} {average} {latency if latency < least else least} {latency if latency > most else most} "
        f"{known[14]} {known[15]} {(known[16] + sample(latency))[-RECENT:]} {_replied(code, '', latency)}"
    )


def _replied(code: int, reason: str, latency: int) -> str:
    return f"{code} {reason} in {latency / 1000:.1f} ms" if reason else f"{code} in {latency / 1000:.1f} ms"


def judge_report(health: Health, report: Report, rules: Rules, wall: int) -> Verdict:
    """Decide what a report means for a destination: it counts as a ping's result would."""
    verdict = one_more_call(health, report.success, rules, report.at, wall)
    return verdict._replace(health=verdict.health._replace(reason=report.why()))


def one_more_call(health: Health, success: bool, rules: Rules, at: int, wall: int) -> Verdict:
    """Count one more success or failure that traffic showed, at a time, us."""
    state, streak, transition = _step(health, success, rules, at)
    after = health._replace(state=state, streak=streak, voids=0)
    if success:
        after = after._replace(ok=health.ok + 1, last_up=wall, traffic=at)
    else:
        after = after._replace(failed=health.failed + 1, last_down=wall, heard=at)
    return Verdict(after._replace(since=wall) if transition is Transition.CHANGED else after, transition)


def one_more_good_call(record: str, at: int, window: int, wall: int) -> str | None:
    """Do what one_more_call() does in the case that nearly all are: up, and one more success.

    It goes from text to text, as one_more_success() does, and counts the call as calls.judge_call() does.

    Arguments: record, a Health's text(); at, when, us; window, in which calls are counted, us; wall, epoch
    seconds.
    Returns: the text of the health from now on; None if the case is another one.
    """
    known = record.split(" ", _OTHERS + 2)
    streak = int(known[3])
    if known[1] != "1" or streak <= 0 or known[14][0] != "0":
        return None
    _, since, ok, failed, shadow_downs = map(int, known[15].split(","))
    if not since or at - since > window:
        since, ok, failed = at, 0, 0
    known[3] = str(streak + 1)
    known[7] = str(wall)
    known[9] = str(int(known[9]) + 1)
    known[15] = f"{at},{since},{ok + 1},{failed},{shadow_downs}"
    return " ".join(known)


def expire(health: Health, reason: str, wall: int) -> Verdict:
    """Forget a state that no fresh result stands behind."""
    if health.state == UNKNOWN:
        return Verdict(health, Transition.UNCHANGED)
    forgotten = health._replace(state=UNKNOWN, streak=0, since=wall, reason=reason)
    return Verdict(forgotten, Transition.CHANGED)


def end_drain(health: Health, now: int) -> Verdict:
    """End a drain whose end, us, is reached."""
    if not health.drain or now < health.drain:
        return Verdict(health, Transition.STALE)
    return Verdict(health._replace(drain=0), Transition.UNCHANGED)


def _latencies(health: Health, latency: int) -> tuple[int, int, int, int]:
    """Return last, average, least and most with one more; the newest has LATENCY_WEIGHT in the average."""
    if not health.latency_max:
        return latency, latency, latency, latency
    average = health.latency_ewma + int((latency - health.latency_ewma) * LATENCY_WEIGHT)
    return latency, average, min(health.latency_min, latency), max(health.latency_max, latency)


def _step(health: Health, success: bool, rules: Rules, now: int) -> tuple[int, int, Transition]:
    """Count one more success or failure; return state, streak and step. Rise and fall are HAProxy's."""
    state, streak = health.state, health.streak
    if success:
        streak = streak + 1 if streak > 0 else 1
        if state == UP or is_kept_down(health, now):
            return state, streak, Transition.UNCHANGED
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


def is_kept_down(health: Health, now: int) -> bool:
    """Say whether a destination is down for a time, us, that has not passed yet."""
    return health.state == DOWN and now < health.kept_down


def pace(health: Health, now: int) -> Pace:
    """Return which interval holds: the pending one while results speak against the state."""
    if is_kept_down(health, now):
        return Pace.DOWN
    if (health.state == UP and health.streak < 0) or (health.state == DOWN and health.streak > 0):
        return Pace.PENDING
    return Pace.DOWN if health.state == DOWN else Pace.REGULAR
