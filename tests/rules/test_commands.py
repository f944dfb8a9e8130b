"""Commands of native routes and of operators: one grammar, and one complaint for what is none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.checks import Refused
from keepalive_core.rules.commands import COMMANDS, Call, parse, part
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting
from near_misses import near_misses
from outcomes import outcome

A = "sip:192.168.10.20"


@pytest.mark.parametrize(
    ("name", "text", "call"),
    [
        ("is_alive", A, Call((A,))),
        ("is_alive", "two words", Call(("two words",))),
        ("is_group_alive", "two words", Call(("two words",))),
        ("info", f"{A} latency_ms.p95", Call((A,), of_answer="latency_ms.p95")),
        ("set_admin", f"{A} drain", Call((A, "drain", 0, "me", ""))),
        ("set_admin", f"{A} drain 1.5h", Call((A, "drain", 5400, "me", ""))),
        (
            "set_admin",
            f"  {A}\tmaint  3600  card  'swap'; 2 ",
            Call((A, "maint", 3600, "me", "card  'swap'; 2")),
        ),
        ("report_failure", A, Call((A, "by me"))),
        ("report_success", f"{A} it answered", Call((A, "it answered"))),
        ("report_reply", f"{A} 503", Call((A, 503))),
        ("ping_now", A, Call((A,))),
        ("pause", " ", Call(())),
        ("reload", "", Call((False,))),
        ("reload", "force", Call((True,))),
        ("reload_script", "", Call(())),
        ("reload_script", "/a folder/x.py", Call(("/a folder/x.py",))),
        ("add_destination", A, Call((A, "me"))),
        (
            "add_destination",
            f"{A} group='two words' priority=1 weight=-2 fall=3 ping_interval=500ms # one",
            Call(
                (A, "me"),
                {"group": "two words", "priority": 1, "weight": -2, "fall": "3", "ping_interval": "500ms"},
            ),
        ),
        ("del_destination", A, Call((A, "me"))),
        ("configure_group", "carriers", Call(("carriers",))),
        ("configure_group", "'two words' delete_counter=3", Call(("two words",), {"delete_counter": "3"})),
    ],
)
def test_what_a_command_asks_for(name: str, text: str, call: Call) -> None:
    """White space stands between words; the last word that may be there is the rest of the text."""
    assert parse(name, text, "me") == call


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("colour", "", "unknown command 'colour', known are is_alive, state, "),
        ("ping_now", " ", "' ': URI is needed"),
        ("pause", "now", "'now': nothing is needed"),
        ("set_admin", A, f"'{A}': URI MODE [SECONDS [WHY]] is needed"),
        (
            "set_admin",
            f"{A} maint card swap",
            "'card' is no number of seconds, such as 30, 500ms, 2s, 5m or 1h",
        ),
        ("report_reply", f"{A} busy", "code: a number is needed, not 'busy'"),
        ("report_reply", A, "URI CODE is needed"),
        ("info", A, "URI KEY is needed"),
        ("reload", "Force", "'Force': force is needed, or nothing"),
        ("add_destination", "", "'': URI [NAME=VALUE ...] is needed"),
        ("add_destination", "# one", "'# one': URI [NAME=VALUE ...] is needed"),
        ("add_destination", f"{A} fall", "'fall' is no name=value, or given twice"),
        ("add_destination", f"{A} fall=3 fall=4", "'fall=4' is no name=value, or given twice"),
        ("add_destination", f"{A} weight=much", f"weight of '{A}': a number is needed, not 'much'"),
        ("add_destination", f"{A} fall=many", "bad fall 'many'"),
        ("add_destination", f"{A} group='a", '"group=\'a": quotation marks stand around a whole value'),
        ("configure_group", "g state_file=/x", "state_file is no parameter of a group"),
        ("is_alive", "x" * 8193, "'xxxxx"),
    ],
)
def test_what_is_no_command(name: str, text: str, fault: str) -> None:
    """It is refused by the thing and the reason."""
    with pytest.raises((Refused, InvalidSetting)) as refusal:
        parse(name, text, "me")
    assert fault in str(refusal.value)


def test_how_long_a_text_may_be() -> None:
    """To the byte, as a line of the list file."""
    assert parse("is_alive", "ü" * 4096, "me") == Call(("ü" * 4096,))
    with pytest.raises(Refused, match="is longer than 8192 bytes"):
        parse("is_alive", "ü" * 4096 + "x", "me")


@pytest.mark.parametrize("name", ["uri", "owner", "flags", "callback", "user_attr", "name", "self"])
@pytest.mark.parametrize("command", ["add_destination", "configure_group"])
def test_an_option_is_a_parameter(command: str, name: str) -> None:
    """What the function has besides, as a callback, is no option: no text stands for it."""
    with pytest.raises(InvalidSetting, match=f"unknown parameter '{name}'"):
        parse(command, f"x {name}=y", "me")


def test_options_of_a_group_are_no_members() -> None:
    """A group has no priority in itself."""
    with pytest.raises(InvalidSetting, match="unknown parameter 'priority'"):
        parse("configure_group", "g priority=1", "me")


TEXTS = [
    *(A, f"{A} maint 1h why", f"{A} 503", f"{A} state", "force", "", "/x/y.py", "'two words' fall=3"),
    f"{A} group='a b' priority=1 weight=2 "
    + " ".join(f"{name}={each.defined}" for name, each in PARAMETERS.items()),
]


@pytest.mark.parametrize("name", COMMANDS)
@given(text=st.one_of(near_misses(TEXTS), st.text()))
def test_any_text(name: str, text: str) -> None:
    """Any text is a command or is refused: what the function is given is of the types that it takes."""
    call, fault = outcome(lambda: parse(name, text, "me"), Refused, InvalidSetting)
    assert (call is None) == bool(fault)
    if call:
        assert all(isinstance(each, str | int | float) for each in call.arguments)
        assert {*call.options} <= {*PARAMETERS, "delete_counter", "group", "priority", "weight"}
        assert len(call.arguments) <= 5


KNOWN = {
    "state": "up",
    "ok": 7,
    "latency_ms": {"p95": 1.5},
    "held": ["a"],
    "owners": {"me": {"user_attr": None}},
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("state", "up"),
        ("ok", 7),
        ("latency_ms.p95", "1.5"),
        ("latency_ms", json.dumps({"p95": 1.5})),
        ("held", '["a"]'),
        ("owners.me.user_attr", "null"),
    ],
)
def test_a_part_of_what_is_known(key: str, value: int | str) -> None:
    """A whole number and a text are as they are; what a route has no type for is JSON."""
    assert part(KNOWN, key) == value


@pytest.mark.parametrize("key", ["", ".", "colour", "state.x", "latency_ms.", "held.0"])
def test_there_is_no_such_part(key: str) -> None:
    """It is refused by its name."""
    with pytest.raises(Refused) as refusal:
        part(KNOWN, key)
    assert repr(key) in str(refusal.value)
