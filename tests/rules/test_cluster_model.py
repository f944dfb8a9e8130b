"""Clusters of 2 to 7 nodes that die and stop, on a network that loses, copies, reorders and cuts."""

from __future__ import annotations

import os

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import cluster_model
from cluster_model import INTERVAL, SECOND, TICK, Network, Node
from keepalive_core.rules.cluster_owner import first
from keepalive_core.rules.cluster_verdict import has_to_ping
from keepalive_core.rules.states import DOWN, UP

KEYS = [f"sip:192.0.2.{at}:5060" for at in range(1, 7)]
FEW = KEYS[0]
"""a destination that the first two nodes alone may ping"""
EXTRA = "sip:192.0.2.99:5060"
"""a destination that only some nodes have"""
MOST_UNPINGED = 5 * SECOND + 8 * TICK
"""cluster_timeout, and until the next tick and heartbeat"""
QUIET_S = 30
SPANS = st.sampled_from([0.2, 1.0, 3.0, 7.0])
SMALL = st.integers(0, 6)


class Cluster(RuleBasedStateMachine):
    """What may happen to any cluster."""

    @initialize(number=st.integers(2, 7), seed=st.integers(0, 2**16))
    def begin(self, number: int, seed: int) -> None:
        """All nodes at once, or all but the last one."""
        self.network = Network(number, KEYS, seed)
        self.network.only[FEW] = frozenset(self.network.names[:2])
        for name in self.network.names[::2]:
            self.network.extra[name] = [EXTRA]
            self.network.start(name)
        self.has_stopped = False
        self.unpinged_since = dict.fromkeys(KEYS, self.network.now)
        self.network.each_tick.append(self.somebody_pings)
        self.network.run(4)

    def somebody_pings(self) -> None:
        """No destination is without a node that pings it for longer than a node takes to be known as dead."""
        for key in KEYS:
            nodes = self.those_that_may(key, self.network.up())
            if not nodes or any(has_to_ping(node.case(key), node.keys[key].unspoken) for node in nodes):
                self.unpinged_since[key] = self.network.now
            assert self.network.now - self.unpinged_since[key] <= MOST_UNPINGED, key

    def those_that_may(self, key: str, nodes: list[Node]) -> list[Node]:
        """Of some nodes those that may ping a destination."""
        only = self.network.only.get(key) or {*self.network.names}
        return [node for node in nodes if node.name in only]

    def somebody_is_gone(self) -> None:
        """From now on the others have their time again to find out."""
        self.unpinged_since = dict.fromkeys(KEYS, self.network.now)

    def name(self, at: int) -> str:
        return self.network.names[at % len(self.network.names)]

    # --- what happens ---

    @rule(seconds=SPANS)
    def time_passes(self, seconds: float) -> None:
        self.network.run(seconds)

    @rule(at=SMALL)
    def a_node_dies(self, at: int) -> None:
        self.network.kill(self.name(at))
        self.somebody_is_gone()

    @rule(at=SMALL)
    def a_node_begins_anew(self, at: int) -> None:
        self.network.start(self.name(at))
        self.somebody_is_gone()

    @rule(at=SMALL)
    def a_node_stops(self, at: int) -> None:
        if self.name(at) not in self.network.dead:
            self.network.stopped.add(self.name(at))
            self.has_stopped = True
            self.somebody_is_gone()

    @rule()
    def those_that_stopped_go_on(self) -> None:
        self.network.stopped.clear()

    @rule(one=SMALL, other=SMALL, both=st.booleans())
    def a_link_is_cut(self, one: int, other: int, both: bool) -> None:
        self.network.cut.add((self.name(one), self.name(other)))
        if both:
            self.network.cut.add((self.name(other), self.name(one)))

    @rule(at=SMALL)
    def a_node_is_cut_off(self, at: int) -> None:
        for each in self.network.names:
            self.network.cut |= {(self.name(at), each), (each, self.name(at))}

    @rule()
    def all_links_are_back(self) -> None:
        self.network.cut.clear()

    @rule(loss=st.sampled_from([0, 0.1, 0.3]), copies=st.sampled_from([0, 0.5]), late=st.sampled_from([0, 1]))
    def the_network_changes(self, loss: float, copies: float, late: int) -> None:
        self.network.loss, self.network.copies, self.network.delay = loss, copies, late * SECOND

    @rule(
        at=SMALL,
        key=st.sampled_from(KEYS),
        value=st.sampled_from(["", "maint", "drain"]),
        left=st.integers(0, 9),
    )
    def an_administrator_speaks(self, at: int, key: str, value: str, left: int) -> None:
        node = self.network.nodes[self.name(at)]
        if node in self.network.up():
            ends = self.network.now + node.skew + left * SECOND if left else 0
            node.talk.say_fact("admin", key, value, ends)

    @rule(at=SMALL)
    def what_was_recorded_is_sent_again(self, at: int) -> None:
        """All that a node has ever said to others in its former lives, too."""
        for to, text in [each for each in self.network.recording if f" {self.name(at)} " in each[1][:40]][
            :50
        ]:
            if to not in self.network.dead | self.network.stopped:
                self.network.nodes[to].hear(text, self.network.now)

    # --- what is true ---

    def calm(self) -> list[Node]:
        """All is well with the network, and those that stopped go on; returns who runs."""
        network = self.network
        network.loss = network.copies = network.delay = 0
        network.cut.clear()
        network.stopped.clear()
        network.run(QUIET_S)
        return network.up()

    def all_agree(self, nodes: list[Node]) -> None:
        names = {node.name for node in nodes}
        degraded = {node.name for node in nodes if node.talk.beat.degraded}
        for node in nodes:
            assert node.talk.view.live == names
            assert node.talk.view.counted == names - degraded | {node.name}
            for key in KEYS:
                for other in nodes:
                    said = other.talk.words_of(key)[other.name]
                    assert not node.talk.words_of(key)[other.name].is_news(said)
        having = [node for node in nodes if EXTRA in node.keys]
        pinging = [node for node in having if has_to_ping(node.case(EXTRA))]
        assert (len(pinging) == 1 or degraded) if having else not pinging
        assert all(node.keys[EXTRA].state == UP for node in having)
        told = [{(*fact[:5],) for fact in node.talk.facts} for node in nodes]
        assert all(each == told[0] for each in told)
        if not self.has_stopped:  # what waited for one that stood still has its time left from before
            for fact in nodes[0].talk.facts:
                known = [(node.talk.facts.get(fact.subject), node.skew) for node in nodes]
                ends = [each.ends - skew for each, skew in known if each and each.ends]
                is_over = not ends or max(ends) <= self.network.now
                assert is_over or max(ends) - min(ends) <= 1.5 * SECOND
        if not degraded:
            for key in KEYS:
                assert len({node.case(key).owner() for node in nodes}) == 1

    def states_are_right(self, nodes: list[Node]) -> None:
        """Whom nobody asks does not look: what its owner can reach is up at all others."""
        for key in KEYS:
            allowed = self.those_that_may(key, nodes)
            may = [node for node in allowed if self.network.reaches(node.name, key) is not None]
            if not may:
                continue
            fit = {node.name for node in may if not node.talk.beat.degraded}
            cannot = {node.name for node in may if not self.network.reaches(node.name, key)}
            is_doubted = any(
                node.talk.words_of(key)[node.name].kind == "down" for node in nodes if node.name in fit
            )
            assert is_doubted or not fit or len(may) < len(allowed) or first(key, fit) not in cannot
            for node in nodes if fit else may:
                asked = fit | ({node.name} if node in may else set())
                looks = is_doubted or (node.name not in fit and node in may)
                failing = cannot & (asked if is_doubted else {node.name})
                is_down = looks and (len(failing) >= min(2, len(asked)) or node.name in failing & asked)
                assert self.network.state(node.name, key) == (DOWN if is_down else UP), key


class Anything(Cluster):
    """Destinations come and go from anywhere."""

    @rule(at=SMALL, keys=st.sets(st.sampled_from(KEYS), min_size=1))
    def a_node_reaches_them_no_more(self, at: int, keys: set[str]) -> None:
        self.network.unreachable |= {(self.name(at), key) for key in keys}

    @rule(at=SMALL, keys=st.sets(st.sampled_from(KEYS), min_size=1))
    def a_node_can_not_even_ask_them(self, at: int, keys: set[str]) -> None:
        self.network.unsendable |= {(self.name(at), key) for key in keys}

    @rule(key=st.sampled_from(KEYS))
    def a_destination_is_gone(self, key: str) -> None:
        self.network.unreachable |= {(name, key) for name in self.network.names}

    @rule(at=SMALL)
    def a_node_reaches_all_again(self, at: int) -> None:
        network, name = self.network, self.name(at)
        network.unreachable = {each for each in network.unreachable if each[0] != name}
        network.unsendable = {each for each in network.unsendable if each[0] != name}

    @rule()
    def after_quiet_all_agree(self) -> None:
        nodes = self.calm()
        if not nodes:
            return
        self.all_agree(nodes)
        self.states_are_right(nodes)

    def teardown(self) -> None:
        if hasattr(self, "network"):
            self.after_quiet_all_agree()


class OneBroken(Cluster):
    """One node alone has trouble."""

    @rule(keys=st.sets(st.sampled_from(KEYS), min_size=1))
    def it_reaches_some_no_more(self, keys: set[str]) -> None:
        self.network.unreachable |= {(self.name(0), key) for key in keys}

    @rule()
    def it_reaches_all_again(self) -> None:
        self.network.unreachable.clear()

    def teardown(self) -> None:
        """It never takes anything down elsewhere."""
        if hasattr(self, "network"):
            for node in self.network.nodes.values():
                down = {key for _, key, state in node.states if state == DOWN}
                # If the other one that may ping it is gone, the word of one is all that there is.
                assert node.name == self.name(0) or down <= {FEW}
            self.states_are_right(self.calm())


def test_an_owner_that_lacks_it_and_begins_anew() -> None:
    """Who has it stands in, though the word of one that is dead is still remembered."""
    network = Network(3, [], 18)
    first_one, second, third = network.names
    for name in (first_one, second):
        network.extra[name] = [EXTRA]
        network.start(name)
    network.run(20)
    for dead, left in ((first_one, second), (second, first_one)):
        network.kill(dead)
        network.start(third)
        network.run(30)
        node = network.nodes[left]
        assert network.now - node.pings[EXTRA] <= INTERVAL + TICK
        assert node.keys[EXTRA].state == UP
        network.start(dead)
        network.run(20)


SLEEPERS = [(0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("asleep", SLEEPERS)
def test_old_words_of_those_that_stood_still_take_nothing_down(asleep: tuple[int, int], seed: int) -> None:
    """What has healed meanwhile stays up at the third one when two wake at once, who knew it as down."""
    network, awake = asleep_while_down(asleep, seed)
    network.unreachable.clear()
    network.run(8)
    assert network.state(awake, FEW) == UP
    woke = network.now
    network.stopped.clear()
    network.run(20)
    assert [state for at, _, state in network.nodes[awake].states if at >= woke] == []
    assert network.down_at(FEW) == set()


@pytest.mark.parametrize("asleep", [*SLEEPERS, (0, 1, 2)])
def test_what_was_down_stays_down_when_those_wake_that_stood_still(asleep: tuple[int, ...]) -> None:
    """That they take back their words makes nobody believe that it answers."""
    network, _ = asleep_while_down(asleep, seed=4)
    network.run(8)
    network.stopped.clear()
    network.run(20)
    assert [[state for *_, state in node.states] for node in network.up()] == [[UP, DOWN]] * 3


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("later_s", [0, 3])
@pytest.mark.parametrize("seed", range(2))
def test_what_those_could_not_reach_that_were_cut_off_stays_up(
    monkeypatch: pytest.MonkeyPatch, seed: int, later_s: int, is_whole: bool
) -> None:
    """Two reach nothing any more, nor the third one, as their switch is dead; when it is back all is up.

    Whether they hear each other or not, and if the others' words were still heard for a while.
    """
    monkeypatch.setattr(cluster_model, "INTERVAL", 30 * SECOND)
    network = Network(3, KEYS, seed)
    network.run(70)
    one, other, third = network.names
    network.unreachable |= {(name, key) for name in (one, other) for key in KEYS}
    network.run(later_s)
    network.cut |= {(one, third), (third, one), (other, third), (third, other)}
    network.cut |= {(one, other), (other, one)} if is_whole else set()
    network.run(90)
    assert all(network.down_at(key) == {one, other} for key in KEYS)
    healed = network.now
    network.cut.clear()
    network.unreachable.clear()
    network.run(8)
    assert not any(network.down_at(key) for key in KEYS)
    assert [state for at, _, state in network.nodes[third].states if at >= healed] == []


def asleep_while_down(asleep: tuple[int, ...], seed: int) -> tuple[Network, str]:
    """Return three nodes, some of which stand still, while none reaches a destination; and the last awake."""
    network = Network(3, [FEW], seed)
    network.run(20)
    network.unreachable |= {(name, FEW) for name in network.names}
    network.run(20)
    assert network.down_at(FEW) == {*network.names}
    network.stopped |= {network.names[at] for at in asleep}
    network.run(8)
    return network, max({*network.names} - network.stopped, default="")


# A minute of a cluster takes a second or two: few of them, but each has all that may happen to it.
_SIZE = settings(
    max_examples=60 if os.environ.get("EXPLORE") else 10,
    stateful_step_count=15,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)
TestAnything = Anything.TestCase
TestAnything.settings = _SIZE
TestOneBroken = OneBroken.TestCase
TestOneBroken.settings = _SIZE
