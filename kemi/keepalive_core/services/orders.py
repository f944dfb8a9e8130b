"""What operators and scripts order: a destination out of service, pings now, or none at all."""

import logging
import math
import time

from ..kamailio import destination_rows, queues, server_rows, tables
from ..rules import modes
from ..rules.checks import Refused
from ..rules.modes import Admin
from ..rules.schedule import Wish
from ..rules.service_code import code_of
from . import groups, lookup, registrations, startup, state_file

log = logging.getLogger("keepalive")


def set_admin(key: str, mode: object, until: object = 0, by: object = "", why: object = "") -> None:
    """Set a destination's admin mode.

    Raises: Refused, SharedMemoryFull; then nothing has changed.
    """
    said = modes.said(mode, until, by, why, int(time.time()))
    remark = _remark(said)
    startup.start()
    with tables.locked(key):
        _store_admin(key, said)
        registrations.have_followed(key)
    log.info("%s is set to %s%s", key, mode, remark)


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


def _store_admin(key: str, said: Admin | None) -> None:
    known = destination_rows.health(key)
    if known is None:
        raise Refused(f"{key} is not monitored")
    # A state file that could not be read yet may know an older word, and this one is to stand.
    is_read = not state_file.is_awaited()
    destination_rows.store_admin(key, said if said or is_read else modes.ready(int(time.time())))
    groups.publish(key, code_of(known, said), destination_rows.registration(key))


def _remark(said: Admin | None) -> str:
    if said is None:
        return ""
    parts = [f"by {said.by}" if said.by else "", said.why]
    if said.until:
        parts.append("until " + time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(said.until)))
    return " (" + ", ".join(filter(None, parts)) + ")" if any(parts) else ""


def ping_now(key: str) -> bool:
    """Have a destination pinged soon; False if it is not monitored. Raises: SharedMemoryFull."""
    if lookup.service_code(key) is None:
        return False
    queues.announce_change(key, Wish.NOW)
    return True


def pause(paused: bool) -> None:
    """Send no pings from now on, or send them again. Raises: SharedMemoryFull."""
    server_rows.store_paused(paused)
