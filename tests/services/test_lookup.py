"""A destination in any spelling, from texts of any kind and length."""

from collections.abc import Callable
from sys import getsizeof
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from counted_calls import Calls


def test_what_is_too_long_for_a_uri_is_not_remembered(keepalive: ModuleType, server: FakeServer) -> None:
    """A worker that is asked for texts of more than 255 bytes keeps nothing of them."""
    import keepalive_core.services.lookup as lookup

    for length in (252, 1000, 40_000):
        assert keepalive.is_alive("sip:" + "x" * length) == -1
    for character in ("\xe9", "\u8a9e", "\U0001f600", "\ud800"):
        assert keepalive.is_alive("sip:" + character * 250) == -1
    assert not lookup.spellings
    assert keepalive.is_alive("sip:" + "\xe9" * 50) == -1
    assert len(lookup.spellings) == 1


def test_spellings_have_a_bound_in_bytes(server: FakeServer) -> None:
    """Asked for ever new destinations, and for texts of 40 kB, a process keeps within its bound."""
    server.define("table_size", "3")
    api = server.process()
    from keepalive_core.services import lookup

    for number in range(1000):
        assert api.is_alive(f"sip:{number}@192.168.10.20") == -1
        assert api.is_alive(f"{number}" + "x" * 40_000) == -1
        known = lookup.spellings
        assert sum(sum(map(getsizeof, (text, *keys, *keys[1]))) for text, keys in known.items()) < 16 * 1024
    assert max(map(len, known)) <= 255


def test_malformed_lookups_are_logged_once(keepalive: ModuleType, server: FakeServer) -> None:
    """A route that asks for nonsense again and again does not flood the log."""
    for _ in range(5):
        assert keepalive.is_alive("no uri") == -1
    assert len(server.ksr.lines("err")) == 1
    for nonsense in (None, ["list"], {"a": 1}, 7):
        assert keepalive.is_alive(nonsense) == -1
        assert keepalive.state(nonsense) == -1
    assert not [line for line in server.ksr.lines("err") if "Traceback" in line]


def test_what_was_configured_and_is_deleted_is_gone(server: FakeServer) -> None:
    """Behind the start-up it is not monitored, in a process too that does not know yet who is called."""
    server.define("destinations", "sip:192.168.10.20")
    keepalive = server.process()
    server.tick(2)
    from keepalive_core.services.adoption import the_adoption

    the_adoption.is_sound = False
    assert keepalive.del_destination("sip:192.168.10.20", "kamailio.cfg") == 0
    assert keepalive.state("sip:192.168.10.20") == -1


# --- other spellings of a name ------------------------------------------------------------------------------

NAME = "sip:provider.example"
SPELLINGS = (
    NAME,
    f"{NAME}:5060",
    f"{NAME};transport=udp",
    "SIP:Provider.EXAMPLE.",
    "provider.example:5060;lr",
)

FUNCTIONS: dict[str, Callable[[Any, str], object]] = {
    "is_alive": lambda api, uri: api.is_alive(uri) == 1,
    "state": lambda api, uri: api.state(uri) == 1,
    "info": lambda api, uri: api.info(uri)["state"] == "up",
    "set_admin": lambda api, uri: api.set_admin(uri, "drain") == 0,
    "ping_now": lambda api, uri: api.ping_now(uri) == 0,
    "report_failure": lambda api, uri: api.report_failure(uri, "why") == 0,
    "report_success": lambda api, uri: api.report_success(uri) == 0,
    "report_reply": lambda api, uri: api.report_reply(uri, 503) == 0,
    "del_destination": lambda api, uri: api.del_destination(uri, "me") == 0,
}


def two_things(a: str, b: str) -> bool:
    from keepalive_core.rules import uris

    return uris.parse(a).key != uris.parse(b).key


@pytest.mark.parametrize("asked", SPELLINGS)
@pytest.mark.parametrize("registered", SPELLINGS[:3])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_only_spelling_that_is_monitored_is_meant(
    keepalive: ModuleType, server: FakeServer, function: str, registered: str, asked: str
) -> None:
    """Whoever wrote a name with the port once, and without it another time, goes on as before."""
    assert keepalive.add_destination(registered, "me") == 0
    assert keepalive.report_success(registered) == 0
    assert FUNCTIONS[function](keepalive, asked)
    assert server.ksr.lines("err") == server.ksr.lines("warn") == []


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("up", "down"), [(SPELLINGS[0], SPELLINGS[1]), (SPELLINGS[1], SPELLINGS[2])])
def test_two_that_are_monitored_are_two_things(
    keepalive: ModuleType, server: FakeServer, function: str, up: str, down: str
) -> None:
    """Each means itself, whatever was asked of the one before the other came."""
    keepalive.add_destination(up, "me")
    keepalive.report_success(up)
    assert keepalive.is_alive(down) == 1, "asked for before it is there itself"
    keepalive.add_destination(down, "me")
    for _ in range(2):
        keepalive.report_failure(down)
    before = keepalive.info(down)
    assert before["state"] == "down"
    assert FUNCTIONS[function](keepalive, up)
    after = keepalive.info(down)
    assert {**before, "callbacks_waiting": 0} == {**after, "callbacks_waiting": 0}


@pytest.mark.parametrize("asked", SPELLINGS[:3])
@pytest.mark.parametrize("other", SPELLINGS[:3])
def test_no_process_remembers_which_one_was_meant(server: FakeServer, asked: str, other: str) -> None:
    """What comes and goes in another process decides at each question, of is_alive too."""
    worker, script = server.process(), server.process()
    server.tick(0.2)
    if not two_things(asked, other):
        return
    for _ in range(2):
        assert worker.is_alive(asked) == -1
        script.add_destination(other, "me")
        script.set_admin(other, "maint")
        assert worker.is_alive(asked) == 2, "the other one is meant"
        script.add_destination(asked, "me")
        assert worker.is_alive(asked) == 1, "now it is itself"
        script.del_destination(asked, "me")
        assert worker.is_alive(asked) == 2, "the other one again"
        script.del_destination(other, "me")
        assert worker.is_alive(asked) == worker.is_alive(other) == -1


def test_an_owner_deletes_what_is_his(keepalive: ModuleType, server: FakeServer) -> None:
    """In whichever spelling he has it; what only others have by another spelling stays."""
    keepalive.add_destination(NAME, "one")
    keepalive.add_destination(f"{NAME}:5060", "two")
    assert keepalive.del_destination(f"{NAME}:5060", "one") == 0
    assert keepalive.del_destination(f"{NAME}:5060", "one") == -1
    assert [each["uri"] for each in keepalive.list()] == [f"{NAME}:5060"]
    assert keepalive.del_destination(NAME, "two") == 0
    assert keepalive.list() == []


def test_a_spelling_is_deleted_before_the_tables_exist(server: FakeServer) -> None:
    """By the same rule."""
    server.ksr.tables_exist = False
    server.ksr.phase = "mod_init"
    early = server.process()
    assert early.add_destination(NAME, "me") == 0
    assert early.del_destination(f"{NAME}:5060", "me") == 0
    assert early.del_destination(f"{NAME}:5060", "me") == -1


@pytest.mark.parametrize("asked", SPELLINGS)
def test_another_spelling_of_what_is_just_registered(server: FakeServer, asked: str) -> None:
    """While another process brings in what is configured, it is unknown, not unmonitored."""
    server.define("destinations", NAME)
    server.ksr.tables["keepalive"]["startup"] = 1
    keepalive = server.process()
    assert keepalive.is_alive(asked) == 1
    assert keepalive.state(asked) == 0


def test_how_many_calls_a_spelling_takes(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for what is monitored by the spelling that is asked for, or is an address that is not."""
    calls = Calls(server, monkeypatch)
    api = calls.api
    address = "sip:192.168.10.20"
    for uri in (NAME, address):
        api.add_destination(uri, "me")
        api.report_success(uri)
    server.tick(2)

    def cost(function: str, *args: object) -> int:
        getattr(api, function)(*args)
        return calls.of(getattr(api, function), *args)

    assert cost("is_alive", NAME) == cost("is_alive", address) == 1
    assert cost("is_alive", "sip:192.168.10.99") == 1
    for function, *more in (("state",), ("info",), ("report_reply", 200), ("report_failure",), ("ping_now",)):
        assert cost(function, NAME, *more) == cost(function, address, *more)
    assert cost("is_alive", f"{NAME};transport=udp") == 2, "by its own key, then by another one"
    assert cost("is_alive", f"{NAME}:5060") == 2
    assert cost("is_alive", "sip:nobody.example") == 3
