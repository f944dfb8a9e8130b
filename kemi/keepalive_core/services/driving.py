"""What operators order: each function does it, and writes it down as an order of who asked for it.

Each returns what JSON-RPC answers, see docs/rpc.md, or is a generator that does.
Raises: what is in refusals.REFUSALS, among them NotMonitored; then nothing has changed.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from ..kamailio import destination_rows, group_rows, name_rows, server_rows
from ..rules import checks, uris
from ..rules.checks import NotMonitored
from ..rules.modes import READY, Admin
from ..rules.operator import Operator
from ..rules.rows import OF_RPC, Owner
from . import (
    captures,
    lookup,
    order_book,
    orders,
    own_health,
    ownership,
    policies,
    registrations,
    registry,
    reports,
    tracked,
)
from .ownership import Incomplete
from .viewing import Answer

OK: Final = "Ok."
PINGING: Final = "pinging"
PAUSED: Final = "paused"

# Owners that the line of an order names.
_NAMED: Final = 5
# Destinations that are removed between two yields.
_AT_ONCE: Final = 10
# How often one that waits looks, in s.
_LOOKS: Final = 0.02


def monitored(destination: str) -> tuple[str, str]:
    """Return the key and the name of a destination in any spelling. Raises: InvalidURI, NotMonitored."""
    uris.parse(destination)
    key = lookup.monitored_key(destination)
    if not key:
        raise NotMonitored(destination)
    registered = destination_rows.registration(key)
    # The URI of a target is that of its name.
    return key, key if registered is None or uris.is_target(key) else registered.uri


# --- one destination ----------------------------------------------------------------------------------------


def set_admin(operator: Operator, destination: str, mode: str, until: float, why: str) -> dict[str, Any]:
    """Take a destination out of service, or put it back."""
    key, uri = monitored(destination)
    # Under the lock: another operator may say something else at the same time.
    before, after = orders.set_admin(key, mode, until, operator.name, why) or (None, None)
    _note_modes(operator, uri, before, after)
    return {"destination": key, "before": _shown(before), "after": _shown(after)}


def set_self(operator: Operator, mode: str, until: float, why: str) -> dict[str, Any]:
    """Have this server say that it takes no calls, or that it does; without a mode, see what it says."""
    before = own_health.drain()
    if mode:
        own_health.order(mode, until, operator.name, why)
        _note_modes(operator, "this server", before, own_health.drain())
    return {"before": _shown(before), "after": _shown(own_health.drain())}


def _note_modes(operator: Operator, what: str, before: Admin | None, after: Admin | None) -> None:
    if _shown(before) != _shown(after):  # to say what holds already is no order
        order_book.note(operator, what, _told(before), _told(after))


def _shown(admin: Admin | None) -> dict[str, Any]:
    said = admin or Admin(READY, 0, "", "", 0)
    return {"mode": said.mode, "until": said.until, "by": said.by, "why": said.why}


def _told(admin: Admin | None) -> str:
    """Return an admin mode as an order has it: maint until 14:00 (card swap)."""
    if admin is None:
        return READY
    until = f" until {_clock(admin.until)}" if admin.until else ""
    return f"{admin.mode}{until}{f' ({admin.why})' if admin.why else ''}"


def _clock(at: int) -> str:
    day, now = time.localtime(at), time.localtime()
    return time.strftime("%H:%M" if day[:3] == now[:3] else "%Y-%m-%d %H:%M", day)


def ping_now(operator: Operator, destination: str, wait: bool) -> Any:
    """Ping a destination at once, or a second after its last ping, and wait for what comes of it if so."""
    key, uri = monitored(destination)
    order_book.note(operator, f"ping {uri}")
    if wait:
        return _wait_for_ping(key)
    orders.ping_now(key)
    return OK


def _wait_for_ping(key: str) -> Answer:
    asked = tracked.asked_for(key)
    key = key if asked.why_not else asked.key
    resolution = name_rows.resolution(key)
    ping = captures.ping(key) if resolution is None else captures.ping_name(key, resolution)
    while True:
        try:
            next(ping)
        except StopIteration as end:
            return end.value
        yield _LOOKS


def report_failure(operator: Operator, destination: str, reason: str) -> str:
    """Count a failure that somebody saw, as a failed ping counts."""
    return _report(operator, destination, False, reason)


def report_success(operator: Operator, destination: str, reason: str) -> str:
    """Count a success that somebody saw, as an answered ping counts."""
    return _report(operator, destination, True, reason)


def _report(operator: Operator, destination: str, success: bool, reason: str) -> str:
    key, uri = monitored(destination)
    if not reports.count(key, success, reason or f"by {operator.name}"):
        raise NotMonitored(destination)
    order_book.note(operator, f"{uri}: a {'success' if success else 'failure'} is reported")
    return OK


def report_reply(operator: Operator, destination: str, code: int) -> str:
    """Count what a reply to a call says of a destination."""
    key, uri = monitored(destination)
    if not reports.count_reply(key, code):
        raise NotMonitored(destination)
    order_book.note(operator, f"{uri}: a reply {code} is reported")
    return OK


# --- destinations come and go -------------------------------------------------------------------------------


def add_destination(
    operator: Operator,
    uri: str,
    owner: str,
    group: str,
    priority: int,
    weight: int,
    options: Mapping[str, Any],
) -> str:
    """Monitor a destination for an owner, or update what RPC added for it before."""
    key = uris.parse(uri).key
    before, registered = _owned(key), destination_rows.registration(key)
    registry.add_by_rpc(uri, owner, group, priority, weight, options)
    if destination_rows.registration(key) != registered:
        order_book.note(operator, uri, before, _owned(key))
    return OK


def del_destination(operator: Operator, uri: str, owner: str) -> str:
    """End an owner's interest in a destination, whoever added it."""
    key = ownership.owned_key(uris.parse(uri).key, owner)
    registered = destination_rows.registration(key)
    if registered is None:
        raise NotMonitored(uri)
    before = _owned(key)
    registry.delete(key, owner)
    order_book.note(operator, registered.uri, before, _owned(key))
    return OK


def _owned(key: str) -> str:
    """Return for whom a destination is monitored, as an order has it."""
    registered = destination_rows.registration(key)
    if registered is None:
        return "not monitored"
    names = list(registered.owners)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    groups = f", in {', '.join(registered.groups)}" if registered.groups else ""
    return f"monitored for {', '.join(names[:_NAMED])}{more}{groups}"


def flush(operator: Operator, everything: bool) -> Answer:
    """End the interest of all owners that RPC added, or of all owners; return how many these were."""
    what = "all destinations" if everything else "all destinations added by RPC"
    is_meant = (lambda _: True) if everything else _is_of_rpc
    gone, is_done = 0, False
    try:
        for number, key in enumerate(destination_rows.monitored_keys(), 1):
            registered = destination_rows.registration(key)
            for name in registered.owners if registered else ():
                gone += registrations.disown(key, name, is_meant)
            if not number % _AT_ONCE:
                yield None
        is_done = True
    finally:
        if gone and is_done:
            order_book.note(operator, what, str(gone), "0")
        elif gone:
            order_book.note(operator, f"{what}: {gone} are removed, and then it failed")
    return gone


def _is_of_rpc(owner: Owner) -> bool:
    return owner.origin == OF_RPC


def configure_group(operator: Operator, name: str, options: Mapping[str, Any]) -> str:
    """Give a group options for all of its members, in the place of those that it had."""
    before = _options_of(checks.group_to_configure(name))
    registry.configure_group(name, options)
    after = _options_of(name)
    if after != before:
        order_book.note(operator, f"group {name}", before, after)
    return OK


def _options_of(name: str) -> str:
    """Return what the script or an operator said of a group, as an order has it."""
    said = group_rows.options(name).get(policies.OF_SCRIPT, {})
    return " ".join(f"{option}={value}" for option, value in said.items()) or "no options"


# --- the server ---------------------------------------------------------------------------------------------


def pause(operator: Operator) -> dict[str, str]:
    """Send no pings from now on."""
    return _pause(operator, True)


def resume(operator: Operator) -> dict[str, str]:
    """Send pings again."""
    return _pause(operator, False)


def _pause(operator: Operator, paused: bool) -> dict[str, str]:
    before = _pings()
    orders.pause(paused)
    after = _pings()
    if after != before:
        order_book.note(operator, "pings", before, after)
    return {"before": before, "after": after}


def _pings() -> str:
    return PAUSED if server_rows.is_paused() else PINGING


def reload(operator: Operator, force: bool, dry_run: bool) -> Answer:
    """Make the destinations of the list file those that it has now, or say only what that would change."""
    try:
        found = yield from registry.reload_in_steps(force, dry_run)
    except Incomplete as trouble:
        order_book.note(operator, f"reload of the list file: {trouble}")
        raise
    if not dry_run:
        order_book.note(operator, f"reload of the list file: {found.line()}")
    return found.told()


def reload_script(operator: Operator) -> str:
    """Have every process reload the script, after a look at its file."""
    orders.reload_script("")
    order_book.note(operator, "reload of the script")
    return OK
