"""What is not calm is remembered, written down, and told to the prober."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from cluster_nodes import KEY, A, B, C, said, seen_by
from conftest import FakeServer
from keepalive_core.rules.cluster_verdict import Case, find, has_to_ping
from keepalive_core.rules.record import Health
from keepalive_core.rules.states import DOWN

NOW = 5_000_000


class Told:
    """The cases of a node, and what comes of them."""

    def __init__(self, server: FakeServer, me: str) -> None:
        server.define("node", me)
        server.process()
        self.rows = importlib.import_module("keepalive_core.kamailio.cluster_rows")
        self.queues = importlib.import_module("keepalive_core.kamailio.queues")
        self.cases = importlib.import_module("keepalive_core.services.cluster_cases").Cases()
        self.me = me

    def follow(self, now: int = NOW, **kinds: str) -> list[Any]:
        """Take over what the nodes say; return the wishes that the prober hears of."""
        case = self.case(now, **kinds)
        self.cases.follow(case, find(case), has_to_ping(case), self.me == A, now)
        return [wish.value for _, wish in self.queues.announced_changes(0)]

    def case(self, now: int = NOW, **kinds: str) -> Case:
        """Return how the destination is if the nodes say something."""
        words = {
            node: word._replace(reason="why" if word.kind == "down" else "")
            for node, word in said(**kinds).items()
        }
        case = Case(KEY, seen_by(self.me), words)
        return case._replace(late=self.cases.late(case, now))


@pytest.fixture
def told(server: FakeServer) -> Told:
    return Told(server, B)


def test_of_what_is_calm_nothing_is_kept(told: Told) -> None:
    """No row, and no word to the prober."""
    assert told.follow(a="up") == []
    assert told.follow() == []
    assert told.cases.keys() == []
    assert told.rows.case_keys() == []


def test_who_is_asked_pings_at_once(told: Told) -> None:
    """Another word calls for another look; one that has not changed does not."""
    assert told.follow(a="down") == ["now"]
    row = told.rows.case_of(KEY)
    assert (row.ping, row.alone, row.outcome) == (True, False, "STANDS")
    assert row.words[A][:2] == ("down", "why")
    assert told.follow(a="down") == []
    assert told.follow(a="down", b="up") == [""], "its own word is no news"
    assert told.follow(a="down", b="up", c="up") == ["now"]
    assert told.cases.doubted == {KEY}
    assert told.follow(a="up") == [""]
    assert (told.rows.case_of(KEY), told.cases.keys(), told.cases.doubted) == (None, [], set())


def test_who_asks_knows_since_when(told: Told) -> None:
    """Until its word is another one."""
    told.follow(NOW, a="up", b="down")
    told.follow(NOW + 1, a="up", b="down", c="up")
    assert told.cases.asked_since(KEY) == NOW
    assert told.cases.alone == {KEY}
    told.follow(NOW + 2, a="up", b="up")
    assert (told.cases.asked_since(KEY), told.cases.alone) == (0, set())
    assert told.cases.asked_since("sip:never:5060") == 0


def test_since_when_a_node_says_so(told: Told, wall: list[float]) -> None:
    """In epoch seconds, as long as it says the same."""
    told.follow(c="down")
    since = told.rows.case_of(KEY).words[C][2]
    wall[0] += 60
    told.follow(c="down", a="down")
    words = told.rows.case_of(KEY).words
    assert words[C][2] == since
    assert words[A][2] >= since + 60


def test_to_whom_it_is_news(told: Told) -> None:
    """That is written down, though all is calm, for a while if not all nodes come back with it."""
    told.follow(c="down", a="up", b="up")
    assert told.rows.case_of(KEY).acting == tuple(sorted((A, B)))
    now = NOW + 60_000_000
    told.follow(now, a="down", b="down", c="down")
    assert told.rows.case_of(KEY)[-2:] == (tuple(sorted((A, B))), 0)
    told.follow(now, a="up")
    until = now + 5_000_000
    assert told.rows.case_of(KEY)[-2:] == (tuple(sorted((A, B))), until)
    told.follow(until - 1, a="up")
    assert told.cases.keys() == [KEY]
    told.follow(until, a="up")
    assert told.cases.keys() == []


def test_a_word_that_crossed_another_one(told: Told) -> None:
    """It counts no sooner than it could be asked again of what came back: then it is looked at."""
    assert told.case(c="down").late == frozenset(), "of what is calm nothing is remembered"
    told.follow(a="down", c="down")
    assert told.cases.is_down(KEY)
    told.follow(NOW + 1, a="down", c="up")
    assert not told.cases.is_down(KEY)
    crossed = told.case(NOW + 2, a="down", b="down", c="up")
    assert crossed.late == {B}
    again = told.cases.follow(crossed, find(crossed), True, False, NOW + 2)
    assert again == NOW + 1 + crossed.terms.crossing_us
    assert told.case(again, a="down", b="down", c="up").late == frozenset()


def test_what_is_down_here_was_so_before(told: Told) -> None:
    """By its record, which a state file brought."""
    rows = importlib.import_module("keepalive_core.kamailio.destination_rows")
    with rows.locked(KEY):
        rows.store_health(KEY, Health(1, DOWN))
    told.follow(c="down")
    assert told.cases.is_down(KEY)
    assert not told.cases.is_down("sip:never:5060")
