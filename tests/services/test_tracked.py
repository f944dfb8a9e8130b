"""Who is asked in the place of one that tracks another, and who may track whom."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.evidence import Kind, Result
from keepalive_core.rules.tracking import Shown

A, B, C = (f"sip:192.168.10.{number}:5060" for number in (20, 21, 22))


@pytest.fixture
def tracked(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """The module, on a server where C tracks B, which tracks A."""
    keepalive.add_destination(A, "me")
    keepalive.add_destination(B, "me", track=A)
    keepalive.add_destination(C, "me", track=B)
    import keepalive_core.services.tracked

    return keepalive_core.services.tracked


def test_the_last_link_is_asked(tracked: ModuleType, keepalive: ModuleType, server: FakeServer) -> None:
    """Unless one on the way is in maintenance, or is not monitored."""
    for key in (A, B, C):
        found = tracked.asked_for(key)
        assert (found.key, found.why_not) == (A, "")
        assert found.policy
        assert found.policy.track == ""
    server.tick(1)
    keepalive.set_admin(B, "drain")
    assert tracked.asked_for(C).why_not == ""
    keepalive.set_admin(B, "maint")
    assert tracked.asked_for(C)[::2] == (B, "maintenance")
    assert tracked.asked_for(A)[::2] == (A, "")
    keepalive.del_destination(B, "me")
    assert tracked.asked_for(C) == (B, None, "not monitored")


def test_a_circle_has_nobody_to_ask(tracked: ModuleType, keepalive: ModuleType, server: FakeServer) -> None:
    """Options of groups may make one."""
    keepalive.configure_group("g", track=C)
    keepalive.add_destination(A, "me", group="g")
    found = tracked.asked_for(B)
    assert (found.policy, found.why_not) == (None, "in a circle")


@pytest.mark.parametrize(
    ("key", "wanted", "fault"),
    [
        (A, "", ""),
        (A, "sip:192.168.10.99:5060", ""),
        (C, A, ""),
        (A, B, "which tracks it in turn"),
        (A, C, "which tracks it in turn"),
        (A, A, "which tracks it in turn"),
    ],
)
def test_who_may_track_whom(tracked: ModuleType, key: str, wanted: str, fault: str) -> None:
    """Whatever does not come back to it."""
    try:
        tracked.check_circle(key, {"track": wanted})
        found = ""
    except Refused as refusal:
        found = str(refusal)
    assert fault in found
    assert bool(fault) == bool(found)


def test_what_is_not_pinged_needs_no_socket(tracked: ModuleType, server: FakeServer) -> None:
    """A tracker's own URI is never sent to; with its own options it can't track itself."""
    server.ksr.listening = [("udp", "192.168.10.1", 5060)]
    server.tick(1)
    other = {"ping_socket": "udp:10.9.9.9:5060"}
    with pytest.raises(Refused, match="can't be pinged from here"):
        tracked.check(B, other)
    tracked.check(B, {**other, "track": A})
    tracked.check(B, other, {"track": A})
    with pytest.raises(Refused, match="can't be pinged from here"):
        tracked.check(A, other, {"track": A})
    with pytest.raises(Refused, match="can't track itself"):
        tracked.check("192.168.10.20", {"track": A})


def test_without_memory_one_line_a_minute_says_so(tracked: ModuleType, server: FakeServer) -> None:
    """What found no room is lost; a later ping is told."""
    result = Result(1, 2, 3, Kind.REPLY, 200)
    server.ksr.room_left = 0
    for _ in range(3):
        tracked.share("0", A, Shown(result))
    server.ksr.room_left = None
    assert len(server.ksr.lines("err")) == 1
    tracked.share("0", A, Shown(result))
    assert len(server.ksr.queues["keepalive_tracked_0"]) == 1
