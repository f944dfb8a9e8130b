"""What operators order is done, told in one line, and kept."""

import time
from pathlib import Path
from typing import Any

import pytest

from cockpit_calls import A, B, Desk
from conftest import FakeServer
from keepalive_core.rules.checks import NotMonitored, Refused
from keepalive_core.rules.parameters import InvalidSetting
from keepalive_core.rules.uris import InvalidURI

KEY = f"{A}:5060"


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    found = Desk(server)
    assert found.keepalive.add_destination(A, "script") == 0
    server.answer(200, 2)
    return found


def line(text: str) -> str:
    return f"keepalive: anna (unix socket): {text}"


def test_maintenance_and_back(desk: Desk) -> None:
    """Both modes are returned, the line has them as people write them, and who asked is known."""
    asked = desk.call("set_admin", "SIP:192.168.10.20:5060", "maint", 60, "card swap")
    assert asked["destination"] == KEY
    assert asked["before"] == {"mode": "ready", "until": 0, "by": "", "why": ""}
    until = asked["after"].pop("until")
    assert until == pytest.approx(time.time() + 60, abs=3)
    assert asked["after"] == {"mode": "maint", "by": "anna", "why": "card swap"}
    assert desk.keepalive.is_alive(A) == 2
    asked = desk.call("set_admin", destination=A, mode="ready")
    assert (asked["before"]["why"], asked["after"]["mode"]) == ("card swap", "ready")
    clock = time.strftime("%H:%M", time.localtime(until))
    assert [each.partition("until ")[0] for each in desk.told] == [
        line(f"{A} ready -> maint "),
        line(f"{A} maint "),
    ]
    assert f"until {clock} (card swap) -> ready" in desk.told[1] or "until 20" in desk.told[1]
    newest = desk.call("orders", 1)[0]
    assert (newest["by"], newest["from"], newest["what"], newest["after"]) == (
        *("anna", "unix socket"),
        *(A, "ready"),
    )


@pytest.mark.parametrize(
    ("method", "params"),
    [("set_admin", [A, "ready"]), ("self", ["ready"]), ("resume", []), ("flush", [])],
)
def test_what_holds_already_is_no_order(desk: Desk, method: str, params: list[str]) -> None:
    """A script that says "ready" again and again pushes nothing out of the last hundred orders."""
    desk.call(method, *params)
    assert desk.told == []
    assert desk.call("orders") == []


@pytest.mark.parametrize(
    ("method", "params", "other"),
    [
        ("set_admin", [A, "drain", 0, "why"], [A, "drain", 0, "else"]),
        ("self", ["drain", 0, "why"], ["drain", 0, "else"]),
        ("pause", [], None),
        ("add_destination", [B, "rpc", "g", 1, 2, {"fall": 2}], [B, "rpc", "g", 1, 3, {"fall": 2}]),
        ("configure_group", ["g", {"group_min_alive": 1}], ["g", {"group_min_alive": 2}]),
    ],
)
def test_what_is_ordered_twice_is_one_order(
    desk: Desk, method: str, params: list[object], other: list[object] | None
) -> None:
    """The second time it holds already; what differs in anything is one more."""
    desk.call(method, *params)
    desk.call(method, *params)
    assert len(desk.call("orders")) == 1
    if other:
        desk.call(method, *other)
        assert len(desk.call("orders")) == 2


def test_a_mode_without_an_end_or_with_a_far_one(desk: Desk) -> None:
    """Its line has no end, or one with its day."""
    desk.call("set_admin", A, "drain")
    desk.call("set_admin", A, "drain", 40 * 86_400)
    assert desk.told[0] == line(f"{A} ready -> drain")
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + 40 * 86_400))
    assert desk.told[1] == line(f"{A} drain -> drain until {day}")


CALLS: dict[str, list[Any]] = {
    "set_admin": ["maint"],
    "ping_now": [],
    "report_failure": [],
    "report_success": [],
    "report_reply": [503],
    "info": [],
}


@pytest.mark.parametrize("method", CALLS)
def test_what_is_not_monitored(desk: Desk, method: str) -> None:
    """It is said so, and nothing is written; what is no URI is another fault."""
    with pytest.raises(NotMonitored, match=f"'{B}' is not monitored"):
        desk.call(method, B, *CALLS[method])
    with pytest.raises(InvalidURI):
        desk.call(method, "no uri at all", *CALLS[method])
    assert desk.told == []
    assert desk.call("orders") == []


def test_a_ping(desk: Desk) -> None:
    """It leaves at once; the line says who asked."""
    sent = len(desk.server.ksr.sent)
    assert desk.call("ping_now", A) == "Ok."
    desk.server.tick(1.1)
    assert len(desk.server.ksr.sent) == sent + 1
    assert desk.told == [line(f"ping {A}")]


def test_a_ping_that_is_waited_for(desk: Desk) -> None:
    """What became of it is the result."""
    desk.server.answer(200, 2)
    found = desk.call("ping_now", A, True)
    assert (found["result"], found["code"]) == ("reply", 200)


def test_a_ping_of_one_that_tracks_is_one_of_whom_it_tracks(desk: Desk) -> None:
    """It is that one's that is waited for; if that one is not pinged, this is said at once."""
    assert desk.keepalive.add_destination(B, "me", track=A) == 0
    desk.server.answer(200, 2)
    found = desk.call("ping_now", B, True)
    assert (found["result"], found["code"]) == ("reply", 200)
    assert {ping.uri for ping in desk.server.ksr.sent} == {A}
    desk.keepalive.set_admin(A, "maint")
    found = desk.call("ping_now", B, True)
    assert (found["result"], found["reason"]) == ("unsent", "no ping is sent: track: maintenance")


@pytest.mark.parametrize(("code", "state"), [("report_failure", 2), ("report_success", 1)])
def test_reports(desk: Desk, code: str, state: int) -> None:
    """They count as those of a script do, with the name of who made them if he gives no reason."""
    assert desk.call(code, A) == "Ok."
    assert desk.keepalive.state(A) == state
    if state == 2:
        assert "by anna" in desk.keepalive.info(A)["last_reason"]
        assert desk.call(code, A, "seen in a trace") == "Ok."
        assert "seen in a trace" in desk.keepalive.info(A)["last_reason"]
    assert desk.told[0] == line(f"{A}: a {code.removeprefix('report_')} is reported")


def test_replies_of_calls(desk: Desk) -> None:
    """Each counts, and takes the destination down if there are enough of them."""
    for _ in range(5):
        assert desk.call("report_reply", A, 503) == "Ok."
    assert desk.keepalive.state(A) == 2
    assert desk.told[0] == line(f"{A}: a reply 503 is reported")


def test_destinations_come_and_go(desk: Desk) -> None:
    """The line says for whom it is monitored, before and after."""
    assert desk.call("add_destination", uri=B, group="carriers", options={"ping_interval": 5}) == "Ok."
    assert desk.keepalive.info(B)["options"] == {"ping_interval": 5}
    assert desk.call("add_destination", B, "rpc", "carriers", 5, 7) == "Ok."
    assert desk.keepalive.info(B)["owners"]["rpc"]["priority"] == 5
    for number in range(7):
        assert desk.keepalive.add_destination(B, f"owner{number}") == 0
    assert desk.call("del_destination", B) == "Ok."
    assert desk.told == [
        line(f"{B} not monitored -> monitored for rpc, in carriers"),
        line(f"{B} monitored for rpc, in carriers -> monitored for rpc, in carriers"),
        line(
            f"{B} monitored for rpc, owner0, owner1, owner2, owner3 and 3 more, in carriers -> "
            "monitored for owner0, owner1, owner2, owner3, owner4 and 2 more"
        ),
    ]


def test_what_others_registered_is_not_overwritten(desk: Desk) -> None:
    """Its callback would be gone; but an operator may delete it."""
    with pytest.raises(Refused, match=f"'script' owns '{A}' already, and that was not added by RPC"):
        desk.call("add_destination", A, "script")
    assert desk.call("del_destination", A, "script") == "Ok."
    assert desk.keepalive.state(A) == -1
    with pytest.raises(NotMonitored):
        desk.call("del_destination", A, "script")


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ([B, ""], Refused),
        ([B, "x" * 256], Refused),
        ([B, "me", "a\nb"], Refused),
        ([B, "me", "g", 0, 0, {"ping_interval": "soon"}], InvalidSetting),
        ([B, "me", "g", 0, 0, {"callback": "os:system"}], InvalidSetting),
        ([B, "me", "g", 0, 0, {"origin": "rpc"}], InvalidSetting),
        (["sip:", "me"], InvalidURI),
        ([f"{B};transport=sctp", "me"], Refused),
    ],
)
def test_what_can_not_be_added(desk: Desk, params: list[Any], fault: type[Exception]) -> None:
    """It is refused for what it is; nothing is registered, and no order is written."""
    with pytest.raises(fault):
        desk.call("add_destination", *params)
    assert len(desk.call("list")) == 1
    assert desk.told == []


@pytest.mark.parametrize(("everything", "left"), [(False, [A]), (True, [])])
def test_flush(desk: Desk, everything: bool, left: list[str]) -> None:
    """What RPC added goes, and all the rest only if that is asked for."""
    for number in range(120):
        assert desk.call("add", f"sip:192.168.11.{number}", "list") == "Ok. Destination added."
    assert desk.call("add", A, "list") == "Ok. Destination added."
    assert desk.call("flush", everything) == "Ok. Destination list flushed."
    assert [each["uri"] for each in desk.call("list")] == left
    what = "all destinations" if everything else "all destinations added by RPC"
    assert desk.told[-1] == line(f"{what} {122 if everything else 121} -> 0")
    assert desk.call("flush", everything) == "Ok. Destination list flushed."


def test_a_flush_that_fails_is_told_as_far_as_it_came(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gone is gone by somebody's order."""
    from keepalive_core.kamailio.tables import SharedMemoryFull
    from keepalive_core.services import registrations

    assert desk.call("add", B, "list") == "Ok. Destination added."
    true = registrations.disown

    def full_at_the_second(*args: Any) -> bool:
        if done:
            raise SharedMemoryFull("full")
        done.append(args)
        return true(*args)

    done: list[Any] = []
    monkeypatch.setattr(registrations, "disown", full_at_the_second)
    with pytest.raises(SharedMemoryFull):
        desk.call("flush", True)
    assert desk.told[-1] == line("all destinations: 1 are removed, and then it failed")


def test_a_flush_leaves_what_the_script_takes_over_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose it is counts when it is to go, not when it was looked at."""
    from keepalive_core.services import registrations

    assert desk.call("add", B, "list") == "Ok. Destination added."
    true = registrations.disown

    def late(*args: Any) -> bool:
        assert desk.keepalive.add_destination(B, "list") == 0
        return true(*args)

    monkeypatch.setattr(registrations, "disown", late)
    assert desk.call("flush") == "Ok. Destination list flushed."
    assert desk.keepalive.state(B) == 0


def test_a_mode_is_told_as_it_was_before_this_very_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another operator, at kamcmd, says something just before or behind it."""
    from keepalive_core.kamailio import tables

    true = tables.locked

    def late(*args: Any) -> Any:
        monkeypatch.setattr(tables, "locked", true)
        assert desk.keepalive.set_admin(A, "drain", 0, "bob") == 0
        return true(*args)

    monkeypatch.setattr(tables, "locked", late)
    asked = desk.call("set_admin", A, "maint")
    assert (asked["before"]["mode"], asked["after"]["mode"]) == ("drain", "maint")
    assert desk.told[-1] == line(f"{A} drain -> maint")


def test_the_script_takes_over_what_rpc_added(desk: Desk) -> None:
    """What it registers for the same owner is not RPC's any more."""
    assert desk.call("add", B, "list") == "Ok. Destination added."
    assert desk.keepalive.add_destination(B, "list") == 0
    assert desk.call("flush") == "Ok. Destination list flushed."
    assert desk.keepalive.state(B) == 0


def test_options_of_a_group(desk: Desk) -> None:
    """They take the place of those that it had, and the line has both."""
    assert desk.call("configure_group", "carriers", {"rise": 2, "fall": 3}) == "Ok."
    assert desk.call("configure_group", name="carriers") == "Ok."
    assert desk.told == [
        line("group carriers no options -> rise=2 fall=3"),
        line("group carriers rise=2 fall=3 -> no options"),
    ]
    with pytest.raises(InvalidSetting):
        desk.call("configure_group", "carriers", {"list_file": "/etc/passwd"})
    for name in ("", "a\0b", "\ud800"):
        with pytest.raises(Refused):
            desk.call("configure_group", name, {"rise": 2})


def test_pause_and_resume(desk: Desk) -> None:
    """Both say how it was and how it is."""
    assert desk.call("pause") == {"before": "pinging", "after": "paused"}
    assert desk.call("pause") == {"before": "paused", "after": "paused"}
    assert desk.call("view")["paused"]
    assert desk.call("resume") == {"before": "paused", "after": "pinging"}
    assert desk.told[-1] == line("pings paused -> pinging")


def test_a_reload_and_what_it_would_change(desk: Desk, tmp_path: Path) -> None:
    """A dry run changes nothing, and writes no order."""
    file = tmp_path / "list"
    file.write_text(f"{B}\n")
    desk.keepalive.modparam("list_file", str(file))
    desk.server.tick(1)
    found = desk.call("reload", False, True)
    assert found["added"] == {"count": 1, "first": [f"{B}:5060"]}
    assert (desk.keepalive.state(B), desk.told) == (-1, [])
    assert desk.call("reload") == found
    assert desk.keepalive.state(B) == 0
    assert desk.told == [line("reload of the list file: 1 added, 0 removed, 0 changed")]
    file.write_text("no line\n")
    with pytest.raises(Refused, match="1 bad lines, nothing has changed"):
        desk.call("reload")


def test_a_reload_leaves_what_rpc_added_by_the_name_of_the_list(desk: Desk, tmp_path: Path) -> None:
    """It is none of the file's, until that has it."""
    file = tmp_path / "list"
    file.write_text("sip:c\n")
    desk.keepalive.modparam("list_file", str(file))
    desk.server.tick(1)
    desk.call("reload")
    assert desk.call("add", B, "list_file") == "Ok. Destination added."
    dry = desk.call("reload", False, True)
    assert desk.call("reload") == dry
    assert dry["removed"]["count"] == 0
    assert desk.keepalive.state(B) == 0
    file.write_text(f"sip:c\n{B}\n")
    assert desk.call("reload")["added"]["first"] == [f"{B}:5060"]
    file.write_text("sip:c\n")
    assert desk.call("reload")["removed"]["first"] == [f"{B}:5060"]
    assert desk.keepalive.state(B) == -1


def test_a_reload_without_memory_is_an_order_too(desk: Desk, tmp_path: Path, server: FakeServer) -> None:
    """Some of what is new may have come."""
    file = tmp_path / "list"
    file.write_text(f"{B}\nsip:c\n")
    desk.keepalive.modparam("list_file", str(file))
    desk.server.tick(1)
    from keepalive_core.services.ownership import Incomplete

    server.ksr.room_left = 0
    with pytest.raises(Incomplete):
        desk.call("reload")
    assert "reload of the list file: 2 of 2 destinations are not monitored as wanted" in desk.told[-1]


def test_the_server_itself(desk: Desk) -> None:
    """Drained and ready again, each an order; without a mode it is only shown."""
    assert desk.call("self")["after"]["mode"] == "ready"
    drained = desk.call("self", "drain", 3600, "upgrade")["after"]
    assert (drained["mode"], drained["by"], drained["why"]) == ("drain", "anna", "upgrade")
    assert "this server ready -> drain until" in desk.told[-1]
    assert desk.call("self") == {"before": drained, "after": drained}
    assert desk.call("self", "ready") == {"before": drained, "after": desk.call("self")["after"]}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("info", []),
        ("set_admin", ["drain"]),
        ("ping_now", []),
        ("report_failure", ["why"]),
        ("report_success", [""]),
        ("report_reply", [200]),
        ("what_if", [{"fall": 1}]),
        ("del_destination", ["me"]),
    ],
)
def test_another_spelling_of_a_name(desk: Desk, method: str, params: list[Any]) -> None:
    """It is what is monitored, if itself is not; the order names what it was done to."""
    desk.call("add_destination", "sip:p.example", "me")
    number = len(desk.call("orders"))
    found = desk.call(method, "sip:p.example:5060", *params)
    assert not isinstance(found, dict) or found["destination"] == "sip:p.example"
    new = desk.call("orders")[: len(desk.call("orders")) - number]
    assert all("5060" not in order["what"] for order in new)
    with pytest.raises(NotMonitored):
        desk.call(method, "sip:p.example:5061", *params)
