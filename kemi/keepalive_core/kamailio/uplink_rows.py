"""The sockets that pings leave from: how many destinations are behind each, and begin to fail.

====================  ======================================  ============================================
table                 key                                     value
====================  ======================================  ============================================
``keepalive_uplink``  a socket                                mass_failure.Uplink as JSON
``keepalive_uplink``  a socket, and the number of a prober    int, how many of its destinations are behind
====================  ======================================  ============================================
"""

from ..rules import rows
from ..rules.mass_failure import Uplink
from .tables import UPLINK, all_keys, locked, read_number, read_row, store
from .variables import probers


def uplink(socket: str, is_locked: bool = False) -> Uplink:
    """Return what is known of a socket; is_locked, whether the caller holds its lock."""
    return read_row(UPLINK, _uplink_key(socket), rows.uplink, is_locked) or Uplink()


def store_uplink(socket: str, known: Uplink) -> None:
    """Write what is known of a socket. Raises: SharedMemoryFull."""
    store(UPLINK, _uplink_key(socket), rows.json_text(known))


def uplink_lock(socket: str) -> "locked":
    """Hold a socket's lock."""
    return locked(_uplink_key(socket), UPLINK)


def _uplink_key(socket: str) -> str:
    return socket or "default"


def behind(socket: str) -> int:
    """Return how many destinations are pinged from a socket."""
    return sum(behind_of(socket, prober) for prober in range(probers()))


def behind_of(socket: str, prober: int) -> int:
    """Return how many destinations a prober pings from a socket, as it said."""
    return read_number(UPLINK, f"{_uplink_key(socket)} {prober}")


def store_behind(socket: str, prober: int, number: int) -> None:
    """Write how many destinations a prober pings from a socket. Raises: SharedMemoryFull."""
    store(UPLINK, f"{_uplink_key(socket)} {prober}", number)


def sockets() -> list[str]:
    """Return the sockets of which anything is known: walks the table."""
    # A socket's name has no space, and a row of a prober has one.
    return [key for key in all_keys(UPLINK) if " " not in key]
