"""What is shown of all groups."""

from types import ModuleType

import pytest

from conftest import FakeServer

A, B = "sip:192.168.10.20", "sip:192.168.10.30"


@pytest.fixture
def groups(keepalive: ModuleType) -> ModuleType:
    from keepalive_core.services import shown_groups

    return shown_groups


def test_members_are_counted_and_answers_are_read(
    groups: ModuleType, keepalive: ModuleType, server: FakeServer
) -> None:
    """How many answer is what alive() says, those that are kept answering among them."""
    assert keepalive.configure_group("g", group_min_alive=1) == 0
    assert keepalive.add_destination(A, "me", group="g") == 0
    assert keepalive.add_destination(B, "me", group="g") == 0
    shown = groups.ShownGroups()
    shown.count(["g"], "unknown", 1)
    shown.count(["g"], "unknown", 1)
    [found] = shown.all()
    assert found == {
        "name": "g",
        "members": 2,
        "alive": 2,
        **dict.fromkeys(("down", "drain", "maint", "up"), 0),
        "unknown": 2,
        "held": 0,
    }
    server.answer(503, 35)
    for _ in range(2):
        shown.count(["g"], "unknown", -1)
        shown.count(["g"], "down", 1)
    [found] = shown.all()
    assert (found["down"], found["alive"], found["held"]) == (2, 1, 1)
    assert len(keepalive.alive("g")) == 1


def test_a_group_without_members_is_none(groups: ModuleType) -> None:
    """It is shown no more, and is not in."""
    shown = groups.ShownGroups()
    shown.count(["g", "h"], "up", 1)
    assert "g" in shown
    assert "x" not in shown
    shown.count(["g"], "up", -1)
    assert "g" not in shown
    assert [each["name"] for each in shown.all()] == ["h"]


@pytest.mark.parametrize("roster", [None, "nonsense", "1" * 500])
def test_a_roster_that_makes_no_sense(
    groups: ModuleType, keepalive: ModuleType, server: FakeServer, roster: str | None
) -> None:
    """It is read again when it is mended."""
    assert keepalive.add_destination(A, "me", group="g") == 0
    shown = groups.ShownGroups()
    shown.count(["g"], "unknown", 1)
    kept = server.ksr.tables["keepalive_group"]["g"]
    if roster is None:
        del server.ksr.tables["keepalive_group"]["g"]
        del server.ksr.tables["keepalive_group_change"]["g"]
    else:
        server.ksr.tables["keepalive_group"]["g"] = roster
    [found] = shown.all()
    server.ksr.tables["keepalive_group"]["g"] = kept
    server.ksr.tables["keepalive_group_change"]["g"] = 99
    [found] = shown.all()
    assert found["members"] == 1
