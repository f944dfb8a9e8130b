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
