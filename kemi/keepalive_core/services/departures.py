"""How pings leave, which of this server's addresses that takes, and why it sends nothing all the same."""

import logging

from ..kamailio import connection_limits, host, listeners
from ..rules import uris
from ..rules.policy import Policy
from ..rules.sockets import Departure, no_such_address
from . import watch

log = logging.getLogger("keepalive")


def departure(next_hop: str, policy: Policy) -> Departure:
    """Return how pings leave that are sent to a URI at first, under a policy."""
    return listeners.departure(next_hop, policy.socket)


def hindrance_now(next_hop: str, policy: Policy) -> str:
    """Return why no ping can leave at this moment, "" if one can; for who asks now and then."""
    return departure(next_hop, policy).hindrance_without(lambda address: not host.has_address(address))


def refusal(next_hop: str, policy: Policy, sends: bool) -> str:
    """Return why this server sends nothing to a URI, although it has a socket, an address and a route for it.

    Kamailio tells that in its log alone, and then waits for a reply. So it is asked when a ping had none, and
    from then on before each ping, until one has a verdict.

    Arguments: next_hop, to which pings are sent at first; policy, of the destination; sends, whether a
    datagram may go there that is no request.
    """
    transport, family = uris.hop(next_hop)
    peer, port = uris.peer_of(next_hop)
    is_udp = transport in ("udp", "")
    if not is_udp and (limit := _used_up_limit(transport, peer, port)):
        return f"no room: Kamailio has as many connections as it may ({limit})"
    if not peer:
        return ""
    leaves = departure(next_hop, policy)
    sources = [each for each in leaves.addresses + leaves.alternatives if (":" in each) == (family == 6)]
    if is_udp and not sources:
        sources = [""]
    refusals = [host.refusal(each, peer.strip("[]"), port, sends and is_udp) for each in sources]
    return refusals[0] if refusals and all(refusals) else ""


def _used_up_limit(transport: str, peer: str, port: int) -> str:
    """Return which limit keeps Kamailio from a connection with a peer, "" if none does, or if it has one."""
    limit = connection_limits.used_up(transport)
    # Of a name nobody knows the address, and so not whether there is a connection.
    return "" if not limit or (peer and watch.connections.is_established(peer, port)) else limit


class Departures:
    """The departures of one prober's pings, and the addresses that they need.

    A server that stands by has no such address until it takes over. Then its pings are nobody's failure, and
    it asks as soon as it has the address.
    """

    def __init__(self) -> None:
        self._needed: set[str] = set()
        self._looked_at: set[str] = set()
        self.missing: set[str] = set()
        """those of the addresses that this server does not have now"""

    def of(self, next_hop: str, policy: Policy) -> Departure:
        """Return what departure() does, and look after the addresses from then on."""
        found = departure(next_hop, policy)
        for address in {*found.addresses, *found.alternatives} - self._looked_at:
            self._looked_at.add(address)
            if not host.has_address(address):
                self.missing.add(address)
        for address in set(found.addresses) - self._needed:
            self._needed.add(address)
            if address in self.missing:
                self._tell_missing(address)
        return found

    def hindrance(self, departure: Departure) -> str:
        """Return why no ping can leave now, "" if one can."""
        return departure.hindrance_without(self.missing.__contains__)

    def look(self) -> None:
        """See which addresses this server has lost; for once a second."""
        for address in self._looked_at - self.missing:
            if not host.has_address(address):
                self.missing.add(address)
                if address in self._needed:
                    self._tell_missing(address)

    def back(self) -> set[str]:
        """Return the addresses that this server has again, since this was asked last; for each tick."""
        if not self.missing:
            return set()
        back = {address for address in self.missing if host.has_address(address)}
        self.missing -= back
        for address in back & self._needed:
            log.info(
                "this server has the address %s again: all that is pinged from there is asked anew", address
            )
        return back

    def _tell_missing(self, address: str) -> None:
        log.warning("%s: what is pinged from there has no verdict until it has", no_such_address(address))
