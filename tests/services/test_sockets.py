"""From which socket a ping leaves, and what can't be sent at all. What is in the table was seen on real
servers of 5.6.3, 6.0.1 and 6.1.5; tests/real/test_sockets.py asks them again.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import FakeServer
from keepalive_core.rules.sockets import Departure, Listener, Sockets, read_listeners
from keepalive_core.rules.uris import Hop, hop

UDP = Listener("udp", "192.0.2.1", 5060)
UDP_OTHER = Listener("udp", "192.0.2.2", 5060, ("gw.example",))
UDP_LOOPBACK = Listener("udp", "127.0.0.1", 5060)
UDP_ANY = Listener("udp", "0.0.0.0", 5060)
UDP_6 = Listener("udp", "2001:db8::1", 5060)
TCP = Listener("tcp", "192.0.2.1", 5060)
TCP_OTHER = Listener("tcp", "192.0.2.3", 5060)
TLS = Listener("tls", "192.0.2.1", 5061)
SOCKET, TRANSPORT = "no such socket", "no such transport"
PEER, PEER_6, NAME = "sip:198.51.100.1", "sip:[2001:db8::9]", "sip:gateway.example"


@pytest.mark.parametrize(
    ("listeners", "uri", "socket", "fault"),
    [
        ([UDP], PEER, "", ""),
        ([UDP], PEER, "udp:192.0.2.1:5060", ""),
        ([UDP], PEER, "udp:192.0.2.1", ""),  # of any port
        ([UDP], PEER, "udp:192.0.2.1:5061", SOCKET),
        ([UDP], PEER, "udp:192.0.2.9:5060", SOCKET),
        ([UDP], PEER, "tcp:192.0.2.1:5060", SOCKET),
        ([UDP_OTHER], PEER, "udp:GW.example:5060", ""),
        ([UDP_OTHER], PEER, "udp:192.0.2.2:5060", ""),
        ([UDP_OTHER], PEER, "udp:gw2.example:5060", SOCKET),
        ([UDP_ANY], PEER, "udp:0.0.0.0:5060", ""),
        ([UDP_ANY], PEER, "udp:127.0.0.1:5060", SOCKET),  # no more than Kamailio itself knows it
        ([UDP_6], PEER_6, "udp:[2001:db8::1]:5060", ""),
        ([UDP_6], PEER_6, "udp:[2001:db8:0::0:1]:5060", ""),
        ([UDP_6], PEER_6, "udp:[2001:db8::1]", ""),
        # The address family.
        ([UDP], PEER_6, "", TRANSPORT),
        ([UDP_6], PEER, "", TRANSPORT),
        ([UDP, UDP_6], PEER_6, "udp:192.0.2.1:5060", ""),  # it leaves from another one
        ([UDP], NAME, "", ""),
        # The transport.
        ([UDP], f"{PEER};transport=tcp", "", TRANSPORT),
        ([UDP], f"{NAME};transport=tcp", "", TRANSPORT),
        ([UDP, TCP], f"{PEER};transport=TCP", "", ""),
        ([UDP, TCP_OTHER], f"{PEER};transport=tcp", "udp:192.0.2.1:5060", ""),  # from another one
        ([TCP], PEER, "", TRANSPORT),
        ([UDP, TLS], f"{PEER};transport=tcp", "", ""),  # Kamailio takes TLS's listener for it
        ([UDP, TCP], f"{PEER};transport=tls", "", TRANSPORT),
        ([UDP, TCP], "sips:198.51.100.1", "", TRANSPORT),
        ([UDP, TCP], "sips:198.51.100.1;transport=tcp", "", TRANSPORT),
        ([UDP, TLS], "sips:198.51.100.1;transport=tcp", "", ""),
        ([UDP, TLS], "sips:198.51.100.1;transport=udp", "", TRANSPORT),
        ([UDP, TLS], "sips:gateway.example", "", ""),
        ([UDP, TCP, TLS], f"{PEER};transport=sctp", "", TRANSPORT),
        ([UDP, TCP, TLS], f"{PEER};transport=ws", "", TRANSPORT),
        ([UDP, TCP, TLS], f"{PEER};transport=wss", "", TRANSPORT),
        ([UDP, TCP, TLS], "sips:198.51.100.1;transport=ws", "", TRANSPORT),
        # Kamailio follows no maddr.
        ([UDP], f"{PEER};maddr=[2001:db8::9]", "", ""),
    ],
)
def test_what_can_be_sent(listeners: list[Listener], uri: str, socket: str, fault: str) -> None:
    """A ping is refused if it certainly can't leave, and only then; the reason begins with its kind."""
    hindrance = Sockets(listeners).departure(hop(uri), socket).hindrance
    assert hindrance.partition(":")[0] == fault


@pytest.mark.parametrize(
    ("listeners", "uri", "socket", "addresses", "alternatives"),
    [
        ([UDP, UDP_OTHER], PEER, "", ("192.0.2.1",), ("192.0.2.2",)),
        ([UDP_OTHER, UDP], PEER, "", ("192.0.2.2",), ("192.0.2.1",)),
        ([UDP_LOOPBACK, UDP, UDP_OTHER], PEER, "", ("192.0.2.1",), ("127.0.0.1", "192.0.2.2")),
        ([UDP_LOOPBACK], PEER, "", ("127.0.0.1",), ()),
        ([UDP, UDP_6], PEER_6, "", ("2001:db8::1",), ()),
        ([UDP, UDP_6], NAME, "", ("192.0.2.1", "2001:db8::1"), ()),
        ([UDP_ANY, UDP], PEER, "", (), ()),
        ([UDP, UDP_OTHER], PEER, "udp:192.0.2.2:5060", ("192.0.2.2",), ()),
        ([UDP, UDP_OTHER], NAME, "udp:192.0.2.2:5060", ("192.0.2.2",), ()),
        ([UDP, UDP_OTHER], PEER, "udp:gw.example", ("192.0.2.2",), ()),
        ([UDP, UDP_6], PEER_6, "udp:192.0.2.1:5060", ("2001:db8::1",), ()),
        # A connection leaves from any address, unless a socket is asked for.
        ([UDP, TCP], f"{PEER};transport=tcp", "", (), ()),
        ([UDP, TCP], f"{PEER};transport=tcp", "tcp:192.0.2.1:5060", ("192.0.2.1",), ()),
        ([UDP, TCP_OTHER], f"{PEER};transport=tcp", "udp:192.0.2.1:5060", ("192.0.2.3",), ()),
        ([UDP, TCP_OTHER, TCP], f"{PEER};transport=tcp", "udp:192.0.2.1:5060", ("192.0.2.1",), ()),
    ],
)
def test_from_where_a_ping_leaves(
    listeners: list[Listener],
    uri: str,
    socket: str,
    addresses: tuple[str, ...],
    alternatives: tuple[str, ...],
) -> None:
    """The socket that is asked for if it can be, else the one that Kamailio takes."""
    assert Sockets(listeners).departure(hop(uri), socket) == Departure("", addresses, alternatives)


def test_what_a_socket_is_advertised_as() -> None:
    """A socket has more names than Kamailio lists; it is asked before one is refused."""
    asked: list[str] = []

    def is_own_name(uri: str) -> bool:
        asked.append(uri)
        return True

    sockets = Sockets([UDP], is_own_name)
    assert sockets.departure(hop(PEER), "udp:203.0.113.9:5070") == Departure()
    assert sockets.departure(hop(PEER), "udp:192.0.2.1:5060").hindrance == ""
    assert asked == ["sip:203.0.113.9:5070;transport=udp"]


def test_websocket_is_for_who_has_the_module() -> None:
    """With module websocket a ping takes the connection that the peer made; for wss there is no word."""
    sockets = Sockets([TCP], has_websocket=True)
    assert sockets.departure(hop(f"{PEER};transport=ws"), "").hindrance == ""
    assert sockets.departure(hop(f"{PEER};transport=wss"), "").hindrance


ADDRESSES = ["192.0.2.1", "192.0.2.2", "127.0.0.1", "2001:db8::1", "::1", "0.0.0.0"]
any_listener = st.builds(
    Listener,
    st.sampled_from(["udp", "tcp", "tls", "sctp"]),
    st.sampled_from(ADDRESSES),
    st.sampled_from([5060, 5061]),
)
any_hop = st.builds(
    Hop, st.sampled_from(["udp", "tcp", "tls", "sctp", "ws", "wss", ""]), st.sampled_from([0, 4, 6])
)
any_socket = st.one_of(
    st.just(""),
    st.builds(lambda listener: f"{listener.transport}:[{listener.address}]:{listener.port}", any_listener),
)


@given(st.lists(any_listener, max_size=5), any_hop, any_socket)
def test_a_departure_is_possible_or_says_why_not(listeners: list[Listener], to: Hop, socket: str) -> None:
    """Whatever is listened at: with a reason nothing else is said, and each source is one of our sockets'."""
    departure = Sockets(listeners).departure(to, socket)
    if departure.hindrance:
        assert departure == Departure(departure.hindrance)
        assert departure.hindrance.partition(":")[0] in (SOCKET, TRANSPORT)
    own = {listener.address for listener in listeners}
    assert {*departure.addresses, *departure.alternatives} <= own
    assert not {*departure.addresses} & {*departure.alternatives}
    if to.family and departure.addresses and to.transport:
        assert {ipaddress.ip_address(each).version for each in departure.addresses} == {to.family}


@given(st.lists(any_listener, max_size=5), any_hop, any_socket, any_listener)
def test_one_more_listener_hinders_nothing(
    listeners: list[Listener], to: Hop, socket: str, more: Listener
) -> None:
    """What could be sent can be sent from a server that listens at one more socket."""
    if not Sockets(listeners).departure(to, socket).hindrance:
        assert not Sockets([*listeners, more]).departure(to, socket).hindrance


def test_what_kamailio_lists() -> None:
    """5.6 names no address family, and a name comes with its address."""
    udp = {"proto": "udp", "address": "Gw.example", "ipaddress": "192.0.2.1", "port": "5060", "mcast": "yes"}
    tls = {
        "af": "IPv6",
        "proto": "tls",
        "address": "0:0::1",
        "ipaddress": "::1",
        "port": "5061",
        "mcast": "no",
    }
    sctp = {"proto": "sctp", "address": "192.0.2.1", "port": "5060", "virtual": "no"}
    assert read_listeners([{"socket": each} for each in (udp, tls, sctp)]) == [
        Listener("udp", "192.0.2.1", 5060, ("gw.example",), is_multicast=True),
        Listener("tls", "::1", 5061),
        Listener("sctp", "192.0.2.1", 5060),
    ]


@pytest.mark.parametrize(
    "answer",
    [None, 1, [1], [{}], [{"socket": {}}], [{"socket": {"proto": "udp", "address": "a", "port": "1"}}]],
)
def test_another_answer_is_refused(answer: object) -> None:
    """What is no list of sockets is a ValueError, whatever it is."""
    with pytest.raises(ValueError, match="no list of sockets"):
        read_listeners(answer)


# --- what is refused --------------------------------------------------------------------------------------

GONE = "udp:192.168.10.9:5060"
HERE = "udp:192.168.10.1:5060"


@pytest.fixture
def running(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A server that runs, so that its listeners are known."""
    server.tick(1)
    return keepalive


@pytest.mark.parametrize(
    ("uri", "options", "part"),
    [
        ("sip:a", {"ping_socket": GONE}, GONE),
        ("sip:a;transport=sctp", {}, "SCTP socket"),
        ("sip:a;transport=ws", {}, "transport=ws"),
        ("sip:a", {"outbound_proxy": "sip:b;transport=sctp"}, "SCTP socket"),
    ],
)
def test_a_destination_that_cannot_be_pinged(
    running: ModuleType, server: FakeServer, uri: str, options: dict[str, str], part: str
) -> None:
    """It is refused with one ERROR that names it and the reason, and nothing has changed."""
    assert running.add_destination(uri, "test", **options) == -1
    [line] = server.ksr.lines("err")
    assert repr(uri) in line
    assert part in line
    assert running.is_alive(uri) == -1


def test_a_proxy_carries_what_this_server_can_not(running: ModuleType, server: FakeServer) -> None:
    """What is sent through a proxy has to reach the proxy only, be it the destination's or everybody's."""
    assert running.add_destination("sip:a;transport=sctp", "test", outbound_proxy="sip:b") == 0
    server.ksr.settings["outbound_proxy"] = "sip:b"
    server.tick(1.1)
    assert running.add_destination("sip:c;transport=sctp", "test") == 0


@pytest.mark.parametrize("bad", [f"sip:b ping_socket={GONE}", "sip:b;transport=sctp"])
def test_a_line_of_the_list_file(keepalive: ModuleType, server: FakeServer, tmp_path: Path, bad: str) -> None:
    """At a reload a line that can't be pinged is a bad line, with which nothing changes."""
    file = tmp_path / "list"
    server.define("list_file", str(file))
    file.write_text("sip:a\n")
    server.tick(2)
    file.write_text(f"sip:a\n{bad}\nsip:c ping_socket={HERE}\n")
    assert keepalive.reload() == -1
    line, *_ = server.ksr.lines("err")
    assert re.search(f"line 2: .*({GONE}|SCTP)", line)
    assert keepalive.is_alive("sip:c") == -1
    file.write_text(f"sip:a\nsip:c ping_socket={HERE}\n")
    assert keepalive.reload() == 0
    assert keepalive.is_alive("sip:c") == 1


def test_the_list_in_kamailio_cfg(running: ModuleType, server: FakeServer) -> None:
    """Set at run time, with a destination that can't be pinged, it changes nothing."""
    server.ksr.settings["destination"] = "sip:a sip:b;transport=ws"
    server.tick(2)
    [line] = server.ksr.lines("err")
    assert "transport=ws" in line
    assert running.is_alive("sip:a") == -1


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("ping_socket", HERE, GONE), ("outbound_proxy", "sip:b", "sip:b;transport=sctp")],
)
def test_a_setting_with_which_nothing_could_be_sent(
    running: ModuleType, server: FakeServer, name: str, good: str, bad: str
) -> None:
    """At run time one ERROR names value and reason, and the old value stays in force."""
    running.add_destination("sip:a", "test")
    for value in (good, bad):
        server.ksr.settings[name] = value
        server.tick(3)
    [line] = server.ksr.lines("err")
    assert bad in line
    assert "it is ignored" in line
    server.answer(seconds=31)
    last = server.ksr.sent[-1]
    assert good in (last.socket, last.hop)
    assert running.modparam(name, bad) == -1
    assert running.modparam(name, good) == 0


def test_nothing_is_refused_where_the_listeners_are_not_known(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """In mod_init nobody may ask Kamailio, and a Kamailio that does not tell hinders nothing."""
    server.ksr.phase = "mod_init"
    assert keepalive.modparam("ping_socket", GONE) == 0
    assert keepalive.add_destination("sip:a;transport=sctp", "test") == 0
    server.ksr.phase = "route"
    server.ksr.listening = []
    server.tick(2)
    assert keepalive.add_destination("sip:b;transport=sctp", "test") == 0
    assert server.ksr.lines("err") == []


def test_the_listeners_are_asked_for_once(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One prober asks Kamailio, and what it is told all processes know."""
    asked: list[str] = []
    answer = server.ksr._jsonrpcs_exec
    monkeypatch.setattr(server.ksr, "_jsonrpcs_exec", lambda text: (asked.append(text), answer(text))[1])
    for _ in range(2):
        keepalive = server.process()
        server.tick(5)
        assert keepalive.add_destination("sip:a", "test", ping_socket=GONE) == -1
    assert len(asked) == 1
