"""In which order a node of a cluster looks at destinations."""

from __future__ import annotations

import pytest

from keepalive_core.rules.cluster_looks import Looks
from keepalive_core.rules.cluster_talk import Talk
from keepalive_core.rules.times import SECOND

ME, OTHER = "sip:10.0.0.1:5060", "sip:10.0.0.2:5060"
NONE: frozenset[str] = frozenset()
"""what is registered"""


class Hearing(Talk):
    """The talk of a node whose others can't reach some destinations; it knows all that they say, or not."""

    def __init__(self) -> None:
        super().__init__(ME, [OTHER], lambda: 7)
        self.down: set[str] = set()
        self.catches_up = False
        self.new = True

    @property
    def is_catching_up(self) -> bool:
        return self.catches_up

    @property
    def is_new(self) -> bool:
        return self.new

    def is_doubted(self, key: str) -> bool:
        return key in self.down


@pytest.fixture
def talk() -> Hearing:
    """A talk in which nothing is said."""
    return Hearing()


def taken(looks: Looks) -> list[str]:
    """Take all there are."""
    return [looks.take() for _ in range(len(looks))]


def test_each_is_looked_at_once(talk: Hearing) -> None:
    """In the order in which they came, however often that is said."""
    looks = Looks(talk)
    looks.add("b", "a")
    looks.add("b", "c")
    assert len(looks) == 3
    assert taken(looks) == ["b", "a", "c"]
    assert (len(looks), looks.take()) == (0, "")


def test_what_another_node_can_not_reach_comes_first(talk: Hearing) -> None:
    """Also if it waits already; and it keeps its place once the other one reaches it."""
    looks = Looks(talk)
    looks.add("a", "b", "c")
    talk.down |= {"b", "d"}
    looks.add("b", "d")
    talk.down.clear()
    looks.add("b", "d")
    assert (len(looks), looks.doubted) == (4, 2)
    assert looks.take() == "b"
    assert looks.doubted == 1
    assert taken(looks) == ["d", "a", "c"]


def test_a_node_begins_until_it_knows_what_is_down(talk: Hearing) -> None:
    """It does so once."""
    looks = Looks(talk)
    talk.catches_up = True
    assert looks.begins(True, NONE.__contains__)
    talk.down.add("b")
    looks.add("a", "b")
    talk.catches_up = False
    assert looks.begins(True, NONE.__contains__)
    assert looks.take() == "b"
    assert not looks.begins(True, NONE.__contains__)
    talk.catches_up = True
    looks.add("b")
    assert not looks.begins(True, NONE.__contains__)


def test_a_node_begins_no_longer_than_it_is_new(talk: Hearing) -> None:
    """Though it does not know all, or can't follow."""
    looks = Looks(talk)
    talk.catches_up, talk.new = True, False
    assert not looks.begins(True, NONE.__contains__)


def test_what_is_not_registered_yet_is_looked_at_again(talk: Hearing) -> None:
    """As soon as it is, while the node begins; then when the server has started, whatever there is."""
    looks = Looks(talk)
    talk.down |= {"a", "b"}
    for key in ("a", "b"):
        looks.add_unregistered(key)
    assert looks.begins(False, NONE.__contains__)
    assert len(looks) == 0
    assert looks.begins(False, {"b"}.__contains__)
    assert taken(looks) == ["b"]
    talk.new = False
    assert not looks.begins(False, NONE.__contains__)
    assert not looks.begins(False, {"a"}.__contains__)
    assert len(looks) == 0
    assert not looks.begins(True, NONE.__contains__)
    assert taken(looks) == ["a"]
    assert not looks.begins(True, NONE.__contains__)
    assert len(looks) == 0


def test_who_begins_joins_once_it_follows(talk: Hearing) -> None:
    """As long as another node can own its share, and so that its callbacks still know that."""
    looks = Looks(talk)
    alone, ready = talk.view._replace(ready=frozenset()), talk.view._replace(ready=frozenset({ME, OTHER}))
    talk.view, talk.catches_up = alone, True
    assert looks.begins(True, NONE.__contains__)
    looks.end_tick(SECOND, True)
    assert not talk.is_behind
    talk.view = ready
    looks.end_tick(SECOND, True)
    assert talk.is_behind
    assert talk.is_joining
    talk.catches_up = False
    assert not looks.begins(True, NONE.__contains__)
    looks.add("a")
    for at, had_time in ((2, True), (3, True), (4, False)):
        looks.end_tick(at * SECOND, had_time)
        assert talk.is_behind
        if at == 3:
            looks.take()
    looks.end_tick(5 * SECOND - 1, True)
    assert talk.is_behind
    looks.end_tick(5 * SECOND, True)
    assert not talk.is_behind
    looks.add("b")
    looks.end_tick(6 * SECOND, False)
    assert not talk.is_behind


def test_who_begins_joins_though_it_can_not_follow(talk: Hearing) -> None:
    """Others ping its share for a time, not for ever."""
    looks = Looks(talk)
    talk.view, talk.catches_up = talk.view._replace(ready=frozenset({OTHER})), True
    for at in range(1, 11):
        looks.begins(True, NONE.__contains__)
        looks.end_tick(at * SECOND, True)
        assert talk.is_behind
    looks.end_tick(11 * SECOND, True)
    assert not talk.is_behind
