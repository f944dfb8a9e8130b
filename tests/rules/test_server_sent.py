"""The text of server-sent events, as a browser's EventSource reads it."""

import json

import pytest

from keepalive_core.rules import notices, server_sent


def fields(text: bytes) -> dict[str, str]:
    """The fields of one event."""
    lines = text.decode()
    assert lines.endswith("\n\n")
    return dict(line.split(": ", 1) for line in lines[:-2].split("\n"))


def test_an_event() -> None:
    """Its kind, its number, and on one line what it says, whatever line ends a peer writes."""
    notice = {**notices.gap(7), "reason": "a\r\nevent: b\n\n"}
    found = fields(server_sent.event(12, notice))
    assert (found["event"], found["id"]) == ("gap", "12")
    assert json.loads(found["data"]) == {"number": 12, **notice}


def test_the_greeting() -> None:
    """It says when to come back, and whether all is told that came behind the last one."""
    found = fields(server_sent.hello(12, 7, True, "host", "1.2.3"))
    assert (found["retry"], found["event"], found["id"]) == ("3000", "hello", "12")
    said = json.loads(found["data"])
    assert said.pop("resumed") is True
    assert said == {"number": 12, "event": "keepalive.hello", "at": 7, "server": "host", "version": "1.2.3"}


@pytest.mark.parametrize(
    ("said", "number"),
    [("", None), ("12", 12), ("-1", None), ("1e3", None), ("٣", None), ("9" * 19, None), (" 7", None)],
)
def test_what_a_reader_says(said: str, number: int | None) -> None:
    """Digits are a number; anything else is none, however long it is."""
    assert server_sent.last_number(said) == number


def test_a_comment_is_no_event() -> None:
    """A line that begins with a colon, and an empty one."""
    assert server_sent.COMMENT == b":\n\n"
