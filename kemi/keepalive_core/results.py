"""What a ping's result, or a report, does to its destination; runs in whichever process learns of it."""

import logging
import time
from collections.abc import Callable
from typing import Final

from . import callbacks, configuration, health, shared_memory
from .callbacks import Change
from .health import Health, Report, Result, Rules, Transition, Verdict

log = logging.getLogger("keepalive")

# As many changes as a destination's history keeps.
HISTORY: Final = 10


def record(key: str, result: Result, rules: Rules) -> None:
    """Judge a ping's result. One for a destination that is gone, or a stale one, changes nothing.

    Raises: SharedMemoryFull.
    """
    wall = int(time.time())
    with shared_memory.locked(key) as row:
        text = row.record()
        again = health.one_more_success(text, result, rules, wall) if text else None
        if again:
            shared_memory.store_record(key, again)
            return
    _apply(key, lambda known: health.judge(known, result, rules, wall), rules)


def report(key: str, reported: Report) -> bool:
    """Judge a report, and bring the next ping forward; False if the destination is not monitored.

    Raises: SharedMemoryFull.
    """
    registered = shared_memory.registration(key)
    if registered is None:
        return False
    rules = configuration.policy(registered.options).rules
    wall = int(time.time())
    _apply(key, lambda known: health.judge_report(known, reported, rules, wall), rules, ping_soon=True)
    return True


def expire(key: str, reason: str) -> None:
    """Make a destination unknown, because no fresh result stands behind its state.

    Raises: SharedMemoryFull.
    """
    wall = int(time.time())
    _apply(key, lambda known: health.expire(known, reason, wall), Rules())


def _apply(key: str, rule: Callable[[Health], Verdict], rules: Rules, ping_soon: bool = False) -> None:
    """Ask a rule, and write down what it changes: state first, then the news of it."""
    with shared_memory.locked(key) as row:
        text = row.record()
        if text is None:
            return
        before = Health.from_text(text)
        after, transition = rule(before)
        if transition is Transition.STALE:
            return
        shared_memory.store_health(key, after)
        if ping_soon or _concerns_prober(before, after, rules):
            _tell_prober(key, ping_soon)
        if transition is not Transition.CHANGED:
            return
        shared_memory.store_shown(key, after.state, shared_memory.admin(key))
        change = _write_down(key, before, after)
        # Queued under the lock: two changes of a destination never overtake each other.
        queued = callbacks.announce(change)
    callbacks.log_change(change, before.state, after.reason)
    if not queued:
        callbacks.run(change)


def _concerns_prober(before: Health, after: Health, rules: Rules) -> bool:
    """Say whether the next ping is not simply the one of the schedule; in the steady case it is."""
    return (
        after.hold != before.hold
        or health.pace(after) != health.pace(before)
        or health.is_spent(after, rules)
    )


def _tell_prober(key: str, ping_soon: bool) -> None:
    try:
        shared_memory.announce_change(key, ping_soon)
    except shared_memory.SharedMemoryFull as error:
        # It goes on at the pace it had.
        log.error("%s is not pinged sooner: %s", key, error)


def _write_down(key: str, before: Health, after: Health) -> Change:
    registered = shared_memory.registration(key)
    past = shared_memory.history(key)
    past.append([after.since, before.state, after.state, after.reason])
    try:
        shared_memory.store_history(key, past[-HISTORY:])
    except shared_memory.SharedMemoryFull as error:
        # The change itself is written down: its row was there before.
        log.error("a change of %s is missing in its history: %s", key, error)
    return Change(key, after.generation, registered.uri if registered else key, after.state)
