"""The words of a line, which the list file and commands have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.checks import Refused
from keepalive_core.rules.parameters import InvalidSetting
from keepalive_core.rules.words import named, words_of


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        (" \t# sip:a", []),
        ("sip:a\tfall=3 # two", ["sip:a", "fall=3"]),
        ('group=\'two words\' a="b \\" # \\\\"', ["group=two words", 'a=b " # \\']),
        ("sip:o'neil@host", ["sip:o'neil@host"]),
        ("'' name=''", ["", "name="]),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    """Words have white space between them, and quotation marks around a whole value; a comment ends them."""
    assert words_of(line) == words


QUOTATION = "quotation marks stand around a whole value, and \\ nowhere but in them"
COMMENT = "a comment begins behind white space, a value with # has quotation marks"


@pytest.mark.parametrize(
    ("line", "word", "why"),
    [
        ("sip:a b#c d e", "'b#c'", COMMENT),
        ('b#c"d#e f', "'b#c\"d#e'", COMMENT),
        ("sip:a 'b'#c d", "\"'b'#c\"", COMMENT),
        ('sip:a  a"b c d', "'a\"b'", QUOTATION),
        ("a='b'c", "\"a='b'c\"", QUOTATION),
        ('"a', "'\"a'", QUOTATION),
        ('a="b', "'a=\"b'", QUOTATION),
        ("a\\b", r"'a\\b'", QUOTATION),
        ('"b#c"d', "'\"b#c\"d'", QUOTATION),
        ("b\\#c", r"'b\\#c'", QUOTATION),
    ],
)
def test_what_could_be_meant_in_two_ways(line: str, word: str, why: str) -> None:
    """It is refused with its word: half a quotation, or what may be a comment."""
    with pytest.raises(Refused) as refusal:
        words_of(line)
    assert str(refusal.value) == f"{word}: {why}"


@given(words=st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_quoted_words_come_back(words: list[str]) -> None:
    """Any text in quotation marks is one word."""
    escaped = [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]
    assert words_of(" ".join(f'"{word}"' for word in escaped)) == words


def test_names() -> None:
    """Each name is said once, and a value may have any more of =."""
    assert named(["fall=3", "user=a=b", "empty="]) == {"fall": "3", "user": "a=b", "empty": ""}
    for words in (["fall"], ["fall=3", "fall=3"]):
        with pytest.raises(InvalidSetting, match="'fall"):
            named(words)
