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


@pytest.mark.parametrize("line", ["a#b", 'a"b', "a='b'c", '"a', 'a="b', "a\\b", 'sip:a "b#c"d'])
def test_half_a_quotation_is_refused(line: str) -> None:
    """What could be meant in two ways is refused, with the word."""
    with pytest.raises(Refused, match="quotation marks"):
        words_of(line)


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
