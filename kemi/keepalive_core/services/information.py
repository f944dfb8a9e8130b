"""All that is known of a destination, in one dictionary for people and programs."""

import logging
import time
from collections.abc import Iterable
from typing import Any, Final, TypedDict

from ..kamailio import clock, destination_rows, free_memory, name_rows, server_rows, tracked_rows
from ..rules import uris
from ..rules.latency import loss, percentile
from ..rules.modes import is_maintenance
from ..rules.pace import is_kept_down
from ..rules.parameters import Value
from ..rules.policy import Policy
from ..rules.record import Health
from ..rules.rows import Registration
from ..rules.service_code import groups_keeping
from ..rules.states import STATE_NAMES, UP
from ..rules.times import SECOND
from ..rules.tracking import tracks
from ..rules.turns import (
    DISABLED,
    MAINTENANCE,
    NO_TARGETS,
    NOT_MONITORED,
    NOT_STARTED,
    PAUSED,
    SHORT_OF_MEMORY,
    TRACK,
    why_not_pinged,
)
from ..rules.ways import through
from . import availability, departures, name_states, policies, shown_cluster, shown_targets, tracked, uplinks
from .shown_cluster import ShownCase, ShownCluster
from .shown_targets import ShownResolution, ShownTarget

log = logging.getLogger("keepalive")


class Information(TypedDict, total=False):
    """All that is known of a destination; of one that is not monitored there is no key at all.

    Times are epoch seconds, 0 for never or none; what is counted is counted since its registration.
    """

    destination: str
    """its key: one for all spellings"""
    uri: str
    """what is pinged: the first owner's spelling"""
    state: str
    """"unknown", "up" or "down", whatever an administrator says"""
    admin: dict[str, Any]
    """``mode`` "ready", or "drain" or "maint" with ``until``, ``by``, ``why`` and ``since``"""
    not_pinged_because: str
    """a word of rules/turns.py, or the kind of hindrance; "" if it is pinged, or the one that it tracks"""
    tracks: str
    """the key of the destination whose pings count for it, "" if it is pinged itself"""
    tracked_by: int
    """how many track it"""
    held: list[str]
    """the guards that keep it answering or up, by the names of their parameters"""
    drained_until: int
    """end of the drain that a reply asked for"""
    kept_down_until: int
    """it is not up before, as it flaps, or as calls failed"""
    flapping: int
    """how many times the next time for which it is kept down is doubled"""
    since: int
    """the last change of state"""
    last_code: int
    """of the last reply; 0 if the last ping had none"""
    last_result: str
    """how the last ping ended: a word of rules/evidence.py for programs; "" before the first"""
    last_reason: str
    """the same for people, or what was reported later"""
    last_checked: int
    """the last result of a ping"""
    last_up: int
    """the last success"""
    last_down: int
    """the last failure"""
    ok: int
    failed: int
    timeouts: int
    """those of the failed that had no reply"""
    void: int
    """pings without a verdict, by this server's own fault"""
    mismatched: int
    """replies that did not count, as they were to none of its pings"""
    drained: int
    """replies that asked for a drain"""
    consecutive: int
    """successes in a row, or, below 0, failures in a row"""
    latency_ms: dict[str, float]
    """``last``, ``ewma``, ``min``, ``max``, and of the last pings ``p50`` and ``p95``"""
    loss: dict[str, float]
    """``resent``, the answered pings that were sent more than once; ``percent``, lost of the last pings"""
    calls: dict[str, int]
    """``ok`` and ``failed`` in the present window; ``shadow_downs``, how often calls would take it down"""
    callbacks: dict[str, int]
    """changes: ``waiting`` for the callbacks, ``merged`` into a newer one of which they were told"""
    availability: dict[str, Any]
    """of ``1h``, ``24h`` and ``30d``: ``percent``, ``up``, ``down``, ``outages``, ``voids``; and ``strip``"""
    rise: int
    fall: int
    owners: dict[str, dict[str, Any]]
    """by their names: ``callback``, ``user_attr``, ``flags``, ``group``, ``priority``, ``weight``"""
    options: dict[str, Value]
    """what its owners set for it alone; if they differ, what the first owner set"""
    history: list[dict[str, Any]]
    """the last ten changes, the newest one last: ``at``, ``from``, ``to``, ``reason``"""
    targets: list[ShownTarget]
    """the addresses behind a name, in their order; of an address there are none"""
    resolution: ShownResolution
    """how DNS was asked of a name: ``asked``, ``answered``, ``fault``, ``left_out``"""
    target_of: str
    """the key of the name behind which it is a target; "" if it is none"""
    cluster: ShownCase
    """in a cluster: which node pings it, and what each node says of it"""


class ServerInformation(TypedDict, total=False):
    """What is known of this server."""

    cluster: ShownCluster
    """if it is in one: its nodes"""


Known = Information | ServerInformation
NOTHING: Final[Known] = Information()


def of_server() -> ServerInformation:
    """Return what is known of this server."""
    return {"cluster": shown_cluster.server()} if shown_cluster.is_on() else {}


def of(key: str) -> Information:
    """Return what is known of a destination; an empty dictionary if it is not monitored."""
    registered = destination_rows.registration(key)
    known = destination_rows.health(key)
    if registered is None or known is None:
        return {}
    admin = destination_rows.admin(key)
    policy = policies.policy_of(registered)
    resolution = name_rows.resolution(key)
    now = clock.now()
    found: Information = {
        "destination": key,
        "uri": registered.uri,
        "state": STATE_NAMES[known.state],
        "admin": admin._asdict() if admin else {"mode": "ready"},
        "not_pinged_because": _why_not_pinged(key, registered, known, now),
        "tracks": tracks(key, policy),
        "tracked_by": sum(tracked_rows.numbers(key).values()),
        "held": _held(key, known, policy, now),
        "drained_until": _epoch(known.drain_until, now),
        "kept_down_until": _epoch(known.kept_down, now) if is_kept_down(known, now) else 0,
        "flapping": known.flap_level,
        "since": known.since,
        "last_code": known.code,
        "last_result": known.result,
        "last_reason": known.reason,
        "last_checked": known.checked,
        "last_up": known.last_up,
        "last_down": known.last_down,
        "ok": known.ok,
        "failed": known.failed,
        "timeouts": known.timeouts,
        "void": known.void,
        "mismatched": known.mismatched,
        "drained": known.drained,
        "consecutive": known.streak,
        "latency_ms": {
            "last": known.latency / 1000,
            "ewma": known.latency_ewma / 1000,
            "min": known.latency_min / 1000,
            "max": known.latency_max / 1000,
            "p50": percentile(known.samples, 50) / 1000,
            "p95": percentile(known.samples, 95) / 1000,
        },
        "loss": {"resent": known.resent, "percent": round(loss(known.samples), 1)},
        "calls": {"ok": known.calls_ok, "failed": known.calls_failed, "shadow_downs": known.shadow_downs},
        "callbacks": _news(key),
        "availability": availability.of(key) or {},
        "rise": policy.criteria.rise,
        "fall": policy.criteria.fall,
        "owners": {
            name: {
                "callback": owner.callback,
                "user_attr": owner.copy_of_user_attr(),
                "flags": owner.flags,
                "group": owner.group,
                "priority": owner.priority,
                "weight": owner.weight,
            }
            for name, owner in registered.owners.items()
        },
        "options": registered.options,
        "history": [
            {"at": at, "from": STATE_NAMES[before], "to": STATE_NAMES[after], "reason": reason}
            for at, before, after, reason in destination_rows.history(key)
        ],
        "targets": list(shown_targets.of(key, resolution)),
        "resolution": shown_targets.resolution(resolution),
        "target_of": uris.name_of(key),
    }
    if shown_cluster.is_on():
        found["cluster"] = shown_cluster.of(key, registered)
    return found


def _hindrance(key: str, registered: Registration, policy: Policy) -> str:
    """Return why no ping can leave for a destination now, "" if one can, or if its targets are pinged."""
    if policies.is_name(registered):
        return "" if name_states.targets_of(name_rows.resolution(key)) else NO_TARGETS
    return departures.hindrance_now(through(key, policy) or registered.uri, policy)


def of_each(keys: Iterable[str]) -> list[Information]:
    """Return of() of those keys that are monitored; one for which that fails is logged, and left out."""
    return [known for known in map(_of_one, keys) if known]


def _of_one(key: str) -> Information:
    try:
        return of(key)
    except Exception:
        log.exception("nothing can be said of %s", key)
        return {}


def _why_not_pinged(key: str, registered: Registration, known: Health, now: int) -> str:
    """Return why nothing is learned of a destination by pings, "" if something is."""
    stopped, admin = _stopped(), destination_rows.admin(key)
    if registered.target and not is_maintenance(admin):
        admin = destination_rows.admin(registered.target.name)
    policy = policies.policy_of(registered)
    behind = tracks(key, policy)
    if not behind:
        hindrance = _hindrance(key, registered, policy)
        is_tracked = bool(tracked_rows.numbers(key))
        return why_not_pinged(stopped, admin, hindrance, known, policy, now, is_tracked)
    if stopped or is_maintenance(admin):
        return stopped or MAINTENANCE
    asked = tracked.asked_for(behind)
    other, its_health = destination_rows.registration(asked.key), destination_rows.health(asked.key)
    if asked.why_not or other is None or its_health is None:
        return TRACK + (asked.why_not or NOT_MONITORED)
    because = _why_not_pinged(asked.key, other, its_health, now)
    return because and TRACK + because


def _stopped() -> str:
    """Return why nobody is pinged at all, "" if they are."""
    if server_rows.published_settings() is None:
        return NOT_STARTED
    if server_rows.is_disabled():
        return DISABLED
    if server_rows.is_paused():
        return PAUSED
    return SHORT_OF_MEMORY if free_memory.is_short() else ""


def _news(key: str) -> dict[str, int]:
    """Return how many changes wait for the callbacks, and how many they heard of by a newer state alone."""
    known = destination_rows.news(key)
    return {"waiting": known.changes - known.told, "merged": known.merged} if known else {}


def _held(key: str, known: Health, policy: Policy, now: int) -> list[str]:
    """Return which guards keep a destination answering or up, by the names of their parameters."""
    guards = []
    if groups_keeping(destination_rows.service_code(key) or 0):
        guards.append("group_min_alive")
    if known.state == UP and -known.streak >= policy.criteria.fall and uplinks.is_frozen(policy, now):
        guards.append("mass_failure")
    return guards


def _epoch(when: int, now: int) -> int:
    """Return the epoch seconds of a time of the monotonic clock, 0 for none."""
    return int(time.time() + (when - now) / SECOND) if when else 0
