"""What Prometheus is given of each destination, and of each target of a name, if it asks for that."""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ..kamailio import destination_rows, name_rows
from ..rules import counted, latency
from ..rules.record import Health
from ..rules.resolution import Resolution
from ..rules.service_code import is_taken_out
from ..rules.states import UNKNOWN, UP
from ..rules.times import SECOND
from ..services import availability
from ..services.shown_names import Name, Target
from ..services.shown_rows import Row as SnapshotRow
from . import families
from .families import Family, Row

# Between two moments at which others may have their turn: a record takes 10 us.
_RECORDS_AT_ONCE: Final = 30

Written = tuple[Family, Iterable[Row]]
"""A family, and its rows"""


class Seen(NamedTuple):
    """A destination or a target, as it is now."""

    key: str
    labels: tuple[str, str]
    health: Health
    mode: str
    """"" if it is ready"""


class AllSeen(NamedTuple):
    """What was looked at."""

    destinations: list[Seen]
    names: list[tuple[tuple[str, str], Resolution]]
    """what DNS said of those that are names, behind their labels"""
    targets: list[Seen]


def seen(wanted: Iterable[SnapshotRow]) -> Generator[None, None, AllSeen]:
    """Look at some destinations, in slices; return how they and their targets are."""
    found = AllSeen([], [], [])
    given: Counter[str] = Counter()
    for number, row in enumerate(wanted):
        if number % _RECORDS_AT_ONCE == 0:
            yield
        health = destination_rows.health(row.key)
        if health is None:
            continue
        labels = families.label_of(row.key, given), ",".join(row.groups)
        found.destinations.append(Seen(row.key, labels, health, _mode(row)))
        if row.name is not None:
            found.names.append((labels, name_rows.resolution(row.key) or Resolution()))
            yield from _see_targets(row.name, labels[0], found.targets)
    return found


def _see_targets(name: Name, label: str, found: list[Seen]) -> Iterator[None]:
    for target in list(name.targets.values()):
        health = destination_rows.health(target.key)
        if health is not None:
            place = target.key.partition("#")[2]
            found.append(Seen(target.key, (label, place), health, _mode(target)))
    yield


def _mode(row: SnapshotRow | Target) -> str:
    """Return the mode into which an administrator put it itself, "" if it is ready."""
    if not is_taken_out(row.code):
        return ""
    return row.own if isinstance(row, Target) else row.shown


def of_each(found: AllSeen) -> Iterator[Written]:
    """Yield what is told of those that were looked at."""
    yield from _of_health(
        found.destinations,
        *(families.UP, families.ADMIN, families.LAST_CHANGE, families.LATENCY, families.LOSS),
    )
    counted_time = (
        (each.labels, availability.ratios(availability.of(each.key))) for each in found.destinations
    )
    yield families.AVAILABILITY, (((*at, name), part) for at, of in counted_time for name, part in of)
    yield families.RESULTS, _results(found.destinations)
    yield families.NAME_FAILING, ((labels, bool(known.fault)) for labels, known in found.names)
    yield (
        families.NAME_ANSWERED,
        ((labels, known.answered) for labels, known in found.names if known.answered),
    )
    yield from _of_health(
        found.targets,
        *(families.TARGET_UP, families.TARGET_ADMIN, families.TARGET_LAST_CHANGE),
        *(families.TARGET_LATENCY, families.TARGET_LOSS),
    )
    yield families.TARGET_RESULTS, _results(found.targets)


def _of_health(
    found: Sequence[Seen], up: Family, admin: Family, changed: Family, took: Family, lost: Family
) -> Iterator[Written]:
    yield up, ((each.labels, each.health.state == UP) for each in found if each.health.state != UNKNOWN)
    yield admin, (((*each.labels, each.mode), 1) for each in found if each.mode)
    yield changed, ((each.labels, each.health.since) for each in found if each.health.since)
    yield took, ((each.labels, each.health.latency / SECOND) for each in found if each.health.latency)
    yield (
        lost,
        ((each.labels, latency.loss(each.health.samples) / 100) for each in found if each.health.samples),
    )


def _results(found: Sequence[Seen]) -> Iterator[Row]:
    for each in found:
        numbers = {
            counted.OK: each.health.ok,
            counted.FAILED: each.health.failed - each.health.timeouts,
            counted.TIMEOUT: each.health.timeouts,
            counted.VOID: each.health.void,
            counted.DRAINED: each.health.drained,
        }
        yield from (((*each.labels, word), number) for word, number in numbers.items() if number)
