"""What else names are on real servers: odd but true records, odd spellings, and more names than time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from real.names import NameServer
from real.provider import Name, Provider
from real.server import Kamailio, free_port, wait_for
from real.test_names import QUICK, TWO
from real.test_pings import UP


@pytest.fixture
def own(liar: NameServer) -> Iterator[Provider]:
    """A provider whose names a server tells that knows more kinds of records than dnsmasq."""
    running = Provider(liar)
    yield running
    running.close()


def test_records_of_all_kinds(start, own: Provider) -> None:
    """Aliases of services, NAPTR to an address, other ports and protocols: each leads where it should."""
    server: Kamailio = start(resolver=own.dns.address, **QUICK)
    other, first, second, tcp = (
        own.gateway(1, port=5071),
        own.gateway(1),
        own.gateway(2),
        own.gateway(3, port=5072),
    )
    sctp, offered = '@ NAPTR 1 1 s SIP+D2S "" _sip._sctp.@', '@ NAPTR 2 1 S sip+d2t "" _sip._tcp.@'
    kinds = {
        "service": (["_sip._udp.@ CNAME s.@", "s.@ SRV 1 1 5060 a.@", "a.@ A %1"], {first: "up"}),
        "chain": ([f"{n}.@ CNAME {n + 1}.@" for n in range(5)] + ["@ CNAME 0.@", "5.@ A %2"], {second: "up"}),
        "address": (['@ NAPTR 1 1 A SIP+D2U "" A.@', "a.@ A %1", "a.@ A %2"], {first: "up", second: "up"}),
        "ports": (
            ["_sip._udp.@ SRV 1 0 5060 a.@", "_sip._udp.@ SRV 1 0 5071 a.@", "a.@ A %1"],
            {first: "up", other: "up"},
        ),
        "offers": ([sctp, offered, "_sip._tcp.@ SRV 1 1 5072 c.@", "c.@ A %3"], {tcp: "up"}),
        "under_score": (["@ A %1", "@ A %1", "@ A %2"], {first: "up", second: "up"}),
    }
    for what, (lines, wanted) in kinds.items():
        name = Name(server, f"sip:{own.say(what, *lines)}")
        name.have(wanted)
        name.become(UP)


def test_the_order_of_records_changes_nothing(start, own: Provider) -> None:
    """Records in another order each time, as most DNS servers give them, are the same targets: no line."""
    server: Kamailio = start(resolver=own.dns.address, **QUICK)
    gateways = [own.gateway() for _ in range(4)]
    lines = [f"@ A %{n}" for n in range(1, 5)]
    name = Name(server, f"sip:{own.say('turns', *lines)}")
    name.have(dict.fromkeys(gateways, "up"))
    name.become(UP)
    server.begin_log()
    for turn in range(4):
        own.say("turns", *lines[turn:], *lines[:turn])
        asked = name.info["resolution"]["asked"]
        wait_for("another question", lambda asked=asked: name.info["resolution"]["asked"] > asked)
    assert server.log_lines("turns.test") == []
    assert list(name.targets.values()) == ["up"] * 4


def test_what_this_server_has_no_socket_for(start, own: Provider) -> None:
    """IPv6 without a socket of it, and the server's own address beside others, are no targets."""
    server: Kamailio = start(resolver=own.dns.address, **QUICK)
    gateway = own.gateway(port=server.port)
    lines = ("@ AAAA 2001:db8::1", "@ A %1", "@ A 127.0.0.1")
    name = Name(server, f"sip:{own.say('mixed', *lines)}:{server.port}")
    name.have({gateway: "up"})
    left_out = name.info["resolution"]["left_out"]
    assert "2001:db8::1" in left_out
    assert "127.0.0.1" in left_out


def test_two_names_of_one_address(start, own: Provider) -> None:
    """Each has its own pings, rules and end; a spelling in capitals is the same name."""
    server: Kamailio = start(resolver=own.dns.address, **QUICK)
    gateway = own.gateway()
    one = Name(server, f"sip:{own.say('one', '@ A %1')}")
    two = Name(server, f"sip:user@{own.say('two', '@ A %1')}", fall=30)
    for name in (one, two):
        name.have({gateway: "up"})
        name.become(UP)
    assert server.call("add_destination", "sip:ONE.Test", "other") == 0
    assert {ping.uri for ping in gateway.pings} == {"sip:one.test", "sip:user@two.test"}
    gateway.silent = True
    one.have({gateway: "down"})
    assert server.state(two.uri) == UP
    assert server.call("del_destination", "sip:ONE.Test", "other") == 0
    assert one.targets, "another owner is left"
    one.delete()
    target = f"{one.uri}#{gateway.host}:5060"
    wait_for("no target", lambda: server.call("info", target) == {})
    gateway.silent = False
    again = Name(server, one.uri)
    again.have({gateway: "up"})


def test_more_names_than_time(start, own: Provider) -> None:
    """If the questions take longer than dns_interval one line says so; all names are known."""
    own.dns.delay = 0.05
    server: Kamailio = start(resolver=own.dns.address, **QUICK)
    for _ in TWO:
        own.gateway()
    port = free_port()
    names = [Name(server, f"sip:{own.say(f'late{n}', *TWO)}:{port}") for n in range(15)]
    names += [Name(server, f"sip:{own.say(f'later{n}', *TWO)}") for n in range(5)]
    for name in names[-5:]:
        name.become(UP, 20)
    wait_for("the line", lambda: server.log_lines("dns_interval"), 20)
    assert len(server.log_lines("dns_interval")) == 1
