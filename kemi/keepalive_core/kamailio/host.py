"""What the host has at this moment, as its kernel tells without a wait: addresses and file descriptors."""

import errno
import ipaddress
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_ANY_PORT: Final = 9
# How the kernel says that an address is none of the host's; EPERM, for one, does not say that.
_NOT_OURS: Final = frozenset({errno.EADDRNOTAVAIL, errno.EINVAL, errno.ENETUNREACH, errno.EHOSTUNREACH})
_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})
_HOSTS: Final = Path("/etc/hosts")
_NOTHING: Final = b"\r\n\r\n"


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
    family = _family(address)
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
    try:
        with socket.socket(_family(address), socket.SOCK_DGRAM) as free:
            free.connect((address, _ANY_PORT))
    except OSError as error:
        return error.errno not in _NO_ROUTE
    return True


def refusal(source: str, peer: str, port: int, sends: bool) -> str:
    """Return why this host sends nothing from one of its addresses to a peer, although there is a route.

    Arguments: source, the own address, "" for any; peer and port; sends, whether a datagram may go there, as
    a firewall tells by that alone. It has two empty lines, a keep-alive (RFC 5626 section 3.5.1).
    Returns: a few words; "" if it does send, if there is no route, and if the kernel does not tell.
    """
    usual = _usual_source(peer, port)
    if not usual:
        return ""
    # With IPv6 the kernel sends from the loopback address to anywhere, but nothing comes back.
    if source == "::1" and usual not in (source, peer):
        return f"no way: from {source} nothing gets to {peer} and back"
    try:
        with socket.socket(_family(peer), socket.SOCK_DGRAM) as bound:
            bound.setblocking(False)
            bound.bind((source, 0))
            bound.connect((peer, port))
            if sends:
                bound.send(_NOTHING)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return f"no way: from {source} nothing gets to {peer}"
        if error.errno == errno.EPERM:
            return f"no permission: the firewall of this host lets nothing out to {peer}"
    return ""


def _usual_source(peer: str, port: int) -> str:
    """Return from which of its addresses this host sends to a peer if nobody names one, "" for no route."""
    try:
        with socket.socket(_family(peer), socket.SOCK_DGRAM) as free:
            free.connect((peer, port))
            return str(free.getsockname()[0])
    except OSError:
        return ""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def has_descriptors() -> bool:
    """Say whether this process can open one more socket."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def names() -> frozenset[str]:
    """Return what this host is called, in small letters, without asking any server.

    That is its name, the first part of it, and what stands beside it in /etc/hosts, as with ``hostname -f``.
    """
    name = os.uname().nodename.lower()
    found = {name, name.partition(".")[0]}
    with suppress(OSError):
        for line in _HOSTS.read_text(errors="replace").lower().splitlines():
            beside = line.partition("#")[0].split()[1:]
            if name in beside:
                found.update(beside)
    return frozenset(found)
