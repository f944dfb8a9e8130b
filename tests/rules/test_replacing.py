"""Lists of destinations in kamailio.cfg."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import replacing
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.replacing import FORCE, MOST_FAULTS, listed, split_destinations


def test_destinations_are_parted_by_commas_and_white_space() -> None:
    """A list in kamailio.cfg has commas, white space or both between its URIs."""
    assert split_destinations("192.168.10.20, sip.provider.com") == ["192.168.10.20", "sip.provider.com"]
    assert split_destinations(" a\tb,\n c ,,d ") == ["a", "b", "c", "d"]
    assert split_destinations("") == []


keys = st.lists(st.sampled_from([f"k{number}" for number in range(30)]), unique=True)


@given(keys, keys, st.booleans())
def test_what_may_go(before: list[str], wanted: list[str], forced: bool) -> None:
    """Unless it is forced, something stays of what was there, and of ten or more at least half."""
    try:
        gone = replacing.removed(before, wanted, forced)
    except Refused:
        assert not forced
        assert not wanted or (len(before) >= 10 and len(set(before) - set(wanted)) * 2 > len(before))
        return
    assert set(gone) == set(before) - set(wanted)
    if before and not forced:
        assert wanted
        assert len(before) < 10 or len(gone) * 2 <= len(before)


def test_a_list_is_read() -> None:
    """The good ones, the faults of the first five that are none, and how many those are."""
    found = listed(f"{FORCE} sip:a, nonsense!, {'?, ' * 9} sip:b")
    assert [each.uri for each in found.destinations] == ["sip:a", "sip:b"]
    assert (found.bad, len(found.faults), found.forced) == (10, MOST_FAULTS, True)
    assert found.faults[0].startswith("bad destination 'nonsense!': ")
    assert not listed(f"sip:a {FORCE}").forced
    assert listed("").destinations == []


def test_who_cannot_be_pinged_is_refused() -> None:
    """What the caller refuses is a fault like any other."""

    def check(uri: str, options: object) -> None:
        assert options == {}
        if uri == "sip:b":
            raise Refused("b can't be pinged")

    assert listed("sip:a sip:b", check) == (listed("sip:a").destinations, ["b can't be pinged"], 1, False)


def test_all_may_not_go() -> None:
    """Nor more than half of ten; the refusal has the numbers."""
    with pytest.raises(Refused, match="all 2 destinations would go"):
        replacing.removed(["a", "b"], [], forced=False)
    ten = [str(number) for number in range(10)]
    with pytest.raises(Refused, match="6 of 10 destinations would go, more than half"):
        replacing.removed(ten, ten[6:], forced=False)
    assert replacing.removed(ten, ten[5:], forced=False) == ten[:5]
    assert replacing.removed(ten, [], forced=True) == ten
    assert replacing.removed(ten[:9], ten[8:9], forced=False) == ten[:8]


@given(
    st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 2)),
    st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 2)),
)
def test_a_difference_is_exact(before: dict[str, int], wanted: dict[str, int]) -> None:
    """Taken away, added and changed: before is wanted then; nothing is named twice, and none in vain."""
    found = replacing.difference(before, wanted, forced=True)
    after = {name: how for name, how in before.items() if name not in found.removed}
    after |= {name: wanted[name] for name in (*found.added, *found.changed)}
    assert after == wanted
    named = [name for names in found for name in names]
    assert len(named) == len(set(named))
    assert all(before.get(name) != wanted.get(name) for name in named)


def test_two_differences_are_told_as_one() -> None:
    """All that came, went and changed, in that order."""
    first, second = replacing.difference({}, {"a": 1}, False), replacing.difference({"a": 1}, {"a": 2}, False)
    assert first.followed_by(second) == (["a"], [], ["a"])
    with pytest.raises(Refused, match="all 1 destinations would go"):
        replacing.difference({"a": 1}, {}, forced=False)


def test_an_operator_is_told_a_difference() -> None:
    """The numbers, and the first hundred names of each; an order has the numbers."""
    found = replacing.difference({"gone": 1}, {str(number): 1 for number in range(150)}, forced=True)
    assert found.told() == {
        "added": {"count": 150, "first": [str(number) for number in range(100)]},
        "removed": {"count": 1, "first": ["gone"]},
        "changed": {"count": 0, "first": []},
    }
    assert found.line() == "150 added, 1 removed, 0 changed"
