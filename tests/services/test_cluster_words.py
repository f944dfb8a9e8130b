"""What the words of a cluster's nodes do to the states of one of them."""

from __future__ import annotations

import importlib
import random
from typing import Any

import pytest

import cluster_model
from cluster_trio import ME, NODES, OPTIONS, B, C, Trio, owned_by
from conftest import FakeServer
from keepalive_core.rules.cluster_owner import rank
from keepalive_core.rules.cluster_verdict import Terms
from keepalive_core.rules.cluster_word import NO_WORD, NONE, UNSENT, Word
from keepalive_core.rules.times import SECOND
from keepalive_testing.names import resolve

UNKNOWN, UP, DOWN = 0, 1, 2
EVERYWHERE = (ME, B, C)


def states(trio: Trio, uri: str) -> list[int]:
    """Return how a destination is at each of the three."""
    return [trio.at(node, uri) for node in EVERYWHERE]


def test_what_one_node_pings_all_know(server: FakeServer) -> None:
    """Each destination is pinged by its owner, and what it says holds here too."""
    mine, other, third = (owned_by(node, number=3) for node in EVERYWHERE)
    trio = Trio(server, [*mine, *other, *third])
    trio.run(12)
    assert all(states(trio, uri) == [UP] * 3 for uri in trio.uris)
    trio.sent.clear()
    trio.run(12)
    assert sorted(trio.sent) == sorted(mine * 3)
    assert [trio.case(uri) for uri in trio.uris] == [None] * 9


def test_an_owner_that_alone_can_not_reach_it(server: FakeServer) -> None:
    """It is down there alone, the others ping it from then on, and it heals by itself."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable.add((ME, uri))
    trio.run(12)
    assert states(trio, uri) == [DOWN, UP, UP]
    assert [state for _, _, state in trio.others[B].states] == [UP]
    case = trio.case(uri)
    assert case
    assert (case.alone, case.outcome) == (True, "ALONE")
    assert "is down from this node alone: only this node can't reach it: no reply in 500 ms" in "".join(
        server.ksr.lines("warn")
    )
    trio.unreachable.clear()
    trio.run(12)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.case(uri) is None
    assert trio.changes == [(uri, UP), (uri, DOWN), (uri, UP)]


def test_another_owner_that_alone_can_not_reach_it(server: FakeServer) -> None:
    """It stays up here throughout: this node is asked, and says that it answers."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable.add((B, uri))
    trio.sent.clear()
    trio.run(12)
    assert states(trio, uri) == [UP, DOWN, UP]
    assert uri in trio.sent
    trio.unreachable.clear()
    trio.run(12)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.changes == [(uri, UP)]


@pytest.mark.parametrize("first", EVERYWHERE)
def test_what_nobody_reaches_is_down_everywhere(server: FakeServer, first: str) -> None:
    """Whoever owns it; and up everywhere as soon as it answers."""
    [uri] = owned_by(first)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(10)
    assert states(trio, uri) == [DOWN, DOWN, DOWN]
    trio.unreachable.clear()
    trio.run(8)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.changes == [(uri, UP), (uri, DOWN), (uri, UP)]
    trio.run(8)
    assert trio.case(uri) is None


def test_a_node_that_reaches_nothing_takes_nothing_down_elsewhere(server: FakeServer) -> None:
    """It finds itself degraded, says so, has all down at home, and its share again when it reaches them."""
    uris = [uri for node in EVERYWHERE for uri in owned_by(node, number=4)]
    trio = Trio(server, uris)
    trio.run(12)
    trio.unreachable |= {(ME, uri) for uri in uris}
    trio.run(16)
    assert [states(trio, uri)[1:] for uri in uris] == [[UP, UP]] * 12
    assert {trio.state(uri) for uri in uris} == {DOWN}
    assert trio.others[B].talk.peers[ME].beat.degraded
    [line] = [line for line in server.ksr.lines("warn") if "degraded" in line]
    assert "this node is degraded: it alone can't reach 3 of the 4 destinations of its share" in line
    trio.unreachable.clear()
    trio.run(16)
    assert [states(trio, uri) for uri in uris] == [[UP] * 3] * 12
    assert not trio.others[B].talk.peers[ME].beat.degraded
    assert "degraded no more" in server.ksr.lines("warn")[-1]
    assert [trio.case(uri) for uri in uris] == [None] * 12


def test_one_that_dies_leaves_its_states(server: FakeServer) -> None:
    """They stand until somebody has pinged: what was up is up, and what was down comes up in its turn."""
    up, down = owned_by(B, ME, number=2)
    trio = Trio(server, [up, down])
    trio.unreachable |= {(node, down) for node in EVERYWHERE}
    trio.run(14)
    assert (trio.state(up), trio.state(down)) == (UP, DOWN)
    trio.changes.clear()
    trio.cut.add(B)
    trio.run(5)
    trio.sent.clear()
    trio.run(5)
    assert up in trio.sent
    assert trio.changes == []
    trio.unreachable.clear()
    trio.run(6)
    assert (trio.state(up), trio.state(down)) == (UP, UP)


def test_one_that_stood_still_with_old_words_changes_nothing(server: FakeServer) -> None:
    """What it could not reach before comes up meanwhile; it is right as soon as it is back."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri])
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(14)
    assert states(trio, uri) == [DOWN] * 3
    trio.cut.add(B)
    trio.run(8)
    trio.unreachable -= {(ME, uri), (C, uri)}
    trio.run(8)
    trio.changes.clear()
    trio.unreachable.clear()
    trio.cut.clear()
    trio.run(10)
    assert states(trio, uri) == [UP] * 3
    assert trio.changes == []


def test_what_an_owner_does_not_have_another_one_pings(server: FakeServer) -> None:
    """Nobody may have spoken of it for an interval; who lacks it says so, once the others speak."""
    [uri] = owned_by(B)
    trio = Trio(server, [uri])
    del trio.others[B].keys[uri]
    trio.run(20)
    assert UP in (trio.state(uri), trio.at(C, uri))
    assert trio.others[B].talk.words_of(uri)[B].kind == "lacks"
    assert trio.state(uri) == trio.at(C, uri) == UP


def test_what_this_node_does_not_have(server: FakeServer) -> None:
    """It says so, and what it would own another one pings; when it has it, it knows at once how it is."""
    [uri], [other] = owned_by(ME, B), owned_by(C)
    trio = Trio(server, [uri, other], lacking=[uri])
    trio.run(20)
    assert trio.others[B].talk.words_of(uri)[ME].kind == "lacks"
    assert trio.at(B, uri) == trio.at(C, uri) == UP
    trio.keepalive.add_destination(uri, "me", ping_interval=4)
    trio.run(0.3)
    assert trio.state(uri) == UP
    trio.run(10)
    assert trio.others[B].talk.words_of(uri)[ME].kind == "up"
    trio.keepalive.del_destination(uri, "me")
    trio.run(10)
    assert trio.others[B].talk.words_of(uri)[ME].kind == "lacks"
    assert trio.case(uri) is None


def test_who_begins_looks_first_at_what_is_down(server: FakeServer) -> None:
    """Of what others can't reach it may hold most to be up; the rest has its time, and all of it comes."""
    uris = [uri for who in EVERYWHERE for uri in owned_by(who, number=30)]
    trio = Trio(server, uris)
    dead = {uris[-1], uris[0], uris[45]}
    trio.unreachable.update((who, uri) for who in EVERYWHERE for uri in dead)
    trio.begin_behind()
    trio.run(5)
    told = [line for line in server.ksr.lines("notice") if "unknown -> " in line]
    assert all("unknown -> down: 2 of 3 nodes" in line for line in told[:3])
    assert len(told) > 30
    assert all(trio.state(uri) == (DOWN if uri in dead else UP) for uri in uris if uri not in owned_by(ME))


def test_what_is_not_registered_yet_is_not_lacking(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the server starts, the node has no word of it; then it follows the others, or lacks it."""
    down, up, lacking = (owned_by(B, ME)[0], *owned_by(C, ME), *owned_by(C, B))
    trio = Trio(server, [down, up, lacking], lacking=[down, up, lacking])
    trio.unreachable.update((who, down) for who in (B, C))
    rows = importlib.import_module("keepalive_core.kamailio.startup_rows")
    monkeypatch.setattr(rows, "is_started", lambda: False)
    trio.begin_behind()

    def said() -> list[str]:
        words = [trio.others[B].talk.words_of(uri)[ME].kind for uri in (down, up, lacking)]
        return ["lacks" if word == "lacks" else "" for word in words]

    for _ in range(40):
        trio.run(0.2)
        assert said() == [""] * 3
    for uri in (down, up):
        assert trio.keepalive.add_destination(uri, "me", **OPTIONS) == 0
    monkeypatch.undo()
    trio.run(0.3)
    assert (trio.state(down), trio.state(up)) == (DOWN, UP)
    assert said() == ["", "", "lacks"]


def test_reports_of_one_that_does_not_own_it(server: FakeServer) -> None:
    """They make its own word, the others look at once, and what they reach is up but here."""
    [uri] = owned_by(B, C)
    trio = Trio(server, [uri], ping_skip_if_fresh=0)
    trio.run(12)
    before = len(trio.sent)
    for _ in range(2):
        trio.keepalive.report_failure(uri, "no route to it")
    assert trio.state(uri) == UP, "nothing is down by this node's word alone, before others were asked"
    trio.unreachable.add((ME, uri))
    trio.run(3)
    assert states(trio, uri) == [DOWN, UP, UP]
    case = trio.case(uri)
    assert case
    assert case.words[ME][:2] == ("down", "reported failing: no route to it")
    assert len(trio.sent) > before, "from now on it asks by itself, whether it is back"
    trio.unreachable.clear()
    trio.run(8)
    assert states(trio, uri) == [UP] * 3


def test_failed_calls_of_one_that_does_not_own_it(server: FakeServer) -> None:
    """So do calls, if there are enough; those that are asked can't reach it, so it is down for all."""
    [uri] = owned_by(B, C)
    trio = Trio(server, [uri], passive_mode="on", passive_min=2)
    trio.run(12)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    for _ in range(2):
        trio.keepalive.report_reply(uri, 503)
    trio.run(4)
    assert states(trio, uri) == [DOWN] * 3


def test_a_drain_that_a_reply_asks_for_travels(server: FakeServer) -> None:
    """To the others, with the time that is left; when it answers as ever, it is over everywhere."""
    [uri] = owned_by(ME)
    trio = Trio(server, [uri], drain_codes="480", drain_time=20)
    trio.run(12)
    trio.codes[uri] = 480
    trio.run(6)
    word = trio.others[B].talk.words_of(uri)[ME]
    assert word.kind == "drain"
    assert 10 < (word.ends - server.now) / 1e6 <= 21
    assert trio.keepalive.is_alive(uri) == DOWN
    trio.codes.clear()
    trio.run(6)
    assert trio.others[B].talk.words_of(uri)[ME].kind == "up"
    assert trio.keepalive.is_alive(uri) == UP


def test_a_drain_that_another_node_heard_of(server: FakeServer) -> None:
    """Holds here too, takes no state down, and is over when that node says so."""
    from keepalive_core.rules.cluster_word import DRAIN, Word

    [uri] = owned_by(B)
    trio = Trio(server, [uri])
    trio.run(12)
    talk = trio.others[B].talk
    talk.say(uri, Word(DRAIN, "503 Busy", server.now + 8_000_000))
    trio.run(2)
    assert trio.state(uri) == UP
    assert trio.keepalive.is_alive(uri) == DOWN
    case = trio.case(uri)
    assert case
    assert case.words[B][0] == "drain"
    trio.run(8)
    assert trio.keepalive.is_alive(uri) == UP


def test_a_name_follows_its_targets_which_are_spoken_of(server: FakeServer) -> None:
    """Of the name itself nobody says anything."""
    name, targets = "sip:provider.example.com", ["sip:192.168.10.1:5060", "sip:192.168.10.2:5060"]
    trio = Trio(server, [])
    assert trio.keepalive.add_destination(name, "me", dns_expand=1, **OPTIONS) == 0
    trio.run(1)
    resolve(name, targets)
    trio.run(12)
    keys = {f"{name}#{target.removeprefix('sip:')}" for target in targets}
    said = trio.others[B].talk.peers[ME].words.words
    assert {*said} <= keys
    assert {*said}, "this node stands in for those that have it not"
    assert trio.state(name) == UP


def test_what_tracks_another_one_follows_it_at_each_node(server: FakeServer) -> None:
    """Also where nobody pings that one, and as soon as it comes."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri])
    trio.run(12)
    tracker = "sip:192.0.2.99"
    assert trio.keepalive.add_destination(tracker, "me", track=uri, fall=9) == 0
    trio.run(2)
    assert trio.keepalive.state(tracker) == UP
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(14)
    assert (trio.state(uri), trio.keepalive.state(tracker)) == (DOWN, DOWN)
    trio.unreachable.clear()
    trio.run(10)
    assert (trio.state(uri), trio.keepalive.state(tracker)) == (UP, UP)
    assert all(trio.others[node].talk.words_of(f"{tracker}:5060")[ME].kind == "none" for node in (B, C))


def test_a_word_that_nothing_fresh_stands_behind_is_taken_back(server: FakeServer) -> None:
    """If this node can't send, others stand in, and it stays up; if nobody says anything, it is unknown."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri], stale_after=6)
    trio.run(12)
    server.refusals["192.0.0.1"] = "no route to host"
    trio.unreachable |= {(ME, each) for each in trio.uris}
    trio.run(20)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.others[B].talk.words_of(uri)[ME].kind == "none"
    trio.cut |= {B, C}
    trio.run(14)
    assert trio.state(uri) == UNKNOWN
    assert trio.changes == [(uri, UP), (uri, UNKNOWN)]


def test_what_no_node_may_ping_that_lives_gets_old(server: FakeServer) -> None:
    """What the only node of cluster_nodes said before it died is not fresh for ever."""
    [uri] = owned_by(C, B)
    terms = Terms(only=frozenset({C}))
    trio = Trio(server, [uri], terms=terms, stale_after=6, cluster_nodes=C)
    trio.run(12)
    assert (trio.state(uri), trio.case(uri), trio.sent) == (UP, None, [])
    trio.cut |= {C}
    trio.run(8)
    assert trio.state(uri) == UP
    trio.run(20)
    assert trio.state(uri) == UNKNOWN
    trio.cut.clear()
    trio.run(6)
    assert (trio.state(uri), trio.case(uri), trio.sent) == (UP, None, [])


def test_a_destination_that_flaps_is_kept_down_by_those_that_see_it(server: FakeServer) -> None:
    """The word of this node stays down, however well its pings go, and so does the state here."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri], flap_limit=3, flap_window=60, flap_hold=20, flap_hold_max=20)
    trio.run(12)
    for _ in range(2):
        trio.unreachable.add((ME, uri))
        trio.run(8)
        trio.unreachable.clear()
        trio.run(6)
    assert states(trio, uri) == [DOWN, UP, UP]
    case = trio.case(uri)
    assert case
    assert case.words[ME][1].startswith("flapping: 3 changes")
    trio.run(26)
    assert states(trio, uri) == [UP] * 3


def test_the_quorum_is_the_operators(server: FakeServer) -> None:
    """With 1 the owner's word is enough, here as elsewhere."""
    from keepalive_core.rules.cluster_verdict import Terms

    [uri] = owned_by(B, ME)
    server.define("cluster_quorum", "1")
    trio = Trio(server, [uri], terms=Terms(quorum=1))
    trio.run(12)
    trio.unreachable.add((B, uri))
    trio.run(8)
    assert trio.state(uri) == DOWN


def test_a_drain_reaches_what_tracks_it(server: FakeServer) -> None:
    """Whether this node was asked for it, or another one."""
    from keepalive_core.rules.cluster_word import DRAIN, Word
    from keepalive_core.rules.cluster_word import UP as IS_UP

    mine, other = owned_by(ME)[0], owned_by(B)[0]
    trio = Trio(server, [mine, other], drain_codes="480", drain_time=20)
    trackers = {mine: "sip:192.0.2.98", other: "sip:192.0.2.99"}
    for uri, tracker in trackers.items():
        trio.keepalive.add_destination(tracker, "me", track=uri)
    trio.run(12)
    trio.codes[mine] = 480
    trio.run(5)
    talk = trio.others[B].talk
    talk.say(other, Word(DRAIN, "503 Busy", server.now + 60_000_000))
    trio.run(1)
    assert [trio.keepalive.is_alive(each) for each in trackers.values()] == [DOWN, DOWN]
    trio.codes.clear()
    talk.say(other, Word(IS_UP))
    trio.run(6)
    assert [trio.keepalive.is_alive(each) for each in trackers.values()] == [UP, UP]


def _tracking(server: FakeServer, node: str, by: str, **options: object) -> tuple[Trio, str, str]:
    """Return three nodes, a destination that one of them owns, and one that tracks it, which is known."""
    uri, tracker = owned_by(node)[0], owned_by(by, number=20)[-1]
    trio = Trio(server, [uri])
    assert trio.keepalive.add_destination(tracker, "me", track=uri, **options) == 0
    trio.run(12)
    assert trio.state(tracker) == UP
    return trio, uri, tracker


@pytest.mark.parametrize("owner", [ME, B])
@pytest.mark.parametrize("by", [ME, B])
def test_what_a_tracker_in_maintenance_missed(server: FakeServer, owner: str, by: str) -> None:
    """It follows as soon as it is ready again: what holds for the tracked one is told once, as it changes."""
    trio, uri, tracker = _tracking(server, owner, by)
    for until, state in ((0, DOWN), (10, UP)):
        assert trio.keepalive.set_admin(tracker, "maint", until) == 0
        trio.run(2)
        trio.unreachable = {(node, uri) for node in EVERYWHERE if state == DOWN}
        trio.run(16)
        assert trio.state(uri) == state
        trio.keepalive.set_admin(tracker, "ready")
        trio.run(3)
        assert trio.state(tracker) == state


@pytest.mark.parametrize("owner", [ME, B])
def test_a_tracker_of_what_was_in_maintenance(server: FakeServer, owner: str) -> None:
    """After five minutes nothing is known of it; it is as soon as the tracked one is pinged again."""
    trio, uri, tracker = _tracking(server, owner, ME)
    trio.keepalive.set_admin(uri, "maint")
    trio.run(320)
    assert (trio.state(uri), trio.state(tracker)) == (UP, UNKNOWN)
    trio.keepalive.set_admin(uri, "ready")
    trio.run(8)
    assert (trio.state(uri), trio.state(tracker)) == (UP, UP)


def test_a_tracker_follows_what_is_decided_alone(server: FakeServer) -> None:
    """While the process of the cluster stands still, and behind that."""
    trio, uri, tracker = _tracking(server, ME, ME)
    trio.stands_still = True
    trio.run(11)
    for unreachable, state in (({(ME, uri)}, DOWN), (set[tuple[str, str]](), UP)):
        trio.unreachable = unreachable
        trio.run(10)
        assert (trio.state(uri), trio.state(tracker)) == (state, state)
    trio.stands_still = False
    trio.run(12)
    assert (trio.state(uri), trio.state(tracker)) == (UP, UP)


def test_a_tracker_is_told_what_holds_and_not_what_held(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if that changes while a prober looks at the tracked one: nobody would tell it again."""
    trio, uri, tracker = _tracking(server, B, ME)
    from keepalive_core.rules.evidence import OfCluster
    from keepalive_core.services import verdicts
    from keepalive_core.services.node_share import NodeShare

    follow = NodeShare.follow

    def meanwhile(self: Any, key: str, *args: Any) -> Any:
        if key == uri:
            verdicts.apply(key, OfCluster(DOWN, "2 of 3 nodes can't reach it", server.now))
        return follow(self, key, *args)

    monkeypatch.setattr(NodeShare, "follow", meanwhile)
    trio.keepalive.ping_now(uri)
    trio.stands_still = True  # it would look at it again
    trio.run(0.5)
    assert (trio.state(uri), trio.keepalive.state(tracker)) == (DOWN, DOWN)


def test_a_tracker_that_could_not_be_told_is_told_later(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as memory has room again: what holds for the tracked one may not change for days."""
    trio, uri, tracker = _tracking(server, B, ME)
    from keepalive_core.kamailio import tables, tracked_rows

    def full(*args: Any) -> None:
        raise tables.SharedMemoryFull("an entry")

    with monkeypatch.context() as patch:
        patch.setattr(tracked_rows, "tell", full)
        trio.unreachable = {(node, uri) for node in EVERYWHERE}
        trio.run(16)
    assert (trio.state(uri), trio.state(tracker)) == (DOWN, UP)
    trio.run(2)
    assert (trio.state(uri), trio.state(tracker)) == (DOWN, DOWN)


def test_a_tracker_keeps_its_state_while_what_it_tracks_is_registered_anew(server: FakeServer) -> None:
    """As without a cluster: what is not known yet says nothing."""
    trio, uri, tracker = _tracking(server, ME, ME)
    trio.keepalive.del_destination(uri, "me")
    trio.run(0.5)
    trio.keepalive.add_destination(uri, "me", **OPTIONS)
    trio.keepalive.set_admin(uri, "maint")
    trio.run(3)
    assert (trio.state(uri), trio.state(tracker)) == (UNKNOWN, UP)


def test_a_tracker_does_not_wait_for_one_more_round(server: FakeServer) -> None:
    """Though so many fail here that the sockets' destinations do: of the tracked one nothing more is told."""
    mine = owned_by(ME, number=12)
    uri, tracker = owned_by(B, C)[0], owned_by(ME, number=20)[-1]
    server.define("mass_failure", "30")
    trio = Trio(server, [*mine, uri])
    trio.keepalive.add_destination(tracker, "me", track=uri)
    trio.run(12)
    trio.unreachable = {(B, uri), (C, uri), *((ME, each) for each in mine)}
    trio.run(40)
    assert any("mass_failure" in line for line in server.ksr.lines("warn"))
    assert (trio.state(uri), trio.state(tracker)) == (DOWN, DOWN)


def test_a_tracker_is_not_kept_down_for_itself(server: FakeServer) -> None:
    """What flaps is the tracked one, and kept down, or not, by its own owner."""
    trio, uri, tracker = _tracking(server, B, ME, flap_limit=4, flap_window=300, flap_hold=10)
    for _ in range(2):
        for unreachable in ({(node, uri) for node in EVERYWHERE}, set[tuple[str, str]]()):
            trio.unreachable = unreachable
            trio.run(12)
            assert trio.state(tracker) == trio.state(uri) == (DOWN if unreachable else UP)


def test_what_can_not_be_sent_here_others_ping(server: FakeServer) -> None:
    """A node without a route leaves its share to the others an interval or two later, and believes them."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri])
    trio.run(12)
    address = uri.removeprefix("sip:").partition(":")[0]
    server.refusals[address] = "Network is unreachable"
    trio.unreachable = {(ME, uri)}
    trio.run(16)
    assert trio.keepalive.info(uri)["last_result"] == "unsent"
    said = trio.others[C].talk.words_of(uri)
    assert (said[ME].kind, said[B].kind) == ("none", "up")
    trio.unreachable |= {(B, uri), (C, uri)}
    trio.run(12)
    assert states(trio, uri) == [DOWN] * 3
    server.refusals.clear()
    trio.unreachable.clear()
    trio.run(16)
    assert states(trio, uri) == [UP] * 3
    assert trio.others[C].talk.words_of(uri)[ME].kind == "up"
    assert trio.case(uri) is None


@pytest.mark.parametrize("first", [(ME, B), (B, ME)])
def test_what_one_of_two_can_not_ask_the_other_decides(server: FakeServer, first: tuple[str, str]) -> None:
    """A node that can't confirm is waited for no longer, and its state follows, until it can ask again."""
    [uri] = owned_by(*first)
    trio = Trio(server, [uri])
    trio.cut.add(C)
    trio.run(18)
    server.refusals[uri.removeprefix("sip:").partition(":")[0]] = "Network is unreachable"
    trio.unreachable = {(node, uri) for node in EVERYWHERE}
    trio.run(20)
    said = trio.others[B].talk.words_of
    assert (states(trio, uri)[:2], said(uri)[ME].kind, said(uri)[B].kind) == ([DOWN, DOWN], "unsent", "down")
    trio.unreachable.discard((B, uri))
    trio.run(6)
    assert (states(trio, uri)[:2], said(uri)[ME].kind, said(uri)[B].kind) == ([UP, UP], "none", "up")
    trio.unreachable.add((B, uri))
    trio.run(12)
    assert states(trio, uri)[:2] == [DOWN, DOWN]
    server.refusals.clear()
    trio.unreachable.discard((ME, uri))
    trio.run(6)
    assert (states(trio, uri)[:2], said(uri)[ME].kind) == ([UP, DOWN], "up"), "it is asked again, and answers"
    trio.unreachable.clear()
    trio.run(12)
    assert states(trio, uri)[:2] == [UP, UP]
    assert trio.case(uri) is None
    assert trio.changes == [(uri, state) for state in (UP, DOWN, UP, DOWN, UP)]


@pytest.mark.parametrize("first", [(ME, B), (B, ME)])
@pytest.mark.parametrize("word", [UNSENT, NONE])
def test_what_the_other_node_can_not_ask_nobody_gives_up(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, first: tuple[str, str], word: str
) -> None:
    """It may well answer there; only what that one can't reach either, or has given up, is gone here, too."""
    [uri] = owned_by(*first)
    trio = Trio(server, [uri], remove_after=4)
    trio.cut.add(C)
    trio.run(18)
    other = trio.others[B]
    say = other._say

    def can_not_ask(key: str, _: Word) -> None:
        say(key, Word(word) if other.case(key).is_doubted() else NO_WORD)

    trio.unreachable = {(ME, uri), (B, uri)}
    with monkeypatch.context() as patch:
        patch.setattr(other, "_say", can_not_ask)
        trio.run(60)
        assert trio.state(uri) == DOWN
    trio.run(30)
    if first[0] == B:
        assert trio.state(uri) == DOWN
        del other.keys[uri]
        other.to_look.add(uri)
        trio.run(10)
    assert trio.state(uri) == -1


@pytest.mark.parametrize("remove_after", range(1, 5))
def test_nobody_gives_up_what_he_alone_can_not_reach(server: FakeServer, remove_after: int) -> None:
    """However few failures are enough: the others are asked first."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri], remove_after=remove_after)
    trio.run(12)
    trio.unreachable = {(ME, uri)}
    trio.run(20)
    assert states(trio, uri) == [DOWN, UP, UP]
    trio.unreachable = {(node, uri) for node in EVERYWHERE}
    trio.run(20)
    assert trio.state(uri) == -1


@pytest.mark.parametrize("first", [(ME, B), (B, ME), (C, ME)])
def test_nobody_gives_up_what_was_down_while_he_heard_nobody(
    server: FakeServer, first: tuple[str, str]
) -> None:
    """When another one is heard again, and is not asked yet: it may have been restarted."""
    [uri] = owned_by(*first)
    trio = Trio(server, [uri], remove_after=2)
    trio.run(18)
    trio.cut |= {B, C}
    trio.unreachable = {(ME, uri)}
    trio.run(24)
    assert trio.state(uri) == DOWN
    trio.cut.remove(B)
    trio.run(24)
    assert states(trio, uri)[:2] == [DOWN, UP]


def test_what_could_not_be_sent_once_is_no_reason_to_be_left_out(server: FakeServer) -> None:
    """The others wait for this node's word, as for any that is asked."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri], ping_interval=30)
    trio.cut.add(C)
    trio.run(40)
    trio.unreachable = {(ME, uri), (B, uri)}
    address = uri.removeprefix("sip:").partition(":")[0]
    server.refusals[address] = "Network is unreachable"
    while trio.keepalive.info(uri)["last_result"] != "unsent":
        trio.run(0.5)
    server.refusals.clear()
    trio.unreachable = {(B, uri)}
    trio.run(2)
    assert trio.others[B].talk.words_of(uri)[ME].kind == "none"
    trio.run(40)
    assert states(trio, uri)[:2] == [UP, DOWN]
    assert trio.changes == [(uri, UP)]


def test_what_no_node_can_ask_stands_as_ever(server: FakeServer) -> None:
    """For the five minutes for which it would on a server alone: then nothing is known of it."""
    [uri] = owned_by(ME)
    trio = Trio(server, [uri], terms=Terms(only=frozenset({ME})), cluster_nodes=ME)
    trio.run(12)
    server.refusals[uri.removeprefix("sip:").partition(":")[0]] = "Network is unreachable"
    trio.unreachable = {(ME, uri)}
    trio.run(280)
    assert trio.state(uri) == UP
    trio.run(60)
    assert trio.state(uri) == UNKNOWN


def test_who_may_not_ping_it_says_nothing_of_it(server: FakeServer) -> None:
    """Its calls do not keep down at home what it never asks."""
    [uri] = owned_by(B)
    trio = Trio(server, [uri], cluster_nodes=B)
    trio.run(12)
    for _ in range(3):
        trio.keepalive.report_failure(uri, "no route")
    trio.run(6)
    assert states(trio, uri) == [UP] * 3
    assert trio.others[B].talk.words_of(uri)[ME].kind == "none"


def test_a_node_whose_process_stands_still_decides_alone(server: FakeServer) -> None:
    """After ten seconds: no state is kept for ever because nobody reads what was said."""
    [uri] = owned_by(ME)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.stands_still = True
    trio.run(11)
    trio.unreachable.add((ME, uri))
    trio.run(8)
    assert trio.state(uri) == DOWN
    assert "this node decides alone how" in "".join(server.ksr.lines("err"))
    trio.unreachable.clear()
    trio.run(5)
    assert trio.state(uri) == UP
    trio.stands_still = False
    trio.run(8)
    assert trio.state(uri) == UP
    assert trio.case(uri) is None


@pytest.mark.parametrize("cut", [set[str](), {B, C}])
def test_what_went_down_while_a_node_decided_alone(server: FakeServer, cut: set[str]) -> None:
    """What it said before, up, is too old as well: nobody hears of calls that can be made again."""
    [uri] = owned_by(ME)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.cut |= cut
    trio.run(8)
    trio.stands_still = True
    trio.run(11)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(10)
    assert trio.changes == [(uri, UP), (uri, DOWN)]
    trio.stands_still = False
    trio.run(12)
    assert trio.changes == [(uri, UP), (uri, DOWN)]
    trio.unreachable.clear()
    trio.run(6)
    assert trio.state(uri) == UP


def test_what_a_node_decided_alone_ends_with_that(server: FakeServer) -> None:
    """What it can't reach is another's: once its process of the cluster goes on it believes that one."""
    [uri] = owned_by(B)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.stands_still = True
    trio.unreachable.add((ME, uri))
    trio.run(30)
    assert states(trio, uri) == [DOWN, UP, UP]
    trio.stands_still = False
    trio.run(12)
    assert states(trio, uri) == [UP] * 3


def test_what_finds_no_room_is_told_by_the_next_ping(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that could not be queued is not lost."""
    [uri] = owned_by(ME)
    trio = Trio(server, [uri])
    trio.run(12)
    from keepalive_core.kamailio import queues

    monkeypatch.setattr(queues, "_MOST_OWN", 0)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(5)
    assert trio.others[B].talk.words_of(uri)[ME].kind == "up"
    assert "is not told to the cluster now" in "".join(server.ksr.lines("err"))
    monkeypatch.setattr(queues, "_MOST_OWN", 9)
    trio.run(8)
    assert states(trio, uri) == [DOWN] * 3


def test_a_node_that_reaches_later_what_comes_back_is_not_degraded(server: FakeServer) -> None:
    """Others reach them first: that the fault is its own it says only if it still can't."""
    uris = owned_by(ME, number=4) + owned_by(B, number=2)
    trio = Trio(server, uris)
    trio.run(12)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE for uri in uris}
    trio.run(12)
    assert states(trio, uris[0]) == [DOWN] * 3
    trio.unreachable = {(ME, uri) for uri in uris}
    trio.run(4)
    trio.unreachable.clear()
    trio.run(12)
    assert all(trio.state(uri) == UP for uri in uris)
    assert [line for line in server.ksr.lines("warn") if "degraded" in line] == []
    trio.unreachable |= {(node, uri) for node in EVERYWHERE for uri in uris}
    trio.run(12)
    trio.unreachable = {(ME, uri) for uri in uris}
    trio.run(12)
    assert [line for line in server.ksr.lines("warn") if "degraded" in line] != []


def test_a_cluster_of_one_is_as_no_cluster(server: FakeServer) -> None:
    """It asks nobody, and waits for nobody."""
    [uri] = owned_by(B)
    trio = Trio(server, [uri])
    trio.cut |= {B, C}
    trio.run(12)
    assert trio.state(uri) == UP
    trio.unreachable.add((ME, uri))
    trio.run(6)
    assert trio.state(uri) == DOWN
    trio.unreachable.clear()
    trio.run(5)
    assert trio.changes == [(uri, UP), (uri, DOWN), (uri, UP)]


def test_nobody_stands_in_for_what_is_in_maintenance(server: FakeServer) -> None:
    """Nobody speaks of it, as nobody may ping it."""
    [uri] = owned_by(B)
    trio = Trio(server, [uri])
    trio.keepalive.set_admin(uri, "maint")
    del trio.others[B].keys[uri], trio.others[C].keys[uri]
    trio.run(16)
    assert trio.case(uri) is None
    trio.keepalive.set_admin(uri, "ready")
    trio.run(16)
    assert trio.state(uri) == UP


def test_a_script_that_is_reloaded_begins_anew(server: FakeServer) -> None:
    """What was not calm is looked at again, with the words that the others say to its new life."""
    [uri] = owned_by(ME)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(10)
    assert trio.case(uri)
    trio.unreachable.clear()
    trio.keepalive = server.process()
    trio.run(0.2)
    assert trio.case(uri) is None
    assert trio.state(uri) == DOWN
    trio.run(14)
    assert states(trio, uri) == [UP] * 3
    assert trio.case(uri) is None


def test_two_of_three_take_it_down_for_the_third(server: FakeServer) -> None:
    """Although that one reaches it; with a quorum of three it stays up there."""
    from keepalive_core.rules.cluster_verdict import Terms

    [uri] = owned_by(B, C)
    trio = Trio(server, [uri], terms=Terms())
    trio.run(12)
    trio.unreachable |= {(B, uri), (C, uri)}
    trio.run(12)
    assert states(trio, uri) == [DOWN] * 3
    trio.unreachable.discard((C, uri))
    trio.run(10)
    assert states(trio, uri) == [UP, DOWN, UP]


def test_two_of_three_are_too_few_for_a_quorum_of_three(server: FakeServer) -> None:
    """It stays up at the third, and is down at these."""
    from keepalive_core.rules.cluster_verdict import Terms

    [uri] = owned_by(B, C)
    server.define("cluster_quorum", "3")
    trio = Trio(server, [uri], terms=Terms(quorum=3))
    trio.run(12)
    trio.unreachable |= {(B, uri), (C, uri)}
    trio.run(12)
    assert states(trio, uri) == [UP, DOWN, DOWN]


def test_a_node_that_was_paused_stands_in_again(server: FakeServer) -> None:
    """For an owner that does not have it, as it did before."""
    [uri] = owned_by(B)
    trio = Trio(server, [uri])
    del trio.others[B].keys[uri], trio.others[C].keys[uri]
    trio.keepalive.pause()
    trio.run(20)
    assert trio.state(uri) == UNKNOWN
    trio.keepalive.resume()
    trio.run(8)
    assert trio.state(uri) == UP


@pytest.mark.parametrize("cut", [set[str](), {C}])
@pytest.mark.parametrize("is_paused", [True, False])
def test_what_was_down_comes_up_at_who_pings_nothing(
    server: FakeServer, cut: set[str], is_paused: bool
) -> None:
    """As it is paused, or its prober stands still: the others see that it is back, and it believes them."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri])
    trio.cut |= cut
    trio.run(20)
    trio.unreachable = {(node, uri) for node in EVERYWHERE}
    trio.run(16)
    assert trio.state(uri) == DOWN
    if is_paused:
        assert trio.keepalive.pause() == 0
    trio.pings_stand_still = not is_paused
    trio.run(14)
    assert (trio.state(uri), trio.at(B, uri)) == (DOWN, DOWN)
    trio.unreachable.clear()
    trio.run(6)
    assert (trio.state(uri), trio.at(B, uri)) == (UP, UP)


@pytest.mark.parametrize("is_paused", [True, False])
def test_who_pings_again_believes_nothing_that_it_said_before(server: FakeServer, is_paused: bool) -> None:
    """What went down meanwhile does not come up by its old word, though that is one of two."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri])
    trio.cut.add(C)
    trio.run(20)
    if is_paused:
        assert trio.keepalive.pause() == 0
    trio.pings_stand_still = not is_paused
    trio.run(20)
    trio.unreachable = {(node, uri) for node in EVERYWHERE}
    trio.run(16)
    assert (trio.state(uri), trio.at(B, uri)) == (DOWN, DOWN)
    trio.keepalive.resume()
    trio.pings_stand_still = False
    trio.run(16)
    assert trio.changes == [(uri, UP), (uri, DOWN)]


def test_what_was_down_here_alone_stays_so_at_who_is_paused(server: FakeServer) -> None:
    """Nobody else sees what leaves from here."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable = {(ME, uri)}
    trio.run(12)
    assert trio.keepalive.pause() == 0
    trio.run(12)
    assert states(trio, uri) == [DOWN, UP, UP]
    trio.unreachable.clear()
    assert trio.keepalive.resume() == 0
    trio.run(6)
    assert states(trio, uri) == [UP, UP, UP]


@pytest.mark.parametrize("cut", [{C}, set()], ids=["of two", "of three"])
def test_what_calls_show_at_who_is_paused(server: FakeServer, cut: set[str]) -> None:
    """Nobody answers it, so it waits for no answer, and does not begin with that again and again."""
    [uri] = owned_by(B)
    trio = Trio(server, [uri])
    trio.cut |= cut
    trio.run(16)
    assert trio.keepalive.pause() == 0
    trio.run(3)
    for _ in range(2):
        trio.keepalive.report_failure(uri, "no route to it")
    trio.run(0.4)
    assert states(trio, uri)[:2] == [DOWN, UP]
    case = trio.case(uri)
    assert case
    assert case.alone
    trio.run(20)
    assert not [line for line in server.ksr.lines("info") if "stays as it is" in line]
    assert trio.keepalive.resume() == 0
    trio.run(12)
    assert states(trio, uri)[:2] == [UP, UP]
    assert trio.case(uri) is None


def test_memory_that_was_full_loses_no_state(server: FakeServer) -> None:
    """What could not be written is tried again a second later."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    server.ksr.room_left = 0
    trio.run(8)
    server.ksr.room_left = None
    trio.run(8)
    assert states(trio, uri) == [DOWN] * 3
    assert trio.case(uri)


def test_memory_that_has_no_room_for_a_number_has_no_node_decide_alone(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many destinations it owns is for those who look; its states follow the others all the same."""
    uris = owned_by(B, ME, number=2)
    trio = Trio(server, uris)
    trio.run(12)
    from keepalive_core.kamailio import cluster_rows, tables

    def full(*args: Any) -> None:
        raise tables.SharedMemoryFull("a row")

    monkeypatch.setattr(cluster_rows, "store_own", full)
    trio.cut.add(B)
    trio.run(20)
    assert cluster_rows.is_followed(server.now)
    assert not [line for line in server.ksr.lines("err") if "stands still" in line]


def test_a_server_that_stood_still_says_anew_what_is_down(server: FakeServer) -> None:
    """What it said is too old for the others; its state stays until it has pinged, or they say otherwise."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(12)
    said = trio.others[B].talk.words_of
    assert (states(trio, uri), said(uri)[ME].kind) == ([DOWN] * 3, "down")
    server.now += 8 * SECOND
    trio.run(0.4)
    assert (states(trio, uri), said(uri)[ME].kind) == ([DOWN] * 3, "none")
    trio.run(12)
    assert (states(trio, uri), said(uri)[ME].kind) == ([DOWN] * 3, "down")
    assert trio.changes == [(uri, UP), (uri, DOWN)]


@pytest.mark.parametrize("heals", [False, True])
def test_what_was_down_here_alone_is_pinged_at_once_by_who_stood_still(
    server: FakeServer, heals: bool
) -> None:
    """Until then its state stands, whatever the others say: calls leave from here."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri], ping_interval=30)
    trio.run(40)
    trio.unreachable.add((ME, uri))
    trio.run(40)
    assert states(trio, uri) == [DOWN, UP, UP]
    trio.sent.clear()
    trio.changes.clear()
    trio.stands_still = True
    trio.run(4)
    trio.stands_still = False
    if heals:
        trio.unreachable.clear()
    trio.run(2)
    assert 1 <= len(trio.sent) <= 2
    assert trio.changes == [(uri, UP)] * heals
    case = trio.case(uri)
    assert (case is not None and case.alone) is not heals


def test_an_answer_that_does_not_come_in_time_is_not_waited_for(server: FakeServer) -> None:
    """Of what was taken back: then it is as the others say."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri], ping_interval=30)
    trio.run(40)
    trio.unreachable.add((ME, uri))
    trio.run(40)
    trio.stands_still = True
    trio.run(4)
    trio.stands_still = False
    assert trio.keepalive.pause() == 0
    trio.run(3)
    assert states(trio, uri) == [UP, UP, UP]


@pytest.mark.parametrize("after", [0.2, 0.6])
def test_a_relapse_waits_no_longer_than_ever_for_who_says_nothing(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, after: float
) -> None:
    """Though this node's word did not count at first, as the destination had just come back."""
    [uri] = owned_by(ME)
    server.define("cluster_quorum", "3")
    trio = Trio(server, [uri], terms=Terms(quorum=3), ping_interval=30)
    trio.run(40)
    trio.unreachable = {(node, uri) for node in EVERYWHERE}
    trio.run(40)
    trio.unreachable = {(C, uri)}
    while trio.state(uri) == DOWN:
        trio.run(0.2)
    trio.run(after)
    trio.others[B].talk.say(uri, NO_WORD)
    monkeypatch.setattr(trio.others[B].talk, "say", lambda *_: False)
    trio.run(0.2)
    trio.unreachable.add((ME, uri))
    for _ in range(2):
        trio.keepalive.report_failure(uri, "no route to it")
    trio.run(1.5)
    assert trio.state(uri) == UP
    trio.run(0.8)
    assert trio.state(uri) == DOWN


@pytest.mark.parametrize("rise", [1, 3])
def test_what_two_could_not_reach_that_were_cut_off(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, rise: int
) -> None:
    """This node is one of them: it is up again as soon as this node has pinged it, and nowhere else down."""
    monkeypatch.setattr(cluster_model, "INTERVAL", 30 * SECOND)
    [uri] = owned_by(C, ME, B)
    trio = Trio(server, [uri], ping_interval=30, rise=rise)
    trio.run(70)
    trio.unreachable |= {(ME, uri), (B, uri)}
    trio.cut |= {ME, B}
    trio.run(90)
    assert states(trio, uri) == [DOWN, DOWN, UP]
    trio.unreachable.clear()
    trio.cut.clear()
    trio.run(8)
    assert states(trio, uri) == [UP, UP, UP]
    assert [state for *_, state in trio.others[C].states] == [UP]


def test_many_that_one_node_can_not_reach_are_few_lines(server: FakeServer) -> None:
    """Of a broken uplink an operator reads twenty lines a minute and what they have in common."""
    uris = owned_by(ME, number=30)
    trio = Trio(server, uris)
    trio.run(12)
    trio.unreachable |= {(ME, uri) for uri in uris}
    trio.run(16)
    assert {trio.state(uri) for uri in uris} == {DOWN}
    for level, said in {"warn": "is down from this node alone", "info": "stays as it is"}.items():
        assert len([line for line in server.ksr.lines(level) if said in line]) == 20


def test_what_this_node_can_not_reach_and_may_ping_no_more(server: FakeServer) -> None:
    """It was down here alone, as the carrier knows the other's address only; now cluster_nodes says so."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri], group="carrier")
    trio.unreachable.add((ME, uri))
    trio.run(12)
    assert states(trio, uri) == [DOWN, UP, UP]
    assert trio.keepalive.configure_group("carrier", cluster_nodes=B) == 0
    for node in trio.others.values():
        node.terms = lambda _: Terms(only=frozenset({B}))
    trio.run(3)
    trio.sent.clear()
    trio.run(12)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.sent == []


@pytest.mark.parametrize("number", [1, 4])
def test_a_dead_uplink_if_there_are_few_destinations(server: FakeServer, number: int) -> None:
    """All are down there, those that others own, too, and nothing elsewhere, until it heals."""
    uris = [*owned_by(ME), *owned_by(B, number=number)]
    trio = Trio(server, uris)
    trio.run(12)
    trio.unreachable |= {(ME, uri) for uri in uris}
    trio.run(24)
    assert [states(trio, uri) for uri in uris] == [[DOWN, UP, UP]] * len(uris)
    assert trio.others[B].talk.peers[ME].beat.degraded is (number == 4)
    trio.unreachable.clear()
    trio.run(16)
    assert [states(trio, uri) for uri in uris] == [[UP] * 3] * len(uris)
    trio.sent.clear()
    trio.run(12)
    assert {*trio.sent} == {*uris[:1]}
    assert all([state for _, _, state in trio.others[node].states] == [UP] * len(uris) for node in (B, C))


@pytest.mark.parametrize("owner", [ME, B])
def test_a_name_is_given_up_if_others_reach_no_target_either(server: FakeServer, owner: str) -> None:
    """At each node by its own turns, whoever acts for all; what this node alone can't reach is no reason."""
    names = (f"sip:carrier{at}.example.com" for at in range(999))
    target = "192.168.10.20:5060"
    wanted = ((rank(name, NODES)[0], rank(f"{name}#{target}", NODES)[0], name) for name in names)
    name = next(name for *first, name in wanted if first == [owner, ME])
    trio = Trio(server, [f"{name}#{target}"], lacking=[f"{name}#{target}"])
    assert trio.keepalive.add_destination(name, "me", dns_expand=1, remove_after=4, **OPTIONS) == 0
    tracker = "sip:192.0.2.99"
    assert trio.keepalive.add_destination(tracker, "me", track=name, remove_after=9) == 0
    trio.run(1)
    resolve(name, [f"sip:{target}"])
    trio.run(20)
    trio.unreachable = {(ME, name)}
    trio.run(60)
    assert (trio.state(name), trio.keepalive.state(tracker)) == (DOWN, DOWN)
    trio.unreachable |= {(node, f"{name}#{target}") for node in (B, C)}
    trio.run(60)
    assert (trio.state(name), trio.keepalive.state(tracker)) == (-1, -1)


def test_who_is_asked_says_again_that_it_answers(server: FakeServer) -> None:
    """The other one waits for that, as a word of before is no answer; it ends as soon as nobody doubts."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri])
    trio.run(8)
    before = trio.others[B]
    other = cluster_model.Node(B, NODES, trio.uris, random.Random(8), server.now, before.terms)
    trio.others[B] = other
    trio.unreachable.add((B, uri))
    seen = []
    for _ in range(60):
        trio.run(0.2)
        words = other.talk.words_of(uri)
        seen.append((words[B].kind, words[ME], trio.at(B, uri)))
    assert ("down", Word("up"), UP) in seen, "it waits"
    assert ("down", Word("up"), DOWN) not in seen
    assert seen[-1] == ("down", Word("up", fresh=1), DOWN)
    trio.unreachable.clear()
    trio.run(12)
    assert other.talk.words_of(uri)[ME] == NO_WORD
    assert trio.case(uri) is None
