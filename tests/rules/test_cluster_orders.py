"""What administrators order, as the other nodes are told it."""

import pytest

from keepalive_core.rules import cluster_lines, cluster_orders, state_row
from keepalive_core.rules.checks import MOST_TEXT_BYTES
from keepalive_core.rules.cluster_facts import Fact
from keepalive_core.rules.cluster_orders import ADMIN, DELETED, DESTINATION, MOST_VALUE, NOTHING, Ordered
from keepalive_core.rules.modes import Admin
from keepalive_core.rules.rows import OF_RPC, Owner

HERE, THERE = "sip:10.0.0.1:5060", "sip:10.0.0.2:5060"
KEY = "sip:192.168.10.20:5060"
SECOND = 1_000_000


def as_fact(ordered: Ordered, author: str = THERE, ends: int = 0) -> Fact:
    return Fact(1, author, ordered.kind, ordered.key, ordered.value, ends)


def test_an_admin_mode_is_told() -> None:
    """By says from where it came; the time that is left ends by the clock of whoever hears it."""
    ordered = cluster_orders.ordered_admin(KEY, Admin("drain", 1_000_100, "anna", "card swap", 1_000_000))
    assert (ordered.kind, ordered.key, ordered.until) == (ADMIN, KEY, 1_000_100)
    fact = as_fact(ordered, ends=150 * SECOND)
    said = cluster_orders.admin_of(fact, 50 * SECOND, 5_000.4, HERE)
    assert said == Admin("drain", 5_100, "cluster:sip:10.0.0.2:5060 anna", "card swap", 5_000)
    last = fact.ends - round(cluster_orders.LEAST_LEFT * SECOND)
    assert cluster_orders.admin_of(fact, last, 5_100, HERE)
    for now in (last + 1, fact.ends):
        assert cluster_orders.admin_of(fact, now, 5_100, HERE) is None
    own = cluster_orders.admin_of(as_fact(ordered, HERE), 0, 5_000, HERE)
    assert own is not None
    assert (own.by, own.until) == ("anna", 0)


@pytest.mark.parametrize("letter", ["a", "я", "中", "\N{GRINNING FACE}", '"', "\\"])
def test_the_longest_remarks_are_told(letter: str) -> None:
    """Of any alphabet, in one message; and what comes of them may stand in a state file."""
    remark = letter * (MOST_TEXT_BYTES // len(letter.encode()))
    ordered = cluster_orders.ordered_admin(KEY, Admin("maint", 0, remark, remark, 1))
    assert not ordered.is_too_long
    line = cluster_lines.fact_line(as_fact(ordered), 0)
    body = cluster_lines.body([cluster_lines.head(THERE, HERE, 1, 1, 1), line], b"secret")
    [fact] = cluster_lines.read(body, 0, [b"secret"]).facts
    said = cluster_orders.admin_of(fact, 0, 5_000, HERE)
    assert said
    assert (said.by[:30], said.why) == (f"cluster:{THERE} {remark}"[:30], remark)
    assert state_row.admin_of(said._asdict()) == said


def test_a_remark_of_a_newer_python() -> None:
    """It holds without the characters that are none here yet."""
    ordered = cluster_orders.ordered_admin(KEY, Admin("maint", 0, "anna \u0378", "swap \u0378", 1))
    said = cluster_orders.admin_of(as_fact(ordered), 0, 5_000, HERE)
    assert said == Admin("maint", 0, f"cluster:{THERE} anna ?", "swap ?", 5_000)


def test_ready_is_told() -> None:
    """That nothing is said any more."""
    ordered = cluster_orders.ordered_admin(KEY, None)
    assert ordered == Ordered(ADMIN, KEY, NOTHING)
    assert cluster_orders.admin_of(as_fact(ordered), 0, 0, HERE) is None
    assert cluster_orders.admin_of(Fact(1, THERE, ADMIN, KEY, '["ready", "", ""]'), 0, 0, HERE) is None


NONSENSE = [
    *("x", "[]", '["nonsense", "", ""]', '["maint", 1, ""]', "{}", '["maint"]'),
    *(
        '["maint", "", "two\\nlines"]',
        '["maint", "", "%s"]' % ("x" * 256),
        '["maint", "%s", ""]' % ("x" * 256),
    ),
]


@pytest.mark.parametrize("value", NONSENSE)
def test_an_admin_mode_that_makes_no_sense(value: str) -> None:
    """It is refused."""
    with pytest.raises((ValueError, TypeError)):
        cluster_orders.admin_of(Fact(1, THERE, ADMIN, KEY, value), 0, 0, HERE)


def test_whether_two_say_the_same() -> None:
    """Times are rounded, so two seconds are none; an end is something else than none."""
    one = Admin("drain", 1000, "a", "b", 5)
    assert cluster_orders.is_same(one, one._replace(until=1002, since=9))
    assert not cluster_orders.is_same(one, one._replace(until=1003))
    assert not cluster_orders.is_same(one, one._replace(until=0))
    assert not cluster_orders.is_same(one._replace(until=1), one._replace(until=0))
    assert not cluster_orders.is_same(one, None)
    assert not cluster_orders.is_same(None, one)
    assert cluster_orders.is_same(None, None)
    assert not cluster_orders.is_same(one, one._replace(by="c"))


def test_a_name_of_who_said_it_has_its_bound() -> None:
    """As by has it."""
    assert len(cluster_orders.came_from(THERE, "x" * 255)) == 255
    assert cluster_orders.came_from(THERE) == f"cluster:{THERE}"


def test_an_interest_is_told() -> None:
    """All that says how it is monitored, and no callback: that would have any function called."""
    wanted = Owner(1, "module:function", {"a": 1}, {"fall": 3}, "trunks", 5, 6, OF_RPC)
    ordered = cluster_orders.ordered_destination(KEY, "Ä @ b", "sip:192.168.10.20", wanted)
    assert ordered.kind == DESTINATION
    assert ordered.key.isascii()
    assert " " not in ordered.key
    assert cluster_orders.interest_of(ordered.key) == (KEY, "Ä @ b")
    assert "function" not in ordered.value
    told = Owner(1, "", None, {"fall": 3}, "trunks", 5, 6, OF_RPC)
    assert cluster_orders.wanted_of(as_fact(ordered)) == ("sip:192.168.10.20", told)
    end = cluster_orders.ordered_end(KEY, "Ä @ b")
    assert end == Ordered(DESTINATION, ordered.key, DELETED)
    assert cluster_orders.interest_of(cluster_orders.interest("sip:a@b", "c/@d")) == ("sip:a@b", "c/@d")
    assert cluster_orders.wanted_of(as_fact(end)) is None
    assert cluster_orders.wanted_of(as_fact(end._replace(value=""))) is None


@pytest.mark.parametrize(
    "value", ["x", "[]", '[1, 0, "", null]', '["sip:a", "0", "", null]', '["sip:a", 0, "", null, {"x": 1}]']
)
def test_an_interest_that_makes_no_sense(value: str) -> None:
    """It is refused."""
    with pytest.raises((ValueError, TypeError)):
        cluster_orders.wanted_of(Fact(1, THERE, DESTINATION, "me@" + KEY, value))


def test_what_fits_into_no_message() -> None:
    """A value, or a name, that is too long."""
    assert not Ordered(ADMIN, KEY, "x" * MOST_VALUE).is_too_long
    assert Ordered(ADMIN, KEY, "x" * (MOST_VALUE + 1)).is_too_long
    assert cluster_orders.ordered_end(KEY, "ä" * 120).is_too_long
    assert not cluster_orders.ordered_end(KEY, "ä" * 60).is_too_long


def test_an_order_waits_as_a_text() -> None:
    """For the process that tells it; what makes no sense is refused."""
    ordered = Ordered(ADMIN, KEY, "x", 7)
    assert cluster_orders.of_text(cluster_orders.text(ordered)) == ordered
    assert ordered.subject == (ADMIN, KEY)
    for nonsense in ("", "[]", '["other", "a", "b", 1]', '["admin", "a", 3, 1]', '["admin", "a", "b", "1"]'):
        with pytest.raises((ValueError, TypeError)):
            cluster_orders.of_text(nonsense)
