"""What others are told: one flat object for each thing, without passwords."""

import json

import pytest

from keepalive_core.rules import notices
from keepalive_core.rules.states import DOWN, UP

URI = "sip:bob:secret@192.168.10.20"


def test_a_change() -> None:
    """It says of what, from which state to which, why and when; a password in any text is masked."""
    told = notices.change(URI, URI + ";transport=tcp", (UP, DOWN), f"reported failing: {URI}", 1700000000)
    assert told == {
        "event": "keepalive.change",
        "at": 1700000000,
        "destination": "sip:bob:***@192.168.10.20",
        "uri": "sip:bob:***@192.168.10.20;transport=tcp",
        "from": "up",
        "to": "down",
        "reason": "reported failing: sip:bob:***@192.168.10.20",
    }


def test_a_change_of_a_target() -> None:
    """It says behind which name it is; a destination has no such field."""
    told = notices.change(f"{URI}#192.0.2.1:5060", f"{URI}#192.0.2.1:5060", (UP, DOWN), "no reply", 1)
    assert told["target_of"] == "sip:bob:***@192.168.10.20"
    assert told["destination"] == told["uri"] == "sip:bob:***@192.168.10.20#192.0.2.1:5060"


def test_the_last_change() -> None:
    """A destination that is monitored no more is removed."""
    assert notices.change(URI, URI, (DOWN, -1), "3 failures in a row", 1)["to"] == "removed"


def test_an_order_a_pause_and_a_gap() -> None:
    """Each has its event, and the time."""
    assert notices.order({"at": 1, "by": "anna"}) == {"event": "keepalive.order", "at": 1, "by": "anna"}
    assert notices.pause(True, False, 2) == {
        "event": "keepalive.pause",
        "at": 2,
        "paused": True,
        "enabled": False,
    }
    assert notices.gap(3) == {"event": "keepalive.gap", "at": 3}


def test_one_line_of_json() -> None:
    """It is one line that any reader of JSON takes, and is read again; half a character is a "?"."""
    told = notices.change("sip:a", "sip:a", (UP, DOWN), 'a "quoted"\r\n\0 Ümlaut \udcff', 1)
    line = notices.json_line(told)
    assert len(line.splitlines()) == 1
    assert json.loads(line.encode())["reason"] == 'a "quoted"\r\n\0 Ümlaut ?'
    assert notices.read(line) == {**told, "reason": 'a "quoted"\r\n\0 Ümlaut ?'}


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"at":1}', '{"event":1}', "[" * 100_000], ids=len)
def test_what_is_no_notice_is_refused(text: str) -> None:
    """As anybody may write into a queue by RPC: one ValueError, of a bounded length."""
    with pytest.raises(ValueError) as refused:
        notices.read(text)
    assert len(str(refused.value)) < 200
