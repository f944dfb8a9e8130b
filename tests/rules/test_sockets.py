"""From which of this server's sockets a ping can leave, and to where."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ([UDP], PEER, "udp:192.0.2.1:http", SOCKET),
        ([UDP], PEER, "udp:192.0.2.1:", SOCKET),
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


@pytest.mark.parametrize(
    ("listeners", "socket", "addresses"),
    [
        ([TCP_OTHER, TLS], "tls:192.0.2.1:5061", ("192.0.2.1",)),
        ([TCP_OTHER, TCP], "tcp:192.0.2.1:5060", ("192.0.2.3",)),
        ([TCP_OTHER, UDP], "udp:192.0.2.1:5060", ("192.0.2.3",)),
        ([TLS], "", ()),
    ],
)
def test_from_where_a_websocket_is_reached(
    listeners: list[Listener], socket: str, addresses: tuple[str, ...]
) -> None:
    """A socket of TLS can be asked for; instead of any other one there is the first of TCP, or of TLS."""
    sockets = Sockets(listeners, has_websocket=True)
    assert sockets.departure(hop(f"{PEER};transport=ws"), socket) == Departure("", addresses)


@pytest.mark.parametrize(
    ("uri", "hindrance"),
    [
        (f"{PEER};transport=tcp", "Kamailio listens on no TCP socket with an IPv4 address"),
        (PEER_6, "Kamailio listens on no UDP socket with an IPv6 address"),
        (f"{NAME};transport=sctp", "Kamailio listens on no SCTP socket"),
        (f"{PEER};transport=ws", "Kamailio opens no connections for transport=ws"),
        (f"{PEER};transport=wss", "Kamailio opens no connections for transport=wss"),
        ("sips:198.51.100.1;transport=udp", "sips over UDP (RFC 3261 section 26.2.2)"),
    ],
)
def test_why_nothing_can_be_sent(uri: str, hindrance: str) -> None:
    """What an engineer has to add to kamailio.cfg, or to change in the URI."""
    assert Sockets([UDP]).departure(hop(uri), "") == Departure(f"{TRANSPORT}: {hindrance}")


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
    with pytest.raises(ValueError, match="no list of sockets") as refused:
        read_listeners(answer)
    assert str(refused.value).endswith(f" in {answer!r}")


def test_a_long_answer_is_refused_in_a_short_line() -> None:
    """However long what is wrong with it is."""
    with pytest.raises(ValueError, match="^no list of sockets: ValueError") as refused:
        read_listeners([{"socket": {"proto": "udp", "address": "9" * 9000, "port": "1"}}])
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("departure", "missing", "said"),
    [
        (Departure("no such socket: x"), {"192.168.10.1"}, "no such socket: x"),
        (Departure(), {"192.168.10.1"}, ""),
        (Departure("", ("192.168.10.1",)), set(), ""),
        (Departure("", ("192.168.10.1",)), {"192.168.10.1"}, "this server does not have 192.168.10.1 now"),
        (Departure("", ("192.168.10.1",), ("10.0.0.1",)), {"192.168.10.1"}, ""),
        (Departure("", ("192.168.10.1", "::1")), {"192.168.10.1"}, ""),
        (
            Departure("", ("192.168.10.1", "::1")),
            {"192.168.10.1", "::1"},
            "does not have 192.168.10.1, ::1 now",
        ),
    ],
)
def test_what_hinders_a_ping_now(departure: Departure, missing: set[str], said: str) -> None:
    """What can never leave can't now; else one address that is there is enough."""
    found = departure.hindrance_without(missing.__contains__)
    assert said in found
    assert bool(found) == bool(said)


def test_ways_are_remembered_within_a_bound() -> None:
    """However many destinations there are, and each answer is the one that was worked out."""
    listeners = Sockets([Listener("udp", "192.168.10.1", 5060)])
    peer = hop("sip:10.0.0.1")
    first = []
    for port in range(4061, 6061):
        first.append(listeners.departure(peer, f"udp:192.168.10.1:{port}"))
        assert len(listeners._departures) <= 1000
    assert [bool(each.hindrance) for each in first] == [port != 5060 for port in range(4061, 6061)]
    assert [listeners.departure(peer, f"udp:192.168.10.1:{port}") for port in range(4061, 6061)] == first
    assert listeners.departure(peer, "udp:192.168.10.1:6060") is listeners.departure(
        peer, "udp:192.168.10.1:6060"
    )
