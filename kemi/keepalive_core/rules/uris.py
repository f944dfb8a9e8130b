"""What a destination is called: SIP URIs, checked and brought to one form (pure)."""

import re
from functools import lru_cache
from typing import NamedTuple

from .uri_parts import DEFAULT_PORTS as DEFAULT_PORTS
from .uri_parts import DEFAULT_TLS_PORT as DEFAULT_TLS_PORT
from .uri_parts import DEFAULT_TRANSPORTS, Parts, is_address, read
from .uri_parts import MAX_URI_BYTES as MAX_URI_BYTES
from .uri_parts import InvalidURI as InvalidURI

# What RFC 3261 section 26.2.2 forbids, and Kamailio does not send.
SIPS_OVER_UDP = "sips over UDP"

# The host and port of a key, if the host is an address; of a target they stand behind its name.
_ADDRESS = re.compile(r"^(?:[^#]*#|sips?:(?:[^@]*@)?)((?:\d+\.\d+\.\d+\.\d+|\[[^\]]+\]):\d+)")
# Between the key of a name and one of its targets, in the target's key: it stands in no SIP URI.
_BEHIND = "#"
# What is a key already, and its own URI: most of what a script asks for is. To read it takes 6 us, this 0.3.
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IS_KEY = re.compile(
    rf"sips?:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]{{1,200}}@)?{_OCTET}(?:\.{_OCTET}){{3}}:(?:[1-5]\d{{4}}|[1-9]\d{{0,3}})",
    re.ASCII,
)


class Destination(NamedTuple):
    """A destination's two names."""

    key: str
    """the one form that all its spellings share: ``sip:192.168.10.20:5060``, or ``sip:provider.com``"""
    uri: str
    """what the ping is sent to: as it was given"""


class Hop(NamedTuple):
    """Where what is sent to a URI goes at first."""

    transport: str = ""
    """"" if the DNS records of its name decide it"""
    family: int = 0
    """4 or 6, the version of its address; 0 for a name"""


class NextHop(NamedTuple):
    """What a URI says of where what is sent to it goes."""

    scheme: str
    host: str
    """in the form that all its spellings share"""
    port: int | None
    """None if it names none"""
    transport: str
    """"" if it names none"""


def parse(text: object) -> Destination:
    """Read ``[sip:|sips:][user@]host[:port][;params]``.

    Arguments: text, what the user gave.
    Returns: the Destination it names.
    Raises: InvalidURI, whose message names the text and the fault.
    From: the manual's ``[proto:]ip[:port]``, widened to RFC 3261 section 19.1. A name without a port is
    something else than the same name with one: it has SRV records, RFC 3263 section 4.2.
    """
    if isinstance(text, str):
        if _IS_KEY.fullmatch(text):
            return Destination(text, text)
        if _BEHIND in text:
            return _parse_target(text)
    parts = read(text)
    if parts.user and "_" in parts.host:
        raise InvalidURI(text, "Kamailio reads no user in front of a host with an underscore")
    return Destination(_key_of(parts), f"{parts.scheme}:{parts.rest}")


def _key_of(parts: Parts) -> str:
    key = f"{parts.scheme}:{parts.user}{parts.host}"
    if not parts.asks_for_port:
        key += f":{parts.meant_port}"
    # The transport that it would get anyway says something only to whom DNS may tell another one.
    if parts.transport and (parts.asks_for_port or parts.transport != DEFAULT_TRANSPORTS[parts.scheme]):
        key += f";transport={parts.transport}"
    if parts.maddr:
        key += f";maddr={parts.maddr}"
    return key


@lru_cache(maxsize=1024)
def other_spellings(key: str) -> tuple[str, ...]:
    """Return the keys that a name has if the port or the transport is named that it may mean, or is not.

    To RFC 3263 they are other things; people, and earlier versions, may mean the same. An address has none.
    """
    if address_in(key) or len(key) > MAX_URI_BYTES:
        return ()
    parts = read(key)
    alone = parts._replace(port=None)
    if parts.port not in (None, alone.meant_port):
        return ()
    usual = ("", DEFAULT_TRANSPORTS[parts.scheme])
    transports = usual if parts.transport in usual else (parts.transport,)
    spellings = [_key_of(alone._replace(transport=transport)) for transport in transports]
    spellings.append(_key_of(parts._replace(port=alone.meant_port)))
    return tuple(spelling for spelling in spellings if spelling != key)


def _parse_target(text: str) -> Destination:
    name, hop = name_of(text), hop_of(text)
    if is_target(name) or not (address := _address_key(hop)):
        raise InvalidURI(text, "a target is a name, then # and an address, such as 192.168.10.20:5060")
    key, uri = parse(name)
    return Destination(target_key(key, address), uri)


def _address_key(hop: str) -> str:
    """Return the key of a URI that has an address and a transport alone, "" for any other."""
    key = parse(hop).key
    return key if key.startswith(f"sip:{address_in(key) or '-'}") and ";maddr=" not in key else ""


def target_key(name: str, hop: str) -> str:
    """Return the key of a target: name, its name's key; hop, its URI, such as sip:192.168.10.20:5060."""
    return f"{name}{_BEHIND}{hop.partition(':')[2]}"


def is_target(key: str) -> bool:
    """Say whether a key is that of a target: of one address behind a name."""
    return _BEHIND in key


def name_of(key: str) -> str:
    """Return the key of the name that a target, given by its key, is behind; "" if it is no target."""
    return key.rpartition(_BEHIND)[0]


def hop_of(key: str) -> str:
    """Return the URI to which goes what is for a target, given by its key; "" if it is no target."""
    _, is_behind, hop = key.rpartition(_BEHIND)
    return f"sip:{hop}" if is_behind else ""


def parse_sender(text: object) -> str:
    """Return a URI as it can stand in a From header, where any is only quoted. Raises: InvalidURI."""
    parts = read(text)
    return f"{parts.scheme}:{parts.rest}"


def hop(text: str) -> Hop:
    """Return where what is sent to a URI goes at first.

    Kamailio follows no maddr, and takes TLS for sips whatever reliable transport is named (5.6 to 6.1).

    Raises: InvalidURI.
    """
    parts = read(text)
    family = 0 if not is_address(parts.host) else 6 if parts.host.startswith("[") else 4
    transport = parts.transport or ("udp" if family else "")
    if parts.scheme == "sips" and parts.transport not in ("ws", "wss"):
        transport = SIPS_OVER_UDP if parts.transport == "udp" else "tls"
    return Hop(transport, family)


def next_hop(text: str) -> NextHop:
    """Return what a URI says of where what is sent to it goes; see hop(). Raises: InvalidURI."""
    parts = read(text)
    return NextHop(parts.scheme, parts.host, parts.port, parts.transport and hop(text).transport)


def address_in(key: str) -> str:
    """Return the address and port in a destination's key, such as 192.168.10.20:5060; "" for a name."""
    found = _ADDRESS.search(key)
    return found[1] if found else ""


def address_of(uri: str) -> str:
    """Return the address and port that a URI means; "" if its host is a name. Raises: InvalidURI."""
    return address_in(parse(uri).key)


def peer_of(uri: str) -> tuple[str, int]:
    """Return address and port that a URI means.

    The address is "" for a name, whose records may say another port.

    Raises: InvalidURI.
    """
    parts = read(uri)
    return parts.host if is_address(parts.host) else "", parts.meant_port
