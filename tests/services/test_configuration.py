"""The settings in force: read from kamailio.cfg at the start, and followed at run time."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.parameters import PARAMETERS


def configuration() -> ModuleType:
    """The room of the process that was started last."""
    import keepalive_core.services.configuration as room

    return room


def intervals(server: FakeServer) -> int:
    value: int = configuration().settings.values()["ping_interval"]
    return value


def test_a_define_holds_from_the_first_tick(server: FakeServer) -> None:
    """What kamailio.cfg defines is in force without a word in the log."""
    server.define("ping_interval", "7")
    server.process()
    server.tick(2)
    assert intervals(server) == 7
    assert server.ksr.lines("info") == server.ksr.lines("err") == []


def test_a_define_that_names_another_define(server: FakeServer) -> None:
    """A define may stand for another one, whose value holds from mod_init on; modparam wins still."""
    server.ksr.defines["KEEPALIVE_PING_INTERVAL"] = "MY_INTERVAL"
    server.ksr.defines["MY_INTERVAL"] = "OTHER"
    server.ksr.defines["OTHER"] = "7"
    server.ksr.settings["ping_interval"] = "7"
    server.ksr.phase = "mod_init"
    keepalive = server.process()
    keepalive.is_alive("sip:a")
    assert intervals(server) == 7
    server.ksr.phase = "route"
    server.tick(0.1)
    assert intervals(server) == 7
    assert server.ksr.lines("err") == server.ksr.lines("info") == []
    keepalive.modparam("ping_interval", 9)
    server.tick(2)
    assert intervals(server) == 9


def test_a_define_that_only_kamailio_knows(server: FakeServer) -> None:
    """Where its text does not tell what a define comes to, that is known with the first tick."""
    server.ksr.defines |= {"KEEPALIVE_PING_INTERVAL": "A", "A": "B", "B": "A"}
    server.ksr.settings["ping_interval"] = "7"
    server.process()
    server.tick(0.1)
    assert intervals(server) == 7
    assert server.ksr.lines("err") == server.ksr.lines("info") == []


def test_a_change_before_the_first_tick_is_a_change(server: FakeServer) -> None:
    """An operator may be faster than the first tick."""
    keepalive = server.process()
    keepalive.modparam("ping_interval", 9)
    server.ksr.settings["ping_interval"] = "5"
    server.tick(0.1)
    assert intervals(server) == 5
    assert server.ksr.lines("info") == ["keepalive: ping_interval is 5 from now on, set at run time"]


def test_a_bad_change_is_told_once_and_ignored(keepalive: ModuleType, server: FakeServer) -> None:
    """A value out of range gets one line; a good one after it holds."""
    server.tick(0.1)
    server.ksr.settings["ping_interval"] = "0"
    server.tick(3)
    assert intervals(server) == 30
    [line] = server.ksr.lines("err")
    assert "bad ping_interval 0: 0.1 to 86400 seconds is allowed" in line
    server.ksr.settings["ping_interval"] = "8"
    server.tick(1.1)
    assert intervals(server) == 8


def test_settings_are_not_read_where_that_crashes(server: FakeServer) -> None:
    """Nothing that a script may call in mod_init or child_init reads Kamailio's settings (a Violation)."""
    for phase in ("mod_init", "child_init"):
        server.ksr.phase = phase
        keepalive = server.process()
        keepalive.modparam("ping_interval", 10)
        keepalive.add_destination("sip:a", "me")
        keepalive.register_callback(len)
        assert keepalive.is_alive("sip:a") == 1
        assert keepalive.state("sip:b") == -1
        keepalive.del_destination("sip:a", "me")
        keepalive.Handlers().child_init(1)
    assert server.ksr.violations == []


BAD = "sip:k\udce4ter"
"""with a byte that is no UTF-8"""


@pytest.mark.parametrize("name", [name for name, setting in PARAMETERS.items() if setting.at_run_time])
def test_a_setting_that_is_no_utf_8_is_its_own_trouble(server: FakeServer, name: str) -> None:
    """It gets one line; all other settings, enabled and the destinations are followed, and pings go on."""
    keepalive = server.process()
    keepalive.add_destination("sip:a", "me")
    server.tick(1)
    server.ksr.settings[name] = BAD
    changed = {"rise": "5", "unknown_as": "down", "ping_interval": "3", "destination": "sip:b"}
    for other, value in changed.items():
        if other != name:
            server.ksr.settings[other] = value
    server.tick(5)
    for other, value in changed.items():
        if other not in (name, "destination"):
            assert str(configuration().values()[other]) == value
    assert keepalive.state("sip:b") != -1
    assert len(server.ksr.lines("err")) == 1
    assert f"bad {name} 'sip:k" in server.ksr.lines("err")[0]
    before = len(server.ksr.sent)
    server.tick(31)
    assert len(server.ksr.sent) > before
    server.ksr.settings["enabled"] = "0"
    server.tick(2)
    before = len(server.ksr.sent)
    server.tick(31)
    assert len(server.ksr.sent) == before, "paused"


@pytest.mark.parametrize("name", [*PARAMETERS, "probers", "table_size", "enabled"])
def test_a_define_that_is_no_utf_8_is_its_own_trouble(server: FakeServer, name: str) -> None:
    """It gets one line, its default holds, and what is configured beside it is pinged."""
    server.define("destinations", "sip:a sip:b")
    server.define("unknown_as", "down")
    server.define(name, BAD)
    keepalive = server.process()
    assert keepalive.state("sip:b") != -1
    server.tick(2)
    assert {ping.uri for ping in server.ksr.sent} == {"sip:a", "sip:b"}
    assert len(server.ksr.lines("err")) == (name not in ("probers", "table_size"))
    assert server.ksr.lines("info") == []


def test_a_bad_entry_of_the_define_costs_itself(server: FakeServer) -> None:
    """Of the destinations that kamailio.cfg defines, the good ones are pinged, whatever the bad ones are."""
    server.define("destinations", f"sip:a, {BAD} sip:10.0.0.256, sip:b")
    keepalive = server.process()
    server.tick(2)
    assert {ping.uri for ping in server.ksr.sent} == {"sip:a", "sip:b"}
    assert len(server.ksr.lines("err")) == 2
    assert keepalive.is_alive("sip:b") == 1


@pytest.mark.parametrize("wrong", ["2", "-1", "yes", "", BAD])
def test_a_bad_word_neither_pauses_nor_resumes(keepalive: ModuleType, server: FakeServer, wrong: str) -> None:
    """enabled is 0 or 1; anything else is told once, and what was set before holds."""
    keepalive.add_destination("sip:a", "me")
    for good in ("0", "1"):
        server.ksr.settings["enabled"] = good
        server.tick(2)
        server.ksr.settings["enabled"] = wrong
        before = len(server.ksr.sent)
        server.tick(35)
        assert (len(server.ksr.sent) > before) == (good == "1")
    assert len(server.ksr.lines("err")) == 2


def test_a_setting_that_gives_nothing_at_all_is_told_once(server: FakeServer, mocker) -> None:
    """Where even the digits of a text can't be read, the setting keeps its value, and the others change."""
    server.process()
    server.tick(1)
    read = server.ksr._value

    def fails(name: str) -> object:
        if "ping_timeout" in name:
            raise SystemError("nothing")
        return read(name)

    server.ksr._value = fails
    server.ksr.settings["unknown_as"] = "down"
    server.tick(5)
    assert configuration().values()["unknown_as"] == "down"
    assert len(server.ksr.lines("err")) == 1
    assert "setting ping_timeout is ignored" in server.ksr.lines("err")[0]
    server.ksr._value = read
    server.tick(2)
    assert server.ksr.lines("info") == ["keepalive: unknown_as is down from now on, set at run time"]


def test_files_are_named_at_the_start_alone(server: FakeServer) -> None:
    """kamcmd can set neither file; a bad name in kamailio.cfg is told once, and nothing else is concerned."""
    server.define("state_file", "no/path")
    server.define("destinations", "sip:a")
    server.process()
    server.tick(3)
    assert len(server.ksr.sent) == 1
    [line] = server.ksr.lines("err")
    assert "bad state_file 'no/path': an absolute path is needed, in kamailio.cfg" in line
