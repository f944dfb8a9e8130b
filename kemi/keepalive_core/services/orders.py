"""What is ordered: a parameter, a destination out of service, a ping, a pause, a reload of the script."""

import logging
import math
import time
from collections.abc import Callable

from ..kamailio import destination_rows, queues, rpc, server_rows, tables
from ..kamailio.kamailio_log import about
from ..rules import modes
from ..rules.checks import Refused
from ..rules.modes import Admin
from ..rules.parameters import DESTINATION
from ..rules.schedule import Wish
from ..rules.service_code import code_of
from ..rules.uptime import condition
from . import (
    availability,
    configuration,
    groups,
    lookup,
    policies,
    registrations,
    registry,
    reloads,
    said_here,
    slow_start,
    startup,
    state_file,
)

log = logging.getLogger("keepalive")


def set_parameter(name: object, value: object) -> None:
    """Set a parameter for the script, or add a destination.

    Raises: InvalidSetting, or what registry.add() raises; then nothing has changed.
    """
    if name == DESTINATION:
        registry.add(value, registry.MODPARAM_OWNER)
    else:
        configuration.modparam(name, value)


def set_admin(
    destination: object, mode: object, until: object, by: object, why: object
) -> tuple[Admin | None, Admin | None] | None:
    """Set a destination's admin mode.

    Arguments: destination, in any spelling; mode, until, by and why, see modes.said().
    Returns: what was said of it before, and what is now, each None for ready; None alone for a malformed
    destination.
    Raises: Refused, SharedMemoryFull; then nothing has changed.
    """
    key = lookup.key_of(destination)
    if not key:
        return None
    said = modes.said(mode, until, by, why, int(time.time()))
    remark = _remark(said)
    startup.start()
    key = lookup.monitored_key(key) or key
    with tables.locked(key):
        was = _store_admin(key, said)
        registrations.have_followed(key)
        said_here.tell_admin(key, said)
    log.info("%s is set to %s%s", key, mode, remark, extra=about(key))
    return was, said


def follow_admin(destination: str, said: Admin | None, is_same: Callable[[Admin | None], bool]) -> bool:
    """Have a destination's admin mode be as another node of the cluster says; nobody is told of that.

    Arguments: destination, its key there; said, None for ready; is_same, says whether that is what holds.
    Returns: whether the destination is monitored. Raises: SharedMemoryFull.
    """
    startup.start()
    key = destination
    key = lookup.monitored_key(key) or key
    with tables.locked(key):
        if destination_rows.health(key) is None:
            return False
        if is_same(destination_rows.admin(key)):
            return True
        _store_admin(key, said)
        registrations.have_followed(key)
    log.info("%s is set to %s%s", key, said.mode if said else modes.READY, _remark(said), extra=about(key))
    return True


def is_in_maintenance(key: str) -> bool:
    """Say whether an administrator lets nobody ping a destination, or the name behind which it stands."""
    registered = destination_rows.registration(key)
    name = registered.target.name if registered and registered.target else key
    return any(modes.is_maintenance(destination_rows.admin(each)) for each in (key, name))


def end_admin(key: str) -> None:
    """End a destination's admin mode whose time is over. Raises: Refused, SharedMemoryFull."""
    with tables.locked(key):
        said = destination_rows.admin(key)
        if said is None or not said.until:
            return
        if said.until > math.ceil(time.time()):
            # The clock was set back meanwhile: the prober looks at it anew.
            queues.announce_change(key)
            return
        _store_admin(key, None)
        registrations.have_followed(key)
    log.info("%s is ready again: the time of its %s is over%s", key, said.mode, _remark(said))


def _store_admin(key: str, said: Admin | None) -> Admin | None:
    """Have it said of a destination, under its lock; return what was said before."""
    known = destination_rows.health(key)
    if known is None:
        raise Refused(f"{key} is not monitored")
    # A state file that could not be read yet may know an older word, and this one is to stand.
    is_read = not state_file.is_awaited()
    was = destination_rows.admin(key)
    destination_rows.store_admin(key, said if said or is_read else modes.ready(int(time.time())))
    availability.follow(key, condition(known.state, was), condition(known.state, said))
    registered, code = destination_rows.registration(key), code_of(known, said)
    slow_start.follow(registered, code_of(known, was), code, policies.policy_of(registered))
    groups.publish(key, code, registered)
    return was


def _remark(said: Admin | None) -> str:
    if said is None:
        return ""
    parts = [f"by {said.by}" if said.by else "", said.why]
    if said.until:
        parts.append("until " + time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(said.until)))
    return " (" + ", ".join(filter(None, parts)) + ")" if any(parts) else ""


def ping_now(destination: object) -> bool:
    """Have a destination pinged soon.

    Arguments: destination, in any spelling.
    Returns: whether it is monitored. Raises: SharedMemoryFull.
    """
    key = lookup.monitored_key(destination)
    if not key:
        return False
    queues.announce_change(key, Wish.NOW)
    return True


def pause(paused: bool) -> None:
    """Send no pings from now on, or send them again. Raises: SharedMemoryFull."""
    server_rows.store_paused(paused)


def reload_script(path: str) -> None:
    """Have every process reload the script, after a look at its file.

    Arguments: path, of a draft, which is only looked at; "" for the file of the script that runs.
    Raises: UnusableScript, Unanswered; then nothing is reloaded.
    """
    if reloads.check(path):
        rpc.ask("app_python.reload")
    else:
        log.info("%.300s is fit to be loaded; it is not the script that runs, and nothing is reloaded", path)
