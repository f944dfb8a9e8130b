"""GET /metrics: what Prometheus is given, a family at a time and in slices; others are served between."""

import asyncio
import time
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from .. import VERSION
from ..kamailio import clock, counter_rows, destination_rows, free_memory, processes, queues, server_rows
from ..rules import counted, latency
from ..rules.durations import histogram
from ..rules.record import Health
from ..rules.service_code import SHOWN, is_sound, is_taken_out
from ..rules.states import STATE_NAMES, UNKNOWN, UP
from ..rules.times import SECOND
from ..services import uplinks
from ..services.census import Census, Count, Directory, the_directory
from ..services.counters import SLICE, Counters, Tally, the_counters
from . import families
from .families import Family, Pair, Row

MOST_DESTINATIONS: Final = 20_000
"""More of them are told of by group only, a scrape each"""
_DESTINATIONS: Final = "destinations"
_BEGAN: Final = processes.began()

R = TypeVar("R")
Written = tuple[Family, Iterable[Row]]
"""A family, and its rows"""


def serve(app: web.Application) -> None:
    """Have an application answer scrapes."""
    app.router.add_get("/metrics", Metrics(the_directory, the_counters).get)


class Refused(Exception):
    """A scrape is refused; the message says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Metrics:
    """What Prometheus is given. Arguments: directory and counters, of this process."""

    def __init__(self, directory: Directory, counters: Counters) -> None:
        self._directory = directory
        self._counters = counters
        # What is counted may be taken in by one at a time.
        self._turn = asyncio.Lock()

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer a scrape."""
        try:
            keys = await self._wanted(request)
        except Refused as refusal:
            return web.Response(status=refusal.status, text=f"{refusal}\n")
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        if request.method == "HEAD":
            return web.Response(headers=headers)
        response = web.StreamResponse(headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        async for text in self._text(keys):
            await response.write(text)
        await response.write_eof()
        return response

    async def _wanted(self, request: web.Request) -> list[str]:
        """Return the keys of the destinations that are told of one by one. Raises: Refused."""
        query = request.query
        unknown = [name for name in query if name not in ("scope", "group")]
        if unknown or len(query) > len(set(query)):
            raise Refused(400, "the parameters are scope and group, once each")
        if query.get("scope", _DESTINATIONS) != _DESTINATIONS:
            raise Refused(400, f"scope is {_DESTINATIONS}, or it is left out")
        group = query.get("group")
        if "scope" not in query:
            if group is not None:
                raise Refused(400, f"a group needs scope={_DESTINATIONS}: without it all groups are told of")
            return []
        await _through(self._directory.follow())
        if group is None:
            keys = list(self._directory.groups)
            if len(keys) > MOST_DESTINATIONS:
                raise Refused(
                    413,
                    f"there are {len(keys)} destinations, and above {MOST_DESTINATIONS} only those of one "
                    f"group are told of: scope={_DESTINATIONS}&group=NAME",
                )
            return keys
        keys = self._directory.members(group)
        if not keys:
            raise Refused(404, "there is no such group")
        return keys

    async def _text(self, keys: Sequence[str]) -> AsyncIterator[bytes]:
        """Yield what is told, of the destinations of these keys one by one."""
        async with self._turn:
            await _through(self._directory.follow())
            await _through(self._counters.read(set(self._directory.groups.values())))
        census: Census = await _through(self._directory.census())
        written = [*_of_server(self._counters), *_of_groups(census, self._counters)]
        if keys:
            written += _of_each(await _through(_seen(keys, self._directory)))
        for family, rows in written:
            for text in family.text(rows):
                yield text
                await asyncio.sleep(0)


async def _through(task: Generator[None, None, R] | Iterator[None]) -> R:
    """Do a task in slices, others between; return what it returns."""
    while True:
        try:
            next(task)
        except StopIteration as end:
            result: R = end.value
            return result
        await asyncio.sleep(0)


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


def _one(family: Family, value: float) -> Written:
    return family, [((), value)]


# --- groups, and all --------------------------------------------------------------------------------------

_NOBODY: Final = Count()
_NOTHING: Final = Tally()


def _of_groups(census: Census, counters: Counters) -> Iterator[Written]:
    """Yield what is told of each group that there is or was, and of all destinations."""
    tallies, all_ = counters.by_group(), counters.total()
    names = sorted({*census.groups, *tallies})
    counts = [(name, census.groups.get(name, _NOBODY)) for name in names]
    sums = [(name, tallies.get(name, _NOTHING)) for name in names]

    yield from _pair(
        families.DESTINATIONS,
        (((name, word), count.shown[word]) for name, count in counts for word in SHOWN),
        [((word,), census.all.shown[word]) for word in SHOWN],
    )
    alive = (((name,), count.alive) for name, count in counts)
    yield from _pair(families.ALIVE, alive, [((), census.all.alive)])
    held = (((name,), count.held) for name, count in counts)
    yield from _pair(families.HELD, held, [((), census.all.held)])
    for pair, words in _WORDS:
        yield from _pair(
            pair, _words(sums, words), [(label, all_.words[word]) for word, label in words.items()]
        )
    durations = (((name,), histogram(each.cells)) for name, each in sums)
    yield from _pair(families.DURATION, durations, [((), histogram(all_.cells))])


def _words(sums: Iterable[tuple[str, Tally]], words: Mapping[str, tuple[str, ...]]) -> Iterator[Row]:
    for name, each in sums:
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

# --- each destination -------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """A destination, as it is now."""

    labels: tuple[str, str]
    health: Health
    mode: str
    """"" if it is ready"""


def _seen(keys: Iterable[str], directory: Directory) -> Generator[None, None, list[Seen]]:
    """Look at some destinations, in slices; return how they are."""
    found = []
    for number, key in enumerate(keys):
        if number % SLICE == 0:
            yield
        health, code = destination_rows.health(key), destination_rows.service_code(key)
        if health is None or not is_sound(code):
            continue
        admin = destination_rows.admin(key) if is_taken_out(code) else None
        groups = ",".join(directory.groups.get(key, ()))
        found.append(Seen((key, groups), health, admin.mode if admin else ""))
    return found


def _of_each(found: Sequence[Seen]) -> Iterator[Written]:
    yield (
        families.UP,
        ((each.labels, each.health.state == UP) for each in found if each.health.state != UNKNOWN),
    )
    yield families.ADMIN, (((*each.labels, each.mode), 1) for each in found if each.mode)
    yield families.LAST_CHANGE, ((each.labels, each.health.since) for each in found if each.health.since)
    yield (
        families.LATENCY,
        ((each.labels, each.health.latency / SECOND) for each in found if each.health.latency),
    )
    yield (
        families.LOSS,
        ((each.labels, latency.loss(each.health.samples) / 100) for each in found if each.health.samples),
    )
    yield (
        families.RESULTS,
        (
            ((*each.labels, word), number)
            for each in found
            for word, number in _results(each.health).items()
            if number
        ),
    )


def _results(health: Health) -> dict[str, int]:
    return {
        counted.OK: health.ok,
        counted.FAILED: health.failed - health.timeouts,
        counted.TIMEOUT: health.timeouts,
        counted.VOID: health.void,
        counted.DRAINED: health.drained,
    }
