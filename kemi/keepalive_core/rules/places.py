"""Which hosts and ports take what is sent to a name, by its NAPTR and SRV records (pure).

Each step of an expansion is a generator: it yields a Question of DNS and is sent the Answer. Any order of the
records in an answer leads to the same places.
"""

from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from .dns_records import (
    NO_ANSWER,
    NO_RECORDS,
    Answer,
    Kind,
    Naptr,
    Question,
    Srv,
    canonical,
    host_address,
    is_askable,
)
from .quoting import one_line
from .resolution import MOST_NUMBER
from .uris import DEFAULT_PORTS, DEFAULT_TLS_PORT, Hop, NextHop

# RFC 3263 section 4.1: the name that has the SRV records of a transport.
SERVICES: Final = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp", "sctp": "_sip._sctp"}
# RFC 3263 section 4.1, RFC 4168: the services of NAPTR records.
_OFFERS: Final = {"sip+d2u": "udp", "sip+d2t": "tcp", "sips+d2t": "tls", "sip+d2s": "sctp"}
# RFC 3403 section 4.1: what is found by the replacement: SRV records, addresses, more NAPTR records.
_FLAGS: Final = ("s", "a", "")
# As many NAPTR records are followed, whatever they lead to, and then no more.
_MOST_FOLLOWED: Final = 8

R = TypeVar("R")
Asking = Generator[Question, Answer, R]


class Unanswered(Exception):
    """Without an answer to this question nothing is known."""


class Place(NamedTuple):
    """A host and a port that take what is sent to a name."""

    priority: int
    weight: int
    host: str
    port: int
    transport: str
    record: str = ""
    """what says so, "" if nothing but the URI does"""


@dataclass
class Run:
    """One expansion under way; the arguments are those of expand()."""

    name: str
    asked: NextHop
    hindrance: Callable[[Hop], str]
    had_records: bool
    """whether the targets of before came, or may have come, of SRV records"""
    lacks_naptr: bool
    """whether they were found although NAPTR records were not answered"""
    remembered: frozenset[str] = frozenset()
    """the URIs of these, if a state file alone says of them, which does not say of what records they came"""
    left_out: dict[str, set[str]] = field(default_factory=dict)
    """what is not used, by the reason"""
    followed: int = 0
    """how many NAPTR records were"""
    is_answered: bool = False
    """whether DNS answers, though not for all records"""
    faults: dict[str, str] = field(default_factory=dict)
    """what DNS said of hosts without an address"""

    def leave_out(self, reason: str, what: str) -> None:
        """Note what is not used, and why."""
        self.left_out.setdefault(reason, set()).add(one_line(what))

    def said(self) -> str:
        """Say what is not used, and why, in a bounded number of characters."""
        reasons = []
        for reason, those in sorted(self.left_out.items()):
            more = f" and {len(those) - 1} more" if len(those) > 1 else ""
            reasons.append(f"{reason} ({min(those)}{more})")
        return one_line("; ".join(reasons))

    def fault(self) -> str:
        """Say why there is no address, "" if each host has one."""
        if not self.faults:
            return ""
        host, fault = min(self.faults.items(), key=lambda each: (each[1] != NO_ANSWER, each))
        return one_line(fault if host == self.asked.host else f"{fault}: {host}")


def places(run: Run) -> Asking[list[Place]]:
    """Find the hosts and ports; none if the records say that there is no such service."""
    scheme, host, port, transport = run.asked
    usual = transport or ("tls" if scheme == "sips" else "udp")
    of_uri = [Place(0, 0, host, port or _default_port(scheme, usual), usual)]
    if port or usual not in SERVICES:
        return of_uri
    found: list[Place] | None = None
    if not transport:
        found = yield from _followed(run, host)
    for each in _transports(run):
        if found:
            break
        served = yield from _served(run, f"{SERVICES[each]}.{host}", each)
        found = found if served is None else served
    if found is None and run.remembered and NO_ANSWER in run.left_out:
        yield from _is_where_it_was(run, of_uri[0])
    return of_uri if found is None else found


def _transports(run: Run) -> list[str]:
    """Return the transports whose SRV records are asked for, in this order."""
    scheme, _, _, transport = run.asked
    if transport:
        return [transport]
    possible = [each for each in SERVICES if (each == "tls") is (scheme == "sips")]
    return [each for each in possible if not run.hindrance(Hop(each))]


def _default_port(scheme: str, transport: str) -> int:
    return DEFAULT_TLS_PORT if transport == "tls" else DEFAULT_PORTS[scheme]


def _asked(run: Run, kind: Kind, name: str) -> Asking[Answer]:
    """Ask for NAPTR or SRV records.

    Raises: Unanswered, if DNS does not answer at all, or if there were records at the last time: else a name
    would go to another place each time that a packet is lost.
    """
    if not is_askable(name):
        return Answer(fault=NO_RECORDS)
    answer = yield Question(kind, name)
    if answer.naptr or answer.srv:
        return answer
    if answer.fault != NO_ANSWER:
        if run.had_records:
            yield from _is_answered(run, name, name)
        return answer
    # What never was answered, as a firewall may not let it pass, is as if it were not there.
    if run.had_records and not run.remembered and not (kind is Kind.NAPTR and run.lacks_naptr):
        raise _unanswered(run, name)
    if not run.is_answered:
        yield from _is_answered(run, run.asked.host, name)
        run.is_answered = True
    run.leave_out(NO_ANSWER, f"{kind.value} {name}")
    return answer


def _is_answered(run: Run, asked: str, name: str) -> Asking[None]:
    """See whether DNS answers, by a question that tells that. Raises: Unanswered, for a name."""
    doubt = yield Question(Kind.ADDRESS, asked)
    if doubt.fault == NO_ANSWER:
        raise _unanswered(run, name)


def _is_where_it_was(run: Run, place: Place) -> Asking[None]:
    """See whether a name was at its own address before a restart too. Raises: Unanswered."""
    answer = yield Question(Kind.ADDRESS, place.host)
    hops = {f"sip:{host_address(each)}:{place.port}" for each in answer.addresses}
    if not any(each.partition(";")[0] in hops for each in run.remembered):
        raise _unanswered(run, place.host)


def _unanswered(run: Run, name: str) -> Unanswered:
    where = "" if name.endswith(run.asked.host) else f": {name}"
    return Unanswered(one_line(f"{NO_ANSWER}{where}"))


def _followed(run: Run, name: str) -> Asking[list[Place] | None]:
    """Follow the NAPTR records of a name to the first that leads anywhere; None if none does."""
    answer = yield from _asked(run, Kind.NAPTR, name)
    for record, transport in _offers(run, answer):
        if run.followed == _MOST_FOLLOWED:
            run.leave_out(f"more than {_MOST_FOLLOWED} NAPTR records", name)
            return None
        run.followed += 1
        behind = canonical(record.replacement)
        found: list[Place] | None
        if record.flags.lower() == "s":
            found = yield from _served(run, behind, transport)
        elif record.flags.lower() == "a":
            port = _default_port("sip", transport)
            found = [Place(0, 0, behind, port, transport, one_line(f"{name} NAPTR {behind}"))]
        else:
            found = yield from _followed(run, behind)
        if found:
            return found
    return None


def _offers(run: Run, answer: Answer) -> Iterator[tuple[Naptr, str]]:
    """Return the NAPTR records that can be followed, in their order, each with its transport."""
    for record in sorted(set(answer.naptr)):
        what = f"{record.services} {record.flags} {record.replacement}".strip()
        transport = _OFFERS.get(record.services.lower(), "")
        is_rule = not record.flags and not record.services
        if record.flags.lower() not in _FLAGS or not (transport or is_rule):
            run.leave_out("NAPTR of another service", what)
        elif not is_askable(canonical(record.replacement)):
            run.leave_out("NAPTR without a name", what)
        elif run.asked.scheme == "sips" and transport not in ("tls", ""):
            run.leave_out("NAPTR that is not secure", what)
        elif transport and (why := run.hindrance(Hop(transport))):
            run.leave_out(why, what)
        else:
            yield record, transport


def _served(run: Run, name: str, transport: str) -> Asking[list[Place] | None]:
    """Ask for SRV records; None if there are none, [] if they say that there is no such service."""
    answer = yield from _asked(run, Kind.SRV, name)
    found: list[Place] = []
    for record in _in_order(answer.srv):
        host = canonical(record.target)
        if not host:
            run.leave_out('SRV with the target "."', name)
        elif not 1 <= record.port <= 65_535:
            run.leave_out(f"SRV with port {record.port}", host)
        elif not (is_askable(host) or host_address(host)):
            run.leave_out("SRV with no host name", host)
        else:
            rank = _in_range(record.priority), _in_range(record.weight)
            found.append(Place(*rank, host, record.port, transport, one_line(f"{name} SRV {host}")))
    return found if answer.srv else None


def _in_order(records: Collection[Srv]) -> list[Srv]:
    """Return SRV records, the best first, each host and port once."""
    found: dict[tuple[int, str], Srv] = {}
    for each in sorted(set(records), key=lambda one: (one.priority, -one.weight, one.target, one.port)):
        found.setdefault((each.port, canonical(each.target)), each)
    return list(found.values())


def _in_range(number: int) -> int:
    return min(max(0, number), MOST_NUMBER)
