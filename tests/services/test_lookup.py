"""A destination in any spelling, from texts of any kind and length."""

from sys import getsizeof
from types import ModuleType

from conftest import FakeServer


def test_what_is_too_long_for_a_uri_is_not_remembered(keepalive: ModuleType, server: FakeServer) -> None:
    """A worker that is asked for texts of more than 255 bytes keeps nothing of them."""
    import keepalive_core.services.lookup as lookup

    for length in (252, 1000, 40_000):
        assert keepalive.is_alive("sip:" + "x" * length) == -1
    for character in ("\xe9", "\u8a9e", "\U0001f600", "\ud800"):
        assert keepalive.is_alive("sip:" + character * 250) == -1
    assert not lookup.keys_of_texts
    assert keepalive.is_alive("sip:" + "\xe9" * 50) == -1
    assert len(lookup.keys_of_texts) == 1


def test_spellings_have_a_bound_in_bytes(server: FakeServer) -> None:
    """Asked for ever new destinations, and for texts of 40 kB, a process keeps within its bound."""
    server.define("table_size", "3")
    api = server.process()
    from keepalive_core.services import lookup

    for number in range(1000):
        assert api.is_alive(f"sip:{number}@192.168.10.20") == -1
        assert api.is_alive(f"{number}" + "x" * 40_000) == -1
        known = lookup.keys_of_texts
        assert sum(getsizeof(text) + getsizeof(key) for text, key in known.items()) < 16 * 1024
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
