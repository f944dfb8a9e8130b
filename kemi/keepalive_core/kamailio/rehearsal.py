"""Whether a route of this server drops pings: one is sent to this process itself.

What an event_route[tm:local-request] drops, tm takes for sent (5.6 to 6.1), and then nothing is heard of it.
So where nothing was heard of a ping, not even that its time is over, another one like it is sent to a socket
of this process, and behind it a datagram that needs no Kamailio. If that one is the first to come, the routes
are to blame, and not the destination.
"""

import socket

from ..rules.policy import Policy
from . import listeners, tm

DROPPED = "dropped: a route of this server, such as tm:local-request, drops what is sent to the destination"

_CONTROL = b"control"
_WAIT_SECONDS = 0.1


def is_dropped(uri: str, policy: Policy) -> bool:
    """Say whether a ping does not leave this server, with tm taking it for sent; False if nobody knows."""
    # From one of the sockets of Kamailio to its own address, as what goes elsewhere may go another way.
    departure = listeners.departure("sip:127.0.0.1", policy.socket)
    address = departure.addresses[0] if departure.addresses else "127.0.0.1"
    if departure.hindrance or ":" in address:
        return False
    try:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as witness,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control,
        ):
            witness.bind((address, 0))
            witness.settimeout(_WAIT_SECONDS)
            port = witness.getsockname()[1]
            if not tm.rehearse(uri, policy, f"sip:{address}:{port}"):
                return False
            control.sendto(_CONTROL, (address, port))
            return witness.recv(len(_CONTROL)) == _CONTROL
    except OSError:
        return False
