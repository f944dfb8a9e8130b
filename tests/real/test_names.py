"""Names on real servers: each address behind one is pinged by itself, and the name follows them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from real.conftest import DEFAULTS
from real.dnsmasq import Dnsmasq
from real.provider import Name, Provider, has_ipv6
from real.server import Kamailio, Launch, free_port, wait_for
from real.test_pings import DOWN, UP

QUICK = {
    "KEEPALIVE_PING_INTERVAL": "0.5",
    "KEEPALIVE_PING_TIMEOUT": 300,
    "KEEPALIVE_DNS_INTERVAL": 1,
}
TWO = ("@ A %1", "@ A %2")
SRV = ("_sip._udp.@ SRV 10 60 5060 a.@", "_sip._udp.@ SRV 20 0 5060 b.@", "a.@ A %1", "b.@ A %2")


def listening(ipv6: bool) -> tuple[str, ...]:
    """Return the options with which a server has a socket of IPv6 too."""
    return ("-l", f"udp:[::1]:{free_port()}") if ipv6 else ()


@pytest.fixture(scope="module")
def asking(zone: Dnsmasq, checked_kind: str) -> Iterator[Kamailio]:
    """The server of this file; each test has names of its own."""
    launch = Launch(resolver=zone.address, options=listening(has_ipv6()))
    with Kamailio(checked_kind, "scenario.cfg", DEFAULTS | QUICK, launch) as server:
        yield server
    server.forget()


@pytest.fixture
def server(asking: Kamailio) -> Iterator[Kamailio]:
    """The server, whose log of this test is shown if the test fails."""
    asking.begin_log()
    yield asking
    print(asking.log)
    assert "Traceback" not in asking.log


def test_each_record_leads_to_a_target_of_its_own(server: Kamailio, own: Provider) -> None:
    """NAPTR, SRV, A: every address is asked with the URI as it was written; one that dies takes none down."""
    a1, a2, b1, b2 = (own.gateway() for _ in range(4))
    naptr = '@ NAPTR 10 10 s SIP+D2U "" _sip._udp.@'
    name = Name(server, f"sip:{own.say('each', naptr, *SRV, 'a.@ A %3', 'b.@ A %4')}")
    name.become(UP)
    all_up = dict.fromkeys(own.gateways, "up")
    name.have(all_up)
    assert {ping.uri for gateway in all_up for ping in gateway.pings} == {"sip:each.test"}
    a1.silent = True
    a2.code = 503
    name.have(all_up | {a1: "down", a2: "down"})
    assert name.told() == [UP]
    assert server.state(name.uri) == UP
    b1.silent = b2.silent = True
    name.become(DOWN)
    b2.silent = False
    name.become(UP)
    name.have({a1: "down", a2: "down", b1: "down", b2: "up"})
    wait_for("the changes", lambda: name.told() == [UP, DOWN, UP])
    name.delete()
    before = len(b2.pings)
    assert server.call("info", name.uri) == {}
    assert [target for target in server.call("list") if "#" in str(target)] == []
    wait_for("no target's row", lambda: "each.test" not in str(server.rpc("htable.dump", "keepalive_state")))
    assert len(b2.pings) - before <= 1


def test_503_at_the_first_and_200_at_the_second(server: Kamailio, own: Provider) -> None:
    """Each answer counts for whom it is from: the first target is down, the second up, and so is the name."""
    first, second = own.gateway(), own.gateway()
    first.code = 503
    name = Name(server, f"sip:{own.say('half', *SRV)}")
    name.have({first: "down", second: "up"})
    name.become(UP)
    assert server.call("info", name.target(first))["last_code"] == 503
    name.delete()


def test_ipv4_ipv6_and_an_alias(ipv6: None, server: Kamailio, own: Provider) -> None:
    """A name with a port: A and AAAA at that port, behind a CNAME."""
    port = free_port()
    four, other, six = (
        own.gateway(port=port),
        own.gateway(port=port),
        own.gateway(port=port, host="::1"),
    )
    name = Name(
        server, f"sip:{own.say('alias', '@ CNAME a.@', 'a.@ A %1', 'a.@ A %2', 'a.@ AAAA ::1')}:{port}"
    )
    name.have({four: "up", other: "up", six: "up"})
    assert six.pings[0].uri == name.uri
    six.silent = True
    name.have({four: "up", other: "up", six: "down"})
    name.delete()


def test_a_provider_that_renumbers(server: Kamailio, own: Provider) -> None:
    """The name stays up, its old targets until the new are decided; who returns has its history."""
    old, new = own.gateway(), own.gateway()
    name = Name(server, f"sip:{own.say('moves', '@ A %1')}")
    name.have({old: "up"})
    old.silent = True
    name.have({old: "down"})
    old.silent = False
    name.have({old: "up"})
    key = name.target(old)
    history = server.call("info", key)["history"]
    assert [change["to"] for change in history][-3:] == ["up", "down", "up"]
    new.silent = True
    wait_for("three changes", lambda: name.told() == [UP, DOWN, UP])
    own.say("moves", "@ A %2")
    name.have({new: "down"})
    wait_for("another change", lambda: name.told() == [UP, DOWN, UP, DOWN])
    new.silent = False
    name.have({new: "up"})
    own.say("moves", "@ A %1", "@ A %2")
    name.have({old: "up", new: "up"})
    returned = server.call("info", key)["history"]
    assert returned[: len(history)] == history
    name.delete()


def test_a_name_that_vanishes(server: Kamailio, own: Provider) -> None:
    """Its targets stay, with one line; one that never was is down and says why."""
    gateway = own.gateway()
    name = Name(server, f"sip:{own.say('vanishes', '@ A %1')}")
    name.have({gateway: "up"})
    own.say("vanishes")
    wait_for("the fault", lambda: name.info["resolution"]["fault"] == "no such name")
    asked = name.info["resolution"]["asked"]
    wait_for("two more questions", lambda: name.info["resolution"]["asked"] >= asked + 2)
    assert name.targets == {f"{gateway.host}:5060": "up"}
    assert server.state(name.uri) == UP
    lines = [line for line in server.log_lines("vanishes.test") if "no such name" in line]
    assert len(lines) == 1, lines
    own.say("vanishes", "@ A %1")
    wait_for("no fault", lambda: name.info["resolution"]["fault"] == "")
    never = Name(server, "sip:never.test")
    never.become(DOWN)
    assert never.info["last_reason"] == "no such name"
    never.delete()
    name.delete()


def test_who_tracks_a_name_follows_it(server: Kamailio, own: Provider) -> None:
    """Trunks that are names too: nobody asks DNS for them, or them; they, and their calls, follow it."""
    one, two = own.gateway(), own.gateway()
    name = Name(server, f"sip:{own.say('tracked', *SRV)}")
    trunks = [Name(server, f"sip:trunk{number}@tracked.test", track=name.uri) for number in range(3)]
    for each in (name, *trunks):
        each.become(UP)
    one.silent = True
    name.have({one: "down", two: "up"})
    assert [server.call("targets", each.uri) for each in trunks] == [[two.uri]] * 3
    two.code = 503
    for each in (name, *trunks):
        each.become(DOWN)
    one.silent = False
    for each in (name, *trunks):
        each.become(UP)
    wait_for("all callbacks", lambda: [each.told() for each in trunks] == [[UP, DOWN, UP]] * 3)
    assert (name.info["tracked_by"], trunks[0].info["tracks"], trunks[0].targets) == (3, name.uri, {})
    # Others' servers may still ask at these addresses.
    asked = {ping.uri for gateway in (one, two) for ping in gateway.pings}
    assert asked & {name.uri, *(each.uri for each in trunks)} == {name.uri}
    for each in (*trunks, name):
        each.delete()
