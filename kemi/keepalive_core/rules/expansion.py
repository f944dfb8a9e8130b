"""Where what is sent to a name goes: its addresses, by RFC 3263 section 4 (pure).

expand() is a generator: it yields a Question of DNS, is sent the Answer, and returns an Expansion at its end.
Any order of the records in an answer leads to the same Expansion, and no answer makes it fail: what a record
must not say, and what can't be reached from here, is left out, with a reason.
"""

import ipaddress
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from .dns_records import NO_ANSWER, NO_RECORDS, Kind, Question, host_address
from .places import SERVICES, Asking, Place, Run, Unanswered, places
from .quoting import one_line
from .resolution import MOST_TARGETS, OF_STATE_FILE, Resolution, Target
from .uris import Hop, NextHop, next_hop, target_key

NOTHING_USABLE: Final = "nothing usable"
# After as many hosts without an answer the others are not asked for: each may take many seconds.
_MOST_UNANSWERED: Final = 2
_NOTHING: Final = Resolution()


class Expansion(NamedTuple):
    """What an expansion came to."""

    targets: tuple[Target, ...] = ()
    """the best first"""
    fault: str = ""
    """why there is no target; beside some, why not all of them are known"""
    left_out: str = ""
    """which records are not used, and why"""


def expand(
    name: str,
    asked: NextHop,
    hindrance: Callable[[Hop], str],
    before: Resolution = _NOTHING,
    is_own: Callable[[str], bool] = lambda hop: False,
) -> Asking[Expansion]:
    """Ask DNS for the addresses behind a name.

    Arguments: name, its key; asked, what its next hop says; hindrance, says why nothing can be sent to a hop
    from this server, "" if it can; before, what DNS said of it; is_own, says whether a URI is this
    server's own, which is no target beside others.
    From: RFC 3263 section 4, RFC 2782, RFC 3403.
    """
    perhaps = [each for each in before.targets if each.may_be_of_srv]
    lacks_naptr = f"{NO_ANSWER} ({Kind.NAPTR.value}" in before.left_out
    are_remembered = all(each.record == OF_STATE_FILE for each in perhaps)
    remembered = frozenset(each.hop for each in perhaps if are_remembered)
    run = Run(name, asked, hindrance, bool(perhaps), lacks_naptr, remembered)
    if asked.transport not in ("", "ws", *SERVICES):
        return Expansion((), f"{NOTHING_USABLE}: {asked.transport}")
    try:
        found = yield from places(run)
    except Unanswered as error:
        return Expansion((), str(error), run.said())
    targets = _without_own(run, (yield from _targets(run, found, before)), is_own)
    fault = run.fault()
    if targets and NO_ANSWER not in fault:
        # Asking again does not mend that one of several hosts has no address.
        for host, why in run.faults.items():
            run.leave_out(why, host)
        fault = ""
    return Expansion(targets, fault if targets or fault else f"{NOTHING_USABLE}: {run.said()}", run.said())


def _targets(run: Run, those: Collection[Place], before: Resolution) -> Asking[list[Target]]:
    """Ask for the addresses of all hosts; each address and port is one target, at the best of its places."""
    addresses: dict[str, list[str]] = {}
    for host in dict.fromkeys(place.host for place in those):
        addresses[host] = yield from _addresses(run, host)
    found: dict[str, Target] = {}
    for place in those:
        for address in addresses[place.host]:
            family = 6 if address.startswith("[") else 4
            if why := run.hindrance(Hop(place.transport, family)):
                run.leave_out(why, address)
                continue
            transport = "" if place.transport == "udp" else f";transport={place.transport}"
            hop = f"sip:{address}:{place.port}{transport}"
            record = place.record or f"{place.host} {'AAAA' if family == 6 else 'A'}"
            target = Target(target_key(run.name, hop), hop, place.priority, place.weight, one_line(record))
            found.setdefault(hop, target)
    return _with_those_of_before(run, list(found.values()), those, before) if found else []


def _with_those_of_before(
    run: Run, found: list[Target], those: Collection[Place], before: Resolution
) -> list[Target]:
    """Let hosts of which DNS has no address beside others keep those that they had, as a whole name does."""
    lost: dict[tuple[str, int | None], Place] = {
        (place.record, place.port): place for place in those if place.record and place.host in run.faults
    }
    hops = {each.hop for each in found}
    for each in before.targets:
        place = lost.get((each.record, next_hop(each.hop).port))
        if place and each.hop not in hops:
            found.append(each._replace(priority=place.priority, weight=place.weight))
    return sorted(found, key=lambda each: (each.priority, -each.weight))


def _addresses(run: Run, host: str) -> Asking[list[str]]:
    """Ask for the addresses of a host, the IPv4 ones first."""
    if literal := host_address(host):
        return [literal]
    if list(run.faults.values()).count(NO_ANSWER) >= _MOST_UNANSWERED:
        run.faults[host] = NO_ANSWER
        return []
    answer = yield Question(Kind.ADDRESS, host)
    if not answer.addresses:
        run.faults[host] = answer.fault or NO_RECORDS
    usable = set()
    for each in answer.addresses:
        if address := host_address(each):
            usable.add(address)
        else:
            run.leave_out("no address of a host", each)
    return sorted(usable, key=_in_numbers)


def _in_numbers(address: str) -> tuple[int, int]:
    found = ipaddress.ip_address(address.strip("[]"))
    return found.version, int(found)


def _without_own(run: Run, found: list[Target], is_own: Callable[[str], bool]) -> tuple[Target, ...]:
    """Leave out what is this server itself, if there is anything else, and what is too much."""
    own = [each for each in found if is_own(each.hop)]
    if len(own) < len(found):
        found = [each for each in found if each not in own]
        for each in own:
            run.leave_out("this server itself", each.hop)
    for each in found[MOST_TARGETS:]:
        run.leave_out(f"more than {MOST_TARGETS} targets", each.hop)
    return tuple(found[:MOST_TARGETS])
