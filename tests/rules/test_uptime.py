"""How much of its time a destination was up, against a model that keeps every second."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.modes import Admin
from keepalive_core.rules.states import DOWN, UNKNOWN, UP
from keepalive_core.rules.unmeasured import Span
from keepalive_core.rules.uptime import SCALES, Bucket, Counted, Scale, condition, percent

T = 1_795_673_665
HOUR, DAY = 3600, 86_400


class Naive:
    """All that ever happened, looked through at each question."""

    def __init__(self, at: int, word: str) -> None:
        self.parts = [(at, at, "-")]
        self.word = word
        self.at = at
        self.begun: list[int] = []
        self.voids: list[int] = []
        self.measured = "-"

    def until(self, now: int, word: str, unmeasured: list[Span]) -> None:
        self.parts += self.upto(now, unmeasured)
        self.at, self.word = now, word
        if word == "d" and self.measured != "d":
            self.begun.append(now)
        if word != "-":
            self.measured = word

    def upto(self, now: int, unmeasured: list[Span]) -> list[tuple[int, int, str]]:
        edges = {self.at, now}
        for span in unmeasured:
            edges |= {min(max(self.at, edge), now) for edge in (span.start, span.end or now)}
        cut = sorted(edges)
        return [
            (start, end, "-" if any(s.start <= start < (s.end or now) for s in unmeasured) else self.word)
            for start, end in itertools.pairwise(cut)
        ]

    def told(self, now: int, unmeasured: list[Span], scale: Scale) -> dict[str, float | None]:
        since = (now // scale.width - scale.kept) * scale.width
        seconds = {"u": 0, "d": 0, "-": 0}
        for start, end, word in [*self.parts, *self.upto(now, unmeasured)]:
            seconds[word] += max(0, end - max(start, since))
        up, down = seconds["u"], seconds["d"]
        outages = sum(at >= since for at in self.begun)
        voids = sum(at >= since for at in self.voids)
        return {"percent": percent(up, down), "up": up, "down": down, "outages": outages, "voids": voids}

    def strip(self, now: int, unmeasured: list[Span]) -> str:
        drawn = ""
        parts = [*self.parts, *self.upto(now, unmeasured)]
        for quarter in range(now // 900 - 96, now // 900 + 1):
            seen = {
                word
                for start, end, word in parts
                if max(start, quarter * 900) < min(end, quarter * 900 + 900)
            }
            if any(at // 900 == quarter for at in self.begun):
                seen.add("d")
            drawn += "d" if "d" in seen else "u" if "u" in seen else "-"
        return drawn


waits = st.one_of(
    st.integers(0, 130), st.integers(0, 2 * HOUR), st.integers(0, 2 * DAY), st.sampled_from([60, 900, DAY])
)
steps = st.lists(st.tuples(waits, st.sampled_from("uudd-v")), max_size=30)


@st.composite
def pauses(draw: st.DrawFn) -> list[Span]:
    """Times in which nothing was measured, in their order, the last of which may go on."""
    at, found = T, []
    for _ in range(draw(st.integers(0, 4))):
        start = at + draw(waits) + 1
        at = start + draw(waits) + 1
        found.append(Span(start, at))
    if found and draw(st.booleans()):
        found[-1] = Span(found[-1].start, 0)
    return found


@given(steps=steps, unmeasured=pauses(), last=waits, at=st.integers(T, T + DAY))
def test_it_is_what_a_model_says_that_keeps_all(
    steps: list[tuple[int, str]], unmeasured: list[Span], last: int, at: int
) -> None:
    """To the second, whatever happens, over every window; the text says the same, and stays short."""
    counted, naive, now = Counted(at, "-"), Naive(at, "-"), at
    for wait, what in steps:
        now += wait
        if what == "v":
            counted = counted.with_void(now, unmeasured)
            naive.voids.append(now)
        else:
            counted = counted.until(now, what, unmeasured)
            naive.until(now, what, unmeasured)
        assert Counted.from_text(counted.text()).text() == counted.text()
        counted = Counted.from_text(counted.text())
    now += last
    told = counted.told(now, unmeasured)
    assert {name: told[name] for name in SCALES} == {
        name: naive.told(now, unmeasured, scale) for name, scale in SCALES.items()
    }
    assert told["strip"] == naive.strip(now, unmeasured)


def test_a_row_stays_short() -> None:
    """20 characters for what has not changed yet; of what changes without an end, 2,500 at the most."""
    counted = Counted(T, "-").until(T, "u")
    assert len(counted.text()) < 25
    quarters = range(T, T + 31 * DAY, 901)
    longest = 0
    for number, now in enumerate([*quarters, *range(quarters[-1], quarters[-1] + 26 * HOUR, 61)]):
        counted = counted.until(now, "ud"[number % 2]).with_void(now + number % 7)
        longest = max(longest, len(counted.text()))
    assert 1500 < longest < 2500
    assert len(counted.until(now + 60 * DAY, "u").text()) < 90, "what is older is forgotten"


def test_only_what_was_measured_is_in_the_denominator() -> None:
    """A quarter of an hour down, a quarter up, and half an hour that nobody knows of: 50 %."""
    counted = Counted(T, "-").until(T + 900, "d").until(T + 1800, "-").until(T + 2700, "u")
    told = counted.told(T + 3599)
    assert told["1h"] == {"percent": 49.972, "up": 899, "down": 900, "outages": 1, "voids": 0}


def test_an_outage_goes_on_behind_what_nobody_knows() -> None:
    """Down, paused and down again is one outage; with a success between it is two."""
    paused = Counted(T, "-").until(T + 1, "d").until(T + 5, "-").until(T + 9, "d")
    assert paused.told(T + 10)["1h"]["outages"] == 1
    assert paused.until(T + 11, "u").until(T + 12, "d").told(T + 13)["30d"]["outages"] == 2


def test_what_was_counted_goes_on_behind_a_restart() -> None:
    """While the server was off, and while the destination was not monitored, nothing was measured."""
    before = Counted(T, "-").until(T, "u")
    off = [Span(T + 100, T + 500)]
    assert before.resumed(T + 500, T + 500, "u", off) is not before
    assert before.resumed(T + 500, T + 500, "u", off).told(T + 510, off)["1h"]["up"] == 110
    assert before.resumed(T + 500, T + 300, "u", []).told(T + 510)["1h"]["up"] == 310
    assert before.resumed(T + 500, T + 500, "d", off).told(T + 510, off)["1h"]["down"] == 10
    assert before.resumed(T - 50, T - 50, "u", []).at == T - 50, "a clock that shows less is right"


def test_no_outage_is_rounded_away() -> None:
    """100 % is said only of a time without any."""
    assert percent(30 * DAY - 1, 1) == 99.999
    assert percent(1, 0) == 100
    assert percent(0, 5) == 0
    assert percent(0, 0) is None


def test_nothing_is_counted_twice() -> None:
    """If an older moment is told of behind a newer one, as two processes may do, time does not go back."""
    counted = Counted(T, "u").until(T + 100, "u").until(T + 40, "d")
    assert counted.at == T + 100
    assert counted.told(T + 110)["1h"] == {
        "percent": 90.909,
        "up": 100,
        "down": 10,
        "outages": 1,
        "voids": 0,
    }


def test_maintenance_is_measured_by_nobody() -> None:
    """A drained destination is pinged, and counts; one in maintenance is not."""
    assert condition(UP) == "u"
    assert condition(DOWN, Admin("drain", 0, "", "", 0)) == "d"
    assert condition(UP, Admin("maint", 0, "", "", 0)) == "-"
    assert condition(UNKNOWN) == "-"


def test_the_worst_of_a_time_is_drawn() -> None:
    """An outage that began in its last second, too."""
    assert Bucket(outages=1).worst() == "d"
    assert Bucket(up=899, down=1).worst() == "d"
    assert Bucket(up=1).worst() == "u"
    assert Bucket(voids=1).worst() == "-"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "1 uu 0 0",
            "1 uu 0 0 0 0",
            "1 ux 0 0 0",
            "1 u 0 0 0",
            "-1 uu 0 0 0",
            "1 uu 1,2,3,4,5 0 0",
        ),
        *("1 uu 0* 0 0", "1 uu *5 0 0", "1 uu -1 0 0", "1 uu 0 0 9999999999999", "1 uu ² 0 0", "1 uu , 0 0"),
        "1 uu 0 0 " + "1/" * 4000 + "1",
    ],
)
def test_what_was_not_written_here_is_refused(text: str) -> None:
    """With a ValueError, whatever it is."""
    with pytest.raises(ValueError):
        Counted.from_text(text)


@given(st.text(alphabet="0123456789 */,ud-", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """And what is read is bounded, however many buckets it claims."""
    try:
        counted = Counted.from_text(f"{T} uu {text}")
    except ValueError:
        return
    assert len(counted.told(T + DAY)["strip"]) == 97
    assert all(
        sum(many for many, _ in runs) <= scale.kept + 1
        for scale, runs in zip(SCALES.values(), counted.scales, strict=True)
    )
