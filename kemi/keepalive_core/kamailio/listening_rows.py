"""At which sockets this server listens, and whether it was awake to hear what arrived there.

=============  ======================  ===============================================
table          key                     value
=============  ======================  ===============================================
``keepalive``  ``pulse``               listening.Pulse, two numbers
``keepalive``  ``gaps``                each listening.Gap, three numbers
``keepalive``  ``queue`` and a socket  listening.Queue: a number, bits, a number
``keepalive``  ``rehearsed``           when the last reply to a rehearsal came, us
``keepalive``  ``listeners``           JSON, the fields of each sockets.Listener
=============  ======================  ===============================================
"""

import json
from collections.abc import Iterable
from typing import Any

from ..rules import rows
from ..rules.listening import Gap, Pulse, Queue
from .tables import COMMON, read_row, store


def pulse() -> Pulse:
    """Return when this server was seen awake."""
    return read_row(COMMON, "pulse", rows.pulse) or Pulse()


def store_pulse(known: Pulse) -> None:
    """Write when this server was seen awake. Raises: SharedMemoryFull."""
    # All of one length, so that each is written in the place of the one before.
    store(COMMON, "pulse", " ".join(f"{number:019d}" for number in known))


def gaps() -> list[Gap]:
    """Return of which times this server saw nothing."""
    return read_row(COMMON, "gaps", rows.gaps) or []


def store_gaps(known: Iterable[Gap]) -> None:
    """Write of which times this server saw nothing. Raises: SharedMemoryFull."""
    store(COMMON, "gaps", ",".join("{} {} {}".format(*each) for each in known))


def queue(address: str) -> Queue | None:
    """Return what is known of the answers at a socket, such as 192.168.10.1:5060; None if it is not known."""
    return read_row(COMMON, f"queue {address}", rows.queue)


def store_queue(address: str, known: Queue) -> None:
    """Write what is known of the answers at a socket. Raises: SharedMemoryFull."""
    text = f"{known.newest:019d} {known.dropped:0100x} {known.unread_since:019d}"
    store(COMMON, f"queue {address}", text)


def rehearsed() -> int:
    """Return when the last reply to a rehearsal came, us; 0 for never."""
    return read_row(COMMON, "rehearsed", int) or 0


def store_rehearsed(now: int) -> None:
    """Write when a reply to a rehearsal came, us. Raises: SharedMemoryFull."""
    store(COMMON, "rehearsed", f"{now:019d}")


def listeners() -> list[list[Any]] | None:
    """Return the fields of each sockets.Listener; None before they are known."""
    return read_row(COMMON, "listeners", rows.listeners)


def store_listeners(found: list[list[Any]]) -> None:
    """Let all processes know at which sockets this server listens. Raises: SharedMemoryFull."""
    store(COMMON, "listeners", json.dumps(found))
