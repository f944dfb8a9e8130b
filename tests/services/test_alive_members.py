"""Who is alive in a group, and what it costs to know."""

import pytest

from conftest import FakeServer
from counted_calls import Calls, fleet

A, B = "sip:192.168.10.20", "sip:192.168.10.21"


def test_alive_reads_what_has_changed(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call if nothing in the group has, a few for a member's state, a page more for one that comes."""
    calls = Calls(server, monkeypatch)
    api, other = calls.api, server.process()
    for uri in fleet(300):
        other.add_destination(uri, "me", group="g")
    other.add_destination(A, "me", group="other")
    assert calls.of(api.alive, "g") > 5
    for change, most in (
        (lambda: None, 1),
        (lambda: other.report_failure(A), 1),
        (lambda: other.add_destination(B, "me", group="other"), 1),
        (lambda: other.report_failure(fleet(300)[150]), 4),
        (lambda: other.del_destination(fleet(300)[7], "me"), 4),
        (lambda: other.add_destination("sip:192.168.10.30", "me", group="g"), 7),
    ):
        change()
        assert calls.of(api.alive, "g") <= most
        assert calls.of(api.is_group_alive, "g") == 1
    assert len(api.alive("g")) == 299
    assert calls.of(api.alive, "no such group") == 1
