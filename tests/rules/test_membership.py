"""Which groups a destination is in, and how it stands there."""

import pytest

from keepalive_core.rules.membership import mark_of, member_of, names_of, rank_in
from keepalive_core.rules.roster_text import ANSWERS, SPARE, TAKEN_OUT, rank
from keepalive_core.rules.rows import Owner, Registration
from keepalive_core.rules.service_code import kept_by
from keepalive_core.rules.states import DOWN, UP

A = "sip:192.168.10.20:5060"


def owner(group: str, priority: int = 0, weight: int = 0, least: str = "") -> Owner:
    """Return what an owner wants."""
    options = {"group_min_alive": least} if least else {}
    return Owner(0, "", None, options, group, priority, weight)


def test_a_destination_is_where_its_owners_put_it() -> None:
    """In each group that an owner names; by the best place that any of them gives it."""
    owners = {"a": owner("g", 1, 9), "b": owner("g", 2, 0, "2"), "c": owner("h"), "d": owner("")}
    registered = Registration(7, "sip:192.168.10.20", owners)
    assert names_of(registered) == {"g", "h"}
    assert rank_in("g", registered) == rank(2, 0, 7)
    member = member_of(A, "g", registered)
    assert member is not None
    assert (member.key, member.uri, member.words) == (A, "sip:192.168.10.20", "000002000d")
    assert member_of(A, "other", registered) is member_of(A, "g", None) is None
    assert names_of(None) == set()


@pytest.mark.parametrize(
    ("code", "mark"), [(UP, ANSWERS), (0, ANSWERS), (DOWN, SPARE), (3, SPARE), (31, SPARE), (21, TAKEN_OUT)]
)
@pytest.mark.parametrize("kept", [0, 1], ids=["of its own", "kept"])
def test_marks(code: int, mark: str, kept: int) -> None:
    """A mark says what is true without the group: whether it answers, or could be kept answering."""
    assert mark_of(kept_by(code, kept)) == mark
