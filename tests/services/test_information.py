"""All that is known of a destination, in any process."""

import json
import time
from types import ModuleType
from typing import get_origin, get_type_hints, is_typeddict

import pytest

from conftest import FakeServer
from event_log import with_event

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"


def test_info_and_events(keepalive: ModuleType, server: FakeServer, events: list[dict[str, object]]) -> None:
    """info has all that is known; a callback with four arguments gets it, with the last ten changes."""
    keepalive.add_destination(A, "me", 0, with_event, {"x": 1}, ping_interval=1, group="carriers", weight=3)
    for turn in range(13):
        server.answer(200 if turn % 2 == 0 else 503, 1.5)
    known = keepalive.info(A)
    assert json.loads(json.dumps(known)) == known
    assert known["state"] == "up"
    assert known["last_code"] == 200
    assert known["ok"] + known["failed"] == len(server.ksr.sent)
    assert known["owners"]["me"]["user_attr"] == {"x": 1}
    assert known["owners"]["me"]["weight"] == 3
    assert known["options"] == {"ping_interval": 1}
    assert len(known["history"]) == 10
    assert known["history"][-1]["from"] == "down"
    assert known["history"][-1]["to"] == "up"
    assert known["history"][-1]["reason"].startswith("200 Reason in ")
    assert len(events) == 13
    assert events[-1]["destination"] == f"{A}:5060"
    assert keepalive.info(B) == keepalive.info("no uri") == {}
    assert [each["uri"] for each in keepalive.list()] == [A]


def test_info_says_why_it_is_not_pinged(server: FakeServer) -> None:
    """Each reason, at once and in any process; if more than one holds, the widest."""
    server.ksr.settings["enabled"] = "0"
    keepalive = server.process()
    options = {"ping_interval": 5, "ping_timeout": 100, "ping_skip_if_fresh": 10}
    keepalive.add_destination(A, "me", **options)

    def reason() -> object:
        return keepalive.info(A)["not_pinged_because"]

    assert reason() == "not started"
    server.tick(1)
    assert reason() == "disabled"
    server.ksr.settings["enabled"] = "1"
    server.answer(200, 2)
    assert reason() == ""
    keepalive.report_reply(A, 200)
    assert reason() == "fresh calls"
    server.ksr.reply_headers = {"Retry-After": "20"}
    keepalive.ping_now(A)
    server.answer(503, 2)
    assert reason() == "Retry-After"
    keepalive.set_admin(A, "maint")
    assert reason() == "maintenance"
    keepalive.pause()
    assert reason() == "paused"
    server.ksr.settings["enabled"] = "0"
    server.tick(1)
    assert reason() == "disabled"
    sent = len(server.ksr.sent)
    server.ksr.settings["enabled"] = "1"
    keepalive.resume()
    keepalive.set_admin(A, "drain")
    server.answer(200, 15)
    assert len(server.ksr.sent) == sent, "it asked for 20 s"
    server.answer(200, 10)
    assert len(server.ksr.sent) > sent


def test_one_destinations_trouble_is_not_the_others(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """list() has all of whom anything can be said; the log names the one that it could not read."""
    for uri in (A, B):
        keepalive.add_destination(uri, "me")
    from keepalive_core.kamailio import destination_rows

    real = destination_rows.health

    def health(key):
        if key.startswith(A):
            raise RuntimeError("trouble")
        return real(key)

    monkeypatch.setattr(destination_rows, "health", health)
    assert [each["uri"] for each in keepalive.list()] == [B]
    lines = server.ksr.lines("err")
    assert [line for line in lines if "nothing can" in line] == [
        f"keepalive: nothing can be said of {A}:5060"
    ]


def test_each_key_has_the_type_that_it_is_said_to_have(keepalive: ModuleType, server: FakeServer) -> None:
    """What the class Information says is what there is, from the first moment on, and nothing else."""
    from keepalive_core.services.information import Information

    said = get_type_hints(Information)
    del said["cluster"]  # there is none
    for step in (lambda: None, lambda: server.answer(200, 3), lambda: keepalive.set_admin(A, "maint", 60)):
        keepalive.add_destination(A, "me", 0, with_event, group="g")
        step()
        known = keepalive.info(A)
        assert list(known) == list(said)
        for key, value in known.items():
            type_of = get_origin(said[key]) or said[key]
            assert isinstance(value, dict if is_typeddict(type_of) else type_of), key


def test_times_are_epoch_seconds(keepalive: ModuleType, server: FakeServer) -> None:
    """Whatever clock is used inside; 0 is never, or none."""
    keepalive.add_destination(A, "me", ping_interval=1)
    times = ("drained_until", "kept_down_until", "since", "last_checked", "last_up", "last_down")
    assert [keepalive.info(A)[name] for name in times] == [0] * 6
    server.answer(200, 2)
    server.ksr.reply_headers = {"Retry-After": "60"}
    server.answer(503, 2)
    known = keepalive.info(A)
    now = time.time()
    assert 0 < known["drained_until"] - now < 65
    assert all(abs(known[name] - now) < 5 for name in ("since", "last_checked", "last_up"))
