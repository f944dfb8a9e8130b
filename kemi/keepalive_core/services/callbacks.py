"""Who is told of a change: the log, the functions that users registered, and a native route.

The process that decides a change writes the log line and queues the change; one timer process runs all
callbacks, and no other does. So each runs once per change in the whole server, the changes of a destination
come in their order, and a slow callback holds up neither calls nor pings. The queue has an end, and so has
shared memory: then a destination's newest state is told when there is room again.
"""

import importlib
import inspect
import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ..kamailio import callback_rows, clock, destination_rows, queues, tables
from ..kamailio.kamailio_log import NOTICE, about, aloud
from ..rules.news import News
from ..rules.quoting import quoted
from ..rules.rows import RunningCallback, short_text
from ..rules.states import STATE_NAMES
from ..rules.times import MINUTE, SECOND
from . import changed_route, information

log = logging.getLogger("keepalive")

Callback = Callable[..., object]
"""``callback(uri, state, user_attr)``, or with ``event`` as a fourth argument; what it returns is ignored"""

# A callback that takes longer than this, in us, is told of.
LONG: Final = 5 * SECOND

NOT_MONITORED = -1
"""The state in the last change of a destination that is given up."""


# A call of one of these makes an object, and runs none of its lines.
_NEVER_RUN: Final = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)


class InvalidCallback(ValueError):
    """The object can't be called by another process; the message names it and the reason."""


class Change(NamedTuple):
    """A destination's state changed; the order of the fields is the event's in shared memory."""

    key: str
    generation: int
    uri: str
    state: int
    old: int
    """the state before"""
    reason: str
    number: int = 0
    """which of the destination's changes it is, see news.News; 0: none of these"""
    parting: list[list[Any]] = []  # noqa: RUF012 - a NamedTuple's default, never changed
    """callbacks and their user_attr, of owners whose registration is gone with this change"""


def name_of(callback: object) -> str:
    """Return the ``module:name`` by which every process finds the callback.

    Raises: InvalidCallback for what has no such name: a lambda, a local function, a bound method.
    """
    if not callable(callback):
        raise InvalidCallback(f"callback {quoted(callback)} is not a function")
    module = getattr(callback, "__module__", None)
    name = getattr(callback, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise InvalidCallback(f"callback {quoted(callback)} has no name, so no other process can find it")
    if any(is_that(callback) for is_that in _NEVER_RUN):
        raise InvalidCallback(
            f"callback {module}:{name} is a coroutine or a generator, which nobody would run"
        )
    if "<" in name:
        raise InvalidCallback(
            f"callback {name} is a lambda or a local function, which no other process can find"
        )
    try:
        found = _find(f"{module}:{name}")
    except (ImportError, AttributeError) as error:
        raise InvalidCallback(f"callback {module}:{name} can't be found: {error}") from None
    if found is not callback:
        raise InvalidCallback(
            f"callback {module}:{name} is not what that name stands for: a bound method, or redefined"
        )
    return f"{module}:{name}"


def _find(name: str) -> Callback:
    module, _, path = name.partition(":")
    # Looked up anew each time: a reload of the script may have replaced the function.
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    callback: Callback = found
    return callback


def _takes_event(callback: Callback) -> bool:
    try:
        inspect.signature(callback).bind("uri", 0, None, None)
    except (TypeError, ValueError):
        return False
    return True


def log_change(change: Change) -> None:
    """Write the one line that a change gets in the log, at NOTICE."""
    old, new = STATE_NAMES[change.old], STATE_NAMES[change.state]
    log.log(NOTICE, "%s %s -> %s: %s", change.uri, old, new, change.reason)


def expect_news(key: str, state: int) -> None:
    """Make room for the news of a destination, as it is registered. Raises: SharedMemoryFull."""
    # Numbers from the time on, in ms: no two registrations of a destination share any.
    destination_rows.store_news(key, News.none_yet(state, clock.now() // 1000))


def announce(change: Change) -> None:
    """Have the callbacks run for a change, under its destination's lock; it needs no memory.

    A change that finds no room in the queue is kept as news in its destination's row, until the Teller looks.
    """
    try:
        known = destination_rows.news(change.key, is_locked=True)
        known = (known or News.none_yet(change.state, clock.now() // 1000)).one_more()
        destination_rows.store_news(change.key, known)
        queues.announce_event(short_text(change._replace(number=known.changes)))
    except tables.SharedMemoryFull:
        callback_rows.note_untold()


def announce_parting(change: Change) -> None:
    """Have the callbacks run for the last change of a destination, under its lock.

    Raises: SharedMemoryFull.
    """
    queues.announce_event(short_text(change))


class Teller:
    """Runs the callbacks, in the one process that does."""

    def __init__(self) -> None:
        self._merged = 0
        """the number of changes that were told by a newer state alone, since that was logged"""
        self._registered: dict[str, Any] = {}
        """the callbacks for all changes: their row may be lost, and is made anew of this"""
        self._look_again = 0

    def tick(self) -> None:
        """Run the callbacks of all changes that are queued, then of those that found no room in the queue."""
        now = clock.now()
        if now >= self._look_again:
            self._look_again = now + SECOND
            self._keep_registered()
        changed_route.name()  # whether there is one is told at the start
        for text in queues.announced_events():
            change = Change(*json.loads(text))
            if self._is_news(change):
                _run(change)
        if callback_rows.take_untold():
            for key in destination_rows.monitored_keys():
                missed = self._missed(key)
                if missed:
                    _run(missed)
        if self._merged:
            log.warning(
                "%d changes were told to the callbacks by a newer state alone: shared memory or their queue "
                "was full, as after a callback that takes long",
                self._merged,
            )
            self._merged = 0

    def _keep_registered(self) -> None:
        """Register those again that are registered no more: nobody but a deleted row ends a callback."""
        now = dict(callback_rows.callbacks())
        lost = self._registered.keys() - now.keys()
        for name in lost:
            callback_rows.store_callback(name, self._registered[name])
        if lost:
            log.warning("callbacks for all changes were lost, and are registered again: %s", ", ".join(lost))
        self._registered |= now

    def _is_news(self, change: Change) -> bool:
        """Say whether a change that was queued is still to be told, and note that it is."""
        with tables.locked(change.key):
            known = destination_rows.news(change.key)
            registered = destination_rows.registration(change.key)
            if known is None or registered is None or registered.generation != change.generation:
                return True  # the last words of one that is gone
            if change.number <= known.told:
                return False
            self._note(change.key, known, known.after_telling(change.state, change.number))
        return True

    def _missed(self, key: str) -> Change | None:
        """Return a destination's present state as a change, if the callbacks know another, and note it."""
        with tables.locked(key):
            known = destination_rows.news(key)
            registered = destination_rows.registration(key)
            now = destination_rows.health(key)
            if known is None or registered is None or now is None:
                return None
            after = known.caught_up(now.state)
            if after == known:
                return None
            self._note(key, known, after)
        if now.state == known.state:
            return None
        return Change(key, registered.generation, registered.uri, now.state, known.state, now.reason)

    def _note(self, key: str, before: News, after: News) -> None:
        self._merged += after.merged - before.merged
        destination_rows.store_news(key, after)


the_teller = Teller()


def _run(change: Change) -> None:
    """Run the callbacks of one change: those of the destination's owners, those for all, then the route."""
    registered = destination_rows.registration(change.key)
    for name, user_attr in change.parting:
        _call(name, change, user_attr)
    if registered is not None and registered.generation == change.generation:
        for owner in registered.owners.values():
            if owner.callback:
                _call(owner.callback, change, owner.copy_of_user_attr())
    for name, user_attr in callback_rows.callbacks():
        _call(name, change, user_attr)
    if changed_route.name():
        _attend(f"route[{changed_route.name()}]", change, lambda: changed_route.run(change))


def _call(name: str, change: Change, user_attr: Any) -> None:
    def call() -> None:
        callback = _find(name)
        if _takes_event(callback):
            callback(change.uri, change.state, user_attr, information.of(change.key))
        else:
            callback(change.uri, change.state, user_attr)

    _attend(name, change, call)


def _attend(name: str, change: Change, task: Callable[[], object]) -> None:
    """Run something for a change, and see to it that its failure, and its length, are known by its name."""
    began = clock.now()
    callback_rows.store_running_callback(RunningCallback(began, f"{name} for {change.uri}"))
    process = os.getpid()
    try:
        with aloud():
            task()
    # BaseException: sys.exit() in a callback would end the process, and with it all of Kamailio.
    except BaseException:
        log.exception("callback %s failed for %s", name, change.uri, extra=about(name))
    if os.getpid() != process:
        os._exit(0)  # a child that the callback forked: it would run all callbacks once more
    callback_rows.store_running_callback(RunningCallback())
    took = clock.now() - began
    if took > LONG:
        log.warning("callback %s for %s took %.1f s", name, change.uri, took / SECOND, extra=about(name))


class Overseer:
    """Tells of a callback that takes long, from a process that does not wait for it."""

    def __init__(self) -> None:
        self._told = RunningCallback()
        self._tell_again = 0
        self._look_again = 0

    def look(self) -> None:
        """Name the callback that runs, if it has for long: once, and then each minute."""
        now = clock.now()
        if now < self._look_again:
            return
        self._look_again = now + SECOND
        running = callback_rows.running_callback()
        took_us = now - running.began_us
        if running.name and took_us > LONG and (running != self._told or now >= self._tell_again):
            self._told = running
            self._tell_again = now + MINUTE
            log.warning(
                "callback %s runs for %d s already: %d changes wait behind it, calls and pings do not",
                *(running.name, took_us // SECOND, queues.waiting_events()),
            )


the_overseer = Overseer()
