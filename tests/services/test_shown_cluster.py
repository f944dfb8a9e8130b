"""What is shown of the cluster, given the rows of the process that talks to the others."""

from __future__ import annotations

import json
from typing import Any, get_type_hints

import pytest

from cluster_nodes import NODES
from cockpit_calls import NAME, ONE, Desk
from conftest import FakeServer
from counted_calls import Calls
from keepalive_core.rules import uris
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.cluster_owner import first
from keepalive_core.rules.cluster_row_text import CaseRow, OwnRow, PeerRow, ViewRow

ME, B, C = ALL = NODES
X = "sip:192.168.10.20"
KEY = uris.parse(X).key
ONLY_B = f"only {B} can't reach it: 1 of 3 nodes, 2 are needed"


class Cluster:
    """This node, whose cluster's process is the test."""

    def __init__(self, server: FakeServer) -> None:
        server.define("node", ME)
        for number, name in enumerate((B, C), 1):
            server.define(f"peer{number}", name)
        self.desk = Desk(server)
        self.server = server
        server.tick()
        self.rows: Any = self.desk.part("kamailio.cluster_rows")

    def begin(self) -> None:
        """All three are there, and well."""
        self.rows.store_view(ViewRow(1, ME, 7, ALL, ALL, ALL, ALL, pings=True, signed=True))
        self.rows.store_own(OwnRow(owns=34, doubted=1, version="0.9.0", config=5))
        for name in (B, C):
            heard = self.server.now - 400_000
            self.rows.store_peer(
                name, PeerRow(9, True, True, heard, version=self.desk.keepalive.__version__, config=5)
            )

    def doubt(self, key: str = KEY) -> None:
        """B can't reach a destination."""
        words = {ME: ("up", "", 100), B: ("down", "no reply in 501 ms", 200)}
        self.rows.store_case(key, CaseRow(words, "UP", "up: 1 of 3", False, (C, B), True))


@pytest.fixture
def cluster(server: FakeServer) -> Cluster:
    made = Cluster(server)
    made.begin()
    return made


def test_without_a_cluster_nothing_is_shown(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key more, in whatever is asked for, and the method says why; no row of the cluster is looked for."""
    calls = Calls(server, monkeypatch)
    desk = Desk(server)
    server.tick()
    assert desk.keepalive.add_destination(X, "me") == 0
    server.tick()
    assert desk.keepalive.info() == {}
    assert "cluster" not in desk.keepalive.info(X)
    seen = desk.call("view")
    assert "cluster" not in seen
    assert "cluster" not in seen["rows"][0]
    with pytest.raises(Refused, match="this server is in no cluster: KEEPALIVE_NODE is not defined"):
        desk.call("cluster")
    assert [args for _, args in calls.made if "keepalive_cluster" in args] == []
    asked = [args for name, args in calls.made if name == "pv.get" and "KEEPALIVE_NODE" in args[0]]
    assert len(asked) <= 2, "once in each of two processes"


def test_a_node_without_a_key(cluster: Cluster) -> None:
    """It says so, and not that it signs nothing."""
    cluster.rows.store_view(ViewRow(2, ME, 7, ALL, ALL, ALL, ALL, signed=True, keyless=True))
    [sentence] = cluster.desk.keepalive.info()["cluster"]["trouble"]
    assert "has no key, see the log" in sentence


def test_the_nodes(cluster: Cluster) -> None:
    """Which there are, this one first, how each is, and what is this one's."""
    known = cluster.desk.keepalive.info()["cluster"]
    assert json.loads(json.dumps(known)) == known
    assert (known["node"], known["life"], known["signed"], known["degraded"]) == (ME, 7, True, False)
    assert (known["owns"], known["doubted"], known["alone"], known["trouble"]) == (34, 1, 0, [])
    assert list(known["nodes"]) == [ME, B, C]
    assert (known["nodes"][ME]["state"], known["nodes"][ME]["heard_ago"]) == ("live", 0)
    assert known["nodes"][B] == {
        "state": "live",
        "live": True,
        "heard_ago": 0.4,
        "life": 9,
        "behind": 0,
        "counts": True,
        "degraded": False,
        "paused": False,
        "joining": False,
        "version": cluster.desk.keepalive.__version__,
        "config_differs": False,
        "two_lives": False,
    }
    assert cluster.desk.call("view")["cluster"] == known


def test_what_is_not_as_it_should_be(cluster: Cluster) -> None:
    """One that is gone, has another version and configuration, and two lives; one that was never heard."""
    heard = cluster.server.now - 62_000_000
    cluster.rows.store_peer(B, PeerRow(9, False, False, heard, version="x\n", config=6, twice=True))
    cluster.rows.store_peer(C, PeerRow())
    known = cluster.desk.keepalive.info("")["cluster"]
    version = cluster.desk.keepalive.__version__
    assert known["trouble"] == [
        f"{B} has not been heard for 62 s",
        f"two servers say that they are {B}",
        f"{B} has other settings or destinations than this node",
        f"{B} has version 'x\\n' of keepalive, this node {version}",
        f"{C} has never been heard",
    ]
    assert (known["nodes"][C]["heard_ago"], known["nodes"][C]["state"]) == (None, "never heard")


def test_before_the_first_look(server: FakeServer) -> None:
    """This node is alone, and joins; nothing is guessed of others."""
    cluster = Cluster(server)
    assert cluster.desk.keepalive.add_destination(X, "me") == 0
    known = cluster.desk.keepalive.info()["cluster"]
    assert (known["node"], known["joining"], known["owns"]) == (ME, True, 0)
    assert {name: node["state"] for name, node in known["nodes"].items()} == {
        ME: "joining",
        B: "never heard",
        C: "never heard",
    }
    assert cluster.desk.keepalive.info(X)["cluster"]["words"] == {}


def test_a_calm_destination_has_no_row(cluster: Cluster) -> None:
    """Its owner, and who would be asked, follow from who is there."""
    keepalive = cluster.desk.keepalive
    uris_ = [f"sip:192.168.10.{number}" for number in range(20, 40)]
    for each in uris_:
        assert keepalive.add_destination(each, "me") == 0
    cluster.server.tick()
    found = {each: keepalive.info(each)["cluster"] for each in uris_}
    assert {each: known["owner"] for each, known in found.items()} == {
        each: first(uris.parse(each).key, ALL) for each in uris_
    }
    assert {known["owner"] for known in found.values()} == set(ALL)
    for known in found.values():
        assert known["mine"] == (known["owner"] == ME)
        assert known["decision"] == f"{'this node' if known['mine'] else known['owner']} pings it"
        assert (known["words"], known["alone"]) == ({}, False)
        assert sorted(known["asked"]) == sorted(ALL)
        assert known["asked"][0] == known["owner"]
    rows = cluster.desk.call("view")["rows"]
    assert {row["uri"]: row["cluster"]["owner"] for row in rows} == {
        each: known["owner"] for each, known in found.items()
    }
    assert {row["cluster"]["decision"] for row in rows} == {""}


def test_one_that_a_node_can_not_reach(cluster: Cluster) -> None:
    """Each node's word, who was asked, and the sentence, wherever it is looked at."""
    keepalive = cluster.desk.keepalive
    assert keepalive.add_destination(X, "me") == 0
    cluster.doubt()
    cluster.server.tick()
    known = keepalive.info(X)["cluster"]
    assert json.loads(json.dumps(known)) == known
    assert known["words"] == {
        ME: {"word": "up", "since": 100, "reason": "", "counts": True},
        B: {"word": "down", "since": 200, "reason": "no reply in 501 ms", "counts": True},
    }
    assert (known["decision"], known["alone"], known["asked"]) == (ONLY_B, False, [C, B])
    assert known["owner"] in (ME, C), "who can't reach it is passed over"
    assert cluster.desk.call("view")["rows"][0]["cluster"]["decision"] == ONLY_B
    told = cluster.desk.call("cluster")
    assert (told["total"], told["node"]) == (1, ME)
    assert told["destinations"] == [{"destination": KEY, "cluster": known}]
    assert cluster.desk.call("cluster", 0)["destinations"] == []


def test_this_node_alone_can_not_reach_it(cluster: Cluster) -> None:
    """It says so."""
    assert cluster.desk.keepalive.add_destination(X, "me") == 0
    words = {ME: ("down", "no reply", 0), B: ("up", "", 0), C: ("up", "", 0)}
    cluster.rows.store_case(KEY, CaseRow(words, "ALONE", "down here", True, ALL, True))
    cluster.rows.store_own(OwnRow(alone=1))
    known = cluster.desk.keepalive.info(X)["cluster"]
    assert (known["alone"], known["mine"]) == (True, False)
    assert known["decision"] == "only this node can't reach it: 1 of 3 nodes, 2 are needed"
    assert cluster.desk.keepalive.info()["cluster"]["trouble"] == [
        "destinations that this node alone can't reach: 1"
    ]
    seen = cluster.desk.call("view")["rows"][0]["cluster"]
    assert (seen["alone"], seen["decision"]) == (True, known["decision"])
    shown = cluster.desk.part("services.shown_cluster")
    said = shown.at_a_glance(KEY, "this node alone can't reach it: no reply")
    assert said["decision"] == "", "the reason of its state says it"


def test_who_acts_for_all(cluster: Cluster) -> None:
    """Of those to whom it is news the one that wants it most; others would not be told."""
    mine = next(uri for uri in (f"sip:192.168.11.{at}:5060" for at in range(99)) if first(uri, ALL) == ME)
    assert cluster.desk.keepalive.add_destination(mine, "me") == 0
    cluster.server.tick()
    now = cluster.server.now
    for outcome, acting, until, owner in (
        ("DOWN", ALL, 0, ME),
        ("DOWN", (), 0, ME),
        ("DOWN", (B, C), 0, first(mine, (B, C))),
        ("UP", (B, C), now, ME),
        ("UP", (B, C), now + 1, first(mine, (B, C))),
    ):
        row = CaseRow(outcome=outcome, asked=ALL, ping=True, acting=acting, acting_until=until)
        cluster.rows.store_case(mine, row)
        known = cluster.desk.keepalive.info(mine)["cluster"]
        assert (known["owner"], known["mine"]) == (owner, owner == ME)


def test_words_of_a_node_that_is_gone_do_not_count(cluster: Cluster) -> None:
    """They are shown all the same."""
    assert cluster.desk.keepalive.add_destination(X, "me") == 0
    cluster.doubt()
    cluster.rows.store_view(ViewRow(2, ME, 7, *[(ME, C)] * 4, pings=True))
    known = cluster.desk.keepalive.info(X)["cluster"]
    assert (known["words"][B]["counts"], known["decision"]) == (False, "up: 1 of 3")


def test_of_a_name_its_targets_are_spoken_of(cluster: Cluster) -> None:
    """And of one that tracks another nothing: its state is that one's."""
    (target,) = cluster.desk.add_name(ONE)
    assert cluster.desk.keepalive.add_destination(X, "me", track=ONE) == 0
    cluster.server.tick()
    cluster.doubt(target)
    name = cluster.desk.keepalive.info(NAME)
    assert name["cluster"] == {"owner": (owner := first(name["destination"], ALL)), "mine": owner == ME}
    assert name["targets"][0]["cluster"]["decision"] == ONLY_B
    assert cluster.desk.keepalive.info(target)["cluster"]["words"][B]["word"] == "down"
    assert cluster.desk.keepalive.info(X)["cluster"] == {
        "owner": (owner := first(KEY, ALL)),
        "mine": owner == ME,
    }
    cluster.desk.look()
    assert [row["cluster"] for row in cluster.desk.call("view")["rows"]] == [None, None]


def test_one_node_acts_for_a_name_and_for_a_tracker(cluster: Cluster) -> None:
    """Just one of all live nodes; not the one that alone can't reach what it follows."""
    (target,) = cluster.desk.add_name(ONE)
    assert cluster.desk.keepalive.add_destination(X, "me", track=ONE) == 0
    cluster.server.tick()
    followed = {NAME: target, X: uris.parse(ONE).key}
    owners = {each: cluster.desk.keepalive.info(each)["cluster"]["owner"] for each in followed}
    for owner in {*owners.values()}:
        rest = tuple(node for node in ALL if node != owner)
        cluster.rows.store_view(ViewRow(2, ME, 7, *[(*{ME, *rest},)] * 4, pings=True))
        for each in followed:
            assert cluster.desk.keepalive.info(each)["cluster"]["owner"] in {ME, *rest}
    cluster.begin()
    for each, behind in followed.items():
        words = {ME: ("down", "no reply in 501 ms", 100), B: ("up", "", 200)}
        cluster.rows.store_case(behind, CaseRow(words, "ALONE", "down here", True, (C, B), True))
        known = cluster.desk.keepalive.info(each)["cluster"]
        assert (known["owner"] in (B, C), known["mine"]) == (True, False)


def test_a_degraded_node_acts_for_what_follows_what_was_left_to_it(cluster: Cluster) -> None:
    """It comes back with that, and the others have counted on this node."""
    mine = next(uri for uri in (f"sip:192.168.11.{at}:5060" for at in range(99)) if first(uri, ALL) == ME)
    assert cluster.desk.keepalive.add_destination(ONE, "me") == 0
    assert cluster.desk.keepalive.add_destination(mine, "me", track=ONE) == 0
    cluster.rows.store_view(ViewRow(2, ME, 7, ALL, ALL, (B, C), ALL, pings=True, degraded=True))
    for left in (False, True):
        row = CaseRow(outcome="UP", acting=ALL if left else (B, C), acting_until=cluster.server.now + 1)
        cluster.rows.store_case(uris.parse(ONE).key, row)
        assert cluster.desk.keepalive.info(mine)["cluster"]["mine"] is left


def test_what_tracks_a_name_follows_its_targets(cluster: Cluster) -> None:
    """Nor does a node act for all then that alone can't reach one of these."""
    (target,) = cluster.desk.add_name(ONE)
    tracker = next(uri for uri in (f"sip:192.168.11.{at}:5060" for at in range(99)) if first(uri, ALL) == ME)
    assert cluster.desk.keepalive.add_destination(tracker, "me", track=NAME) == 0
    cluster.server.tick()
    assert cluster.desk.keepalive.info(tracker)["cluster"]["mine"] is True
    words = {ME: ("down", "no reply in 501 ms", 100), B: ("up", "", 200)}
    cluster.rows.store_case(target, CaseRow(words, "ALONE", "down here", True, (C, B), True))
    assert cluster.desk.keepalive.info(tracker)["cluster"]["mine"] is False
    for acting, is_mine in ((ALL, True), ((B, C), False)):
        cluster.rows.store_case(target, CaseRow(outcome="DOWN", acting=acting))
        assert cluster.desk.keepalive.info(tracker)["cluster"]["mine"] is is_mine


def test_many_that_are_not_calm(cluster: Cluster) -> None:
    """As many as are asked for are shown, and one that is monitored no more is left out."""
    keys = []
    for number in range(60):
        uri = f"sip:192.168.11.{number}"
        keys.append(uris.parse(uri).key)
        if number != 7:
            assert cluster.desk.keepalive.add_destination(uri, "me") == 0
        cluster.doubt(keys[-1])
    told = cluster.desk.call("cluster", 50)
    assert told["total"] == 60
    shown = [each["destination"] for each in told["destinations"]]
    assert shown == [key for key in sorted(keys)[:50] if key != keys[7]]


def test_each_key_has_the_type_that_it_is_said_to_have(cluster: Cluster) -> None:
    """What the classes say is what there is, and nothing else."""
    shown = cluster.desk.part("services.shown_cluster")
    assert cluster.desk.keepalive.add_destination(X, "me") == 0
    cluster.doubt()
    known, server = cluster.desk.keepalive.info(X)["cluster"], cluster.desk.keepalive.info()["cluster"]
    assert set(known) == set(get_type_hints(shown.ShownCase))
    assert set(known["words"][B]) == set(get_type_hints(shown.ShownWord))
    assert set(server) == set(get_type_hints(shown.ShownCluster))


def test_a_row_that_makes_no_sense(cluster: Cluster) -> None:
    """Whoever may use RPC can write it: it is dropped, and nobody falls over it."""
    assert cluster.desk.keepalive.add_destination(X, "me") == 0
    for key in ("view", "me", f"peer:{B}", f"case:{KEY}"):
        cluster.server.ksr.tables["keepalive_cluster"][key] = '{"number": "<script>"'
        assert cluster.desk.keepalive.info(X)["cluster"]["words"] == {}
        assert cluster.desk.keepalive.info()["cluster"]["node"] == ME
        cluster.begin()
    words = {B: ("nonsense", "x" * 5000, 0)}
    cluster.rows.store_case(KEY, CaseRow(words, "WHATEVER", "y\n" * 5000, True))
    known = cluster.desk.keepalive.info(X)["cluster"]
    assert len(known["words"][B]["reason"]) < 300
    assert len(known["decision"]) < 300
    assert "\n" not in known["decision"]


def test_kamcmd_has_the_command(cluster: Cluster) -> None:
    """Its nodes, and who can't reach what."""
    assert cluster.desk.keepalive.add_destination(X, "me") == 0
    cluster.doubt()
    cluster.server.tick()
    cluster.server.ksr.tables["keepalive_commands"]["anna"] = "cluster"
    cluster.server.ksr.handlers.ksr_keepalive_state_file(None, "rtimer")
    lines = cluster.server.ksr.tables["keepalive_answers"]["anna"].splitlines()
    assert lines == [
        "> cluster",
        f"{ME}: 3 of 3 nodes live; it owns 34, 1 in doubt, 0 that it alone can't reach",
        f"{ME}: live",
        *(line for line in lines if ", heard " in line),
        f"{KEY}: {ONLY_B}",
    ]
    assert len(lines) == 6
