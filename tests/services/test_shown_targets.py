"""The targets of a name, as operators see them."""

import json

import pytest

from cockpit_calls import NAME, ONE, THREE, TWO, A, Desk
from conftest import FakeServer
from keepalive_core.rules import uris
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.resolution import Resolution, Target

KEY = uris.parse(NAME).key


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    found = Desk(server)
    server.tick(1)
    return found


def test_info_has_the_targets_of_a_name(desk: Desk) -> None:
    """Where each is, what of DNS says so, and how its pings went; when DNS was asked."""
    one, two = desk.add_name(ONE, "sip:[2001:db8::1]:5061;transport=tls")
    desk.ping(31, ONE)
    known = desk.call("info", NAME)
    assert json.loads(json.dumps(known)) == known
    dead, alive = known["targets"]
    assert (dead["target"], dead["address"], dead["port"], dead["transport"]) == (
        one,
        "192.168.10.1",
        5060,
        "udp",
    )
    assert (dead["state"], dead["shown"], dead["alive"], dead["kept"]) == ("down", "down", False, False)
    assert dead["reason"].startswith("503 Reason")
    assert dead["since"] > 0
    assert (alive["target"], alive["address"], alive["port"], alive["transport"]) == (
        two,
        "[2001:db8::1]",
        5061,
        "tls",
    )
    assert (alive["state"], alive["alive"], alive["admin"], alive["loss"]) == ("up", True, "ready", 0)
    assert known["resolution"] == {"asked": 1, "answered": 1, "fault": "", "left_out": ""}
    assert known["target_of"] == ""
    of_target = desk.call("info", one)
    assert (of_target["target_of"], of_target["targets"], of_target["resolution"]) == (KEY, [], {})
    assert of_target["destination"] == one


def test_an_address_has_none(desk: Desk) -> None:
    """And nothing was asked of DNS."""
    assert desk.keepalive.add_destination(A, "me") == 0
    known = desk.call("info", A)
    assert (known["targets"], known["resolution"], known["target_of"]) == ([], {}, "")
    assert desk.call("view")["rows"][0]["name"] is None


def test_an_order_to_a_target_is_seen(desk: Desk) -> None:
    """It is driven by its key, in any spelling, and the line of the order names it."""
    one, _ = desk.add_name(ONE, TWO)
    desk.ping(31)
    assert desk.call("set_admin", f"{NAME}#192.168.10.1", "drain", 3600, "card")["destination"] == one
    drained, ready = desk.call("info", NAME)["targets"]
    assert (drained["admin"], drained["shown"], drained["state"], drained["alive"]) == (
        "drain",
        "drain",
        "up",
        False,
    )
    assert ready["admin"] == "ready"
    assert f"{one} ready -> drain until" in desk.told[-1]
    assert desk.call("view")["rows"][0]["name"]["alive"] == 1
    assert desk.call("orders")[0]["what"] == one


def test_a_view_has_targets_if_asked_for(desk: Desk) -> None:
    """Of few rows at a time, as a name may have 64; and a target's row if it is asked for by its key."""
    desk.add_name(ONE, TWO, group="g")
    desk.ping(31)
    seen = desk.call("view", targets=True)
    assert [each["address"] for each in seen["rows"][0]["targets"]] == ["192.168.10.1", "192.168.10.2"]
    assert "targets" not in desk.call("view")["rows"][0]
    with pytest.raises(Refused, match="count 101: with targets it is 100 at the most"):
        desk.call("view", targets=True, count=101)
    target = seen["rows"][0]["targets"][0]["target"]
    row = desk.call("view", destinations=[target, NAME, "sip:nobody#1.2.3.4:5060"])["rows"][0]
    assert (row["destination"], row["uri"], row["shown"], row["groups"]) == (target, target, "up", ["g"])
    assert row["samples"]


def test_targets_that_are_kept_come_last(desk: Desk) -> None:
    """And say so; one that is not registered, as memory is full, is unknown."""
    name_rows = desk.part("kamailio.name_rows")
    desk.add_name(ONE)
    hops = (TWO, THREE)
    targets = [Target(uris.target_key(KEY, hop), hop, 10, 5, "_sip._udp.example.com SRV") for hop in hops]
    name_rows.store_resolution(KEY, Resolution(2, 2, "", tuple(targets[:1]), tuple(targets[1:])))
    first, last = desk.call("info", NAME)["targets"]
    assert (first["kept"], last["kept"]) == (False, True)
    assert (first["priority"], first["weight"], first["record"]) == (10, 5, "_sip._udp.example.com SRV")
    assert (first["state"], first["shown"], first["alive"], first["reason"]) == (
        "unknown",
        "unknown",
        False,
        "not pinged yet",
    )


def test_a_hop_that_makes_no_sense(desk: Desk) -> None:
    """Whoever may use RPC can write it: it is shown without an address."""
    name_rows = desk.part("kamailio.name_rows")
    desk.add_name(ONE)
    name_rows.store_resolution(
        KEY, Resolution(targets=(Target(f"{KEY}#x", "no uri: <script>", 0, 0, "x" * 250),))
    )
    (found,) = desk.call("info", NAME)["targets"]
    assert (found["address"], found["port"], found["transport"]) == ("", 0, "")
    assert len(found["record"]) == 200


def test_all_targets_are_pinged_and_waited_for(desk: Desk) -> None:
    """An operator sees what became of each."""
    desk.add_name(ONE, TWO)
    found = desk.call("ping_now", NAME, True)
    assert (found["alive"], found["reason"]) == (True, "2 of 2 targets answered well")
    assert [each["target"] for each in found["targets"]] == [
        f"{KEY}#192.168.10.1:5060",
        f"{KEY}#192.168.10.2:5060",
    ]
    assert all(each["code"] == 200 for each in found["targets"])
    assert desk.call("ping_now", NAME, False) == "Ok."


def test_a_ping_of_a_name_without_targets(desk: Desk) -> None:
    """Nobody waits for what can't come."""
    desk.add_name(fault="no such name")
    found = desk.call("ping_now", NAME, True)
    assert (found["result"], found["alive"], found["reason"], found["targets"]) == (
        "unsent",
        None,
        "no target: no such name",
        [],
    )


def test_a_name_with_64_targets(desk: Desk) -> None:
    """Some are pinged at a time, and none is refused."""
    hops = [f"sip:192.168.20.{number}:5060" for number in range(1, 33)]
    desk.add_name(*hops)
    found = desk.call("ping_now", NAME, True)
    assert found["reason"] == "32 of 32 targets answered well"


def test_another_policy_is_tried_on_targets(desk: Desk) -> None:
    """A name is not pinged, so nothing can be replayed of it."""
    one, _ = desk.add_name(ONE, TWO)
    desk.ping(31)
    with pytest.raises(Refused, match=f"'{NAME}' is a name, which is not pinged itself: ask of its targets"):
        desk.call("what_if", NAME, {"fall": 2})
    assert desk.call("what_if", one, {"fall": 2})["samples"] > 0
