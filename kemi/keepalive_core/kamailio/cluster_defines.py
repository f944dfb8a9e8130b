"""Which node of a cluster this server is, as kamailio.cfg says for good."""

from functools import cache

from ..rules import uris
from . import variables


@cache
def me() -> str:
    """Return the name of this node: the key of KEEPALIVE_NODE; "" if there is no cluster."""
    try:
        return uris.parse(variables.defined("node") or "").key
    except (uris.InvalidURI, variables.Unreadable):
        return ""


@cache
def is_on() -> bool:
    """Say whether this server is a node of a cluster; asks Kamailio once in each process."""
    return bool(me())
