"""Which silence is void, as this server could not have heard an answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.listening import (
    BEAT,
    LATE,
    Gap,
    Pulse,
    Queue,
    also_dropped,
    gap,
    missed,
    read_no_answer,
    remembered,
    was_dropped,
)
from keepalive_core.rules.schedule import SECOND


def test_a_gap() -> None:
    """What passes beyond one interval is a gap, by the server's clock or by the wall's; a slew is none."""
    assert gap(Pulse(), 10 * SECOND, 5) is None, "nobody has looked yet"
    known = Pulse(10 * SECOND, 1000 * SECOND)
    assert gap(known, 10 * SECOND + BEAT, 1000 * SECOND) is None
    assert gap(known, 10 * SECOND + BEAT, 1000 * SECOND + BEAT // 12) is None, "chrony's fastest slew"
    assert gap(known, 12 * SECOND, 1000 * SECOND) == Gap(12 * SECOND, 2 * SECOND - BEAT, 0)
    assert gap(known, 10 * SECOND + BEAT, 1002 * SECOND) == Gap(10 * SECOND + BEAT, 0, 2 * SECOND)
    assert gap(known, 10 * SECOND + BEAT, 2 * SECOND) is None, "Kamailio's timers go on as before"


@pytest.mark.parametrize(
    ("sent", "ended", "witness"),
    [
        (9.0, 9.9, ""),  # it was over before
        (9.0, 10.05, "this server stood still"),
        (11.0, 11.5, "this server stood still"),
        (9.9, 12.9, "this server stood still"),
        (9.9, 13.1, ""),  # whatever waited was read by then
        (12.1, 15.1, ""),  # in time, all of it heard
        (12.1, 13.4, "this server stood still"),  # 1.7 s early: the time that it stood is made up for
        (12.1, 12.9, ""),  # 2.2 s early: more than it stood
        (18.5, 19.8, ""),  # early, but long after that was made up for
        (18.5, 21.5, "its clock jumped"),
        (20.1, 20.2, "its clock jumped"),
        (20.1, 23.1, ""),
    ],
)
def test_a_silence_that_a_gap_excuses(sent: float, ended: float, witness: str) -> None:
    """A gap within a ping's time is its witness, or one not long before, if the time ended that early."""
    gaps = [Gap(12 * SECOND, 2 * SECOND - BEAT, 0), Gap(20 * SECOND, 0, 3600 * SECOND)]
    found = missed(gaps, int(sent * SECOND), int(ended * SECOND), 3 * SECOND)
    assert (found.witness() if found else "") == witness


gaps_of_a_minute = st.lists(
    st.builds(Gap, st.integers(0, 60 * SECOND), st.integers(0, 3 * SECOND), st.integers(0, 3 * SECOND)),
    max_size=5,
)


@given(gaps_of_a_minute, st.integers(0, 60 * SECOND), st.integers(0, 40 * SECOND), st.integers(50, 32_000))
def test_early_or_late_is_no_witness(gaps: list[Gap], sent: int, lasted: int, timeout: int) -> None:
    """Without a gap that reaches into a ping's time, or cost as much as it ended early, silence counts."""
    found = missed(gaps, sent, sent + lasted, timeout * 1000)
    early = timeout * 1000 - lasted
    begun = [each for each in gaps if each.at - each.stood - BEAT < sent + lasted]
    within = [each for each in begun if each.lost > LATE and each.at > sent]
    within = [each for each in within if each.jumped > each.stood or sent + lasted < each.at + SECOND]
    before = sum(each.lost for each in begun if each.at > sent - 6 * SECOND)
    if within or (early > BEAT and before >= early - BEAT):
        assert found in gaps
    else:
        assert found is None


def test_gaps_are_remembered_as_long_as_they_matter() -> None:
    """For the longest time limit and what is made up for in it, and a hundred at the most."""
    known: tuple[Gap, ...] = ()
    for number in range(1000):
        known = remembered(known, Gap(number, 1, 0), number)
    assert known == tuple(Gap(number, 1, 0) for number in range(900, 1000))
    assert remembered(known, None, 39 * SECOND) == known
    assert remembered(known, None, 41 * SECOND) == ()
    assert remembered((), None, 0) == ()


@given(
    st.lists(st.tuples(st.integers(0, 60 * SECOND), st.integers(1, SECOND)), max_size=20),
    st.integers(0, 60 * SECOND),
    st.integers(0, 40 * SECOND),
)
def test_what_was_dropped_is_remembered(drops: list[tuple[int, int]], since: int, lasting: int) -> None:
    """Forty seconds back it is known, to a tenth of a second, whether anything was dropped in a time."""
    known, now, slots = Queue(), 0, set()
    for pause, lasted in drops:
        began, now = now + pause, now + pause + lasted
        known = also_dropped(known, began, now)
        slots |= set(range(began // BEAT, now // BEAT + 1))
    oldest = known.newest - 399
    asked = set(range(since // BEAT, (since + lasting) // BEAT + 1))
    assert was_dropped(known, since, since + lasting) == any(slot >= oldest for slot in asked & slots)


@pytest.mark.parametrize(
    ("since", "until", "deaf"),
    [
        (9.95, 11.8, True),  # all three copies
        (9.95, 11.4, False),  # the last one was heard
        (10.4, 14.0, False),  # the first one was
        (10.05, 10.1, False),
    ],
)
def test_one_copy_heard_is_enough(since: float, until: float, deaf: bool) -> None:
    """A ping of 10.0 s, sent again at 10.56 and 11.69, is in vain only if none of the three was heard."""
    known = also_dropped(Queue(), int(since * SECOND), int(until * SECOND))
    copies = [int(at * SECOND) for at in (10, 10.563, 11.689)]
    assert read_no_answer(known, copies, 1000, 13 * SECOND) == deaf
    assert not read_no_answer(Queue(), copies, 1000, 13 * SECOND)


def test_a_copy_that_left_too_late_was_not_heard() -> None:
    """The answer to a copy of 11.69 would have come at 11.79, when the ping's time was over."""
    known = also_dropped(Queue(), 10 * SECOND, int(11.4 * SECOND))
    copies = [int(at * SECOND) for at in (10, 10.563, 11.689)]
    assert read_no_answer(known, copies, SECOND // 10, int(11.763 * SECOND))


@given(
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(0, SECOND)), max_size=30),
    st.integers(0, 3 * SECOND),
    st.integers(50_000, 5 * SECOND),
)
def test_an_answer_in_a_queue_that_is_read_in_order(
    others: list[tuple[int, int]], latency: int, lasted: int
) -> None:
    """However slowly it is read: what is still unread is excused, and what was read by then is not."""
    sent, ended = 10 * SECOND, 10 * SECOND + lasted
    answered = sent + latency
    arrivals, at = [(answered, 0)], 8 * SECOND
    for pause, service in others:
        at += pause
        arrivals.append((at, service))
    read, times = 0, []
    for arrived, service in sorted(arrivals):
        read = max(read, arrived) + service
        times.append((arrived, read))
    look = ended // BEAT * BEAT
    waits = [arrived for arrived, read in times if arrived <= look - BEAT and read > look]
    excused = read_no_answer(Queue(unread_since=min(waits, default=0)), [sent], latency, ended)
    if answered in waits:
        assert excused
    if all(read <= look for arrived, read in times if arrived <= answered + LATE):
        assert not excused


@pytest.mark.parametrize(
    ("stood", "jumped", "witness", "until"),
    [
        (5, 0, "this server stood still", 101),
        (5, 4, "this server stood still", 101),
        (5, 5, "this server stood still", 101),
        (4, 5, "its clock jumped", math.inf),
    ],
)
def test_what_a_gap_was(stood: int, jumped: int, witness: str, until: float) -> None:
    """A standstill, or a jump of the clock if that was longer: then nothing waited to be read."""
    found = Gap(100 * SECOND, stood * SECOND, jumped * SECOND)
    assert found.witness() == witness
    assert found.excuses_until == until * SECOND
    assert (found.began, found.lost) == ((100 - stood) * SECOND - BEAT, (stood + jumped) * SECOND)


@pytest.mark.parametrize(("lost", "is_gap"), [(SECOND // 16 - 1, False), (SECOND // 16, True)])
def test_what_costs_a_tick_is_a_gap(lost: int, is_gap: bool) -> None:
    """A sixteenth of a second, by either clock."""
    known = Pulse(10 * SECOND, 0)
    assert (gap(known, 10 * SECOND + BEAT + lost, 0) is not None) == is_gap
    assert (gap(known, 10 * SECOND + BEAT, lost) is not None) == is_gap


@pytest.mark.parametrize(("ago", "is_known"), [(39.999999, True), (40, False), (1000, False)])
def test_a_gap_is_remembered_for_40_seconds(ago: float, is_known: bool) -> None:
    """The longest time limit, and what is made up for within it."""
    old = Gap(int((2000 - ago) * SECOND), SECOND, 0)
    new = Gap(2000 * SECOND, SECOND, 0)
    assert remembered([old], new, 2000 * SECOND) == ((old, new) if is_known else (new,))
    assert remembered([old], None, 2000 * SECOND) == ((old,) if is_known else ())


def lost_at(at: float, stood: float) -> Gap:
    """A standstill that was over at a time, s."""
    return Gap(int(at * SECOND), int(stood * SECOND), 0)


@pytest.mark.parametrize(
    ("gaps", "sent", "ended", "limit", "expected"),
    [
        # It lies within the ping's time, and is longer than a process may be late.
        ([lost_at(101, 0.3)], 100, 101.9, 1.9, None),
        ([lost_at(101, 0.300001)], 100, 101.9, 1.9, 0),
        # Until a second behind it: then all that waited is read.
        ([lost_at(101, 2)], 100, 101.999999, 2, 0),
        ([lost_at(101, 2)], 100, 102, 2, None),
        # It was over as the ping left, or had not begun when it ended.
        ([lost_at(100, 2)], 100, 100.9, 0.9, None),
        ([lost_at(103.1, 1)], 100, 102, 2, None),
        ([lost_at(103.1, 1)], 100, 102.000001, 2.000001, 0),
        # It ended early, by as much as gaps cost before, but for a tenth.
        ([lost_at(99, 1)], 100, 101, 2, 0),
        ([lost_at(99, 1)], 100, 101, 2.1, 0),
        ([lost_at(99, 1)], 100, 101, 2.100001, None),
        ([lost_at(99, 0.5), lost_at(98, 0.6)], 100, 101, 2.1, 1),
        ([lost_at(98, 0.6), lost_at(99, 0.5)], 100, 101, 2.1, 0),
        ([lost_at(99, 0.1)], 100, 102, 2.1, None),
        ([lost_at(99, 0.1)], 100, 102, 2.100001, 0),
        # What was before that is made up for.
        ([lost_at(94.000001, 1)], 100, 101, 2, 0),
        ([lost_at(94, 1)], 100, 101, 2, None),
    ],
)
def test_which_gap_excuses_a_silence(
    gaps: list[Gap], sent: float, ended: float, limit: float, expected: int | None
) -> None:
    """To the microsecond: one that nobody would have heard, or the longest of those that were made up for."""
    times = [round(each * SECOND) for each in (sent, ended, limit)]
    assert missed(gaps, *times) == (None if expected is None else gaps[expected])


SLOTS = 400
"""as many are remembered"""


def test_drops_are_remembered_slot_by_slot() -> None:
    """Each slot of a tenth of a second, for 40 s, whatever comes in between."""
    known = Queue()
    for slot in (1000, 1001, 1003, 1000 + SLOTS - 1):
        known = also_dropped(known, slot * BEAT, slot * BEAT)
    dropped = {slot for slot in range(900, 1500) if was_dropped(known, slot * BEAT, slot * BEAT)}
    assert dropped == {1000, 1001, 1003, 1000 + SLOTS - 1}
    known = also_dropped(known, (1000 + SLOTS) * BEAT, (1000 + SLOTS) * BEAT)
    dropped = {slot for slot in range(900, 1500) if was_dropped(known, slot * BEAT, slot * BEAT)}
    assert dropped == {1001, 1003, 1000 + SLOTS - 1, 1000 + SLOTS}
    assert known.dropped.bit_length() <= SLOTS
    assert also_dropped(known, 5000 * BEAT, 5002 * BEAT).dropped == 0b111
    assert also_dropped(known, 0, 5000 * BEAT).dropped == (1 << SLOTS) - 1


@pytest.mark.parametrize(
    ("first", "last", "was"),
    [
        *((999, 999, False), (999, 1000, True), (1002, 1003, True)),
        *((1002, 1002, False), (1004, 1005, False), (0, 2000, True)),
    ],
)
def test_what_was_dropped_between_two_times(first: int, last: int, was: bool) -> None:
    """Any slot of them, the first and the last among them."""
    known = also_dropped(also_dropped(Queue(), 1000 * BEAT, 1001 * BEAT), 1003 * BEAT, 1003 * BEAT)
    assert was_dropped(known, first * BEAT, last * BEAT) == was
    assert was_dropped(known, first * BEAT + BEAT - 1, last * BEAT + BEAT - 1) == was


@pytest.mark.parametrize(
    ("unread_since", "latency", "ended", "deaf"),
    [
        (0, 0.5, 105, False),
        # Until the answer and a little more: what was behind it in the queue does not matter.
        (100.8, 0.5, 105, True),
        (100.800001, 0.5, 105, False),
        (100.5, 0.5, 100.5, True),
        (100.500001, 0.5, 100.5, False),
        (0.000001, 0.5, 105, True),
    ],
)
def test_an_answer_behind_what_nobody_reads(
    unread_since: float, latency: float, ended: float, deaf: bool
) -> None:
    """A queue is read in order: what waits since then is before the answer."""
    known = Queue(unread_since=round(unread_since * SECOND))
    times = [round(each * SECOND) for each in (latency, ended)]
    assert read_no_answer(known, [100 * SECOND], *times) == deaf


@pytest.mark.parametrize(
    ("slot", "deaf"), [(998, False), (999, True), (1000, True), (1008, True), (1009, False), (1020, False)]
)
def test_an_answer_that_was_dropped(slot: int, deaf: bool) -> None:
    """From a beat before it was sent until a little behind its answer."""
    known = also_dropped(Queue(), slot * BEAT, slot * BEAT)
    assert read_no_answer(known, [1000 * BEAT], 5 * BEAT, 1050 * BEAT) == deaf


@pytest.mark.parametrize(("copy", "deaf"), [(1044.99, False), (1045, True), (1046, True)])
def test_a_copy_that_could_be_answered_in_time(copy: float, deaf: bool) -> None:
    """Its answer would have come before the end, and been read: so there was none."""
    known = also_dropped(Queue(), 1003 * BEAT, 1003 * BEAT)
    assert read_no_answer(known, [1000 * BEAT, int(copy * BEAT)], 5 * BEAT, 1050 * BEAT) == deaf
