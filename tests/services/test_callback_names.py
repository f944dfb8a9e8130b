"""Which functions can be registered as callbacks: those that another process finds by their names."""

from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"


def on_change(uri, state, user_attr): ...


async def waits(uri, state, user_attr):
    """Run in a loop of events, if there was one."""


def yields(uri, state, user_attr):
    """Run when somebody asks for its values."""
    yield uri


async def waits_and_yields(uri, state, user_attr):
    """Do both."""
    yield uri


def of_two(uri, state): ...


def of_many(uri, state, *more): ...


def of_names(uri, state, *, user_attr): ...


class Holder:
    def method(self, uri, state, user_attr): ...

    @staticmethod
    def static(uri, state, user_attr): ...

    class Inner:
        @staticmethod
        def deep(uri, state, user_attr): ...


@pytest.mark.parametrize("callback", [on_change, of_many, Holder.static, Holder.Inner.deep, max])
def test_a_function_with_a_name_can_be_registered(keepalive: ModuleType, callback: object) -> None:
    """A function, and a static method, can be found by any process."""
    assert keepalive.register_callback(callback) == 0


@pytest.mark.parametrize(
    ("callback", "fault"),
    [
        (lambda uri, state, attr: None, "is a lambda or a local function"),
        *((each, "which nobody would run") for each in (waits, yields, waits_and_yields)),
        (Holder().method, "is not what that name stands for: a bound method"),
        *((each, "does not take uri, state and user_attr") for each in (of_two, of_names, object, len)),
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
