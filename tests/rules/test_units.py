"""Numbers with units: 500ms, 2s, 1h, 20%."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import units
from keepalive_core.rules.quoting import quoted
from keepalive_core.rules.units import MILLISECONDS, PERCENT, SECONDS


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("30", SECONDS, 30),
        ("0.5", SECONDS, 0.5),
        ("500ms", SECONDS, 0.5),
        ("100ms", SECONDS, 0.1),
        ("2s", SECONDS, 2),
        ("1.5s", SECONDS, 1.5),
        ("5m", SECONDS, 300),
        ("0.5h", SECONDS, 1800),
        ("1d", SECONDS, 86_400),
        ("30", MILLISECONDS, 30),
        ("500ms", MILLISECONDS, 500),
        ("2s", MILLISECONDS, 2000),
        ("0.25s", MILLISECONDS, 250),
        ("20", PERCENT, 20),
        ("20%", PERCENT, 20),
        ("-3", SECONDS, -3),
        ("3", "failures", 3),
    ],
)
def test_a_number_with_its_unit(text: str, unit: str, value: float) -> None:
    """A bare number has the parameter's unit, one with a suffix says its own; a whole one is an int."""
    found = units.read(text, unit)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *((text, SECONDS) for text in ("", "s", "ms", "2 s", " 2", "2s ", "2S", "2us", "2ss", "2s3", "20%")),
        *(
            (text, SECONDS)
            for text in ("1e3", "0x10", "1_0", ".5", "5.", "+5", "--5", "\u0663", "2\n", "inf")
        ),
        *((text, PERCENT) for text in ("20s", "20 %", "%", "20%%")),
        *((text, "failures") for text in ("3s", "3%", "three", "9" * 19)),
    ],
)
def test_what_is_no_number(text: str, unit: str) -> None:
    """Anything else is refused: no guess is made."""
    with pytest.raises(ValueError) as refused:
        units.read(text, unit)
    assert str(refused.value) == f"{quoted(text)} is no number of {unit}"


@given(st.integers(0, 10**9), st.sampled_from([SECONDS, MILLISECONDS, PERCENT, "failures"]))
def test_what_is_written_is_read(thousandths: int, unit: str) -> None:
    """A number that is written with a unit is the same when it is read."""
    value = thousandths / 1000 if unit == SECONDS else thousandths
    assert units.read(units.written(value, unit), unit) == value


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (86_400, SECONDS, "1d"),
        (7200, SECONDS, "2h"),
        (90, SECONDS, "90s"),
        (0.5, SECONDS, "500ms"),
        (0, SECONDS, "0"),
        (60_000, MILLISECONDS, "1m"),
        (1500, MILLISECONDS, "1500ms"),
        (20, PERCENT, "20%"),
        (3, "failures", "3"),
    ],
)
def test_the_largest_suffix_is_written(value: float, unit: str, text: str) -> None:
    """As an engineer would write it: 2h, not 7200000ms."""
    assert units.written(value, unit) == text


def test_what_is_counted_has_no_examples() -> None:
    """A number of failures is a number."""
    assert units.examples("failures") == ""
    assert units.examples(PERCENT) == "20 or 20%"


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything else."""
    for unit in (SECONDS, MILLISECONDS, PERCENT, "failures"):
        with suppress(ValueError):
            assert isinstance(units.read(text, unit), int | float)
