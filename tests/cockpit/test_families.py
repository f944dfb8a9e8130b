"""The families of metrics, and how they become text."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from keepalive_core.cockpit.families import DURATION, FAMILIES, LAST_TICK, PINGS, PREFIX, Family
from keepalive_core.rules.durations import BUCKETS, histogram


def test_a_family_is_written_in_slices() -> None:
    """However many there are, its two lines of a head come once."""
    rows = [((f"g{number}", "ok"), number) for number in range(1234)]
    texts = list(PINGS.by_group.text(rows))
    assert len(texts) == 31
    [family] = text_string_to_metric_families(b"".join(texts).decode())
    assert family.name == PREFIX + "pings"
    assert [(each.labels["group"], each.value) for each in family.samples] == [
        (group, number) for (group, _), number in rows
    ]


def test_a_family_without_rows_is_not_written() -> None:
    """Nobody asks for a head without samples."""
    assert list(LAST_TICK.text([])) == []


def test_a_histogram_is_one_to_prometheus() -> None:
    """Each bucket holds those below it, the last one all; the sum is in seconds."""
    [text] = DURATION.by_group.text([(("g",), histogram({0: 2, 60: 3}))])
    [family] = text_string_to_metric_families(text.decode())
    assert family.type == "histogram"
    found = {
        (each.name.removeprefix(family.name), each.labels.get("le")): each.value for each in family.samples
    }
    assert found["_bucket", "+Inf"] == found["_count", None] == 5
    assert found["_bucket", "0.001"] == 2
    assert len(found) == len(BUCKETS) + 3
    assert 0.0 < found["_sum", None] < 1


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_conventions(family: Family) -> None:
    """What promtool would say: base units, no type in a name, a counter's total is the library's to add."""
    words = family.name.split("_")
    assert not {"total", "ms", "gauge", "counter", "histogram", "created"} & set(words)
    assert words[-1] not in {"sum", "count", "bucket", "info"} or family.name == "build_info"
    assert family.help.endswith(".")
    assert len({each.name for each in FAMILIES}) == len(FAMILIES)
