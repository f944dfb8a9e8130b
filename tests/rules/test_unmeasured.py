"""The times in which nothing was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import unmeasured
from keepalive_core.rules.unmeasured import KEPT, MOST, Span, followed, is_open, parted, with_span


def test_a_pause_begins_and_ends() -> None:
    """Once each; who says it again changes nothing. One that begins at the end of another goes on."""
    assert followed([], 100, True) == []
    paused = followed([], 100, False)
    assert paused == [Span(100, 0)]
    assert is_open(paused)
    assert followed(paused, 150, False) == paused
    over = followed(paused, 200, True)
    assert over == [Span(100, 200)]
    assert not is_open(over)
    assert followed(over, 200, False) == [Span(100, 0)]
    assert followed(over, 300, False) == [Span(100, 200), Span(300, 0)]
    assert followed(paused, 50, True) == [Span(100, 101)], "time does not go back"


def test_the_server_was_off() -> None:
    """That is one more such time; a pause that went on when it stopped ends with it."""
    assert with_span([], 100, 200) == [Span(100, 200)]
    assert with_span([], 200, 200) == []
    assert with_span([Span(50, 60)], 100, 200) == [Span(50, 60), Span(100, 200)]
    assert with_span([Span(50, 60), Span(90, 0)], 100, 200) == [Span(50, 60), Span(90, 200)]


def test_few_are_kept() -> None:
    """Of more than 64 the nearest become one; what is older than a month is forgotten."""
    spans = [Span(1, 2)]
    for number in range(3 * MOST):
        spans = with_span(spans, KEPT + number * 1000 + number, KEPT + number * 1000 + 500)
    assert len(spans) == MOST
    assert Span(1, 2) not in spans
    assert spans[0].start == KEPT
    paused = followed([Span(1, 2), Span(5, 6)], KEPT + 4, False)
    assert paused == [Span(5, 6), Span(KEPT + 4, 0)]


@given(st.lists(st.integers(1, 1000), unique=True, max_size=9), st.integers(1, 1000), st.integers(0, 1000))
def test_each_second_is_in_one_part(edges: list[int], start: int, length: int) -> None:
    """The parts of a time are in their order, without holes; a second is measured if it is in no span."""
    edges.sort()
    ends = [*edges[1::2], 0]
    spans = [Span(begin, end) for begin, end in zip(edges[::2], ends, strict=False)]
    parts = list(parted(start, start + length, spans))
    seconds = [second for begin, end, _ in parts for second in range(begin, end)]
    assert seconds == [*range(start, start + length)]
    measured = [second for begin, end, is_measured in parts if is_measured for second in range(begin, end)]
    assert measured == [
        second for second in seconds if not any(s.start <= second < (s.end or 10**6) for s in spans)
    ]


def test_the_text_says_the_same() -> None:
    """That of no span, too."""
    for spans in ([], [Span(1, 5)], [Span(1, 5), Span(7, 0)]):
        assert unmeasured.spans_of(unmeasured.text(spans)) == spans


@pytest.mark.parametrize(
    "text",
    [
        None,
        5,
        "x",
        "5",
        "5-",
        "-5",
        "0-5",
        "5-4",
        "1-5,3-9",
        "1-0,3-9",
        "1-2,",
        "1-9999999999999",
        "1-2," * 999,
    ],
)
def test_what_was_not_written_here_is_refused(text: object) -> None:
    """With a ValueError, whatever it is."""
    with pytest.raises(ValueError):
        unmeasured.spans_of(text)


def test_more_than_the_most_are_refused() -> None:
    """They would be walked at each change."""
    with pytest.raises(ValueError):
        unmeasured.spans_of(unmeasured.text(Span(2 * at + 1, 2 * at + 2) for at in range(MOST + 1)))
