"""The settings of HTTP, as kamailio.cfg defines them."""

from types import ModuleType

from conftest import FakeServer
from keepalive_core.rules.http_settings import UnixPlace


def test_they_are_read_once(keepalive: ModuleType, server: FakeServer) -> None:
    """What holds is there for all; each word that can't be is one line of the log."""
    server.define("http", "unix:/run/a unix:b 127.0.0.1:0")
    server.define("http_rpc", "core.uptime")
    from keepalive_core.cockpit import http_defines

    found = http_defines.settings()
    assert (found.places, found.methods) == ((UnixPlace("/run/a"),), {"core.uptime"})
    assert http_defines.settings() is found
    first, second = server.ksr.lines("err")
    assert "bad setting of HTTP: KEEPALIVE_HTTP: 'unix:b' is ignored: a path begins with /" in first
    assert "bad setting of HTTP: KEEPALIVE_HTTP: '127.0.0.1:0' is ignored: a port is 1 to 65535" in second


def test_what_can_not_be_read_is_as_if_it_were_not_there(
    keepalive: ModuleType, server: FakeServer, monkeypatch: object
) -> None:
    """The others hold, and the log has the name."""
    server.define("http", "unix:/run/a")
    from keepalive_core.cockpit import http_defines
    from keepalive_core.kamailio import variables

    read = variables.defined

    def defined(name: str) -> str | None:
        if name == "http_allow":
            raise variables.Unreadable("$def(KEEPALIVE_HTTP_ALLOW) can't be read: x")
        return read(name)

    http_defines.variables.defined = defined  # the module of this process alone
    assert http_defines.settings().places == (UnixPlace("/run/a"),)
    [line] = server.ksr.lines("err")
    assert "KEEPALIVE_HTTP_ALLOW is ignored" in line
