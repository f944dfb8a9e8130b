"""The C module's five methods."""

import pytest

from cockpit_calls import A, B, Desk
from conftest import FakeServer
from keepalive_core.rules.checks import NotMonitored, Refused
from keepalive_core.rules.method_parameters import InvalidParams


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    return Desk(server)


def test_the_five(desk: Desk) -> None:
    """Names, order of parameters and texts are the C module's; lists are arrays, times numbers."""
    assert desk.call("list") == []
    assert desk.call("add", A, "carriers") == "Ok. Destination added."
    assert desk.call("add", B, "carriers") == "Ok. Destination added."
    assert desk.call("get", A, "carriers") == {"uri": A, "owner": "carriers", "state": 0}
    first, second = desk.call("list")
    assert (first["uri"], first["owner"], first["state"]) == (A, "carriers", 0)
    assert first["last checked"] == first["last up"] == first["last down"] == 0
    assert second["uri"] == B
    assert desk.call("del", A, "carriers") == "Ok. Destination removed."
    assert desk.call("flush") == "Ok. Destination list flushed."
    assert desk.call("list") == []


def test_what_they_refuse(desk: Desk) -> None:
    """What the owner has already, or has not; and both parameters are needed."""
    assert desk.call("add", A, "carriers") == "Ok. Destination added."
    with pytest.raises(Refused, match="couldn't add data to list: 'carriers' has"):
        desk.call("add", A, "carriers")
    assert desk.call("add", A, "others") == "Ok. Destination added."
    for method in ("get", "del"):
        with pytest.raises(NotMonitored):
            desk.call(method, B, "carriers")
        with pytest.raises(Refused):
            desk.call(method, A, "nobody")
    for method in ("add", "del", "get"):
        with pytest.raises(InvalidParams, match="listname is missing"):
            desk.call(method, A)
    assert len(desk.call("list")) == 2


def test_another_spelling_of_a_name(desk: Desk) -> None:
    """With the port or without it the same is meant, as long as its list has only one of them."""
    assert desk.call("add", "sip:p.example", "carriers") == "Ok. Destination added."
    assert desk.call("get", "sip:p.example:5060", "carriers")["uri"] == "sip:p.example"
    assert desk.call("add", "sip:p.example:5060", "others") == "Ok. Destination added."
    assert desk.call("get", "sip:p.example:5060", "carriers")["uri"] == "sip:p.example"
    assert desk.call("add", "sip:p.example:5060", "carriers") == "Ok. Destination added."
    assert desk.call("get", "sip:p.example:5060", "carriers")["uri"] == "sip:p.example:5060"
    for left in (1, 0):
        assert desk.call("del", "sip:p.example:5060", "carriers") == "Ok. Destination removed."
        assert [each["owner"] for each in desk.call("list")].count("carriers") == left
    with pytest.raises(NotMonitored):
        desk.call("get", "sip:p.example", "carriers")
