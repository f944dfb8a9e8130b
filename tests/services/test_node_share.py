"""Of a cluster's destinations each node pings its own, in whatever way it comes to them."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from cluster_nodes import NODES
from conftest import FakeServer
from counted_calls import Calls
from keepalive_core.rules.cluster_owner import first
from keepalive_core.rules.cluster_row_text import CaseRow, ViewRow
from keepalive_core.rules.evidence import OfCluster
from keepalive_core.rules.states import UNKNOWN, UP

ME, B, C = NODES
URIS = [f"sip:192.0.2.{at}" for at in range(1, 61)]
MINE = [uri for uri in URIS if first(f"{uri}:5060", NODES) == ME]
OTHERS = [uri for uri in URIS if uri not in MINE]
SECOND = 1_000_000


@dataclass
class Node:
    """One node, and what the process would write that hears the others."""

    server: FakeServer
    keepalive: ModuleType
    probers: list[Any]
    number: int = 0

    def see(self, *ready: str, pings: bool = True, degraded: bool = False) -> None:
        """See other nodes from now on."""
        from keepalive_core.kamailio import cluster_rows

        self.number += 1
        live = tuple({ME, *ready})
        view = ViewRow(self.number, ME, 1, live, live, ready, live, pings, degraded)
        cluster_rows.store_view(view)

    def say(self, uri: str, case: CaseRow | None, now: bool = False) -> None:
        """Say of a destination that it is not calm, or that it is calm again."""
        from keepalive_core.kamailio import cluster_rows, queues
        from keepalive_core.rules.schedule import Wish

        key = f"{uri}:5060"
        if case:
            cluster_rows.store_case(key, case)
        else:
            cluster_rows.remove_case(key)
        queues.announce_change(key, Wish.NOW if now else Wish.REGULARLY)

    def run(self, seconds: float, code: int = 200, heard: bool = True) -> list[str]:
        """Let time pass, answer all pings, and return the URIs to which they went.

        Arguments: heard, whether the process runs that hears the others.
        """
        from keepalive_core.kamailio import cluster_rows

        sent = []
        for _ in range(round(seconds * 20)):
            self.server.now += SECOND // 20
            if heard:
                # It lives, but is so late that this node decides alone: nobody says words here.
                cluster_rows.store_followed(self.server.now - 60 * SECOND)
            before = len(self.server.ksr.sent)
            for prober in self.probers:
                prober.tick()
            for ping in self.server.ksr.sent[before:]:
                sent.append(ping.uri)
                self.server.ksr.reply(ping, code)
        return sent


@pytest.fixture(params=[1, 2, 5])
def node(request: pytest.FixtureRequest, server: FakeServer) -> Node:
    """A node that has not heard of any other yet, with 1, 2 or 5 probers."""
    return begin(server, request.param)


def begin(server: FakeServer, probers: int = 1, **options: Any) -> Node:
    server.define("node", ME)
    server.define("peer1", B)
    server.define("peer2", C)
    server.define("probers", str(probers))
    keepalive = server.process()
    for uri in URIS:
        keepalive.add_destination(uri, "me", **{"ping_interval": 4, **options})
    from keepalive_core.services.prober import Prober

    return Node(server, keepalive, [Prober(lambda: server.now) for _ in range(probers)])


def test_nothing_is_pinged_before_it_has_listened(node: Node) -> None:
    """Nor while it may not: it joins, or is paused. An order of an operator is."""
    assert node.run(6) == []
    node.see(B, C, pings=False)
    assert node.run(6) == []
    node.keepalive.ping_now(URIS[0])
    assert node.run(6) == URIS[:1]


def test_each_node_pings_its_share(node: Node) -> None:
    """Once an interval; the first time within 2 s of the view in which it may."""
    node.run(2)
    node.see(*NODES)
    assert set(node.run(2.2)) == set(MINE)
    sent = node.run(12)
    assert sorted(sent) == sorted(MINE * 3)
    assert [node.keepalive.state(uri) for uri in MINE + OTHERS] == [1] * len(MINE) + [0] * len(OTHERS)


def test_the_share_of_a_dead_node_is_taken_over(node: Node) -> None:
    """Within 2 s, each of its destinations once; and left when it is back."""
    node.see(*NODES)
    node.run(5)
    lost = [uri for uri in OTHERS if first(f"{uri}:5060", NODES[:2]) == ME]
    node.see(*NODES[:2])
    sent = node.run(2.2)
    assert lost
    assert set(lost) <= set(sent) <= set(MINE + lost)
    assert sorted(node.run(4)) == sorted(MINE + lost)
    node.see(*NODES)
    node.run(0.1)
    assert sorted(node.run(8)) == sorted(MINE * 2)


def test_alone_it_pings_all(node: Node) -> None:
    """Its own view is what it goes by, cut off or not; degraded, too."""
    node.see(ME)
    assert set(node.run(2.2)) == set(URIS)
    node.see(*NODES)
    node.run(1)
    node.see(B, C, degraded=True)
    assert set(node.run(2.2)) >= set(OTHERS)


def test_what_is_not_calm_is_pinged_by_whoever_is_asked(node: Node) -> None:
    """At once if so, then in its turn; and left as it was when it is calm again."""
    node.see(*NODES)
    node.run(4)
    mine, other = MINE[0], OTHERS[0]
    node.say(other, CaseRow({B: ("down", "", 0)}, ping=True), now=True)
    node.say(mine, CaseRow({ME: ("up", "", 0)}, ping=False))
    assert other in node.run(1.2)
    sent = node.run(8)
    assert (sent.count(other), sent.count(mine)) == (2, 0)
    for uri in (mine, other):
        node.say(uri, None)
    sent = node.run(8)
    assert (sent.count(other), sent.count(mine)) == (0, 2)


def test_a_new_view_leaves_exceptions_alone(node: Node) -> None:
    """Who hears the others says anew what holds."""
    node.see(*NODES)
    node.run(1)
    node.say(OTHERS[0], CaseRow(ping=True))
    node.say(MINE[0], CaseRow(ping=False))
    node.run(1)
    node.see(ME)
    node.run(1)
    node.see(*NODES)
    sent = node.run(8)
    assert OTHERS[0] in sent
    assert MINE[0] not in sent


def test_what_is_added_later_has_its_owner_at_once(server: FakeServer) -> None:
    """A new destination of this node is asked within a second, another one's never; deleted, it is gone."""
    node = begin(server)
    node.see(*NODES)
    node.run(3)
    for uri in URIS:
        node.keepalive.del_destination(uri, "me")
    assert node.run(5) == []
    for uri in URIS:
        node.keepalive.add_destination(uri, "me", ping_interval=4)
    assert set(node.run(1)) == set(MINE)


def test_a_view_of_nonsense_changes_nothing(server: FakeServer) -> None:
    """It is dropped with a line of the log, and the share stays."""
    node = begin(server)
    node.see(*NODES)
    node.run(4)
    server.ksr.tables["keepalive_cluster"]["view"] = '{"me": 3}'
    assert sorted(node.run(4)) == sorted(MINE)
    assert len([line for line in server.ksr.lines("err") if "'view'" in line]) == 1
    node.see(ME)
    assert len(set(node.run(6))) == len(URIS)


def test_a_long_walk_leaves_room_for_pings(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the nodes is followed in slices, and the next one when all is followed."""
    node = begin(server)
    import keepalive_core.services.node_share as module

    node.see(*NODES)
    node.run(3)
    with monkeypatch.context() as patched:
        patched.setattr(module, "_WALK_US", -1)
        node.see(ME)
        assert sorted(node.run(4)) == sorted(MINE)
    node.see(*NODES)
    node.run(1)
    assert set(node.run(4)) == set(MINE)


def test_a_flood_of_changes_holds_up_no_view(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As at a start with many destinations on a busy machine: what is looked at is asked at once."""
    node = begin(server)
    changes = node.probers[0]._changes
    take_changes = changes.take_changes

    def take_long(now: int) -> None:
        take_changes(now)
        server.now += SECOND // 20

    monkeypatch.setattr(changes, "take_changes", take_long)
    node.run(1)
    node.see(*NODES)
    assert set(node.run(2)) == set(MINE)


def test_pings_of_others_are_in_no_rate(server: FakeServer) -> None:
    """Of mass_failure's destinations behind a socket only those count that are asked here."""
    server.define("mass_failure", "50")
    node = begin(server)
    node.see(*NODES)
    node.run(3)
    from keepalive_core.kamailio import uplink_rows

    assert uplink_rows.behind_of("", 0) == len(MINE)
    assert node.probers[0]._fleet.rate == pytest.approx(len(MINE) / 4)


def test_a_paused_node_asks_nobody_and_comes_back_to_its_share(node: Node) -> None:
    """What it had is asked by others meanwhile; back, it asks its own anew."""
    node.see(*NODES)
    node.run(4)
    node.keepalive.pause()
    node.run(1.1)
    node.see(B, C, pings=False)
    assert node.run(6) == []
    node.keepalive.resume()
    node.run(1)
    node.see(*NODES)
    assert set(node.run(2.2)) == set(MINE)


def test_only_the_owner_gives_up(server: FakeServer) -> None:
    """What fails for remove_after is gone by its owner's word alone, and not if that one is alone with it."""
    node = begin(server, remove_after=3)
    node.see(*NODES)
    alone = CaseRow({ME: ("down", "", 0)}, alone=True, ping=True)
    for uri in [*MINE[1:], OTHERS[0]]:
        node.say(uri, alone._replace(alone=False, agreed=True))
    node.say(MINE[0], alone)
    node.run(14, code=503)
    left = {uri for uri in URIS if node.keepalive.state(uri) >= 0}
    assert left == {MINE[0], *OTHERS}


def test_what_its_owner_has_given_up_is_given_up_here_too(server: FakeServer) -> None:
    """Else it would be pinged for ever by all others."""
    node = begin(server, remove_after=3)
    node.see(*NODES)
    owners = {uri: first(f"{uri}:5060", NODES) for uri in OTHERS}
    uri = next(uri for uri in OTHERS if first(f"{uri}:5060", {*NODES} - {owners[uri]}) == ME)
    node.say(uri, CaseRow({ME: ("down", "", 0), owners[uri]: ("down", "", 0)}, ping=True, agreed=True))
    node.run(14, code=503)
    assert node.keepalive.state(uri) >= 0
    node.say(uri, CaseRow({ME: ("down", "", 0), owners[uri]: ("lacks", "", 0)}, ping=True, agreed=True))
    node.run(4, code=503)
    assert node.keepalive.state(uri) == -1


def test_a_state_is_fresh_while_another_node_speaks_of_it(server: FakeServer) -> None:
    """Whoever does not ask it, has it unknown only after nobody else has said anything for stale_after."""
    node = begin(server, stale_after=10)
    node.see(*NODES)
    uri = OTHERS[0]
    node.say(uri, CaseRow(ping=True))
    node.run(5)
    node.say(uri, None)
    node.run(60)
    assert node.keepalive.state(uri) == 1, "calm: its owner says so"
    node.say(uri, CaseRow({C: ("lacks", "", 0)}, ping=False))
    node.run(8)
    assert node.keepalive.state(uri) == 1
    node.run(4)
    assert node.keepalive.state(uri) == 0


def test_what_is_taken_over_is_asked_before_it_is_stale(server: FakeServer) -> None:
    """Its state stands until this node had the time to ask, however long ago it did so itself."""
    node = begin(server, stale_after=10)
    uri = next(uri for uri in OTHERS if first(f"{uri}:5060", NODES[:2]) == ME)
    node.see(*NODES)
    node.say(uri, CaseRow(ping=True))
    node.run(5)
    node.say(uri, None)
    node.run(60)
    node.see(*NODES[:2])
    states = []
    for _ in range(100):
        node.run(0.1, code=503)
        states.append(node.keepalive.state(uri))
    assert states == sorted(states)
    assert set(states) == {1, 2}


@pytest.mark.parametrize("clustered", [False, True])
def test_without_a_cluster_nothing_more_is_asked(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, clustered: bool
) -> None:
    """No call of KSR has to do with it in a second of ticks, at a change, and at a reply."""
    if clustered:
        server.define("node", ME)
    calls = Calls(server, monkeypatch)
    calls.api.add_destination(URIS[0], "me", ping_interval=1)
    server.tick(1)
    del calls.made[:]
    calls.api.set_admin(URIS[0], "maint")
    calls.api.set_admin(URIS[0], "ready")
    server.tick(3)
    of_cluster = [made for made in calls.made if "keepalive_cluster" in made[1] or "NODE" in str(made[1])]
    assert bool(of_cluster) is clustered


def test_a_failing_call_has_its_destination_asked_from_here(node: Node) -> None:
    """Once, whoever pings it: else nobody finds out what only this node can't reach. First it listens."""
    node.keepalive.report_failure(OTHERS[0])
    assert node.run(2) == []
    node.see(*NODES)
    node.run(4)
    node.keepalive.report_failure(OTHERS[0])
    assert OTHERS[0] in node.run(1.2)
    assert OTHERS[0] not in node.run(8)


def test_the_end_of_maintenance_is_the_owners(node: Node) -> None:
    """Who pings it asks soon; the others do as ever."""
    node.see(*NODES)
    node.run(4)
    for mode in ("maint", "ready"):
        for uri in (MINE[0], OTHERS[0]):
            node.keepalive.set_admin(uri, mode)
        sent = node.run(1.2)
    assert MINE[0] in sent
    assert OTHERS[0] not in sent


def test_a_tracker_is_known_as_long_as_anybody_can_ask_what_it_tracks(server: FakeServer) -> None:
    """Another node asks that one, so nothing comes of it here for long; a maintenance is another matter."""
    node = begin(server, ping_interval=20)
    tracker, tracked = "sip:198.51.100.1", OTHERS[0]
    node.keepalive.add_destination(tracker, "me", track=f"{tracked}:5060")
    node.see(*NODES)
    node.run(5)
    from keepalive_core.services import verdicts

    verdicts.apply(f"{tracked}:5060", OfCluster(UP, "", server.now))
    node.run(1)
    assert node.keepalive.state(tracker) == 1
    node.run(600)
    node.keepalive.pause()
    node.run(2)
    node.keepalive.resume()
    node.run(600)
    assert node.keepalive.state(tracker) == 1
    node.keepalive.set_admin(tracked, "maint")
    node.run(810)
    assert node.keepalive.state(tracker) == 0


def test_a_node_that_hears_nobody_pings_what_was_not_calm(node: Node) -> None:
    """What others did with it, as they said last, it does itself now."""
    node.see(*NODES)
    drained, lacking = OTHERS[:2]
    node.say(drained, CaseRow({B: ("drain", "503", 0)}, outcome="UP", ping=False))
    node.say(lacking, CaseRow({B: ("up", "", 0), C: ("lacks", "", 0)}, outcome="UP", ping=False))
    assert not {drained, lacking} & {*node.run(6)}
    assert {drained, lacking} <= {*node.run(18, heard=False)}
    node.run(3)
    assert not {drained, lacking} & {*node.run(6)}


def test_what_this_node_may_not_ping_gets_old_while_it_hears_nobody(server: FakeServer) -> None:
    """As nobody says how it is; once they are heard again it does not."""
    node = begin(server)
    uri = OTHERS[0]
    node.keepalive.add_destination(uri, "me", ping_interval=4, stale_after=20, cluster_nodes=B)
    node.see(*NODES)
    from keepalive_core.services import verdicts

    verdicts.apply(f"{uri}:5060", OfCluster(UP, "", server.now))
    node.run(60)
    assert node.keepalive.state(uri) == UP
    node.run(50, heard=False)
    assert node.keepalive.state(uri) == UNKNOWN
    node.run(3)
    verdicts.apply(f"{uri}:5060", OfCluster(UP, "", server.now))
    node.run(60)
    assert node.keepalive.state(uri) == UP


def test_only_nodes_that_a_carrier_knows_ping_it(server: FakeServer) -> None:
    """Said of a destination or its group, at any time; whatever becomes of the others, no other node does."""
    node = begin(server)
    node.see(*NODES)
    node.run(4)
    node.keepalive.configure_group("carrier", cluster_nodes=B)
    node.keepalive.add_destination(MINE[0], "me", ping_interval=4, group="carrier")
    node.keepalive.add_destination(MINE[1], "me", ping_interval=4, cluster_nodes=f"{B} {C}")
    node.keepalive.add_destination(OTHERS[0], "me", ping_interval=4, cluster_nodes=ME)
    node.run(4)
    pinged = {*MINE[2:], OTHERS[0]}
    assert set(node.run(4)) == pinged
    node.see(B, C, degraded=True)
    node.run(3)
    assert set(node.run(4)) == {*URIS} - {MINE[0], MINE[1]}
    node.see(*NODES)
    node.keepalive.configure_group("carrier", cluster_nodes="")
    node.run(4)
    assert set(node.run(4)) == pinged | {MINE[0]}


def test_a_node_that_hears_nobody_gives_up_nobody(server: FakeServer) -> None:
    """It may be cut off from all, carriers too; what it said would hold for all when it is back."""
    node = begin(server, remove_after=3)
    node.see(ME)
    node.run(20, code=503)
    assert [node.keepalive.state(uri) for uri in URIS] != []
    assert min(node.keepalive.state(uri) for uri in URIS) >= 0


def test_if_nobody_hears_the_others_this_node_pings_all(node: Node) -> None:
    """Else what it does not ping would stand for ever; once they are heard again it has its share."""
    node.see(*NODES)
    node.run(4)
    assert set(node.run(9, heard=False)) == set(MINE)
    node.server.now += 60 * SECOND
    assert set(node.run(0.5, heard=False)) <= set(MINE), "it stood still itself"
    node.run(3, heard=False)
    assert set(node.run(4, heard=False)) == set(URIS)
    errors = [line for line in node.server.ksr.lines("err") if "pings all destinations" in line]
    assert len(errors) == len(node.probers)
    node.run(1.1)
    assert set(node.run(4)) == set(MINE)
    assert set(node.run(14)) == set(MINE)


def test_a_cluster_that_can_not_begin_leaves_nobody_unpinged(server: FakeServer) -> None:
    """Whatever is wrong with its defines, the server does what it would do alone."""
    node = begin(server)
    assert node.run(9, heard=False) == []
    node.run(3, heard=False)
    assert set(node.run(4, heard=False)) == set(URIS)
