"""Words with numbers: whatever order pieces come in, whoever has all of them knows what their author says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import cluster_sayings
from keepalive_core.rules.cluster_ranges import Range
from keepalive_core.rules.cluster_sayings import Heard, Piece, Sayings
from keepalive_core.rules.cluster_word import DOWN, LACKS, NO_WORD, UP, Word

KEYS = ["sip:a:5060", "sip:b:5060", "sip:c:5060", "sip:d:5060"]
WORDS = st.sampled_from([NO_WORD, Word(UP), Word(DOWN), Word(LACKS)])
SAID = st.lists(st.tuples(st.sampled_from(KEYS), WORDS), max_size=30)


def size(key: str, word: Word) -> int:
    """Each takes ten."""
    return 10


@given(data=st.data(), said=SAID, more=SAID)
def test_pieces_in_any_order(
    data: st.DataObject, said: list[tuple[str, Word]], more: list[tuple[str, Word]]
) -> None:
    """Pieces made at any time, of any range, come in any order, and some twice; the rest is asked for."""
    sayings, heard, pieces = Sayings(), Heard(7), list[Piece]()
    before_of: dict[str, Word] = {}
    for key, word in said + more:
        assert sayings.say(key, word) == (word != before_of.get(key, NO_WORD))
        before_of[key] = word
        if data.draw(st.booleans()):
            above, to = sorted(data.draw(st.tuples(*[st.integers(0, sayings.newest)] * 2)))
            pieces.append(sayings.piece(Range(above, to), size, data.draw(st.integers(0, 30))))
    for piece in data.draw(st.permutations(pieces + pieces[:3])):
        before = dict(heard.words)
        changed = heard.take(piece)
        assert changed == {key for key in KEYS if before.get(key, NO_WORD) != heard.words.get(key, NO_WORD)}
    heard.announce(sayings.newest)
    for _ in range(200):
        if heard.gap is None:
            break
        heard.take(sayings.piece(heard.gap, size, 20))
    assert heard.gap is None
    assert heard.behind == 0
    assert heard.words == sayings.words


def test_same_word_is_no_news() -> None:
    """It gets no number."""
    sayings = Sayings()
    assert not sayings.say("a", NO_WORD)
    assert sayings.say("a", Word(UP))
    assert not sayings.say("a", Word(UP))
    assert sayings.newest == 1


def test_pieces_go_on_where_one_ended() -> None:
    """Two of ten find room in 25, and one always does."""
    sayings = Sayings()
    for key in KEYS:
        sayings.say(key, Word(UP))
    first = sayings.piece(Range(0, 4), size, 25)
    assert first == Piece(0, 2, {"sip:a:5060": Word(UP), "sip:b:5060": Word(UP)})
    assert sayings.piece(Range(first.to, 4), size, 25).to == 4
    assert sayings.piece(Range(0, 4), size, 0).to == 1
    assert sayings.piece(Range(2, 3), size, 99) == Piece(2, 3, {"sip:c:5060": Word(UP)})


def test_what_is_older_is_forgotten() -> None:
    """One word changed often takes no more room than one that never did."""
    sayings = Sayings()
    for _ in range(500):
        sayings.say("a", Word(UP))
        sayings.say("a", Word(DOWN))
    assert sayings.newest == 1000
    assert len(sayings._said) <= 102
    assert sayings.piece(Range(0, 1000), size, 99) == Piece(0, 1000, {"a": Word(DOWN)})


def test_words_that_were_taken_back_end_with_a_life(monkeypatch) -> None:
    """Of those only the number is left; when there are too many, the rest gets new numbers."""
    monkeypatch.setattr(cluster_sayings, "MOST_TAKEN_BACK", 2)
    sayings = Sayings()
    for key in KEYS:
        sayings.say(key, Word(UP))
    for key in KEYS[:2]:
        sayings.say(key, NO_WORD)
    assert not sayings.is_worn
    sayings.say(KEYS[2], NO_WORD)
    assert sayings.is_worn
    fresh = sayings.anew()
    assert (fresh.newest, fresh.words) == (1, {KEYS[3]: Word(UP)})
    assert not fresh.is_worn


def test_of_so_many_destinations_a_node_is_heard(monkeypatch) -> None:
    """Whatever it says of more of them; what is known of the others changes as ever."""
    monkeypatch.setattr(cluster_sayings, "MOST_HEARD", 2)
    heard = Heard(7)
    assert heard.take(Piece(0, 3, dict.fromkeys(KEYS[:3], Word(UP)))) == {*KEYS[:2]}
    assert heard.take(Piece(3, 6, dict.fromkeys(KEYS[1:], Word(DOWN)))) == {KEYS[1]}
    assert heard.words == {KEYS[0]: Word(UP), KEYS[1]: Word(DOWN)}
    assert heard.gap is None


def test_who_has_said_much_is_worn(monkeypatch) -> None:
    """Though it says no more than one word at a time."""
    monkeypatch.setattr(cluster_sayings, "MOST_SAID", 4)
    said = Sayings()
    for kind in (UP, DOWN, UP):
        said.say(KEYS[0], Word(kind))
    assert not said.is_worn
    said.say(KEYS[0], Word(DOWN))
    assert said.is_worn
    assert not said.anew().is_worn


def test_whether_it_is_down_for_the_one_that_says_so() -> None:
    """Whoever asks for the word learns that; the others are told again only if they need it."""
    sayings = Sayings()
    for key, word in (("a", Word(DOWN, "why")), ("b", Word(UP))):
        sayings.say(key, word)
    for key in ("a", "b", "never"):
        sayings.decide(key, True, is_news=False)
    decided = {"a": Word(DOWN, "why", decided=True), "b": Word(UP)}
    assert (sayings.newest, sayings.words) == (2, decided)
    assert sayings.piece(Range(0, 2), size, 100).words == decided
    sayings.decide("a", True, is_news=True)
    assert sayings.newest == 2, "it is no other than before"
    sayings.decide("a", False, is_news=True)
    assert sayings.piece(Range(2, 3), size, 100).words == {"a": Word(DOWN, "why")}
