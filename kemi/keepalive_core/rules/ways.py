"""How the pings of a destination travel, as its URI and its policy say (pure)."""

import re
from typing import Final, NamedTuple

from . import uris
from .policy import Policy
from .times import SECOND
from .tracking import tracks

# Over these transports a request is sent once (RFC 3261 section 18.1.1).
_RELIABLE: Final = re.compile(r"^sips:|;transport=(?!udp)", re.IGNORECASE)
# The longest time for which tm goes on to further targets of a name, in us: its max_noninv_lifetime.
_LIFETIME: Final = 32 * SECOND


class Way(NamedTuple):
    """How the pings of a destination travel."""

    through: str
    """the URI to which they are sent in the place of their request URI; "" for none"""
    is_name: bool
    """whether there are none, as the addresses behind its next hop are pinged, each by itself"""
    reliable: bool
    """whether the transport sees to it that a ping arrives, so that tm sends it once"""
    source: str
    """from where a reply has to come, address and, over UDP, port; "" if that does not matter"""
    address: str
    """of the next hop; "" if it is a name, or a WebSocket, which is reached by its own connection alone"""
    longest: int
    """the time in us after which tm is at its end with a ping, however many targets a name has"""

    def may_wait(self, for_connections: bool) -> bool:
        """Say whether the process that sends a ping may have to wait: for DNS, or, if so, for a connection.

        Arguments: for_connections, whether it waits for those.
        """
        return not self.is_name and (not self.address or (for_connections and self.reliable))


def through(key: str, policy: Policy) -> str:
    """Return the URI through which the pings of a destination, or of a target, are sent; "" for none."""
    return uris.hop_of(key) or policy.proxy


def way_of(key: str, uri: str, policy: Policy) -> Way:
    """Return how the pings of a destination, or of a target, travel.

    Arguments: key; uri, their request URI; policy, in force for it.
    """
    sent_through = through(key, policy)
    next_hop = sent_through or uri
    reliable = _RELIABLE.search(next_hop) is not None
    peer = uris.address_of(next_hop)
    # tm does not tell to which address of a name a ping went; and over a connection the peer has any port.
    address = peer.rpartition(":")[0]
    source = address if reliable else peer
    limit = policy.timeout * 1000
    longest = limit if peer else max(limit, _LIFETIME)
    transport, family = uris.hop(next_hop)
    if transport == "ws":
        address = ""
    # No server has a connection to the addresses behind a WebSocket's name.
    can_be_expanded = not family and transport not in ("ws", "wss")
    is_name = policy.expands_names and can_be_expanded and not tracks(key, policy)
    checked = source if policy.check_source else ""
    return Way(sent_through, is_name, reliable, checked, address.strip("[]"), longest)
