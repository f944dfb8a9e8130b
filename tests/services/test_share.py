"""Each destination is one prober's, and each prober has a number of its own."""

import pytest

from conftest import FakeServer
from keepalive_core.rules.schedule import dealt_to
from keepalive_testing.names import resolve

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
SECOND = 1_000_000


@pytest.mark.parametrize("probers", [1, 3])
def test_any_number_of_probers_does_the_same(server: FakeServer, probers: int) -> None:
    """Each destination is pinged by one prober, once an interval, and what happens to it is the same."""
    server.define("probers", str(probers))
    keepalive = server.process()
    uris = [f"sip:10.0.0.{n + 1}" for n in range(20)] + [f"sip:gateway{n}.example.com" for n in range(5)]
    for uri in uris:
        keepalive.add_destination(uri, "me", ping_interval=1)
    from keepalive_core.services.prober import Prober

    running = [Prober(lambda: server.now) for _ in range(probers)]

    def run(seconds: float) -> list[str]:
        sent = []
        for _ in range(round(seconds * 20)):
            server.now += 50_000
            for prober in running:
                before = len(server.ksr.sent)
                prober.tick()
                for ping in server.ksr.sent[before:]:
                    sent.append(ping.uri)
                    server.ksr.reply(ping, 503 if "10.0.0.1" in ping.uri else 200)
        return sent

    run(3)
    sent = run(10)
    assert all(sent.count(uri) == 10 for uri in uris)
    assert [keepalive.state(uri) for uri in uris] == [2 if "10.0.0.1" in uri else 1 for uri in uris]
    keepalive.del_destination(uris[0], "me")
    keepalive.set_admin(uris[-1], "maint")
    assert set(run(3)[25:]) == set(uris[1:-1])
    keepalive.pause()
    run(1.1)
    assert run(3) == []


def test_each_prober_claims_one_number(server: FakeServer) -> None:
    """The first one is told apart, as it does what is done once in the server; nobody claims twice."""
    server.define("probers", "2")
    server.process()
    from keepalive_core.services.share import Share

    first, second = Share(), Share()
    assert not first.is_claimed
    assert not first.is_first
    for _ in range(2):
        first.claim()
        second.claim()
    assert (first.number, second.number) == (0, 1)
    assert first.is_first
    assert not second.is_first


def test_each_destination_is_one_probers(server: FakeServer) -> None:
    """Whatever it is, one share has it, and it is not the last one's."""
    server.define("probers", "3")
    server.process()
    from keepalive_core.services.share import Share

    shares = [Share() for _ in range(3)]
    for share in shares:
        share.claim()
    for key in [*(f"sip:10.0.0.{n}:5060" for n in range(50)), "sip:gateway.example:5060"]:
        assert [share.hears_of(key) for share in shares[:2]].count(True) == 1
        assert not shares[2].hears_of(key)


class Probers:
    """Three probers on one server; they take turns."""

    def __init__(self, server: FakeServer) -> None:
        server.define("probers", "3")
        self._server = server
        self.keepalive = server.process()
        from keepalive_core.services.prober import Prober

        self._running = [Prober(lambda: server.now) for _ in range(3)]
        self.pinged_by: dict[str, list[int]] = {}
        """numbers of probers by the URI that they pinged"""

    def run(self, seconds: float) -> None:
        """Let time pass, in which all pings are answered."""
        for _ in range(round(seconds * 20)):
            self._server.now += 50_000
            for number, prober in enumerate(self._running):
                before = len(self._server.ksr.sent)
                prober.tick()
                for ping in self._server.ksr.sent[before:]:
                    self.pinged_by.setdefault(ping.uri, []).append(number)
                    self._server.ksr.reply(ping, 200)

    def see(self, seconds: float) -> dict[str, list[int]]:
        """Return who pinged what in a time."""
        self.pinged_by.clear()
        self.run(seconds)
        return self.pinged_by

    def who_has(self, key: str) -> list[int]:
        """Return the numbers of those that have a destination."""
        return [number for number, prober in enumerate(self._running) if key in prober._fleet]


def test_connections_that_are_waited_for_are_the_last_probers(server: FakeServer) -> None:
    """With tcp_async=no what is announced to another prober is handed on: the last one alone pings it."""
    server.ksr.settings["async"] = 0
    probers = Probers(server)
    uris = [f"sip:10.0.0.{n + 1}:5060;transport={'tcp' if n % 2 else 'udp'}" for n in range(8)]
    for uri in uris[:4]:
        probers.keepalive.add_destination(uri, "me", ping_interval=1)
    probers.run(2)
    for uri in uris[4:]:
        probers.keepalive.add_destination(uri, "me", ping_interval=1)
    assert all(uri in probers.see(1.0) or uri in uris[:4] for uri in uris), "the first ping within a second"
    pinged_by = probers.see(5)
    for uri in uris:
        assert len(pinged_by[uri]) == 5
        assert (set(pinged_by[uri]) == {2}) == uri.endswith("tcp")
    probers.keepalive.add_destination(uris[1], "me", ping_interval=3600)
    probers.run(1.5)
    probers.keepalive.ping_now(uris[1])
    assert probers.see(0.2)[uris[1]] == [2], "a wish is handed on"
    probers.keepalive.del_destination(uris[1], "me")
    probers.run(0.2)
    assert probers.who_has("sip:10.0.0.2:5060;transport=tcp") == []


def test_the_next_hop_says_who_waits(server: FakeServer) -> None:
    """A destination whose proxy is a name is the last prober's, as long as it is so."""
    probers = Probers(server)
    key = "sip:10.0.0.1:5060"
    home = [dealt_to(key, 3)]

    def add(**options: str) -> None:
        assert probers.keepalive.add_destination("sip:10.0.0.1", "me", ping_interval=1, **options) == 0

    add(outbound_proxy="sip:proxy.example.com")
    for _ in range(2):
        probers.run(1.1)
        assert probers.who_has(key) == [2]
        add(outbound_proxy="sip:10.0.0.9")
        probers.run(0.2)
        assert probers.who_has(key) == home
        add(outbound_proxy="sip:proxy.example.com")
        probers.run(0.2)
        assert probers.who_has(key) == [2]
    probers.keepalive.del_destination("sip:10.0.0.1", "me")
    add()
    probers.run(0.2)
    assert probers.who_has(key) == home, "deleted and added again, before anybody looked"
    assert list(probers.see(5).values()) == [home * 5]


@pytest.mark.parametrize("uri", [f"sip:p{number}.example.com" for number in range(4)])
def test_the_resolver_hears_of_who_is_a_name_no_more(server: FakeServer, uri: str) -> None:
    """With dns_expand=0 it is the last prober's, and whoever had it until then says so to the resolver."""
    probers = Probers(server)
    told = server.ksr.queues["keepalive_names"]
    for expand in (1, 0, 1, 0):
        told.clear()
        assert probers.keepalive.add_destination(uri, "me", dns_expand=expand) == 0
        probers.run(0.2)
        assert (uri, "") in told, f"dns_expand={expand}"


def test_the_resolver_hears_of_who_was_a_name_between_two_looks(server: FakeServer) -> None:
    """Somebody told it that this is a name, and whoever pings it now has never seen it as one."""
    probers = Probers(server)
    assert probers.keepalive.add_destination("sip:p.example.com", "me", dns_expand=0) == 0
    resolve("sip:p.example.com", ["sip:192.168.10.20:5060"])
    probers.run(0.2)
    assert ("sip:p.example.com", "") in server.ksr.queues["keepalive_names"]


def test_a_proxy_that_is_set_at_run_time(server: FakeServer, mocker) -> None:
    """Its destinations go to the last prober, and come back, without a gap in their pings."""
    probers = Probers(server)
    # Probers are processes, and each remembers what it has seen of the settings: here they are one.
    mocker.patch("keepalive_core.services.configuration.has_changed", return_value=True)
    uris = [f"sip:10.0.0.{n + 1}" for n in range(10)]
    for uri in uris:
        probers.keepalive.add_destination(uri, "me", ping_interval=1)
    probers.run(2)
    for proxy, keepers in (("sip:proxy.example.com", {2}), ("sip:10.0.0.9", {0, 1}), ("sip:a.example", {2})):
        server.ksr.settings["outbound_proxy"] = proxy
        during = probers.see(2.5)
        assert all(len(during[uri]) >= 2 for uri in uris), "nobody waits for longer than before"
        pinged_by = probers.see(5)
        assert all(len(pinged_by[uri]) == 5 and set(pinged_by[uri]) <= keepers for uri in uris)


def test_what_could_not_be_handed_on_is_pinged_all_the_same(server: FakeServer) -> None:
    """While memory is full the prober that hears of it pings it."""
    probers = Probers(server)
    probers.keepalive.add_destination("sip:10.0.0.1", "me", ping_interval=1)
    probers.run(2)
    probers.keepalive.add_destination("sip:10.0.0.1", "me", ping_interval=1, outbound_proxy="sip:a.example")
    server.ksr.room_left = 0
    assert len(probers.see(5)["sip:10.0.0.1"]) >= 4
    server.ksr.room_left = None
    probers.run(21)
    assert set(probers.see(3)["sip:10.0.0.1"]) == {2}
