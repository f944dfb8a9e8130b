"""What a destination is called: SIP URIs, checked and brought to one form (pure)."""

import ipaddress
import re
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
# The host and port of a key, if the host is an address.
_ADDRESS = re.compile(r"^sips?:(?:[^@]*@)?((?:\d+\.\d+\.\d+\.\d+|\[[^\]]+\]):\d+)")
# What is a key already, and its own URI: most of what a script asks for is. To read it takes 6 us, this 0.3.
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IS_KEY = re.compile(
    rf"sips?:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]{{1,200}}@)?{_OCTET}(?:\.{_OCTET}){{3}}:(?:[1-5]\d{{4}}|[1-9]\d{{0,3}})",
    re.ASCII,
)
# The port of a key.
_PORT = re.compile(r":(\d+)(?:;|$)")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xff]|[^\x00-\xff]")


class InvalidURI(ValueError):
    """The text is no URI of a destination; the message names the text and the fault."""

    def __init__(self, text: object, fault: str) -> None:
        super().__init__(f"bad destination {quoted_uri(text)}: {fault}")


class Destination(NamedTuple):
    """A destination's two names."""

    key: str
    """the one form that all its spellings share, such as ``sip:192.168.10.20:5060``"""
    uri: str
    """what the ping is sent to: as it was given, so that a name without a port keeps its SRV records"""


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
    From: the manual's ``[proto:]ip[:port]``, widened to RFC 3261 section 19.1.
    """
    if isinstance(text, str) and _IS_KEY.fullmatch(text):
        return Destination(text, text)
    parts = _read(text)
    if parts.user and "_" in parts.host:
        raise InvalidURI(text, "Kamailio reads no user in front of a host with an underscore")
    transport, port = parts.transport, parts.port
    if transport == DEFAULT_TRANSPORTS[parts.scheme]:
        transport = ""
    if port is None:
        port = DEFAULT_TLS_PORT if transport == "tls" else DEFAULT_PORTS[parts.scheme]
    key = f"{parts.scheme}:{parts.user}{parts.host}:{port}"
    if transport:
        key += f";transport={transport}"
    if parts.maddr:
        key += f";maddr={parts.maddr}"
    return Destination(key, f"{parts.scheme}:{parts.rest}")


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
    family = 6 if parts.host.startswith("[") else 4 if parts.host.rpartition(".")[2].isdecimal() else 0
    transport = parts.transport or ("udp" if family else "")
    if parts.scheme == "sips" and parts.transport not in ("ws", "wss"):
        transport = SIPS_OVER_UDP if parts.transport == "udp" else "tls"
    return Hop(transport, family)


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
    key = parse(uri).key
    address, _, port = address_in(key).rpartition(":")
    return address, int(port or _PORT.findall(key)[-1])


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
    # RFC 1123 section 2.1: the last label of a name is never all digits, so this must be an address.
    if labels[-1].isdecimal():
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
