"""GET /metrics: what Prometheus is given, a family at a time and in slices; others are served between."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from .. import VERSION
from ..kamailio import clock, counter_rows, free_memory, processes, queues, server_rows
from ..rules import counted
from ..rules.durations import histogram
from ..rules.service_code import answer, groups_keeping
from ..rules.showing import CLASSES
from ..rules.states import STATE_NAMES, UP
from ..rules.times import SECOND
from ..services import availability, uplinks
from ..services.counters import Counters, Sums, Tally, the_counters
from ..services.shown_names import DEAD, FAILING, Name
from ..services.shown_rows import Row as SnapshotRow
from ..services.snapshot import Snapshot, the_snapshot
from . import families, metrics_of_cluster, metrics_of_each, webhooks
from .families import Family, Pair, Row
from .page_files import takes_gzip
from .taking_turns import done, give_way

MOST_DESTINATIONS: Final = 20_000
"""More of them and of their targets are told of by group only, a scrape each"""
_DESTINATIONS: Final = "destinations"
# Between two moments at which others may have their turn: a code takes 0.3 us.
_CODES_AT_ONCE: Final = 1000
_BEGAN: Final = processes.began()

Written = tuple[Family, Iterable[Row]]
"""A family, and its rows"""


def serve(app: web.Application) -> None:
    """Have an application answer scrapes."""
    app.router.add_get("/metrics", Metrics(the_snapshot, the_counters).get)


class Refused(Exception):
    """A scrape is refused; the message says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Metrics:
    """What Prometheus is given. Arguments: snapshot and counters, of this process."""

    def __init__(self, snapshot: Snapshot, counters: Counters) -> None:
        self._snapshot = snapshot
        self._counters = counters
        # What is counted may be taken in by one at a time.
        self._turn = asyncio.Lock()

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer a scrape."""
        try:
            wanted = await self._wanted(request)
        except Refused as refusal:
            return web.Response(status=refusal.status, text=f"{refusal}\n")
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        if request.method == "HEAD":
            return web.Response(headers=headers)
        response = web.StreamResponse(headers=headers)
        if takes_gzip(request.headers.get("Accept-Encoding", "")):
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        async for text in self._text(wanted):
            await response.write(text)
        await response.write_eof()
        return response

    async def _wanted(self, request: web.Request) -> list[SnapshotRow]:
        """Return the destinations that are told of one by one. Raises: Refused."""
        query = request.query
        unknown = [name for name in query if name not in ("scope", "group")]
        if unknown or len(query) > len(set(query)):
            raise Refused(400, "the parameters are scope and group, once each")
        if query.get("scope", _DESTINATIONS) != _DESTINATIONS:
            raise Refused(400, f"scope is {_DESTINATIONS}, or it is left out")
        group = query.get("group")
        if "scope" not in query and group is not None:
            raise Refused(400, f"a group needs scope={_DESTINATIONS}: without it all groups are told of")
        await done(self._snapshot.fresh(again_soon=False))
        if "scope" not in query:
            return []
        rows = list(self._snapshot.rows.values())
        if group is not None:
            if group not in self._snapshot.groups:
                raise Refused(404, "there is no such group")
            return [row for row in rows if group in row.groups]
        told = len(rows) + len(self._snapshot.names.targets)
        if told > MOST_DESTINATIONS:
            raise Refused(
                413,
                f"there are {told} destinations and targets, and above {MOST_DESTINATIONS} only those of one "
                f"group are told of: scope={_DESTINATIONS}&group=NAME",
            )
        return rows

    async def _text(self, wanted: Sequence[SnapshotRow]) -> AsyncIterator[bytes]:
        """Yield what is told, of these destinations one by one."""
        census: Census = await done(_census(self._snapshot))
        async with self._turn:
            await done(self._counters.read(census.sets))
        sums: Sums = await done(self._counters.sums())
        written = [*_of_server(self._counters), *metrics_of_cluster.of_cluster()]
        written += [*_of_groups(census, sums), *_of_names(census)]
        if wanted:
            written += metrics_of_each.of_each(await done(metrics_of_each.seen(wanted)))
        for family, rows in written:
            for text in family.text(rows):
                yield text
                await give_way()


# --- the server -------------------------------------------------------------------------------------------


def _of_server(counters: Counters) -> Iterator[Written]:
    now, wall = clock.now(), time.time()
    work = list(enumerate(counter_rows.work()))
    yield families.BUILD_INFO, [((VERSION,), 1)]
    yield _one(families.START_TIME, _BEGAN)
    yield _one(families.PAUSED, server_rows.is_paused())
    yield _one(families.ENABLED, not server_rows.is_disabled())
    yield _one(families.MEMORY_SHORT, free_memory.is_short())
    yield (
        families.LAST_TICK,
        [((str(prober),), wall - now / SECOND + each.ticked) for prober, each in work if each.ticked],
    )
    yield _one(families.PLANNED, sum(each.rate for _, each in work))
    yield _one(families.CALLBACKS_WAITING, queues.waiting_events())
    yield _one(families.FROZEN_SOCKETS, uplinks.frozen(now))
    yield _one(families.METRICS_ROWS, counters.rows)
    failures = webhooks.failures()
    yield families.WEBHOOK_TRIES, [((url,), each.tries) for url, each in failures.items()]
    yield (
        families.WEBHOOK_LOST,
        [((url,), each.given_up + each.left_out) for url, each in failures.items()],
    )


def _one(family: Family, value: float) -> Written:
    return family, [((), value)]


# --- groups, and all --------------------------------------------------------------------------------------

_NOTHING: Final = Tally()
_NOBODY: Final = {"alive": 0, "held": 0, **dict.fromkeys(CLASSES, 0)}
"""of a group that has counters, and no member any more"""


class Census(NamedTuple):
    """All destinations, counted."""

    of_all: Mapping[str, int]
    groups: Mapping[str, Mapping[str, int]]
    """how many are of each class, alive and held, by the groups' names"""
    sets: Collection[tuple[str, ...]]
    """the sets of groups that destinations are in"""
    names: Counter[str]
    """how many names there are, with targets that are down, failing, and targets of each class"""
    names_of_groups: Mapping[str, Counter[str]]
    """the same of each group that has any"""


def _census(snapshot: Snapshot) -> Generator[None, None, Census]:
    """Count all destinations, in slices."""
    alive = held = 0
    sets: set[tuple[str, ...]] = set()
    names: Counter[str] = Counter()
    names_of_groups: dict[str, Counter[str]] = {}
    for number, row in enumerate(list(snapshot.rows.values())):
        if number % _CODES_AT_ONCE == 0:
            yield
        if row.code >= 0:
            alive += answer(row.code) == UP
            held += groups_keeping(row.code) > 0
        sets.add(row.groups)
        if row.name is not None:
            counted_names = _counted(row.name)
            names.update(counted_names)
            for group in row.groups:
                names_of_groups.setdefault(group, Counter()).update(counted_names)
    of_all = {**snapshot.counts, "alive": alive, "held": held}
    groups = {each["name"]: each for each in snapshot.groups.all()}
    return Census(of_all, groups, sets, names, names_of_groups)


_NAMES: Final = "names"


def _counted(name: Name) -> Counter[str]:
    """Return what is counted of a name and its targets."""
    found = Counter({_NAMES: 1, DEAD: int(name.down > 0), FAILING: int(name.is_failing)})
    found.update(target.shown for target in name.targets.values())
    return found


def _of_names(census: Census) -> Iterator[Written]:
    """Yield what is told of names and their targets, by groups that have any, and of all."""
    of_groups = sorted(census.names_of_groups.items())
    yield from _pair(
        families.TARGETS,
        [((name, word), count[word]) for name, count in of_groups for word in CLASSES],
        [((word,), census.names[word]) for word in CLASSES],
    )
    for pair, word in (
        (families.NAMES, _NAMES),
        (families.NAMES_DEAD, DEAD),
        (families.NAMES_FAILING, FAILING),
    ):
        yield from _pair(
            pair, [((name,), count[word]) for name, count in of_groups], [((), census.names[word])]
        )


def _of_groups(census: Census, sums: Sums) -> Iterator[Written]:
    """Yield what is told of each group that there is or was, and of all destinations."""
    names = sorted({*census.groups, *sums.groups})
    counts = [(name, census.groups.get(name, _NOBODY)) for name in names]
    tallies = [(name, sums.groups.get(name, _NOTHING)) for name in names]

    yield from _pair(
        families.DESTINATIONS,
        (((name, word), count[word]) for name, count in counts for word in CLASSES),
        [((word,), census.of_all[word]) for word in CLASSES],
    )
    alive = (((name,), count["alive"]) for name, count in counts)
    yield from _pair(families.ALIVE, alive, [((), census.of_all["alive"])])
    held = (((name,), count["held"]) for name, count in counts)
    yield from _pair(families.HELD, held, [((), census.of_all["held"])])
    counted_time = ((name, availability.ratios(availability.of_group(name))) for name in names)
    yield (
        families.GROUP_AVAILABILITY,
        (((name, each), part) for name, of in counted_time for each, part in of),
    )
    for pair, words in _WORDS:
        yield from _pair(
            pair, _words(tallies, words), [(label, sums.all.words[word]) for word, label in words.items()]
        )
    durations = (((name,), histogram(each.cells)) for name, each in tallies)
    yield from _pair(families.DURATION, durations, [((), histogram(sums.all.cells))])


def _words(tallies: Iterable[tuple[str, Tally]], words: Mapping[str, tuple[str, ...]]) -> Iterator[Row]:
    for name, each in tallies:
        for word, label in words.items():
            yield (name, *label), each.words[word]


def _pair(pair: Pair, by_group: Iterable[Row], of_all: Iterable[Row]) -> Iterator[Written]:
    yield pair.by_group, by_group
    yield pair.of_all, of_all


# What is counted, with the label that each word has there.
_WORDS: Final[Sequence[tuple[Pair, dict[str, tuple[str, ...]]]]] = (
    (families.PINGS, {word: (word,) for word in counted.PINGS}),
    (families.CALLS, dict(zip(counted.CALLS, (("ok",), ("failed",)), strict=True))),
    (families.REPORTS, dict(zip(counted.REPORTS, (("ok",), ("failed",)), strict=True))),
    (families.CHANGES, {word: (STATE_NAMES[state],) for state, word in counted.CHANGES.items()}),
    (families.MISMATCHED, {counted.MISMATCHED: ()}),
)
