"""What a server finds when it looks at itself."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

TIMERS = [
    *("ksr_keepalive_tick", "ksr_keepalive_watch", "ksr_keepalive_callbacks", "ksr_keepalive_state_file"),
    "ksr_keepalive_resolve",
]


@pytest.fixture
def selftest(server: FakeServer, keepalive: ModuleType) -> Any:
    """That of a server on which all is well."""
    for timer in TIMERS:
        server.ksr.module.htable.sht_seti("keepalive", timer, 1)
    server.ksr.module.htable.sht_seti("keepalive", "self_ping", 1)
    return importlib.import_module("keepalive_core.services.selftest")


def test_all_is_well(selftest: Any, server: FakeServer, keepalive: ModuleType) -> None:
    """One line, 0 to a script and 1 to a route."""
    assert keepalive.selftest() == 0
    assert keepalive.mod_init().selftest(None) == 1
    assert not server.ksr.lines("err")
    assert len([text for _, text in server.ksr.logged if "selftest: all is well" in text]) == 2


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (0, "no ping of this server to itself is over yet"),
        (2, "tm's local-request event did not reach keepalive"),
        (3, "this server can't ping itself"),
        (4, "drops what it sends to itself"),
        (5, "ksr_keepalive_reply is not called"),
        (6, "ksr_keepalive_failure is not called"),
        (99, "no ping of this server to itself is over yet"),
    ],
)
def test_what_a_ping_has_shown_is_a_finding(
    selftest: Any, server: FakeServer, keepalive: ModuleType, shown: int, told: str
) -> None:
    """It is that of the start, or of the last one that was asked for."""
    server.ksr.module.htable.sht_seti("keepalive", "self_ping", shown)
    assert keepalive.selftest() == -1
    [line] = server.ksr.lines("err")
    assert line.startswith("keepalive: selftest: ")
    assert told in line


def test_a_server_without_udp_over_ipv4_is_well(
    selftest: Any, server: FakeServer, keepalive: ModuleType
) -> None:
    """It can't ping itself, and that is no fault of it."""
    server.ksr.listening = [("tcp", "127.0.0.1", 5060), ("udp", "::1", 5060)]
    server.process()
    server.tick(1)
    selftest = importlib.import_module("keepalive_core.services.selftest")
    server.ksr.module.htable.sht_seti("keepalive", "self_ping", 3)
    assert not [found for found in selftest.run() if "can't ping itself" in found]


def test_each_finding_has_a_line(
    selftest: Any, server: FakeServer, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module, a parameter and a timer that are not as they should be."""
    monkeypatch.setattr(selftest.modules, "loaded", lambda: ["tm", "pv", "kex", "htable", "mqueue", "ipops"])
    server.ksr.module.htable.sht_rm("keepalive", TIMERS[1])
    selftest.configuration.read_defines()
    selftest.configuration.taken.pop("ping_interval")
    assert keepalive.mod_init().selftest(None) == -1
    lines = server.ksr.lines("err")
    assert len(lines) == 3
    for line, part in zip(lines, ("jsonrpcs", "PING_INTERVAL is bad", TIMERS[1]), strict=True):
        assert part in line


def test_without_the_include_no_parameter_is_defined(
    selftest: Any, server: FakeServer, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is one finding, and not one per parameter."""
    monkeypatch.setattr(selftest.configuration, "text_of", lambda *_: None)
    assert keepalive.selftest() == -1
    assert "defines none of the parameters" in server.ksr.lines("err")[0]


def test_who_asked_by_a_row_has_the_answer_there(selftest: Any, server: FakeServer) -> None:
    """All findings in one text, or that all is well."""
    rows = importlib.import_module("keepalive_core.kamailio.startup_rows")
    assert not rows.is_selftest_asked()
    server.ksr.module.htable.sht_sets("keepalive", "selftest", "ask")
    assert rows.is_selftest_asked()
    selftest.answer()
    assert server.ksr.tables["keepalive"]["selftest"] == "well"
    server.ksr.module.htable.sht_seti("keepalive", "self_ping", 3)
    selftest.answer()
    assert "can't ping itself" in server.ksr.tables["keepalive"]["selftest"]
    assert not rows.is_selftest_asked()
