"""Options of groups: what configure_group() and the list file say of all members of a group.

They are rows of their own, as a group may have options before it has members. Who takes its options back
keeps an empty place in the row: so what is missing has been lost, and is made anew.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from ..kamailio import group_rows
from ..kamailio.kamailio_log import about
from ..kamailio.tables import SharedMemoryFull
from ..rules.checks import Refused
from ..rules.parameters import Value
from ..rules.quoting import quoted
from ..rules.replacing import MOST_FAULTS
from . import groups, policies

log = logging.getLogger("keepalive")

# A route that makes a name for each call would fill shared memory.
MOST_CONFIGURED: Final = 10_000
# The number of rows that are looked for in a second.
_AT_ONCE: Final = 20


def configure(name: str, owner: str, options: Mapping[str, Value]) -> None:
    """Give a group options; they take the place of those that this owner gave it before.

    Arguments: name, of the group; owner, policies.OF_SCRIPT or OF_LIST_FILE; options, checked.
    Raises: SharedMemoryFull; then nothing has changed.
    """
    if not group_rows.store_options(name, owner, options):
        return
    said = ", ".join(f"{option} {value}" for option, value in options.items())
    log.info(
        "group %s has other options from now on, by the %s: %s",
        *(name, owner, said or "none"),
        extra=about(name),
    )
    # If memory has no room to keep one more member answering, the look at all groups sees to that later.
    with suppress(SharedMemoryFull):
        groups.guard(name)


def configure_for_script(name: str, options: Mapping[str, Value]) -> None:
    """Give a group what the script says of it, in the place of what it said before.

    Raises: Refused, SharedMemoryFull; then nothing has changed.
    """
    is_new = policies.OF_SCRIPT not in group_rows.options(name)
    if is_new and group_rows.configured() >= MOST_CONFIGURED:
        raise Refused(
            f"{quoted(name)} gets no options, as {MOST_CONFIGURED} groups have some: are their names made of "
            "what calls say?"
        )
    configure(name, policies.OF_SCRIPT, options)
    if is_new:
        group_rows.count_configured()


def configure_missing(name: str, options: Mapping[str, Value]) -> None:
    """Give a group what mod_init said of it, unless the script has said something since.

    Raises: SharedMemoryFull.
    """
    if policies.OF_SCRIPT not in group_rows.options(name):
        configure(name, policies.OF_SCRIPT, options)


def replace_listed(listed: Mapping[str, Mapping[str, Value]]) -> None:
    """Make the options that the list file gives to groups those that it has now.

    Raises: SharedMemoryFull; then some may be the new ones, and some those of before.
    """
    for name in other_than_listed(listed):
        configure(name, policies.OF_LIST_FILE, listed.get(name, {}))


def other_than_listed(listed: Mapping[str, Mapping[str, Value]]) -> list[str]:
    """Return the groups to which the list file gives other options than it did."""
    before = {
        name: group_rows.options(name).get(policies.OF_LIST_FILE, {})
        for name in (*group_rows.groups_with_options(), *listed)
    }
    return [name for name, options in before.items() if options != listed.get(name, {})]


def tell_of_empty(names: Iterable[str]) -> None:
    """Warn of groups with options in the list file that nobody is in: a slip in their names, most likely."""
    empty = [name for name in names if group_rows.roster(name) is None]
    if empty:
        told = ", ".join(
            [*map(quoted, empty[:MOST_FAULTS]), *(["and others"] if empty[MOST_FAULTS:] else [])]
        )
        log.warning(
            "the list file has options of group %s, and nobody is in it: is that as group= has it?", told
        )


class Kept:
    """The options of all groups, as the first prober remembers them for the day when a row is lost."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, dict[str, Value]]] = {}
        self._change = -1
        self._round: list[str] = []

    def keep(self) -> None:
        """Take over what has changed, and make lost rows anew. Raises: SharedMemoryFull."""
        change = group_rows.options_change()
        if change != self._change:
            self._take_over()
            self._change = change
        self._round = self._round or list(self._known)
        for name in self._round[:_AT_ONCE]:
            mended = group_rows.mend_options(name, self._known[name], self._change)
            if mended:
                log.warning("options of group %s were missing or made no sense, and are made anew", name)
            # Anybody's change between is not known yet.
            if mended == self._change + 1:
                self._change = mended
        del self._round[:_AT_ONCE]

    def _take_over(self) -> None:
        """Take over what has changed, and look first for what is missing in it."""
        rows = {name: group_rows.options(name) for name in group_rows.groups_with_options()}
        for name, options in rows.items():
            # Whoever wrote a row that was lost has written its own options alone.
            self._known[name] = {**self._known.get(name, {}), **options}
        lost = [name for name, known in self._known.items() if rows.get(name) != known]
        self._round = [*lost, *self._round]
