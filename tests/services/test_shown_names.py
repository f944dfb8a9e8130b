"""Names and their targets, in the process that shows all destinations."""

import pytest

from cockpit_calls import NAME, ONE, THREE, TWO, A, Desk
from conftest import FakeServer
from keepalive_core.rules import uris
from keepalive_core.rules.resolution import Resolution
from keepalive_testing.names import resolve

KEY = uris.parse(NAME).key
NOTHING = {"down": 0, "unknown": 0, "drain": 0, "maint": 0, "up": 0}


@pytest.fixture
def desk(server: FakeServer) -> Desk:
    found = Desk(server)
    server.tick(1)
    assert found.keepalive.add_destination(A, "me", group="g") == 0
    return found


def test_a_target_is_no_destination(desk: Desk) -> None:
    """It has no row, and counts in no count of destinations or groups: targets are counted apart."""
    desk.add_name(ONE, TWO, group="g")
    desk.ping(31, TWO)
    seen = desk.call("view", sort="name")
    assert [row["uri"] for row in seen["rows"]] == [A, NAME]
    assert seen["counts"] == {**NOTHING, "up": 2}
    assert seen["targets"] == {**NOTHING, "up": 1, "down": 1}
    assert seen["names"] == {"total": 1, "dead": 1, "failing": 0}
    assert seen["groups"][0]["members"] == seen["groups"][0]["up"] == 2
    assert [each["uri"] for each in desk.call("list")] == [A, NAME]
    assert [each["uri"] for each in desk.keepalive.list()] == [A, NAME]
    assert {each["uri"] for each in desk.call("changes")["changes"]} <= {A, NAME}


def test_targets_come_and_go_while_somebody_looks(desk: Desk) -> None:
    """A provider that renumbers is shown as it is at each moment."""
    desk.add_name(ONE, TWO)
    assert desk.call("view")["targets"]["unknown"] == 2
    desk.ping(31)
    assert desk.call("view")["targets"] == {**NOTHING, "up": 2}
    resolve(NAME, [TWO, THREE], kept=[ONE])
    seen = desk.call("view", sort="name")
    assert seen["targets"] == {**NOTHING, "up": 2, "unknown": 1}
    assert seen["rows"][1]["name"]["targets"] == 3
    assert seen["rows"][1]["name"]["alive"] >= 2
    resolve(NAME, [THREE])
    assert desk.call("view")["targets"] == {**NOTHING, "unknown": 1}
    resolve(NAME, [], fault="no such name")
    seen = desk.call("view")
    assert (seen["targets"], seen["names"]) == (NOTHING, {"total": 1, "dead": 0, "failing": 1})


def test_a_name_that_goes_takes_its_targets_with_it(desk: Desk) -> None:
    """Nothing is left of it, in whichever order the resolver and its owner are seen."""
    name_rows = desk.part("kamailio.name_rows")
    registrations = desk.part("services.registrations")
    keys = desk.add_name(ONE)
    assert desk.call("view")["names"]["total"] == 1
    assert desk.keepalive.del_destination(NAME, "me") == 0
    seen = desk.call("view")
    assert [row["uri"] for row in seen["rows"]] == [A]
    assert seen["names"]["total"] == 0
    registrations.remove_target(keys[0])
    name_rows.drop_resolution(KEY)
    seen = desk.call("view")
    assert (seen["names"]["total"], seen["targets"]) == (0, NOTHING)


def test_what_is_a_name_no_more(desk: Desk) -> None:
    """With dns_expand=0 the resolver forgets what DNS said, and the destination is shown like any other."""
    name_rows = desk.part("kamailio.name_rows")
    revised_rows = desk.part("kamailio.revised_rows")
    registrations = desk.part("services.registrations")
    keys = desk.add_name(ONE)
    assert desk.call("view", names="all")["total"] == 1
    name_rows.drop_resolution(KEY)
    registrations.remove_target(keys[0])
    revised_rows.revise(KEY)
    seen = desk.call("view", sort="name")
    assert seen["names"]["total"] == 0
    assert seen["rows"][1]["name"] is None
    assert desk.call("view", names="all")["total"] == 0


@pytest.mark.parametrize(
    ("which", "found"),
    [("", 4), ("all", 3), ("dead", 1), ("failing", 1)],
)
def test_names_can_be_asked_for(desk: Desk, which: str, found: int) -> None:
    """All of them, or those that are not as they should be."""
    desk.add_name(ONE)
    desk.add_name(TWO, uri="sip:dead.example.com")
    desk.add_name(uri="sip:nowhere.example.com", fault="no such name")
    desk.ping(31, TWO)
    assert desk.call("view", names=which)["total"] == found
    assert desk.call("view", names=which, state="drain")["total"] == 0


def test_an_address_finds_its_name(desk: Desk) -> None:
    """Whoever knows an address from a trace searches for it."""
    desk.add_name("sip:192.168.77.7:5080;transport=tcp")
    seen = desk.call("view", search="192.168.77.7:5080")
    assert [row["uri"] for row in seen["rows"]] == [NAME]


def test_a_name_that_is_taken_out_takes_its_targets_along(desk: Desk) -> None:
    """They are no alarm then, whatever they are; and they are as before when it is ready again."""
    one, _ = desk.add_name(ONE, TWO)
    desk.ping(31, TWO)
    assert desk.call("set_admin", NAME, "maint")["after"]["mode"] == "maint"
    seen = desk.call("view", names="all", targets=True)
    assert seen["targets"] == {**NOTHING, "maint": 2}
    assert seen["names"] == {"total": 1, "dead": 0, "failing": 0}
    assert [each["shown"] for each in seen["rows"][0]["targets"]] == ["maint", "maint"]
    assert desk.call("set_admin", one, "drain")["after"]["mode"] == "drain"
    assert desk.call("set_admin", NAME, "ready")["after"]["mode"] == "ready"
    seen = desk.call("view", names="all")
    assert seen["targets"] == {**NOTHING, "drain": 1, "down": 1}
    assert seen["names"]["dead"] == 1
    desk.add_name(uri="sip:nowhere.example.com", fault="no such name")
    assert desk.call("view", names="failing")["total"] == 1
    assert desk.call("set_admin", "sip:nowhere.example.com", "maint")["after"]["mode"] == "maint"
    assert desk.call("view", names="failing")["total"] == 0


def test_a_row_of_the_table_that_makes_no_sense(desk: Desk) -> None:
    """Whoever may use RPC can write into it: the name is shown as one of which DNS has said nothing yet."""
    revised_rows = desk.part("kamailio.revised_rows")
    desk.add_name(ONE)
    desk.call("view")
    desk.server.ksr.tables["keepalive_name"][KEY] = '{"targets": [["x"]]}'
    revised_rows.revise(KEY)
    seen = desk.call("view", sort="name", targets=True)
    assert seen["rows"][1]["name"] is None
    assert seen["rows"][1]["targets"] == []
    assert desk.call("info", NAME)["targets"] == []


def test_a_fault_alone_is_seen_too(desk: Desk) -> None:
    """The targets stay, as an answer that fails keeps the old ones."""
    name_rows = desk.part("kamailio.name_rows")
    desk.add_name(ONE)
    desk.ping(31)
    known = name_rows.resolution(KEY) or Resolution()
    name_rows.store_resolution(KEY, known._replace(fault="no answer from DNS"))
    seen = desk.call("view", names="failing")
    assert [row["name"]["fault"] for row in seen["rows"]] == ["no answer from DNS"]
    assert seen["targets"]["up"] == 1
