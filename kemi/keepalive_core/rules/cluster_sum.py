"""A number for how a node of a cluster is configured: nodes that say another one differ (pure)."""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from .cluster_orders import shared
from .rows import Owner

ITS_OWN: Final = frozenset({"ping_from", "ping_socket", "list_file", "state_file", "log_format"})
"""parameters that may well be others at each node"""
_MOST: Final = 2**31 - 1


def of_settings(values: Mapping[str, Any]) -> int:
    """Return the part of the number that the settings in force make."""
    return zlib.crc32(json.dumps(_alike(values), sort_keys=True).encode())


def of_group(name: str, given: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the part of the number that the options of a group make. Arguments: given, by their owners."""
    said = {owner: alike for owner, options in given.items() if (alike := _alike(options))}
    return zlib.crc32(json.dumps([name, said], sort_keys=True).encode()) if said else 0


def of_destination(key: str, owners: Mapping[str, Owner]) -> int:
    """Return the part of the number that a destination makes."""
    said = [
        [name, *shared(wanted)._replace(options=_alike(wanted.options))]
        for name, wanted in sorted(owners.items())
    ]
    return zlib.crc32(json.dumps([key, said], sort_keys=True).encode())


def _alike(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ITS_OWN}


def number(parts: int) -> int:
    """Return the number of the parts that were added up; it is not 0, which says that it is not known."""
    return parts % _MOST + 1
