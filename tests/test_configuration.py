"""The settings in force: read from kamailio.cfg at the start, and followed at run time."""

from types import ModuleType

from conftest import FakeServer


def intervals(server: FakeServer) -> int:
    import keepalive_core.configuration as configuration

    value: int = configuration.settings.values()["ping_interval"]
    return value


def test_a_define_holds_from_the_first_tick(server: FakeServer) -> None:
    """What kamailio.cfg defines is in force without a word in the log."""
    server.define("ping_interval", "7")
    server.process()
    server.tick(2)
    assert intervals(server) == 7
    assert server.ksr.lines("info") == server.ksr.lines("err") == []


def test_a_define_that_names_another_define(server: FakeServer) -> None:
    """A define may stand for another one: its value is known with the first tick, and modparam wins still."""
    server.ksr.defines["KEEPALIVE_PING_INTERVAL"] = "MY_INTERVAL"
    server.ksr.settings["ping_interval"] = "7"
    keepalive = server.process()
    server.tick(0.1)
    assert intervals(server) == 7
    assert server.ksr.lines("err") == server.ksr.lines("info") == []
    keepalive.modparam("ping_interval", 9)
    server.tick(2)
    assert intervals(server) == 9


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
