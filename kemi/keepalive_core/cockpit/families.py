"""The families of metrics that Prometheus is given: their names, what they are, and how they become text.

What has the label ``group`` counts a destination in each of its groups. What begins with ``all_`` counts each
destination once, so it is no sum of the others.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from ..rules.durations import BUCKETS
from ..rules.quoting import without_passwords
from ..rules.times import SECOND

PREFIX: Final = "kamailio_keepalive_"
# The samples that are written at a time: each takes some 10 us.
_SLICE: Final = 40

_WINDOW: Final = "window"

Row = tuple[Sequence[str], Any]
"""The values of a family's labels, and of its sample; of a histogram what durations.histogram() returns"""


class Family(NamedTuple):
    """The samples of one name."""

    kind: type[GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily]
    name: str
    """without PREFIX"""
    help: str
    """what it says, and in which unit"""
    labels: tuple[str, ...] = ()

    @property
    def samples_of_a_row(self) -> int:
        """How many there are."""
        if self.kind is HistogramMetricFamily:
            return len(BUCKETS) + 3
        # What is counted of a destination takes as long to be worked out as ten samples to be written.
        return 10 if _WINDOW in self.labels else 1

    def text(self, rows: Iterable[Row]) -> Iterator[bytes]:
        """Yield its text, some samples at a time; a family without any is not written."""
        rest, begun = iter(rows), False
        while slice_ := list(islice(rest, max(1, _SLICE // self.samples_of_a_row))):
            text = self._text(slice_)
            # Two lines in front of the samples say what they are, once.
            yield text.split(b"\n", 2)[2] if begun else text
            begun = True

    def _text(self, rows: Iterable[Row]) -> bytes:
        family: Any = self.kind(PREFIX + self.name, self.help, labels=self.labels)
        for labels, value in rows:
            if self.kind is HistogramMetricFamily:
                numbers, total_us = value
                family.add_metric(labels, list(zip(_BOUNDS, numbers, strict=True)), total_us / SECOND)
            else:
                family.add_metric(labels, value)
        registry = CollectorRegistry()
        registry.register(_Collector(family))
        return generate_latest(registry)


_BOUNDS: Final = (*(str(bound / SECOND) for bound in BUCKETS), "+Inf")


class _Collector:
    """What is written is there already, and none of the process's own metrics beside it."""

    def __init__(self, family: Any) -> None:
        self._family = family

    def collect(self) -> Iterable[Any]:
        yield self._family


_GAUGE: Final = GaugeMetricFamily
_COUNTER: Final = CounterMetricFamily
_HISTOGRAM: Final = HistogramMetricFamily

# --- the server -------------------------------------------------------------------------------------------

BUILD_INFO: Final = Family(_GAUGE, "build_info", "1; the version is a label.", ("version",))
START_TIME: Final = Family(
    _GAUGE, "start_time_seconds", "When the server, and with it each counter, began, in epoch seconds."
)
PAUSED: Final = Family(_GAUGE, "paused", "1 while all pings are paused, else 0.")
ENABLED: Final = Family(_GAUGE, "enabled", "0 while the setting enabled lets no ping leave, else 1.")
MEMORY_SHORT: Final = Family(
    _GAUGE, "memory_short", "1 while no ping leaves, as shared memory is short and calls need it, else 0."
)
LAST_TICK: Final = Family(
    _GAUGE, "last_tick_timestamp_seconds", "When a prober was last at work, in epoch seconds.", ("prober",)
)
PLANNED: Final = Family(
    _GAUGE, "planned_pings_per_second", "The pings that destinations and their intervals ask for."
)
CALLBACKS_WAITING: Final = Family(
    _GAUGE, "callbacks_waiting", "Changes that wait for the process that runs callbacks."
)
FROZEN_SOCKETS: Final = Family(
    _GAUGE, "frozen_sockets", "Sockets behind which no destination goes down, by mass_failure."
)
METRICS_ROWS: Final = Family(
    _GAUGE, "metrics_rows", "Counters in shared memory; those beyond 100000 are counted without their groups."
)

_WEBHOOK: Final = ("webhook",)
WEBHOOK_TRIES: Final = Family(
    _COUNTER, "webhook_failed_tries", "Tries to tell a webhook of a change that did not arrive.", _WEBHOOK
)
WEBHOOK_LOST: Final = Family(
    _COUNTER, "webhook_lost_notices", "Changes of which a webhook was not told after all.", _WEBHOOK
)

# --- groups, and all --------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """What is told of each group, and of all destinations."""

    by_group: Family
    of_all: Family


def _pair(kind: Any, name: str, help_: str, *labels: str, of_all: str = "") -> Pair:
    return Pair(
        Family(kind, name, f"{help_} By group.", ("group", *labels)),
        Family(kind, of_all or f"all_{name}", f"{help_} Each destination once.", labels),
    )


DESTINATIONS: Final = _pair(
    _GAUGE,
    "destinations",
    "Destinations: up, down, unknown, drain (by an administrator or at their own wish) or maint.",
    "state",
)
ALIVE: Final = _pair(
    _GAUGE, "group_alive", "Destinations to which is_alive says 1.", of_all="all_destinations_alive"
)
HELD: Final = _pair(
    _GAUGE,
    "group_held",
    "Destinations that answer only as group_min_alive keeps them answering.",
    of_all="all_destinations_held",
)
GROUP_AVAILABILITY: Final = Family(
    _GAUGE,
    "group_availability_ratio",
    "The part of the measured time of a window (1h, 24h, 30d) for which enough members were up; none if "
    "nothing was measured.",
    ("group", _WINDOW),
)
PINGS: Final = _pair(
    _COUNTER,
    "pings",
    "Pings: ok, failed (another reply, or not sent), timeout, void (no verdict, by this server's fault), "
    "drained (the reply asked for no calls).",
    "result",
)
DURATION: Final = _pair(
    _HISTOGRAM,
    "ping_duration_seconds",
    "How long the replies to pings took, in seconds; the sum is right to some percent.",
)
CALLS: Final = _pair(_COUNTER, "calls", "Replies to calls of which report_reply was told.", "result")
REPORTS: Final = _pair(_COUNTER, "reports", "What report_success and report_failure said.", "result")
CHANGES: Final = _pair(_COUNTER, "changes", "Changes of a destination's state, by the new one.", "to")
MISMATCHED: Final = _pair(
    _COUNTER,
    "mismatched_replies",
    "Replies that did not count, as they were to no ping of their destination.",
)

# --- each destination, if asked for -----------------------------------------------------------------------


def label_of(key: str, given: Counter[str]) -> str:
    """Return what a destination is called in a scrape: a password is nobody's business who draws curves.

    Arguments: key; given, how many were called so before in this scrape, as no two may have one name. Those
    that differ by their passwords alone bear numbers.
    """
    if "@" not in key:
        return key
    name = without_passwords(key)
    given[name] += 1
    return name if given[name] == 1 else f"{name} ({given[name]})"


_EACH: Final = ("destination", "group")
UP: Final = Family(
    _GAUGE, "destination_up", "1 if its state is up, 0 if it is down; none while it is unknown.", _EACH
)
ADMIN: Final = Family(
    _GAUGE,
    "destination_admin",
    "1 while an administrator has taken it out, with drain or maint; none of one that is ready.",
    (*_EACH, "mode"),
)
LAST_CHANGE: Final = Family(
    _GAUGE,
    "destination_last_change_timestamp_seconds",
    "When its state last changed, in epoch seconds; none before that.",
    _EACH,
)
LATENCY: Final = Family(
    _GAUGE,
    "destination_latency_seconds",
    "How long the last reply to a ping took that was sent once; none before that.",
    _EACH,
)
LOSS: Final = Family(
    _GAUGE, "destination_loss_ratio", "The part of its last 50 pings that were lost at least once.", _EACH
)
AVAILABILITY: Final = Family(
    _GAUGE,
    "destination_availability_ratio",
    "The part of the measured time of a window (1h, 24h, 30d) for which it was up; none if nothing was "
    "measured.",
    (*_EACH, _WINDOW),
)
RESULTS: Final = Family(
    _COUNTER,
    "destination_results",
    "Its pings since its registration, with reports and calls under ok and failed; none for what never was.",
    (*_EACH, "result"),
)

# --- names, and the targets behind them -------------------------------------------------------------------

TARGETS: Final = _pair(
    _GAUGE,
    "targets",
    "Addresses behind names: up, down, unknown, drain (by an administrator or at their own wish) or maint.",
    "state",
)
NAMES: Final = _pair(_GAUGE, "names", "Destinations that are names, whose addresses DNS says.")
NAMES_DEAD: Final = _pair(_GAUGE, "names_with_dead_targets", "Names with an address that is down.")
NAMES_FAILING: Final = _pair(
    _GAUGE, "names_failing", "Names for which DNS failed when it was asked last, wholly or in part."
)
NAME_FAILING: Final = Family(
    _GAUGE, "name_failing", "1 if DNS failed for it when it was asked last, wholly or in part, else 0.", _EACH
)
NAME_ANSWERED: Final = Family(
    _GAUGE,
    "name_answered_timestamp_seconds",
    "When DNS gave addresses of it last, in epoch seconds; none before that.",
    _EACH,
)
_TARGET: Final = ("destination", "target")
TARGET_UP: Final = Family(
    _GAUGE,
    "target_up",
    "1 if the state of an address behind a name is up, 0 if it is down; none while it is unknown.",
    _TARGET,
)
TARGET_ADMIN: Final = Family(
    _GAUGE,
    "target_admin",
    "1 while an administrator has taken it out, with drain or maint; none of one that is ready.",
    (*_TARGET, "mode"),
)
TARGET_LAST_CHANGE: Final = Family(
    _GAUGE,
    "target_last_change_timestamp_seconds",
    "When its state last changed, in epoch seconds; none before that.",
    _TARGET,
)
TARGET_LATENCY: Final = Family(
    _GAUGE,
    "target_latency_seconds",
    "How long the last reply to a ping took that was sent once; none before that.",
    _TARGET,
)
TARGET_LOSS: Final = Family(
    _GAUGE, "target_loss_ratio", "The part of its last 50 pings that were lost at least once.", _TARGET
)
TARGET_RESULTS: Final = Family(
    _COUNTER,
    "target_results",
    "Its pings since its registration, with reports and calls under ok and failed; none for what never was.",
    (*_TARGET, "result"),
)

FAMILIES: Final = tuple(
    family
    for found in tuple(globals().values())
    for family in (found if isinstance(found, Pair) else (found,))
    if isinstance(family, Family)
)
"""All of them, in the order in which they are written"""
