"""What the replies to calls say of a destination (pure).

A trunk may answer OPTIONS with 200 and INVITE with 503. So calls are evidence of their own, counted apart
from the pings: enough of them, nearly all failed, take it down.
"""

from typing import Final, NamedTuple

from .criteria import Criteria
from .evidence import Call
from .judging import Transition, Verdict, count_call
from .record import Health
from .states import DOWN, UP
from .times import SECOND

OFF: Final = "off"
SHADOW: Final = "shadow"
ON: Final = "on"
MODES: Final = (OFF, SHADOW, ON)

# Percentage of the calls within the window that have to have failed: Envoy's failure_percentage_threshold.
FAILING: Final = 85


class CallCriteria(NamedTuple):
    """How much calls have to say; see the parameters that begin with ``passive_``."""

    mode: str = ON
    least: int = 5
    window: int = 60
    """seconds"""


def is_call_success(code: int) -> bool | None:
    """Say what a reply to a call means for the destination that gave it; None for nothing.

    408 and 5xx are the destination's own trouble. All other final codes were said by a peer behind it, or
    by itself in good health: 404, 480, 486 and 603 are answers (RFC 3261 section 21). A provisional one is
    not the end of the matter.
    """
    if not 200 <= code <= 699:
        return None
    return code != 408 and code // 100 != 5


def judge_call(health: Health, call: Call, criteria: Criteria, calls: CallCriteria, wall: int) -> Verdict:
    """Decide what a reply to a call means for a destination.

    It counts in rise and fall, so that few failing pings are enough beside it. But alone, failed calls take a
    destination down only if there are enough of them, and then pings do not bring it up at once: not before a
    window has passed.

    Arguments: health, as known before; call, what came in; criteria and calls, of the destination; wall,
    epoch seconds.
    """
    code, at = call
    success = is_call_success(code)
    if success is None or calls.mode == OFF:
        return Verdict(health, Transition.STALE)
    window = calls.window * SECOND
    if not health.calls_since or at - health.calls_since > window:
        health = health._replace(calls_since=at, calls_ok=0, calls_failed=0)
    health = health._replace(
        calls_ok=health.calls_ok + success, calls_failed=health.calls_failed + (not success)
    )
    number = health.calls_ok + health.calls_failed
    enough = number >= calls.least and health.calls_failed * 100 >= FAILING * number
    if not success and enough and health.state != DOWN:
        why = f"{health.calls_failed} of {number} calls failed within {calls.window} s, the last with {code}"
        health = health._replace(calls_since=0, calls_ok=0, calls_failed=0)
        if calls.mode == SHADOW:
            return Verdict(health._replace(shadow_downs=health.shadow_downs + 1), Transition.SHADOW, why)
        down = count_call(health, False, criteria, at, wall).health._replace(
            state=DOWN, since=wall, kept_down=max(health.kept_down, at + window), reason=why
        )
        return Verdict(down, Transition.CHANGED)
    if calls.mode == SHADOW:
        return Verdict(health, Transition.UNCHANGED)
    verdict = count_call(health, success, criteria, at, wall)
    if success or verdict.transition is not Transition.CHANGED:
        return verdict
    # Not enough of them: the ping that they bring forward decides.
    waiting = verdict.health._replace(state=health.state, since=health.since)
    return Verdict(waiting, Transition.PENDING if health.state == UP else Transition.UNCHANGED)
