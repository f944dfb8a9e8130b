"""The groups: who is in them and who answers, and when that changed.

==========================  ===============  ===================================================
table                       key              value
==========================  ===============  ===================================================
``keepalive_group``         a group's name   its roster: see rosters.py
``keepalive_page``          a page's number  text, a page of a roster
``keepalive_group_change``  a group's name   int, another one after each change of the group
``keepalive``               group_changes    int, counts the changes of all groups
==========================  ===============  ===================================================
"""

from collections.abc import Callable
from functools import partial

import KSR

from .tables import GROUP, GROUP_CHANGE, PAGE, SharedMemoryFull, all_keys, next_number, read_text, store


def roster(name: str) -> str | None:
    """Return a group's roster; None if there is no such group."""
    return read_text(GROUP, name)


def store_roster(name: str, text: str | None) -> None:
    """Write a group's roster; None: there is no such group any more. One as long as before needs no memory.

    Raises: SharedMemoryFull; then nothing has changed.
    """
    if text is None:
        KSR.htable.sht_rm(GROUP, name)
        KSR.htable.sht_rm(GROUP_CHANGE, name)
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


group_change: Callable[[str], int | None] = partial(KSR.htable.sht_get, GROUP_CHANGE)
"""Return a number that is another one after each change of a group; None if there is no such group."""


def groups() -> list[str]:
    """Return the names of all groups: walks the whole table."""
    return all_keys(GROUP)


def page(number: str) -> str | None:
    """Return a page of a roster; None if there is none of that number any more."""
    return read_text(PAGE, number)


def store_page(text: str) -> str:
    """Write a new page of a roster; return its number, which no other one had. Raises: SharedMemoryFull."""
    number = f"{next_number('generation') & 0xFFFFFFFF:08x}"
    store(PAGE, number, text)
    return number


def drop_page(number: str) -> None:
    """Remove a page that no roster names any more."""
    KSR.htable.sht_rm(PAGE, number)
