"""How the pings of a destination travel, as its URI and its policy say (pure)."""

import re
from typing import Final, NamedTuple

from . import uris
from .policy import Policy
from .times import SECOND

# Over these transports a request is sent once (RFC 3261 section 18.1.1).
_RELIABLE: Final = re.compile(r"^sips:|;transport=(?!udp)", re.IGNORECASE)
# The longest time for which tm goes on to further targets of a name, in us: its max_noninv_lifetime.
_LIFETIME: Final = 32 * SECOND


class Way(NamedTuple):
    """How the pings of a destination travel."""

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
        return not self.address or (for_connections and self.reliable)


def way_of(uri: str, policy: Policy) -> Way:
    """Return how pings to a URI travel under a policy."""
    next_hop = policy.proxy or uri
    reliable = _RELIABLE.search(next_hop) is not None
    peer = uris.address_of(next_hop)
    # tm does not tell to which address of a name a ping went; and over a connection the peer has any port.
    address = peer.rpartition(":")[0]
    source = address if reliable else peer
    limit = policy.timeout * 1000
    longest = limit if peer else max(limit, _LIFETIME)
    if uris.hop(next_hop).transport == "ws":
        address = ""
    return Way(reliable, source if policy.check_source else "", address.strip("[]"), longest)
