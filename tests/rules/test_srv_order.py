"""In which order the records of a name are tried."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import permutations
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.srv_order import in_order

DRAWS = 100_000
# Of a chi-square distribution, by its degrees of freedom: what one in 1,000 exceeds.
MOST = {1: 10.83, 2: 13.82, 3: 16.27, 5: 20.52, 23: 49.73}


class Record(NamedTuple):
    """A record, as DNS has it."""

    priority: int
    weight: int
    name: str = ""


records = st.lists(
    st.builds(Record, st.integers(0, 3), st.integers(0, 65_535) | st.just(0), st.text("ab", max_size=3)),
    max_size=32,
)


def shares(draw: Callable[[], object]) -> Counter[object]:
    """How often each was drawn."""
    return Counter(draw() for _ in range(DRAWS))


def is_as_likely(found: Counter[object], expected: dict[object, float]) -> bool:
    """Whether what was drawn is as likely as said; by another seed, one correct order in 1,000 would fail."""
    assert found.keys() <= expected.keys()
    total = sum(expected.values())
    counts = {each: part * DRAWS / total for each, part in expected.items()}
    return sum((found[each] - count) ** 2 / count for each, count in counts.items()) < MOST[len(expected) - 1]


@given(records, st.randoms(use_true_random=False))
def test_all_are_tried_by_priority(given: list[Record], chance: Random) -> None:
    """Each is tried once, whatever is drawn, and none before one of a better priority."""
    found = in_order(given, chance.randrange)
    assert Counter(found) == Counter(given)
    assert [each.priority for each in found] == sorted(each.priority for each in given)


@pytest.mark.parametrize("draw", [lambda _: 0, lambda below: below - 1])
@given(records)
def test_the_ends_of_chance(draw: Callable[[int], int], given: list[Record]) -> None:
    """The least and the highest number that can be drawn leave none out."""
    assert Counter(in_order(given, draw)) == Counter(given)


@given(records)
def test_chance_is_asked_for_what_it_can_give(given: list[Record]) -> None:
    """No number is asked for below 1; one record alone needs no chance."""

    def chance(below: int) -> int:
        assert below > 0
        return below // 2

    in_order(given, chance)


def never(below: int) -> int:
    """No chance."""
    raise AssertionError(below)


def test_what_needs_no_chance() -> None:
    """Nothing, one record, and records of different priorities have one order."""
    assert in_order([], never) == []
    assert in_order([Record(2, 9), Record(1, 0)], never) == [Record(1, 0), Record(2, 9)]


@pytest.mark.parametrize("weights", [(1, 1), (60, 20, 20), (1, 65_535), (10, 20, 30, 40), (0, 0, 0)])
def test_the_first_one_by_weight(weights: Sequence[int]) -> None:
    """Which one is the first is as likely as its weight says, wherever it stands; equally without weights."""
    chance = Random(2782)
    records = [Record(1, weight, str(place)) for place, weight in enumerate(weights)]
    expected: dict[object, float] = {each: each.weight if any(weights) else 1 for each in records}
    for as_found in (records, records[::-1]):
        assert is_as_likely(shares(lambda them=as_found: in_order(them, chance.randrange)[0]), expected)


def test_the_whole_order_by_weight() -> None:
    """Of those that are left, the next one is as likely as its weight is a part of theirs."""
    chance = Random(2782)
    records = [Record(1, weight, str(weight)) for weight in (1, 2, 3, 4)]
    expected: dict[object, float] = {}
    for order in permutations(records):
        left, likely = 10, 1.0
        for each in order:
            likely *= each.weight / left
            left -= each.weight
        expected[order] = likely
    assert is_as_likely(shares(lambda: tuple(in_order(records, chance.randrange))), expected)


def test_weight_0_beside_others() -> None:
    """Those of weight 0 have a very small chance, one part beside the weights, and each of them the same."""
    chance = Random(2782)
    records = [Record(1, 0, "a"), Record(1, 60, "b"), Record(1, 0, "c"), Record(1, 39, "d")]
    expected: dict[object, float] = {"a": 0.5, "b": 60, "c": 0.5, "d": 39}
    assert is_as_likely(shares(lambda: in_order(records, chance.randrange)[0].name), expected)


def test_each_priority_has_an_order_of_its_own() -> None:
    """The weights of one priority say nothing of another."""
    chance = Random(2782)
    records = [Record(2, 3, "c"), Record(1, 1, "a"), Record(2, 1, "d"), Record(1, 1, "b")]
    expected: dict[object, float] = {"abcd": 3, "abdc": 1, "bacd": 3, "badc": 1}
    found = shares(lambda: "".join(each.name for each in in_order(records, chance.randrange)))
    assert is_as_likely(found, expected)
