"""What Kamailio's dispatcher says of its sets, and what is to be set there (pure)."""

import re
from typing import Any, Final, NamedTuple

from .quoting import quoted
from .states import DOWN, UNKNOWN, UP

ACTIVE: Final = "A"
INACTIVE: Final = "I"
TRYING: Final = "T"
DISABLED: Final = "D"

WORDS: Final = {ACTIVE: "a", INACTIVE: "i"}
"""What dispatcher.set_state calls the states that are set from here"""

_PING_FROM: Final = re.compile(r"""(?:^|;)\s*ping_from\s*=\s*(?:"([^"]*)"|([^;]*))""")

Place = tuple[int, str]
"""a set's number, and the URI of a destination in it"""


class Entry(NamedTuple):
    """A destination in a set."""

    number: int
    """of the set"""
    uri: str
    state: str
    """ACTIVE, INACTIVE, TRYING, which calls go to as well, or DISABLED, by an administrator"""
    options: dict[str, str]
    """what its attributes say of its pings, by the names of parameters"""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.number, self.uri


def entries_of(answer: Any) -> list[Entry]:
    """Return the destinations of an answer to the RPC command ``dispatcher.list``.

    Raises: ValueError for another answer.
    """
    try:
        return [
            _entry(each["SET"]["ID"], target["DEST"])
            for each in answer["RECORDS"]
            for target in each["SET"]["TARGETS"]
        ]
    except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError(f"no list of sets: {quoted(error)} in {quoted(answer)}") from None


def _entry(number: Any, fields: dict[str, Any]) -> Entry:
    attributes = fields.get("ATTRS") or {}
    said = _PING_FROM.search(attributes.get("BODY") or "")
    options = {
        # Of Kamailio 6.1 on there is a socket for pings alone.
        "ping_socket": attributes.get("PING_SOCKET") or attributes.get("SOCKET"),
        "ping_from": said and (said[1] or said[2] or "").strip(),
        "outbound_proxy": attributes.get("OBPROXY"),
    }
    state = fields["FLAGS"][0]
    if state not in (ACTIVE, INACTIVE, TRYING, DISABLED):
        raise ValueError(f"state {state}")
    return Entry(int(number), fields["URI"], state, {name: text for name, text in options.items() if text})


def parted(entries: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return those entries that can be set, and those that can't: dispatcher finds the first of a URI."""
    first: dict[Place, Entry] = {}
    again = [entry for entry in entries if first.setdefault(entry.place, entry) is not entry]
    return [*first.values()], again


def wanted_state(entry: Entry, answer: int, was_known: bool) -> str | None:
    """Return which state a destination is to have in its set, None if it is to keep the one it has.

    Arguments: entry; answer, of is_alive; was_known, whether a ping ever had a result. Before, a destination
    is left as it came: nobody knows better.
    """
    if entry.state == DISABLED or (answer == UP and not was_known):
        return None
    state = {UP: ACTIVE, DOWN: INACTIVE}.get(answer)
    return None if state == entry.state else state


class Seen:
    """How the sets were when they were looked at last, and who else changes them."""

    def __init__(self) -> None:
        self._came: dict[Place, str] = {}
        """in which state each destination was seen first, as the list or the table has it"""
        self._held: dict[Place, str] = {}
        """in which state it was seen or set last"""
        self._known: set[Place] = set()
        self._changed: dict[Place, list[int]] = {}
        """when somebody else had changed what was right, the last times, in us"""

    def keep(self, entries: list[Entry]) -> None:
        """Forget what stands in no set any more."""
        places = {entry.place for entry in entries}
        self._known &= places
        for of_place in (self._came, self._held, self._changed):
            for place in of_place.keys() - places:
                del of_place[place]

    def look(self, entry: Entry, answer: int, now: int) -> bool:
        """Look at a destination; return whether somebody has marked it as failed while it was held up.

        That is what ds_mark_dst does. What comes inactive, by its flags, is so after each dispatcher.reload
        again, and that is nobody's failure.

        Arguments: entry; answer, of is_alive; now, in us.
        """
        place = entry.place
        came = self._came.setdefault(place, entry.state)
        held = self._held.get(place)
        self._held[place] = entry.state
        right = {UP: ACTIVE, DOWN: INACTIVE}.get(answer)
        if held != right or entry.state in (held, DISABLED):
            return False
        self._changed[place] = [*self._changed.get(place, ()), now][-TIMES:]
        return held == ACTIVE and entry.state != came

    def have_set(self, entry: Entry, state: str) -> None:
        """Take note of what was set."""
        self._held[entry.place] = state

    def was_known(self, entry: Entry, state: int) -> bool:
        """Say whether a destination's state is known, or ever was. Arguments: entry; state, as it is now."""
        if state != UNKNOWN:
            self._known.add(entry.place)
        return entry.place in self._known

    def is_contested(self, entry: Entry, now: int) -> bool:
        """Say whether somebody else changes a destination again and again, and has just done so."""
        times = self._changed.get(entry.place, [])
        return len(times) == TIMES and times[-1] == now and now - times[0] <= WITHIN


TIMES: Final = 4
"""As often somebody else has to change a state within WITHIN to be complained of"""
WITHIN: Final = 300_000_000
"""us"""

# The most of its time that the process of the sets spends on reading them: of 10,000 destinations that takes
# some 0.2 s. If is_alive has changed, it reads them sooner.
_REST: Final = 19
_REST_IF_URGENT: Final = 4
_EVERY: Final = 2_000_000
"""us"""


def next_look(began: int, took: int, is_urgent: bool) -> int:
    """Return when the sets are to be looked at again, in us.

    Arguments: began and took, of the last look, in us; is_urgent, whether is_alive has changed since.
    """
    return began + took + (took * _REST_IF_URGENT if is_urgent else max(_EVERY, took * _REST))
