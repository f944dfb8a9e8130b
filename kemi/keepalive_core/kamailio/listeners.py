"""At which sockets this server listens, as Kamailio says.

They do not change while it runs. The first prober asks once and lets all processes know: in mod_init nobody
may ask, as module jsonrpcs ends the server if it is called before it has started itself (5.6 to 6.1). So a
destination that is added there is checked when it is pinged.
"""

import logging
from typing import Final

import KSR

from ..rules import uris
from ..rules.sockets import Departure, Listener, Sockets, read_listeners
from ..rules.uris import Hop
from . import listening_rows, rpc

log = logging.getLogger("keepalive")

_UNKNOWN: Final = Departure()

_sockets: Sockets | None = None


def publish() -> None:
    """Ask Kamailio, and let all processes know; for the first prober. Raises: SharedMemoryFull."""
    if listening_rows.listeners() is not None:
        return
    found: list[Listener] = []
    try:
        found = read_listeners(rpc.ask("core.sockets_list"))
    except (rpc.Unanswered, ValueError) as error:
        # Nothing is known to be impossible then.
        log.warning("Kamailio does not say where it listens: %s", error)
    listening_rows.store_listeners(found)


def _known() -> Sockets | None:
    """Return the sockets, None as long as they are not known."""
    global _sockets
    if _sockets is None:
        found = listening_rows.listeners()
        if found:
            _sockets = Sockets(found, KSR.is_myself, "websocket" in vars(KSR))
    return _sockets


def are_known() -> bool:
    """Say whether the first prober has asked."""
    return listening_rows.listeners() is not None


def hindrance(hop: Hop) -> str:
    """Return why nothing can be sent to a hop from here, "" if it can, or if that is not known."""
    known = _known()
    return known.departure(hop, "").hindrance if known else ""


def is_own(uri: str) -> bool:
    """Say whether a URI means this server itself."""
    return bool(KSR.is_myself(uri) > 0)


def departure(next_hop: str, socket: str) -> Departure:
    """Return how a ping leaves, as far as it is known.

    Arguments: next_hop, the URI it is sent to, "" for any; socket, the one it is to leave from, "" for any.
    """
    known = _known()
    return known.departure(uris.hop(next_hop) if next_hop else Hop(), socket) if known else _UNKNOWN
