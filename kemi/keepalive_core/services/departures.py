"""How the pings of one prober leave, and which of this server's addresses it has to have for that."""

import logging

from ..kamailio import host, listeners
from ..rules.policy import Policy
from ..rules.sockets import Departure, no_such_address

log = logging.getLogger("keepalive")


def departure(uri: str, policy: Policy) -> Departure:
    """Return how pings to a URI leave under a policy."""
    return listeners.departure(policy.proxy or uri, policy.socket)


def hindrance_now(uri: str, policy: Policy) -> str:
    """Return why no ping to a URI can leave at this moment, "" if one can; for who asks now and then."""
    return departure(uri, policy).hindrance_without(lambda address: not host.has_address(address))


class Departures:
    """The departures of one prober's pings, and the addresses that they need.

    A server that stands by has no such address until it takes over. Then its pings are nobody's failure, and
    it asks as soon as it has the address.
    """

    def __init__(self) -> None:
        self._needed: set[str] = set()
        self._looked_at: set[str] = set()
        self._missing: set[str] = set()

    def of(self, uri: str, policy: Policy) -> Departure:
        """Return how pings to a URI leave under a policy, and look after the addresses from then on."""
        found = departure(uri, policy)
        for address in {*found.addresses, *found.alternatives} - self._looked_at:
            self._looked_at.add(address)
            if not host.has_address(address):
                self._missing.add(address)
        for address in set(found.addresses) - self._needed:
            self._needed.add(address)
            if address in self._missing:
                self._tell_missing(address)
        return found

    def hindrance(self, departure: Departure) -> str:
        """Return why no ping can leave now, "" if one can."""
        return (
            departure.hindrance_without(self._missing.__contains__) if self._missing else departure.hindrance
        )

    def look(self) -> None:
        """See which addresses this server has lost; for once a second."""
        for address in self._looked_at - self._missing:
            if not host.has_address(address):
                self._missing.add(address)
                if address in self._needed:
                    self._tell_missing(address)

    def back(self) -> set[str]:
        """Return the addresses that this server has again, since this was asked last; for each tick."""
        back = {address for address in self._missing if host.has_address(address)}
        self._missing -= back
        for address in back & self._needed:
            log.info(
                "this server has the address %s again: all that is pinged from there is asked anew", address
            )
        return back

    def _tell_missing(self, address: str) -> None:
        log.warning("%s: what is pinged from there has no verdict until it has", no_such_address(address))
