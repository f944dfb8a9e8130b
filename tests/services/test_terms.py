"""On which terms a destination is monitored, as a process remembers them."""

from __future__ import annotations

from types import ModuleType

import pytest

from conftest import FakeServer
from counted_calls import Calls

A = "sip:192.168.10.20"


def test_terms_follow_whatever_changes(keepalive: ModuleType, server: FakeServer) -> None:
    """What a process remembers of a destination's terms holds until an owner, operator or setting changes."""
    keepalive.add_destination(A, "me", ping_interval=3600, fall=2)
    server.answer(200, 3)
    keepalive.report_failure(A)
    assert keepalive.state(A) == keepalive.UP
    other = server.process()
    other.add_destination(A, "me", ping_interval=3600, fall=1)
    assert keepalive.report_failure(A) == 0
    assert keepalive.state(A) == keepalive.DOWN
    other.set_admin(A, "drain")
    keepalive.report_success(A)
    assert (keepalive.state(A), keepalive.is_alive(A)) == (keepalive.UP, 2), "the drain is known at once"
    other.set_admin(A, "ready")
    keepalive.report_failure(A)
    keepalive.report_success(A)
    assert keepalive.is_alive(A) == 1
    other.del_destination(A, "me")
    assert keepalive.report_failure(A) == -1


def test_terms_are_looked_up_once(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as nothing changes a report reads neither the registration nor the admin mode."""
    calls = Calls(server, monkeypatch)
    for uri in (A, "sip:192.168.10.21"):
        calls.api.add_destination(uri, "me", ping_interval=3600)
    server.answer(200, 3)

    def read() -> set[str]:
        before = len(calls.made)
        calls.api.report_success(A)
        made = calls.made[before:]
        return {f"{args[0]} {args[1]}" for name, args in made if name == "htable.sht_get"}

    own = {"keepalive_destination sip:192.168.10.20:5060", "keepalive_admin sip:192.168.10.20:5060"}
    assert not own & read()
    calls.api.set_admin("sip:192.168.10.21", "drain")
    assert own <= read()
    assert not own & read()


def test_without_its_registration_a_ping_is_judged(keepalive: ModuleType, server: FakeServer) -> None:
    """A row that somebody deleted takes no evidence with it, and is not remembered as missing."""
    keepalive.add_destination(A, "me", ping_interval=3600)
    server.answer(200, 3)
    row = server.ksr.tables["keepalive_destination"].pop("sip:192.168.10.20:5060")
    import keepalive_core.kamailio.revised_rows as revised_rows

    revised_rows.revise()
    assert keepalive.report_failure(A) == 0
    assert keepalive.state(A) == keepalive.DOWN
    server.ksr.tables["keepalive_destination"]["sip:192.168.10.20:5060"] = row
    assert keepalive.report_success(A) == 0
    assert keepalive.state(A) == keepalive.UP
