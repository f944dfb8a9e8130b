"""The times in which this server measured nothing at all: pings were paused, or the server was off (pure).

They hold for all destinations, so they are kept once. All times are seconds of one clock that never jumps.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

MOST: Final = 64
"""The most times that are kept; of more, the two with the least between them become one"""
KEPT: Final = 32 * 86_400
"""s after which a time is forgotten"""
OPEN: Final = 0
"""The end of a time that goes on"""
_MOST_SECONDS: Final = 10**12


class Span(NamedTuple):
    """A stretch of time."""

    start: int
    end: int
    """OPEN while it goes on"""


def is_open(spans: Sequence[Span]) -> bool:
    """Say whether nothing is measured now."""
    return bool(spans) and spans[-1].end == OPEN


def followed(spans: Sequence[Span], now: int, is_measuring: bool) -> list[Span]:
    """Return the times, as something is measured from now on, or nothing."""
    if is_measuring != is_open(spans):
        return [*spans]
    if is_measuring:
        return _tidy([*spans[:-1], Span(spans[-1].start, max(now, spans[-1].start + 1))])
    return _tidy([*spans, Span(now, OPEN)])


def with_span(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """Return the times, with one more, behind all others; one that goes on ends with it."""
    if is_open(spans):
        start, spans = min(start, spans[-1].start), spans[:-1]
    return _tidy([*spans, Span(start, end)]) if start < end else [*spans]


def _tidy(spans: Sequence[Span]) -> list[Span]:
    """Return the times, joined if they touch, without those that are too old or too many."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start <= joined[-1].end:
            span = Span(joined.pop().start, span.end)
        joined.append(span)
    newest = joined[-1].end or joined[-1].start
    joined = [span for span in joined if not 0 < span.end < newest - KEPT]
    while len(joined) > MOST:
        # More is left out than was not measured, and nothing is said of it that was not true.
        _, at = min((joined[at + 1].start - joined[at].end, at) for at in range(len(joined) - 1))
        joined[at : at + 2] = [Span(joined[at].start, joined[at + 1].end)]
    return joined


def parted(start: int, end: int, spans: Iterable[Span]) -> Iterator[tuple[int, int, bool]]:
    """Yield the parts of a time, the oldest first: start, end, and whether anything was measured."""
    for span in spans:
        began, over = max(start, span.start), min(end, span.end or end)
        if began < over:
            if start < began:
                yield start, began, True
            yield began, over, False
            start = over
    if start < end:
        yield start, end, True


def text(spans: Iterable[Span]) -> str:
    """Return the times as a text, for spans_of()."""
    return ",".join(f"{span.start}-{span.end}" for span in spans)


def spans_of(text: Any) -> list[Span]:
    """Return the times that a text() stands for. Raises: ValueError for what is none."""
    if not isinstance(text, str) or len(text) > 32 * MOST:
        raise ValueError("no times")
    found: list[Span] = []
    for each in text.split(",") if text else []:
        start, _, end = each.partition("-")
        found.append(Span(int(start), int(end)))
    known = [time for span in found for time in span]
    if known and known[-1] == OPEN:
        known.pop()
    if known != sorted(known) or any(not 0 < time < _MOST_SECONDS for time in known) or len(found) > MOST:
        raise ValueError("times in no order")
    return found
