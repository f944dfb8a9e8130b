"""Who is asked in the place of a destination that tracks another one, and how what that shows is shared."""

import logging
from collections.abc import Mapping
from typing import Final, NamedTuple

from ..kamailio import clock, cluster_defines, destination_rows, tables, tracked_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules import tracking, uris
from ..rules.checks import Refused
from ..rules.evidence import OfCluster
from ..rules.minutely import Minutely
from ..rules.modes import is_maintenance
from ..rules.parameters import Value
from ..rules.policy import Policy
from ..rules.quoting import quoted
from ..rules.tracking import MOST_LINKS, Shown, tracks
from ..rules.turns import IN_A_CIRCLE, MAINTENANCE, NOT_MONITORED
from . import configuration, policies

log = logging.getLogger("keepalive")

_NO_OPTIONS: Final[Mapping[str, Value]] = {}


class Asked(NamedTuple):
    """Who is asked in the place of those that track."""

    key: str
    policy: Policy | None
    """what is in force for it; None if it is not monitored"""
    why_not: str = ""
    """a word of rules/turns.py if nobody is asked at all, "" if somebody is"""


def asked_for(key: str) -> Asked:
    """Return who is asked for those that track a destination: it, or the one that it tracks itself."""
    for _ in range(MOST_LINKS):
        registered = destination_rows.registration(key)
        if registered is None:
            return Asked(key, None, NOT_MONITORED)
        policy = policies.policy_of(registered)
        if is_maintenance(destination_rows.admin(key)):
            return Asked(key, policy, MAINTENANCE)
        behind = tracks(key, policy)
        if not behind:
            return Asked(key, policy)
        key = behind
    return Asked(key, None, IN_A_CIRCLE)


def check(uri: str, options: Mapping[str, Value], group_options: Mapping[str, Value] = _NO_OPTIONS) -> None:
    """Refuse a destination that is to be pinged and can't be, or that is to track itself.

    Arguments: uri and options, of the destination; group_options, of its group.
    Raises: Refused.
    """
    wanted = options.get("track", group_options.get("track", configuration.values()["track"]))
    is_itself = bool(wanted) and wanted == uris.parse(uri).key
    if is_itself and "track" in options:
        raise Refused(f"{quoted(uri)} can't track itself")
    if not wanted or is_itself:
        configuration.check_pingable(uri, options, group_options)


def check_circle(key: str, options: Mapping[str, Value]) -> None:
    """Refuse options with which a destination would track one that tracks it in turn.

    What comes of a list or a group's options is told by the prober. Raises: Refused.
    """
    wanted = behind = str(options.get("track", ""))
    for _ in range(MOST_LINKS - 1):
        if behind in ("", key):
            break
        registered = destination_rows.registration(behind)
        behind = tracks(behind, policies.policy_of(registered)) if registered else ""
    if behind:
        what = "it in turn" if behind == key else "another one, and so on: too many in a row"
        raise Refused(f"{quoted(key)} can't track {quoted(wanted)}, which tracks {what}")


def share_result(trackers: str, key: str, shown: Shown) -> None:
    """Tell those that track a destination how its ping ended, as share() does.

    In a cluster they follow what holds for it, which is not what this node's ping shows: share_state().
    """
    if not cluster_defines.is_on():
        share(trackers, key, shown)


def share_state(key: str) -> None:
    """Have those that track a destination of a cluster follow how it is now.

    It is looked up and told under its lock: what they are told last is what holds.
    """
    trackers = tracking.probers_of(tracked_rows.numbers(key))
    if not trackers:
        return
    with tables.locked(key):
        known = destination_rows.health(key)
        if known is not None:
            said = OfCluster(known.state, known.reason, clock.now(), known.drain_until)
            share(trackers, key, Shown(said))


_minutely: Final = Minutely()


def share(trackers: str, key: str, shown: Shown) -> None:
    """Tell those that track a destination what it showed: under its lock, or in the process of its prober.

    Arguments: trackers, the numbers of their probers, a digit each; key, of the destination; shown.
    """
    try:
        tracked_rows.tell(trackers, key, shown.text())
    except SharedMemoryFull as error:
        if _minutely.may_tell("untold", clock.now()):
            log.error("what pings of %s show is not told to those that track it: %s", key, error)
