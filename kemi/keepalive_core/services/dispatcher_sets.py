"""Dispatcher's sets obey: what is_alive says of a destination is set in each set that it stands in.

A process of its own looks at the sets every few seconds, and as soon as is_alive has changed. So it does not
matter who else sets a state: dispatcher.reload, which makes all active, is put right; ds_mark_dst counts as
report_failure does; and what an administrator disabled is left alone.
"""

import logging

from ..kamailio import clock, dispatcher
from ..kamailio.rpc import Unanswered
from ..rules import dispatcher_list
from ..rules.dispatcher_list import Entry, Place, Seen, wanted_state
from ..rules.minutely import Minutely
from ..rules.states import DOWN, UP
from . import intake, lookup, startup
from .dispatcher_owners import Owners, is_owned

log = logging.getLogger("keepalive")


class Sets:
    """What one process knows of dispatcher's sets."""

    def __init__(self) -> None:
        self._minutely = Minutely()
        self._owners = Owners(self._minutely)
        self._seen = Seen()
        self._entries: dict[Place, Entry] = {}
        """as they were read last, or set since"""
        self._began = 0
        self._took = 0
        """us, which the last look took"""
        self._answers: list[int] = []
        """what is_alive said of each of the entries at the last look"""

    def tick(self) -> None:
        """Follow the sets, if that is due; for the timer. Raises: SharedMemoryFull."""
        now = clock.now()
        if not startup.start():
            return
        if now < dispatcher_list.next_look(self._began, self._took, is_urgent=False):
            if now < dispatcher_list.next_look(self._began, self._took, is_urgent=True):
                return
            if self._answers == self._answers_now():
                return
        self._began = now
        try:
            self._read()
            self._owners.follow([*self._entries.values()], now)
            self._obey([*self._entries.values()])
        except Unanswered as error:
            if self._minutely.may_tell("unread", now):
                log.error("dispatcher's sets are not followed, nothing changes: %.300s", error)
        finally:
            self._answers = self._answers_now()
            self._took = clock.now() - now

    def _answers_now(self) -> list[int]:
        return [lookup.is_alive(uri) for _, uri in self._entries]

    def sync(self) -> None:
        """Set the states of those that are monitored for their sets. Raises: SharedMemoryFull, Unanswered."""
        self._read()
        self._obey([entry for entry in self._entries.values() if is_owned(entry)])

    def set_one(self, number: int, uri: str) -> None:
        """Set the state of one destination. Raises: SharedMemoryFull, Unanswered."""
        if clock.now() >= dispatcher_list.next_look(self._began, self._took, is_urgent=True):
            self._read()
        if (number, uri) not in self._entries:
            raise Unanswered(f"it has no {uri:.300} in set {number}")
        self._obey([self._entries[number, uri]])

    def _read(self) -> None:
        """Read all sets. Raises: Unanswered."""
        began = clock.now()
        entries, again = dispatcher_list.parted(dispatcher.entries())
        self._began, self._took = began, clock.now() - began
        self._entries = {entry.place: entry for entry in entries}
        self._seen.keep(entries)
        if again and self._minutely.may_tell("twice", began):
            log.warning(
                "dispatcher set %d: %.300s is there more than once, and only the first of them can be set: "
                "give each a URI of its own, such as by a parameter",
                *again[0].place,
            )

    def _obey(self, entries: list[Entry]) -> None:
        now = clock.now()
        marked = {
            lookup.monitored_key(entry.uri): entry
            for entry in entries
            if self._seen.look(entry, lookup.is_alive(entry.uri), now)
        }
        for key, entry in marked.items():
            intake.report(key, False, f"dispatcher set {entry.number}: marked as failed")
        for entry in entries:
            answer = lookup.is_alive(entry.uri)
            was_known = self._seen.was_known(entry, lookup.state(entry.uri))
            if self._seen.is_contested(entry, now):
                self._tell_contested(entry, answer, now)
            state = wanted_state(entry, answer, was_known)
            if state:
                self._set(entry, state)

    def _set(self, entry: Entry, state: str) -> None:
        try:
            dispatcher.set_state(entry, state)
        except Unanswered as error:
            if self._minutely.may_tell("refused", clock.now()):
                log.error("dispatcher set %d: %.300s is not set to %s: %.300s", *entry.place, state, error)
        else:
            self._entries[entry.place] = entry._replace(state=state)
            self._seen.have_set(entry, state)

    def _tell_contested(self, entry: Entry, answer: int, now: int) -> None:
        if self._minutely.may_tell("contested", now):
            log.warning(
                "dispatcher set %d: somebody else makes %.300s %s again and again, while it is %s here: if "
                "dispatcher pings by itself, set its ds_ping_interval to 0; else look for a script that does",
                *(*entry.place, entry.state, {UP: "up", DOWN: "down"}.get(answer, "unknown")),
            )


the_sets = Sets()
