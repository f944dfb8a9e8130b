"""All that operators can ask for and order, by name."""

import inspect

import pytest

from cockpit_calls import A, Desk
from conftest import FakeServer
from keepalive_core.rules.method_parameters import REQUIRED, InvalidParams


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    return Desk(server)


def test_methods_take_what_their_functions_take(desk: Desk) -> None:
    """In the table and in the code the parameters are the same, in the same order."""
    from keepalive_core.services import operators

    for name, method in operators.METHODS.items():
        taken = list(inspect.signature(method.function).parameters)
        given = [operators._ARGUMENTS.get(each.name, each.name) for each in method.parameters]
        assert taken == ["operator", *given], name
        required = [each.default is REQUIRED for each in method.parameters]
        assert required == sorted(required, reverse=True), name


def test_defaults_are_allowed(desk: Desk) -> None:
    """What a method takes if nothing is given might be given."""
    from keepalive_core.services import operators

    for name, method in operators.METHODS.items():
        for each in method.parameters:
            assert each.default is REQUIRED or not each.kind(each.default), f"{name} {each.name}"


def test_what_changes_something_says_so(desk: Desk) -> None:
    """Whoever may only read calls the others."""
    from keepalive_core.services import operators

    reading = {name for name, method in operators.METHODS.items() if not method.changes}
    assert reading == {
        *("list", "get", "view", "groups", "info", "is_alive", "state", "alive", "is_group_alive"),
        *("changes", "orders", "settings", "selftest", "what_if", "availability", "cluster"),
    }


def test_by_position_or_by_name(desk: Desk) -> None:
    """Both do the same; anything else is refused."""
    from keepalive_core.services import operators

    assert desk.call("add", A, "me") == "Ok. Destination added."
    assert desk.call("get", uri=A, listname="me") == desk.call("get", A, "me")
    assert len(operators.call("get", {"uri": A, "listname": "me"}, desk.anna)) == 3
    with pytest.raises(InvalidParams, match="unknown 'start'"):
        operators.call("list", {"start": 0}, desk.anna)
    for name in ("", "nosuch", "keepalive.list", "__class__"):
        with pytest.raises(operators.UnknownMethod):
            operators.call(name, [], desk.anna)
