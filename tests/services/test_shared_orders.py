"""What an administrator orders at one node holds at all of them."""

import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster_pair import ME, OTHER, Lab
from conftest import FakeServer
from keepalive_core.rules import cluster_orders, state_format
from keepalive_core.rules.modes import Admin
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Owner, Past
from keepalive_core.rules.state_row import Row

URI, KEY = "sip:192.168.10.20", "sip:192.168.10.20:5060"
INTEREST = ("destination", "me@" + KEY)


@pytest.fixture
def one(server: FakeServer, wall: list[float]) -> Lab:
    """A node, which sees the other one."""
    lab = Lab(server)
    assert lab.keepalive.add_destination(URI, "start") == 0
    lab.tick(3)
    return lab


def say_admin(one: Lab, mode: str, seconds: int = 0, **more: str) -> None:
    """Have an administrator say something at the other node."""
    said = Admin(mode, 1, more.get("by", ""), more.get("why", ""), 1)
    value = cluster_orders.ordered_admin(KEY, said).value
    ends = one.server.now + seconds * 1_000_000 if seconds else 0
    one.other.say_fact("admin", more.get("key", KEY), value if mode != "ready" else "", ends)
    one.tick(0.5)


def say_wanted(one: Lab, uri: str = URI, name: str = "me", **options: Any) -> None:
    key = one.keepalive.info(uri).get("uri", uri) and f"{uri}:5060"
    ordered = cluster_orders.ordered_destination(key, name, uri, Owner(0, "", None, options))
    one.other.say_fact(*ordered.subject, ordered.value)
    one.tick(0.5)


def admin(one: Lab) -> dict[str, Any]:
    found: dict[str, Any] = one.keepalive.info(URI)["admin"]
    return found


def waiting(one: Lab) -> int:
    return len(one.server.ksr.queues["keepalive_said"])


def test_an_order_of_this_node_reaches_the_other(one: Lab) -> None:
    """Within half a second; its end as the time that is left."""
    assert one.keepalive.set_admin(URI, "drain", 20, "anna", "card swap") == 0
    one.tick(0.3)
    fact = one.other.facts.get(("admin", KEY))
    assert fact is not None
    assert json.loads(fact.value) == ["drain", "anna", "card swap"]
    assert fact.author == ME
    assert abs(fact.ends - one.server.now - 20_000_000) <= 1_300_000
    assert admin(one)["by"] == "anna"


def test_an_order_of_another_node_holds_here(one: Lab) -> None:
    """By says where it came from, and it is told to nobody by this node."""
    say_admin(one, "maint", by="anna", why="card swap")
    assert (admin(one)["mode"], admin(one)["by"], admin(one)["why"]) == (
        *("maint", f"cluster:{OTHER} anna"),
        "card swap",
    )
    assert one.keepalive.is_alive(URI) == 2
    assert waiting(one) == 0
    assert one.process.talk.facts.get(("admin", KEY)).author == OTHER
    say_admin(one, "ready")
    assert admin(one) == {"mode": "ready"}


def test_its_time_ends_here_too(one: Lab) -> None:
    """By this machine's clock, whatever the other one's is."""
    say_admin(one, "drain", 20)
    assert abs(admin(one)["until"] - time.time() - 20) <= 1.5
    one.server.tick(18)
    assert admin(one)["mode"] == "drain"
    one.server.tick(4)
    assert admin(one) == {"mode": "ready"}


def test_a_word_whose_time_is_over_is_none(one: Lab) -> None:
    """As of a node that was cut off meanwhile; what stood here before is over, too."""
    say_admin(one, "maint")
    one.is_cut = True
    one.tick(6)
    say_admin(one, "drain", 1)
    one.tick(2)
    one.is_cut = False
    one.tick(6)
    assert admin(one) == {"mode": "ready"}


def test_the_last_of_two_words_wins_at_both(one: Lab) -> None:
    """Said in a cut at both sides: the node of the higher name, as both have one number."""
    one.is_cut = True
    one.tick(6)
    assert one.keepalive.set_admin(URI, "drain", 0, "anna") == 0
    say_admin(one, "maint", by="bert")
    assert admin(one)["mode"] == "drain"
    one.is_cut = False
    one.tick(6)
    assert (admin(one)["mode"], admin(one)["by"]) == ("maint", f"cluster:{OTHER} bert")
    assert json.loads(one.other.facts.get(("admin", KEY)).value)[0] == "maint"


def test_it_waits_for_a_destination_that_comes_later(one: Lab) -> None:
    """One that this node has not yet, as its list is read again later."""
    late = "sip:192.168.10.77:5060"
    say_admin(one, "maint", key=late)
    assert one.server.ksr.lines("err") == []
    assert one.keepalive.add_destination(late, "me") == 0
    one.tick(0.3)
    assert one.keepalive.is_alive(late) == 2


def test_an_interest_of_another_node(one: Lab) -> None:
    """It is registered here as there, with this node's own callback if it has one; then it ends."""
    say_wanted(one, fall=7)
    known = one.keepalive.info(URI)
    assert {"start", "me"} == {*known["owners"]}
    assert waiting(one) == 0
    new = "sip:192.168.10.99"
    say_wanted(one, new, fall=3)
    assert one.keepalive.state(new) == one.keepalive.UNKNOWN
    one.other.say_fact("destination", f"me@{new}:5060", "deleted", 1)
    one.tick(0.5)
    assert one.keepalive.state(new) == -1
    assert waiting(one) == 0


def test_a_callback_of_this_node_stays(one: Lab) -> None:
    """It is not told, and not taken away."""
    from event_log import with_event

    assert one.keepalive.add_destination(URI, "me", callback=with_event, user_attr=5) == 0
    one.tick(0.3)
    [value] = [fact.value for fact in one.other.facts if fact.subject == INTEREST]
    assert "with_event" not in value
    say_wanted(one, fall=9)
    owner = json.loads(one.server.ksr.tables["keepalive_destination"][KEY])[2]["me"]
    assert owner[1:4] == ["event_log:with_event", 5, {"fall": 9}]


def test_an_end_that_is_long_ago_is_none_of_what_is_configured_here(one: Lab) -> None:
    """At a node's next start its own configuration counts again."""
    say_wanted(one, name="start", fall=2)  # another node's, too
    one.other.say_fact("destination", "other@" + KEY, "deleted", one.server.now + 1)
    one.tick(2)
    assert {*one.keepalive.info(URI)["owners"]} == {"start"}
    assert one.keepalive.add_destination(URI, "third") == 0
    one.tick(0.3)
    one.other.say_fact("destination", "third@" + KEY, "deleted", one.server.now + 60_000_000)
    one.tick(0.5)
    assert {*one.keepalive.info(URI)["owners"]} == {"start"}


def test_with_a_destination_its_mode_is_forgotten(one: Lab) -> None:
    """If it comes again it is ready, at all nodes."""
    new = "sip:192.168.10.99:5060"
    assert one.keepalive.add_destination(new, "me") == 0
    assert one.keepalive.set_admin(new, "maint") == 0
    one.tick(0.3)
    assert one.keepalive.del_destination(new, "me") == 0
    one.tick(0.3)
    assert one.other.facts.get(("admin", new)).value == ""
    assert one.keepalive.add_destination(new, "me") == 0
    one.tick(0.3)
    assert one.keepalive.info(new)["admin"] == {"mode": "ready"}


def test_a_mode_holds_again_when_a_list_brings_its_destination_back(
    server: FakeServer, wall: list[float], tmp_path: Path
) -> None:
    """As at a node that was restarted meanwhile, and has heard of it from the others."""
    new = "sip:192.168.10.99:5060"
    listed = tmp_path / "list"
    listed.write_text(f"{URI}\n{new}\n")
    one = Lab(server, list_file=str(listed))
    one.tick(3)
    assert one.keepalive.set_admin(new, "maint", 0, "anna", "card") == 0
    one.tick(0.3)
    for lines in (f"{URI}\n", f"{URI}\n{new}\n"):
        listed.write_text(lines)
        assert one.keepalive.reload(True) == 0
        one.tick(0.3)
    admin = one.keepalive.info(new)["admin"]
    assert (admin["mode"], admin["by"], admin["why"]) == ("maint", "anna", "card")
    assert one.keepalive.is_alive(new) == 2


def test_a_mode_of_before_a_restart_is_over_if_the_cluster_says_so(one: Lab) -> None:
    """Of a destination, too, that comes later than what the others say, as one of a name or of a run time."""
    new = "sip:192.168.10.99:5060"
    destination_rows = importlib.import_module("keepalive_core.kamailio.destination_rows")
    before = Row.of(Health(0), Admin("maint", 0, "anna", "", 1), Past(), one.server.now, time.time())
    destination_rows.store_restored(new, state_format.text_of(new, before))
    say_admin(one, "ready", key=new)
    one.tick(0.3)
    assert one.keepalive.add_destination(new, "me") == 0
    one.tick(0.3)
    assert one.keepalive.info(new)["admin"] == {"mode": "ready"}


def test_a_restarted_node_is_told_all(one: Lab) -> None:
    """What it ordered before, and what others did; within five seconds."""
    assert one.keepalive.set_admin(URI, "maint", 0, "anna") == 0
    new = "sip:192.168.10.99:5060"
    assert one.keepalive.add_destination(new, "me", fall=3) == 0
    one.tick(5)  # no life of a node is as short
    for name, rows in one.server.ksr.tables.items():
        rows.clear()
        assert name
    again = Lab(one.server)
    again.other = one.other
    assert again.keepalive.add_destination(URI, "start") == 0
    again.tick(5)
    assert (admin(again)["mode"], admin(again)["by"]) == ("maint", "anna")
    assert again.keepalive.state(new) == again.keepalive.UNKNOWN


def test_an_order_of_a_node_that_begins_is_newer_than_what_it_has_not_heard(
    server: FakeServer,
) -> None:
    """What others ordered an hour ago does not end it."""
    one = Lab(server)
    assert one.keepalive.add_destination(URI, "start") == 0
    for at in range(20):
        one.other.say_fact("admin", f"sip:192.0.2.{at}:5060", "")
    one.other.say_fact("admin", KEY, cluster_orders.ordered_admin(KEY, Admin("maint", 1, "", "", 1)).value)
    one.tick(0.1)
    assert one.keepalive.set_admin(URI, "drain", 0, "anna") == 0
    one.tick(1)
    assert (admin(one)["mode"], admin(one)["by"]) == ("drain", "anna")
    assert one.other.facts.get(("admin", KEY)).author == ME


@pytest.mark.parametrize("who", ["this node", "another one"])
@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_clock_that_is_set_moves_no_end(one: Lab, wall: list[float], who: str, jump: int) -> None:
    """A mode that an administrator gave half a minute has that here as elsewhere."""
    if who == "this node":
        assert one.keepalive.set_admin(URI, "maint", 30, "anna") == 0
    else:
        say_admin(one, "maint", 30, by="anna")
    one.tick(2)
    one.server.tick(2)
    wall[0] += jump
    one.server.tick(0.5)  # a prober sees it first
    one.tick(0.2)
    assert not [line for line in one.server.ksr.lines("info") if "ready again" in line]
    for _ in range(20):
        one.server.tick(1)
        one.tick(0.2)
        assert admin(one)["mode"] == "maint"
    for _ in range(12):
        one.server.tick(1)
        one.tick(0.2)
    assert admin(one)["mode"] == "ready"


def test_an_order_of_a_node_that_is_alone_waits_until_it_has_listened(server: FakeServer) -> None:
    """Then it is told to whoever comes."""
    one = Lab(server)
    assert one.keepalive.add_destination(URI, "start") == 0
    one.is_cut = True
    one.tick(1)
    assert one.keepalive.set_admin(URI, "drain") == 0
    one.tick(0.5)
    assert (waiting(one), admin(one)["mode"]) == (1, "drain")
    one.tick(1)
    assert waiting(one) == 0


@pytest.mark.parametrize(
    ("kind", "key", "value", "line"),
    [
        ("admin", KEY, "nonsense", "what node sip:10.0.0.2:5060 says of sip:192.168.10.20:5060 is not done"),
        ("destination", "me@nonsense", '["nonsense"]', "is not done"),
        ("destination", "me@sip:a", '["no uri at all", 0, "", null]', "is not done"),
        ("destination", "me@sip:a", '["sip:a", 0, "", null, 7]', "is not done"),
        ("destination", "me@sip:a", '["sip:a", 0, "", null, ["fall"]]', "is not done"),
        ("destination", "me@sip:a", '["sip:a", 0, "", null, {}, 7]', "is not done"),
        ("destination", "me@sip:a", '["sip:a", {}, "", null]', "is not done"),
        ("destination", "me@sip:a", "7", "is not done"),
        ("destination", "@sip:a", '["sip:a", 0, "", null]', "is not done: the owner of a destination"),
        ("destination", "me@sip:a", '["sip:a", 0, "", null, {"later": 1}]', "unknown parameter 'later'"),
        ("admin", KEY, "[" * 1_500, "is not done"),
        ("destination", "me@sip:a", "[" * 1_500, "is not done"),
        ("later", "x", "y", ""),
    ],
)
def test_what_makes_no_sense(one: Lab, kind: str, key: str, value: str, line: str) -> None:
    """One line a minute; nothing changes, and what comes behind it is done."""
    for _ in range(3):
        one.other.say_fact(kind, key, value)
        one.tick(0.2)
    say_admin(one, "drain")
    assert admin(one)["mode"] == "drain"
    lines = one.server.ksr.lines("err")
    assert len(lines) == bool(line)
    assert all(line in each for each in lines)


def test_a_word_of_mine_is_not_undone_by_one_that_came_meanwhile(one: Lab) -> None:
    """Both are done in the order of their numbers, and this node's is the later one."""
    assert one.keepalive.set_admin(URI, "drain", 0, "anna") == 0
    one.other.say_fact("admin", KEY, cluster_orders.ordered_admin(KEY, Admin("maint", 0, "", "", 1)).value)
    for _, body in one.other.tick(one.server.now):
        one.say(body)
    one.tick(1)
    theirs: Callable[[tuple[str, str]], Any] = one.other.facts.get
    assert json.loads(theirs(("admin", KEY)).value)[0] == admin(one)["mode"]


def test_without_memory_it_is_tried_again(one: Lab) -> None:
    """One line of the log, and it is done when there is some."""
    new = "sip:192.168.10.99"
    ordered = cluster_orders.ordered_destination(f"{new}:5060", "me", new, Owner(0, "", None))
    one.server.ksr.room_left = 3  # for the messages
    one.other.say_fact(*ordered.subject, ordered.value)
    one.tick(1)
    assert one.keepalive.state(new) == -1
    [line] = [line for line in one.server.ksr.lines("err") if "is not done" in line]
    assert OTHER in line
    one.server.ksr.room_left = None
    one.tick(11)
    assert one.keepalive.state(new) == one.keepalive.UNKNOWN


def test_no_room_for_more_things(one: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thing more nothing is heard, which is told once a minute; what is known goes on."""
    say_admin(one, "maint")
    monkeypatch.setattr("keepalive_core.rules.cluster_facts.MOST_FACTS", 1)
    assert one.keepalive.add_destination("sip:b", "me") == 0
    one.tick(50)
    [line] = [line for line in one.server.ksr.lines("err") if "hears of no more" in line]
    assert "has heard of 1 things" in line
    say_admin(one, "drain")
    assert admin(one)["mode"] == "drain"


def test_what_is_long_over_is_remembered_no_more(one: Lab) -> None:
    """By each node for itself, an hour after its end: nobody is told; and what was said since is."""
    assert one.keepalive.set_admin(URI, "drain", 5) == 0
    assert one.keepalive.add_destination("sip:b", "me") == 0
    one.tick(0.3)
    assert one.keepalive.del_destination("sip:b", "me") == 0
    say_admin(one, "maint", 5, key="sip:c")
    talk = one.process.talk
    assert {fact.value[:7] for fact in talk.facts} == {'["drain', "deleted", '["maint'}
    assert one.keepalive.set_admin(URI, "drain", 0) == 0
    one.tick(1)
    one.server.now += 3_600_000_000
    one.tick(70)
    assert {fact.value[:7] for fact in talk.facts} == {'["drain', ""}
    assert {fact.value[:7] for fact in one.other.facts} == {'["drain', "deleted", '["maint'}
    assert talk.facts.sums == one.other.facts.sums


def test_what_is_long_over_ends_nothing_that_was_said_in_a_cut(one: Lab) -> None:
    """That its hour is over is no order, and newer than none."""
    assert one.keepalive.set_admin(URI, "drain", 5) == 0
    one.tick(2)
    one.is_cut = True
    # This node's number is the higher one by then.
    assert one.keepalive.add_destination("sip:b", "me") == 0
    value = cluster_orders.ordered_admin(KEY, Admin("maint", 1, "", "", 1)).value
    one.other.say_fact("admin", KEY, value)
    one.server.now += 3_610_000_000
    one.tick(3)
    one.is_cut = False
    one.tick(10)
    assert admin(one)["mode"] == "maint"
    assert one.other.facts.get(("admin", KEY)).value == value


def test_ready_waits_for_nobody(one: Lab) -> None:
    """Of what this node does not have: it is ready when it comes, and thousands of such cost nothing."""
    say_admin(one, "maint", key="sip:late:5060")
    orders = next(part for part in one.process._parts if hasattr(part, "_waiting"))
    assert len(orders._waiting) == 1
    say_admin(one, "ready", key="sip:late:5060")
    assert len(orders._waiting) == 0


def test_what_is_ordered_again_and_again_is_remembered_once(one: Lab) -> None:
    """As by a program that drains a destination anew each few seconds; an hour after its end nothing is."""
    for _ in range(30):
        assert one.keepalive.set_admin(URI, "drain", 20, "me", "") == 0
        one.tick(0.2)
    [orders] = [part for part in one.process._parts if type(part).__name__ == "SharedOrders"]
    assert len(orders._ends) == 1
    one.server.now += 3_700 * 1_000_000
    one.tick(0.3)
    fact = one.process.talk.facts.get(("admin", KEY))
    assert (fact.value, len(orders._ends)) == ("", 0)
