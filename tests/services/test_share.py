"""Each destination is one prober's, and each prober has a number of its own."""

import pytest

from conftest import FakeServer

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
    """Whatever it is, one share has it, and names are the last one's."""
    server.define("probers", "3")
    server.process()
    from keepalive_core.services.share import Share

    shares = [Share() for _ in range(3)]
    for share in shares:
        share.claim()
    for key in [f"sip:10.0.0.{n}:5060" for n in range(50)]:
        assert [share.has(key) for share in shares].count(True) == 1
    assert [share.has("sip:gateway.example:5060") for share in shares] == [False, False, True]


def test_connections_that_are_waited_for_are_the_last_probers(server: FakeServer) -> None:
    """With tcp_async=no what is announced to another prober is passed on: the last one alone pings it."""
    server.define("probers", "3")
    server.ksr.settings["async"] = 0
    keepalive = server.process()
    from keepalive_core.services.prober import Prober

    uris = [f"sip:10.0.0.{n + 1}:5060;transport={'tcp' if n % 2 else 'udp'}" for n in range(8)]
    running = [Prober(lambda: server.now) for _ in range(3)]
    pinged_by: dict[str, list[int]] = {uri: [] for uri in uris}

    def run(seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            server.now += 50_000
            for number, prober in enumerate(running):
                before = len(server.ksr.sent)
                prober.tick()
                for ping in server.ksr.sent[before:]:
                    pinged_by[ping.uri].append(number)
                    server.ksr.reply(ping, 200)

    for uri in uris[:4]:
        keepalive.add_destination(uri, "me", ping_interval=1)
    run(2)
    for uri in uris[4:]:
        keepalive.add_destination(uri, "me", ping_interval=1)
    run(4)
    for uri in uris:
        assert 4 <= len(pinged_by[uri]) <= 7
        assert (set(pinged_by[uri]) == {2}) == uri.endswith("tcp")
    keepalive.add_destination(uris[1], "me", ping_interval=3600)
    run(1.5)
    before = len(pinged_by[uris[1]])
    keepalive.ping_now(uris[1])
    run(0.2)
    assert len(pinged_by[uris[1]]) == before + 1, "a wish is passed on"
    keepalive.del_destination(uris[1], "me")
    run(0.2)
    assert uris[1] not in running[2]._fleet
