"""Every table and queue that Kamailio's processes share, and the settings it keeps for us.

Timer, reply and timeout of one ping run in three processes, each with an interpreter of its own. So the
truth lies here, in tables of the htable module and queues of the mqueue module, and nowhere else:

=========================  ==========================  ==================================================
table or queue             key                         value
=========================  ==========================  ==================================================
``keepalive``              ``generation``              int, counts the registrations
``keepalive``              ``revision``                int, counts registrations and changes of the settings
``keepalive``              ``group_changes``           int, counts the changes of all groups
``keepalive``              ``startup``                 int, how many processes asked to do the start-up
``keepalive``              ``started``                 int, 1 when what is configured was brought in
``keepalive``              ``complete``                int, 1 when nothing of that had to be left out
``keepalive``              ``probers``                 int, how many probers have begun
``keepalive``              ``state_read``              int, a StateRead
``keepalive``              ``unannounced``             int, counts changes of which memory had no room to tell
``keepalive``              ``paused``                  int, 1 while no pings are to be sent, 2 after that
``keepalive``              ``disabled``                int, 1 while the setting ``enabled`` lets none be sent,
                                                       by the first prober
``keepalive``              ``told`` and a word         int, the second of tm.clock() at which that was told
``keepalive``              ``pulse``                   listening.Pulse, two numbers
``keepalive``              ``gaps``                    each listening.Gap, three numbers
``keepalive``              ``queue`` and a socket      listening.Queue: a number, bits, a number
``keepalive``              ``settings``                JSON, the settings in force, by the prober
``keepalive``              ``listeners``               JSON, the fields of each sockets.Listener
``keepalive``              ``callbacks``               JSON, [[callback, user_attr], ...] for all changes
``keepalive``              ``lost``                    int, counts rows that were found missing or nonsense
``keepalive``              ``untold``                  int, 1 when callbacks are to look for news everywhere
``keepalive``              ``callback``                which callback runs, and since when; "" for none
``keepalive_state``        a destination's key         int, what is_alive reads: see shown.py
``keepalive_destination``  a destination's key         JSON, the Registration
``keepalive_health``       a destination's key         health.Health's text, filled up with spaces
``keepalive_history``      a destination's key         JSON, the last changes, the newest last
``keepalive_news``         a destination's key         news.News's text
``keepalive_admin``        a destination's key         JSON, the Admin, where it is not ready
``keepalive_group``        a group's name              its roster: see rosters.py
``keepalive_page``         a page's number             text, a page of a roster
``keepalive_group_change`` a group's name              int, another one after each change of the group
``keepalive_uplink``       a socket                    guards.Uplink as JSON
``keepalive_uplink``       a socket, then a prober's   int, how many of its destinations are behind it
                           number
``keepalive_restored``     a destination's key         a line of the state file, until it is registered
queues keepalive_changes_0 a destination's key         a Wish: the prober of that number has to look at it
to keepalive_changes_7                                 again, and perhaps to ping it soon
queue keepalive_events     JSON, a callbacks.Change    "", callbacks have to be run
=========================  ==========================  ==================================================

A read-modify-write of a destination's rows happens under ``locked(key)``, the lock of its slot in
``keepalive_health``. Inside it only short reads and writes of the other tables happen, no callback, no
second destination's lock. A group's roster has a lock in its own table, taken inside a destination's, never
around one, and one group's at a time; so has an uplink's row. The lock of what is_alive reads of a
destination is taken inside of any other, for one read and one write.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cache, lru_cache, partial
from types import TracebackType
from typing import Any, Final, TypeVar

import KSR

from ..rules import rows
from ..rules.guards import Uplink
from ..rules.health import Health, judged_at
from ..rules.listening import Gap, Pulse, Queue
from ..rules.modes import Admin
from ..rules.news import News
from ..rules.quoting import quoted
from ..rules.remembered import Remembered
from ..rules.rows import Registration
from ..rules.schedule import SECOND, Wish, dealt_to
from ..rules.settings import Value
from ..rules.shown import HOLD
from . import variables

for _module in ("htable", "kex", "mqueue", "pv", "tm"):
    if not hasattr(KSR, _module):
        raise ImportError(
            f"keepalive needs Kamailio's module {_module}: include keepalive.cfg in kamailio.cfg"
        )

log = logging.getLogger("keepalive")

R = TypeVar("R")

COMMON: Final = "keepalive"
STATE: Final = "keepalive_state"
DESTINATION: Final = "keepalive_destination"
HEALTH: Final = "keepalive_health"
HISTORY: Final = "keepalive_history"
NEWS: Final = "keepalive_news"
ADMIN: Final = "keepalive_admin"
GROUP: Final = "keepalive_group"
PAGE: Final = "keepalive_page"
GROUP_CHANGE: Final = "keepalive_group_change"
UPLINK: Final = "keepalive_uplink"
RESTORED: Final = "keepalive_restored"
CHANGES: Final = "keepalive_changes"
EVENTS: Final = "keepalive_events"

# As many as there are queues of changes.
MOST_PROBERS: Final = 8
# While so many changes wait for a prober that stands still, what calls wish for is not queued beside them.
_MOST_WISHES: Final = 20_000
# htable makes 2^31 slots at the most.
MOST_TABLE_SIZE: Final = 31
# So many events wait for callbacks at the most, some 4 MB; what finds no room is in its destination's news.
MOST_EVENTS: Final = 10_000
# A counter whose row made no sense goes on behind this.
_FAR_AHEAD: Final = 1 << 30
# The length of the row that names the callback that runs.
_RUNNING: Final = 256
# The record of a destination's health is a multiple of so many characters long.
HEALTH_STEP: Final = 32
# It is shortened where it is longer by so many characters than it has to be.
HEALTH_SLACK: Final = 128


class SharedMemoryFull(Exception):
    """Kamailio refused to store something, as it does when shared memory has run out."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"shared memory refused {what}: is it full (kamailio -m), is keepalive.cfg included?"
        )


class locked:  # noqa: N801 - used as a statement: with locked(key)
    """Hold a destination's lock; Kamailio's slot locks are re-entrant within a process."""

    __slots__ = ("_key", "_table")

    def __init__(self, key: str, table: str = HEALTH) -> None:
        self._key = key
        self._table = table

    def __enter__(self) -> "locked":
        KSR.htable.sht_lock(self._table, self._key)
        return self

    def record(self) -> str | None:
        """Return the text of the row: of what is known of a destination, None if it is not monitored."""
        text = KSR.htable.sht_get(self._table, self._key)
        return text if isinstance(text, str) else None

    def known(self, record: str) -> Health | None:
        """Return what a record() says; None if it makes no sense."""
        try:
            return rows.health(record)
        except Exception:
            drop_nonsense(HEALTH, self._key, record)
            return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        KSR.htable.sht_unlock(self._table, self._key)


def _store(table: str, key: str, value: str | int) -> None:
    stored = (
        KSR.htable.sht_seti(table, key, value)
        if isinstance(value, int)
        else KSR.htable.sht_sets(table, key, value)
    )
    # 6.x says False where 5.6 raises, and False is not below 0: ask for success, never for failure.
    if not stored > 0:
        raise SharedMemoryFull(f"{key!r} in table {table}")


_exist = False


def _tables_exist() -> bool:
    global _exist
    if not _exist:
        _exist = KSR.htable.sht_inc(COMMON, "generation") > 0
    return _exist


def _text(table: str, key: str) -> str | None:
    """Read a text. Unlike a number it needs its slot's lock while it is copied.

    Without it another process may change or free the text under the copy (30 of 213,000 reads were torn
    under a load of updates on 5.6.3). The lock is held for this one read, inside of any other.
    """
    if not _exist and not _tables_exist():
        return None
    KSR.htable.sht_lock(table, key)
    try:
        text = KSR.htable.sht_get(table, key)
        return text if isinstance(text, str) else None
    finally:
        KSR.htable.sht_unlock(table, key)


def _read(table: str, key: str, parse: Callable[[str], R]) -> R | None:
    """Return what a row says; None if it is missing.

    One that makes no sense costs that row, and a line of the log: who may use RPC may have written it.
    """
    text = _text(table, key)
    if not text:  # a missing one is 0 in the table that has numbers
        return None
    try:
        return parse(text)
    except Exception:
        drop_nonsense(table, key, text)
        return None


def drop_nonsense(table: str, key: str, text: object) -> None:
    """Remove a row that makes no sense, and have the probers see to what was lost with it."""
    with locked(key, table):
        if KSR.htable.sht_get(table, key) != text:
            return  # somebody has been quicker
        KSR.htable.sht_rm(table, key)
    log.error("row %s of table %s makes no sense, and is dropped: %s", quoted(key), table, quoted(text))
    note_lost()


def note_lost() -> None:
    """Have the probers see to rows that were lost; what is counted has its row from the start on."""
    KSR.htable.sht_inc(COMMON, "lost")


def lost() -> int:
    """Return a number that is another one after each row that was found missing or nonsense."""
    return _whole(COMMON, "lost")


def _whole(table: str, key: str) -> int:
    """Return a number, 0 if it is missing or none."""
    value = number(table, key)
    return value if isinstance(value, int) else 0


# --- destinations ---------------------------------------------------------------------------------------


def next_generation() -> int:
    """Return a number that no registration had before, or 0 while the tables do not exist yet.

    They come to exist in htable's own mod_init, which runs after ours where a kamailio.cfg loads
    app_python3 first. This is the one call that tells: it is quiet then, where others log errors or crash.
    """
    return max(0, _next("generation"))


def revision() -> int | None:
    """Return a number that is another one after each registration and each change of the settings.

    What was worked out from these holds as long as the number stays.
    """
    if not _exist and not _tables_exist():
        return None
    return number(COMMON, "revision")


def _revise() -> None:
    # Behind the change, so that whoever reads the new number reads the change too.
    _next("revision")


def _next(counter: str) -> int:
    """Return a counter's next number, and at most 0 while the tables do not exist."""
    value: int = KSR.htable.sht_inc(COMMON, counter)
    if value > 0 or not _exist:
        return value
    # Its row makes no sense. Each time it goes on behind all numbers that it had.
    _store(COMMON, counter, _FAR_AHEAD + int(time.time()) % _FAR_AHEAD)
    note_lost()
    return int(KSR.htable.sht_inc(COMMON, counter))


number: Callable[[str, str], int | None] = KSR.htable.sht_get
"""Return the number that a table has for a key, None for none."""


def shown(key: str) -> int | None:
    """Return what is_alive reads of a destination; None if it is not monitored."""
    value = number(STATE, key)
    return value if isinstance(value, int) else None


def registration(key: str) -> Registration | None:
    """Return how a destination is registered, None if it is not."""
    return _read(DESTINATION, key, partial(_registration, key))


def is_registered_as(key: str, text: str) -> bool:
    """Say whether a destination is registered just as a text says, without looking into it."""
    return _text(DESTINATION, key) == text


def _registration(key: str, text: str) -> Registration:
    known = _registrations.answers.get(text)
    return known or _registrations.remember(text, rows.registration(key, text))


# What is remembered is never changed. As objects they take some six times what they take as text.
_registrations: "Remembered[str, Registration]" = Remembered(4 << 20, lambda text, _: 8 * len(text))


def health(key: str) -> Health | None:
    """Return what is known of a destination, None if it is not monitored."""
    return _read(HEALTH, key, rows.health)


def judged(key: str) -> int | None:
    """Return when the newest ping that was judged had left, us; None if it is not monitored."""
    return _read(HEALTH, key, judged_at)


def store_registration(key: str, registered: Registration) -> None:
    """Write how a destination is registered. Raises: SharedMemoryFull."""
    _store(DESTINATION, key, json.dumps(registered))
    _revise()


def store_health(key: str, known: Health) -> None:
    """Write what is known of a destination. Raises: SharedMemoryFull."""
    store_record(key, known.text())


def store_record(key: str, text: str, room: int = 0) -> None:
    """Write the text of what is known of a destination. Raises: SharedMemoryFull.

    Arguments: key and text; room, the length of the text that is there now.
    """
    # htable writes a text that is no longer than the one before in its place; a longer one costs it a new
    # cell. So it is filled up with spaces, and counters and latencies can grow. Where a long reason has gone,
    # the text gets shorter, and with the next longer one its cell.
    needed = len(text) + -len(text) % HEALTH_STEP
    _store(HEALTH, key, text.ljust(room if needed <= room < needed + HEALTH_SLACK else needed))


def store_shown(key: str, value: int) -> None:
    """Write what is_alive reads; groups that keep it answering go on doing so. Raises: SharedMemoryFull."""
    with locked(key, STATE):
        held = max(0, shown(key) or 0) // HOLD
        _store(STATE, key, value + held * HOLD)


def change_held(key: str, by: int) -> None:
    """Have one group more, or less, keep a destination answering; needs no memory."""
    with locked(key, STATE):
        before = shown(key)
        if before is not None:
            _store(STATE, key, max(before % HOLD, before + by * HOLD))


def store_held(key: str, number: int) -> None:
    """Write how many groups keep a destination answering."""
    with locked(key, STATE):
        before = shown(key)
        if before is not None:
            _store(STATE, key, before % HOLD + number * HOLD)


def history(key: str) -> list[list[Any]]:
    """Return a destination's last changes, the newest last."""
    return _read(HISTORY, key, rows.history) or []


def store_history(key: str, changes: list[list[Any]]) -> None:
    """Write a destination's last changes. Raises: SharedMemoryFull."""
    _store(HISTORY, key, json.dumps(changes))


def news(key: str) -> News | None:
    """Return what is news of a destination to the callbacks, None if it is not monitored."""
    return _read(NEWS, key, News.from_text)


def store_news(key: str, known: News) -> None:
    """Write what is news to the callbacks. Raises: SharedMemoryFull, the first time only."""
    _store(NEWS, key, known.text())


def admin(key: str) -> Admin | None:
    """Return what an administrator said of a destination; None where it is ready."""
    return _read(ADMIN, key, rows.admin)


def store_admin(key: str, said: Admin | None) -> None:
    """Write what an administrator said of a destination. Raises: SharedMemoryFull."""
    if said is None:
        KSR.htable.sht_rm(ADMIN, key)
    else:
        _store(ADMIN, key, json.dumps(said))


def remove(key: str) -> None:
    """Remove all rows of a destination; the one that is_alive reads first."""
    for table in (STATE, HEALTH, DESTINATION, HISTORY, NEWS, ADMIN):
        KSR.htable.sht_rm(table, key)
    _revise()


def roster(name: str) -> str | None:
    """Return a group's roster; None if there is no such group."""
    return _text(GROUP, name)


def store_roster(name: str, text: str | None) -> None:
    """Write a group's roster; None: there is no such group any more. One as long as before needs no memory.

    Raises: SharedMemoryFull; then nothing has changed.
    """
    if text is None:
        KSR.htable.sht_rm(GROUP, name)
        KSR.htable.sht_rm(GROUP_CHANGE, name)
        return
    _store(GROUP, name, text)
    try:
        # Behind the change, so that whoever reads the new number reads the change too.
        store_group_change(name)
    except SharedMemoryFull:
        # That row is there, but for a new group.
        KSR.htable.sht_rm(GROUP, name)
        raise


def store_group_change(name: str) -> int:
    """Write, and return, the number of one more change of a group. Raises: SharedMemoryFull."""
    change = _next_group_change()
    _store(GROUP_CHANGE, name, change)
    return change


def _next_group_change() -> int:
    # No group had it before, so that one that is gone and comes back is another one.
    return _next("group_changes") & 0x7FFFFFFF


group_change: Callable[[str], int | None] = partial(KSR.htable.sht_get, GROUP_CHANGE)
"""Return a number that is another one after each change of a group; None if there is no such group."""


def groups() -> list[str]:
    """Return the names of all groups: walks the whole table."""
    return _keys(GROUP)


def page(number: str) -> str | None:
    """Return a page of a roster; None if there is none of that number any more."""
    return _text(PAGE, number)


def store_page(text: str) -> str:
    """Write a new page of a roster; return its number, which no other one had. Raises: SharedMemoryFull."""
    number = f"{_next('generation') & 0xFFFFFFFF:08x}"
    _store(PAGE, number, text)
    return number


def drop_page(number: str) -> None:
    """Remove a page that no roster names any more."""
    KSR.htable.sht_rm(PAGE, number)


def uplink(socket: str) -> Uplink:
    """Return what is known of a socket."""
    return _read(UPLINK, _uplink_key(socket), rows.uplink) or Uplink()


def store_uplink(socket: str, known: Uplink) -> None:
    """Write what is known of a socket. Raises: SharedMemoryFull."""
    _store(UPLINK, _uplink_key(socket), json.dumps(known))


def uplink_lock(socket: str) -> "locked":
    """Hold a socket's lock."""
    return locked(_uplink_key(socket), UPLINK)


def _uplink_key(socket: str) -> str:
    return socket or "default"


def behind(socket: str) -> int:
    """Return how many destinations are pinged from a socket."""
    return sum(behind_of(socket, prober) for prober in range(probers()))


def behind_of(socket: str, prober: int) -> int:
    """Return how many destinations a prober pings from a socket, as it said."""
    return _whole(UPLINK, f"{_uplink_key(socket)} {prober}")


def store_behind(socket: str, prober: int, number: int) -> None:
    """Write how many destinations a prober pings from a socket. Raises: SharedMemoryFull."""
    _store(UPLINK, f"{_uplink_key(socket)} {prober}", number)


# Below so many percent of free shared memory no ping is sent: what is left is for calls.
LEAST_FREE: Final = 15


@cache
def _least_free() -> int:
    total = KSR.pv.get("$stat(total_size)")
    return total * LEAST_FREE // 100 if isinstance(total, int) else 0


def is_short() -> bool:
    """Say whether so little shared memory is free that calls need all of it; it takes 0.25 us."""
    free = KSR.pv.get("$stat(free_size)")
    return isinstance(free, int) and free < _least_free()


# A transaction of tm takes 8.3 kB (5.6, 6.0) besides the request.
_TRANSACTION: Final = "x" * 12_000


def has_room_for_a_ping() -> bool:
    """Say whether shared memory could hold one more transaction, where a ping could not be sent."""
    room: bool = KSR.htable.sht_sets(COMMON, "room", _TRANSACTION) > 0
    KSR.htable.sht_rm(COMMON, "room")
    return room


def monitored_keys() -> list[str]:
    """Return the keys of all destinations: for the prober's start only, it walks the whole table."""
    return _keys(DESTINATION)


def _keys(table: str) -> list[str]:
    found: list[str] = []
    # The iterator holds a slot's lock between two steps: nothing else happens in this loop.
    KSR.htable.sht_iterator_start(COMMON, table)
    try:
        while KSR.htable.sht_iterator_next(COMMON) > 0:
            found.append(KSR.pv.get("$shtitkey(keepalive)"))
    finally:
        KSR.htable.sht_iterator_end(COMMON)
    return found


def store_restored(key: str, text: str) -> None:
    """Keep what a state file says of a destination until it is registered. Raises: SharedMemoryFull."""
    _store(RESTORED, key, text)


def restored(key: str) -> str | None:
    """Return what a state file says of a destination that is not registered yet."""
    return _text(RESTORED, key)


def restored_keys() -> list[str]:
    """Return the keys of those that a state file knows and that are not registered: walks the whole table."""
    return _keys(RESTORED)


def drop_restored(key: str) -> None:
    """Forget what a state file said of a destination."""
    KSR.htable.sht_rm(RESTORED, key)


# --- start-up and settings ------------------------------------------------------------------------------


def claim_startup() -> bool:
    """Return True in exactly one process: the one that has to register what is configured."""
    return bool(KSR.htable.sht_inc(COMMON, "startup") == 1)


def reserve_rows() -> None:
    """Make rows that are needed later, so that they need no memory then, should the destinations take it all.

    Raises: SharedMemoryFull.
    """
    _store(COMMON, "started", 0)
    _store(COMMON, "complete", 0)
    _store(COMMON, "untold", 0)
    _store(COMMON, "unannounced", 0)
    _store(COMMON, "state_read", 0)
    _store(COMMON, "lost", 0)
    store_running_callback()
    store_disabled(is_disabled())
    with locked("paused", COMMON):  # somebody may have paused already, or do so now
        store_paused(is_paused())
    _revise()
    _next_group_change()


@cache
def probers() -> int:
    """Return how many prober processes there are; those beyond MOST_PROBERS have nothing to do."""
    return _whole_number("probers", 1, MOST_PROBERS)


@cache
def table_size() -> int:
    """Return the power of 2 that is the number of slots of the tables with a row a destination."""
    return _whole_number("table_size", 0, MOST_TABLE_SIZE)


def _whole_number(name: str, least: int, most: int) -> int:
    # What is none is Kamailio's to refuse, which makes processes and tables of the same defines.
    try:
        return min(max(int(variables.defined(name) or least), least), most)
    except (ValueError, variables.Unreadable):
        return least


def pulse() -> Pulse:
    """Return when this server was seen awake."""
    return _read(COMMON, "pulse", rows.pulse) or Pulse()


def store_pulse(known: Pulse) -> None:
    """Write when this server was seen awake. Raises: SharedMemoryFull."""
    # All of one length, so that each is written in the place of the one before.
    _store(COMMON, "pulse", " ".join(f"{number:019d}" for number in known))


def gaps() -> list[Gap]:
    """Return of which times this server saw nothing."""
    return _read(COMMON, "gaps", rows.gaps) or []


def store_gaps(known: Iterable[Gap]) -> None:
    """Write of which times this server saw nothing. Raises: SharedMemoryFull."""
    _store(COMMON, "gaps", ",".join("{} {} {}".format(*each) for each in known))


def queue(address: str) -> Queue | None:
    """Return what is known of the answers at a socket, such as 192.168.10.1:5060; None if it is not known."""
    return _read(COMMON, f"queue {address}", rows.queue)


def store_queue(address: str, known: Queue) -> None:
    """Write what is known of the answers at a socket. Raises: SharedMemoryFull."""
    text = f"{known.newest:019d} {known.dropped:0100x} {known.unread_since:019d}"
    _store(COMMON, f"queue {address}", text)


def may_tell(what: str, now: int, seconds: int = 60) -> bool:
    """Return True in one process of all, once in so many seconds: the one that has to log what all may see.

    Arguments: what, a word for it; now, us; seconds, that have to pass.
    """
    key = f"told {what}"
    with locked(key, COMMON):
        told = _whole(COMMON, key)
        second = now // SECOND
        if told and second < told + seconds:
            return False
        _store(COMMON, key, second)
        return True


def claim_prober() -> int:
    """Return the number of the prober that asks: 0, 1 and so on. Raises: SharedMemoryFull."""
    place: int = KSR.htable.sht_inc(COMMON, "probers")
    if not place > 0:
        raise SharedMemoryFull("the number of a prober")
    return (place - 1) % probers()


def mark_started() -> None:
    """Tell all processes that what is configured is registered."""
    _store(COMMON, "started", 1)


def is_started() -> bool:
    """Say whether what is configured is registered."""
    return bool(KSR.htable.sht_get(COMMON, "started") == 1)


class StateRead(Enum):
    """How much of what the state file has is known; only a file that is known whole may be written over."""

    NOTHING = 0
    WHOLE = 1
    IN_PART = 2
    """memory had no room for the rest"""


def state_read() -> StateRead:
    """Return how much of what the state file has is known."""
    return StateRead(KSR.htable.sht_get(COMMON, "state_read") or 0)


def store_state_read(known: StateRead) -> None:
    """Write how much of what the state file has is known. Raises: SharedMemoryFull."""
    _store(COMMON, "state_read", known.value)


def is_complete() -> bool:
    """Say whether all that is configured is registered."""
    return bool(KSR.htable.sht_get(COMMON, "complete") == 1)


def store_complete(complete: bool) -> None:
    """Write whether all that is configured is registered. Raises: SharedMemoryFull."""
    _store(COMMON, "complete", int(complete))


# What only rises: counters, of which no number is given twice, and others, which come back as they were.
_COUNTERS: Final = ("generation", "revision", "group_changes", "lost")
_MARKS: Final = ("startup", "started", "state_read", "probers", "unannounced")
# A counter that was lost goes on so far behind what was seen of it.
_AHEAD: Final = 1 << 20
_MOST_NUMBER: Final = (1 << 31) - 1


def keep_rising(seen: dict[str, int]) -> list[str]:
    """See to it that counters and marks do not fall back, as they do if somebody deletes their rows.

    Arguments: seen, their numbers when this was called the last time, which become those of now.
    Returns: the names of those that had. Raises: SharedMemoryFull.
    """
    fallen = []
    for name in (*_COUNTERS, *_MARKS):
        value = number(COMMON, name)
        before = seen.get(name, 0)
        if not isinstance(value, int) or value < before:
            value = min(before + (_AHEAD if name in _COUNTERS else 0), _MOST_NUMBER)
            _store(COMMON, name, value)
            fallen.append(name)
        seen[name] = value
    return fallen


_PAUSED: Final = 1
_RESUMED: Final = 2


def is_paused() -> bool:
    """Say whether pings are paused."""
    return bool(KSR.htable.sht_get(COMMON, "paused") == _PAUSED)


def is_pause_lost() -> bool:
    """Say whether nobody has said yet whether pings are paused, or that was deleted."""
    return KSR.htable.sht_get(COMMON, "paused") not in (_PAUSED, _RESUMED)


def store_paused(paused: bool) -> None:
    """Pause all pings, or let them go on. Raises: SharedMemoryFull."""
    _store(COMMON, "paused", _PAUSED if paused else _RESUMED)


def is_disabled() -> bool:
    """Say whether the setting ``enabled`` lets no pings be sent, as the first prober saw it."""
    return bool(KSR.htable.sht_get(COMMON, "disabled") == 1)


def store_disabled(disabled: bool) -> None:
    """Let all processes know whether the setting lets pings be sent. Raises: SharedMemoryFull."""
    _store(COMMON, "disabled", int(disabled))


# One text, as long as the settings are.
_published = lru_cache(maxsize=1)(rows.settings)


def published_settings() -> dict[str, Value] | None:
    """Return the settings in force as the prober published them; None before it did."""
    return _read(COMMON, "settings", _published)


def publish_settings(values: dict[str, Value]) -> None:
    """Let all processes know of the settings in force. Raises: SharedMemoryFull."""
    _store(COMMON, "settings", json.dumps(values))
    _revise()


def listeners() -> list[list[Any]] | None:
    """Return the fields of each sockets.Listener; None before they are known."""
    return _read(COMMON, "listeners", rows.listeners)


def store_listeners(found: list[list[Any]]) -> None:
    """Let all processes know at which sockets this server listens. Raises: SharedMemoryFull."""
    _store(COMMON, "listeners", json.dumps(found))


# --- callbacks and queues -------------------------------------------------------------------------------


def callbacks() -> list[tuple[str, Any]]:
    """Return the callbacks for all changes, each ``module:name`` with its user_attr."""
    return _read(COMMON, "callbacks", rows.callbacks) or []


def store_callback(name: str, user_attr: Any) -> None:
    """Add a callback for all changes; one that is there gets the new user_attr.

    Raises: SharedMemoryFull.
    """
    with locked("callbacks"):
        known = dict(callbacks())
        known[name] = user_attr
        _store(COMMON, "callbacks", json.dumps(list(known.items())))


def announce_change(key: str, wish: Wish = Wish.REGULARLY) -> None:
    """Have its prober look at a destination again, and ping it soon if so.

    Raises: SharedMemoryFull. Then it looks at all of them again within seconds, but the wish is lost.
    """
    queue = f"{CHANGES}_{dealt_to(key, probers())}"
    try:
        # Wishes come with each call, where other changes are as many as there are destinations.
        if wish is Wish.SOON and KSR.mqueue.mq_size(queue) >= _MOST_WISHES:
            raise SharedMemoryFull(f"an entry of queue {queue}, in which {_MOST_WISHES} wait for a prober")
        _enqueue(queue, key, wish.value)
    except SharedMemoryFull:
        KSR.htable.sht_inc(COMMON, "unannounced")
        raise


def unannounced() -> int:
    """Return a number that is another one after each change that could not be announced."""
    return _whole(COMMON, "unannounced")


def announced_changes(prober: int) -> Iterator[tuple[str, Wish]]:
    """Take the keys of the destinations that a prober has to look at, and whether to ping them soon."""
    for key, word in _dequeue(f"{CHANGES}_{prober}"):
        yield key, Wish(word)


def announce_event(text: str) -> None:
    """Have the callbacks run for an event. Raises: SharedMemoryFull, where too many are waiting, too."""
    if KSR.mqueue.mq_size(EVENTS) >= MOST_EVENTS:
        raise SharedMemoryFull(f"an entry of queue {EVENTS}, in which {MOST_EVENTS} wait for a callback")
    _enqueue(EVENTS, text)


def announced_events() -> Iterator[str]:
    """Take the events that callbacks have to be run for; each is given to one process only."""
    for text, _ in _dequeue(EVENTS):
        yield text


def waiting_events() -> int:
    """Return how many events wait for the process that runs callbacks."""
    return max(0, KSR.mqueue.mq_size(EVENTS))


def note_untold() -> None:
    """Have the callbacks look for news everywhere; what is to be noted has its row from the start on."""
    KSR.htable.sht_seti(COMMON, "untold", 1)


def take_untold() -> bool:
    """Say whether the callbacks have to look for news everywhere, and take note that they do."""
    if KSR.htable.sht_get(COMMON, "untold") != 1:
        return False
    KSR.htable.sht_seti(COMMON, "untold", 0)
    return True


def running_callback() -> tuple[int, str]:
    """Return when the callback that runs began, us, and which it is; (0, "") for none."""
    return _read(COMMON, "callback", rows.running_callback) or (0, "")


def store_running_callback(began: int = 0, name: str = "") -> None:
    """Write which callback runs, and since when. Raises: SharedMemoryFull, the first time only."""
    _store(COMMON, "callback", f"{began} {name}"[:_RUNNING].ljust(_RUNNING))


def _enqueue(queue: str, text: str, word: str = "") -> None:
    if not KSR.mqueue.mq_add(queue, text, word) > 0:
        raise SharedMemoryFull(f"an entry of queue {queue}")


def _dequeue(queue: str) -> Iterator[tuple[str, str]]:
    while KSR.mqueue.mq_fetch(queue) > 0:
        yield KSR.mqueue.mqk_get(queue), KSR.mqueue.mqv_get(queue)
