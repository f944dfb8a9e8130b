"""What is shown of the targets of a name: what DNS says of each, and how its pings went."""

from collections.abc import Iterator
from typing import Any, Final, NotRequired, TypedDict

from ..kamailio import destination_rows
from ..rules import uris
from ..rules.latency import loss
from ..rules.modes import READY
from ..rules.quoting import one_line
from ..rules.record import Health
from ..rules.resolution import Resolution, Target
from ..rules.service_code import answer, shown_as
from ..rules.states import STATE_NAMES, UP
from . import shown_cluster
from .shown_cluster import ShownCase

_NOT_THERE: Final = Health(0, reason="not pinged yet")


class ShownTarget(TypedDict):
    """A target, as it is now. Times are epoch seconds, 0 for none."""

    target: str
    """its key, by which it is driven as a destination is"""
    address: str
    port: int
    transport: str
    priority: int
    """a lower one is better: RFC 2782"""
    weight: int
    record: str
    """what of DNS says so"""
    shown: str
    """as what it is counted: what takes it, or its name, out comes before its state"""
    state: str
    """"unknown", "up" or "down\""""
    alive: bool
    since: int
    """the last change of its state"""
    latency_ms: float
    """of the last reply, 0 before that"""
    loss: float
    """percent of the last pings that were lost"""
    admin: str
    """"ready", "drain" or "maint\""""
    reason: str
    """how the last ping ended"""
    kept: bool
    """whether DNS names it no more, and it counts until the new ones are decided"""
    cluster: NotRequired[ShownCase | None]
    """in a cluster: which node pings it, and who can't reach it"""


class ShownResolution(TypedDict, total=False):
    """What DNS said of a name; of what is no name there is no key at all."""

    asked: int
    """when it was asked last, in epoch seconds"""
    answered: int
    """when it gave targets last, in epoch seconds"""
    fault: str
    """how the last question failed; "" if it did not"""
    left_out: str
    """which records are not used, and why"""


def of(key: str, known: Resolution | None) -> Iterator[ShownTarget]:
    """Yield the targets of a name, given what DNS said of it; those that are only kept are the last."""
    if known is not None:
        admin = destination_rows.admin(key)
        mode = admin.mode if admin else ""
        for targets, is_kept in ((known.targets, False), (known.kept, True)):
            yield from (_shown(each, is_kept, mode) for each in targets)


def resolution(known: Resolution | None) -> ShownResolution:
    """Return how DNS was asked of a name."""
    if known is None:
        return {}
    return {
        "asked": known.asked,
        "answered": known.answered,
        "fault": one_line(known.fault),
        "left_out": one_line(known.left_out),
    }


def at_a_glance(known: Resolution) -> dict[str, Any]:
    """Return how many targets of a name are alive, and how DNS was asked of it."""
    codes = [destination_rows.service_code(each.key) for each in known.all_targets]
    alive = sum(code is not None and answer(code) == UP for code in codes)
    return {"alive": alive, "targets": len(codes), **resolution(known)}


def _shown(target: Target, is_kept: bool, mode: str) -> ShownTarget:
    code = destination_rows.service_code(target.key)
    health = destination_rows.health(target.key) or _NOT_THERE
    admin = destination_rows.admin(target.key)
    address, port, transport = _place(target.hop)
    state = STATE_NAMES[health.state]
    found: ShownTarget = {
        "target": target.key,
        "address": address,
        "port": port,
        "transport": transport,
        "priority": target.priority,
        "weight": target.weight,
        "record": one_line(target.record),
        "shown": mode or (state if code is None else shown_as(code)),
        "state": state,
        "alive": code is not None and answer(code) == UP,
        "since": health.since,
        "latency_ms": health.latency / 1000,
        "loss": round(loss(health.samples), 1),
        "admin": admin.mode if admin else READY,
        "reason": health.reason,
        "kept": is_kept,
    }
    if shown_cluster.is_on():
        found["cluster"] = shown_cluster.at_a_glance(target.key, health.reason)
    return found


def _place(hop: str) -> tuple[str, int, str]:
    """Return address, port and transport of the URI of a target; whoever may use RPC can write anything."""
    try:
        return (*uris.peer_of(hop), uris.hop(hop).transport)
    except uris.InvalidURI:
        return "", 0, ""
