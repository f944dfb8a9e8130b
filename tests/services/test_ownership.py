"""What one owner has of many destinations; see test_lists.py for what lists make of it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules import uris
from keepalive_core.rules.rows import Owner

HOW = Owner(0, "", None)


@pytest.fixture
def ownership(keepalive: ModuleType) -> ModuleType:
    return sys.modules["keepalive_core.services.ownership"]


def wanted(*names: str, how: Owner = HOW) -> list[Any]:
    return [(uris.parse(f"sip:{name}"), "list", how) for name in names]


def difference(ownership: ModuleType, each: list[Any]) -> Any:
    return ownership.at_once(ownership.difference("list", each, True, "force it"))


def test_an_owner_has_what_it_wants_and_nothing_else(ownership: ModuleType, server: FakeServer) -> None:
    """What others want of the same destinations is theirs."""
    keepalive = sys.modules["keepalive"]
    assert keepalive.add_destination("sip:b", "me", fall=2) == 0
    assert ownership.register_all(wanted("a", "b", "c"), tell=True) == 0
    newer = [*wanted("b"), *wanted("c", how=HOW._replace(group="g")), *wanted("d")]
    found = difference(ownership, newer)
    assert found == (["sip:d"], ["sip:a"], ["sip:c"])
    ownership.at_once(ownership.replace("list", newer, found.removed))
    assert difference(ownership, newer) == ([], [], [])
    assert [each["uri"] for each in keepalive.list()] == ["sip:b", "sip:c", "sip:d"]
    assert keepalive.info("sip:b")["fall"] == 2


def test_what_is_missing_comes_as_it_was_configured(ownership: ModuleType, server: FakeServer) -> None:
    """What its owner has said since is newer, and stays."""
    ownership.register_all(wanted("a", how=HOW._replace(group="g")), tell=True)
    assert ownership.register_missing(wanted("a", "b"), tell=True) == 0
    assert difference(ownership, wanted("a", "b")).changed == ["sip:a"]


def test_the_first_of_many_failures_are_told(ownership: ModuleType, server: FakeServer) -> None:
    """Each is for itself, and of the rest the log has the number."""
    server.ksr.room_left = 0
    assert ownership.register_all(wanted(*"abcdefgh"), tell=False) == 8
    assert server.ksr.lines("err") == []
    assert ownership.register_all(wanted(*"abcdefgh"), tell=True) == 8
    assert len(server.ksr.lines("err")) == 6
    assert "and 3 more like these" in server.ksr.lines("err")[-1]
    with pytest.raises(ownership.Incomplete, match="8 of 8 destinations are not monitored as wanted"):
        ownership.at_once(ownership.replace("list", wanted(*"abcdefgh"), []))
