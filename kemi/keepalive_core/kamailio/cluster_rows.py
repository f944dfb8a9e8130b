"""What is known of the cluster and said to the other processes of this node; one process alone writes it.

=====================  ======================  ==========================================================
table                  key                     value
=====================  ======================  ==========================================================
``keepalive_cluster``  ``view``                cluster_row_text.ViewRow, who is there: changes seldom
``keepalive_cluster``  ``me``                  OwnRow, numbers of this node
``keepalive_cluster``  ``followed``            int, when its process looked at the words last, in s
``keepalive_cluster``  ``ticked:`` and a       int, when that prober had its turn last, in s
                       prober's number
``keepalive_cluster``  ``peer:`` and a node    PeerRow, one for each that is configured
``keepalive_cluster``  ``case:`` and a key     CaseRow, of a destination that is not calm
=====================  ======================  ==========================================================

A prober writes its own one. The table exists with KEEPALIVE_NODE alone. Without it nothing here may be
called.
"""

import KSR

from ..rules.cluster_row_text import CaseRow, OwnRow, PeerRow, ViewRow, parsed, text
from ..rules.times import SECOND
from . import variables
from .tables import CLUSTER, all_keys, read_number, read_row, read_text, store

_VIEW = "view"
_ME = "me"
_FOLLOWED = "followed"
_TICKED = "ticked:"
# A cluster's process that does nothing for so long does nothing any more; it has its turn each 0.1 s.
_MOST_STILL_SECONDS = 10
_PEER = "peer:"
_CASE = "case:"


def view() -> ViewRow | None:
    """Return how this node sees the cluster; None before it has looked."""
    return read_row(CLUSTER, _VIEW, lambda said: parsed(ViewRow, said))


def view_text() -> str:
    """Return the row of view() as it is, so that whoever has seen it need not read it again; "" for none."""
    return read_text(CLUSTER, _VIEW) or ""


def store_view(row: ViewRow) -> None:
    """Write how this node sees the cluster. Raises: SharedMemoryFull."""
    store(CLUSTER, _VIEW, text(row))


def own() -> OwnRow:
    """Return the numbers of this node."""
    return read_row(CLUSTER, _ME, lambda said: parsed(OwnRow, said)) or OwnRow()


def store_own(row: OwnRow) -> None:
    """Write the numbers of this node. Raises: SharedMemoryFull."""
    store(CLUSTER, _ME, text(row))


def store_followed(now: int) -> None:
    """Write that states follow what the nodes say, at a time in us. Raises: SharedMemoryFull."""
    store(CLUSTER, _FOLLOWED, now // SECOND)


def followed() -> int:
    """Return when states followed what the nodes say, in s; if that stays the same, they don't."""
    return read_number(CLUSTER, _FOLLOWED)


def is_followed(now: int) -> bool:
    """Say whether states follow what the nodes say, now, in us; else own evidence is all that there is."""
    return now // SECOND - followed() <= _MOST_STILL_SECONDS


def store_tick(prober: int, now: int) -> None:
    """Write that a prober has its turn, at a time in us. Raises: SharedMemoryFull, the first time only."""
    store(CLUSTER, f"{_TICKED}{prober}", now // SECOND)


def ticked() -> list[int]:
    """Return when each prober had its turn last, in s; 0 for never."""
    return [read_number(CLUSTER, f"{_TICKED}{prober}") for prober in range(variables.probers())]


def peers() -> dict[str, PeerRow]:
    """Return the other nodes, by their names: walks the table."""
    rows = {name: peer(name) for name in _names(_PEER)}
    return {name: row for name, row in rows.items() if row is not None}


def peer(name: str) -> PeerRow | None:
    """Return another node; None if it is none, or nothing was written of it yet."""
    return read_row(CLUSTER, _PEER + name, _peer)


def store_peer(name: str, row: PeerRow) -> None:
    """Write how another node is heard. Raises: SharedMemoryFull."""
    store(CLUSTER, _PEER + name, text(row))


def case_of(key: str) -> CaseRow | None:
    """Return what holds for a destination that is not calm; None for a calm one."""
    return read_row(CLUSTER, _CASE + key, _case)


def cases() -> dict[str, CaseRow]:
    """Return all destinations that are not calm: walks the table."""
    rows = {key: case_of(key) for key in case_keys()}
    return {key: row for key, row in rows.items() if row is not None}


def case_keys() -> list[str]:
    """Return the keys of all destinations that are not calm: walks the table."""
    return _names(_CASE)


def store_case(key: str, row: CaseRow) -> None:
    """Write what holds for a destination that is not calm. Raises: SharedMemoryFull."""
    store(CLUSTER, _CASE + key, text(row))


def remove_case(key: str) -> None:
    """A destination is calm, or gone; one that was calm is no error."""
    KSR.htable.sht_rm(CLUSTER, _CASE + key)


def _peer(said: str) -> PeerRow:
    return parsed(PeerRow, said)


def _case(said: str) -> CaseRow:
    return parsed(CaseRow, said)


def _names(kind: str) -> list[str]:
    return [key.removeprefix(kind) for key in all_keys(CLUSTER) if key.startswith(kind)]
