"""What operators see of all destinations: the view, its groups, and the list."""

import math
import os
import time
from collections.abc import Generator
from typing import Any, Final

from .. import VERSION
from ..kamailio import destination_rows, name_rows, server_rows
from ..rules.checks import Refused
from ..rules.latency import loss
from ..rules.modes import READY
from ..rules.operator import Operator
from ..rules.quoting import quoted
from ..rules.record import Health
from ..rules.showing import samples_of
from ..rules.states import STATE_NAMES
from . import shown_cluster, shown_targets
from .paging import Pages
from .shown_rows import Row
from .snapshot import the_snapshot

Answer = Generator[float | None, None, Any]
"""a generator: it yields None, or the seconds for which it has nothing to do, and returns the answer"""

MOST_ROWS: Final = 1000
"""of a view"""
MOST_WITH_TARGETS: Final = 100
"""of a view that has the targets of each name, too, of which there may be 64"""
MOST_NAMED: Final = 200
"""the most destinations of which a view asks by their names"""
_GROUPS: Final = 100
"""the most groups of a view"""
# How long a view that may be partial waits for all destinations: a page wants to show what is there.
_PATIENCE_S: Final = 0.5
# Rows that are made between two yields, each in 20 us; and those that are looked through.
_AT_ONCE: Final = 20


def view(
    operator: Operator,
    sort: str,
    start: int,
    count: int,
    group: str,
    state: str,
    search: str,
    destinations: list[str],
    partial: bool,
    names: str,
    targets: bool,
) -> Answer:
    """Return counts, groups in trouble, and some rows, as they are at one moment.

    Arguments: as docs/rpc.md has them. Raises: Refused for a group that has no members.
    """
    if targets and count > MOST_WITH_TARGETS:
        raise Refused(f"count {count}: with targets it is {MOST_WITH_TARGETS} at the most")
    yield from the_snapshot.fresh(patience_s=_PATIENCE_S if partial else math.inf)
    if sort == "latency":
        yield from the_snapshot.latencies()
    if destinations:
        matching = [row for key in destinations if (row := the_snapshot.row(key))]
    else:
        matching = _matching(the_snapshot.sorted(sort), group, state, search, names)
    seen = _of_all()
    rows = []
    for number, row in enumerate(matching[start : start + count], 1):
        rows.append(_shown(row, targets))
        # A name may have 64 targets, and what a cluster says of a row takes as long as all else.
        if row.name is not None or (not number % _AT_ONCE and "cluster" in seen):
            yield None
    return {**seen, "total": len(matching), "rows": rows}


def _of_all() -> dict[str, Any]:
    """Return what a view says of all destinations, whatever rows it has."""
    groups = the_snapshot.groups.all()
    in_cluster = {"cluster": shown_cluster.server()} if shown_cluster.is_on() else {}
    return {
        "at": int(time.time()),
        "server": os.uname().nodename,
        "version": VERSION,
        "counts": dict(the_snapshot.counts),
        "names": the_snapshot.names.counted(),
        "targets": dict(the_snapshot.names.counts),
        "paused": server_rows.is_paused(),
        "enabled": not server_rows.is_disabled(),
        "complete": the_snapshot.is_complete,
        "groups": groups[:_GROUPS],
        "groups_total": len(groups),
        **in_cluster,
    }


def groups(operator: Operator) -> Answer:
    """Return what is known of each group, those in trouble first."""
    yield from the_snapshot.fresh()
    return the_snapshot.groups.all()


def _matching(rows: list[Row], group: str, state: str, search: str, names: str = "") -> list[Row]:
    if names:
        rows = [row for row in rows if row.name is not None and row.name.is_one_of(names)]
    if group:
        # While the snapshot is made a group may only not be there yet.
        if group not in the_snapshot.groups and the_snapshot.is_complete:
            raise Refused(f"there is no group {quoted(group)}")
        rows = [row for row in rows if group in row.groups]
    if state:
        rows = [row for row in rows if row.shown == state]
    if search:
        text = search.lower()
        rows = [row for row in rows if text in row.text]
    return rows


def _shown(row: Row, with_targets: bool) -> dict[str, Any]:
    """Return what is shown of a destination, as it is now."""
    known = destination_rows.health(row.key) or Health(0)
    admin = destination_rows.admin(row.key)
    resolution = None if row.name is None else name_rows.resolution(row.key)
    shown = {
        "destination": row.key,
        "uri": row.uri,
        "shown": row.shown,
        "state": STATE_NAMES[known.state],
        "admin": admin.mode if admin else READY,
        "why": admin.why if admin else "",
        "by": admin.by if admin else "",
        "until": admin.until if admin else 0,
        "since": admin.since if admin else known.since,
        "reason": known.reason,
        "latency_ms": known.latency / 1000,
        "loss": round(loss(known.samples), 1),
        "groups": list(row.groups),
        "samples": samples_of(known.samples),
        "name": resolution and shown_targets.at_a_glance(resolution),
    }
    if with_targets:
        shown["targets"] = list(shown_targets.of(row.key, resolution))
    if shown_cluster.is_on():
        shown["cluster"] = shown_cluster.at_a_glance(row.key, known.reason)
    return shown


# --- the list -----------------------------------------------------------------------------------------------

_pages: Final = Pages[Row | tuple[Row, int]]()


def list_all(operator: Operator, start: int, count: int, group: str, state: str) -> Answer:
    """Return one object for each destination and owner, in the order of the destinations.

    Arguments: start and count, which of them, 0 for all; group and state, "" for any.
    Raises: Refused for a group that has no members.
    """
    yield from the_snapshot.fresh()
    entries = _pages.page(
        (operator, group, state),
        start,
        count,
        lambda: _entries(_matching(the_snapshot.sorted("name"), group, state, "")),
    )
    found = []
    for number, entry in enumerate(entries, 1):
        found.append(_listed(*entry) if isinstance(entry, tuple) else _listed(entry, 0))
        if not number % _AT_ONCE:
            yield None
    return found


def _entries(rows: list[Row]) -> list[Row | tuple[Row, int]]:
    """Return an entry for each owner of each row; nearly all have one, and are that entry themselves."""
    if all(len(row.owners) == 1 for row in rows):
        return list(rows)
    return [entry for row in rows for entry in ((row, number) for number in range(len(row.owners)))]


def _listed(row: Row, number: int) -> dict[str, Any]:
    known = destination_rows.health(row.key) or Health(0)
    admin = destination_rows.admin(row.key)
    name, group = row.owners[number] if number < len(row.owners) else ("", "")
    return {
        "uri": row.uri,
        "owner": name,
        "last checked": known.checked,
        "last up": known.last_up,
        "last down": known.last_down,
        "state": known.state,
        "destination": row.key,
        "group": group,
        "admin": admin.mode if admin else READY,
        "reason": known.reason,
    }
