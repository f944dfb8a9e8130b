"""Questions of DNS: NAPTR and SRV records by Kamailio's module ipops, addresses by the C library.

Each blocks until there is an answer, or until the time limits of Kamailio and of resolv.conf are over: only
the resolver's process asks. ipops says for no name, no record and no answer alike that there are 0 records,
of which it reads 32 at most; the C library, which looks into the host's own files first, tells them apart.
"""

import os
import socket
import time
from contextlib import suppress
from typing import Any, Final

import KSR

from ..rules.dns_records import (
    NO_ANSWER,
    NO_RECORDS,
    NO_SUCH_NAME,
    Answer,
    Kind,
    Naptr,
    Question,
    Srv,
)

# What ipops keeps an answer under: each process has its own.
_PLACE: Final = "keepalive"
SLOW: Final = 0.9
"""A question that took as long, in seconds, and has come to nothing, had no answer"""
_FAULTS: Final = {
    socket.EAI_NONAME: NO_SUCH_NAME,
    socket.EAI_NODATA: NO_RECORDS,
    socket.EAI_AGAIN: NO_ANSWER,
    # A server that has failed, or refuses.
    socket.EAI_FAIL: NO_ANSWER,
    # There is a descriptor, or memory, too few.
    socket.EAI_SYSTEM: NO_ANSWER,
    socket.EAI_MEMORY: NO_ANSWER,
}
_HOSTS: Final = "/etc/hosts"


def can_ask() -> bool:
    """Say whether NAPTR and SRV records can be asked for: whether module ipops is loaded."""
    return hasattr(KSR, "ipops")


def answer(question: Question) -> Answer:
    """Ask, and wait for the answer."""
    kind, name = question
    if kind is Kind.ADDRESS:
        return _addresses(name)
    if not can_ask():
        return Answer(fault=NO_RECORDS)
    began = time.monotonic()
    found = Answer(naptr=_naptr(name)) if kind is Kind.NAPTR else Answer(srv=_srv(name))
    if found.naptr or found.srv:
        return found
    return Answer(fault=NO_ANSWER if time.monotonic() - began >= SLOW else NO_RECORDS)


def _naptr(name: str) -> list[Naptr]:
    # Without this read before it the query says that it does not know the place.
    KSR.pv.get(f"$naptrquery({_PLACE}=>count)")
    if not KSR.ipops.naptr_query(name, _PLACE) > 0:
        return []
    found = []
    for at in range(_number("naptrquery", "count")):
        order, preference = (_number("naptrquery", f"{each}[{at}]") for each in ("order", "pref"))
        texts = [_text("naptrquery", f"{each}[{at}]") for each in ("flags", "services", "replace")]
        found.append(Naptr(order, preference, *texts))
    return found


def _srv(name: str) -> list[Srv]:
    KSR.pv.get(f"$srvquery({_PLACE}=>count)")
    if not KSR.ipops.srv_query(name, _PLACE) > 0:
        return []
    found = []
    for at in range(_number("srvquery", "count")):
        priority, weight, port = (
            _number("srvquery", f"{each}[{at}]") for each in ("priority", "weight", "port")
        )
        found.append(Srv(priority, weight, port, _text("srvquery", f"target[{at}]")))
    return found


def _number(kind: str, part: str) -> int:
    value = _read(kind, part)
    return value if isinstance(value, int) else 0


def _text(kind: str, part: str) -> str:
    value = _read(kind, part)
    # What is no UTF-8 can be no name: it is left out as one.
    return value if isinstance(value, str) else "?"


def _read(kind: str, part: str) -> Any:
    with suppress(UnicodeDecodeError, SystemError):
        return KSR.pv.get(f"${kind}({_PLACE}=>{part})")
    return None


def _addresses(name: str) -> Answer:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except socket.gaierror as error:
        return Answer(fault=_FAULTS.get(error.errno or 0, NO_SUCH_NAME))
    except (UnicodeError, ValueError, OSError):
        # What is no name at all, to Python's own rules too.
        return Answer(fault=NO_SUCH_NAME)
    return Answer(addresses=[str(each[4][0]) for each in found])


class HostsFile:
    """The names for which the host's own file has an address: they never wait for DNS."""

    def __init__(self, path: str = _HOSTS) -> None:
        self._path = path
        self._read: tuple[int, ...] = ()
        self._names: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Say whether a name, in small letters, stands in the file as it is now."""
        try:
            known = os.stat(self._path)
            mark = known.st_mtime_ns, known.st_size, known.st_ino
            if mark != self._read:
                self._names = _names_in(self._path)
                self._read = mark
        except OSError:
            return False
        return name in self._names


def _names_in(path: str) -> frozenset[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read(_MOST_READ)
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return frozenset(name.lower() for words in lines for name in words[1:])


# In characters: some 30,000 lines.
_MOST_READ: Final = 1 << 20
