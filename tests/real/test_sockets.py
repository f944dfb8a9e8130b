"""What can't be sent from here is no failure of a destination: from which sockets real servers send."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway import Gateway
from keepalive_core.rules import parameters, uris
from real.server import ROOT, Kamailio, free_port, wait_for
from real.test_pings import UP
from real.uplinks import Uplink


def test_what_is_refused_can_not_be_sent_and_nothing_else(start) -> None:
    """For each next hop and socket Kamailio sends if and only if the module does not hold that impossible."""
    other = free_port()
    server = start(options=("-l", f"udp:127.0.0.2:{other}"))
    here = f"127.0.0.1:{server.port}"
    hops = [
        *("sip:127.0.0.1:9", "sip:127.0.0.1:9;transport=udp", "sip:127.0.0.1:9;transport=tcp"),
        *("sip:127.0.0.1:9;transport=tls", "sips:127.0.0.1:9", "sips:127.0.0.1:9;transport=udp"),
        *("sip:127.0.0.1:9;transport=sctp", "sip:127.0.0.1:9;transport=ws", "sip:[::1]:9"),
        "sip:127.0.0.1:9;maddr=[::1]",
    ]
    sockets = [
        *("", f"udp:{here}", f"tcp:{here}", f"tls:{here}", "udp:127.0.0.1", f"udp:127.0.0.2:{other}"),
        *(f"tcp:127.0.0.2:{other}", f"udp:127.0.0.1:{other}", "udp:192.0.2.1:5060", "udp:nowhere:5060"),
        *("udp:0.0.0.0:5060", f"udp:[::1]:{server.port}", "sctp:127.0.0.1"),
    ]
    wait_for("the first tick", lambda: server.call("add_destination", "sip:a;transport=sctp", "test") == -1)
    assert server.call("misjudged", hops, sockets) == []
    assert server.log_lines("No local socket for"), "there were some to be refused"


def test_a_bad_change_at_run_time_is_refused(start, gateway: Gateway) -> None:
    """A ping_socket or an outbound_proxy with which nothing could be sent changes nothing, with one ERROR."""
    server = start(KEEPALIVE_DESTINATIONS=gateway.uri)
    server.wait_for_state(gateway.uri, UP)
    for name, value in (
        ("ping_socket", "udp:192.0.2.1:5060"),
        ("outbound_proxy", "sip:192.0.2.1;transport=tls"),
    ):
        server.rpc("cfg.sets", "keepalive", name, value)
        [line] = server.logged(f"bad {name}")
        assert "ERROR" in line
        assert value in line
    before = len(gateway.pings)
    wait_for("pings", lambda: len(gateway.pings) > before + 2)
    assert server.state(gateway.uri) == UP
    assert server.call("add_destination", "sip:a;transport=tls", "test") == -1
    assert server.call("add_destination", "sip:a", "test", ping_socket="udp:192.0.2.1:5060") == -1
    assert len(server.log_lines("can't be pinged from here")) == 2


@pytest.fixture
def uplink(namespaces: None) -> Iterator[Uplink]:
    """A link to a gateway, on which this machine may have one more address."""
    running = Uplink()
    yield running
    running.close()


def void(server: Kamailio, uri: str, more_than: int) -> dict[str, Any]:
    """Wait until more than a number of pings of a destination are void; return what is known of it."""
    wait_for("void pings", lambda: server.call("info", uri)["void"] > more_than, 15)
    known: dict[str, Any] = server.call("info", uri)
    return known


def asked_within_a_second(server: Kamailio, uri: str) -> bool:
    """Say whether a destination has another answer a second from now, and the time in which that is seen."""
    before, since = server.call("info", uri)["ok"], time.monotonic()
    wait_for("an answer", lambda: server.call("info", uri)["ok"] > before, 5)
    return time.monotonic() - since < 1.5


def test_the_address_of_the_server_that_stands_by(start, uplink: Uplink) -> None:
    """What is pinged from an address that is not here now is not down, and asked when the address is back."""
    [uri] = uplink.destinations(1)
    port = free_port()
    uplink.gain()
    server = start(
        options=("-l", f"udp:{uplink.virtual}:{port}"),
        KEEPALIVE_DESTINATIONS=uri,
        KEEPALIVE_PING_SOCKET=f"udp:{uplink.virtual}:{port}",
        KEEPALIVE_PING_INTERVAL=4,
    )
    server.wait_for_state(uri, UP)
    uplink.lose()
    known = void(server, uri, 1)
    assert known["state"] == "up"
    assert known["failed"] == 0
    assert known["not_pinged_because"] == "no such address"
    [line] = server.log_lines("no such address")
    assert "WARNING" in line
    uplink.gain()
    assert asked_within_a_second(server, uri)
    assert server.call("info", uri)["not_pinged_because"] == ""


def test_the_default_socket_of_a_server_that_begins_as_the_one_that_stands_by(start, uplink: Uplink) -> None:
    """Which socket tm takes without ping_socket is seen in the end; then that one's address is looked for."""
    [uri] = uplink.destinations(1)
    server = start(
        options=("-l", f"udp:{uplink.virtual}:{free_port()}"),
        FREE_BIND=1,
        KEEPALIVE_DESTINATIONS=uri,
        KEEPALIVE_PING_INTERVAL=4,
        KEEPALIVE_PING_TIMEOUT=1000,
    )
    known = void(server, uri, 1)
    assert known["failed"] == 0
    assert known["state"] == "unknown"
    uplink.gain()
    assert asked_within_a_second(server, uri)
    server.wait_for_state(uri, UP)


def test_a_socket_from_which_nothing_gets_out(start, uplink: Uplink) -> None:
    """A ping_socket of the loopback interface is one, but no way to a gateway behind a link: that is void."""
    [uri] = uplink.destinations(1)
    port = free_port()
    server = start(
        options=("-l", f"udp:{uplink.ours}:{port}"),
        KEEPALIVE_DESTINATIONS=uri,
        KEEPALIVE_PING_INTERVAL=1,
        KEEPALIVE_PING_TIMEOUT=500,
    )
    server.wait_for_state(uri, UP)
    server.rpc("cfg.sets", "keepalive", "ping_socket", f"udp:127.0.0.1:{server.port}")
    known = void(server, uri, 2)
    assert (known["state"], known["failed"]) == ("up", 0)
    [line] = server.logged(f"no ping is sent to {uri}")
    assert "ERROR" in line
    assert f"no way: from 127.0.0.1 nothing gets to {uri.removeprefix('sip:')}" in line
    server.rpc("cfg.sets", "keepalive", "ping_socket", f"udp:{uplink.ours}:{port}")
    answered = known["ok"]
    wait_for("an answer", lambda: server.call("info", uri)["ok"] > answered)


def test_strangers_who_take_all_connections(start) -> None:
    """If Kamailio may have no more connections, TCP destinations have no verdict, and then they have."""
    gateway = Gateway()
    uri = f"{gateway.uri};transport=tcp"
    server = start(KEEPALIVE_PING_INTERVAL=1, KEEPALIVE_PING_TIMEOUT=500, TCP_MAX_CONNECTIONS=3)
    strangers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
    wait_for("all of them", lambda: server.rpc("core.tcp_info")["opened_connections"] == 3)
    assert server.call("add_destination", uri, "test") == 0
    known = void(server, uri, 1)
    assert (known["state"], known["failed"]) == ("unknown", 0)
    assert server.logged(f"no ping is sent to {uri}: no room: ")
    for stranger in strangers:
        stranger.close()
    server.wait_for_state(uri, UP)
    gateway.close()


def test_what_is_wrong_from_the_start(start, gateway: Gateway) -> None:
    """A ping_socket at which Kamailio does not listen: void, told once a minute, and mended at run time."""
    server = start(KEEPALIVE_DESTINATIONS=gateway.uri, KEEPALIVE_PING_SOCKET="udp:192.0.2.1:5060")
    known = void(server, gateway.uri, 2)
    assert (known["state"], known["failed"]) == ("unknown", 0)
    assert known["not_pinged_because"] == "no such socket"
    [line] = server.log_lines("no ping is sent to")
    assert "ERROR" in line
    assert "udp:192.0.2.1:5060" in line
    server.rpc("cfg.sets", "keepalive", "ping_socket", f"udp:127.0.0.1:{server.port}")
    server.wait_for_state(gateway.uri, UP)


def test_a_route_that_drops_pings(start, gateway: Gateway) -> None:
    """On real servers: tm takes what its event route drops for sent, and says no more of it: that is
    nobody's silence.
    """
    server = start(
        "native.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        LITERAL=gateway.uri,
        KEEPALIVE_OWN_LOCAL_REQUEST=1,
        DROPS=1,
        KEEPALIVE_DESTINATIONS=gateway.uri,
    )
    [line] = server.logged("no ping is sent to")
    assert "drops what is sent" in line
    assert gateway.pings == []
    assert not server.log_lines("-> down")


def any_text(chance: random.Random, most: int) -> str:
    """Return some printable characters."""
    return "".join(chr(chance.randint(0x20, 0x7E)) for _ in range(chance.randint(1, most)))


def any_header(chance: random.Random) -> str:
    """Return a header, of a name that Kamailio reads or of none."""
    known = ["Contact", "m", "Event", "o", "Expires", "Path", "Require", "Accept", "Refer-To", "Date", "RAck"]
    name = chance.choice([*known, any_text(chance, 4), f"X-{any_text(chance, 1)}"])
    value = chance.choice([any_text(chance, 30), "<sip:a@b", '"', "<", ",", "99999999999", 'Digest a="'])
    return name + chance.choice([":", ": ", " : "]) + value


def any_uri(chance: random.Random) -> str:
    """Return a URI, with all that may stand in one."""
    user = chance.choice(["", any_text(chance, 6) + "@", f"{any_text(chance, 3)}:{any_text(chance, 3)}@"])
    tail = chance.choice(["", f";{any_text(chance, 3)}", f";{any_text(chance, 2)}={any_text(chance, 2)}"])
    return f"sip:{user}{chance.choice(['a', 'a.b', 'a_b', '_a.b-c', '10.0.0.1', '[::1]:5070'])}{tail}"


@pytest.mark.parametrize("name", ["ping_headers", "ping_from", "ping_method", "uri"])
def test_what_is_accepted_tm_sends(kamailio: Kamailio, name: str) -> None:
    """No value that the module takes makes tm refuse a ping: that would be all pings, by one slip."""
    chance = random.Random(name)
    accepted: list[str] = []
    while len(accepted) < 400:
        made = {
            "ping_headers": lambda: " | ".join(any_header(chance) for _ in range(chance.randint(1, 3))),
            "ping_from": lambda: any_uri(chance),
            "ping_method": lambda: "".join(chance.choice("ACKINVTEBYE") for _ in range(chance.randint(1, 6))),
            "uri": lambda: any_uri(chance),
        }[name]()
        try:
            accepted.append(uris.parse(made).uri if name == "uri" else str(parameters.check(name, made)))
        except ValueError:
            continue
    for first in range(0, len(accepted), 100):
        assert kamailio.call("refused_by_tm", name, accepted[first : first + 100]) == []
