"""What finds room in one message to another node."""

from __future__ import annotations

from keepalive_core.rules import cluster_telling
from keepalive_core.rules.cluster_facts import Facts
from keepalive_core.rules.cluster_lines import read
from keepalive_core.rules.cluster_peer import Peer
from keepalive_core.rules.cluster_sayings import Sayings
from keepalive_core.rules.cluster_word import DOWN, Word

HEAD = "ka1 sip:a:1 sip:b:1 1 1 40"


def test_facts_in_pieces() -> None:
    """What has found room is owed no more; one that is too long for any message has one of its own."""
    known, peer = Facts("sip:a:1"), Peer("sip:b:1")
    for key, value in (("long", "x" * 2000), ("short", "y"), ("other", "z")):
        peer.owed_facts[known.say("admin", key, value).subject] = None
    peer.owed_facts["admin", "gone"] = None
    assert cluster_telling.facts(peer, known, cluster_telling.ROOM - 1, 0) == [], "the message is begun"
    [line] = cluster_telling.facts(peer, known, cluster_telling.ROOM, 0)
    assert len(line) > cluster_telling.ROOM
    assert len(cluster_telling.facts(peer, known, cluster_telling.ROOM, 0)) == 2
    assert not peer.owed_facts


def test_words_in_pieces() -> None:
    """What has found room is owed no more; nothing is told in a message that is full."""
    sayings, peer = Sayings(), Peer("sip:b:1")
    for number in range(40):
        sayings.say(f"sip:192.0.2.{number}:5060", Word(DOWN, "no reply"))
    assert cluster_telling.words(peer, sayings, cluster_telling.ROOM, is_begun=False, now=0) == []
    peer.owed.add(0, sayings.newest)
    assert cluster_telling.words(peer, sayings, 20, is_begun=True, now=0) == []
    told: dict[str, Word] = {}
    for room in (20, *[cluster_telling.ROOM] * 3):
        lines = cluster_telling.words(peer, sayings, room, is_begun=False, now=0)
        assert sum(len(line) + 1 for line in lines) <= cluster_telling.ROOM
        for piece in read("\n".join([HEAD, *lines]), 0).pieces:
            told |= piece.words
    assert told == sayings.words
    assert cluster_telling.words(peer, sayings, cluster_telling.ROOM, is_begun=False, now=0) == []
