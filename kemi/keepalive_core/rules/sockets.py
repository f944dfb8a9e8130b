"""From which of this server's sockets a ping leaves, or why none will do (pure).

Kamailio takes the socket that is asked for if it is of the transport and the address family of the next hop,
or else the one of that transport with the same address and port, or else the first one of transport and
family; one of the loopback interface comes last (get_send_socket2, seen on 5.6.3, 6.0.1 and 6.1.5).
"""

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from .quoting import quoted
from .uris import SIPS_OVER_UDP, Hop

# The kinds of what keeps a ping from leaving; info() has them in not_pinged_because.
NO_SUCH_SOCKET: Final = "no such socket"
NO_SUCH_TRANSPORT: Final = "no such transport"
NO_SUCH_ADDRESS: Final = "no such address"
# The most departures that are remembered: one for each socket and kind of next hop in use, which is few.
_MOST_DEPARTURES: Final = 1000


class Listener(NamedTuple):
    """A socket at which Kamailio listens."""

    transport: str
    address: str
    port: int
    names: tuple[str, ...] = ()
    """what else it is called in kamailio.cfg"""
    is_multicast: bool = False

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4


class Departure(NamedTuple):
    """How a ping leaves."""

    hindrance: str = ""
    """why it can't, in a few words; "" if it can"""
    addresses: tuple[str, ...] = ()
    """this server's, of which one has to be there; () if any will do, or if they are not known"""
    alternatives: tuple[str, ...] = ()
    """what the kernel may choose from instead, with ``mhomed=1``"""

    def hindrance_without(self, is_missing: Callable[[str], bool]) -> str:
        """Return why no ping can leave now, "" if one can.

        Arguments: is_missing, says whether this server does not have an address of its sockets now.
        """
        if self.hindrance or not self.addresses:
            return self.hindrance
        missing = all(is_missing(address) for address in self.addresses + self.alternatives)
        return no_such_address(*self.addresses) if missing else ""


class Sockets:
    """All sockets at which Kamailio listens.

    Arguments: listeners, in the order of kamailio.cfg; is_own_name, says whether Kamailio takes a URI's host,
    port and transport for its own, as it does with what a socket is advertised as; has_websocket, whether
    module websocket is loaded.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        is_own_name: Callable[[str], bool] = lambda uri: False,
        has_websocket: bool = False,
    ) -> None:
        self._listeners = tuple(listeners)
        self._is_own_name = is_own_name
        self._has_websocket = has_websocket
        self._departures: dict[tuple[Hop, str], Departure] = {}

    def departure(self, hop: Hop, socket: str) -> Departure:
        """Return how a ping leaves.

        Arguments: hop, where it goes at first; socket, the one that is asked for, such as
        ``udp:192.168.10.1:5060``; "" for none.
        """
        found = self._departures.get((hop, socket))
        if found is None:
            if len(self._departures) >= _MOST_DEPARTURES:
                self._departures.clear()
            found = self._departures[hop, socket] = self._departure(hop, socket)
        return found

    def _departure(self, hop: Hop, socket: str) -> Departure:
        forced = self._named(socket) if socket else None
        if socket and not forced and not self._is_own_name(_as_uri(socket)):
            return Departure(f"{NO_SUCH_SOCKET}: Kamailio does not listen on {socket}")
        no_way = self._no_way(hop)
        if no_way:
            return Departure(no_way)
        if forced:
            return Departure("", _addresses([self._instead_of(forced, hop)]))
        if socket or hop.transport not in ("udp", ""):
            return Departure()
        defaults = [self._default("udp", family) for family in _families(hop)]
        candidates = [one for family in _families(hop) for one in self._of("udp", family)]
        addresses = _addresses(defaults)
        others = [address for address in _addresses(candidates) if address not in addresses]
        return Departure("", addresses, tuple(others))

    def _no_way(self, hop: Hop) -> str:
        """Return why nothing can be sent to a hop from any socket, "" if it can."""
        transport, family = hop
        if transport == SIPS_OVER_UDP:
            return f"{NO_SUCH_TRANSPORT}: {SIPS_OVER_UDP} (RFC 3261 section 26.2.2)"
        if transport == "wss" or (transport == "ws" and not self._has_websocket):
            return f"{NO_SUCH_TRANSPORT}: Kamailio opens no connections for transport={transport}"
        if not transport or any(self._of(transport, each) for each in _families(hop)):
            return ""
        what = f"{transport.upper()} socket" + (f" with an IPv{family} address" if family else "")
        return f"{NO_SUCH_TRANSPORT}: Kamailio listens on no {what}"

    def _named(self, socket: str) -> Listener | None:
        """Return the listener that is meant by a text such as ``udp:192.168.10.1:5060``."""
        transport, host, port = _split(socket)
        for one in self._listeners:
            is_it = host in (one.address, *one.names)
            if is_it and one.transport == transport and port in (0, one.port):
                return one
        return None

    def _instead_of(self, asked: Listener, hop: Hop) -> Listener | None:
        """Return the listener from which a ping leaves if one is asked for."""
        forced: Listener | None = asked
        transport = hop.transport or asked.transport
        if transport not in (asked.transport, "ws" if asked.transport == "tls" else ""):
            place = asked.address, asked.port
            alike = [one for one in self._listeners if (one.address, one.port) == place]
            forced = next((one for one in alike if one.transport == transport), None)
        if forced is None or forced.is_multicast or hop.family not in (0, forced.family):
            return self._default(transport, hop.family or asked.family)
        return forced

    def _default(self, transport: str, family: int) -> Listener | None:
        """Return the listener from which a ping leaves if none is asked for."""
        chosen: Listener | None = None
        for one in self._of(transport, family):
            if chosen is None or _is_last_choice(chosen):
                chosen = one
        return chosen

    def _of(self, transport: str, family: int) -> list[Listener]:
        """Return the listeners of a transport and a family; those of TLS carry TCP if there are no others."""
        transports = {"tcp": ("tcp", "tls"), "ws": ("tcp", "tls")}.get(transport, (transport,))
        for each in transports:
            found = [one for one in self._listeners if one.transport == each and one.family == family]
            if found:
                return found
        return []


def no_such_address(*addresses: str) -> str:
    """Return why nothing can leave from addresses of this server's sockets."""
    return f"{NO_SUCH_ADDRESS}: this server does not have {', '.join(addresses)} now"


def read_listeners(answer: Any) -> list[Listener]:
    """Return the listeners of an answer to the RPC command ``core.sockets_list``.

    Raises: ValueError for another answer.
    """
    try:
        return [_listener(each["socket"]) for each in answer]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no list of sockets: {quoted(error)} in {quoted(answer)}") from None


def _listener(fields: dict[str, str]) -> Listener:
    name = _canonical(fields["address"].lower())
    address = ipaddress.ip_address(fields.get("ipaddress", name)).compressed
    names = () if name == address else (name,)
    return Listener(
        fields["proto"].lower(), address, int(fields["port"]), names, fields.get("mcast") == "yes"
    )


def _split(socket: str) -> tuple[str, str, int]:
    """Return transport, host and port of a socket, port 0 for none."""
    transport, _, place = socket.lower().partition(":")
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = place, "0"
    return transport, _canonical(host), int(port)


def _as_uri(socket: str) -> str:
    transport, _, place = socket.partition(":")
    return f"sip:{place};transport={transport}"


def _canonical(host: str) -> str:
    """Return an address in its shortest form, and a name as it is."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).compressed
    except ValueError:
        return host


def _families(hop: Hop) -> tuple[int, ...]:
    return (hop.family,) if hop.family else (4, 6)


def _is_last_choice(listener: Listener) -> bool:
    return listener.is_multicast or ipaddress.ip_address(listener.address).is_loopback


def _addresses(listeners: Sequence[Listener | None]) -> tuple[str, ...]:
    """Return the addresses of listeners; () if one of them is any address."""
    addresses = dict.fromkeys(one.address for one in listeners if one)
    if any(ipaddress.ip_address(each).is_unspecified for each in addresses):
        return ()
    return tuple(addresses)
