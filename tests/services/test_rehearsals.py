"""Lost pings wait for a rehearsal, in turns; real ones are in tests/kamailio/test_rehearsal.py."""

from __future__ import annotations

import importlib
from types import ModuleType, SimpleNamespace

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
SECOND = 1_000_000


class Begun:
    """A rehearsal, and how it ends."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.word: str | None = None
        self.is_open = True
        self.began = 0

    def fault(self) -> str | None:
        """Return how it ends, None before."""
        return self.word

    def end(self) -> None:
        """Be over."""
        assert self.is_open
        self.is_open = False


@pytest.fixture
def begun(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> list[Begun]:
    """All rehearsals that were begun."""
    server.process()
    found: list[Begun] = []

    def begin(uri: str, policy: object) -> Begun | None:
        if uri == "it raises":
            raise RuntimeError(uri)
        if uri == "it can't be":
            return None
        found.append(Begun(uri))
        return found[-1]

    monkeypatch.setattr(importlib.import_module("keepalive_core.kamailio.rehearsal"), "begin", begin)
    return found


@pytest.fixture
def rehearsals(server: FakeServer, begun: list[Begun]) -> SimpleNamespace:
    """Those of a prober."""
    module, bulkhead = (
        importlib.import_module(f"keepalive_core.services.{name}") for name in ("rehearsals", "bulkhead")
    )
    of_a_prober: SimpleNamespace = module.Rehearsals(bulkhead.Bulkhead(lambda: server.now))
    return of_a_prober


def lost(uri: str, sent: int = 1) -> SimpleNamespace:
    """A destination of which a ping is lost."""
    return SimpleNamespace(uri=uri, policy=None, sent=sent)


def test_some_at_a_time_and_all_in_their_turn(rehearsals: SimpleNamespace, begun: list[Begun]) -> None:
    """Each ends by its own word, whenever that comes."""
    uris = [f"sip:{number}" for number in range(100)]
    for uri in uris:
        rehearsals.put(uri, lost(uri), 0)
    assert rehearsals.go_on(0) == {}
    assert [each.uri for each in begun] == uris[:32]
    begun[7].word, begun[9].word = "", "dropped"
    over = rehearsals.go_on(1)
    assert {key: (ping.sent, fault) for key, (ping, fault) in over.items()} == {
        uris[7]: (1, ""),
        uris[9]: (1, "dropped"),
    }
    assert rehearsals.go_on(2) == {}
    assert [each.uri for each in begun] == uris[:34]
    seen = set(over)
    while len(seen) < 100:
        for each in begun:
            each.word = "taken"
        seen |= set(rehearsals.go_on(3))
    assert [each.uri for each in begun] == uris
    assert not any(each.is_open for each in begun)


def test_who_waits_for_too_long_has_no_witness(rehearsals: SimpleNamespace, begun: list[Begun]) -> None:
    """A minute at the most; silence counts then, as it does if there can be no rehearsal."""
    for number in range(40):
        rehearsals.put(f"sip:{number}", lost(f"sip:{number}"), number)
    assert rehearsals.go_on(60 * SECOND + 31) == {}
    over = rehearsals.go_on(60 * SECOND + 33)
    assert {key: fault for key, (_, fault) in over.items()} == {"sip:32": "", "sip:33": ""}
    assert len(begun) == 32


@pytest.mark.parametrize("uri", ["it can't be", "it raises"])
def test_one_that_can_not_begin(rehearsals: SimpleNamespace, begun: list[Begun], uri: str) -> None:
    """It is over at once, and those behind it begin."""
    rehearsals.put(uri, lost(uri), 0)
    rehearsals.put(A, lost(A), 0)
    assert {key: fault for key, (_, fault) in rehearsals.go_on(0).items()} == {uri: ""}
    assert [each.uri for each in begun] == [A]


def test_one_that_is_registered_anew_waits_for_its_own(
    rehearsals: SimpleNamespace, begun: list[Begun]
) -> None:
    """What comes of the rehearsal that was under way is told with the ping that it was for."""
    rehearsals.put(A, lost(A, sent=1), 0)
    rehearsals.go_on(0)
    rehearsals.put(A, lost(A, sent=2), 1)
    assert rehearsals.go_on(1) == {}
    assert len(begun) == 1
    begun[0].word = "dropped"
    assert rehearsals.go_on(2)[A][0].sent == 1
    rehearsals.go_on(3)
    begun[1].word = ""
    assert rehearsals.go_on(4)[A][0].sent == 2


@pytest.mark.parametrize("meanwhile", ["nothing", "its reply", "it is deleted", "it is registered anew"])
def test_what_comes_while_a_lost_ping_waits(
    keepalive: ModuleType, server: FakeServer, begun: list[Begun], meanwhile: str
) -> None:
    """No other ping leaves before it is over, and it counts only if nothing else was heard of it."""
    keepalive.add_destination(A, "me", ping_interval=1, ping_timeout=500)
    server.answer(seconds=3)
    server.tick(3)
    assert len(begun) == 1
    sent = len(server.ksr.sent)
    server.tick(2)
    assert len(server.ksr.sent) == sent
    assert keepalive.info(A)["failed"] == 0
    if meanwhile == "its reply":
        server.ksr.reply(server.ksr.sent[-1], 200)
    elif meanwhile != "nothing":
        keepalive.del_destination(A, "me")
        if meanwhile == "it is registered anew":
            keepalive.add_destination(A, "me", ping_interval=1, ping_timeout=500)
        server.answer(seconds=0.2)
    begun[0].word = ""
    server.answer(seconds=0.3)
    if meanwhile == "it is deleted":
        assert keepalive.state(A) == -1
        return
    assert keepalive.info(A)["failed"] == int(meanwhile == "nothing")
    server.answer(seconds=3)
    assert keepalive.state(A) == keepalive.UP


@pytest.mark.parametrize(("is_read", "found"), [(True, "TAKEN"), (False, "")])
def test_busy_workers_have_taken_nothing(
    rehearsals: SimpleNamespace, begun: list[Begun], server: FakeServer, is_read: bool, found: str
) -> None:
    """While nobody reads what arrives, an answer that has not come is no witness for a dead destination."""
    rows, rules, rehearsal = (
        importlib.import_module(f"keepalive_core.{name}")
        for name in ("kamailio.listening_rows", "rules.listening", "kamailio.rehearsal")
    )
    rows.store_pulse(rules.Pulse(beat=server.now))
    rows.store_queue("any", rules.Queue(unread_since=0 if is_read else server.now))
    rehearsals.put(A, lost(A), server.now)
    assert rehearsals.go_on(server.now) == {}
    begun[0].began, begun[0].word = server.now, rehearsal.TAKEN
    server.now += SECOND // 2
    [(_, fault)] = rehearsals.go_on(server.now).values()
    assert fault == (getattr(rehearsal, found) if found else "")
