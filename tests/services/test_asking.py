"""What operators ask that changes nothing."""

import pytest

from cockpit_calls import A, B, Desk
from conftest import FakeServer
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting
from keepalive_core.rules.uris import InvalidURI


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    found = Desk(server)
    assert found.keepalive.add_destination(A, "me", group="carriers") == 0
    server.answer(200, 2)
    return found


def test_what_a_script_asks(desk: Desk) -> None:
    """The same answers: a state, whether it is alive, which of a group are."""
    assert (desk.call("is_alive", A), desk.call("state", A)) == (1, 1)
    assert (desk.call("is_alive", B), desk.call("state", B)) == (-1, -1)
    assert (desk.call("alive", "carriers"), desk.call("is_group_alive", "carriers")) == ([A], 1)
    assert (desk.call("alive", "x"), desk.call("is_group_alive", "x")) == ([], -1)
    desk.call("set_admin", A, "maint")
    assert (desk.call("is_alive", A), desk.call("is_group_alive", "carriers")) == (2, 2)
    for method in ("is_alive", "state"):
        with pytest.raises(InvalidURI):
            desk.call(method, "")


def test_info_is_what_info_returns(desk: Desk) -> None:
    """All of it."""
    assert desk.call("info", A) == desk.keepalive.info(A)


def test_settings(desk: Desk) -> None:
    """Each parameter with what is in force, its default, its unit, and who set it."""
    desk.server.ksr.settings["ping_interval"] = "7"
    desk.keepalive.modparam("ping_timeout", 700)
    desk.server.tick(2)
    found = desk.call("settings")
    assert found.keys() == PARAMETERS.keys()
    assert found["rise"] == {"value": 1, "default": 1, "unit": "successes", "set_by": "default"}
    assert (found["ping_timeout"]["value"], found["ping_timeout"]["set_by"]) == (700, "script")
    assert found["ping_interval"]["value"] == 7


def test_changes(desk: Desk) -> None:
    """The newest ones, and the number from which to ask on."""
    desk.call("report_failure", A, "seen in a trace")
    from keepalive_core.services import change_log

    change_log.the_log.take()
    found = desk.call("changes")
    assert [(each["from"], each["to"]) for each in found["changes"]] == [("unknown", "up"), ("up", "down")]
    assert desk.call("changes", found["number"])["changes"] == []
    assert len(desk.call("changes", count=1)["changes"]) == 1


def test_selftest(desk: Desk) -> None:
    """Its findings, as the log has them."""
    found = desk.call("selftest")
    assert found
    assert all(any(each in line for line in desk.server.ksr.lines("err")) for each in found)


def test_what_another_policy_would_have_done(desk: Desk) -> None:
    """Of the same samples, beside what is in force; what a replay does not know is refused."""
    desk.keepalive.add_destination(A, "me", ping_interval=1)
    desk.server.answer(200, 5)
    desk.server.ksr.time_out(desk.server.next_ping())
    desk.server.answer(200, 5)
    found = desk.call("what_if", A, {"fall": "2", "rise": 3})
    assert found["destination"] == f"{A}:5060"
    assert found["samples"] >= 9
    assert [change["to"] for change in found["in_force"]["changes"]] == ["up", "down", "up"]
    assert found["what_if"]["policy"] == {"rise": 3, "fall": 2, "ping_timeout": 1000}
    assert [change["to"] for change in found["what_if"]["changes"]] == ["up"]
    for policy, fault in (({"colour": 1}, "and not 'colour'"), ({"fall": 0}, "bad fall 0")):
        with pytest.raises((Refused, InvalidSetting), match=fault):
            desk.call("what_if", A, policy)
    with pytest.raises((Refused, InvalidSetting), match="not monitored"):
        desk.call("what_if", "sip:nobody", {})


def test_how_long_a_group_was_up(desk: Desk) -> None:
    """As counted since its first result; of a group that is not there nobody knows."""
    desk.server.answer(200, 60)
    assert desk.call("availability", "carriers")["1h"]["percent"] == 100
    with pytest.raises(Refused, match="there is no group 'x'"):
        desk.call("availability", "x")
