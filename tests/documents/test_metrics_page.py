"""docs/metrics.md has the series that there are."""

from keepalive_core.cockpit import families, families_of_cluster
from keepalive_core.cockpit.families import PREFIX, Family
from keepalive_core.rules.durations import BUCKETS
from keepalive_core.rules.times import SECOND
from places import ROOT

PAGE = (ROOT / "docs" / "metrics.md").read_text()
KINDS = {"GaugeMetricFamily": "gauge", "CounterMetricFamily": "counter", "HistogramMetricFamily": "histogram"}


def row(family: Family) -> str:
    """The line of the table for a family."""
    kind = KINDS[family.kind.__name__]
    name = family.name + ("_total" if kind == "counter" else "")
    return f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in family.labels)} | {family.help} |"


def test_the_table_has_each_family() -> None:
    """With its kind, its labels and what it says, and no other."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows == [row(family) for family in (*families.FAMILIES, *families_of_cluster.FAMILIES)]


def test_the_page_has_prefix_and_buckets() -> None:
    """As they are."""
    assert f"`{PREFIX}`" in PAGE
    assert ", ".join(f"{bound / SECOND:g}" for bound in BUCKETS) in PAGE
