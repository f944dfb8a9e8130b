"""Who has something done from outside of any script, and from where (pure)."""

from typing import NamedTuple


class Operator(NamedTuple):
    """Somebody who sees and drives a server."""

    name: str
    """as the place knows it, such as ``anna``"""
    place: str
    """``unix socket``, an address, ``kamcmd`` or ``kamcmd cfg``"""
