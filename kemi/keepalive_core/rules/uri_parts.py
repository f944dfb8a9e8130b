"""What a SIP URI is made of: read strictly, as RFC 3261 section 25.1 has it (pure)."""

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
# RFC 3261 section 25.1: unreserved, escaped, user-unreserved; then a password, which has no ";" and "?".
_USER = re.compile(
    r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+"
    r"(?::(?:[A-Za-z0-9\-_.!~*'()&=+$,/]|%[0-9A-Fa-f]{2})*)?"
)
_PARAMETER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|%[0-9A-Fa-f]{2})+")
# Underscores are no part of RFC 1123 host names, but container networks are full of them.
_HOST_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xff]|[^\x00-\xff]")


class InvalidURI(ValueError):
    """The text is no URI of a destination; the message names the text and the fault."""

    def __init__(self, text: object, fault: str) -> None:
        super().__init__(f"bad destination {quoted_uri(text)}: {fault}")


class Parts(NamedTuple):
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
        return self.port is None and not is_address(self.host)


def is_address(host: str) -> bool:
    """Say whether a host is an address, and no name: RFC 1123 section 2.1."""
    return host.startswith("[") or host.rpartition(".")[2].isdecimal()


def read(text: object) -> Parts:
    """Return what a URI is made of. Raises: InvalidURI."""
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
    return Parts(scheme, user + at, host, port, transport, maddr, rest)


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
    if is_address(name):
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
