"""The native route that runs once for each change of a state, if kamailio.cfg names one."""

import logging
from functools import cache
from typing import Final

from ..kamailio import routes, variables
from ..rules.quoting import without_passwords
from ..rules.states import STATE_NAMES
from .announcements import Change

log = logging.getLogger("keepalive")

_SETTING: Final = "changed_route"
# The state of a destination that is monitored no more.
_REMOVED: Final = "removed"


@cache
def name() -> str:
    """Return the route's name, "" for none; one that kamailio.cfg does not have is none, as is told once."""
    try:
        named = variables.defined(_SETTING) or ""
    except variables.Unreadable as error:
        log.error("no route runs for changes: %s", error)
        return ""
    if not named or routes.exists(named):
        return named
    log.error(
        "no route runs for changes: kamailio.cfg has no route[%.100s], which KEEPALIVE_CHANGED_ROUTE names",
        named,
    )
    return ""


def run(change: Change) -> None:
    """Run the route for a change, with ``$var(keepalive_uri)`` and so on set."""
    routes.set_variable("keepalive_uri", change.uri)
    routes.set_variable("keepalive_state", STATE_NAMES.get(change.state, _REMOVED))
    routes.set_variable("keepalive_old", STATE_NAMES[change.old])
    routes.set_variable("keepalive_reason", without_passwords(change.reason))
    routes.run(name())
