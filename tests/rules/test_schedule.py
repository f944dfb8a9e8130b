"""The schedule: evenly spread, from the clock, no burst after a stall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.schedule import (
    CATCH_UP_FACTOR,
    FIRST_PING_WINDOW,
    MIN_PINGS_PER_TICK,
    SECOND,
    SLOT,
    TICK,
    Deadlines,
    Timetable,
    Wish,
    dealt_to,
    first_ping,
    next_ping,
    phase,
    pings_allowed,
)
from keepalive_core.rules.uris import parse


@given(st.integers(2, 3000))
def test_any_number_of_destinations_lies_evenly(count: int) -> None:
    """However many destinations there are, each tenth of the interval has its share, give or take four."""
    tenths = [0] * 10
    for turn in range(count):
        tenths[int(phase(turn) * 10)] += 1
    assert max(tenths) <= count / 10 + 4
    assert min(tenths) >= count / 10 - 4


@given(st.integers(0, 10**12), st.floats(0, 0.999999))
def test_the_first_ping_leaves_within_a_second(now: int, place: float) -> None:
    """The first ping is due within a second, with a tick's time left."""
    assert now <= first_ping(now, place) <= now + SECOND - 200_000


@given(st.integers(0, 10**12), st.integers(10, 300))
def test_first_pings_are_spread_over_that_second(now: int, count: int) -> None:
    """Many that are added at once are asked in a stream: each tenth of the time has its share."""
    tenths = [0] * 10
    for turn in range(count):
        tenths[(first_ping(now, phase(turn)) - now) * 10 // FIRST_PING_WINDOW] += 1
    assert max(tenths) <= count / 10 + 4
    assert min(tenths) >= count / 10 - 4
    assert FIRST_PING_WINDOW >= SECOND // 2


@given(st.integers(0, 10**12), st.floats(0, 0.999999), st.integers(1, 3600))
def test_the_next_ping_comes_from_the_clock(now: int, place: float, seconds: int) -> None:
    """The next ping is due within an interval, and however late one is, the times stay a grid."""
    interval = seconds * SECOND
    offset = int(place * interval)
    due = next_ping(now, offset, interval)
    assert now < due <= now + interval
    assert next_ping(due, offset, interval) == due + interval
    assert next_ping(due + interval // 3, offset, interval) == due + interval


@pytest.mark.parametrize(("chance", "moved"), [(0, -1_000_000), (0.25, -500_000), (0.5, 0), (0.75, 500_000)])
def test_chance_says_where_in_the_jitter_a_ping_leaves(chance: float, moved: int) -> None:
    """From half of it early to half of it late, evenly."""
    assert next_ping(100 * SECOND, 5 * SECOND, 10 * SECOND, 2 * SECOND, chance) == 105 * SECOND + moved


@given(st.floats(0, 0.999999), st.lists(st.floats(0, 0.999999), min_size=50, max_size=50))
def test_jitter_keeps_the_grid(place: float, chances: list[float]) -> None:
    """Early or late, one ping leaves for each point of the grid, at most half the jitter away from it."""
    interval, spread = 10 * SECOND, 2 * SECOND
    now = 10**9
    points = []
    for chance in chances:
        now = next_ping(now, int(place * interval), interval, spread, chance)
        points.append(round((now - place * interval) / interval))
        assert abs(now - place * interval - points[-1] * interval) <= spread / 2 + 1
    assert points == list(range(points[0], points[0] + 50))


@pytest.mark.parametrize(
    ("rate", "elapsed", "before", "allowed"),
    [
        (0, TICK, 0, MIN_PINGS_PER_TICK),
        (10, TICK, 1, MIN_PINGS_PER_TICK),
        (3000, TICK, 270, 330),
        (3000, TICK, 300, 300),
        (3000, TICK, 600, 0),
        (1000, TICK, 125, 75),
        (10, TICK, 150, 50),
        (3000, SECOND // 10, 330, 375),
        (3000, SECOND // 5, 0, 600),
        (3000, SECOND, 0, 600),
        (3000, 60 * SECOND, 270, 600),
    ],
)
def test_a_tick_sends_little_more_than_the_steady_rate(
    rate: float, elapsed: int, before: int, allowed: int
) -> None:
    """A quarter more than is due in its time, with the tick before twice the rate in 100 ms at the most."""
    assert pings_allowed(rate, elapsed, before) == allowed
    assert CATCH_UP_FACTOR == 1.25


def test_all_probers_but_the_last_have_as_many() -> None:
    """Addresses, names and targets are dealt evenly; the last has who is handed to it, and one has all."""
    addresses = [parse(f"sip:10.0.{n // 250}.{n % 250}").key for n in range(900)]
    names = [parse(f"sip:carrier{n}.example.com").key for n in range(900)]
    targets = [parse(f"sip:carrier.example.com#10.0.{n // 250}.{n % 250}").key for n in range(900)]
    for keys in (addresses, names, targets):
        dealt = [dealt_to(key, 4) for key in keys]
        assert all(250 <= dealt.count(prober) <= 350 for prober in range(3))
        assert {dealt_to(key, 2) for key in keys} == {0}
        assert {dealt_to(key, 1) for key in keys} == {0}


def test_what_is_due_is_taken_once_the_oldest_first() -> None:
    """Keys come when they are due, in the order in which they are due, once."""
    table = Timetable()
    for key, when in (("c", 30), ("a", 10), ("b", 20)):
        table.put(key, when * SLOT)
    assert table.take(9 * SLOT) == []
    assert table.take(20 * SLOT) == ["a", "b"]
    assert table.take(20 * SLOT) == []
    assert "c" in table
    assert len(table) == 1


def test_what_is_over_the_limit_stays_due() -> None:
    """With a limit the rest stays, and is taken the next time."""
    table = Timetable()
    for number in range(5):
        table.put(f"k{number}", number * SLOT // 2)
    assert table.take(10 * SLOT, limit=2) == ["k0", "k1"]
    assert table.take(10 * SLOT, limit=2) == ["k2", "k3"]
    table.put("k5", 0)
    assert table.take(10 * SLOT) == ["k4", "k5"]


def test_what_is_due_within_a_slot_comes_up_to_a_slot_later() -> None:
    """Never early, at most 10 ms late, and what is overdue at once."""
    table = Timetable()
    table.put("a", 5 * SLOT + 1)
    assert table.take(6 * SLOT - 1) == []
    assert table.take(6 * SLOT) == ["a"]
    table.put("overdue", 0)
    assert table.take(6 * SLOT) == ["overdue"]


def test_a_long_stall_costs_no_more_than_what_is_due() -> None:
    """After a year, and from the start of the clock, what is due is taken at once and in order."""
    table = Timetable()
    year = 365 * 86_400 * SECOND
    for key, when in (("b", 2), ("a", 1), ("late", 3)):
        table.put(key, year + when * SLOT)
    assert table.take(year + 2 * SLOT) == ["a", "b"]
    assert table.take(3 * year) == ["late"]


def test_a_moved_or_removed_key_is_not_taken_at_its_old_time() -> None:
    """A key that was moved comes at its new time only; a removed one not at all."""
    table = Timetable()
    table.put("moved", 10 * SLOT)
    table.put("moved", 50 * SLOT)
    table.put("removed", 10 * SLOT)
    table.remove("removed")
    table.remove("never there")
    assert table.take(49 * SLOT) == []
    assert table.take(50 * SLOT) == ["moved"]


moves = st.tuples(st.sampled_from("abcde"), st.integers(0, 100), st.sampled_from(["put", "remove", "take"]))


@given(st.lists(moves, max_size=300), st.none() | st.integers(1, 3))
def test_any_moves_agree_with_a_plain_dictionary(
    moves: list[tuple[str, int, str]], limit: int | None
) -> None:
    """A key comes once, when a dictionary says that it is due; memory does not grow with moves."""
    table = Timetable()
    model: dict[str, int] = {}
    now = 0
    for key, when, move in moves:
        if move == "put":
            table.put(key, when * SLOT)
            model[key] = when
        elif move == "remove":
            table.remove(key)
            model.pop(key, None)
        else:
            now = max(now, when)
            due = sorted((at, key) for key, at in model.items() if at <= now)
            taken = table.take(now * SLOT, limit)
            assert len(taken) == min(len(due), limit or len(due))
            assert set(taken) <= {key for _, key in due}
            for each in taken:
                del model[each]
        assert len(table) == len(model)
        assert sum(map(len, table._slots.values())) <= 2 * len(model) + 75
    assert sorted(table.take(100 * SLOT)) == sorted(model)


@given(st.lists(st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(-3, 60))), max_size=60))
def test_each_deadline_comes_once_and_in_time(steps: list[tuple[int, int | None]]) -> None:
    """However pings and looks follow each other: each is given up once, in its slot or the one behind it."""
    deadlines = Deadlines()
    now, waiting, taken = 10**9, {}, []
    for number, (passed, wait) in enumerate(steps):
        now += passed * SLOT // 4
        if wait is not None:
            when = now + wait * SLOT // 4
            deadlines.put("a", number, when)
            waiting[number] = when
            continue
        given_up = [sent for _, sent in deadlines.take(now)]
        taken += given_up
        assert all(waiting.pop(number) <= now for number in given_up)
        assert all(when > now - SLOT for when in waiting.values())
    taken += [sent for _, sent in deadlines.take(now + 100 * SLOT)]
    assert sorted(taken) == [number for number, (_, wait) in enumerate(steps) if wait is not None]


@pytest.mark.parametrize("one", Wish)
@pytest.mark.parametrize("other", Wish)
def test_a_weaker_wish_takes_nothing_from_a_stronger(one: Wish, other: Wish) -> None:
    """Now comes before soon, and soon before a turn."""
    order = [Wish.REGULARLY, Wish.SOON, Wish.NOW, Wish.SHOWN]
    assert order.index(one.joined_by(other)) == max(order.index(one), order.index(other))


def test_what_is_an_order() -> None:
    """Somebody wants a ping now, whatever else speaks against it; perhaps to see it."""
    assert [wish for wish in Wish if wish.is_order] == [Wish.NOW, Wish.SHOWN]


def test_a_key_may_be_brought_forward_only() -> None:
    """Unless it is not there, or later."""
    timetable = Timetable()
    assert timetable.due("a") is None
    timetable.bring_forward("a", 50 * SLOT)
    timetable.bring_forward("a", 60 * SLOT)
    assert timetable.due("a") == 50 * SLOT
    timetable.bring_forward("a", 40 * SLOT)
    assert timetable.due("a") == 40 * SLOT
    assert "a" in timetable
    assert len(timetable) == 1


def test_keys_moved_again_and_again_leave_nothing() -> None:
    """The wheel is cleared of dead entries; what is due is still taken once, and in time."""
    timetable = Timetable()
    timetable.put("c", 3000 * SLOT)
    timetable.put("d", 3000 * SLOT)
    for turn in range(1000):
        timetable.put("a", turn * SLOT)
        timetable.put("b", (2000 - turn) * SLOT)
    assert sum(map(len, timetable._slots.values())) <= 2 * 4 + 64
    assert timetable.take(1000 * SLOT) == ["a"]
    assert timetable.take(1001 * SLOT) == ["b"]
    assert timetable.take(5000 * SLOT) == ["c", "d"]
    assert timetable.take(9000 * SLOT) == []


def test_pings_of_one_slot_are_given_up_together() -> None:
    """Each by its key and when it left."""
    deadlines = Deadlines()
    deadlines.put("a", 1, 5 * SLOT)
    deadlines.put("b", 2, 5 * SLOT - 1)
    deadlines.put("a", 3, 6 * SLOT)
    assert deadlines.take(5 * SLOT - 1) == []
    assert deadlines.take(5 * SLOT) == [("a", 1), ("b", 2)]
    # What is late already is given up at the next look.
    deadlines.put("c", 4, SLOT)
    assert deadlines.take(6 * SLOT) == [("c", 4), ("a", 3)]
    assert deadlines.take(100 * SLOT) == []


@pytest.mark.parametrize("turn", [1, 2, 3, 1000])
def test_a_place_is_a_multiple_of_the_golden_ratio(turn: int) -> None:
    """Of which the fraction counts; the first one is its fraction itself."""
    assert phase(turn) == pytest.approx(turn * 0.6180339887498949 % 1)


def test_without_jitter_a_ping_is_in_time() -> None:
    """To the microsecond, wherever chance would have it."""
    assert next_ping(1000, 300, 2000) == 2300
    assert next_ping(2300, 300, 2000) == 4300
    assert [next_ping(1000, 300, 2000, 200, chance) for chance in (0, 0.5, 0.99)] == [2200, 2300, 2398]


def test_each_slot_of_a_full_wheel_comes_in_its_turn() -> None:
    """Looked at slot by slot, and after some were left out; nothing comes a slot too soon."""
    timetable, deadlines = Timetable(), Deadlines()
    began = 10**12  # nothing is looked at from the clock's zero on
    for slot in range(began, began + 100):
        timetable.put(f"k{slot}", slot * SLOT)
        deadlines.put(f"k{slot}", slot, slot * SLOT)
    assert timetable.take((began - 1) * SLOT) == deadlines.take((began - 1) * SLOT) == []
    for first, last in ((0, 0), (1, 1), (2, 11), (12, 60), (61, 99)):
        first, last = began + first, began + last
        keys = [f"k{slot}" for slot in range(first, last + 1)]
        assert timetable.take(last * SLOT + SLOT - 1) == keys
        assert deadlines.take(last * SLOT + SLOT - 1) == [(key, int(key[1:])) for key in keys]


def test_all_keys_of_a_timetable() -> None:
    """Those that are due some time, and none that was removed."""
    table = Timetable()
    for key in ("a", "b", "c"):
        table.put(key, 5_000_000)
    table.remove("b")
    assert table.keys() == ["a", "c"]
