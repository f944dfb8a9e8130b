"""What operators see of all destinations."""

import time

import pytest

from cockpit_calls import A, B, C, Desk
from conftest import FakeServer
from keepalive_core import VERSION
from keepalive_core.rules.checks import Refused


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    return Desk(server)


@pytest.fixture
def three(desk: Desk) -> Desk:
    """A server with three destinations: one up, one down, one in maintenance."""
    add = desk.keepalive.add_destination
    assert add(A, "me", group="carriers") == add(B, "me", group="carriers") == add(C, "me") == 0
    assert desk.call("set_admin", C, "maint", 3600, "card swap")["after"]["mode"] == "maint"
    for _ in range(70):
        before = len(desk.server.ksr.sent)
        desk.server.tick(0.5)
        for ping in desk.server.ksr.sent[before:]:
            desk.server.ksr.reply(ping, 200 if ping.uri == A else 503)
    desk.look()
    return desk


def test_a_view(three: Desk) -> None:
    """Counts, groups, and the worst first; each with why, who and since when."""
    seen = three.call("view")
    assert seen["counts"] == {"down": 1, "unknown": 0, "drain": 0, "maint": 1, "up": 1}
    assert seen["at"] == pytest.approx(time.time(), abs=2)
    assert (seen["paused"], seen["enabled"], seen["total"], seen["version"]) == (False, True, 3, VERSION)
    assert (seen["groups_total"], seen["groups"][0]["name"], seen["groups"][0]["alive"]) == (1, "carriers", 1)
    down, maint, up = seen["rows"]
    assert down["destination"] == f"{B}:5060"
    assert (down["uri"], down["state"], down["shown"], down["admin"]) == (B, "down", "down", "ready")
    assert down["reason"].startswith("503")
    assert (up["state"], up["shown"], up["groups"]) == ("up", "up", ["carriers"])
    assert up["samples"]
    assert all(latency is not None for latency in up["samples"])
    assert (maint["shown"], maint["admin"], maint["by"], maint["why"]) == (
        "maint",
        "maint",
        "anna",
        "card swap",
    )
    assert maint["until"] == pytest.approx(time.time() + 3600, abs=3)
    assert maint["since"] == pytest.approx(time.time(), abs=3)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"sort": "name"}, [A, B, C]),
        ({"sort": "worst"}, [B, C, A]),
        ({"sort": "since"}, None),
        ({"sort": "latency"}, None),
        ({"count": 1}, [B]),
        ({"count": 0}, []),
        ({"start": 1, "count": 1}, [C]),
        ({"start": 9}, []),
        ({"group": "carriers"}, [B, A]),
        ({"state": "up"}, [A]),
        ({"state": "drain"}, []),
        ({"search": "10.30"}, [B]),
        ({"search": "CARR"}, [B, A]),
        ({"search": "(.*"}, []),
        ({"group": "carriers", "state": "down", "search": "168"}, [B]),
        ({"destinations": [f"{A}:5060", "sip:10.0.0.1:5060", f"{C}:5060"]}, [A, C]),
    ],
)
def test_what_is_asked_for(three: Desk, asked: dict[str, object], found: list[str] | None) -> None:
    """Rows are sorted, filtered, searched and counted; counts and groups are of all of them."""
    seen = three.call("view", **asked)
    uris = [row["uri"] for row in seen["rows"]]
    assert uris == found if found is not None else sorted(uris) == [A, B, C]
    assert sum(seen["counts"].values()) == 3
    assert len(seen["groups"]) == 1
    if not asked.keys() & {"count", "start"}:
        assert seen["total"] == len(uris)


@pytest.mark.parametrize("method", ["view", "list"])
def test_a_group_that_is_none(three: Desk, method: str) -> None:
    """It is refused: an empty page would look as if all were well."""
    with pytest.raises(Refused, match="there is no group 'carrier'"):
        three.call(method, group="carrier")


def test_a_group_that_may_only_not_be_read_yet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a part of all destinations nobody can tell that there is no such group."""
    from keepalive_core.services.snapshot import Snapshot

    monkeypatch.setattr(Snapshot, "fresh", lambda *_, **__: iter(()))
    seen = desk.call("view", group="carriers", partial=True)
    assert (seen["complete"], seen["rows"]) == (False, [])


def test_groups_and_their_bound(desk: Desk) -> None:
    """A view has a hundred of them, the method has all."""
    for number in range(105):
        assert desk.keepalive.add_destination(f"sip:192.168.11.{number}", "me", group=f"g{number:03}") == 0
    seen = desk.call("view")
    assert (len(seen["groups"]), seen["groups_total"]) == (100, 105)
    assert [each["name"] for each in desk.call("groups")] == [f"g{number:03}" for number in range(105)]


def test_a_list(three: Desk) -> None:
    """One object for each destination and owner, in the order of destinations; times are epoch seconds."""
    assert three.keepalive.add_destination(A, "other", group="backup") == 0
    first, second, third, fourth = three.call("list")
    assert [(each["uri"], each["owner"], each["group"]) for each in (first, second)] == [
        (A, "me", "carriers"),
        (A, "other", "backup"),
    ]
    assert (first["state"], third["state"]) == (1, 2)
    assert first["last checked"] == first["last up"] == pytest.approx(time.time(), abs=3)
    assert first["last down"] == 0
    assert third["last down"] == pytest.approx(time.time(), abs=3)
    assert third["reason"].startswith("503")
    assert (fourth["uri"], fourth["admin"]) == (C, "maint")
    assert [each["owner"] for each in three.call("list", 1, 1)] == ["other"]


def test_a_list_is_always_an_array(desk: Desk) -> None:
    """Of none, of one, of two."""
    assert desk.call("list") == []
    for number in (1, 2):
        assert desk.keepalive.add_destination(f"sip:192.168.10.{number}", "me") == 0
        assert len(desk.call("list")) == number
    assert desk.call("list", state="up") == []
    assert len(desk.call("list", state="unknown")) == 2


def test_pages_give_each_once_while_destinations_come_and_go(desk: Desk) -> None:
    """Each that was there when the first page was asked for, whatever happens behind that."""
    for number in range(250):
        assert desk.keepalive.add_destination(f"sip:192.168.11.{number}", "me") == 0
    seen = list[str]()
    for start in range(0, 300, 25):
        seen += [each["uri"] for each in desk.call("list", start, 25)]
        for number in (start // 3, 249 - start // 3):
            assert desk.keepalive.del_destination(f"sip:192.168.11.{number}", "me") == 0
        assert desk.keepalive.add_destination(f"sip:192.168.10.{start % 256}", "me") == 0
    assert sorted(seen) == sorted(f"sip:192.168.11.{number}" for number in range(250))


def test_a_destination_that_goes_meanwhile(desk: Desk) -> None:
    """Its row is made of what is known no more: it is there, and nothing breaks."""
    for number in range(100, 250):
        assert desk.keepalive.add_destination(f"sip:192.168.11.{number}", "me") == 0
    from keepalive_core.services import operators

    desk.call("view")
    asked = operators.call("list", [], desk.anna)
    listed = None
    while listed is None:
        try:
            next(asked)
        except StopIteration as end:
            listed = end.value
        assert desk.keepalive.del_destination("sip:192.168.11.249", "me") in (0, -1)
    assert len(listed) == 150
    assert listed[-1]["state"] == 0
