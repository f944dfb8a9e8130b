"""What the defines of a cluster say: which node this server is, and which are the others (pure).

A define that can't be is refused by itself, with one sentence; the others hold.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from .checks import Refused
from .quoting import quoted
from .uris import InvalidURI, address_in, next_hop, parse

MOST_PEERS: Final = 8
"""keepalive-settings.cfg has a line for each of them"""
PEERS: Final = tuple(f"peer{number}" for number in range(1, MOST_PEERS + 1))
SECRET_FILE: Final = "cluster_secret_file"  # noqa: S105 - the name of a define
NAMES: Final = ("node", *PEERS, SECRET_FILE)
"""the defines, without KEEPALIVE_ and in small letters"""

_PLAIN: Final = re.compile(r"sip:[0-9.]+(:[0-9]{1,5})?", re.ASCII)


class ClusterSettings(NamedTuple):
    """What holds."""

    node: str = ""
    """this server's name in the cluster, such as sip:10.0.0.1:5060; "" if it is in none"""
    peers: Mapping[str, str] = {}
    """the others: their addresses, as module dmq was given them, by their names"""
    secret_file: str = ""
    """the path of the file with the keys, "" for none"""


def parse_settings(given: Mapping[str, str]) -> tuple[ClusterSettings, list[str]]:
    """Return what the defines say, and a sentence for each that can't be.

    Arguments: given, the texts of those that there are, by the names of NAMES.
    """
    refused: list[str] = []
    node = _name("node", given.get("node", ""), refused) if "node" in given else ""
    peers: dict[str, str] = {}
    for place in PEERS:
        if place not in given:
            continue
        name = _name(place, given[place], refused, [node, *peers])
        if name:
            peers[name] = given[place]
    if not node:
        return ClusterSettings(), refused
    return ClusterSettings(node, peers, given.get(SECRET_FILE, "").strip()), refused


def node_name(text: str) -> str:
    """Return the one form of a node's address, which is its name. Raises: Refused."""
    if _PLAIN.fullmatch(text):
        try:
            return parse(text).key
        except InvalidURI:
            pass
    raise Refused(_fault(text))


def _name(place: str, text: str, refused: list[str], taken: list[str] | None = None) -> str:
    """Return a node's name; "" if it can't be one, and then there is a sentence more."""
    try:
        name = node_name(text)
        if taken and name == taken[0]:
            raise Refused("it is this node, KEEPALIVE_NODE; a peer is another one")
        if taken and name in taken:
            raise Refused("it is there twice")
    except Refused as refusal:
        refused.append(f"KEEPALIVE_{place.upper()}: {quoted(text)} is ignored: {refusal}")
        return ""
    return name


def _fault(text: str) -> str:
    """Say what is wrong with a text that is no node's address."""
    wanted = "a node is its IPv4 address and UDP port, such as sip:10.0.0.1:5060"
    if not text.startswith("sip:"):
        return wanted
    try:
        key, hop = parse(text).key, next_hop(text)
    except InvalidURI:
        return wanted
    if hop.transport not in ("", "udp"):
        return f"{wanted}; nodes speak over UDP alone"
    if hop.host.startswith("["):
        return f"{wanted}; dmq reads no IPv6 address (5.6)"
    if not address_in(key):
        return f"{wanted}; {quoted(hop.host)} is a name, which another node may have for another address"
    return wanted
