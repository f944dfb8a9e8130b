"""Callbacks: which functions can be registered, and how they are run."""

from types import ModuleType

import pytest

from conftest import FakeServer

CALLED: list[tuple[object, ...]] = []
A = "sip:192.168.10.20"
B = "sip:192.168.10.21"


@pytest.fixture(autouse=True)
def _forget_calls():
    CALLED.clear()


def on_change(uri, state, user_attr):
    CALLED.append((uri, state, user_attr))


def on_any_change(uri, state, user_attr):
    CALLED.append(("any", uri, state, user_attr))


def fails(uri, state, user_attr):
    raise RuntimeError("this callback fails")


def fails_oddly(uri, state, user_attr):
    raise ValueError("bad\0thing \udcff")


def exits(uri, state, user_attr):
    raise SystemExit


class Holder:
    def method(self, uri, state, user_attr): ...

    @staticmethod
    def static(uri, state, user_attr):
        CALLED.append(("static", uri, state, user_attr))

    class Inner:
        @staticmethod
        def deep(uri, state, user_attr): ...


@pytest.mark.parametrize("callback", [on_change, Holder.static, Holder.Inner.deep, len])
def test_a_function_with_a_name_can_be_registered(keepalive: ModuleType, callback: object) -> None:
    """A function, and a static method, can be found by any process."""
    assert keepalive.register_callback(callback) == 0


@pytest.mark.parametrize(
    ("callback", "fault"),
    [
        (lambda uri, state, attr: None, "is a lambda or a local function"),
        (Holder().method, "is not what that name stands for: a bound method"),
        ("on_change", "'on_change' is not a function"),
        (7, "7 is not a function"),
        (0, "0 is not a function"),
        (type("Callable", (), {"__call__": lambda *_: None})(), "has no name"),
    ],
)
def test_what_no_other_process_could_find_is_refused(
    keepalive: ModuleType, server: FakeServer, callback: object, fault: str
) -> None:
    """A lambda, a bound method, what is no function: refused with the reason, by both functions."""
    assert keepalive.register_callback(callback) == -1
    assert keepalive.add_destination(A, "me", 0, callback) == -1
    errors = server.ksr.lines("err")
    assert len(errors) == 2
    assert all(fault in line for line in errors)
    assert keepalive.state(A) == -1


def test_a_local_function_and_a_redefined_one_are_refused(keepalive: ModuleType, server: FakeServer) -> None:
    """A function inside a function, or one that hides behind another's name, is refused."""

    def local(uri, state, user_attr): ...

    assert keepalive.register_callback(local) == -1

    def impostor(uri, state, user_attr): ...

    impostor.__qualname__ = "on_change"
    assert keepalive.register_callback(impostor) == -1
    impostor.__qualname__ = "never_there"
    assert keepalive.register_callback(impostor) == -1
    first, second, third = server.ksr.lines("err")
    assert "local function" in first
    assert "redefined" in second
    assert "can't be found" in third


def test_once_per_change_in_order_with_the_state_visible(keepalive: ModuleType, server: FakeServer) -> None:
    """Each change is told once, the first result as a change from unknown; no change is not told."""
    keepalive.register_callback(on_any_change, "all")
    keepalive.add_destination(A, "me", 0, on_change, [1, {"two": None}])
    for code in (200, 200, 404, 503, 200):
        server.answer(code)
    expected = []
    for state in (1, 2, 1):
        expected += [(A, state, [1, {"two": None}]), ("any", A, state, "all")]
    assert expected == CALLED


def test_the_changes_of_a_destination_are_told_to_its_owners_alone(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """Owners hear of their own destinations only, each with its own user_attr."""
    keepalive.add_destination(A, "one", 0, on_change, 1)
    keepalive.add_destination(A, "two", 0, on_change, 2)
    keepalive.add_destination(B, "three", 0, on_change, 3)
    keepalive.add_destination(B, "silent")
    server.answer()
    assert sorted(CALLED) == [(A, 1, 1), (A, 1, 2), (B, 1, 3)]


@pytest.mark.parametrize("bad", [fails, fails_oddly, exits])
def test_a_failing_callback_disturbs_nobody(keepalive: ModuleType, server: FakeServer, bad: object) -> None:
    """An exception, even sys.exit, is logged with its traceback; the other callbacks are run."""
    keepalive.add_destination(A, "a", 0, bad)
    keepalive.add_destination(A, "b", 0, on_change)
    keepalive.register_callback(bad)
    keepalive.register_callback(on_any_change)
    server.answer()
    assert CALLED == [(A, 1, None), ("any", A, 1, None)]
    errors = server.ksr.lines("err")
    assert sum("failed for sip:192.168.10.20" in line for line in errors) == 2
    assert sum("Traceback" in line for line in errors) == 2


def test_a_callback_that_vanished_is_logged(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reload without the function, its name is logged and the others are run."""
    keepalive.add_destination(A, "a", 0, on_change)
    keepalive.register_callback(on_any_change)
    monkeypatch.delitem(globals(), "on_change")
    server.answer()
    assert CALLED == [("any", A, 1, None)]
    assert any("on_change failed" in line for line in server.ksr.lines("err"))


def test_registering_again_updates(keepalive: ModuleType, server: FakeServer) -> None:
    """A callback that is registered twice is called once, with the newer user_attr."""
    keepalive.register_callback(on_any_change, 1)
    keepalive.register_callback(on_any_change, 2)
    keepalive.add_destination(A, "me", 0, on_change, 1)
    keepalive.add_destination(A, "me", 0, on_change, 2)
    server.answer()
    assert CALLED == [(A, 1, 2), ("any", A, 1, 2)]


def test_the_owners_of_a_newer_registration_hear_nothing_old(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """A change from before a destination was deleted and added again is not told to its new owner."""
    keepalive.add_destination(A, "me", 0, on_change, "old")
    server.tick(1)
    server.ksr.reply(server.ksr.sent[0], 200)
    keepalive.del_destination(A, "me")
    keepalive.add_destination(A, "me", 0, on_change, "new")
    server.run_callbacks()
    assert CALLED == []


def test_with_full_memory_the_callbacks_run_at_once(keepalive: ModuleType, server: FakeServer) -> None:
    """Where the queue takes no more, the process that decided the change runs the callbacks itself."""
    keepalive.add_destination(A, "me", 0, on_change)
    server.tick(1)
    server.ksr.room_left = 0
    server.ksr.reply(server.ksr.sent[0], 200)
    assert CALLED == [(A, 1, None)]
    server.run_callbacks()
    assert CALLED == [(A, 1, None)]


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), b"x", {"x": {2}}])
def test_a_user_attr_that_is_no_json_is_refused(
    keepalive: ModuleType, server: FakeServer, value: object
) -> None:
    """Another process could not get such a value: refused, with the reason."""
    assert keepalive.add_destination(A, "me", 0, on_change, value) == -1
    assert keepalive.register_callback(on_change, value) == -1
    assert all("is no JSON value" in line for line in server.ksr.lines("err"))
    assert keepalive.state(A) == -1
