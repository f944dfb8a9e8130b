"""The groups: which members they have and which of these answer, when that changed, and their options.

==================================  ===============  ===============================================
table                               key              value
==================================  ===============  ===============================================
``keepalive_group``                 a group's name   its roster: see rosters.py
``keepalive_page``                  a page's number  text, a page of a roster
``keepalive_group_change``          a group's name   int, another one after each change of the group
``keepalive``                       group_changes    int, counts the changes of all groups
``keepalive_group_availability``    a group's name   uptime.Counted's text, how long it was up
``keepalive_group_options``         a group's name   JSON, the options that each gave it who configured
                                                     it
``keepalive``                       group_options    int, counts the changes of all groups' options
``keepalive``                       groups_          int, counts the groups that the script has given
                                    configured       options
==================================  ===============  ===============================================
"""

from collections.abc import Callable, Mapping
from functools import partial

import KSR

from ..rules import rows
from ..rules.parameters import Value
from ..rules.uptime import Counted
from .revised_rows import revise
from .tables import (
    COMMON,
    GROUP,
    GROUP_AVAILABILITY,
    GROUP_CHANGE,
    GROUP_OPTIONS,
    PAGE,
    SharedMemoryFull,
    all_keys,
    get,
    locked,
    next_number,
    read_number,
    read_row,
    read_text,
    store,
)


def roster(name: str) -> str | None:
    """Return a group's roster; None if there is no such group."""
    return read_text(GROUP, name)


def store_roster(name: str, text: str | None) -> None:
    """Write a group's roster; None: there is no such group any more.

    A text of the same length needs no memory. Raises: SharedMemoryFull; then nothing has changed.
    """
    if text is None:
        KSR.htable.sht_rm(GROUP, name)
        KSR.htable.sht_rm(GROUP_CHANGE, name)
        KSR.htable.sht_rm(GROUP_AVAILABILITY, name)
        return
    store(GROUP, name, text)
    try:
        # Behind the change, so that whoever reads the new number reads the change too.
        store_group_change(name)
    except SharedMemoryFull:
        # That row is there, but for a new group.
        KSR.htable.sht_rm(GROUP, name)
        raise


def store_group_change(name: str) -> int:
    """Write, and return, the number of one more change of a group. Raises: SharedMemoryFull."""
    change = next_group_change()
    store(GROUP_CHANGE, name, change)
    return change


def next_group_change() -> int:
    """Return a number for one more change of a group; one that is gone and comes back has another one."""
    return next_number("group_changes") & 0x7FFFFFFF


group_change: Callable[[str], int | None] = partial(get, GROUP_CHANGE)
"""Return a number that is another one after each change of a group; None if there is no such group."""


def availability(name: str, is_locked: bool = False) -> Counted | None:
    """Return how much of its time a group was up; None if nothing is counted yet."""
    return read_row(GROUP_AVAILABILITY, name, Counted.from_text, is_locked)


def store_availability(name: str, counted: Counted) -> None:
    """Write how much of its time a group was up, under its lock. Raises: SharedMemoryFull."""
    store(GROUP_AVAILABILITY, name, counted.text())


def groups() -> list[str]:
    """Return the names of all groups: walks the whole table."""
    return all_keys(GROUP)


def page(number: str) -> str | None:
    """Return a page of a roster; None if there is none of that number any more."""
    return read_text(PAGE, number)


def page_of_locked(number: str) -> str | None:
    """Return a page of a roster whose lock the caller holds, under which alone its pages come and go."""
    text = get(PAGE, number)
    return text if isinstance(text, str) else None


def store_page(text: str) -> str:
    """Write a new page of a roster; return its number, which no other one had. Raises: SharedMemoryFull."""
    number = f"{next_number('generation') & 0xFFFFFFFF:08x}"
    store(PAGE, number, text)
    return number


def drop_page(number: str) -> None:
    """Remove a page that no roster names any more."""
    KSR.htable.sht_rm(PAGE, number)


# --- options ------------------------------------------------------------------------------------------------


def options(name: str) -> dict[str, dict[str, Value]]:
    """Return the options of a group, by their owners; a group needs no members to have some."""
    return read_row(GROUP_OPTIONS, name, rows.group_options) or {}


def store_options(name: str, owner: str, given: Mapping[str, Value]) -> bool:
    """Write the options that an owner gives a group; they take the place of those that it gave before.

    Returns: whether they are other ones. Raises: SharedMemoryFull; then nothing has changed.
    """
    with locked(name, GROUP_OPTIONS):
        before = options(name)
        # An owner without options keeps its place, as the group keeps its row: what is missing has been lost.
        after = {**before, owner: dict(given)}
        if after == before:
            return False
        store(GROUP_OPTIONS, name, rows.json_text(after))
        note_options()
    return before.get(owner, {}) != given


def configured() -> int:
    """Return how many groups the script has ever given options."""
    return read_number(COMMON, "groups_configured")


def count_configured() -> None:
    """Count one more of them."""
    next_number("groups_configured")


def mend_options(name: str, known: Mapping[str, Mapping[str, Value]], change: int) -> int:
    """Write the options of a group anew, if their row has other ones since nobody has given it any.

    Arguments: name; known, its options, as they were at a change; change, as options_change() gave it then.
    Returns: the number of this change, 0 for none. Raises: SharedMemoryFull.
    """
    if options(name) == known:
        return 0
    with locked(name, GROUP_OPTIONS):
        if options_change() != change or options(name) == known:
            return 0
        store(GROUP_OPTIONS, name, rows.json_text(known))
        return note_options()


def note_options() -> int:
    """Tell of a change of options, behind it: whoever reads the new number reads the change too."""
    change = next_number("group_options")
    revise()
    return change


def options_change() -> int:
    """Return a number that is another one after each change of any group's options."""
    return read_number(COMMON, "group_options")


def groups_with_options() -> list[str]:
    """Return the names of all groups that have options: walks the whole table."""
    return all_keys(GROUP_OPTIONS)
