"""What is shown of the cluster: its nodes, and what they say of one destination.

Rows are read, and none is written.
Without KEEPALIVE_NODE nothing is read either: is_on() asks Kamailio once in each process.
"""

from collections.abc import Generator
from typing import Any, Final, NamedTuple, TypedDict

from .. import VERSION
from ..kamailio import clock, cluster_defines, cluster_rows, destination_rows
from ..rules import cluster_shown
from ..rules.checks import Refused
from ..rules.cluster_acting import actor, actor_of_follower
from ..rules.cluster_row_text import CaseRow, OwnRow, PeerRow, ViewRow
from ..rules.cluster_shown import Node
from ..rules.cluster_verdict import Case, Outcome
from ..rules.cluster_view import View
from ..rules.cluster_word import Word
from ..rules.operator import Operator
from ..rules.policy import Policy
from ..rules.quoting import one_line
from ..rules.rows import Registration
from ..rules.times import SECOND
from ..rules.tracking import tracks
from . import cluster_terms, name_states, policies

is_on = cluster_defines.is_on


class ShownWord(TypedDict):
    """What a node says of a destination."""

    word: str
    """"up", "down", "drain", "lacks" if it does not have the destination, "unsent" if it can't ask it"""
    since: int
    """epoch seconds, 0 if that is not known here"""
    reason: str
    counts: bool
    """whether the node's words count now"""


class ShownCase(TypedDict, total=False):
    """What the cluster says of a destination; of what has targets, or tracks another one, who acts alone."""

    owner: str
    """the node that pings it, or would; "" if none may that is live"""
    mine: bool
    """whether this node is that, so that it acts for all"""
    decision: str
    """a sentence: who pings it, or who can't reach it, and what follows"""
    alone: bool
    """whether this node alone can't reach it"""
    words: dict[str, ShownWord]
    """by node; none of what is calm"""
    asked: list[str]
    """the nodes that are asked if one can't reach it, the first ones first"""


class ShownCluster(TypedDict):
    """The cluster, as this node sees it."""

    node: str
    """this one"""
    life: int
    """a number that is another one after each restart"""
    version: str
    degraded: bool
    paused: bool
    joining: bool
    signed: bool
    """whether messages are, or would be if there were a key"""
    nodes: dict[str, dict[str, Any]]
    """all of them, this one first: ``state`` in a word, and what cluster_shown.Node has"""
    owns: int
    """how many destinations this node pings in calm"""
    alone: int
    """how many it alone can't reach"""
    doubted: int
    """how many some node can't reach"""
    trouble: list[str]
    """what is not as it should be, a sentence each"""


def server() -> ShownCluster:
    """Return the cluster, as this node sees it; only if is_on()."""
    view, own = _look().row, cluster_rows.own()
    now = clock.now()
    nodes = {view.me: _this_node(view)}
    nodes |= {name: _node(name, view, own, now) for name in sorted(cluster_defines.peers())}
    return {
        "node": view.me,
        "life": view.life,
        "version": VERSION,
        "degraded": view.degraded,
        "paused": view.paused,
        "joining": view.joining,
        "signed": view.signed,
        "nodes": {name: {"state": node.state(), **node._asdict()} for name, node in nodes.items()},
        "owns": own.owns,
        "alone": own.alone,
        "doubted": own.doubted,
        "trouble": cluster_shown.trouble(view.me, nodes, own.alone, view.keyless),
    }


class _Seen(NamedTuple):
    """How this node sees the cluster, as it was read last."""

    text: str
    row: ViewRow
    view: View


_seen: _Seen | None = None


def _look() -> _Seen:
    """Return how this node sees the cluster; before it has looked, itself alone, which joins.

    It is asked of each row that is shown, and changes seldom.
    """
    global _seen
    text = cluster_rows.view_text()
    if _seen is None or _seen.text != text:
        me = cluster_defines.me()
        row = cluster_rows.view() or ViewRow(me=me, live=(me,), joining=True)
        _seen = _Seen(text, row, row.view)
    return _seen


def _this_node(view: ViewRow) -> Node:
    return Node(
        live=True,
        heard_ago=0,
        life=view.life,
        counts=view.me in view.counted,
        degraded=view.degraded,
        paused=view.paused,
        joining=view.joining,
        version=VERSION,
    )


def _node(name: str, view: ViewRow, own: OwnRow, now: int) -> Node:
    row = cluster_rows.peer(name) or PeerRow()
    return Node(
        live=row.live,
        heard_ago=round((now - row.heard) / SECOND, 1) if row.heard else None,
        life=row.life,
        behind=row.behind,
        counts=name in view.counted,
        degraded=row.degraded,
        paused=row.paused,
        joining=row.joining,
        version=one_line(row.version),
        config_differs=bool(row.config and own.config and row.config != own.config),
        two_lives=row.twice,
    )


# --- one destination ----------------------------------------------------------------------------------------


def of(key: str, registered: Registration) -> ShownCase:
    """Return what the cluster says of a destination; only if is_on()."""
    policy = policies.policy_of(registered)
    if not _is_spoken_of(key, registered, policy):
        return _acting(key, policy)
    row = cluster_rows.case_of(key)
    case = _case(key, row, policy)
    words = row.words if row else {}
    return {
        **_told(case, row),
        "words": {node: _word(words[node], node in case.view.counted) for node in sorted(words)},
        "asked": list(row.asked if row else case.asked()),
    }


def at_a_glance(key: str, reason: str) -> ShownCase | None:
    """Return who pings a destination, and ``decision`` if it is not calm, else "".

    None of one of which no node speaks. Only if is_on().

    Arguments: key; reason, of its state, which may say already that nodes can't reach it.
    """
    registered = destination_rows.registration(key)
    policy = policies.policy_of(registered)
    if registered is None or not _is_spoken_of(key, registered, policy):
        return None
    row = cluster_rows.case_of(key)
    is_said = row is None or (row.outcome in _DOWN and cluster_shown.UNREACHED in reason)
    return _told(_case(key, row, policy), row, is_said)


_DOWN: Final = {Outcome.DOWN.name, Outcome.ALONE.name}


def _is_spoken_of(key: str, registered: Registration, policy: Policy) -> bool:
    """Say whether nodes have words of a destination: not of a name, whose targets have, nor of a tracker."""
    return not (policies.is_name(registered, policy) or tracks(key, policy))


def _case(key: str, row: CaseRow | None, policy: Policy) -> Case:
    words = row.words if row else {}
    said = {node: Word(kind, reason) for node, (kind, reason, _) in words.items()}
    return Case(key, _look().view, said, cluster_terms.of(policy))


def _acting(key: str, policy: Policy) -> ShownCase:
    """Return who acts for all if something becomes of a destination that follows others.

    A node that alone can't reach one of these does not: all others see something else. Nor does one to which
    what becomes of one of these is no news.
    """
    case = _case(key, None, policy)
    rows = list(filter(None, map(cluster_rows.case_of, name_states.followed_by(key))))
    owner = actor_of_follower(case, rows, clock.now())
    return {"owner": owner, "mine": owner == case.view.me}


def _told(case: Case, row: CaseRow | None, is_said: bool = False) -> ShownCase:
    owner = actor(case, row, clock.now())
    return {
        "owner": owner,
        "mine": owner == case.view.me,
        "decision": "" if is_said else _decision(case, row),
        "alone": row is not None and row.alone,
    }


def _decision(case: Case, row: CaseRow | None) -> str:
    outcome = Outcome.__members__.get(row.outcome, Outcome.STANDS) if row else None
    return one_line(cluster_shown.decision(case, outcome, row.decision if row else ""))


def _word(said: tuple[str, str, int], counts: bool) -> ShownWord:
    kind, reason, since = said
    return {"word": kind, "since": since, "reason": one_line(reason), "counts": counts}


# --- what operators ask for ---------------------------------------------------------------------------------

_AT_ONCE: Final = 20


def cluster(operator: Operator, count: int) -> Generator[None, None, dict[str, Any]]:
    """Return server(), and the destinations that are not calm, as many as are asked for.

    Raises: Refused without a cluster.
    """
    if not is_on():
        raise Refused("this server is in no cluster: KEEPALIVE_NODE is not defined")
    keys = sorted(cluster_rows.case_keys())
    found = []
    for number, key in enumerate(keys[:count], 1):
        registered = destination_rows.registration(key)
        if registered is not None:
            found.append({"destination": key, "cluster": of(key, registered)})
        if not number % _AT_ONCE:
            yield None
    return {**server(), "total": len(keys), "destinations": found}
