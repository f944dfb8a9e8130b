"""Which groups a destination is in, and how it stands there."""

import pytest

from keepalive_core.rules.membership import mark_of, member_of, moves, names_of, rank_in, ranks
from keepalive_core.rules.roster_text import ANSWERS, SPARE, TAKEN_OUT, UNKNOWN, rank
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


def moved(before: Registration | None, after: Registration | None) -> list[tuple[str, bool, bool]]:
    """In which groups it stands otherwise, in order, and whether it stood and stands there."""
    return [(name, was is not None, now is not None) for name, was, now in moves(A, before, after)]


def test_what_a_change_moves() -> None:
    """The groups in which it stands otherwise, first those in which it still stands."""
    before = Registration(7, A, {"a": owner("g", 1), "b": owner("h"), "c": owner("left")})
    assert moved(before, before) == []
    assert sorted(moved(None, before)) == [("g", False, True), ("h", False, True), ("left", False, True)]
    assert sorted(moved(before, None)) == [("g", True, False), ("h", True, False), ("left", True, False)]
    assert moved(None, None) == []
    after = before._replace(owners={"a": owner("g", 2), "b": owner("h"), "d": owner("new")})
    assert moved(before, after) == [("g", True, True), ("new", False, True), ("left", True, False)]
    (name, was, now), *_ = moves(A, before, after)
    assert (name, was, now) == ("g", member_of(A, "g", before), member_of(A, "g", after))
    # Another owner with a lesser place changes nothing; another registration all ranks.
    same = before._replace(owners={**before.owners, "d": owner("g", 0)})
    assert moved(before, same) == []
    assert len(moved(before, before._replace(generation=8))) == 3


def test_ranks_in_all_groups() -> None:
    """Of each group that it is in."""
    registered = Registration(7, A, {"a": owner("g", 1, 2), "b": owner("h")})
    assert ranks(registered) == {"g": rank(1, 2, 7), "h": rank(0, 0, 7)}


@pytest.mark.parametrize(
    ("code", "mark"),
    [
        *((UP, ANSWERS), (0, UNKNOWN[ANSWERS]), (DOWN, SPARE), (3, UNKNOWN[SPARE]), (30, UNKNOWN[SPARE])),
        *((31, SPARE), (21, TAKEN_OUT), (20, TAKEN_OUT)),
    ],
)
@pytest.mark.parametrize("kept", [0, 1], ids=["of its own", "kept"])
def test_marks(code: int, mark: str, kept: int) -> None:
    """A mark says what is true without the group: whether it answers, or could be kept answering."""
    assert mark_of(kept_by(code, kept)) == mark
