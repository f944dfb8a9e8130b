"""What operators type for kamcmd: each command asks for one method, or is refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from keepalive_core.rules import operator_commands
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.operator_commands import OPERATOR_COMMANDS, asked
from keepalive_core.rules.parameters import InvalidSetting

A = "sip:192.168.10.20"


@pytest.mark.parametrize(
    ("command", "method", "params"),
    [
        ("summary", "view", {"count": 0}),
        ("list", "view", {"sort": "name", "from": 0, "count": 100}),
        ("list 101", "view", {"sort": "name", "from": 100, "count": 100}),
        ("list 3 7", "view", {"sort": "name", "from": 2, "count": 7}),
        ("list 3 7000", "view", {"sort": "name", "from": 2, "count": 100}),
        ("worst", "view", {"count": 20}),
        ("worst 5", "view", {"count": 5}),
        ("groups", "groups", {}),
        (f"info {A}", "info", {"destination": A}),
        (f"is_alive {A}", "is_alive", {"destination": A}),
        (f"state {A}", "state", {"destination": A}),
        ("alive two words", "alive", {"group": "two words"}),
        ("is_group_alive g", "is_group_alive", {"group": "g"}),
        (f"set_admin {A} drain", "set_admin", {"destination": A, "mode": "drain", "until": 0, "why": ""}),
        (
            f" set_admin  {A} maint 1h card  swap ",
            "set_admin",
            {"destination": A, "mode": "maint", "until": 3600, "why": "card  swap"},
        ),
        (f"ping_now {A}", "ping_now", {"destination": A}),
        (f"report_failure {A}", "report_failure", {"destination": A, "reason": ""}),
        (f"report_success {A} it rings", "report_success", {"destination": A, "reason": "it rings"}),
        (f"report_reply {A} 503", "report_reply", {"destination": A, "code": 503}),
        ("self drain 1h card swap", "self", {"mode": "drain", "until": 3600, "why": "card swap"}),
        ("self ready", "self", {"mode": "ready", "until": 0, "why": ""}),
        ("pause", "pause", {}),
        ("resume", "resume", {}),
        ("reload", "reload", {"force": False, "dry_run": False}),
        ("reload force", "reload", {"force": True, "dry_run": False}),
        ("reload dry", "reload", {"force": False, "dry_run": True}),
        ("reload_script", "reload_script", {}),
        (f"add_destination {A}", "add_destination", {"uri": A, "options": {}}),
        (
            f"add_destination {A} group='two words' priority=3 fall=2",
            "add_destination",
            {"uri": A, "group": "two words", "priority": 3, "options": {"fall": "2"}},
        ),
        (f"del_destination {A}", "del_destination", {"uri": A}),
        ("configure_group g fall=3", "configure_group", {"name": "g", "options": {"fall": "3"}}),
        ("flush", "flush", {"all": False}),
        ("flush all", "flush", {"all": True}),
        ("orders", "orders", {"count": 20}),
        ("orders 100", "orders", {"count": 100}),
        ("settings", "settings", {}),
        ("selftest", "selftest", {}),
        ("help", "", {}),
        ("", "", {}),
        (" \n", "", {}),
    ],
)
def test_a_command_asks_for_a_method(command: str, method: str, params: dict[str, Any]) -> None:
    """In the words that routes have; nothing at all asks for help."""
    ask = asked(command)
    assert (ask.method, ask.params, ask.part) == (method, params, "")


def test_one_part_of_what_is_known() -> None:
    """As info has it in routes."""
    assert asked(f"info {A} latency_ms.p95").part == "latency_ms.p95"


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("nonsense", "unknown command 'nonsense'; help shows those that there are"),
        ("SUMMARY", "unknown command 'SUMMARY'"),
        ("summary of all", "'of all': nothing is needed"),
        ("set_admin", r"'': URI MODE \[SECONDS \[WHY\]\] is needed"),
        (f"set_admin {A} maint soon", "'soon'"),
        ("list 0", "FROM 0: the first destination is number 1"),
        ("list all", "FROM: a number is needed, not 'all'"),
        ("list 1 all", "COUNT: a number is needed, not 'all'"),
        ("orders many", "COUNT: a number is needed"),
        ("reload hard", "'hard': force or dry is needed, or nothing"),
        ("names half", "'half': all, dead or failing is needed, or nothing"),
        ("flush it", "'it': all is needed, or nothing"),
        (f"add_destination {A} fall", "'fall' is no name=value"),
        (f"add_destination {A} nonsense=1", "nonsense"),
        ("configure_group g fall=0", "fall"),
        (f"report_reply {A} busy", "code: a number is needed"),
        ("info " + "x" * 9000, "is longer than 8192 bytes"),
    ],
)
def test_what_is_wrong_is_named(command: str, fault: str) -> None:
    """In one sentence of a bounded length."""
    with pytest.raises((Refused, InvalidSetting), match=fault) as refusal:
        asked(command)
    assert len(str(refusal.value)) < 700


def test_help_has_each_command() -> None:
    """With what has to stand behind it."""
    usages = operator_commands.usages()
    assert len(usages) == len(OPERATOR_COMMANDS)
    assert "set_admin URI MODE [SECONDS [WHY]]" in usages
    assert "summary" in usages
