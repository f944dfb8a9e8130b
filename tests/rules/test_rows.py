"""What shared rows say: who may use RPC can write into them, and nonsense costs the row alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import rows
from keepalive_core.rules.mass_failure import Uplink
from keepalive_core.rules.news import News
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.record import Health

KEY = "sip:a:5060"
OWNER = [0, "module:function", {"any": ["value"]}, {"fall": 3}, "group", 1, 2]
SOUND: dict[str, tuple[Callable[[str], Any], str]] = {
    "registration": (lambda text: rows.registration(KEY, text), json.dumps([7, "sip:a", {"me": OWNER}])),
    "health": (rows.health, Health(7, 1, 12, samples="!!", reason="200 OK in 1.0 ms").text()),
    "history": (rows.history, json.dumps([[1, 0, 1, "200 OK"], [2, 1, 2, "no reply"]])),
    "admin": (rows.admin, json.dumps(["maint", 0, "me", "why", 5])),
    "news": (News.from_text, News.none_yet(1, 12345).text()),
    "uplink": (rows.uplink, json.dumps(Uplink(1, 2, 3, 4))),
    "pulse": (rows.pulse, "0000000000000000001 0000000000000000002"),
    "gaps": (rows.gaps, "1 2 3,4 5 6"),
    "queue": (rows.queue, "0000000000000000001 00ff 0000000000000000002"),
    "settings": (rows.settings, json.dumps({name: each.default for name, each in PARAMETERS.items()})),
    "callbacks": (rows.callbacks, json.dumps([["module:function", None]])),
    "listeners": (rows.listeners, json.dumps([["udp", "127.0.0.1", 5060, [], False]])),
}
NONSENSE = [
    "foo",
    "0",
    "-1",
    "null",
    "[]",
    "{}",
    '""',
    "[[]]",
    "1 2 3",
    "\x00",
    "[" * 5000,
    "9" * 5000,
    ",",
    "1e999",
]


@pytest.mark.parametrize("kind", SOUND)
def test_what_is_sound_is_read(kind: str) -> None:
    """What we write is read as it was written."""
    parse, text = SOUND[kind]
    assert parse(text)


@pytest.mark.parametrize("text", NONSENSE, ids=lambda text: text[:10])
@pytest.mark.parametrize("kind", SOUND)
def test_nonsense_is_refused(kind: str, text: str) -> None:
    """It raises: no value of another shape is taken for sound. An empty list is one, where lists may be."""
    parse, _ = SOUND[kind]
    if (kind, text) in {
        ("history", "[]"),
        ("callbacks", "[]"),
        ("listeners", "[]"),
        ("queue", "1 2 3"),
        ("gaps", "1 2 3"),
    }:
        return
    with pytest.raises(Exception):  # noqa: B017 - whatever Python raises for the shape
        parse(text)


@pytest.mark.parametrize("kind", SOUND)
@given(data=st.data())
def test_a_row_that_is_cut_or_patched_is_refused_or_of_the_right_shape(
    kind: str, data: st.DataObject
) -> None:
    """Whatever became of the text: an exception, or a value of the same types as the sound one's."""
    parse, text = SOUND[kind]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    patch = data.draw(st.text(alphabet=st.sampled_from('0123456789[]{}", .-xnull'), max_size=5))
    try:
        found = parse(text[:start] + patch + text[end:])
    except Exception:
        return
    assert type(found) is type(parse(text))
    if isinstance(found, tuple) and hasattr(found, "_fields"):
        for one, other in zip(found, parse(text), strict=True):
            assert type(one) in (type(other), type(None), list)


@pytest.mark.parametrize(
    "owner",
    [
        {1: 7},
        {0: "0"},
        {3: {"no_such": 1}},
        {3: {"fall": "x"}},
        {3: []},
        {4: None},
        {5: "1"},
        {6: None},
        {5: True},
        {5: 2**31},
        {6: -(2**40)},
    ],
)
def test_an_owner_is_read_as_strictly_as_a_user(owner: dict[int, Any]) -> None:
    """Each field of the right type, each option as add_destination takes it."""
    fields = [owner.get(number, field) for number, field in enumerate(OWNER)]
    with pytest.raises(Exception):  # noqa: B017
        rows.registration(KEY, json.dumps([7, "sip:a", {"me": fields}]))


@pytest.mark.parametrize("uri", ["sip:b", "", "foo:", None, 5, "sip:a;transport=tcp"])
def test_a_registration_is_of_its_own_destination(uri: object) -> None:
    """Its URI is one of those that the row's key stands for."""
    with pytest.raises(Exception):  # noqa: B017
        rows.registration(KEY, json.dumps([7, uri, {"me": OWNER}]))


@pytest.mark.parametrize("generation", [True, 1.5, "7", None])
def test_a_generation_is_a_number(generation: object) -> None:
    """True is an int to Python, but no generation that anybody else would find again."""
    with pytest.raises(ValueError, match="another type"):
        rows.registration(KEY, json.dumps([generation, "sip:a", {"me": OWNER}]))


@pytest.mark.parametrize("when", [-1, 10**400, 2**41, True, 1.5])
@pytest.mark.parametrize("place", [1, 4])
def test_an_administrators_times_are_times(place: int, when: object) -> None:
    """Whole seconds, of which a date can be made."""
    said = ["maint", 0, "me", "why", 5]
    said[place] = when
    with pytest.raises(ValueError, match="out of range"):
        rows.admin(json.dumps(said))
