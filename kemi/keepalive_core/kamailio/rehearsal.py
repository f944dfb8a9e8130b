"""What the routes of this server do to pings: one is sent to this process itself, and answered.

What an event_route[tm:local-request] drops, tm takes for sent (5.6 to 6.1), and then nothing is heard of it.
Nor is it if a route has changed the reply function, or the AVP by which a reply finds its ping. So if nothing
was heard of a ping, not even that its time is over, another one like it is sent to a socket of this process,
and behind it a datagram that needs no Kamailio. If that one is the first to come, or if the answer does not
come to keepalive, the routes are to blame, and not the destination.
"""

import re
import socket
import time
from typing import Final

from ..rules.policy import Policy
from . import clock, listeners, listening_rows, tm

DROPPED: Final = (
    "dropped: a route of this server, such as tm:local-request, drops what is sent to the destination"
)
TAKEN: Final = (
    "replies do not come to keepalive: does a route of this server, such as tm:local-request, call "
    "t_on_reply behind it, or change $avp(keepalive) or the Call-ID?"
)

_CONTROL: Final = b"control"
_WAIT_SECONDS: Final = 0.1
_STEP_SECONDS: Final = 0.01
_MOST_BYTES: Final = 65_536
# RFC 3261 section 8.2.6.2: what a reply has of its request.
_COPIED: Final = re.compile(
    rb"^(?:Via|From|To|Call-ID|CSeq):.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE | re.IGNORECASE
)


def fault_of_routes(uri: str, policy: Policy) -> str:
    """Return what the routes of this server do to pings and replies; "" for nothing, or if nobody knows.

    It waits for some milliseconds, and for two tenths of a second where there is a fault.
    """
    # From one of the sockets of Kamailio to its own address, as what goes elsewhere may go another way.
    departure = listeners.departure("sip:127.0.0.1", policy.socket)
    address = departure.addresses[0] if departure.addresses else "127.0.0.1"
    if departure.hindrance or ":" in address:
        return ""
    try:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control,
        ):
            peer.bind((address, 0))
            peer.settimeout(_WAIT_SECONDS)
            port = peer.getsockname()[1]
            began = clock.now()
            if not tm.rehearse(uri, policy, f"sip:{address}:{port}"):
                return ""
            control.sendto(_CONTROL, (address, port))
            request, sender = peer.recvfrom(_MOST_BYTES)
            if request == _CONTROL:
                return DROPPED
            peer.sendto(_answer(request), sender)
            return "" if _has_come(began) else TAKEN
    except OSError:
        return ""


def _answer(request: bytes) -> bytes:
    return b"SIP/2.0 200 OK\r\n" + b"".join(_COPIED.findall(request)) + b"Content-Length: 0\r\n\r\n"


def _has_come(began: int) -> bool:
    """Wait for the answer's arrival at keepalive, in whichever process."""
    for _ in range(round(2 * _WAIT_SECONDS / _STEP_SECONDS)):
        if listening_rows.rehearsed() >= began:
            return True
        time.sleep(_STEP_SECONDS)
    return False
