"""What is known of one destination, its text in shared memory, and the two fast paths over that text (pure).

Nearly all evidence is one more success of a destination that is up. For that the record goes from text to
text, without a Health between: 3 us instead of 9, at every reply.
"""

import re
from typing import Final, NamedTuple

from .criteria import Criteria
from .evidence import Kind, replied
from .latency import LATENCY_WEIGHT, RECENT, sample
from .reply_codes import has_code
from .states import UNKNOWN, UP

HISTORY: Final = 10
"""The number of changes that are kept of each destination."""


class Health(NamedTuple):
    """What is known of one destination; the order of the fields is that of text()."""

    # Numbers that one more success reads or changes.
    generation: int
    """new at each registration, so that a result for an older one is recognised"""
    state: int = UNKNOWN
    newest_sent: int = 0
    """when the newest ping that was judged had left, in us; 0 before the first"""
    streak: int = 0
    """successes in a row, or, below 0, failures in a row"""
    not_before: int = 0
    """no ping before this time in us: a reply asked for it; 0 for none"""
    drain_until: int = 0
    """end of the drain that a reply asked for, in us; 0 for none"""
    checked: int = 0
    """epoch seconds of the last result of a ping"""
    last_up: int = 0
    """epoch seconds of the last success"""
    code: int = 0
    """of the last reply; 0 if the last ping had none"""
    ok: int = 0
    """successes since its registration, of pings and of calls"""
    latency: int = 0
    """of the last reply to a ping that was sent once, in us"""
    latency_ewma: int = 0
    """moving average of these, us"""
    latency_min: int = 0
    """us"""
    latency_max: int = 0
    """us"""
    # Other numbers; of the first one and the last one the fast paths see whether they are 0.
    voids: int = 0
    """pings in a row without a verdict, the last ones"""
    heard: int = 0
    """when the last evidence came that neither newest_sent nor traffic shows, in us"""
    since: int = 0
    """epoch seconds of the last change of state"""
    last_down: int = 0
    """epoch seconds of the last failure"""
    failed: int = 0
    """failures since its registration, of pings and of calls"""
    timeouts: int = 0
    """the failed pings that had no reply"""
    void: int = 0
    """pings without a verdict, by our own fault"""
    resent: int = 0
    """answered pings that were sent more than once"""
    drained: int = 0
    """replies that asked for a drain"""
    kept_down: int = 0
    """not up before this time in us, however well the pings go"""
    flap_since: int = 0
    """when the changes began to be counted, in us"""
    flap_changes: int = 0
    """the number of changes since flap_since"""
    flap_level: int = 0
    """the number of doublings of the next time for which it is kept down"""
    mismatched: int = 0
    """replies that did not count, as they were to none of its pings"""
    voice: int = 0
    """how its evidence counts in a cluster, see cluster_voice.py; 0 if there is none, and in calm"""
    # Numbers that one more good call changes, besides streak, last_up and ok.
    traffic: int = 0
    """when calls last went well, in us"""
    calls_since: int = 0
    """when the calls began to be counted, in us"""
    calls_ok: int = 0
    """calls that went well since calls_since"""
    calls_failed: int = 0
    """calls that did not"""
    shadow_downs: int = 0
    """the number of times that calls would have taken it down"""
    # Texts.
    result: str = ""
    """the word of how the last ping ended, see evidence.Kind; "" before the first"""
    samples: str = ""
    """the last pings, a character each, see latency.sample()"""
    reason: str = ""
    """how the last ping ended, or what was reported after it"""

    def text(self) -> str:
        """Return the record as a text, for from_text(): it is read and written with each reply."""
        return _RECORD % self

    @staticmethod
    def from_text(text: str) -> "Health":
        """Return the record that a text() stands for."""
        *numbers, others, calls, result, samples, reason = text.split(" ", _REASON)
        rest = f"{others if others.count(',') == _COMMAS else others + ',0'},{calls}".split(",")
        return Health._make((*map(int, numbers), *map(int, rest), result, samples, reason.rstrip()))


# The words of the text: a number each, then two words of several numbers, then the texts.
_STATE, _NEWEST_SENT, _STREAK, _LAST_UP, _OK, _OTHERS = map(
    Health._fields.index, ("state", "newest_sent", "streak", "last_up", "ok", "voids")
)
_LATENCY: Final = Health._fields.index("latency")
_SINCE: Final = Health._fields.index("since") - _OTHERS
# Records of versions without a cluster have no voice.
_COMMAS: Final = Health._fields.index("voice") - _OTHERS
_CALLS: Final = _OTHERS + 1
_REASON: Final = _CALLS + 3

_NUMBERS: Final = Health._fields.index("result")
_NUMBERS_OF_CALLS: Final = _NUMBERS - Health._fields.index("traffic")
_RECORD: Final = " ".join(
    (
        *["%d"] * _OTHERS,
        ",".join(["%d"] * (_NUMBERS - _NUMBERS_OF_CALLS - _OTHERS)),
        ",".join(["%d"] * _NUMBERS_OF_CALLS),
        "%s %s %s",
    )
)

# The beginning of a text() of a destination that is not drained, up to its reason. To match it is a sixth
# of the work of reading all. Its quantifiers are possessive: no digit is ever taken back, in half the time.
_N: Final = "[0-9]++"
_SOUND: Final = re.compile(
    f"({_N}) ([0-2]) ({_N}) -?{_N} {_N} 0"
    + f" {_N}" * (_OTHERS - Health._fields.index("drain_until") - 1)
    + f" {_N}"
    + f",{_N}" * (_COMMAS - 1)
    + f"(?:,{_N})?+ {_N}"
    + f",{_N}" * (_NUMBERS_OF_CALLS - 1)
    + " [a-z_]*+ [^ ]*+ "
)

_UP: Final = str(UP)
_NONE: Final = "0"
_LAST_NONE: Final = ",0"
_REPLY: Final = Kind.REPLY.word


def at_a_glance(record: str) -> tuple[int, int, int] | None:
    """Return generation, state and newest_sent of a record's text.

    Returns: None if it takes a closer look, as it is drained, or may make no sense.
    """
    found = _SOUND.match(record)
    if found is None:
        return None
    generation, state, newest_sent = found.groups()
    return int(generation), int(state), int(newest_sent)


def last_evidence(health: Health) -> int:
    """Return when the newest evidence of a destination came, in us: a ping with a verdict left, or a call."""
    return max(health.heard, health.traffic, 0 if health.voids else health.newest_sent)


def since_and_latency(record: str) -> tuple[int, int]:
    """Return the fields ``since``, in epoch seconds, and ``latency``, in us, of a record's text alone.

    It is what destinations are sorted by, of all of them. Raises: ValueError or IndexError for no record.
    """
    words = record.split(" ", _OTHERS + 1)
    return int(words[_OTHERS].split(",", _SINCE + 1)[_SINCE]), int(words[_LATENCY])


def newest_sent_in(record: str) -> int:
    """Return the field ``newest_sent`` of a record's text alone, in us."""
    return int(record.split(" ", _NEWEST_SENT + 1)[_NEWEST_SENT])


def fast_success(
    record: str, generation: int, sent: int, ended: int, code: int, criteria: Criteria, wall: int
) -> str | None:
    """Fast path of judge() for a destination that is up and answers again.

    Arguments: record, a Health's text(); criteria and wall, as for judge(); the others, fields of a Result
    that is a reply without a Retry-After. Its reason is not asked for: one more success is no news.
    Returns: the text of the health from now on; None if judge() has to decide.
    Raises: ValueError or IndexError for a record that makes no sense.
    """
    (was_generation, state, newest_sent, streak, not_before, drain_until, _, _, _, ok,
     _, average, least, most, others, calls, _, samples, _) = record.split(" ", _REASON)  # fmt: skip
    # A time not to ping before, a drain or a row of voids ends with this result: the prober has to know.
    if state != _UP or not_before != _NONE or drain_until != _NONE:
        return None
    if streak[0] == "-" or others[0] != _NONE or others[-2:] != _LAST_NONE:
        return None
    if int(was_generation) != generation or sent <= int(newest_sent):
        return None
    if criteria.drain_codes or not has_code(criteria.codes, code):
        return None
    latency = ended - sent
    if most == _NONE or 0 < criteria.resent_after * 1000 <= latency:
        return None
    # What latency.py has as functions: a call of one takes 0.1 us.
    ewma, low, high = int(average), int(least), int(most)
    ewma += int((latency - ewma) * LATENCY_WEIGHT)
    return (
        f"{was_generation} {state} {sent} {int(streak) + 1} {not_before} {drain_until} {wall} {wall} {code} "
        f"{int(ok) + 1} {latency} {ewma} {latency if latency < low else low} "
        f"{latency if latency > high else high} {others} {calls} {_REPLY} "
        f"{(samples + sample(latency))[-RECENT:]} {replied(code, '', latency)}"
    )


def fast_call(record: str, at: int, window: int, wall: int) -> str | None:
    """Fast path of judge_call() for a destination that is up, and whose call went well again.

    Arguments: record, a Health's text(); at, when the call went well, in us; window, in which calls are
    counted, in us; wall, epoch seconds.
    Returns: the text of the health from now on; None if judge_call() has to decide.
    Raises: ValueError or IndexError for a record that makes no sense.
    """
    words = record.split(" ", _CALLS + 1)
    streak = int(words[_STREAK])
    others = words[_OTHERS]
    if words[_STATE] != _UP or streak <= 0 or others[0] != _NONE or others[-2:] != _LAST_NONE:
        return None
    _, since, ok, failed, shadow_downs = map(int, words[_CALLS].split(","))
    if not since or at - since > window:
        since, ok, failed = at, 0, 0
    words[_STREAK] = str(streak + 1)
    words[_LAST_UP] = str(wall)
    words[_OK] = str(int(words[_OK]) + 1)
    words[_CALLS] = f"{at},{since},{ok + 1},{failed},{shadow_downs}"
    return " ".join(words)
