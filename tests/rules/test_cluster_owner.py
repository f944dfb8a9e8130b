"""Who pings a destination: each node finds the same one, and only a node's own share moves with it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.cluster_owner import Owners, first, rank, weight

KEYS = [f"sip:192.0.{at // 250}.{at % 250 + 1}:5060" for at in range(10_000)]
NODES = [f"sip:10.0.0.{at}:5060" for at in range(1, 8)]
NAMES = st.lists(st.sampled_from(NODES), unique=True)


def test_a_weight_is_the_same_everywhere() -> None:
    """For ever: nodes of another version, machine and Python find it too."""
    assert weight("sip:192.0.2.1:5060", "sip:10.0.0.1:5060") == 0x55E64DBF8151D1B8
    assert 0 <= weight("", "") < 2**64


@given(nodes=NAMES, key=st.sampled_from(KEYS))
def test_rank_does_not_depend_on_the_order(nodes: list[str], key: str) -> None:
    """Of nodes in any order each finds the same."""
    assert rank(key, nodes) == rank(key, nodes[::-1])
    assert first(key, nodes) == (rank(key, nodes)[0] if nodes else "")


@pytest.mark.parametrize("number", range(2, 8))
def test_shares_are_even(number: int) -> None:
    """Names that differ in one digit too get a share each within 10 % of what is fair."""
    shares = Counter(first(key, NODES[:number]) for key in KEYS)
    assert len(shares) == number
    assert all(abs(share * number / len(KEYS) - 1) < 0.1 for share in shares.values())


@pytest.mark.parametrize("number", range(2, 8))
def test_the_share_of_one_that_is_gone_is_dealt_to_all(number: int) -> None:
    """Nothing else moves, and no one node gets all of it."""
    left = NODES[1:number]
    moved = [key for key in KEYS if first(key, NODES[:number]) != first(key, left)]
    assert moved == [key for key in KEYS if first(key, NODES[:number]) == NODES[0]]
    assert len({first(key, left) for key in moved}) == len(left)


@given(st.lists(NAMES, min_size=1, max_size=5), st.sets(st.sampled_from(NODES), max_size=3))
def test_owners_follow_the_nodes(views: list[list[str]], only: set[str]) -> None:
    """However nodes come and go, each destination has the owner that one finds afresh."""
    owners = Owners(views[0])
    allowed = dict.fromkeys(KEYS[:10], frozenset[str]()) | dict.fromkeys(KEYS[10:20], frozenset(only))
    before = {key: owners.add(key, each) for key, each in allowed.items()}
    for nodes in views:
        moved = owners.follow(nodes)
        for key, each in allowed.items():
            owner = first(key, set(nodes) & each if each else nodes)
            assert owners.owner(key) == owner
            assert (key in moved) == (owner != before[key])
            before[key] = owner
    assert len(owners) == 20
    for key in allowed:
        owners.remove(key)
    owners.remove("sip:nobody:5060")
    assert len(owners) == 0
    assert owners.owner(KEYS[0]) == ""


def test_who_may_own_it_can_change() -> None:
    """The last word counts."""
    owners = Owners(NODES)
    assert owners.add(KEYS[0], frozenset(NODES[:1])) == NODES[0]
    assert owners.add(KEYS[0], frozenset(["sip:nobody:5060"])) == ""
    assert owners.add(KEYS[0]) == first(KEYS[0], NODES)


def test_destinations_come_and_go_during_a_walk() -> None:
    """Whoever is gone is passed over; whoever comes has an owner of the new nodes at once."""
    owners = Owners(NODES[:2])
    for key in KEYS[:4]:
        owners.add(key)
    walk = owners.walk(NODES[2:4])
    moved = [next(walk)]
    owners.remove(KEYS[2])
    owners.add(KEYS[9])
    moved += walk
    assert moved == [(KEYS[at], True) for at in (0, 1, 3)]
    assert owners.owner(KEYS[9]) in NODES[2:4]


def test_who_may_own_is_said() -> None:
    """None stands for all."""
    owners = Owners(NODES)
    owners.add(KEYS[0], frozenset(NODES[:1]))
    assert owners.may_own(KEYS[0], NODES[0])
    assert not owners.may_own(KEYS[0], NODES[1])
    assert owners.may_own(KEYS[1], NODES[1])
