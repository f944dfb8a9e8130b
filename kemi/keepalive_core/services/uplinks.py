"""Many destinations behind one socket that fail together: whose fault is it?"""

import logging

from ..kamailio import destination_rows, tables, uplink_rows
from ..rules import mass_failure
from ..rules.judging import Transition, Verdict
from ..rules.mass_failure import Threshold
from ..rules.policy import Policy
from ..rules.record import Health
from ..rules.schedule import SECOND
from ..rules.states import UP
from . import configuration, policies

log = logging.getLogger("keepalive")


def guard(key: str, before: Health, verdict: Verdict, now: int) -> Verdict:
    """Hold a destination up while too many behind its socket fail at the same time.

    Arguments: key, the destination's, whose lock is held; before, what was known; verdict, a rule's; now, us.
    Returns: the verdict, or the one that holds it.
    """
    if before.state != UP or verdict.health.streak >= 0:
        return verdict
    percent = int(configuration.values()["mass_failure"])
    registered = destination_rows.registration(key) if percent else None
    if registered is None:
        return verdict
    policy = policies.policy_of(registered)
    if before.streak >= 0:
        _count(policy, percent, now)
    goes_down = verdict.transition is Transition.CHANGED
    return mass_failure.freeze(before, verdict) if goes_down and is_frozen(policy, now) else verdict


def is_frozen(policy: Policy, now: int) -> bool:
    """Say whether all destinations behind a policy's socket have to stay as they are."""
    return uplink_rows.uplink(policy.socket).is_frozen(now)


def _count(policy: Policy, percent: int, now: int) -> None:
    interval = int(policy.interval * SECOND)
    behind = uplink_rows.behind(policy.socket)
    with uplink_rows.uplink_lock(policy.socket):
        known = uplink_rows.uplink(policy.socket)
        after = mass_failure.count_failure(known, now, Threshold(interval, behind, percent))
        try:
            uplink_rows.store_uplink(policy.socket, after)
        except tables.SharedMemoryFull as error:
            log.error("a failure behind %s is not counted: %s", policy.socket or "the default socket", error)
            return
    if after.frozen_until > known.frozen_until:
        log.warning(
            "about %d of %d destinations behind %s began to fail within %g s (mass_failure %d): "
            "the others stay as they are for one more round",
            *(round(after.failing(now, interval)), behind, policy.socket or "the default socket"),
            *(policy.interval, percent),
        )
