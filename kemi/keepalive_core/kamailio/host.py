"""What the host has at this moment, as its kernel tells without a wait: addresses and file descriptors."""

import errno
import ipaddress
import socket
from typing import Final

_ANY_PORT: Final = 9
# How the kernel says that an address is none of the host's; EPERM, for one, does not say that.
_NOT_OURS: Final = frozenset({errno.EADDRNOTAVAIL, errno.EINVAL, errno.ENETUNREACH, errno.EHOSTUNREACH})
_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})


def has_address(address: str) -> bool:
    """Say whether an address is one of this host's.

    With ``ip_nonlocal_bind`` the kernel binds a socket to an address that the host does not have, such as a
    virtual one that the other server of a pair has now; but from there it sends nothing with IPv4, and with
    IPv6 it sends what nobody can answer. An IPv6 network that is routed to the host as a whole ("AnyIP") is
    taken for none of its addresses.

    Arguments: address, without brackets. Returns: True, too, if the kernel does not tell.
    """
    known = ipaddress.ip_address(address)
    if known.is_unspecified or known.is_link_local:
        return True
    family = socket.AF_INET6 if known.version == 6 else socket.AF_INET
    try:
        with (
            socket.socket(family, socket.SOCK_DGRAM) as bound,
            socket.socket(family, socket.SOCK_DGRAM) as free,
        ):
            bound.bind((address, 0))
            # To itself: no packet leaves, but the kernel looks for the route on which one would.
            bound.connect((address, _ANY_PORT))
            free.connect((address, _ANY_PORT))
            # RFC 6724 section 5, rule 1: with IPv6 what goes to an own address comes from the same one.
            return family == socket.AF_INET or free.getsockname()[0] == address
    except OSError as error:
        return error.errno not in _NOT_OURS


def has_route(address: str) -> bool:
    """Say whether the kernel knows where to send what goes to an address; True, too, if it does not tell.

    Arguments: address, without brackets.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as free:
            free.connect((address, _ANY_PORT))
    except OSError as error:
        return error.errno not in _NO_ROUTE
    return True


def has_descriptors() -> bool:
    """Say whether this process can open one more socket."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True
