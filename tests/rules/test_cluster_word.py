"""What a node says of a destination, and which change of it is news."""

from keepalive_core.rules.cluster_word import DOWN, DRAIN, LACKS, NO_WORD, UP, Word


def test_which_words_say_that_it_answers() -> None:
    """One that asks for no calls does."""
    assert [kind for kind in (UP, DOWN, DRAIN, LACKS) if Word(kind).answers] == [UP, DRAIN]
    assert not NO_WORD.answers


def test_what_is_news() -> None:
    """Another kind is, and another end of a drain; another reason alone is none."""
    assert Word(DOWN).is_news(NO_WORD)
    assert not Word(DOWN, "503 Service Unavailable").is_news(Word(DOWN, "no reply"))
    assert Word(DRAIN, ends=5_000_000).is_news(Word(DRAIN, ends=4_000_000))
    assert not Word(DRAIN, ends=4_999_999).is_news(Word(DRAIN, ends=4_000_000))
