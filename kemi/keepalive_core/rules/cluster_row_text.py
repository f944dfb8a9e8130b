"""What one process of this node writes down of the cluster, for the others to read (pure).

Each row is JSON. Who reads it skips what it does not know, and takes what is missing as it is by default.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from .cluster_share import Exceptional
from .cluster_verdict import Outcome
from .cluster_view import View
from .cluster_word import LACKS, MUTE

Row = TypeVar("Row", "ViewRow", "OwnRow", "PeerRow", "CaseRow")


class ViewRow(NamedTuple):
    """How this node sees the cluster; it changes when that does, and not from second to second."""

    number: int = 0
    """another one with each change"""
    me: str = ""
    life: int = 0
    live: tuple[str, ...] = ()
    """nodes, as in cluster_view.View; the next three are likewise"""
    fit: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    pings: bool = False
    degraded: bool = False
    joining: bool = False
    paused: bool = False
    signed: bool = False
    """whether messages bear a signature"""
    suspects: bool = False
    """whether this node looks at all destinations for itself"""
    keyless: bool = False
    """whether messages are to bear a signature, and there is no key: nothing is said, and nothing heard"""

    @property
    def view(self) -> View:
        """The view, as the rules have it."""
        live, fit, ready, counted = map(frozenset, (self.live, self.fit, self.ready, self.counted))
        return View(self.me, live, fit, ready, counted, self.pings, self.degraded, self.suspects)


class OwnRow(NamedTuple):
    """Numbers of this node."""

    owns: int = 0
    alone: int = 0
    """destinations that it alone can't reach"""
    doubted: int = 0
    facts: int = 0
    version: str = ""
    config: int = 0
    """checksum of what has to be the same at all nodes"""


class PeerRow(NamedTuple):
    """Another node, as this one hears it."""

    life: int = 0
    """0 before it has proved one"""
    live: bool = False
    counted: bool = False
    heard: int = 0
    """when its last message came that counted, in us of this machine's clock; 0 for never"""
    behind: int = 0
    degraded: bool = False
    paused: bool = False
    joining: bool = False
    version: str = ""
    config: int = 0
    twice: bool = False
    """whether two nodes have its name"""


class CaseRow(NamedTuple):
    """A destination that is not calm, as this node sees it."""

    words: Mapping[str, tuple[str, str, int]] = {}
    """by node: kind, reason, since when in epoch seconds"""
    outcome: str = ""
    """name of a cluster_verdict.Outcome"""
    decision: str = ""
    """a sentence"""
    alone: bool = False
    asked: tuple[str, ...] = ()
    ping: bool = False
    """whether this node pings it"""
    agreed: bool = False
    """whether so many nodes can't reach it, or have given it up, that this node may"""
    acting: tuple[str, ...] = ()
    """nodes to which it is news if something becomes of it, see cluster_acting.Acting; none for all"""
    acting_until: int = 0
    """until when it may be told that it came back, in us of this machine's clock; 0 if it did not"""

    @property
    def exceptional(self) -> Exceptional:
        """What it means for the prober."""
        lacking = frozenset(node for node, (kind, _, _) in self.words.items() if kind == LACKS)
        return Exceptional(self.ping, self.agreed, lacking)

    @property
    def is_spoken_of(self) -> bool:
        """Whether a node says how it is whose word counts: that of a dead one is remembered only."""
        return self.outcome != Outcome.STANDS.name and any(
            kind not in MUTE for kind, _, _ in self.words.values()
        )


def are_agreed(rows: Iterable[CaseRow]) -> bool:
    """Say whether others can't reach either what is down, so that what follows it may be given up.

    Arguments: rows, of those that a name or a tracker follows and that are not calm.
    """
    down = [row for row in rows if row.outcome in (Outcome.DOWN.name, Outcome.ALONE.name)]
    return bool(down) and all(row.agreed for row in down)


def text(row: Row) -> str:
    """Return a row as a text, for parsed()."""
    return json.dumps(row._asdict(), separators=(",", ":"))


def parsed(kind: type[Row], said: str) -> Row:
    """Return what the text of a row says. Raises: ValueError, or whatever else nonsense leads to."""
    values: dict[str, Any] = {**json.loads(said)}
    known: dict[str, Any] = kind()._asdict()
    found: Any = {name: _READ[type(known[name])](values[name]) for name in known if name in values}
    return kind(**found)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is no text")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r:.40} is neither true nor false")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r:.40} is no list")
    return tuple(map(_text, value))


def _words(value: Any) -> dict[str, tuple[str, str, int]]:
    return {
        node: (_text(kind), _text(reason), _number(since)) for node, (kind, reason, since) in value.items()
    }


_READ: Final[Mapping[type, Callable[[Any], Any]]] = {
    int: _number,
    str: _text,
    bool: _truth,
    tuple: _names,
    dict: _words,
}
"""by the type of what a field is by default"""
