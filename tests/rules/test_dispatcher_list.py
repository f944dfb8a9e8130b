"""What dispatcher says of its sets, and what follows, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from keepalive_core.rules.dispatcher_list import (
    TIMES,
    WITHIN,
    Entry,
    Seen,
    entries_of,
    next_look,
    parted,
    wanted_state,
)
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

URI = "sip:192.168.10.20"


def answer_of(*destinations: dict[str, Any], number: object = 1) -> dict[str, Any]:
    """As real servers answered dispatcher.list."""
    targets = [{"DEST": {"URI": URI, "FLAGS": "AX", "PRIORITY": 0, **each}} for each in destinations]
    return {"NRSETS": 1, "RECORDS": [{"SET": {"ID": number, "TARGETS": targets}}]}


def entry(state: str = "A") -> Entry:
    return Entry(1, URI, state, {})


def test_a_destination_without_attributes() -> None:
    """Has its set, its URI and its state; whether dispatcher pings it, too, does not matter."""
    assert entries_of(answer_of({"FLAGS": "IP"}, number=7)) == [Entry(7, URI, "I", {})]


@pytest.mark.parametrize(
    ("attributes", "options"),
    [
        ({"BODY": "duid=a", "SOCKET": None, "SOCKNAME": None, "OBPROXY": None}, {}),
        ({"BODY": None, "SOCKET": "udp:10.0.0.1:5060"}, {"ping_socket": "udp:10.0.0.1:5060"}),
        (
            {"SOCKET": "udp:10.0.0.1:5060", "PING_SOCKET": "udp:10.0.0.2:5060"},
            {"ping_socket": "udp:10.0.0.2:5060"},
        ),
        ({"OBPROXY": "sip:10.0.0.9"}, {"outbound_proxy": "sip:10.0.0.9"}),
        ({"BODY": "ping_from=sip:a@b"}, {"ping_from": "sip:a@b"}),
        ({"BODY": "duid=x; ping_from = sip:a@b ;weight=3"}, {"ping_from": "sip:a@b"}),
        ({"BODY": 'weight=3;ping_from="sip:a@b;x=1"'}, {"ping_from": "sip:a@b;x=1"}),
        ({"BODY": "ping_from="}, {}),
        ({"BODY": "no_ping_from=sip:a@b"}, {}),
    ],
)
def test_attributes_are_options(attributes: dict[str, Any], options: dict[str, str]) -> None:
    """socket, or from 6.1 on the one for pings, ping_from and obproxy; others are dispatcher's own."""
    assert entries_of(answer_of({"ATTRS": attributes}))[0].options == options


@pytest.mark.parametrize(
    "answer",
    [None, [], "x", {}, {"RECORDS": None}, {"RECORDS": [1]}, {"RECORDS": [{"SET": {}}]}]
    + [answer_of({"FLAGS": flags}) for flags in ("", "X", None, 1)]
    + [answer_of({}, number="x"), answer_of({"ATTRS": "x"}), answer_of({"ATTRS": {"BODY": 1}})],
)
def test_what_is_no_list_is_refused(answer: Any) -> None:
    """In one text of bounded length."""
    with pytest.raises(ValueError, match="no list of sets: ") as refusal:
        entries_of(answer)
    assert len(str(refusal.value)) < 1000


def test_a_uri_twice_in_a_set() -> None:
    """The first one is what dispatcher finds; the same URI in another set is another place."""
    first, other = entry(), Entry(2, URI, "A", {})
    again = Entry(1, URI, "A", {"ping_socket": "udp:10.0.0.1:5060"})
    assert parted([first, again, other]) == ([first, other], [again])


@pytest.mark.parametrize(
    ("state", "answer", "was_known", "wanted"),
    [
        *[("A", UP, True, None), ("I", UP, True, "A"), ("T", UP, True, "A")],
        *[("A", DOWN, True, "I"), ("T", DOWN, True, "I"), ("I", DOWN, True, None)],
        # Before a first result nobody enables what came inactive; unknown_as down disables.
        *[("I", UP, False, None), ("A", UP, False, None), ("A", DOWN, False, "I")],
        # What is not monitored, and what an administrator disabled, is left alone.
        *[("A", -1, True, None), ("I", -1, False, None)],
        *[("D", UP, True, None), ("D", DOWN, True, None), ("D", -1, False, None)],
    ],
)
def test_what_is_to_be_set(state: str, answer: int, was_known: bool, wanted: str | None) -> None:
    """What is_alive says, if that is not there already."""
    assert wanted_state(entry(state), answer, was_known) == wanted


def test_a_mark_is_seen_once() -> None:
    """What was active and is not, while it is up; and again when it is marked again."""
    seen = Seen()
    assert not seen.look(entry("A"), UP, 0)
    assert seen.look(entry("I"), UP, 1)
    # Nobody could set it: that is no second mark.
    assert not seen.look(entry("I"), UP, 2)
    seen.have_set(entry("I"), "A")
    assert seen.look(entry("T"), UP, 3)


@pytest.mark.parametrize(
    ("states", "answer"),
    [("I", UP), ("AD", UP), ("AI", DOWN), ("IA", DOWN), ("IA", UP), ("AI", -1), ("AA", UP), ("DI", UP)],
)
def test_what_is_no_mark(states: str, answer: int) -> None:
    """What was never active, what is disabled, what is down here or not monitored, what was made active."""
    seen = Seen()
    marks = [seen.look(entry(state), answer, 0) for state in states]
    assert not any(marks)


def test_what_comes_inactive_is_so_after_each_reload() -> None:
    """By its flags: nobody has marked it."""
    seen = Seen()
    assert not seen.look(entry("I"), UP, 0)
    seen.have_set(entry("I"), "A")
    assert not seen.look(entry("I"), UP, 1)


def test_who_changes_it_again_and_again_is_seen() -> None:
    """TIMES within WITHIN, the last one now; not what is set to what is right."""
    seen = Seen()
    seen.have_set(entry("A"), "I")
    for now in range(TIMES):
        assert not seen.is_contested(entry("A"), now)
        seen.look(entry("A"), DOWN, now)
        seen.have_set(entry("A"), "I")
    assert seen.is_contested(entry("A"), TIMES - 1)
    assert not seen.is_contested(entry("A"), TIMES)
    seen.look(entry("A"), DOWN, WITHIN + 1)
    assert seen.is_contested(entry("A"), WITHIN + 1)
    seen.have_set(entry("A"), "I")
    seen.look(entry("A"), DOWN, WITHIN + 3)
    assert not seen.is_contested(entry("A"), WITHIN + 3)


def test_what_left_is_forgotten() -> None:
    """When it comes back it is new: what it was set to is nobody's fault."""
    seen = Seen()
    assert not seen.was_known(entry(), UNKNOWN)
    assert seen.was_known(entry(), DOWN)
    seen.look(entry("A"), UP, 0)
    seen.keep([entry()])
    assert seen.was_known(entry(), UNKNOWN)
    assert seen.look(entry("I"), UP, 1)
    seen.have_set(entry(), "A")
    seen.keep([])
    assert not seen.was_known(entry(), UNKNOWN)
    assert not seen.look(entry("I"), UP, 2)


@pytest.mark.parametrize(
    ("took", "is_urgent", "due"),
    [
        (1_000, False, 2_001_500),
        (1_000, True, 5_500),
        (200_000, False, 4_000_500),
        (200_000, True, 1_000_500),
    ],
)
def test_when_to_look_again(took: int, is_urgent: bool, due: int) -> None:
    """Every two seconds, sooner if is_alive has changed; it takes a twentieth, or a fifth, of its time."""
    assert next_look(500, took, is_urgent) == due
