"""A ping that can't leave by our own fault is no failure of its destination, and everybody is told."""

from __future__ import annotations

import importlib
import socket
from types import ModuleType

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from conftest import FakeServer, ServerMachine
from keepalive_core.kamailio import host

ADDRESS, NAME = "sip:192.168.10.20", "sip:gateway.example"
DEAD = "sip:192.168.10.21"
OURS, OTHER = "udp:192.168.10.1:5060", "udp:10.0.0.1:5060"
NOWHERE = "udp:192.168.10.9:5060"


def not_sent(server: FakeServer) -> list[str]:
    """The lines that tell to whom no ping is sent."""
    return [line for line in server.ksr.lines("err") if "no ping is sent to" in line]


def time_out_the_next(server: FakeServer) -> None:
    """Wait for one more ping, and let tm give it up."""
    before = len(server.ksr.sent)
    while len(server.ksr.sent) == before:
        server.tick()
    server.tick(1)
    server.ksr.time_out(server.ksr.sent[-1])


@pytest.mark.parametrize(
    ("define", "uri", "options", "word"),
    [
        ({"ping_socket": NOWHERE}, ADDRESS, {}, "no such socket"),
        ({"ping_socket": NOWHERE}, NAME, {}, "no such socket"),
        ({"outbound_proxy": "sip:b;transport=sctp"}, ADDRESS, {}, "no such transport"),
        ({}, ADDRESS, {"ping_socket": NOWHERE}, "no such socket"),
        ({}, f"{ADDRESS};transport=ws", {}, "no such transport"),
        ({}, f"{NAME};transport=sctp", {}, "no such transport"),
    ],
)
def test_what_is_so_from_the_start_is_void_and_told(
    server: FakeServer, define: dict[str, str], uri: str, options: dict[str, str], word: str
) -> None:
    """In mod_init nothing can be refused: no ping is sent, nobody is down, and it is told each minute."""
    for name, value in define.items():
        server.define(name, value)
    keepalive = server.process()
    server.ksr.phase = "mod_init"
    assert keepalive.add_destination(uri, "me", ping_interval=1, **options) == 0
    server.ksr.phase = "route"
    server.tick(50)
    assert server.ksr.sent == []
    known = keepalive.info(uri)
    assert (known["state"], known["failed"], known["not_pinged_because"]) == ("unknown", 0, word)
    assert known["void"] >= 40
    assert known["last_reason"].startswith(f"no verdict: not sent: {word}: ")
    [line] = not_sent(server)
    assert f"no ping is sent to {known['destination']}: {word}: " in line
    server.tick(20)
    assert len(not_sent(server)) == 2


@pytest.mark.parametrize("how", ["before tm's event", "behind tm's event"])
def test_a_refusal_that_is_left_over(keepalive: ModuleType, server: FakeServer, how: str) -> None:
    """It is void for an address. A name may be gone, which is a failure, unless tm knew it already."""
    for uri in (ADDRESS, NAME):
        keepalive.add_destination(uri, "me", ping_interval=1)
    server.answer(seconds=3)
    if how == "before tm's event":
        server.ksr.unresolvable |= {ADDRESS, NAME}
    else:
        server.ksr.fails_behind_event = True
    server.tick(5)
    assert keepalive.state(ADDRESS) == keepalive.UP
    assert keepalive.info(ADDRESS)["void"] >= 4
    [line] = not_sent(server)
    assert "Kamailio refused it" in line
    assert keepalive.info(ADDRESS)["not_pinged_because"] == ""
    assert keepalive.state(NAME) == (keepalive.DOWN if how == "before tm's event" else keepalive.UP)


def test_a_proxy_without_an_address(keepalive: ModuleType, server: FakeServer) -> None:
    """That the name of an outbound_proxy is none is our own mistake: who is behind it is not down."""
    for uri in (ADDRESS, NAME):
        keepalive.add_destination(uri, "me", ping_interval=1)
    server.answer(seconds=3)
    server.ksr.unresolvable |= {ADDRESS, NAME}
    server.ksr.settings["outbound_proxy"] = "sip:nan"
    server.tick(6)
    assert [keepalive.state(uri) for uri in (ADDRESS, NAME)] == [keepalive.UP] * 2
    assert keepalive.info(NAME)["last_reason"].endswith(
        "outbound_proxy sip:nan can't be reached: is its name one that DNS knows?"
    )
    [line] = not_sent(server)
    assert "outbound_proxy sip:nan" in line


def test_an_address_without_a_route(keepalive: ModuleType, server: FakeServer) -> None:
    """With mhomed=1 tm refuses at once what it takes otherwise, to find that there is no route: a failure."""
    keepalive.add_destination(ADDRESS, "me", ping_interval=1)
    server.answer(seconds=3)
    server.ksr.unresolvable.add(ADDRESS)
    server.unreachable.add("192.168.10.20")
    server.tick(2)
    assert keepalive.state(ADDRESS) == keepalive.DOWN


@pytest.mark.parametrize("lacking", ["shared memory", "private memory", "file descriptor"])
def test_what_this_server_lacks_is_no_failure_of_a_name(
    keepalive: ModuleType, server: FakeServer, lacking: str
) -> None:
    """Without memory or file descriptors nothing can be asked of DNS either."""
    keepalive.add_destination(NAME, "me", ping_interval=1)
    server.answer(seconds=3)
    server.ksr.unresolvable.add(NAME)
    if lacking == "shared memory":
        server.ksr.room_left = 0
    elif lacking == "private memory":
        server.ksr.has_private_memory = False
    else:
        server.has_descriptors = False
    server.tick(5)
    assert keepalive.state(NAME) == keepalive.UP
    [line] = not_sent(server)
    assert lacking in line


def test_without_a_file_descriptor_no_connection_is_made(keepalive: ModuleType, server: FakeServer) -> None:
    """tm would take such a ping, and let it time out; one over UDP needs none."""
    keepalive.add_destination(f"{ADDRESS};transport=tcp", "me", ping_interval=1)
    keepalive.add_destination(NAME, "me", ping_interval=1)
    server.answer(seconds=3)
    server.has_descriptors = False
    server.ksr.sent.clear()
    server.answer(seconds=3)
    assert {ping.uri for ping in server.ksr.sent} == {NAME}
    assert keepalive.info(f"{ADDRESS};transport=tcp")["void"] >= 2


@pytest.mark.parametrize("drops", [True, False])
def test_a_route_that_drops_pings(keepalive: ModuleType, server: FakeServer, drops: bool) -> None:
    """tm takes a dropped ping for sent: its silence is void. That of a ping which leaves is a failure."""
    server.ksr.listening = [("udp", "127.0.0.1", 5060)]
    keepalive.add_destination(ADDRESS, "me", ping_interval=1, ping_timeout=500)
    server.answer(seconds=3)
    server.ksr.drops = drops
    server.tick(5)
    assert keepalive.state(ADDRESS) == (keepalive.UP if drops else keepalive.DOWN)
    assert [line.partition(":5060: ")[2][:8] for line in not_sent(server)] == (["dropped:"] if drops else [])
    assert {ping.uri for ping in server.ksr.sent} == {ADDRESS}
    if drops:
        server.ksr.drops = False
        server.answer(seconds=3)
        assert keepalive.state(ADDRESS) == keepalive.UP


@pytest.mark.parametrize("first", [ADDRESS, DEAD])
def test_a_route_that_drops_what_goes_to_one(keepalive: ModuleType, server: FakeServer, first: str) -> None:
    """It excuses that one alone: whoever is silent at the same moment, and is sent its pings, is down."""
    server.ksr.listening = [("udp", "127.0.0.1", 5060)]
    for uri in (ADDRESS, DEAD) if first == ADDRESS else (DEAD, ADDRESS):
        keepalive.add_destination(uri, "me", ping_interval=1, ping_timeout=500, ping_jitter=0)
    server.answer(seconds=3)
    server.ksr.drops = ADDRESS
    server.tick(5)
    assert (keepalive.state(ADDRESS), keepalive.state(DEAD)) == (keepalive.UP, keepalive.DOWN)
    [line] = not_sent(server)
    assert f"no ping is sent to {ADDRESS}:5060: dropped:" in line


@pytest.mark.parametrize("takes", [True, False])
def test_a_route_that_takes_the_replies(keepalive: ModuleType, server: FakeServer, takes: bool) -> None:
    """The reply to a rehearsal does not come to keepalive then, and the silence is void, which is told."""
    server.ksr.listening = [("udp", "127.0.0.1", 5060)]
    keepalive.add_destination(ADDRESS, "me", ping_interval=1, ping_timeout=500)
    server.answer(seconds=3)
    server.ksr.takes_replies = takes
    server.tick(8)
    known = keepalive.info(ADDRESS)
    assert known["state"] == ("up" if takes else "down")
    assert (known["void"] > 0) is takes
    told = [
        line for line in server.ksr.lines("warn") if "replies do not come to keepalive: does a route" in line
    ]
    assert len(told) == int(takes)
    assert keepalive.list() == [known]
    server.ksr.takes_replies = False
    server.answer(seconds=3)
    assert keepalive.state(ADDRESS) == keepalive.UP


# --- the address of a server that stands by ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "options"),
    [
        (ADDRESS, {"ping_socket": OURS}),
        (NAME, {"ping_socket": OURS}),
        (f"{ADDRESS};transport=tcp", {"ping_socket": "tcp:192.168.10.1:5060"}),
        (f"{ADDRESS};transport=sctp", {"ping_socket": OURS, "outbound_proxy": "sip:192.168.10.30"}),
    ],
)
def test_an_address_that_is_not_here_now(
    keepalive: ModuleType, server: FakeServer, uri: str, options: dict[str, str]
) -> None:
    """Pings from there are void, which is said once, and all are asked within a second of its return."""
    server.tick(1)
    keepalive.add_destination(uri, "me", ping_interval=30, **options)
    server.answer(seconds=31)
    assert keepalive.state(uri) == keepalive.UP
    server.missing_addresses.add("192.168.10.1")
    server.ksr.sent.clear()
    server.tick(130)
    assert server.ksr.sent == []
    assert keepalive.state(uri) == keepalive.UP
    known = keepalive.info(uri)
    assert known["void"] in (4, 5)
    assert known["not_pinged_because"] == "no such address"
    assert known["last_reason"] == (
        "no verdict: not sent: no such address: this server does not have 192.168.10.1 now"
    )
    [line] = [line for line in server.ksr.lines("warn") if "no such address" in line]
    assert "192.168.10.1" in line
    assert not_sent(server) == []
    server.missing_addresses.clear()
    server.tick(1)
    assert len(server.ksr.sent) == 1
    assert keepalive.info(uri)["not_pinged_because"] == ""
    [line] = [line for line in server.ksr.lines("info") if "has the address 192.168.10.1 again" in line]


def test_a_server_that_begins_as_the_one_that_stands_by(server: FakeServer) -> None:
    """It never had the address: nobody is down, and it asks when it takes over."""
    server.missing_addresses.add("192.168.10.1")
    keepalive = server.process()
    server.define("ping_socket", OURS)
    keepalive.add_destination(ADDRESS, "me")
    server.tick(40)
    assert keepalive.info(ADDRESS)["state"] == "unknown"
    server.missing_addresses.clear()
    server.tick(1)
    assert len(server.ksr.sent) == 1


def test_the_default_socket_s_address(keepalive: ModuleType, server: FakeServer) -> None:
    """Without ping_socket it is the first one that listens, unless the kernel may choose from others."""
    server.ksr.listening = [("udp", "192.168.10.1", 5060)]
    keepalive.add_destination(ADDRESS, "me", ping_interval=1)
    server.answer(seconds=3)
    server.missing_addresses.add("192.168.10.1")
    server.tick(3)
    assert keepalive.state(ADDRESS) == keepalive.UP
    assert keepalive.info(ADDRESS)["not_pinged_because"] == "no such address"


def test_the_address_of_a_ping_that_tm_gives_up(keepalive: ModuleType, server: FakeServer) -> None:
    """If it was not known which socket tm would take, that one tells in the end: a timeout is void."""
    keepalive.add_destination(ADDRESS, "me", ping_interval=5, ping_timeout=1000)
    server.answer(seconds=6)
    server.missing_addresses.add("192.168.10.1")
    server.ksr.first_socket = "sip:192.168.10.1:5060"
    server.ksr.sent.clear()
    time_out_the_next(server)
    known = keepalive.info(ADDRESS)
    assert (known["state"], known["void"], known["failed"]) == ("up", 1, 0)
    server.missing_addresses.clear()
    time_out_the_next(server)
    assert keepalive.state(ADDRESS) == keepalive.DOWN


class OurOwnFaults(ServerMachine):
    """Whatever this server lacks, nobody is down for it, and all is well when it is back."""

    FLEET = (
        (ADDRESS, {}),
        (f"{ADDRESS};transport=tcp", {"ping_socket": "tcp:10.0.0.1:5060"}),
        ("sip:[2001:db8::20]", {}),
        (NAME, {"ping_socket": OTHER}),
    )

    @initialize()
    def begin(self) -> None:
        """All are up."""
        self.keepalive = self.server.process()
        self.server.tick(1)
        for uri, options in self.FLEET:
            assert self.keepalive.add_destination(uri, "me", ping_interval=1, **options) == 0
        self.server.answer(seconds=3)

    @rule(address=st.sampled_from(["192.168.10.1", "10.0.0.1", "2001:db8::1"]))
    def an_address_comes_or_goes(self, address: str) -> None:
        """As when two servers of a pair change places."""
        self.server.missing_addresses ^= {address}

    @rule(value=st.sampled_from([OURS, OTHER, NOWHERE, "udp:nobody:1", "tls:10.0.0.1:5060", ""]))
    def an_operator_sets_a_socket(self, value: str) -> None:
        """A good one or none, or one at which nobody listens."""
        self.ksr.settings["ping_socket"] = value

    @rule(value=st.sampled_from(["", "sip:10.0.0.9", "sip:10.0.0.9;transport=sctp", "sip:a;transport=wss"]))
    def an_operator_sets_a_proxy(self, value: str) -> None:
        """One that can be reached, or not."""
        self.ksr.settings["outbound_proxy"] = value

    @rule()
    def descriptors_run_out_or_are_back(self) -> None:
        """Of this process."""
        self.server.has_descriptors = not self.server.has_descriptors

    @rule()
    def private_memory_runs_out_or_is_back(self) -> None:
        """tm refuses all, names too."""
        self.ksr.has_private_memory = not self.ksr.has_private_memory
        refused = {uri for uri, _ in self.FLEET}
        self.ksr.unresolvable = set() if self.ksr.has_private_memory else refused

    @rule(seconds=st.integers(1, 5))
    def time_passes(self, seconds: int) -> None:
        """What is sent is answered, unless it leaves from an address that is not there."""
        self.server.answer(seconds=seconds)

    @precondition(lambda self: hasattr(self, "keepalive"))
    @invariant()
    def nobody_is_down(self) -> None:
        """All that can be heard is 200."""
        for uri, _ in self.FLEET:
            assert self.keepalive.state(uri) == self.keepalive.UP

    def teardown(self) -> None:
        """With all that it needs it pings all, within seconds."""
        self.server.missing_addresses.clear()
        self.server.has_descriptors = self.ksr.has_private_memory = True
        self.ksr.unresolvable = set()
        self.ksr.settings |= {"ping_socket": "", "outbound_proxy": ""}
        self.server.answer(seconds=2)
        self.ksr.sent.clear()
        self.server.answer(seconds=2)
        try:
            assert {ping.uri for ping in self.ksr.sent} == {uri for uri, _ in self.FLEET}
            assert self.ksr.violations == []
        finally:
            self.patch.undo()


TestOurOwnFaults = OurOwnFaults.TestCase


# --- what is refused where it is sent ---------------------------------------------------------------------

FIREWALL = "no permission: the firewall of this host lets nothing out to it"
NO_WAY = "no way: from it nothing gets there"


@pytest.mark.parametrize(
    ("who", "why", "uri"),
    [
        ("192.168.10.20", FIREWALL, ADDRESS),
        ("192.168.10.1", NO_WAY, ADDRESS),
        ("10.0.0.1", NO_WAY, f"{ADDRESS};transport=tcp"),
    ],
)
def test_what_the_host_refuses_to_send(
    keepalive: ModuleType, server: FakeServer, who: str, why: str, uri: str
) -> None:
    """tm tells of it as of a silence: it is void, told once a minute, and nothing leaves until it is over."""
    socket_of = {"ping_socket": "tcp:10.0.0.1:5060" if "tcp" in uri else OURS}
    server.ksr.listening += [("tcp", "10.0.0.1", 5060)]
    keepalive.add_destination(uri, "me", ping_interval=5, ping_timeout=1000, **socket_of)
    server.answer(seconds=6)
    server.refusals[who] = why
    time_out_the_next(server)
    known = keepalive.info(uri)
    assert (known["state"], known["void"], known["failed"]) == ("up", 1, 0)
    assert known["last_reason"] == f"no verdict: not sent: {why}"
    server.tick(1)
    server.ksr.sent.clear()
    server.tick(60)
    assert server.ksr.sent == []
    [line] = not_sent(server)
    assert f"{uri.removesuffix(';transport=tcp')}" in line
    assert why in line
    del server.refusals[who]
    server.answer(seconds=6)
    assert keepalive.info(uri)["ok"] == 3
    time_out_the_next(server)
    assert keepalive.state(uri) == keepalive.DOWN


def test_who_is_down_gets_no_datagrams_beside(keepalive: ModuleType, server: FakeServer) -> None:
    """A firewall can't be asked without one, and a peer that is down for a day would get thousands."""
    keepalive.add_destination(ADDRESS, "me", ping_interval=5, ping_timeout=1000)
    time_out_the_next(server)
    assert keepalive.state(ADDRESS) == keepalive.DOWN
    server.refusals["192.168.10.20"] = FIREWALL
    time_out_the_next(server)
    assert keepalive.info(ADDRESS)["void"] == 0


@pytest.mark.parametrize(("opened", "void"), [(9, 0), (10, 1), (11, 1), ("?", 0)])
@pytest.mark.parametrize("uri", [f"{ADDRESS};transport=tcp", f"{NAME};transport=tls", ADDRESS])
@pytest.mark.parametrize("kind", ["", "tls_"])
def test_as_many_connections_as_kamailio_may_have(
    keepalive: ModuleType, server: FakeServer, opened: object, void: int, uri: str, kind: str
) -> None:
    """What needs one more has no verdict: strangers may have taken them all."""
    info = {"max_connections": 10, "opened_connections": 0, "max_tls_connections": 10}
    info |= {"opened_tls_connections": 0, f"opened_{kind}connections": opened}
    server.has_connections = False
    server.ksr.rpc = lambda method, parameters: info if method == "core.tcp_info" else []
    keepalive.add_destination(uri, "me", ping_interval=5, ping_timeout=1000, fall=2)
    server.answer(seconds=6)
    time_out_the_next(server)
    void *= uri != ADDRESS and (not kind or "tls" in uri)
    assert (keepalive.info(uri)["void"], keepalive.info(uri)["failed"]) == (void, 1 - void)


def test_a_connection_that_is_there_is_used(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: who is silent on a connection of Kamailio's has failed."""
    watch = importlib.import_module("keepalive_core.services.watch")
    asked = []
    monkeypatch.setattr(watch.connections, "is_established", lambda *peer: asked.append(peer) or True)
    info = {f"{which}_connections": 10 for which in ("max", "opened", "max_tls", "opened_tls")}
    server.ksr.rpc = lambda method, parameters: info if method == "core.tcp_info" else []
    keepalive.add_destination(f"{ADDRESS};transport=tls", "me", ping_interval=5, ping_timeout=1000)
    time_out_the_next(server)
    assert keepalive.state(f"{ADDRESS};transport=tls") == keepalive.DOWN
    assert asked == [("192.168.10.20", 5061)]


# --- the host ---------------------------------------------------------------------------------------------


def test_addresses_of_this_host() -> None:
    """Its own, any of the loopback network, and any at all; not one of a documentation network (RFC 5737)."""
    for address in ("127.0.0.1", "127.0.0.99", "0.0.0.0", "::", "fe80::1"):
        assert host.has_address(address)
    assert not host.has_address("192.0.2.77")


@pytest.mark.parametrize(("number", "has"), [(101, False), (113, False), (1, True), (24, True)])
def test_a_route_is_missing_if_the_kernel_says_so(
    monkeypatch: pytest.MonkeyPatch, number: int, has: bool
) -> None:
    """ENETUNREACH and EHOSTUNREACH say so; that nothing may be asked (EPERM, EMFILE) does not."""

    def connect(*_: object) -> None:
        raise OSError(number, "no")

    assert host.has_route("127.0.0.1")
    monkeypatch.setattr(socket.socket, "connect", connect)
    assert host.has_route("127.0.0.1") is has


def test_what_the_kernel_does_not_tell_is_no_missing_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without file descriptors, or if it is forbidden to ask, all addresses count as there."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", refuse)
    assert host.has_route("192.0.2.77")
    assert host.has_address("192.0.2.77")
    assert not host.has_descriptors()


@pytest.mark.parametrize(
    ("call", "number", "why"),
    [
        ("connect", 22, ""),  # a route that swallows all
        ("connect", 101, ""),
        ("bind", 22, "no way: from 127.0.0.1 nothing gets to 127.0.0.2"),
        ("bind", 99, ""),
        ("send", 1, "no permission: the firewall of this host lets nothing out to 127.0.0.2"),
        ("send", 11, ""),
        ("setblocking", 24, ""),
    ],
)
def test_what_the_kernel_says_where_nothing_leaves(
    monkeypatch: pytest.MonkeyPatch, call: str, number: int, why: str
) -> None:
    """A route that is missing, or that swallows what goes there, is the peer's failure, as for calls."""

    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    assert host.refusal("127.0.0.1", "127.0.0.2", 9, sends=True) == ""
    monkeypatch.setattr(socket.socket, call, refuse)
    assert host.refusal("127.0.0.1", "127.0.0.2", 9, sends=True) == why
    assert host.refusal("127.0.0.1", "127.0.0.2", 9, sends=False) == ("" if call == "send" else why)


def test_loopback_is_no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With IPv4 the kernel says so; with IPv6 it would send, and nobody could answer."""
    monkeypatch.setattr(host, "_usual_source", lambda peer, port: "2001:db8::1")
    assert host.refusal("::1", "2001:db8::2", 5060, sends=True).startswith("no way: from ::1 ")
    assert host.refusal("::1", "2001:db8::1", 5060, sends=False) == ""
