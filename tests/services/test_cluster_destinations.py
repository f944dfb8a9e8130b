"""Which destinations the cluster's process knows, and what other nodes make another one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from cluster_trio import ME, NODES, B, C, owned_by
from conftest import FakeServer
from keepalive_core.rules.cluster_talk import Talk
from keepalive_core.rules.cluster_view import View
from keepalive_core.rules.cluster_word import UP, Word


class Known:
    """The destinations of a node that sees all three from the start."""

    def __init__(self, server: FakeServer, uris: list[str]) -> None:
        server.define("node", ME)
        self.server = server
        self.keepalive = server.process()
        for uri in uris:
            self.keepalive.add_destination(uri, "me")
        self.module = importlib.import_module("keepalive_core.services.cluster_destinations")
        self.talk = Talk(ME, NODES, lambda: 1)
        self.see(*NODES)
        self.known: Any = self.module.Destinations(self.talk, self._do)
        self.known.follow_settings()

    @staticmethod
    def _do(key: str, act: Callable[[str], None]) -> None:
        act(key)

    def see(self, *live: str) -> None:
        nodes = frozenset(live)
        self.talk.view = View(ME, nodes, nodes, nodes, nodes)

    def warned(self) -> list[str]:
        """Take in all of them anew; return the lines that were ever written of cluster_nodes."""
        for key in self.module.destination_rows.monitored_keys():
            self.known.take_in(key)
        return [line for line in self.server.ksr.lines("warn") if "cluster_nodes" in line]

    def walk(self, steps: int | None = None) -> list[str]:
        """Go on with the walk for some steps."""
        return [key for key in islice(self.known.walk(), steps) if key]


@pytest.fixture
def known(server: FakeServer) -> Known:
    return Known(server, [uri for node in NODES for uri in owned_by(node, number=20)])


def test_all_are_taken_in_at_the_start_and_when_settings_change(known: Known) -> None:
    """And not before."""
    assert len(known.walk()) == 60
    assert len(known.known.shares.owned) == 20
    assert known.walk() == []
    known.known.follow_settings()
    assert known.walk() == []
    known.keepalive.configure_group("carriers", fall=3)
    known.known.follow_settings()
    assert len(known.walk()) == 60


def test_a_walk_goes_on_where_it_was_left(known: Known) -> None:
    """However often it is, and a change of the nodes waits for its end."""
    seen = known.walk(7)
    known.see(ME, B)
    assert known.known.has_another_view()
    seen += known.walk(7)
    while more := known.walk(11):
        seen += more
        if len(seen) >= 60:
            break
    assert len(set(seen[:60])) == 60
    moved = seen[60:]
    for _ in range(40):
        moved += known.walk(7)
    assert {*moved} == known.known.shares.owned - {*owned_by(ME, number=20)}
    assert not known.known.has_another_view()


def test_what_a_node_says_is_looked_at_when_it_comes_and_goes(known: Known) -> None:
    """Its words count, or count no more."""
    known.walk()
    [uri] = owned_by(B, C)
    known.talk.peers[C].words.words[uri] = Word(UP)
    known.see(ME, B)
    assert uri in known.walk()
    known.see(*NODES)
    assert uri in known.walk()


def test_who_follows_others_is_not_spoken_of(known: Known) -> None:
    """A name, what tracks another one, and what is not there."""
    [uri] = owned_by(ME)
    known.keepalive.add_destination("sip:192.0.2.98", "me", track=uri)
    known.keepalive.add_destination("sip:provider.example.com", "me", dns_expand=1)
    policy_of = known.module.policy_of
    assert policy_of(uri)
    for key in ("sip:192.0.2.98:5060", "sip:provider.example.com", "sip:192.0.2.97:5060"):
        assert policy_of(key) is None


def test_how_one_stands_in_the_log(known: Known) -> None:
    """As it was written."""
    known.keepalive.add_destination("sip:192.0.2.98", "me")
    assert known.module.uri_of("sip:192.0.2.98:5060") == "sip:192.0.2.98"
    assert known.module.uri_of("sip:gone:5060") == "sip:gone:5060"


def test_what_the_walk_comes_to_is_not_taken_in_twice(known: Known) -> None:
    """At the start each destination is announced too, while the walk is on its way."""
    key = owned_by(ME)[0]
    assert not known.known.is_awaited(key)
    seen = known.walk(7)
    left = {*(uri for node in NODES for uri in owned_by(node, number=20))} - {*seen}
    assert all(known.known.is_awaited(each) for each in left)
    assert not any(known.known.is_awaited(each) for each in seen)
    known.walk()
    assert not any(known.known.is_awaited(each) for each in left)


def test_cluster_nodes_that_are_none(known: Known) -> None:
    """What they name is told once for each value, of twenty values at the most."""
    known.walk()
    for at, nodes in enumerate(
        ["sip:10.9.9.1:5060", "sip:10.9.9.1:5060", f"{B}, sip:10.9.9.2:5060", f"{B}, {C}"]
    ):
        known.keepalive.add_destination(f"sip:192.0.2.{100 + at}", "me", cluster_nodes=nodes)
    lines = known.warned()
    assert [line.partition(" names ")[2] for line in lines] == [
        "sip:10.9.9.1:5060, no node of this cluster: nobody pings it",
        "sip:10.9.9.2:5060, no node of this cluster: only the others of it ping it",
    ]
    for at in range(30):
        known.keepalive.add_destination(
            f"sip:192.0.2.{120 + at}", "me", cluster_nodes=f"sip:10.9.8.{at + 1}:5060"
        )
    assert len(known.warned()) == 20
