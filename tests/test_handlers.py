"""What Kamailio calls: it gets an int on every path, and each timer does its own work."""

import sys
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
TIMERS = ["tick", "callbacks", "watch", "state_file"]


@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(1), KeyboardInterrupt()])
def test_kamailio_gets_an_int_whatever_happens(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """No exception of any kind leaves a handler; each is in the log with its traceback."""

    def breaks(*_: object) -> None:
        raise error

    services = {
        name: sys.modules[f"keepalive_core.services.{name}"]
        for name in ("prober", "callbacks", "watch", "back_office", "intake")
    }
    for owner, name in (
        (services["prober"].the_prober, "tick"),
        (services["callbacks"].the_teller, "tick"),
        (services["callbacks"].the_overseer, "look"),
        (services["watch"].the_watch, "beat"),
        (services["back_office"].the_back_office, "tick"),
        (services["intake"], "take_reply"),
        (services["intake"], "take_end"),
        (sys.modules["keepalive_core.kamailio.tm"], "on_event"),
    ):
        monkeypatch.setattr(owner, name, breaks)
    handlers = keepalive.Handlers()
    answers = [
        *(getattr(handlers, f"ksr_keepalive_{name}")(None, "rtimer") for name in TIMERS),
        handlers.ksr_keepalive_tm_event(None, "tm:local-request"),
        handlers.ksr_keepalive_reply(None),
        handlers.ksr_keepalive_failure(None),
    ]
    assert answers == [1] * 7
    assert sum("Traceback" in line for line in server.ksr.lines("err")) == 8, "the watch has two tasks"


def test_each_timer_does_its_own_work(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer's process does what it is for, and nothing of what the others do."""
    done: list[str] = []
    for name, owner, task in (
        ("tick", sys.modules["keepalive_core.services.prober"].the_prober, "tick"),
        ("callbacks", sys.modules["keepalive_core.services.callbacks"].the_teller, "tick"),
        ("watch", sys.modules["keepalive_core.services.watch"].the_watch, "beat"),
        ("watch", sys.modules["keepalive_core.services.callbacks"].the_overseer, "look"),
        ("state_file", sys.modules["keepalive_core.services.back_office"].the_back_office, "tick"),
    ):
        monkeypatch.setattr(owner, task, lambda name=name: done.append(name))
    for name in TIMERS:
        done.clear()
        getattr(keepalive.Handlers(), f"ksr_keepalive_{name}")(None, "rtimer")
        assert set(done) == {name}


def test_the_class_of_a_script_answers_ints(keepalive: ModuleType, server: FakeServer) -> None:
    """What a script overrides may return nothing; Kamailio gets an int, and mixed in it is as by itself."""

    class Router(keepalive.Handlers):
        def ksr_request_route(self, msg: object) -> None: ...
        def ksr_reply_route(self, msg: object) -> None: ...
        def child_init(self, rank: int) -> None: ...

    router = Router()
    assert (router.child_init(1), router.ksr_request_route(None), router.ksr_reply_route(None)) == (0, 1, 1)
    assert router.ksr_onsend_route(None) == keepalive.Handlers().ksr_reply_route(None) == 1


def test_what_is_defined_is_read_at_the_start_of_a_process(keepalive: ModuleType, server: FakeServer) -> None:
    """No worker has to do it under a lock, at its first verdict."""
    server.define("fall", "7")
    settings = sys.modules["keepalive_core.services.configuration"].settings
    assert settings.values()["fall"] != 7
    server.ksr.handlers.child_init(1)
    assert settings.values()["fall"] == 7
