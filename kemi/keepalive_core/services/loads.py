"""What the script says of parameters and groups while it is loaded: the next load takes this one's place.

Each process loads the script. What a route says later is no load's, and stays.
"""

import logging
from collections.abc import Mapping
from typing import Final

from ..kamailio import group_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules.parameters import Value
from . import group_options, policies
from .configuration import settings

log = logging.getLogger("keepalive")


class _Load:
    """A load of the script in this process, from its beginning until child_init is called."""

    def __init__(self, before: "_Load | None" = None) -> None:
        self.is_going_on = True
        self.groups: dict[str, Mapping[str, Value]] = {}
        """the groups that it gave options, and which"""
        self.parameters_before: Final = settings.of_script()
        self.groups_before: Final = before.groups if before else {}


_load = _Load()


def begin() -> None:
    """Begin to load the script once more: its parameters are what it says from now on."""
    global _load
    _load = _Load(_load)
    settings.take_back({})


def refuse() -> None:
    """End a load that failed: the script that runs has said what it had."""
    settings.take_back(_load.parameters_before)
    _load.groups = _load.groups_before
    _load.is_going_on = False


def end() -> None:
    """End a load, the first one too; groups to which the script gives options no more have none by it."""
    if not _load.is_going_on:
        return
    _load.is_going_on = False
    for name, options in _load.groups_before.items():
        # What a route has said since is nothing that a load could take back.
        is_as_it_was = group_rows.options(name).get(policies.OF_SCRIPT) == options
        if name in _load.groups or not is_as_it_was:
            continue
        try:
            group_options.configure(name, policies.OF_SCRIPT, {})
        except SharedMemoryFull as error:
            log.error("group %s keeps what the script no longer says of it: %s", name, error)


def note_group(name: str, options: Mapping[str, Value]) -> None:
    """Take note that the script has given a group options."""
    if _load.is_going_on:
        _load.groups[name] = options
