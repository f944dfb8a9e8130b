"""The settings in force: read from kamailio.cfg at the start, and followed at run time."""

from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.parameters import WITHOUT_CLUSTER
from keepalive_testing.variables import Name


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
    """If its text does not tell what a define comes to, that is known with the first tick."""
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
    assert server.ksr.lines("notice") == ["keepalive: operator (kamcmd cfg): ping_interval 9 -> 5"]


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


@pytest.mark.parametrize("name", [name for name, setting in WITHOUT_CLUSTER.items() if setting.at_run_time])
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


@pytest.mark.parametrize("name", [*WITHOUT_CLUSTER, "probers", "table_size", "enabled"])
def test_a_define_that_is_no_utf_8_is_its_own_trouble(server: FakeServer, name: str) -> None:
    """It gets one line, its default holds, and what is configured beside it is pinged."""
    server.define("destinations", "192.168.10.20 192.168.10.21")
    server.define("unknown_as", "down")
    server.define(name, BAD)
    keepalive = server.process()
    assert keepalive.state("192.168.10.21") != -1
    server.tick(2)
    assert {ping.uri for ping in server.ksr.sent} == {"sip:192.168.10.20", "sip:192.168.10.21"}
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
    """If even the digits of a text can't be read, the setting keeps its value, and the others change."""
    server.process()
    server.tick(1)
    read = server.ksr._value

    def fails(name: Name) -> object:
        if "ping_timeout" in name.inner:
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
    assert server.ksr.lines("notice") == ["keepalive: operator (kamcmd cfg): unknown_as up -> down"]


def test_files_are_named_at_the_start_alone(server: FakeServer) -> None:
    """kamcmd can set neither file; a bad name in kamailio.cfg is told once, and nothing else is concerned."""
    server.define("state_file", "no/path")
    server.define("destinations", "sip:a")
    server.process()
    server.tick(3)
    assert len(server.ksr.sent) == 1
    [line] = server.ksr.lines("err")
    assert "bad state_file 'no/path': an absolute path is needed, in kamailio.cfg" in line


def test_the_profile_is_told_in_full(server: FakeServer) -> None:
    """Once, at the start, with what is said beside it; and again when that changes at run time."""
    server.define("profile", "carrier")
    server.define("fall", "1")
    keepalive = server.process()
    keepalive.modparam("rise", 1)
    keepalive.configure_group("g", fall=7)
    keepalive.add_destination("sip:a", "me")
    keepalive.add_destination("sip:b", "me", rise=4, group="g")
    server.tick(3)
    told = [line for line in server.ksr.lines("info") if "profile" in line]
    assert told == [
        "keepalive: profile carrier: fall 3, rise 2, ping_interval_pending auto, ping_timeout 1000, "
        "mass_failure 40, flap_limit 6, flap_hold_max 300; instead of that: fall 1, rise 1"
    ]
    assert [keepalive.info(f"sip:{user}")["fall"] for user in "ab"] == [1, 7]
    assert [keepalive.info(f"sip:{user}")["rise"] for user in "ab"] == [1, 4]
    assert {ping.timeout_ms for ping in server.ksr.sent} == {1063}
    server.ksr.settings["fall"] = ""
    server.tick(1.1)
    assert keepalive.info("sip:a")["fall"] == 1, "as kamailio.cfg defines it"
    server.ksr.settings["fall"] = "2"
    server.tick(1.1)
    assert keepalive.info("sip:a")["fall"] == 2
    server.ksr.settings["profile"] = ""
    server.tick(1.1)
    assert configuration().values()["mass_failure"] == 0
    assert server.ksr.lines("err") == []


DIFFERENCE = "delete_counter is taken for remove_after: "
DIFFERENT = "with the C module it stays, down and pinged no more"


def test_delete_counter_is_remove_after(server: FakeServer, tmp_path: Path) -> None:
    """modparam, options, groups and the list file take it, each with a WARNING that names the difference."""
    file = tmp_path / "keepalive.list"
    file.write_text("sip:a group=g delete_counter=3\ngroup.g.delete_counter=4\n")
    server.define("list_file", str(file))
    keepalive = server.process()
    assert keepalive.state("sip:a") == 0
    assert len(server.ksr.lines("warn")) == 1
    assert keepalive.add_destination("sip:b", "me", delete_counter=2) == 0
    assert keepalive.configure_group("h", delete_counter="5") == 0
    assert keepalive.modparam("delete_counter", 6) == 0
    assert keepalive.reload() == 0
    lines = server.ksr.lines("warn")
    assert len(lines) == 5
    assert all(
        DIFFERENCE in line and "with the C module it stays, down and pinged no more" in line for line in lines
    )
    assert keepalive.info("sip:a")["options"] == {"remove_after": 3}
    assert keepalive.info("sip:b")["options"] == {"remove_after": 2}
    assert configuration().settings.values()["remove_after"] == 6
    for bad in (-1, "x", None):
        assert keepalive.modparam("delete_counter", bad) == -1
    assert "bad delete_counter -1: 0 to 1000000 failures is allowed" in server.ksr.lines("err")[0]
    assert keepalive.add_destination("sip:b", "me", delete_counter=2, remove_after=2) == -1
    assert len(server.ksr.lines("warn")) == 5


@pytest.mark.parametrize(
    ("defines", "value", "warnings", "errors"),
    [
        ({"delete_counter": "5"}, 5, 1, 0),
        ({"delete_counter": "5", "remove_after": "7"}, 7, 0, 0),
        ({"delete_counter": "x"}, 0, 0, 1),
        ({}, 0, 0, 0),
    ],
)
def test_delete_counter_in_kamailio_cfg(
    server: FakeServer, defines: dict[str, str], value: int, warnings: int, errors: int
) -> None:
    """KEEPALIVE_DELETE_COUNTER is taken unless KEEPALIVE_REMOVE_AFTER is there, and told once."""
    for name, text in defines.items():
        server.ksr.defines[f"KEEPALIVE_{name.upper()}"] = text
        if name == "remove_after":
            server.define(name, text)
    for _ in range(2):
        server.process()
    server.tick(3)
    assert configuration().values()["remove_after"] == value
    assert len(server.ksr.lines("warn")) == warnings
    assert len(server.ksr.lines("err")) == errors
