"""The API: what users call."""

import builtins
import inspect
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"


@pytest.mark.parametrize(("unknown_as", "answer"), [("up", 1), ("down", 2), ("error", -1)])
def test_unknown_as(keepalive: ModuleType, server: FakeServer, unknown_as: str, answer: int) -> None:
    """Before the first result is_alive answers what unknown_as says, state says unknown; then both agree."""
    assert keepalive.modparam("unknown_as", unknown_as) == 0
    keepalive.add_destination(A, "me")
    assert keepalive.is_alive(A) == answer
    assert keepalive.state(A) == keepalive.UNKNOWN == 0
    server.tick(1)
    server.ksr.reply(server.ksr.sent[0], 200)
    assert keepalive.is_alive(A) == keepalive.state(A) == keepalive.UP == 1


def test_unknown_as_of_kamailio_cfg_and_at_run_time(server: FakeServer) -> None:
    """A define holds in every process from the start; a change at run time reaches them all."""
    server.define("unknown_as", "down")
    server.ksr.phase = "child_init"
    worker = server.process()
    worker.add_destination(A, "me")
    assert worker.is_alive(A) == 2
    server.ksr.phase = "route"
    server.process()
    server.tick(0.1)
    server.ksr.settings["unknown_as"] = "error"
    server.tick(1.1)
    assert worker.is_alive(A) == -1


def test_modparam_sets_and_refuses(keepalive: ModuleType, server: FakeServer) -> None:
    """Each parameter of the manual is taken; what is wrong gets -1 and one line, and changes nothing."""
    assert keepalive.modparam("ping_interval", 10) == 0
    assert keepalive.modparam("ping_timeout", "500ms") == 0
    assert keepalive.modparam("ping_from", "sip:me@example.com") == 0
    assert keepalive.modparam("destination", "192.168.10.20") == 0
    assert keepalive.modparam("destination", "sip.provider.com") == 0
    assert keepalive.state("192.168.10.20") == keepalive.state("sip:sip.provider.com") == 0
    for name, value in (
        ("ping_interval", "ten"),
        ("ping_interval", 0),
        ("nonsense", 1),
        ("destination", "a b"),
        ("destination", 7),
        (None, None),
    ):
        before = len(server.ksr.lines("err"))
        assert keepalive.modparam(name, value) == -1
        assert len(server.ksr.lines("err")) == before + 1
    server.tick(1)
    assert {ping.timeout_ms for ping in server.ksr.sent} == {563}
    assert all("From: <sip:me@example.com>" in ping.headers for ping in server.ksr.sent)


@pytest.mark.parametrize("unknown_as", ["up", "down", "error"])
def test_is_alive_is_never_0(keepalive: ModuleType, server: FakeServer, unknown_as: str, mocker) -> None:
    """0 would end a native route: whatever is asked in whatever state, the answer is 1, 2 or -1."""
    keepalive.modparam("unknown_as", unknown_as)
    unknown = {"up": 1, "down": 2, "error": -1}[unknown_as]
    assert [keepalive.is_alive(each) for each in ("sip:other", "", None, "a b", 7)] == [-1] * 5
    keepalive.add_destination(A, "me")
    assert keepalive.is_alive(A) == unknown
    for code, headers, answer in ((200, {}, 1), (503, {"Retry-After": "60"}, 2), (404, {}, 2), (200, {}, 1)):
        server.ksr.reply_headers = headers
        server.answer(code, 95)
        assert keepalive.is_alive(A) == answer, (code, headers)
    for mode, answer in (("maint", 2), ("drain", 2), ("ready", 1)):
        assert keepalive.set_admin(A, mode) == 0, mode
        assert keepalive.is_alive(A) == answer, mode
    keepalive.report_failure(A, "test")
    assert keepalive.is_alive(A) == 2
    keepalive.del_destination(A, "me")
    assert keepalive.is_alive(A) == -1
    mocker.patch("keepalive_core.kamailio.destination_rows.service_code", side_effect=RuntimeError("broken"))
    assert keepalive.is_alive(A) == -1


def test_nothing_raises_into_kamailio(keepalive: ModuleType, server: FakeServer, mocker) -> None:
    """Whatever breaks inside, users get their error value, and Kamailio an int; the log has the traceback."""
    for name in ("service_code", "registration", "health"):
        mocker.patch(f"keepalive_core.kamailio.destination_rows.{name}", side_effect=RuntimeError("broken"))
    for name in ("announced_changes", "announced_events"):
        mocker.patch(f"keepalive_core.kamailio.queues.{name}", side_effect=RuntimeError("broken"))
    mocker.patch("keepalive_core.kamailio.tables.next_generation", side_effect=RuntimeError("broken"))
    mocker.patch("keepalive_core.kamailio.tm.on_event", side_effect=RuntimeError("broken"))
    mocker.patch("keepalive_core.kamailio.answers.final_code", side_effect=RuntimeError("broken"))
    mocker.patch("keepalive_core.kamailio.answers.ended", side_effect=RuntimeError("broken"))
    assert keepalive.is_alive(A) == -1
    assert keepalive.state(A) == -1
    assert keepalive.add_destination(A, "me") == -1
    assert keepalive.del_destination(A, "me") == -1
    assert keepalive.register_callback(max) == -1
    assert keepalive.on_tm_event("tm:local-request") is False
    handlers = keepalive.Handlers()
    for answer in (
        handlers.child_init(1),
        handlers.ksr_reply_route(None),
        handlers.ksr_onsend_route(None),
        handlers.ksr_keepalive_tick(None, "rtimer"),
        handlers.ksr_keepalive_callbacks(None, "rtimer"),
        handlers.ksr_keepalive_tm_event(None, "tm:local-request"),
        handlers.ksr_keepalive_reply(None),
        handlers.ksr_keepalive_failure(None),
    ):
        assert isinstance(answer, int)
    assert sum("Traceback" in line for line in server.ksr.lines("err")) == 12


def test_a_ping_is_logged_at_debug_and_a_change_at_notice(keepalive: ModuleType, server: FakeServer) -> None:
    """One NOTICE line for a change, none for a ping, and nothing else above debug."""
    server.ksr.settings["debug"] = "3"
    keepalive.add_destination(A, "me")
    server.answer(200, seconds=61)
    assert server.ksr.lines("notice") == [f"keepalive: {A} unknown -> up: 200 Reason in 0.0 ms"]
    assert len(server.ksr.lines("dbg")) == len(server.ksr.sent) == 3
    for level in ("err", "warn", "info"):
        assert server.ksr.lines(level) == []


def test_the_face_of_a_reloaded_native_script_keeps_everything(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """If keepalive.py is the script itself, a reload runs it again: states, log and pings go on."""
    import importlib

    native = keepalive.mod_init()
    native.add_destination(None, A)
    server.ksr.handlers = native
    server.tick(1)
    server.ksr.reply(server.ksr.sent[0], 200)
    importlib.reload(keepalive)
    server.ksr.handlers = keepalive.mod_init()
    assert keepalive.is_alive(A) == 1
    server.tick(31)
    assert len(server.ksr.sent) == 2
    server.ksr.reply(server.ksr.sent[-1], 500, "Error")
    assert len(server.ksr.lines("notice")) == 2, "each line once"


def test_a_star_brings_what_users_call(keepalive: ModuleType) -> None:
    """Names for scripts, no mod_init that would replace theirs, and no builtin's name; list() is there."""
    assert "mod_init" not in keepalive.__all__
    assert all(hasattr(keepalive, name) for name in keepalive.__all__)
    assert not {*keepalive.__all__} & {*dir(builtins)}
    assert sorted({*keepalive.__all__}) == sorted(keepalive.__all__), "each once"
    script: dict[str, object] = {}
    exec("from keepalive import *\nnumbers = list(range(3))", script)
    assert script["numbers"] == [0, 1, 2]
    assert keepalive.list() == []


def test_what_users_call_is_explained(keepalive: ModuleType) -> None:
    """Each function says in its docstring what it returns, and has types."""
    for name in [*keepalive.__all__, "list"]:
        function = getattr(keepalive, name)
        if inspect.isfunction(function):
            assert "return" in function.__doc__.lower(), name
            assert "return" in function.__annotations__, name


@pytest.mark.parametrize("function", ["alive", "list", "info"])
def test_what_is_answered_after_a_failure_is_its_own(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """An empty answer, too, is nobody else's to change."""
    from keepalive_core import routing

    monkeypatch.setattr(routing.alive_members, "alive", None)
    monkeypatch.setattr(keepalive.registry, "keys", None)
    monkeypatch.setattr(keepalive.lookup, "monitored_key", None)
    arguments = [] if function == "list" else ["x"]
    first = getattr(keepalive, function)(*arguments)
    assert not first
    first.update({"x": 1}) if isinstance(first, dict) else first.append(1)
    assert not getattr(keepalive, function)(*arguments)
    server.ksr.logged.clear()
