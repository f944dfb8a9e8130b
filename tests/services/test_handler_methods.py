"""The methods of a handler that Kamailio calls, and what they answer."""

from types import ModuleType

import pytest

from conftest import FakeServer


class Router:
    """A handler, with a method that is nobody's business."""

    def child_init(self, rank): ...

    def ksr_request_route(self, msg): ...

    def ksr_keepalive_tick(self, msg, event): ...

    def ksr_failure_mine(self, msg): ...

    def helper(self): ...


@pytest.fixture
def handler_methods(keepalive: ModuleType) -> ModuleType:
    """The module, in a process of the fake server."""
    from keepalive_core.services import handler_methods

    return handler_methods


def test_what_kamailio_calls_in_any_case(handler_methods: ModuleType) -> None:
    """child_init, the routes that no kamailio.cfg names, and ours; what else a script has is its own."""
    names = ["child_init", "ksr_keepalive_tick", "ksr_request_route"]
    assert handler_methods.called(Router) == handler_methods.called(Router()) == names


@pytest.mark.parametrize(
    ("answer", "given", "is_told"),
    [
        *((each, each, False) for each in (0, 1, -1, 2**31 - 1, -(2**31), True)),
        (None, 1, False),
        *((each, 1, True) for each in (2**31, -(2**31) - 1, "1", 1.0, [])),
    ],
)
def test_kamailio_gets_an_int(
    handler_methods: ModuleType, server: FakeServer, answer: object, given: int, is_told: bool
) -> None:
    """Whatever a method answers; what is neither None nor an int of C is told, with the method's name."""

    def method(self, msg):
        return answer

    found = handler_methods.answering_int(method)(None, None)
    assert (type(found) in (int, bool), found) == (True, given)
    lines = server.ksr.lines("err")
    assert [f"{method.__qualname__} returned " in line for line in lines] == [True] * is_told


def test_a_method_of_nobody_is_called_with_all_but_the_handler(handler_methods: ModuleType) -> None:
    """As Kamailio calls a handler's attribute that is a plain function."""
    assert handler_methods.without_self(lambda msg: ("called", msg))(object(), "msg") == ("called", "msg")
