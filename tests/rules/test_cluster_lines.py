"""The protocol: what is written is read, and nothing else is taken for a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import cluster_lines as lines
from keepalive_core.rules.cluster_facts import BUCKETS, MOST_NUMBER, Fact
from keepalive_core.rules.cluster_lines import Beat, Message, Unreadable, read
from keepalive_core.rules.cluster_ranges import Range
from keepalive_core.rules.cluster_sayings import Piece
from keepalive_core.rules.cluster_word import DOWN, DRAIN, LACKS, NO_WORD, UP, Word

A, B = "sip:10.0.0.1:5060", "sip:10.0.0.2:5060"
HEAD = lines.head(A, B, 7, 8, 9)
SECRET, OLD = b"new secret", b"old secret"
NOW = 1_000_000_000
NUMBERS = st.integers(0, MOST_NUMBER)
FIELDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=100)
TEXTS = st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=60)
ENDS = st.integers(1, 10**9).map(lambda ms: NOW + ms * 1000)
WORDS = st.one_of(
    st.sampled_from([NO_WORD, Word(UP), Word(UP, fresh=2), Word(LACKS)]),
    st.builds(Word, st.just(DOWN), TEXTS, st.just(0), st.booleans(), st.just(0)),
    st.builds(Word, st.just(DRAIN), TEXTS, ENDS, st.just(False), st.just(0)),
)
FACTS = st.builds(Fact, NUMBERS, FIELDS, FIELDS, FIELDS, TEXTS, st.one_of(st.just(0), ENDS))
BEATS = st.builds(
    Beat,
    st.tuples(*[st.integers(0, 2**32 - 1)] * BUCKETS),
    NUMBERS,
    *[st.booleans()] * 3,
    TEXTS.filter(lambda text: len(text) <= 40),
    NUMBERS,
)


@given(
    beat=st.one_of(st.none(), BEATS),
    who=NUMBERS,
    words=st.dictionaries(FIELDS, WORDS, max_size=5),
    facts=st.lists(FACTS, max_size=3),
    secrets=st.sampled_from([(), (SECRET,)]),
)
def test_what_is_written_is_read(beat, who, words, facts, secrets) -> None:
    """Texts of any language, and times as what is left of them."""
    said = [HEAD, f"who {who}", f"here {who}", "pull 3 4", "pull 6 9"]
    said += [lines.beat_line(beat)] if beat else []
    said += [lines.piece_line(2, 5), *(lines.word_line(key, word, NOW) for key, word in words.items())]
    said += [lines.piece_line(5, 5), *(lines.fact_line(fact, NOW) for fact in facts)]
    body = lines.body(said, secrets[0] if secrets else b"")
    assert body.isascii()
    pieces = [Piece(2, 5, words), Piece(5, 5, {})]
    pulls = [Range(3, 4), Range(6, 9)]
    assert read(body, NOW, secrets) == Message(A, B, 7, 8, 9, beat, who, who, pulls, pieces, facts)


def test_what_is_over_ends_at_once() -> None:
    """And is not without an end."""
    (fact,) = read("\n".join([HEAD, lines.fact_line(Fact(1, A, "admin", "k", "v", 5), NOW)]), NOW).facts
    assert NOW <= fact.ends <= NOW + 1


def test_a_long_reason_is_cut() -> None:
    """A line is no place for an essay."""
    body = "\n".join([HEAD, lines.piece_line(0, 1), lines.word_line("k", Word(DOWN, "x" * 500), NOW)])
    assert read(body, NOW).pieces[0].words == {"k": Word(DOWN, "x" * 60)}


def test_a_node_of_a_newer_python_knows_more_characters() -> None:
    """They are question marks here, and all else that it says is heard: U+0378 is no character yet."""
    line = lines.word_line(A, Word(DOWN, "503 Sorry \u0378"), NOW)
    message = read(lines.body([HEAD, "words 8 9", line, "=up " + B], b""), NOW)
    assert [*message.pieces] == [Piece(8, 9, {A: Word(DOWN, "503 Sorry ?"), B: Word(UP)})]


def test_a_later_version_says_more() -> None:
    """Lines and fields that this one does not know are passed over, a word that it does not know is none."""
    beat = lines.beat_line(Beat(version="0.9", config=5)).replace(" - ", " paused,asleep ")
    body = "\n".join(
        [
            HEAD + " more",
            "news 1 2 3",
            "",
            beat + " more fields",
            "=up key of no piece",
            "words 0 3 more",
            "=up a more",
            "=down b no%20reply more",
            "=drain c 5 503 more",
            "=asleep d",
            "who 5 more",
            "pull 0 1 more",
            "fact 1 a admin k - v more",
        ]
    )
    said = read(body, NOW)
    assert said.beat == Beat(paused=True, version="0.9", config=5)
    words = {"a": Word(UP), "b": Word(DOWN, "no reply"), "c": Word(DRAIN, "503", NOW + 5_000), "d": NO_WORD}
    assert said.pieces == [Piece(0, 3, words)]
    assert (said.who, said.pulls, said.facts) == (5, [Range(0, 1)], [Fact(1, "a", "admin", "k", "v")])


@pytest.mark.parametrize(
    "line",
    [
        "who",
        "who x",
        "here -1",
        f"here {MOST_NUMBER + 1}",
        "who 1111111111111",
        "who \u0661",
        "pull 1",
        "pull 2 1",
        "words 0",
        "words 0 x",
        "words 0 1\n=up",
        "words 0 1\n=up \t",
        "words 0 1\n=up " + "k" * 701,
        "words 0 1\n=drain k",
        "words 0 1\n=drain k x",
        "words 0 1\n=down k %0a",
        "words 0 1\n=down k %ff",
        "words 0 1\n=down k " + "x" * 61,
        "beat",
        "beat 0 0 - 0 0",
        "beat " + ".".join(["0x1"] * BUCKETS) + " 0 - 0 0",
        "beat " + ".".join(["0"] * BUCKETS) + " 0 -",
        "beat " + ".".join(["0"] * BUCKETS) + " 0 - " + "v" * 41 + " 0",
        "fact 1 a admin k -",
        "fact 1 a admin k x v",
        "fact 1 a admin  - v",
        "x" * lines.MOST_BYTES,
    ],
)
def test_a_line_that_makes_no_sense(line: str) -> None:
    """Then nothing of the message counts, and the reason is short."""
    with pytest.raises(Unreadable) as refused:
        read(f"{HEAD}\n{line}", NOW)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        "hello",
        "ka1",
        "ka1 a b 1 2",
        "ka2 a b 1 2 3",
        "ka1 a b x 2 3",
        "ka1 a  1 2 3",
        "ka1  b 1 2 3",
    ],
)
def test_what_is_no_message(body: str) -> None:
    """Of this or any other version."""
    with pytest.raises(Unreadable):
        read(body, NOW)


@given(
    st.text(max_size=300) | st.text("ka1 words=up beat\n0", max_size=300).map(lambda text: f"{HEAD}\n{text}")
)
def test_nothing_else_is_raised(body: str) -> None:
    """Whatever comes."""
    for secrets in ((), (SECRET,)):
        fault = ""
        try:
            read(body, NOW, secrets)
        except Unreadable as refused:
            fault = str(refused)
        assert len(fault) < 250


def test_whoever_has_the_secret_is_believed() -> None:
    """Two are taken while one is changed for another; whoever signs though none is needed is heard too."""
    for secret in (SECRET, OLD):
        signed = lines.body([HEAD, "who 5"], secret)
        assert len(signed) == len(HEAD) + len("\nwho 5") + len("\nmac ") + 64
        for secrets in ((SECRET, OLD), (OLD, SECRET), ()):
            assert read(signed, NOW, secrets).who == 5


def test_what_is_not_signed_is_not_believed() -> None:
    """Nor what is signed with another secret, changed, cut or lengthened."""
    signed = lines.body([HEAD, "who 5"], SECRET)
    other = lines.body([HEAD, "who 5"], b"another")
    for body in (
        f"{HEAD}\nwho 5",
        other,
        signed.replace("who 5", "who 6"),
        signed[:-1],
        signed + "\nwho 7",
        signed + "\nmac " + signed[-64:],
    ):
        with pytest.raises(Unreadable, match="not signed"):
            read(body, NOW, (SECRET, OLD))
