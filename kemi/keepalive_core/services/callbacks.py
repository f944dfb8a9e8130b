"""Who is told of a change: the functions that users registered, and a native route.

One timer process runs all callbacks, and no other does. So each runs once per change in the whole server, the
changes of a destination come in their order, and a slow callback holds up neither calls nor pings. A change
that found no room in the queue is told later, by the destination's newest state.
"""

import json
import logging
import os
from collections.abc import Callable
from typing import Any, Final

from ..kamailio import callback_rows, clock, destination_rows, queues, tables
from ..kamailio.kamailio_log import about, aloud
from ..rules.news import News
from ..rules.rows import RunningCallback
from ..rules.times import MINUTE, SECOND
from . import changed_route, information, policies
from .announcements import Change
from .callback_names import find, takes_event
from .terms import terms_of

log = logging.getLogger("keepalive")

# A callback that takes longer than this, in us, is told of.
LONG: Final = 5 * SECOND


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
            if known is None or registered is None or now is None or not terms_of(key).is_told:
                return None
            after = known.caught_up(now.state)
            if after == known:
                return None
            self._note(key, known, after)
        if now.state == known.state:
            return None
        uri = key if registered.target else registered.uri
        return Change(key, registered.generation, uri, now.state, known.state, now.reason)

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
        wanted = policies.as_wanted(registered)
        for owner in wanted.owners.values() if wanted else ():
            if owner.callback:
                _call(owner.callback, change, owner.copy_of_user_attr())
    for name, user_attr in callback_rows.callbacks():
        _call(name, change, user_attr)
    if changed_route.name():
        _attend(f"route[{changed_route.name()}]", change, lambda: changed_route.run(change))


def _call(name: str, change: Change, user_attr: Any) -> None:
    def call() -> None:
        callback = find(name)
        if takes_event(callback):
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
