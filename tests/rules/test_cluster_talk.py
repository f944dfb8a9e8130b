"""What nodes tell each other: two or three of them, text by text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import pytest

from keepalive_core.rules import cluster_lines, cluster_sayings, cluster_talk
from keepalive_core.rules.cluster_lines import Unreadable, read
from keepalive_core.rules.cluster_talk import (
    BETWEEN_BEATS_OF_THE_DEAD,
    MESSAGES_A_TICK,
    MOST_MESSAGES_AT_ONCE,
    Heeded,
    Manners,
    Talk,
)
from keepalive_core.rules.cluster_word import DOWN, NO_WORD, UP, Word
from keepalive_core.rules.times import SECOND

A, B, C = (f"sip:10.0.0.{at}:5060" for at in (1, 2, 3))
KEY = "sip:192.0.2.1:5060"
TICK = SECOND // 10
CHANCE = count(1000)


def node(name: str, others: Iterable[str] = (A, B), **manners: object) -> Talk:
    """One that knows others; it is among them as in a file that all have."""
    return Talk(name, others, lambda: next(CHANCE), Manners(**manners) if manners else None)


class Pair:
    """Two nodes whose messages arrive at once, and all of them."""

    def __init__(self, one: Talk, other: Talk) -> None:
        self.nodes = {one.me: one, other.me: other}
        self.now = SECOND
        self.bodies: list[str] = []
        self.heeded: list[Heeded] = []

    def tick(self, *names: str) -> int:
        """Let some nodes speak, all of them without a name; return how many messages there were."""
        self.now += TICK
        said = [
            each
            for name in names or self.nodes
            for each in self.nodes[name].tick(self.now)
            if each[0] in self.nodes
        ]
        for to, text in said:
            self.bodies.append(text)
            self.heeded.append(self.nodes[to].hear(text, self.now))
        return len(said)

    def run(self, seconds: float) -> int:
        """Let time pass; return how many messages there were."""
        return sum(self.tick() for _ in range(round(seconds * SECOND / TICK)))


@pytest.fixture
def pair() -> Pair:
    """Two nodes that know each other."""
    found = Pair(node(A), node(B))
    found.run(3)
    return found


def test_two_nodes_meet(pair: Pair) -> None:
    """Each proves to the other that it lives."""
    one, other = pair.nodes.values()
    assert one.view.live == other.view.live == {A, B}
    assert one.view.ready == {A, B}
    assert [*one.peers] == [B]


def test_when_a_node_was_heard() -> None:
    """Never, as long as it has said nothing."""
    one = node(A)
    one.tick(SECOND)
    assert one.heard_at(one.peers[B], SECOND) == 0


def test_a_node_listens_before_it_pings() -> None:
    """For so long as it is told, and says so."""
    pair = Pair(node(A), node(B, join=5 * SECOND))
    pair.run(3)
    one, other = pair.nodes.values()
    assert (one.is_joining, other.is_joining) == (False, True)
    assert (one.view.ready, other.view.pings) == ({A}, False)
    pair.run(4)
    assert (one.view.ready, other.view.pings) == ({A, B}, True)


def test_calm_is_one_message_a_second(pair: Pair) -> None:
    """Each way, whatever the number of destinations."""
    for number in range(1000):
        pair.nodes[A].say(f"sip:192.0.2.{number}:5060", Word(UP))
    pair.run(5)
    before = len(pair.bodies)
    assert pair.run(10) == 20
    assert all(len(body) < 200 for body in pair.bodies[before:])


def test_how_a_node_stands_is_told_at_once(pair: Pair) -> None:
    """As it makes owners: not with the next heartbeat, but once only."""
    one, other = pair.nodes.values()
    for changes, ready in (({"degraded": True}, {B}), ({"degraded": False}, {A, B}), ({"paused": True}, {B})):
        pair.run(0.5)
        one.beat = one.beat._replace(**changes)
        pair.tick(A)
        assert other.view.ready == ready
        assert pair.tick(A) == 0
    one.beat = one.beat._replace(version="2")
    assert pair.tick(A) == 0, "which has the time"
    begins = Pair(one, node(B, join=3 * SECOND))
    begins.now = pair.now
    begins.run(2)
    assert one.view.ready == set()
    while begins.nodes[B].is_joining:
        begins.tick()
    assert one.peers[B].beat.joining is False


def test_who_begins_learns_what_is_down_for_others() -> None:
    """In what it asks for, and anew while it begins; nobody else is told again."""
    pair = Pair(node(A, (A, B, C)), node(C, (A, B, C)))
    pair.run(3)
    one = pair.nodes[A]
    one.say(KEY, Word(DOWN))
    pair.run(1)
    before = len(pair.bodies)
    one.decide(KEY, True)
    pair.run(0.5)
    assert [body for body in pair.bodies[before:] if "=down" in body] == []
    begins = pair.nodes[B] = node(B, (A, B, C), join=4 * SECOND)
    pair.run(2.5)
    assert begins.words_of(KEY)[A] == Word(DOWN, decided=True)
    one.decide(KEY, False)
    pair.run(0.5)
    assert begins.words_of(KEY)[A] == pair.nodes[C].words_of(KEY)[A] == Word(DOWN)
    pair.run(4)
    one.decide(KEY, True)
    pair.run(2)
    assert begins.words_of(KEY)[A] == Word(DOWN)


def test_words_are_told_in_a_tick(pair: Pair) -> None:
    """And whoever hears them learns of which destinations."""
    one, other = pair.nodes.values()
    assert one.say(KEY, Word(DOWN, "no reply"))
    pair.tick(A)
    assert pair.heeded[-1].keys == {KEY}
    assert other.words_of(KEY) == {A: Word(DOWN, "no reply"), B: NO_WORD}
    assert one.words_of(KEY) == {A: Word(DOWN, "no reply"), B: NO_WORD}
    assert (one.said(), other.said()) == ([KEY], [])
    one.say(KEY, NO_WORD)
    pair.tick(A)
    assert other.words_of(KEY) == {A: NO_WORD, B: NO_WORD}


def test_many_words_are_told_in_many_messages(pair: Pair) -> None:
    """Of a length that finds room in one datagram, and so many in a tick."""
    one, other = pair.nodes.values()
    for number in range(2000):
        one.say(f"sip:192.0.2.{number}:5060", Word(UP))
    before = len(pair.bodies)
    assert pair.tick(A) == MESSAGES_A_TICK
    pair.run(2)
    assert max(len(body) for body in pair.bodies[before:]) <= cluster_lines.BYTES
    assert all(other.words_of(f"sip:192.0.2.{number}:5060")[A] == Word(UP) for number in range(2000))
    assert len(pair.bodies) - before < 80


@pytest.mark.parametrize(
    ("ticks", "messages"),
    [(1, MESSAGES_A_TICK), (3, 3 * MESSAGES_A_TICK), (60, MOST_MESSAGES_AT_ONCE)],
)
def test_who_is_busy_makes_up_for_it(pair: Pair, ticks: int, messages: int) -> None:
    """In a tick that comes late there are as many as in those that it missed, up to what finds room there."""
    for number in range(10_000):
        pair.nodes[A].say(f"sip:192.0.{number // 250}.{number % 250}:5060", Word(UP))
    pair.now += (ticks - 1) * TICK
    assert pair.tick(A) == messages


def test_who_begins_catches_up() -> None:
    """It has a second to hear of anybody, and it is new for as long as it may take to learn all."""
    pair = Pair(node(A), node(B))
    pair.run(3)
    for number in range(1000):
        pair.nodes[A].say(f"sip:192.0.2.{number}:5060", Word(UP))
    pair.run(3)
    assert [each.is_catching_up for each in pair.nodes.values()] == [False, False]
    assert [each.is_new for each in pair.nodes.values()] == [False, False]
    pair.nodes[B] = other = node(B)
    seen = []
    for _ in range(60):
        seen.append((other.is_catching_up, len(other.peers[A].words.words)))
        pair.tick()
    assert seen == sorted(seen, key=lambda each: (not each[0], each[1]))
    assert {number for is_catching_up, number in seen if is_catching_up} == {0}
    assert seen[-1] == (False, 1000)
    assert not other.is_new


def test_who_hears_nobody_waits_no_longer_than_an_answer_takes() -> None:
    """Nor does one that is alone."""
    one, alone = node(A), node(A, [A])
    for at in range(1, 30):
        one.tick(at * TICK)
        alone.tick(at * TICK)
        assert one.is_catching_up is (at * TICK < SECOND + TICK)
        assert not alone.is_catching_up


def test_what_another_node_can_not_reach_is_doubted(pair: Pair) -> None:
    """What this node can't reach itself is no doubt of another one's."""
    one, other = pair.nodes.values()
    one.say(KEY, Word(DOWN))
    pair.tick(A)
    assert (one.is_doubted(KEY), other.is_doubted(KEY)) == (False, True)
    one.say(KEY, Word(UP))
    pair.tick(A)
    assert not other.is_doubted(KEY)


def test_who_begins_asks_for_all(pair: Pair) -> None:
    """It knows 10,000 words within five seconds."""
    one = pair.nodes[A]
    for number in range(10_000):
        one.say(f"sip:192.0.{number // 250}.{number % 250}:5060", Word(UP))
    pair.run(3)
    pair.nodes[B] = other = node(B)
    pair.run(4.5)
    assert other.view.counted == {A, B}
    assert other.words_of("sip:192.0.39.249:5060")[A] == Word(UP)


def test_more_nodes_than_messages_in_a_tick() -> None:
    """None is left out, and nothing that was meant for one is lost: each has its heartbeat each second."""
    names = [f"sip:10.0.1.{at}:5060" for at in range(1, 3 * MESSAGES_A_TICK)]
    one = node(A, [A, *names])
    told: dict[str, list[int]] = {name: [] for name in names}
    for at in range(1, 130):
        bodies = one.tick(at * TICK)
        assert len(bodies) <= MESSAGES_A_TICK
        for to, _ in bodies:
            told[to].append(at)
    assert all(3 <= len(each) <= 4 for each in told.values())  # nobody answers: each five seconds


def test_what_is_lost_is_asked_for(pair: Pair) -> None:
    """Also if only part of it is, and if nothing is said any more."""
    one, other = pair.nodes.values()
    one.say(KEY, Word(UP))
    pair.now += TICK
    one.tick(pair.now)
    pair.run(2)
    assert other.words_of(KEY)[A] == Word(UP)


def test_a_node_that_is_silent_is_dead(pair: Pair) -> None:
    """It is told once in some seconds how it stands; what it is owed it will ask for."""
    one = pair.nodes[A]
    for _ in range(60):
        pair.now += TICK
        one.tick(pair.now)
    assert one.view.live == {A}
    assert 6 * SECOND <= pair.now - one.heard_at(one.peers[B], pair.now) < 7 * SECOND
    one.say(KEY, Word(UP))
    sent = []
    for _ in range(100):
        pair.now += TICK
        sent += one.tick(pair.now)
    assert len(sent) == 10 * SECOND / BETWEEN_BEATS_OF_THE_DEAD
    assert all("words" not in text for _, text in sent)
    pair.run(6)
    assert one.view.live == {A, B}
    assert pair.nodes[B].words_of(KEY)[A] == Word(UP)


def test_words_from_before_a_silence_wait(pair: Pair) -> None:
    """Whoever is back may say the opposite by now: its words count again when all of them are here."""
    one, other = pair.nodes.values()
    one.say(KEY, Word(DOWN))
    pair.run(1)
    for _ in range(60):
        pair.now += TICK
        one.tick(pair.now)
        other.tick(pair.now)
    one.say(KEY, Word(UP))
    pair.now += TICK
    one.tick(pair.now)
    one.peers[B].beaten = 0
    pair.tick(A)
    assert (other.view.live, other.view.counted) == ({A, B}, {B})
    assert other.words_of(KEY)[A] == Word(DOWN)
    pair.run(1)
    assert other.view.counted == {A, B}
    assert other.words_of(KEY)[A] == Word(UP)


def test_what_another_one_is(pair: Pair) -> None:
    """Paused, degraded, and of which version: it says so with its heartbeat."""
    one, other = pair.nodes.values()
    one.beat = one.beat._replace(paused=True, version="0.2", config=5)
    pair.run(1.5)
    assert other.view.fit == {B}
    assert (other.peers[A].beat.version, other.peers[A].beat.config) == ("0.2", 5)


def test_a_fact_is_told_to_all(pair: Pair) -> None:
    """Once; its end is as far away at the other node, whatever its clock says."""
    one, other = pair.nodes.values()
    one.say_fact("admin", KEY, "maint", pair.now + 20 * SECOND)
    pair.tick(A)
    (fact,) = pair.heeded[-1].facts
    assert (fact.kind, fact.key, fact.value, fact.author) == ("admin", KEY, "maint", A)
    assert abs(fact.ends - pair.now - 20 * SECOND) < 2 * TICK
    before = len(pair.bodies)
    pair.run(3)
    assert not [body for body in pair.bodies[before:] if "\nfact" in body]
    assert [*other.facts] == [fact]


def test_facts_of_the_dead_are_passed_on() -> None:
    """Who begins gets them of whoever knows them; a fact that has gone meanwhile is none."""
    pair = Pair(node(A, (A, B, C)), node(B, (A, B, C)))
    pair.run(3)
    pair.nodes[A].say_fact("admin", KEY, "maint")
    for number in range(40):
        pair.nodes[A].say_fact("admin", f"sip:b{number}:5060", "drain")
    pair.run(1)
    late = Pair(pair.nodes[B], node(C, (A, B, C)))
    late.now = pair.now
    late.run(5)
    assert late.nodes[C].facts.get(("admin", KEY)).value == "maint"
    assert len([*late.nodes[C].facts]) == 41
    assert max(len(body) for body in late.bodies) <= cluster_lines.BYTES
    late.nodes[B].peers[C].owed_facts["admin", "sip:gone:5060"] = None
    late.run(1)
    assert not late.nodes[B].peers[C].owed_facts


def test_a_long_fact_has_a_message_of_its_own(pair: Pair) -> None:
    """It is longer than others, and arrives."""
    one, other = pair.nodes.values()
    one.say_fact("destination", KEY, "x" * 2000)
    one.say_fact("destination", "sip:b:5060", "y" * 500)
    one.say(KEY, Word(UP))
    pair.run(1)
    assert len([*other.facts]) == 2
    assert other.words_of(KEY)[A] == Word(UP)


def test_a_replayed_life_counts_for_nothing(pair: Pair) -> None:
    """What a dead node once said brings it back neither at once nor after a restart of who hears it."""
    pair.nodes[A].say(KEY, Word(DOWN))
    pair.run(1)
    recorded = [body for body in pair.bodies if body.startswith(f"ka1 {A} {B}")]
    assert recorded
    other = pair.nodes[B]
    assert not any(other.hear(body, pair.now).keys for body in recorded)
    fresh = node(B)
    fresh.tick(pair.now)
    for body in recorded:
        assert fresh.hear(body, pair.now) == Heeded(set(), [])
        fresh.tick(pair.now + TICK)
    assert fresh.view.live == {B}
    assert fresh.words_of(KEY) == {A: NO_WORD, B: NO_WORD}


def test_who_is_not_configured_is_not_heard(pair: Pair) -> None:
    """Nor what is meant for another one, by its text, nor what is not signed."""
    one = pair.nodes[A]
    for sender, to, reason in (
        (C, A, "no peer of this node"),
        (B, C, "another node"),
        (A, A, "this node itself"),
    ):
        with pytest.raises(Unreadable, match=reason):
            one.hear(f"ka1 {sender} {to} 1 1 0", pair.now)
    signing = node(A, secrets=(b"secret", b"old"))
    with pytest.raises(Unreadable, match="signed"):
        signing.hear(f"ka1 {B} {A} 1 1 0", pair.now)
    ((_, body),) = signing.tick(pair.now)
    assert read(body, pair.now, (b"secret",)).sender == A
    with pytest.raises(Unreadable):
        read(body, pair.now, (b"old",))


def test_a_node_that_took_back_much_begins_a_new_life(pair: Pair, monkeypatch) -> None:
    """With new numbers, and the same words; nobody sees a difference."""
    one, other = pair.nodes.values()
    monkeypatch.setattr(cluster_sayings, "MOST_TAKEN_BACK", 50)
    life = one.life
    one.say(KEY, Word(UP))
    for number in range(60):
        one.say(f"sip:b{number}:5060", Word(UP))
        one.say(f"sip:b{number}:5060", NO_WORD)
        pair.tick()
        assert other.words_of(KEY)[A] == Word(UP) or number == 0
    pair.run(BETWEEN_BEATS_OF_THE_DEAD / SECOND + 3)
    assert one.life != life
    assert other.peers[A].life == one.life
    assert not other.peers[A].is_twice
    assert other.words_of(KEY)[A] == Word(UP)
    assert other.peers[A].behind == 0


def test_a_node_that_has_talked_for_years_begins_a_new_life(pair: Pair, monkeypatch) -> None:
    """With small numbers, which all can read; it is live all the time, and two of it there are not."""
    one, other = pair.nodes.values()
    one.say(KEY, Word(UP))
    pair.run(1)
    monkeypatch.setattr(cluster_talk, "MOST_MESSAGES", 40)
    lives = {one.life}
    for _ in range(900):
        pair.tick()
        lives.add(one.life)
        assert int(pair.bodies[-1].split()[4]) <= 40
        assert A in other.view.live
        assert other.words_of(KEY)[A] == Word(UP)
    assert len(lives) > 2
    assert not other.peers[A].is_twice


@pytest.mark.parametrize(
    ("heartbeat", "timeout", "stood", "is_taken_back"),
    [
        (1, 5, 3, True),  # others may have heard the last beat but one as the last one
        (1, 5, 2.9, False),
        (10, 30, 9.9, False),
        (10, 30, 10, True),
        (0.2, 0.6, 0.9, False),  # a busy machine is late now and then
        (0.2, 0.6, 1, True),
    ],
)
def test_who_stood_still_says_anew_what_is_down(
    heartbeat: float, timeout: float, stood: float, is_taken_back: bool
) -> None:
    """Whoever may have been held for dead; what answers it said well."""
    talk = node(A, heartbeat=int(heartbeat * SECOND), timeout=int(timeout * SECOND))
    assert talk.take_back_old(SECOND) == []
    talk.say(KEY, Word(DOWN))
    talk.say("sip:192.0.2.2:5060", Word(UP))
    assert talk.take_back_old(100 * SECOND) == [], "it has not begun"
    talk.tick(SECOND)
    now = SECOND + int(stood * SECOND)
    assert talk.take_back_old(now) == [KEY] * is_taken_back
    assert len(talk.said()) == 2 - is_taken_back
    talk.tick(now)
    assert talk.take_back_old(now + TICK) == []


@pytest.mark.parametrize(("breaks", "is_taken_back"), [("the network", True), ("the other", False)])
def test_who_was_cut_off_says_anew_what_is_down(pair: Pair, breaks: str, is_taken_back: bool) -> None:
    """When one is heard again that may have held it for dead; one that begins anew was dead itself."""
    one, other = pair.nodes.values()
    assert one.take_back_old(pair.now) == []
    one.say(KEY, Word(DOWN))
    pair.run(1)
    for _ in range(60):
        pair.now += TICK
        assert one.take_back_old(pair.now) == []
        one.tick(pair.now)
        other.tick(pair.now)
    if breaks == "the other":
        pair.nodes[B] = node(B)
    taken: list[str] = []
    for _ in range(60):
        taken += one.take_back_old(pair.now + TICK)
        pair.tick()
    assert taken == [KEY] * is_taken_back
    assert B in one.view.counted
    assert pair.nodes[B].words_of(KEY)[A].kind == ("none" if is_taken_back else DOWN)
