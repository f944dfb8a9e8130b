"""The process that speaks with the other nodes of a cluster."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from cluster_pair import ME, OTHER, Lab
from conftest import FakeServer
from keepalive_core.rules import cluster_lines
from keepalive_core.rules.cluster_talk import Manners, Talk

THIRD = "sip:10.0.0.3:5060"


@pytest.fixture
def lab(server: FakeServer) -> Callable[..., Lab]:
    return lambda **defines: Lab(server, **defines)


def test_two_nodes_see_each_other(lab: Callable[..., Lab]) -> None:
    """The other processes of the node read that in rows; a node that falls silent is told of."""
    one = lab()
    one.tick(1)
    assert one.rows.view().pings is False  # it still listens
    one.tick(3)
    assert {ME, OTHER} == {*one.rows.view().live} == {*one.rows.view().counted} == {*one.other.view.live}
    assert one.rows.view().pings
    peer = one.rows.peers()[OTHER]
    assert (peer.live, peer.counted, peer.life) == (True, True, one.other.life)
    assert 0 <= one.server.now - peer.heard <= 1_100_000
    number = one.rows.view().number
    one.tick(2)
    assert one.rows.view().number == number
    one.is_cut = True
    one.tick(6)
    assert {*one.rows.view().live} == {ME}
    assert one.rows.view().number > number
    assert not one.rows.peers()[OTHER].live
    [line] = [line for line in one.lines("warn") if OTHER in line]
    assert f"node {OTHER} of the cluster is silent, and the others ping its share" in line
    assert one.lines("err") == []


def test_nothing_before_it_is_known_where_the_server_listens(server: FakeServer) -> None:
    """The first prober asks Kamailio."""
    server.define("node", ME)
    server.process()
    server.ksr.handlers.ksr_keepalive_cluster(None)
    assert importlib.import_module("keepalive_core.services.cluster_process").the_cluster.talk is None
    assert server.ksr.logged == []


@pytest.mark.parametrize(
    ("defines", "line"),
    [
        ({"node": "sip:x.example.com:5060"}, "KEEPALIVE_NODE: 'sip:x.example.com:5060' is ignored"),
    ],
)
def test_a_node_that_can_not_be(lab: Callable[..., Lab], defines: dict[str, str], line: str) -> None:
    """It is told once, and nothing is said to anybody."""
    one = lab(**defines)
    for _ in range(30):
        one.server.now += 100_000
        one.server.ksr.handlers.ksr_keepalive_cluster(None)
    [told] = one.lines("err")
    assert f"bad setting of the cluster: {line}" in told
    assert one.take() == []


@pytest.mark.parametrize("node", ["sip:10.9.9.9:5060", "sip:10.0.0.1:5061"])
def test_a_node_that_is_no_socket_of_this_server(lab: Callable[..., Lab], node: str) -> None:
    """It is a cluster of one: it pings all by itself, says nothing to anybody, and hears nobody."""
    one = lab(node=node)
    one.tick(4)
    [told] = one.lines("err")
    assert f"bad setting of the cluster: no UDP socket of this server is KEEPALIVE_NODE {node}" in told
    assert {*one.rows.view().ready} == {node}
    assert one.rows.view().pings
    assert one.take() == []


@pytest.mark.parametrize(
    ("sender", "reason"), [(ME, f"{ME} is this node itself"), (THIRD, f"{THIRD} is no peer of this node")]
)
def test_a_message_of_nobody(lab: Callable[..., Lab], sender: str, reason: str) -> None:
    """Another server with this node's name, and one that is not configured here, are named."""
    one = lab()
    one.tick(4)
    one.say(cluster_lines.body([cluster_lines.head(sender, ME, 1, 1, 0)], b""))
    one.tick(0.1)
    assert reason in one.lines("warn")[-1]


def test_a_peer_that_can_not_be(lab: Callable[..., Lab]) -> None:
    """The others hold."""
    one = lab(peer2="sip:[2001:db8::1]:5060", peer3=ME, peer4=OTHER)
    one.tick(4)
    assert len(one.lines("err")) == 3
    assert {*one.rows.view().live} == {ME, OTHER}
    assert one.process.talk.peers.keys() == {OTHER}


def test_what_is_not_signed_is_told_once(lab: Callable[..., Lab]) -> None:
    """At the start."""
    one = lab()
    one.tick(3)
    assert [line for line in one.lines("warn") if "do not sign what they say" in line] == one.lines("warn")
    assert not one.rows.view().signed


def test_a_key_is_replaced_under_way(lab: Callable[..., Lab], tmp_path: Path) -> None:
    """First both nodes take both keys, then they sign with the new one: neither is ever dead."""
    file = tmp_path / "key"
    before, after = b"0123456789abcdef", b"fedcba9876543210"

    def write(*keys: bytes) -> None:
        file.write_bytes(b"\n".join(keys))
        file.chmod(0o600)

    write(before)
    one = lab(cluster_secret_file=str(file))
    one.other.manners = Manners(secrets=(before,))
    one.tick(4)
    assert {*one.rows.view().live} == {ME, OTHER}
    assert one.rows.view().signed
    write(before, after)
    one.tick(2)
    one.other.manners = Manners(secrets=(after, before))
    one.tick(7)
    write(after, before)
    one.tick(2)
    one.other.manners = Manners(secrets=(after,))
    one.tick(7)
    write(after)
    one.tick(7)
    assert {*one.rows.view().live} == {ME, OTHER}
    assert one.lines("warn") == one.lines("err") == []
    one.other.manners = Manners(secrets=(before,))
    one.tick(7)
    assert {*one.rows.view().live} == {ME}
    assert "not signed with our secret" in one.lines("warn")[0]


def test_with_a_file_that_has_no_key_nothing_is_said(lab: Callable[..., Lab], tmp_path: Path) -> None:
    """Nor heard: it pings all by itself until there is a key."""
    file = tmp_path / "key"
    one = lab(cluster_secret_file=str(file))
    one.tick(4)
    assert {*one.rows.view().live} == {ME}
    [line] = one.lines("err")
    assert "No such file or directory; this node says and hears nothing" in line
    assert (one.rows.view().signed, one.rows.view().keyless) == (True, True)
    file.write_bytes(b"0123456789abcdef")
    file.chmod(0o600)
    one.other.manners = Manners(secrets=(b"0123456789abcdef",))
    one.tick(4)
    assert {*one.rows.view().live} == {ME, OTHER}
    assert (one.rows.view().signed, one.rows.view().keyless) == (True, False)


@pytest.mark.parametrize("body", ["", "garbage", "ka2 x", "x" * 9000, "\udcff", "ka1 a b 1 1 1"])
def test_what_makes_no_sense(lab: Callable[..., Lab], body: str) -> None:
    """One line a minute at the most, and nothing changes."""
    one = lab()
    one.tick(4)
    before = one.rows.view()
    for _ in range(20):
        one.say(body)
    one.tick(1)
    assert one.rows.view() == before
    assert len([line for line in one.lines("warn") if "may have said is dropped" in line]) == 1
    assert one.lines("err") == []


def test_a_message_to_another_node(lab: Callable[..., Lab]) -> None:
    """It is none of ours, whoever brings it."""
    one = lab()
    one.tick(4)
    one.say(cluster_lines.body([cluster_lines.head(OTHER, THIRD, 1, 1, 0)], b""))
    one.tick(0.1)
    assert f"it is to another node, {THIRD}" in one.lines("warn")[-1]


def test_settings_and_a_pause_are_followed(lab: Callable[..., Lab]) -> None:
    """Within a second; a node is dead after three heartbeats at the soonest."""
    one = lab()
    one.tick(4)
    assert one.process.talk.manners == Manners()
    for name, value in (("cluster_heartbeat", "2"), ("cluster_timeout", "1"), ("cluster_join", "0")):
        one.server.ksr.settings[name] = value
    one.server.tick(2)
    assert one.keepalive.pause() == 0
    one.tick(2)
    assert one.process.talk.manners == Manners(2_000_000, 6_000_000, 0)
    assert one.rows.view().paused
    assert ME not in one.rows.view().fit
    assert one.other.peers[ME].beat.paused
    assert one.keepalive.resume() == 0
    one.tick(2)
    assert not one.rows.view().paused


def test_without_memory_what_it_sees_is_written_later(
    lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line of the log, not ten a second; with memory the processes that ping hear of it at once."""
    one = lab()
    one.is_cut = True
    one.tick(4)
    one.is_cut = False
    tables = importlib.import_module("keepalive_core.kamailio.tables")
    store = one.rows.store_view

    def refuse(row: object) -> None:
        raise tables.SharedMemoryFull("'view' in table keepalive_cluster")

    monkeypatch.setattr(one.rows, "store_view", refuse)
    one.tick(7)
    assert one.rows.view().live == (ME,)
    [line] = one.lines("err")
    assert "what this node sees of the cluster is not followed now" in line
    monkeypatch.setattr(one.rows, "store_view", store)
    one.tick(0.2)
    assert one.rows.view().live == (ME, OTHER)
    assert one.rows.peer(OTHER).live
    assert len([line for line in one.lines("info") if f"{OTHER} of the cluster is there" in line]) == 1


def test_parts_have_their_turn(lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told what a message has changed, and says what it has to say before it is told."""
    seen: list[object] = []

    class Part:
        def __init__(self, talk: Talk) -> None:
            self.talk = talk

        def heed(self, heeded: object, now: int) -> None:
            seen.append("heeds")

        def tick(self, now: int) -> None:
            seen.append("ticks")

    one = lab()
    module: ModuleType = importlib.import_module("keepalive_core.services.cluster_process")
    monkeypatch.setattr(module, "PARTS", [Part])
    one.tick(2)
    assert {"heeds", "ticks"} == {*seen}
