"""What finds room in one message to another node."""

from __future__ import annotations

from keepalive_core.rules import cluster_telling
from keepalive_core.rules.cluster_facts import Facts
from keepalive_core.rules.cluster_lines import fact_line, read, word_line
from keepalive_core.rules.cluster_peer import Peer
from keepalive_core.rules.cluster_sayings import Sayings
from keepalive_core.rules.cluster_word import DOWN, DRAIN, Word
from keepalive_core.rules.times import SECOND

NOW = 5 * SECOND
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


def test_facts_fill_a_message_to_its_last_byte() -> None:
    """Each has a line with its end; what lacks one byte waits for the next."""
    known = Facts("sip:a:1")
    said = [known.say("admin", key, "disabled", NOW + SECOND) for key in ("one", "two", "three")]
    lines = [fact_line(fact, NOW) for fact in said]
    two = sum(len(line) + 1 for line in lines[:2])
    for room, told in ((two, lines[:2]), (two - 1, lines[:1]), (len(lines[0]), [])):
        peer = Peer("sip:b:1")
        peer.owed_facts.update(dict.fromkeys(fact.subject for fact in said))
        assert cluster_telling.facts(peer, known, room, NOW) == told
        assert len(peer.owed_facts) == len(said) - len(told)


def test_words_fill_a_message_to_its_last_byte() -> None:
    """Each has a line with its end, beside other lines too; what lacks one byte waits for the next."""
    sayings, word = Sayings(), Word(DRAIN, "maintenance", NOW + SECOND)
    keys = [f"sip:192.0.2.{number}:5060" for number in range(1, 4)]
    for key in keys:
        sayings.say(key, word)
    lines = [word_line(key, word, NOW) for key in keys]
    two, piece = sum(len(line) + 1 for line in lines[:2]), 30
    for room, told in ((piece + two, lines[:2]), (piece + two - 1, lines[:1]), (piece, lines[:1])):
        for is_begun in (True, False):
            peer = Peer("sip:b:1")
            peer.owed.add(0, sayings.newest)
            assert cluster_telling.words(peer, sayings, room, is_begun, NOW)[1:] == told
    assert cluster_telling.words(peer, sayings, piece - 1, is_begun=True, now=NOW) == []
