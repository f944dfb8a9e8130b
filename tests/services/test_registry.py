"""Destinations and owners, from several processes."""

from types import ModuleType

import pytest

from conftest import FakeServer

A = "192.168.10.20"
B = "sip:192.168.10.21"


def no_errors(server: FakeServer) -> bool:
    return not server.ksr.lines("err") and not server.ksr.lines("warn")


def test_what_one_process_adds_all_see(keepalive: ModuleType, server: FakeServer) -> None:
    """A destination that a worker adds is monitored to every other process, and gone for all when deleted."""
    other = server.process()
    assert keepalive.add_destination(A, "me") == 0
    assert other.state(f"sip:{A}:5060") == other.UNKNOWN
    assert other.del_destination(f"SIP:{A}", "me") == 0
    assert keepalive.state(A) == -1


def test_the_last_owner_ends_the_monitoring(keepalive: ModuleType, server: FakeServer) -> None:
    """Each owner's interest is its own; one that has none is told so."""
    for owner in ("one", "two"):
        assert keepalive.add_destination(A, owner) == 0
    assert keepalive.del_destination(A, "three") == -1
    assert keepalive.del_destination(A, "one") == 0
    assert keepalive.del_destination(A, "one") == -1
    assert keepalive.state(A) == 0
    assert keepalive.del_destination(A, "two") == 0
    assert keepalive.state(A) == -1
    assert keepalive.del_destination(A, "two") == -1
    assert [line for line in server.ksr.lines("err") if "'three' owns no destination" in line]


def test_adding_again_updates_and_keeps_the_state(keepalive: ModuleType, server: FakeServer) -> None:
    """The same uri and owner again keeps state and pings, and takes over the new spelling."""
    keepalive.add_destination(A, "me")
    server.tick(1)
    server.ksr.reply(server.ksr.sent[0], 200)
    assert keepalive.add_destination(f"sip:{A}:5060", "me") == 0
    assert keepalive.state(A) == keepalive.UP
    server.tick(31)
    assert server.ksr.sent[-1].uri == f"sip:{A}:5060"


def test_the_first_owners_spelling_is_pinged(keepalive: ModuleType, server: FakeServer) -> None:
    """Each owner's spelling may have other parameters."""
    keepalive.add_destination("sip:provider.com;lr", "one")
    keepalive.add_destination("Provider.com", "two")
    server.tick(1)
    assert [ping.uri for ping in server.ksr.sent] == ["sip:provider.com;lr"]
    keepalive.del_destination("provider.com", "one")
    server.tick(31)
    assert server.ksr.sent[-1].uri == "sip:provider.com;lr"


@pytest.mark.parametrize("owner", ["", None, 7])
def test_an_owner_is_a_name(keepalive: ModuleType, server: FakeServer, owner: object) -> None:
    """An owner without a name is refused."""
    assert keepalive.add_destination(A, owner) == -1
    assert keepalive.del_destination(A, owner) == -1
    assert all("the owner of a destination is a name" in line for line in server.ksr.lines("err"))
    assert keepalive.state(A) == -1


def test_flags_are_a_number(keepalive: ModuleType, server: FakeServer) -> None:
    """Flags are unused, but a wrong type is no number all the same."""
    assert keepalive.add_destination(A, "me", "0") == -1
    assert "flags of '192.168.10.20': a number is needed, not str" in server.ksr.lines("err")[0]


@pytest.mark.parametrize("entries", [0, 1, 2, 3])
def test_full_memory_refuses_the_new_and_keeps_the_old(
    keepalive: ModuleType, server: FakeServer, entries: int
) -> None:
    """However far a registration comes before memory is full, it is undone, and the others stay."""
    keepalive.add_destination(A, "me")
    server.ksr.room_left = entries
    assert keepalive.add_destination(B, "me") == -1
    assert keepalive.state(B) == -1
    assert keepalive.state(A) == 0
    assert "shared memory refused" in server.ksr.lines("err")[0]
    server.ksr.room_left = None
    assert keepalive.add_destination(B, "me") == 0


def test_full_memory_changes_no_owner(keepalive: ModuleType, server: FakeServer) -> None:
    """An update that the prober can't be told of is undone."""
    keepalive.add_destination(A, "one")
    server.ksr.room_left = 0
    assert keepalive.add_destination(A, "two") == -1
    assert keepalive.del_destination(A, "two") == -1


def test_a_changed_list_is_a_difference(server: FakeServer) -> None:
    """cfg.sets keepalive destination: the new come, the missing go, the rest keeps state and owners."""
    server.define("destinations", f"{A} {B}")
    keepalive = server.process()
    keepalive.add_destination(B, "me")
    server.tick(1)
    for ping in server.ksr.sent:
        server.ksr.reply(ping, 200)
    server.ksr.settings["destination"] = f"{A} sip:new"
    server.tick(1.5)
    assert keepalive.state(A) == 1
    assert keepalive.state("sip:new") == 0
    assert keepalive.state(B) == 1, "another owner wants it still"
    keepalive.del_destination(B, "me")
    assert keepalive.state(B) == -1
