"""What is asked of DNS, and what it says; which hosts and addresses in it make sense (pure)."""

import ipaddress
import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

NO_SUCH_NAME: Final = "no such name"
NO_ANSWER: Final = "no answer from DNS"
NO_RECORDS: Final = "no records"

_MOST_OF_A_NAME: Final = 253
# A service label begins with an underscore, and container networks are full of them (RFC 2782, RFC 1123).
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


class Kind(Enum):
    """What is asked for."""

    NAPTR = "NAPTR"
    SRV = "SRV"
    ADDRESS = "address"
    """A and AAAA, or what the host's own files say"""


class Question(NamedTuple):
    """What is asked of DNS."""

    kind: Kind
    name: str


class Naptr(NamedTuple):
    """A NAPTR record (RFC 3403)."""

    order: int
    preference: int
    flags: str
    services: str
    replacement: str


class Srv(NamedTuple):
    """An SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


class Answer(NamedTuple):
    """What DNS said; all but one of its fields are empty."""

    naptr: Sequence[Naptr] = ()
    srv: Sequence[Srv] = ()
    addresses: Sequence[str] = ()
    fault: str = ""
    """NO_SUCH_NAME, NO_ANSWER or NO_RECORDS"""


def canonical(name: str) -> str:
    """Return a name in the form that all its spellings share; "" for the root, "." ."""
    return name.lower().removesuffix(".")


def is_askable(name: str) -> bool:
    """Say whether a canonical name can be asked for: its form, and its length (RFC 1035 section 2.3.4)."""
    labels = name.split(".")
    # RFC 1123 section 2.1: the last label of a name is never all digits; "127.1" would be read as an address.
    return (
        len(name) <= _MOST_OF_A_NAME
        and not labels[-1].isdecimal()
        and all(_LABEL.fullmatch(label) for label in labels)
    )


def host_address(text: str) -> str:
    """Return an address as it stands in a URI, "" if it can be that of no host, or if it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if address.is_unspecified or address.is_multicast:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        # 0.0.0.0/8 and 240.0.0.0/4, with the broadcast: RFC 1122 section 3.2.1.3, RFC 1112 section 4.
        return "" if address.packed[0] == 0 or address.is_reserved else str(address)
    # Without a zone a link-local one leads nowhere; a mapped one is no IPv6 (RFC 4291 section 2.5.5).
    if address.is_link_local or address.ipv4_mapped or address.scope_id:
        return ""
    return f"[{address.compressed}]"
