"""The line of the log that a change or an order gets."""

import json
import sys
from types import ModuleType

from conftest import FakeServer
from keepalive_core.rules.operator import Operator

A = "sip:192.168.10.20"


def test_a_change_is_an_object(server: FakeServer) -> None:
    """With log_format json the line is the object alone; an order is one, too."""
    server.define("log_format", "json")
    keepalive = server.process()
    server.ksr.reply(server.first_ping(keepalive, A), 200)
    server.ksr.reply(server.next_ping(), 503, 'a "quoted" word')
    import keepalive_core.services.order_book as order_book

    order_book.note(Operator("anna", "kamcmd"), A, "ready", "maint")
    up, down, order = map(json.loads, server.ksr.lines("notice"))
    assert (up["event"], up["from"], up["to"]) == ("keepalive.change", "unknown", "up")
    assert (down["from"], down["to"], down["destination"]) == ("up", "down", f"{A}:5060")
    assert down["reason"].startswith('503 a "quoted" word in ')
    assert (order["event"], order["by"], order["what"]) == ("keepalive.order", "anna", A)


def test_the_format_follows_the_setting(up: ModuleType, server: FakeServer) -> None:
    """An operator changes it at run time, and the next change has it."""
    server.ksr.settings_to_come["log_format"] = "json"
    server.answer(200, 3)
    server.ksr.reply(server.next_ping(), 503)
    first, _, last = server.ksr.lines("notice")  # between them is the operator's order
    assert first.startswith(f"keepalive: {A} unknown -> up: ")
    assert json.loads(last)["to"] == "down"
    assert "keepalive_core.services.change_lines" in sys.modules
