"""A cluster of real Kamailios: each trunk pinged by one node, believed by all, taken down by none alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest

from real.clustering import (
    CONFIRMED,
    FALL,
    INTERVAL,
    NUMBER,
    TAKE_OVER,
    alike,
    one_word,
    owned_by,
    state_at,
    words,
)
from real.lab import Lab, Node
from real.network import EVERYBODY, kdmq, recorded, send, uri
from real.server import wait_for


def intervals(number: int) -> float:
    """Wait until some intervals are over; return when they began."""
    since = time.monotonic()
    over = since + number * INTERVAL
    wait_for("intervals", lambda: time.monotonic() > over, number * INTERVAL + 1)
    return since


def pinged_once(lab: Lab, number: int) -> None:
    """See that each destination is pinged by one node only, once an interval, for some intervals."""
    since = intervals(number)
    found = lab.carriers.pingers(since)
    assert len(found) == NUMBER
    assert [who for who in found.values() if len(who) > 1] == []
    # Jitter moves a ping by up to a tenth of an interval.
    assert number * 0.8 <= sum(sum(who.values()) for who in found.values()) / NUMBER <= number * 1.2


def test_each_destination_is_pinged_by_one_node(lab: Lab) -> None:
    """However many nodes live, each destination has one ping an interval, of one of them."""
    for node in lab.nodes:
        node.end()
    lab.network.mend()
    lab.carriers.allow_all()
    with lab.shown():
        for number, node in enumerate(lab.nodes, 1):
            node.start()
            lab.sharing(*lab.nodes[:number])
            pinged_once(lab, 3)


def _kill(lab: Lab, node: Node) -> None:
    node.end(crash=True)


def _freeze(lab: Lab, node: Node) -> None:
    node.freeze()


def _cut(lab: Lab, node: Node) -> None:
    lab.cut_off(node)


@pytest.mark.parametrize("strike", [_kill, _freeze, _cut], ids=["killed", "frozen", "cut off"])
def test_a_share_is_taken_over(cluster: Lab, strike: Callable[[Lab, Node], None]) -> None:
    """Each destination of a dead node is pinged by another within 10 s, and no state changes anywhere."""
    dead, *others = cluster.nodes
    lost = {uri(at) for at in owned_by(cluster, dead)}
    with cluster.watched(*others) as watch:
        since = time.monotonic()
        strike(cluster, dead)

        def left() -> set[str]:
            return lost - {each for node, each, _ in cluster.carriers.pings(since) if node != dead.address}

        wait_for("all taken over", lambda: not left(), TAKE_OVER - (time.monotonic() - since))
        if strike is _freeze:
            dead.go_on()
        elif strike is _cut:
            cluster.network.mend()
        else:
            dead.start()
        cluster.sharing(*cluster.nodes)
    assert all(set(said) == {"1"} for looks in watch.looks.values() for _, said in looks)
    assert [node.events for node in others] == [[], []]


def test_one_node_acts_for_all(cluster: Lab) -> None:
    """All go down, and come back: of each change the callback of just one node acts, whoever saw it first."""
    every = [uri(at) for at in range(NUMBER)]
    for state, change in ((2, cluster.carriers.deny), (1, cluster.carriers.allow)):
        change(EVERYBODY, *every)

        def told(state: int = state) -> list[int]:
            return [sum(event[2] == state for event in node.events) for node in cluster.nodes]

        wait_for("the callbacks", lambda told=told: told() == [NUMBER] * 3, 20)
        acting = f"ACTS FOR ALL {state} "
        acted = [line.rpartition(" ")[2] for node in cluster.nodes for line in node.server.log_lines(acting)]
        assert sorted(acted) == sorted(every)


def test_a_restarted_node_knows_all(cluster: Lab) -> None:
    """Whatever its state file says, it knows all within 5 s, and pings no more than its share."""
    third = cluster.nodes[2]
    share = len(owned_by(cluster, third))
    third.end(crash=True)
    cluster.carriers.deny(EVERYBODY, uri(0))
    wait_for("what changed", lambda: state_at(cluster.nodes[:2], 0) == [2, 2], 20)
    since = time.monotonic()
    third.start()
    up = time.monotonic()
    wait_for("the state", lambda: state_at([third], 0) == [2], 5 - (time.monotonic() - up))
    wait_for("its first 5 s", lambda: time.monotonic() - up > 5, 6)
    counts = Counter(each for node, each, _ in cluster.carriers.pings(since) if node == third.address)
    # Beside its share it pings what is down, as all do, and more often.
    of_its_share = [number for each, number in counts.items() if each != uri(0)]
    assert len(of_its_share) <= share
    assert max(of_its_share) <= 5 / INTERVAL + 2
    cluster.carriers.allow_all()
    wait_for("up again", lambda: state_at(cluster.nodes, 0) == [1, 1, 1], INTERVAL + 2)


def test_one_node_alone_takes_nothing_down(cluster: Lab) -> None:
    """What only its owner can't reach is down there alone, and another owns it; healed, one word is left."""
    owner, *others = cluster.nodes
    number = owned_by(cluster, owner)[0]
    with cluster.watched(*others) as watch:
        cluster.carriers.deny(owner.address, uri(number))
        wait_for("down at its owner", lambda: state_at([owner], number) == [2])
        known = owner.info(uri(number))["cluster"]
        assert known["alone"] is True, known
        wait_for(
            "another owner",
            lambda: (
                {*cluster.carriers.pingers(time.monotonic() - 2 * INTERVAL)[uri(number)]} - {owner.address}
            ),
        )
        cluster.carriers.allow_all()
        wait_for("up at its owner", lambda: state_at([owner], number) == [1])
        cluster.sharing(*cluster.nodes)
        one_word(cluster, number)
    assert all(looked[number] == "1" for looks in watch.looks.values() for _, looked in looks)
    assert [node.events for node in others] == [[], []]


def test_a_dead_uplink_is_one_nodes_own(cluster: Lab) -> None:
    """A node that reaches no carrier takes nothing down elsewhere, and owns nothing until it heals."""
    dead, *others = cluster.nodes
    with cluster.watched(*others) as watch:
        cluster.network.cut_uplink(dead.host)
        wait_for("degraded", lambda: dead.info()["cluster"]["degraded"], 4 * INTERVAL + CONFIRMED)
        wait_for("all down there", lambda: dead.alive() == "2" * NUMBER, 15)
        for node in others:
            wait_for("it is known", lambda node=node: node.info()["cluster"]["nodes"][dead.name]["degraded"])
        cluster.network.mend()
        wait_for("all up there", lambda: dead.alive() == "1" * NUMBER, 15)
        cluster.sharing(*cluster.nodes, seconds=30)
    assert all(set(said) == {"1"} for looks in watch.looks.values() for _, said in looks)
    assert [node.events for node in others] == [[], []]


def test_what_is_down_is_down_everywhere(cluster: Lab) -> None:
    """All know it once the others have confirmed it; it stays so when its owner dies, and comes up again."""
    owner, *others = cluster.nodes
    number = owned_by(cluster, owner)[0]
    cluster.carriers.deny(EVERYBODY, uri(number))
    wait_for("down at one", lambda: 2 in state_at(cluster.nodes, number), INTERVAL + FALL * 1 + CONFIRMED)
    wait_for("down at all", lambda: state_at(cluster.nodes, number) == [2, 2, 2], CONFIRMED)
    with cluster.watched(*others) as watch:
        owner.end(crash=True)
        since = time.monotonic()
        wait_for("the take-over and more", lambda: time.monotonic() - since > TAKE_OVER, TAKE_OVER + 1)
    assert all(said[number] == "2" for looks in watch.looks.values() for _, said in looks)
    cluster.carriers.allow_all()
    wait_for("up again", lambda: state_at(others, number) == [1, 1], INTERVAL + 1)


@pytest.mark.parametrize("seconds", [12, pytest.param(60, marks=pytest.mark.full)])
def test_loss_is_no_death(cluster: Lab, seconds: int) -> None:
    """With 30 % of all messages lost nobody is taken for dead, and all have the same words after it."""
    cluster.network.lose(0.3)
    since = time.monotonic()
    changes = 0
    while changes == 0 or time.monotonic() - since < seconds:
        number, changes = changes % NUMBER, changes + 1
        cluster.carriers.deny(EVERYBODY, uri(number))
        wait_for("down at all", lambda number=number: state_at(cluster.nodes, number) == [2, 2, 2], 15)
        cluster.carriers.allow_all()
        wait_for("up at all", lambda number=number: state_at(cluster.nodes, number) == [1, 1, 1], 15)
    cluster.network.mend()
    for number in range(NUMBER):
        alike(cluster.nodes, lambda node, number=number: words(node, number), 5)
    for node in cluster.nodes:
        assert node.server.log_lines("is gone") == []


@pytest.mark.parametrize("pairs", [[(0, 2)], [(0, 2), (2, 0)]], ids=["one way", "not transitive"])
def test_cuts_in_part(cluster: Lab, pairs: list[tuple[int, int]]) -> None:
    """If two nodes don't hear each other, all is pinged, no state changes, and what is down is so for all."""
    with cluster.watched() as watch:
        for sender, receiver in pairs:
            cluster.network.cut(cluster.nodes[sender].host, cluster.nodes[receiver].host)
        since = time.monotonic()
        wait_for("the cut is noticed", lambda: time.monotonic() - since > 7, 8)
        assert cluster.carriers.pingers(time.monotonic() - 2 * INTERVAL).keys() >= {*map(uri, range(NUMBER))}
    assert all(set(said) == {"1"} for looks in watch.looks.values() for _, said in looks)
    cluster.carriers.deny(EVERYBODY, uri(5))
    wait_for("down at all", lambda: state_at(cluster.nodes, 5) == [2, 2, 2], 10)
    cluster.carriers.allow_all()
    wait_for("up at all", lambda: state_at(cluster.nodes, 5) == [1, 1, 1], 10)


def test_a_stopped_node_is_right_when_it_goes_on(cluster: Lab) -> None:
    """What it knew before it stood still changes nothing elsewhere, and it is right within 2 s."""
    frozen, *others = cluster.nodes
    cluster.carriers.deny(EVERYBODY, uri(6))
    wait_for("down at all", lambda: state_at(cluster.nodes, 6) == [2, 2, 2], 10)
    frozen.freeze()
    cluster.carriers.allow_all()
    wait_for("up at the others", lambda: state_at(others, 6) == [1, 1], 10)
    with cluster.watched(*others) as watch:
        frozen.go_on()
        wait_for("right", lambda: state_at([frozen], 6) == [1], 2)
        cluster.sharing(*cluster.nodes)
    assert all(set(said) == {"1"} for looks in watch.looks.values() for _, said in looks)


NO_MESSAGES = {
    "garbage": "\x01 nonsense",
    "another version": "ka9 {sender} {to} 77 1 1\nwords 0 1\n=down {key}",
    "unsigned": "ka1 {sender} {to} 77 1 1\nwords 0 1\n=down {key}",
    "signed by others": "ka1 {sender} {to} 77 1 1\nwords 0 1\n=down {key}\nmac " + "ab" * 32,
}


@pytest.mark.parametrize("sender", ["a stranger", "a node's address"])
def test_what_is_no_message_changes_nothing(cluster: Lab, sender: str) -> None:
    """What a stranger says, or nobody signed with the cluster's key, costs a line of log a kind at most."""
    node, forged, _ = cluster.nodes
    where = cluster.network.switch if sender == "a stranger" else forged.host.namespace
    bodies = [text.format(sender=forged.name, to=node.name, key=uri(7)) for text in NO_MESSAGES.values()]
    sent = [kdmq(node.address, "keepalive", body) for body in bodies for _ in range(5)]
    sent.append(kdmq(node.address, "another_channel", "words"))
    with recorded(node.host) as packets:
        send(where, node.address, *sent)
        intervals(2)
    assert {*sent} <= {data for _, data in packets}
    assert node.states() == "1" * NUMBER
    assert words(node, 7).get(forged.name, "up") == "up"
    lines = [line for line in node.server.log.splitlines() if "keepalive: " in line]
    assert len(lines) <= len(NO_MESSAGES)
    # A stranger gets no further than DMQ's list of nodes; whoever has a node's address is heard.
    dropped = [line for line in lines if "is dropped: not signed with our secret" in line]
    assert bool(dropped) is (sender != "a stranger"), lines
    assert node.info()["cluster"]["nodes"][forged.name]["live"] is True


def test_what_was_recorded_changes_nothing(cluster: Lab) -> None:
    """Signed messages in which a node said that something is down count once, whatever became of it."""
    node, recorded_one, _ = cluster.nodes
    with recorded(node.host) as packets:
        cluster.carriers.deny(EVERYBODY, uri(8))
        wait_for("down at all", lambda: state_at(cluster.nodes, 8) == [2, 2, 2], 15)
        cluster.carriers.allow_all()
        wait_for("up at all", lambda: state_at(cluster.nodes, 8) == [1, 1, 1], 15)
    said = [data for who, data in packets if who == recorded_one.address and data.startswith(b"KDMQ ")]
    assert any(f"=down {uri(8)}".encode() in data for data in said)

    def replay() -> None:
        send(recorded_one.host.namespace, node.address, *said)
        intervals(2)
        assert state_at([node], 8) == [1]
        assert words(node, 8).get(recorded_one.name, "up") == "up"

    def is_live() -> bool:
        return bool(node.info()["cluster"]["nodes"][recorded_one.name]["live"])

    with cluster.watched(node) as watch:
        replay()
        recorded_one.end(crash=True)
        wait_for("its death", lambda: not is_live(), 10)
        replay()
        assert not is_live()
        recorded_one.start()
        cluster.sharing(*cluster.nodes)
        replay()
        assert is_live()
    assert all(said == "1" * NUMBER for looks in watch.looks.values() for _, said in looks)
    assert node.server.log_lines("two processes say") == []


def test_a_node_of_a_later_version(cluster: Lab) -> None:
    """One that says more lines and fields than the others know is one of them, as they are for it."""
    one, other, later = cluster.nodes
    later.end()
    later.start(LATER_LINES=1)
    number = owned_by(cluster, later)[0]
    with recorded(one.host) as packets:

        def said_later(word: bytes) -> bool:
            return any(b"\n=" + word in data for who, data in packets if who == later.address)

        # First it alone can't reach it, or the others might say all that is to be said.
        cluster.carriers.deny(later.address, uri(number))
        wait_for("that it can't reach it", lambda: said_later(b"down "), 15)
        cluster.carriers.deny(EVERYBODY, uri(number))
        wait_for("down at all", lambda: state_at(cluster.nodes, number) == [2, 2, 2], 15)
        later.server.call("set_admin", uri(number), "maint")
        wait_for(
            "its mode",
            lambda: {node.info(uri(number))["admin"]["mode"] for node in (one, other)} == {"maint"},
            2,
        )
        one.server.call("set_admin", uri(number), "ready")
        wait_for("ready", lambda: later.info(uri(number))["admin"]["mode"] == "ready", 2)
        cluster.carriers.allow_all()
        wait_for("up at all", lambda: state_at(cluster.nodes, number) == [1, 1, 1], 15)
        wait_for("its word", lambda: said_later(b"up "), 3)
    said = b"".join(data for who, data in packets if who == later.address)
    kinds = ("weather ", "beat ", "=down ", "=up ", "fact ")
    assert [kind for kind in kinds if f"\n{kind}".encode() not in said] == []
    assert all(
        line.endswith(b" later=1") for line in said.split(b"\n") if line.startswith((b"=down", b"fact "))
    )
    for node in cluster.nodes:
        assert node.server.log_lines("is dropped") == []
    later.end()
