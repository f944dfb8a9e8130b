"""What a node knows of another one: which life of it counts, which messages, and which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import cluster_peer
from keepalive_core.rules.cluster_lines import Beat, Message
from keepalive_core.rules.cluster_peer import (
    BETWEEN_LIVES_US,
    PROOF_US,
    PULL_US,
    SETTLES_US,
    Numbers,
    Peer,
)
from keepalive_core.rules.cluster_sayings import Piece
from keepalive_core.rules.cluster_word import DOWN, UP, Word
from keepalive_core.rules.times import SECOND

NAME = "sip:10.0.0.2:5060"
KEY = "sip:192.0.2.1:5060"
NOW = 1000 * SECOND


def message(life: int = 1, number: int = 1, newest: int = 0, **more: object) -> Message:
    """One of a life."""
    return Message(NAME, "me", life, number, newest)._replace(**more)


def prove(peer: Peer, life: int, now: int = NOW, **more: object) -> None:
    """A life begins to count."""
    assert not peer.counts(message(life), 0, now)
    nonce = peer.asks_for_proof(99, is_live=False, now=now)
    assert nonce
    first = message(life, here=nonce, **more)
    assert peer.counts(first, 0, now)
    peer.take(first, now)


@pytest.fixture
def peer() -> Peer:
    """One whose life 1 counts, and which has said nothing."""
    found = Peer(NAME)
    prove(found, 1)
    return found


@given(st.lists(st.integers(1, 40)), st.integers(0, 5000))
def test_each_number_counts_once(numbers: list[int], ahead: int) -> None:
    """In any order; what is too old to tell does not."""
    known, seen = Numbers(), set[int]()
    for number in numbers:
        assert known.is_new(number) == (number not in seen)
        seen.add(number)
    assert known.is_new(2 * cluster_peer._WINDOW + ahead)
    assert not known.is_new(1)
    assert known.is_new(2 * cluster_peer._WINDOW + ahead - 1)


def test_one_that_never_spoke_is_not_seen() -> None:
    """It is not there."""
    peer = Peer(NAME)
    assert (peer.seen(), peer.is_live(0, 5)) == (None, False)
    assert not peer.counts(message(), 0, NOW)
    assert peer.seen() is None


def test_a_life_has_to_prove_that_it_lives(peer: Peer) -> None:
    """With a number that it was asked for just now: a recording has another one, or none."""
    assert peer.counts(message(number=2), 5, NOW)
    assert not peer.counts(message(number=2), 6, NOW)
    assert peer.is_live(5 + 9, 10)
    assert not peer.is_live(5 + 10, 10)
    for here in (0, 98, 99):  # 99 was the last one, and counts once
        assert not peer.counts(message(2, here=here), 7, NOW)
    assert peer.life == 1
    assert peer.asks_for_proof(77, is_live=False, now=NOW + SECOND) == 77
    assert not peer.counts(message(2, here=77), 7, NOW + SECOND + PROOF_US)
    assert peer.asks_for_proof(78, is_live=False, now=NOW + SECOND + PROOF_US) == 78
    assert peer.counts(message(2, here=78), 7, NOW + SECOND + PROOF_US)
    assert (peer.life, peer.is_twice) == (2, False)


def test_it_is_asked_each_second_only(peer: Peer) -> None:
    """The number stays for a while, as an answer may be under way; nobody is asked who has not spoken."""
    assert not peer.asks_for_proof(5, is_live=False, now=NOW)
    later = NOW + 9 * SECOND
    asked = []
    for at in range(6):
        peer.counts(message(2), 0, later)
        asked.append(peer.asks_for_proof(10 + at, is_live=False, now=later + at * SECOND // 2))
    assert asked == [10, 0, 10, 0, 10, 0]
    peer.counts(message(2), 0, later)
    assert peer.asks_for_proof(20, is_live=False, now=later + 4 * SECOND + PROOF_US) == 20


def test_another_life_waits_while_one_is_heard(peer: Peer) -> None:
    """So two processes of one name do not take turns each second; and it is told that there are two."""
    peer.counts(message(2), 0, NOW)
    assert not peer.asks_for_proof(5, is_live=True, now=NOW + BETWEEN_LIVES_US - 1)
    prove(peer, 2, NOW + BETWEEN_LIVES_US)
    assert not peer.is_twice
    prove(peer, 1, NOW + 2 * BETWEEN_LIVES_US)
    assert peer.is_twice
    prove(peer, 3, NOW + 3 * BETWEEN_LIVES_US)
    assert not peer.is_twice


def piece(above: int, to: int, kind: str = UP, key: str = KEY) -> Piece:
    """One word."""
    return Piece(above, to, {key: Word(kind)})


def test_words_of_a_former_life_count_until_all_of_the_new_one_are_here(peer: Peer) -> None:
    """Then those are gone, and all that either speaks of is looked at again."""
    peer.take(message(newest=1, pieces=[piece(0, 1)]), NOW)
    assert peer.words.words == {KEY: Word(UP)}
    prove(peer, 2, NOW + 9 * SECOND, newest=2)
    assert peer.take(message(2, 2, 2, pieces=[piece(0, 1, key="sip:b:5060")]), NOW) == set()
    assert (peer.words.words, peer.behind) == ({KEY: Word(UP)}, 1)
    assert peer.take(message(2, 3, 2, pieces=[piece(1, 2, key="sip:c:5060")]), NOW) == {
        KEY,
        "sip:b:5060",
        "sip:c:5060",
    }
    assert {*peer.words.words} == {"sip:b:5060", "sip:c:5060"}
    assert peer.behind == 0


def test_whoever_was_gone_has_to_catch_up(peer: Peer) -> None:
    """Its words are from before, and may be the opposite of what it says now."""
    assert peer.seen().caught_up
    peer.take(message(newest=1, pieces=[piece(0, 1, DOWN)]), NOW)
    peer.owed.add(0, 5)
    peer.owed_facts["admin", KEY] = None
    peer.fell_silent()
    assert not peer.seen().caught_up
    assert not peer.is_caught_up
    assert (bool(peer.owed), peer.owed_facts) == (False, {})
    assert peer.take(message(newest=2), NOW) == set()
    assert not peer.seen().caught_up
    assert peer.take(message(newest=2, pieces=[piece(1, 2)]), NOW) == {KEY}
    assert peer.seen().caught_up
    assert peer.take(message(newest=3, pieces=[piece(2, 3, DOWN)]), NOW) == {KEY}


@pytest.mark.parametrize("is_another_life", [False, True])
def test_whoever_is_back_may_take_back_its_words_first(peer: Peer, is_another_life: bool) -> None:
    """As it learns only then that it was cut off; one that has begun anew has said nothing before."""
    peer.take(message(newest=1, pieces=[piece(0, 1, DOWN)]), NOW)
    peer.fell_silent()
    if is_another_life:
        prove(peer, 2, NOW + 9 * SECOND)
        assert peer.seen().caught_up
        return
    back = 70 * SECOND
    for listened, number in ((back, 3), (back + SETTLES_US - 1, 4)):
        assert peer.counts(message(number=number), listened, NOW)
        assert peer.take(message(number=number, newest=1), NOW) == set()
        assert not peer.seen().caught_up
    assert peer.counts(message(number=5), back + SETTLES_US, NOW)
    assert peer.take(message(number=5, newest=1), NOW) == {KEY}
    assert peer.seen().caught_up


def test_a_gap_is_asked_for_when_nothing_of_it_comes(peer: Peer) -> None:
    """At first at once, then in steps; and not while it is on its way."""
    assert peer.gap(NOW) is None
    peer.take(message(newest=9), NOW)
    assert peer.gap(NOW) == (0, 9)
    assert peer.gap(NOW + PULL_US - 1) is None
    assert peer.gap(NOW + PULL_US) == (0, 9)
    later = NOW + 2 * PULL_US - 1
    peer.take(message(newest=9, pieces=[piece(0, 3)]), later)
    assert peer.gap(later + PULL_US - 1) is None
    assert peer.gap(later + PULL_US) == (3, 9)
    peer.take(message(newest=9, pieces=[piece(0, 3)]), later + PULL_US)  # a copy is no step forward
    assert peer.gap(later + 2 * PULL_US) == (3, 9)


def test_facts_differ_if_they_do_so_twice(peer: Peer) -> None:
    """From the same ones: the first time what is lacking may be under way."""
    peer.beat = Beat(sums=(1, 2, 3, 0, 0, 0, 0, 0))
    sums = [1, 5, 4, 0, 0, 0, 0, 0]
    assert peer.still_differ({1, 2}, sums) == set()
    peer.beat = Beat(sums=(1, 2, 6, 0, 0, 0, 0, 0))
    assert peer.still_differ({1, 2}, sums) == {1}
    assert peer.still_differ({2}, sums) == {2}
    assert peer.still_differ({1, 2}, sums) == {2}
    assert peer.still_differ({1, 2}, [1, 9, 4, 0, 0, 0, 0, 0]) == {2}
