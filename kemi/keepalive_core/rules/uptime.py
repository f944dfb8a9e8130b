"""How much of its time a destination, or a group, was up: over an hour, a day and a month (pure).

Time is counted in buckets: minutes of the last hour, quarter hours of the last day, days of the last month. A
row of memory has only what was counted up to the last change, and which condition has held since: so a ping
that changes nothing costs nothing here, and a destination that never changes takes 20 bytes.

All times are seconds of one clock that never jumps, see kamailio/steady_clock.py.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from .modes import MAINT, Admin
from .states import DOWN, UNKNOWN, UP
from .unmeasured import Span, parted

UNMEASURED: Final = "-"
"""Nobody knows, or maintenance: such time is in no denominator"""
WORDS: Final = {UP: "u", DOWN: "d", UNKNOWN: UNMEASURED}
"""What holds, by the state"""
_UP, _DOWN = WORDS[UP], WORDS[DOWN]

_MOST_TEXT: Final = 4096
"""The longest text that is read; the longest that is written has some 2,500 characters"""


def condition(state: int, admin: Admin | None = None) -> str:
    """Return what holds of a destination: one of WORDS. A drained one is pinged, and counts as it is."""
    return UNMEASURED if admin and admin.mode == MAINT else WORDS[state]


class Bucket(NamedTuple):
    """What was counted in a stretch of time."""

    up: int = 0
    """s"""
    down: int = 0
    """s"""
    outages: int = 0
    """that began in it"""
    voids: int = 0
    """pings without a verdict, by our own fault"""

    def plus(self, other: "Bucket") -> "Bucket":
        """Return the sum of both."""
        return Bucket(*map(int.__add__, self, other))

    def worst(self) -> str:
        """Return the worst that was true in it."""
        return _DOWN if self.down or self.outages else _UP if self.up else UNMEASURED


def _seconds(word: str, seconds: int) -> Bucket:
    return Bucket(up=seconds * (word == _UP), down=seconds * (word == _DOWN))


Run = tuple[int, Bucket]
"""So many buckets in a row that say the same"""


class Scale(NamedTuple):
    """Buckets of one width. The present one is the newest, of which a part is still to come."""

    width: int
    """s"""
    kept: int
    """how many are kept besides the present one"""

    def passed(self, runs: Iterable[Run], start: int, end: int, word: str) -> list[Run]:
        """Return the buckets, the newest first, after a time in which a condition held."""
        first, last = start // self.width, end // self.width
        if first == last:
            return self.tidy(_added(runs, _seconds(word, end - start)))
        ended = _added(runs, _seconds(word, (first + 1) * self.width - start))
        whole = min(last - first - 1, self.kept), _seconds(word, self.width)
        return self.tidy([(1, _seconds(word, end - last * self.width)), whole, *ended])

    def tidy(self, runs: Iterable[Run]) -> list[Run]:
        """Return as few runs as say the same, without buckets that are too old."""
        found: list[Run] = []
        left = self.kept + 1
        for bucket, same in groupby(runs, key=lambda run: run[1]):
            number = min(left, sum(many for many, _ in same))
            left -= number
            if number:
                found.append((number, bucket))
        while found and found[-1][1] == Bucket():
            found.pop()
        return found


def _added(runs: Iterable[Run], more: Bucket) -> list[Run]:
    """Return the buckets, with more in the newest one."""
    (many, newest), *older = [*runs] or [(1, Bucket())]
    return [(1, newest.plus(more)), *([(many - 1, newest)] if many > 1 else []), *older]


SCALES: Final = {"1h": Scale(60, 60), "24h": Scale(900, 96), "30d": Scale(86_400, 30)}
"""By the names of the windows. A window is the present bucket and as many as are kept before it"""
STRIP: Final = "24h"


class Counted(NamedTuple):
    """What was counted of a destination or a group; the order of the fields is that of text()."""

    at: int
    """s, up to which it was"""
    word: str
    """what has held since"""
    measured: str = UNMEASURED
    """what was true when anything was measured last: what was down goes on with the same outage"""
    scales: Sequence[Sequence[Run]] = ((),) * len(SCALES)
    """for each of SCALES, runs of its buckets, the newest first"""

    def until(self, now: int, word: str, unmeasured: Sequence[Span] = ()) -> "Counted":
        """Return it, counted up to now, with what holds from now on.

        Arguments: now, in s; word, a condition; unmeasured, times in which nothing was measured.
        """
        counted = self._passed(now, unmeasured)
        if word == UNMEASURED:
            return counted._replace(word=word)
        begins = word == _DOWN and counted.measured != _DOWN
        return counted._replace(word=word, measured=word)._plus(Bucket(outages=int(begins)))

    def with_void(self, now: int, unmeasured: Sequence[Span] = ()) -> "Counted":
        """Return it, counted up to now, with one more ping without a verdict."""
        return self._passed(now, unmeasured)._plus(Bucket(voids=1))

    def _passed(self, now: int, unmeasured: Sequence[Span]) -> "Counted":
        scales = self.scales
        for start, end, is_measured in parted(self.at, now, unmeasured):
            word = self.word if is_measured else UNMEASURED
            scales = [
                scale.passed(runs, start, end, word)
                for scale, runs in zip(SCALES.values(), scales, strict=True)
            ]
        return self._replace(at=max(self.at, now), scales=scales)

    def _plus(self, more: Bucket) -> "Counted":
        if not any(more):
            return self
        scales = zip(SCALES.values(), self.scales, strict=True)
        return self._replace(scales=[scale.tidy(_added(runs, more)) for scale, runs in scales])

    def resumed(self, now: int, left: int, word: str, unmeasured: Sequence[Span]) -> "Counted":
        """Return it, as it goes on behind a restart, or when its destination is monitored again.

        Arguments: now, in s; left, since when it was not monitored, now if it always was; word, what holds;
        unmeasured, times in which nothing was measured.
        """
        before = self._replace(at=min(self.at, now))
        if left < now:
            before = before.until(left, UNMEASURED, unmeasured)
        # Of many destinations nearly all are as they were.
        return before if before.word == word else before.until(now, word, unmeasured)

    def told(self, now: int, unmeasured: Sequence[Span] = ()) -> dict[str, Any]:
        """Return, for people and programs, what was counted up to now.

        Returns: for each window ``percent`` of the measured time that it was up, None if nothing was
        measured, ``up`` and ``down`` in s, ``outages`` that began and ``voids``; and ``strip``, of the last
        day, the oldest quarter hour first, the worst of each: "d" down, "u" up, "-" nothing measured.
        """
        scales = dict(zip(SCALES, self._passed(now, unmeasured).scales, strict=True))
        told: dict[str, Any] = {name: _window(runs) for name, runs in scales.items()}
        worst = "".join(bucket.worst() * many for many, bucket in scales[STRIP])
        return told | {"strip": worst.ljust(SCALES[STRIP].kept + 1, UNMEASURED)[::-1]}

    def text(self) -> str:
        """Return it as a text, for from_text()."""
        scales = ("/".join(map(_run_text, runs)) or "0" for runs in self.scales)
        return f"{self.at} {self.word}{self.measured} {' '.join(scales)}"

    @staticmethod
    def from_text(text: str) -> "Counted":
        """Return what a text() stands for. Raises: ValueError for another text."""
        if len(text) > _MOST_TEXT or not text.isascii():
            raise ValueError("no counted time is that long")
        at, words, *texts = text.split(" ")
        word, measured = words[:1], words[1:]
        if {word, measured} - {*WORDS.values()}:
            raise ValueError("no condition")
        scales = [
            scale.tidy(map(_run, each.split("/"))) for scale, each in zip(SCALES.values(), texts, strict=True)
        ]
        return Counted(_number(at), word, measured, scales)


def _window(runs: Sequence[Run]) -> dict[str, Any]:
    up, down, outages, voids = (
        sum(many * bucket[each] for many, bucket in runs) for each in range(len(Bucket._fields))
    )
    return {"percent": percent(up, down), "up": up, "down": down, "outages": outages, "voids": voids}


def percent(up: int, down: int) -> float | None:
    """Return how much of the measured time it was up, rounded down: 100 is said of no time with an outage.

    Arguments: up and down, in s. Returns: None if nothing was measured.
    """
    return up * 100_000 // (up + down) / 1000 if up + down else None


def _run_text(run: Run) -> str:
    many, bucket = run
    numbers = [*map(str, bucket)]
    while len(numbers) > 1 and numbers[-1] == "0":
        numbers.pop()
    return f"{many}*{','.join(numbers)}" if many > 1 else ",".join(numbers)


def _run(text: str) -> Run:
    many, times, numbers = text.rpartition("*")
    found = [*map(_number, numbers.split(","))]
    if len(found) > len(Bucket._fields):
        raise ValueError("no bucket")
    return _number(many) if times else 1, Bucket(*found)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise ValueError("no number")
    return int(text)
