"""What the routes of this server do to pings: one is sent to this process itself, and answered.

What an event_route[tm:local-request] drops, tm takes for sent (5.6 to 6.1), and then nothing is heard of it.
Nor is it if a route has changed the reply function, or the AVP by which a reply finds its ping. So if nothing
was heard of a ping, not even that its time is over, another one like it is sent to a socket of this process,
and behind it a datagram that needs no Kamailio. If that one is the first to come, or if the answer does not
come to keepalive, the routes are to blame, and not the destination.
"""

import contextlib
import re
import socket
from collections.abc import Iterator
from typing import Final

from ..rules.policy import Policy
from ..rules.times import SECOND
from . import clock, listeners, tm

DROPPED: Final = (
    "dropped: a route of this server, such as tm:local-request, drops what is sent to the destination"
)
TAKEN: Final = (
    "replies do not come to keepalive: does a route of this server, such as tm:local-request, call "
    "t_on_reply behind it, or change $avp(keepalive) or the Call-ID?"
)

ENDLESS: Final = "tm's end of a ping does not come to keepalive"

# What the socket gets that needs no route: behind the ping, and when its answer or its end has come to us.
_CONTROL: Final = b"control"
_HEARD: Final = b"heard"
_ENDED: Final = b"ended"
# The longest time that an answer may take, in us: it goes through a SIP worker, which may be busy.
_WAIT: Final = SECOND // 2
_MOST_BYTES: Final = 65_536
# RFC 3261 section 8.2.6.2: what a reply has of its request.
_COPIED: Final = re.compile(
    rb"^(?:Via|From|To|Call-ID|CSeq):.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE | re.IGNORECASE
)


class Rehearsal:
    """One that is under way; nothing here waits.

    Arguments: peer, the socket that it was sent to; to_its_end, whether the answer is one that tm ends it by.
    """

    def __init__(self, peer: socket.socket, to_its_end: bool = False) -> None:
        self._peer = peer
        self._last = _ENDED if to_its_end else _HEARD
        self._status = b"500 Self-test" if to_its_end else b"200 OK"
        self._was_heard = not to_its_end
        self.began = clock.now()
        """when it was, in us"""
        self._was_answered = False

    def fault(self) -> str | None:
        """Return what the routes do to pings and replies, "" for nothing, or if nobody can know; None if it
        is not known yet.
        """
        for datagram, sender in self._arrived():
            if datagram == self._last:
                return "" if self._was_heard else TAKEN
            if datagram == _HEARD:
                self._was_heard = True
            elif datagram != _CONTROL:
                self._send(_answer(datagram, self._status), sender)
                self._was_answered = True
            elif not self._was_answered:
                return DROPPED
        if clock.now() - self.began < _WAIT:
            return None
        if not self._was_answered:
            return ""
        return ENDLESS if self._was_heard and self._last == _ENDED else TAKEN

    def end(self) -> None:
        """Give the socket back."""
        self._peer.close()

    def _arrived(self) -> Iterator[tuple[bytes, tuple[str, int]]]:
        with contextlib.suppress(OSError):  # nothing more is there
            while True:
                yield self._peer.recvfrom(_MOST_BYTES)

    def _send(self, datagram: bytes, to: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):
            self._peer.sendto(datagram, to)


def begin(uri: str, policy: Policy, to_its_end: bool = False) -> Rehearsal | None:
    """Send what is like a ping of a destination to this process; None if that can't be.

    Arguments: uri and policy, of the destination; to_its_end, whether tm's end of it is to come to keepalive,
    too, and not only a reply.
    Raises: EventNotSeen.
    """
    # From one of the sockets of Kamailio to its own address, as what goes elsewhere may go another way.
    departure = listeners.departure("sip:127.0.0.1", policy.socket)
    address = departure.addresses[0] if departure.addresses else "127.0.0.1"
    if departure.hindrance or ":" in address:
        return None
    with contextlib.ExitStack() as unless_it_is_under_way, contextlib.suppress(OSError):
        peer = unless_it_is_under_way.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        peer.setblocking(False)
        peer.bind((address, 0))
        own = peer.getsockname()
        if tm.rehearse(uri, policy, f"{own[0]}:{own[1]}", to_its_end):
            peer.sendto(_CONTROL, own)
            unless_it_is_under_way.pop_all()
            return Rehearsal(peer, to_its_end)
    return None


def tell_heard(came_from: str) -> None:
    """Let whoever answered a rehearsal know that the answer came to keepalive.

    Arguments: came_from, address and port that it came from.
    """
    _tell(came_from, _HEARD)


def tell_ended(source: str) -> None:
    """Let them know that tm's end came, too. Arguments: source, of the ping, their address and port."""
    _tell(source, _ENDED)


def _tell(peer: str, what: bytes) -> None:
    address, _, port = peer.rpartition(":")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.setblocking(False)
        free.sendto(what, (address, int(port)))


def _answer(request: bytes, status: bytes = b"200 OK") -> bytes:
    return b"SIP/2.0 " + status + b"\r\n" + b"".join(_COPIED.findall(request)) + b"Content-Length: 0\r\n\r\n"
