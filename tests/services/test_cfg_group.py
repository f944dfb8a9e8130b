"""The cfg group keepalive: what operators set at run time wins, and what they see is in force."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.parameters import PARAMETERS


def in_force(name: str) -> object:
    """A parameter's value in the process that was started last."""
    import keepalive_core.services.configuration as configuration

    return configuration.values()[name]


# The script's word, the text that kamailio.cfg has for it, and an operator's.
WORDS = [
    ("unknown_as", "down", "up"),
    ("ping_jitter", 0, "10"),
    ("profile", "carrier", ""),
    ("ping_interval", 5, "30"),
    ("ping_headers", "X-A: 1 | X-B: \"2\\'", ""),
    ("ping_reply_codes", "2xx,404", "2xx"),
    ("group_min_alive", "50%", "0"),
    ("honor_retry_after", 0, "1"),
    ("outbound_proxy", "sip:192.0.2.1", ""),
]


@pytest.mark.parametrize(("name", "of_script", "defined"), WORDS)
def test_an_operator_wins_with_the_very_text_of_kamailio_cfg(
    server: FakeServer, name: str, of_script: object, defined: str
) -> None:
    """The group shows what modparam said, so that the define's or the default's text is a change."""
    server.define(name, defined)
    keepalive = server.process()
    assert keepalive.modparam(name, of_script) == 0
    server.tick(2)
    assert server.ksr.settings[name] == str(of_script)
    assert in_force(name) == of_script
    server.ksr.settings[name] = defined
    server.tick(2)
    assert str(in_force(name)) == defined
    assert server.ksr.settings[name] == defined
    [line] = server.ksr.lines("notice")
    before, after = str(of_script), defined or "empty"
    assert line.startswith(f"keepalive: operator (kamcmd cfg): {name} {before} -> ")
    assert line.endswith(after) or not defined
    assert server.ksr.lines("err") == server.ksr.lines("warn") == []


def test_nothing_is_written_that_is_shown_already(server: FakeServer) -> None:
    """A define in another spelling, a word of a profile, and what the script says once more."""
    asked: list[str] = []
    answer = server.ksr._jsonrpcs_exec
    server.ksr._jsonrpcs_exec = lambda text: (asked.append(text), answer(text))[1]
    server.define("ping_timeout", "2s")
    server.define("profile", "carrier")
    keepalive = server.process()
    keepalive.modparam("ping_timeout", 2000)
    server.tick(5)
    assert not [text for text in asked if "cfg.sets" in text]
    keepalive.modparam("fall", 7)
    server.tick(5)
    assert len([text for text in asked if "cfg.sets" in text]) == 1
    assert server.ksr.settings["fall"] == "7"
    assert server.ksr.settings["rise"] == ""


def test_what_is_refused_is_shown_no_more(server: FakeServer) -> None:
    """After a bad value at run time, or a bad define, cfg.get tells what is in force; one line names it."""
    server.define("fall", "0")
    server.define("rise", "3")
    server.process()
    server.tick(2)
    assert server.ksr.settings["fall"] == ""
    server.ksr.settings["rise"] = "many"
    server.tick(2)
    assert server.ksr.settings["rise"] == "3"
    server.ksr.settings["rise"] = "many"
    server.tick(2)
    assert in_force("rise") == 3
    assert len(server.ksr.lines("err")) == 3, "each time that it is set"
    server.ksr.settings["rise"] = "4"
    server.tick(2)
    assert in_force("rise") == 4


def test_an_empty_text_takes_back_what_was_set_at_run_time(server: FakeServer) -> None:
    """Of a parameter of a profile: the script's word holds again, and is shown."""
    keepalive = server.process()
    keepalive.modparam("fall", 5)
    server.tick(2)
    for text, value in (("2", 2), ("", 5)):
        server.ksr.settings["fall"] = text
        server.tick(2)
        assert (in_force("fall"), server.ksr.settings["fall"]) == (value, str(value))


def test_an_operator_wins_over_what_the_script_says_later(keepalive: ModuleType, server: FakeServer) -> None:
    """As after a reload of the script."""
    server.tick(2)
    server.ksr.settings["fall"] = "4"
    server.tick(2)
    keepalive.modparam("fall", 9)
    server.tick(2)
    assert (in_force("fall"), server.ksr.settings["fall"]) == (4, "4")


def test_where_nothing_can_be_written_the_settings_hold(server: FakeServer) -> None:
    """One WARNING for each value that cfg.get does not show; what is set later is followed."""
    server.ksr.takes_settings = False
    keepalive = server.process()
    keepalive.modparam("fall", 5)
    server.tick(5)
    assert in_force("fall") == 5
    [line] = server.ksr.lines("warn")
    assert "kamcmd cfg.get does not show that fall is '5': cfg.sets is refused" in line
    server.ksr.settings["fall"] = "3"
    server.tick(2)
    assert in_force("fall") == 3


def test_no_room_for_the_settings_is_no_change_of_them(server: FakeServer) -> None:
    """If shared memory is full at the first look, what was written is no operator's word later."""
    keepalive = server.process()
    keepalive.modparam("fall", 5)
    server.ksr.room_left = 0
    server.tick(2)
    server.ksr.room_left = None
    server.tick(2)
    assert in_force("fall") == 5
    assert server.ksr.lines("notice") == []


def test_each_parameter_that_is_refused_is_told(server: FakeServer) -> None:
    """However many are at once: a slip in one hides no slip in another."""
    server.define("node", "sip:10.0.0.1:5060")
    names = [name for name, parameter in PARAMETERS.items() if parameter.at_run_time]
    for name in names:
        server.define(name, "no such: value")
    server.process()
    server.tick(2)
    assert len(server.ksr.lines("err")) == len(names) > 20
    for name in names:
        server.ksr.settings[name] = "no other: value"
    server.tick(2)
    assert len(server.ksr.lines("err")) == 2 * len(names)


def test_a_list_that_was_refused_may_be_set_again(server: FakeServer) -> None:
    """cfg.get shows the one that is followed; the refused one is looked at anew, each time that it is set."""
    server.define("destinations", "sip:a sip:b")
    keepalive = server.process()
    server.tick(2)
    for times in (1, 2):
        server.ksr.settings["destination"] = "sip:b sip:10.0.0.256"
        server.tick(2)
        assert server.ksr.settings["destination"] == "sip:a sip:b"
        assert len(server.ksr.lines("err")) == times
    server.ksr.settings["destination"] = "sip:b sip:c"
    server.tick(2)
    assert [keepalive.state(f"sip:{user}") for user in "abc"] == [-1, 0, 0]
    server.ksr.settings["destination"] = ""
    server.tick(2)
    assert server.ksr.settings["destination"] == "sip:b sip:c"
    assert keepalive.state("sip:c") == 0
    assert len(server.ksr.lines("err")) == 3


def test_a_list_that_can_not_be_written_is_not_shown(server: FakeServer) -> None:
    """One with a byte that is no ASCII would come back as another list; the other one is refused once."""
    server.define("destinations", "sip:a sip:k\udce4")
    keepalive = server.process()
    server.tick(2)
    server.ksr.settings["destination"] = "sip:10.0.0.256"
    server.tick(70)
    assert server.ksr.settings["destination"] == "sip:10.0.0.256"
    assert keepalive.state("sip:a") != -1
    assert len([line for line in server.ksr.lines("err") if "bad " in line]) == 2, (
        "of the define, and of the list"
    )


@pytest.mark.parametrize("number", [1, 2])
def test_a_word_that_neither_pauses_nor_resumes_is_shown_no_more(server: FakeServer, number: int) -> None:
    """By the first prober alone: another one might write over what an operator has set since."""
    server.define("probers", str(number))
    server.process()
    server.tick(2)
    for holds in ("1", "0"):
        server.ksr.settings["enabled"] = holds
        server.tick(2)
        server.ksr.settings["enabled"] = "yes"
        server.tick(2)
        assert server.ksr.settings["enabled"] == holds
    assert len(server.ksr.lines("err")) == 2


# --- orders -----------------------------------------------------------------------------------------------


def test_pings_that_are_not_enabled_are_an_order(server: FakeServer) -> None:
    """One line for each change, whoever looks, and none for what kamailio.cfg says."""
    server.define("enabled", "0")
    server.process()
    server.tick(1)
    assert server.ksr.lines("notice") == []
    for text in ("1", "1", "0"):
        server.ksr.settings["enabled"] = text
        server.tick(1)
    assert server.ksr.lines("notice") == [
        "keepalive: operator (kamcmd cfg): enabled 0 -> 1",
        "keepalive: operator (kamcmd cfg): enabled 1 -> 0",
    ]


def test_a_list_of_destinations_is_an_order(server: FakeServer) -> None:
    """If it is followed; that of the start is none."""
    server.define("destinations", "sip:a sip:b")
    server.process()
    server.tick(1)
    for text in ("sip:b sip:c", "", "sip:b:b", "sip:b"):
        server.ksr.settings["destination"] = text
        server.tick(11)
    orders = [line for line in server.ksr.lines("notice") if "operator" in line]
    assert orders == [
        "keepalive: operator (kamcmd cfg): destination sip:a sip:b -> sip:b sip:c",
        "keepalive: operator (kamcmd cfg): destination sip:b sip:c -> sip:b",
    ]


def test_what_the_script_says_is_no_order(server: FakeServer) -> None:
    """Nor what the group is made to show of it."""
    keepalive = server.process()
    server.tick(1)
    assert keepalive.modparam("fall", 5) == 0
    server.tick(1)
    assert server.ksr.settings["fall"] == "5"
    assert keepalive.set_admin("sip:a", "drain") == -1
    assert keepalive.pause() == keepalive.resume() == 0
    assert server.ksr.lines("notice") == []
