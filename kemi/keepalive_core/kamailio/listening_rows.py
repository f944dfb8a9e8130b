"""At which sockets this server listens, and whether it was awake to hear what arrived there.

=============  ======================  ===============================================
table          key                     value
=============  ======================  ===============================================
``keepalive``  ``pulse``               listening.Pulse, two numbers
``keepalive``  ``gaps``                each listening.Gap, three numbers
``keepalive``  ``queue`` and a socket  listening.Queue: a number, bits, a number
``keepalive``  ``listeners``           JSON, the fields of each sockets.Listener
=============  ======================  ===============================================
"""

from collections.abc import Iterable
from functools import lru_cache

from ..rules import rows
from ..rules.listening import Gap, Pulse, Queue
from ..rules.sockets import Listener
from .tables import COMMON, read_row, store


def pulse() -> Pulse:
    """Return when this server was seen awake."""
    return read_row(COMMON, "pulse", rows.pulse) or Pulse()


def store_pulse(known: Pulse) -> None:
    """Write when this server was seen awake. Raises: SharedMemoryFull."""
    store(COMMON, "pulse", rows.pulse_text(known))


def gaps() -> list[Gap]:
    """Return of which times this server saw nothing."""
    return read_row(COMMON, "gaps", rows.gaps) or []


def store_gaps(known: Iterable[Gap]) -> None:
    """Write of which times this server saw nothing. Raises: SharedMemoryFull."""
    store(COMMON, "gaps", rows.gaps_text(known))


def queue(address: str) -> Queue | None:
    """Return what is known of the answers at a socket, such as 192.168.10.1:5060; None if it is not known."""
    return read_row(COMMON, f"queue {address}", rows.queue)


def store_queue(address: str, known: Queue) -> None:
    """Write what is known of the answers at a socket. Raises: SharedMemoryFull."""
    store(COMMON, f"queue {address}", rows.queue_text(known))


# There is one text, which stays the same while the server runs.
_listeners = lru_cache(maxsize=1)(rows.listeners)


def listeners() -> list[Listener] | None:
    """Return at which sockets this server listens; None before they are known."""
    return read_row(COMMON, "listeners", _listeners)


def store_listeners(found: list[Listener]) -> None:
    """Let all processes know at which sockets this server listens. Raises: SharedMemoryFull."""
    store(COMMON, "listeners", rows.json_text(found))
