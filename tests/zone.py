"""A DNS server of the tests of rules, and expansions that ask it."""

from collections.abc import Callable, Sequence

from keepalive_core.rules.dns_records import (
    NO_ANSWER,
    NO_RECORDS,
    NO_SUCH_NAME,
    Answer,
    Kind,
    Naptr,
    Question,
    Srv,
)
from keepalive_core.rules.expansion import Expansion, expand
from keepalive_core.rules.resolution import Resolution
from keepalive_core.rules.uris import Hop, next_hop, parse

_NOTHING = Resolution()
LIMIT = 100
"""more questions than any expansion asks"""


class Zone:
    """A DNS server, and what it was asked.

    Arguments: naptr, srv and addresses, records by their names; mute, what it says nothing of, nor of what
    ends in it; is_slow, whether that is noticed of NAPTR and SRV records; silent, single questions.
    """

    def __init__(
        self,
        naptr: dict[str, Sequence[Naptr]] | None = None,
        srv: dict[str, Sequence[Srv]] | None = None,
        addresses: dict[str, Sequence[str]] | None = None,
        mute: Sequence[str] = (),
        is_slow: bool = False,
        silent: Sequence[Question] = (),
    ) -> None:
        self.naptr, self.srv, self.addresses = naptr or {}, srv or {}, addresses or {}
        self.mute = mute
        self.silent = silent
        self.fault = NO_ANSWER if is_slow else NO_RECORDS
        """what is said of NAPTR and SRV records that are not answered"""
        self.asked: list[Question] = []

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        kind, name = question
        if question in self.silent:
            return Answer(fault=NO_ANSWER)
        if any(name.endswith(each) for each in self.mute):
            return Answer(fault=NO_ANSWER if kind is Kind.ADDRESS else self.fault)
        if kind is Kind.NAPTR:
            return Answer(naptr=self.naptr.get(name, ()))
        if kind is Kind.SRV:
            return Answer(srv=self.srv.get(name, ()))
        known = self.addresses.get(name)
        if known is None:
            is_there = name in self.srv or name in self.naptr
            return Answer(fault=NO_RECORDS if is_there else NO_SUCH_NAME)
        return Answer(addresses=known)


def has_all(hop: Hop) -> str:
    """A server that has a socket of each kind."""
    return ""


def only(*transports: str, families: Sequence[int] = (0, 4, 6)) -> Callable[[Hop], str]:
    """A server that has sockets of these transports and families only."""

    def hindrance(hop: Hop) -> str:
        if hop.transport not in transports:
            return f"no {hop.transport} socket"
        return "" if hop.family in families else f"no IPv{hop.family} socket"

    return hindrance


def ask(
    uri: str,
    zone: Zone,
    hindrance: Callable[[Hop], str] = has_all,
    before: Resolution = _NOTHING,
    is_own: Callable[[str], bool] = lambda hop: False,
) -> Expansion:
    """Expand a name, with a DNS server that answers."""
    zone.asked.clear()
    asking = expand(parse(uri).key, next_hop(uri), hindrance, before, is_own)
    answer = None
    try:
        for _ in range(LIMIT):
            answer = zone.answer(asking.send(answer) if answer else next(asking))
    except StopIteration as end:
        found: Expansion = end.value
        return found
    raise AssertionError(f"more than {LIMIT} questions")


def hops(found: Expansion) -> list[str]:
    return [target.hop for target in found.targets]


def asked(zone: Zone) -> list[str]:
    return [f"{kind.value} {name}" for kind, name in zone.asked]


PROVIDER = Zone(
    {"p.com": [Naptr(10, 50, "s", "SIP+D2U", "_sip._udp.p.com")]},
    {
        "_sip._udp.p.com": [
            Srv(20, 0, 5060, "b.p.com"),
            Srv(10, 60, 5070, "a.p.com"),
            Srv(10, 40, 5060, "b.p.com"),
        ]
    },
    {"a.p.com": ["192.0.2.2", "2001:db8::1", "192.0.2.1"], "b.p.com": ["192.0.2.3"], "p.com": ["192.0.2.80"]},
)


HOSTS = {"p.com": ["192.0.2.80"], "u.com": ["192.0.2.1"], "t.com": ["192.0.2.2"], "s.com": ["192.0.2.3"]}
EACH = {
    "_sip._udp.p.com": [Srv(0, 0, 5060, "u.com")],
    "_sip._tcp.p.com": [Srv(0, 0, 5060, "t.com")],
    "_sips._tcp.p.com": [Srv(0, 0, 5061, "s.com")],
}
"""SRV records of each transport, and the addresses of their hosts"""
