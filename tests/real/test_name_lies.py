"""DNS servers that lie, are slow or say nothing, on real servers: no target that is none, nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from gateway import Gateway
from real.names import NameServer
from real.provider import Name, Provider
from real.server import Kamailio, wait_for
from real.test_names import QUICK, SRV, TWO
from real.test_pings import DOWN, UP


@pytest.fixture
def liars(liar: NameServer) -> Iterator[Provider]:
    """A provider whose names a liar tells."""
    running = Provider(liar)
    yield running
    running.close()


def resolved(name: Name) -> dict[str, object]:
    """Return how DNS was asked for a name, once it was."""
    found: dict[str, object] = wait_for("a question", lambda: (r := name.info["resolution"])["asked"] and r)
    return found


def test_lies(start, liars: Provider) -> None:
    """What records must not say is left out, with a reason; what is left of the answer is used."""
    real = liars.gateway()
    server: Kamailio = start(resolver=liars.dns.address, **QUICK)
    lies = {
        "zero": ("_sip._udp.@ SRV 1 1 0 b.@", "b.@ A %2"),
        "dot": ("_sip._udp.@ SRV 1 1 5060 .",),
        "loop": ("_sip._udp.@ SRV 1 1 5060 l.@", "l.@ CNAME k.@", "k.@ CNAME l.@"),
        "self": ('@ NAPTR 1 1 "" SIP+D2U "" @',),
        "round": ('@ NAPTR 1 1 "" SIP+D2U "" n.@', 'n.@ NAPTR 1 1 "" SIP+D2U "" @'),
        "nowhere": ("_sip._udp.@ SRV 1 1 5060 nowhere.@",),
        "any": ("_sip._udp.@ SRV 1 1 5060 b.@", "b.@ A 0.0.0.0"),
        "broadcast": ("_sip._udp.@ SRV 1 1 5060 b.@", "b.@ A 255.255.255.255"),
        "multicast": ("_sip._udp.@ SRV 1 1 5060 b.@", "b.@ A 224.0.0.1"),
        "twice": ("_sip._udp.@ SRV 9 1 5060 a.@", "_sip._udp.@ SRV 9 1 5060 b.@", "b.@ A %1"),
    }
    names = {}
    for what, lines in lies.items():
        with_truth = (*lines, "_sip._udp.@ SRV 10 1 5060 a.@", "a.@ A %1")
        names[what] = Name(server, f"sip:{liars.say(f'half-{what}', *with_truth)}")
    for name in names.values():
        name.have({real: "up"})
        name.become(UP)
    for what, name in names.items():
        left_out = resolved(name)["left_out"]
        assert left_out or what == "twice"
    alone = {}
    for what, lines in lies.items():
        alone[what] = Name(server, f"sip:{liars.say(f'all-{what}', *lines)}")
    for what, name in alone.items():
        if what == "twice":
            continue
        name.become(DOWN)
        assert name.targets == {}
        assert name.info["last_reason"] == resolved(name)["fault"] != ""
    assert "Traceback" not in server.log


def test_forty_records(start, provider: Provider) -> None:
    """Of forty records as many are used as ipops gives, and the name says that there were more."""
    gateways = [provider.gateway(number) for number in range(1, 41)]
    records = [f"_sip._udp.@ SRV 1 1 5060 h{n}.@\nh{n}.@ A %{n}" for n in range(1, 41)]
    server: Kamailio = start(resolver=provider.dns.address, **QUICK)
    name = Name(server, f"sip:{provider.say('forty', *records)}")
    wait_for("32 targets that are up", lambda: list(name.targets.values()) == ["up"] * 32, 15)
    addresses = [f"@ A %{n}" for n in range(1, 41)]
    wide = Name(server, f"sip:{provider.say('wide', *addresses)}")
    wait_for("32 addresses that are up", lambda: list(wide.targets.values()) == ["up"] * 32, 15)
    assert resolved(wide)["left_out"]
    for gateway in gateways:
        gateway.silent = True
    name.become(DOWN)
    wide.become(DOWN)


def test_a_mute_server(start, liars: Provider, gateway: Gateway) -> None:
    """A name without an answer is down and says so; others are resolved, and pings wait for nothing."""
    liar = liars.dns
    liar.mute.add("mute.test")
    first, second = liars.gateway(), liars.gateway()
    server: Kamailio = start(resolver=liar.address, **QUICK)
    assert server.call("add_destination", gateway.uri, "test") == 0
    server.wait_for_state(gateway.uri, UP)
    muted = [Name(server, f"sip:{liars.say(f'p{n}.mute', *TWO)}") for n in range(2)]
    name = Name(server, f"sip:{liars.say('answered', *TWO)}")
    for each in muted:
        each.become(DOWN, 25)
        assert each.info["last_reason"] == "no answer from DNS"
    name.have({first: "up", second: "up"}, 25)
    gaps = [after.at - before.at for before, after in pairwise(gateway.pings[1:])]
    assert max(gaps) < 1.3, gaps
    # One that answers no more keeps its targets.
    liar.mute.add("answered.test")
    wait_for("the fault", lambda: name.info["resolution"]["fault"] == "no answer from DNS", 25)
    assert server.state(name.uri) == UP
    first.silent = True
    name.have({first: "down", second: "up"})
    liar.mute.clear()
    for each in muted:
        each.become(UP, 25)


def test_a_restart_while_dns_is_mute(start, liars: Provider, tmp_path: Path) -> None:
    """All names have their targets of before at once, and are as these are, though DNS is asked for each.

    Each question waits a second: to ask for one name after the other takes several times as long.
    """
    gateway, names = liars.gateway(), [f"sip:{liars.say(f'n{number}', '@ A %1')}" for number in range(30)]
    (tmp_path / "list").write_text("\n".join(names))
    files = {"KEEPALIVE_LIST_FILE": tmp_path / "list", "KEEPALIVE_STATE_FILE": tmp_path / "states"}
    given = {"share": tmp_path, "resolver": liars.dns.address, **files, **QUICK, "KEEPALIVE_DNS_INTERVAL": 60}
    before: Kamailio = start(**given)
    for each in names:
        before.wait_for_state(each, UP)
    before.stop()
    liars.dns.mute.add("test")
    gateway.silent = True
    after: Kamailio = start(**given)
    wait_for("all are down", lambda: {*map(after.state, names)} == {DOWN}, 10)
    lacking = f"{gateway.uri.removeprefix('sip:')}: "
    assert all(lacking in after.call("info", each)["last_reason"] for each in names)
    gateway.silent = False
    wait_for("all are up", lambda: {*map(after.state, names)} == {UP}, 10)


def test_a_refusing_server_and_a_slow_one(start, liars: Provider) -> None:
    """SERVFAIL is no "no such name"; an answer that takes a while is one."""
    liar = liars.dns
    liar.codes |= {"fails.test": 2, "a.fails.test": 2, "_sip._udp.fails.test": 2}
    first, second = liars.gateway(), liars.gateway()
    server: Kamailio = start(resolver=liar.address, **QUICK)
    name = Name(server, f"sip:{liars.say('fails', *SRV)}")
    name.become(DOWN, 15)
    assert name.info["last_reason"] == "no answer from DNS"
    liar.codes.clear()
    liar.delay = 0.1
    name.have({first: "up", second: "up"}, 15)
    assert server.state(name.uri) == UP
