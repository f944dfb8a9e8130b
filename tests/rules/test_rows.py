"""What shared rows say: who may use RPC can write into them, and nonsense costs the row alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import rows, uris
from keepalive_core.rules.listening import Gap, Pulse, Queue
from keepalive_core.rules.mass_failure import Uplink
from keepalive_core.rules.modes import NEVER, Admin
from keepalive_core.rules.news import News
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Past, RunningCallback
from keepalive_core.rules.sockets import Listener
from keepalive_core.rules.uptime import Counted

KEY = "sip:a"
OWNER = [0, "module:function", {"any": ["value"]}, {"fall": 3}, "group", 1, 2]
SOUND: dict[str, tuple[Callable[[str], Any], str]] = {
    "registration": (lambda text: rows.registration(KEY, text), json.dumps([7, "sip:a", {"me": OWNER}])),
    "health": (rows.health, Health(7, 1, 12, samples="!!", reason="200 OK in 1.0 ms").text()),
    "past": (rows.past, rows.past_text(Past([[1, 0, 1, "200 OK"]], Counted(7, "u")))),
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


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("kind", SOUND)
def test_nonsense_is_refused(kind: str, text: str) -> None:
    """It raises: no value of another shape is taken for sound. An empty list is sound if lists may be."""
    parse, _ = SOUND[kind]
    if (kind, text) in {
        ("past", "[]"),
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
        {4: "\ud800"},
        {4: "a\nb"},
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


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("history", json.dumps([change])) for change in ([1, 9, 1, "x"], [1, 0, 9, "x"], [1, 0, 1, 7])),
        ("history", json.dumps([["1", 0, 1, "x"]])),
        ("admin", json.dumps(["maint", 0, 7, "why", 5])),
        ("admin", json.dumps(["maint", 0, "me", None, 5])),
        ("listeners", json.dumps([[7, "127.0.0.1", 5060, [], False]])),
        ("listeners", json.dumps([["udp", 7, 5060, [], False]])),
        ("listeners", json.dumps([["udp", "127.0.0.1", "5060", [], False]])),
        ("listeners", json.dumps([["udp", "127.0.0.1", 5060, "ab", False]])),
        ("listeners", json.dumps([["udp", "127.0.0.1", 5060, [], 0]])),
        ("uplink", json.dumps([1, 2, 3])),
        ("uplink", json.dumps([1, 2, 3, "4"])),
        ("callbacks", json.dumps([[7, None]])),
    ],
)
def test_each_field_has_its_type(kind: str, text: str) -> None:
    """One of another type is enough to refuse the row, whatever the others are."""
    with pytest.raises(ValueError, match="^a value of another type, or out of range$"):
        SOUND[kind][0](text)


def test_an_administrators_word_holds_for_ever() -> None:
    """The latest of times is one."""
    said = Admin("maint", NEVER, "me", "why", NEVER)
    assert rows.admin(rows.json_text(said)) == said


def test_why_an_owner_is_refused() -> None:
    """As a user's numbers would be."""
    fields = [*OWNER[:5], "1", 2]
    with pytest.raises(ValueError, match="^a number: a number is needed, not str$"):
        rows.registration(KEY, json.dumps([7, "sip:a", {"me": fields}]))


@pytest.mark.parametrize("uri", ["sip:b", "", "foo:", None, 5, "sip:a;transport=tcp"])
def test_a_registration_is_of_its_own_destination(uri: object) -> None:
    """Its URI is one of those that the row's key stands for."""
    with pytest.raises(Exception):  # noqa: B017
        rows.registration(KEY, json.dumps([7, uri, {"me": OWNER}]))


def test_a_registration_comes_back() -> None:
    """With its generation, its URI and its owners."""
    found = rows.Registration(7, "sip:a", {"me": rows.Owner(*OWNER)})
    assert rows.registration(KEY, text_of(found)) == found


def text_of(found: rows.Registration) -> str:
    """The text of its row."""
    return rows.registration_text(found[0], found.uri, json.dumps(found.owners), found.target)


def test_a_target_comes_back() -> None:
    """Behind which name it is, and where; it has no owners."""
    target = rows.Behind("sip:provider.example.com:5060", "sip:192.168.10.20:5060")
    found = rows.Registration(7, "sip:provider.example.com:5060", {}, target)
    assert rows.registration(uris.target_key(*target), text_of(found)) == found


@pytest.mark.parametrize(
    "fields",
    [
        [7, "sip:a", {}],
        [7, "sip:a:5060", {"me": OWNER}, ["sip:a:5060", "sip:10.0.0.1:5060"]],
        [7, "sip:b:5060", {}, ["sip:a:5060", "sip:10.0.0.1:5060"]],
        [7, "sip:a:5060", {}, ["sip:a:5060", "sip:10.0.0.2:5060"]],
        [7, "sip:a:5060", {}, ["sip:a:5060", "sip:10.0.0.1:5060"], 1],
        [7, "sip:a:5060", {}, ["sip:a:5060"]],
        [7, "sip:a:5060", {}, 7],
    ],
)
def test_what_is_no_target(fields: list[object]) -> None:
    """One with owners, without a name, or behind another one."""
    with pytest.raises((ValueError, TypeError)):
        rows.registration("sip:a:5060#10.0.0.1:5060", json.dumps(fields))
    with pytest.raises((ValueError, TypeError)):
        rows.registration("sip:a:5060", json.dumps(fields))


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


NUMBERS = st.integers(0, 2**62)


@given(NUMBERS, st.integers(-(2**59), 2**59), st.integers(0, 2**400 - 1))
def test_what_is_written_comes_back(beat: int, ahead: int, dropped: int) -> None:
    """Each text is read as what it was made of; those of fixed width have always the same length."""
    pulse, queue = Pulse(beat, ahead), Queue(beat, dropped, beat // 2)
    assert rows.pulse(rows.pulse_text(pulse)) == pulse
    assert rows.queue(rows.queue_text(queue)) == queue
    assert len(rows.pulse_text(pulse)) == len(rows.pulse_text(Pulse()))
    assert len(rows.queue_text(queue)) == len(rows.queue_text(Queue(0, 0, 0)))
    gaps = [Gap(beat, 5, 0), Gap(beat + 9, 0, 7)]
    assert rows.gaps(rows.gaps_text(gaps)) == gaps


@pytest.mark.parametrize("reason", ["200 OK", "\u00fc", "\ud800", "\x00", "\U0001f600", '"'])
def test_a_history_comes_back_and_can_be_stored(reason: str) -> None:
    """Whatever a peer wrote as the reason."""
    text = rows.short_text([[1, 0, 1, reason]])
    assert rows.history(text) == [[1, 0, 1, reason]]
    assert text.encode()


def test_the_past_comes_back() -> None:
    """The changes, and what is counted behind them, if anything is; white space fills the row up."""
    for past in (Past(), Past([[1, 0, 1, "a\nb"]]), Past([[1, 0, 1, "x"]], Counted(7, "u").until(9, "d"))):
        text = rows.past_text(past)
        assert rows.past(text + "  ") == past
        assert rows.history(text) == past.changes


def test_a_history_takes_few_bytes() -> None:
    """A character is not escaped that need not be: shared memory is what a record costs."""
    assert rows.short_text([[1, 0, 1, "Grüß Gott"]]) == '[[1, 0, 1, "Grüß Gott"]]'


def test_the_callback_that_runs() -> None:
    """Its row has one length, whatever it is called; none is (0, "")."""
    running = RunningCallback(12, "module:function for sip:a")
    for each in (running, RunningCallback()):
        assert rows.running_callback(rows.running_callback_text(each)) == each
    assert rows.running_callback("") == rows.running_callback("  ") == RunningCallback()
    assert rows.running_callback_text(running).startswith("12 module:function for sip:a ")
    long = RunningCallback(12, "x" * 1000)
    assert len(rows.running_callback_text(long)) == len(rows.running_callback_text(RunningCallback()))


def test_listeners_come_back() -> None:
    """With the names that they have in kamailio.cfg."""
    found = [Listener("udp", "127.0.0.1", 5060, ("a", "b")), Listener("tcp", "::1", 5060)]
    assert rows.listeners(rows.json_text(found)) == found


def test_what_the_owners_say_is_put_together() -> None:
    """Their groups in their order; if options differ, the first owner's count."""
    first = rows.Owner(0, "", {"a": [1]}, {"fall": 3}, "carriers")
    other = rows.Owner(0, "", None, {"fall": 5, "rise": 2}, "overflow")
    found = rows.Registration(
        1, "sip:a", {"me": first, "you": other, "they": first, "we": rows.Owner(0, "", None)}
    )
    assert found.groups == ("carriers", "overflow")
    assert found.options == {"fall": 3, "rise": 2}


def test_a_user_attr_is_handed_out_as_a_copy() -> None:
    """What a callback does to its own is nobody else's trouble."""
    owner = rows.Owner(0, "", {"a": [1]})
    owner.copy_of_user_attr()["a"].append(2)
    assert owner.user_attr == {"a": [1]}


def test_the_options_of_a_group() -> None:
    """By who gave them, each as strictly as a user's."""
    assert rows.group_options('{"me": {"fall": 3}}') == {"me": {"fall": 3}}
    with pytest.raises(ValueError, match="^mass_failure is no parameter of a group$"):
        rows.group_options('{"me": {"mass_failure": 1}}')
    for text in (
        "[]",
        '{"me": {"fall": 0}}',
        '{"me": {"nonsense": 1}}',
        '{"me": {"mass_failure": 1}}',
    ):
        with pytest.raises(ValueError):
            rows.group_options(text)
