"""What a destination is called: SIP URIs, checked and brought to one form (pure)."""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

from .quoting import MASK, quoted, quoted_uri

MAX_URI_BYTES = 255

# RFC 3261 section 19.1.2: the port a URI means when it names none.
DEFAULT_PORTS = {"sip": 5060, "sips": 5061}
DEFAULT_TLS_PORT = 5061

# RFC 3261 section 19.1.1, RFC 4168 (sctp), RFC 7118 (ws, wss).
TRANSPORTS = frozenset({"udp", "tcp", "tls", "sctp", "ws", "wss"})
# A URI that names the transport it would get anyway means the same destination as one that does not.
DEFAULT_TRANSPORTS = {"sip": "udp", "sips": "tls"}
# What RFC 3261 section 26.2.2 forbids, and Kamailio does not send.
SIPS_OVER_UDP = "sips over UDP"

# RFC 3261 section 25.1: unreserved, escaped, user-unreserved; then a password, which has no ";" and "?".
_USER = re.compile(
    r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+"
    r"(?::(?:[A-Za-z0-9\-_.!~*'()&=+$,/]|%[0-9A-Fa-f]{2})*)?"
)
_PARAMETER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|%[0-9A-Fa-f]{2})+")
# Underscores are no part of RFC 1123 host names, but container networks are full of them.
_HOST_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
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
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xff]|[^\x00-\xff]")


class InvalidURI(ValueError):
    """The text is no URI of a destination; the message names the text and the fault."""

    def __init__(self, text: object, fault: str) -> None:
        super().__init__(f"bad destination {quoted_uri(text)}: {fault}")


class Destination(NamedTuple):
    """A destination's two names."""

    key: str
    """the one form that all its spellings share: ``sip:192.168.10.20:5060``, or ``sip:provider.com``"""
    uri: str
    """what the ping is sent to: as it was given"""


class _Parts(NamedTuple):
    """What a URI is made of."""

    scheme: str
    user: str
    """with its "@"; empty without one"""
    host: str
    port: int | None
    transport: str
    maddr: str
    rest: str
    """all behind the scheme, as it was given"""

    @property
    def meant_port(self) -> int:
        """The port that is meant if DNS says nothing else."""
        if self.port is not None:
            return self.port
        return DEFAULT_TLS_PORT if self.transport == "tls" else DEFAULT_PORTS[self.scheme]

    @property
    def asks_for_port(self) -> bool:
        """Whether DNS says which port is meant, and which transport if none is named: RFC 3263 section 4."""
        return self.port is None and not _is_address(self.host)


class Hop(NamedTuple):
    """Where what is sent to a URI goes at first."""

    transport: str = ""
    """"" if the DNS records of its name decide it"""
    family: int = 0
    """4 or 6, the version of its address; 0 for a name"""


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
    parts = _read(text)
    if parts.user and "_" in parts.host:
        raise InvalidURI(text, "Kamailio reads no user in front of a host with an underscore")
    return Destination(_key_of(parts), f"{parts.scheme}:{parts.rest}")


def _key_of(parts: _Parts) -> str:
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
    parts = _read(key)
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
    parts = _read(text)
    return f"{parts.scheme}:{parts.rest}"


def hop(text: str) -> Hop:
    """Return where what is sent to a URI goes at first.

    Kamailio follows no maddr, and takes TLS for sips whatever reliable transport is named (5.6 to 6.1).

    Raises: InvalidURI.
    """
    parts = _read(text)
    family = 0 if not _is_address(parts.host) else 6 if parts.host.startswith("[") else 4
    transport = parts.transport or ("udp" if family else "")
    if parts.scheme == "sips" and parts.transport not in ("ws", "wss"):
        transport = SIPS_OVER_UDP if parts.transport == "udp" else "tls"
    return Hop(transport, family)


def _is_address(host: str) -> bool:
    """Say whether a host is an address, and no name: RFC 1123 section 2.1."""
    return host.startswith("[") or host.rpartition(".")[2].isdecimal()


def _read(text: object) -> _Parts:
    if not isinstance(text, str):
        raise InvalidURI(text, f"text is needed, not {type(text).__name__}")
    if not text:
        raise InvalidURI(text, "it is empty")
    if len(text) > MAX_URI_BYTES:
        raise InvalidURI(text, f"it is longer than {MAX_URI_BYTES} bytes")
    # Checked before its parts: this text goes into a request line and a To header (header injection).
    if unsafe := _UNSAFE.search(text):
        raise InvalidURI(text, f"white space, control or non-ASCII character at position {unsafe.start()}")
    scheme, rest = _split_scheme(text)
    address, *parameters = _split_parameters(rest)
    user, at, host_port = address.rpartition("@")
    if at and not _USER.fullmatch(user):
        name, colon, _ = user.partition(":")
        raise InvalidURI(text, f"bad user part {quoted(name + (colon and colon + MASK))}")
    written_host, port = _split_port(text, host_port)
    host = _canonical_host(text, written_host)
    transport, maddr = _read_parameters(text, parameters)
    # The dot at the end of a whole name (RFC 1034 section 3.1) is known to no SIP resolver.
    host_port = written_host.removesuffix(".") + host_port.removeprefix(written_host)
    rest = ";".join([f"{user}{at}{host_port}", *parameters])
    return _Parts(scheme, user + at, host, port, transport, maddr, rest)


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
    parts = _read(uri)
    return parts.host if _is_address(parts.host) else "", parts.meant_port


def _split_scheme(text: str) -> tuple[str, str]:
    before, colon, after = text.partition(":")
    if colon and before.lower() in DEFAULT_PORTS:
        return before.lower(), after
    # "tel:+4930" is another scheme, "localhost:5060" is a host and its port.
    # A password needs its scheme: "mailto:bob@host" is no user with one.
    if "@" in after or (before.isalpha() and after and not after[0].isdigit()):
        raise InvalidURI(text, f"unknown scheme {before!r}, sip and sips are known")
    return "sip", text


def _split_parameters(rest: str) -> list[str]:
    # ";" and "?" may stand in the user part too, so the parameters are looked for behind the "@".
    user, at, behind = rest.rpartition("@")
    address, *parameters = behind.split(";")
    return [user + at + address, *parameters]


def _split_port(text: str, host_port: str) -> tuple[str, int | None]:
    if host_port.startswith("["):
        host, bracket, tail = host_port.partition("]")
        if not bracket:
            raise InvalidURI(text, "the IPv6 address has no closing bracket")
        host += bracket
        if tail and not tail.startswith(":"):
            raise InvalidURI(text, f"unexpected {tail!r} behind the IPv6 address")
        colon, digits = tail[:1], tail[1:]
    else:
        if host_port.count(":") > 1:
            raise InvalidURI(text, "bad port, or an IPv6 address without brackets")
        host, colon, digits = host_port.partition(":")
    if not host:
        raise InvalidURI(text, "the host is empty")
    if not colon:
        return host, None
    if not digits.isdecimal() or len(digits) > 5 or not 1 <= int(digits) <= 65535:
        raise InvalidURI(text, f"bad port {digits!r}, 1 to 65535 is allowed")
    return host, int(digits)


def _canonical_host(text: str, host: str) -> str:
    if host.startswith("["):
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise InvalidURI(text, f"bad IPv6 address {host!r}") from None
        if address.scope_id is not None:
            raise InvalidURI(text, f"an IPv6 zone in {host!r}, which a SIP URI can't carry")
        return f"[{address.compressed}]"
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if _is_address(name):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise InvalidURI(text, f"bad IPv4 address {host!r}") from None
    if not all(len(label) <= 63 and _HOST_LABEL.fullmatch(label) for label in labels):
        raise InvalidURI(text, f"bad host {host!r}")
    return name


def _read_parameters(text: str, parameters: list[str]) -> tuple[str, str]:
    """Check all parameters; return transport and maddr, the two that say where the ping goes."""
    values: dict[str, str] = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not _PARAMETER.fullmatch(name) or (equals and not _PARAMETER.fullmatch(value)):
            raise InvalidURI(text, f"bad parameter {parameter!r}")
        if name.lower() in values:
            raise InvalidURI(text, f"parameter {name!r} is given twice")
        values[name.lower()] = value.lower()
    transport = values.get("transport", "")
    if "transport" in values and transport not in TRANSPORTS:
        raise InvalidURI(text, f"unknown transport {transport!r}")
    return transport, values.get("maddr", "")
