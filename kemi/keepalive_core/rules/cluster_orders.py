"""What administrators order at one node of a cluster, as the others are told it (pure).

A fact's value is JSON. An order is about a destination, "admin", or about an owner's interest in one,
"destination". A callback is not told: whoever could forge a message would have any function called.
"""

import json
import re
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote

from . import modes, rows
from .checks import MOST_TEXT_BYTES
from .cluster_facts import Fact, Subject
from .modes import Admin
from .quoting import of_newer_unicode
from .rows import Owner
from .times import SECOND

ADMIN: Final = "admin"
DESTINATION: Final = "destination"
GONE: Final = "gone"
"""no fact: a destination of which something was said has left this node, whoever had it leave"""
KINDS: Final = (ADMIN, DESTINATION, GONE)
NOTHING: Final = ""
"""the value if nothing is said any more: the destination is ready"""
DELETED: Final = "deleted"
"""the value if an owner's interest has ended"""
DELETED_US: Final = 60 * SECOND
"""For so long it ends at nodes that have it of their own configuration, too, until their next start"""
# In seconds: what is over is told with its last millisecond.
LEAST_LEFT: Final = 0.5
MOST_VALUE: Final = 2_000
"""characters of a value that travels in one message: more than the longest that a mode's remarks make"""

_SUBJECT: Final = re.compile(r"[\x21-\x7e]{1,600}")


class Ordered(NamedTuple):
    """An order, between the process that was asked and the one that tells the other nodes."""

    kind: str
    key: str
    value: str
    until: int = 0
    """epoch seconds of its end; 0 for none"""

    @property
    def is_too_long(self) -> bool:
        """Whether it fits into no message."""
        return len(self.value) > MOST_VALUE or not _SUBJECT.fullmatch(self.key)

    @property
    def subject(self) -> Subject:
        """What it is about, as a fact has it."""
        return self.kind, self.key


def ordered_admin(key: str, said: Admin | None) -> Ordered:
    """Return that an administrator said something of a destination; None for ready."""
    if said is None:
        return Ordered(ADMIN, key, NOTHING)
    return Ordered(ADMIN, key, json.dumps([said.mode, said.by, said.why]), said.until)


def ordered_destination(key: str, name: str, uri: str, wanted: Owner) -> Ordered:
    """Return that an owner wants a destination, by its key."""
    return Ordered(DESTINATION, interest(key, name), json.dumps([uri, *shared(wanted)]))


def ordered_end(key: str, name: str) -> Ordered:
    """Return that an owner wants a destination no more."""
    return Ordered(DESTINATION, interest(key, name), DELETED)


def shared(wanted: Owner) -> Owner:
    """Return what is told of how an owner wants a destination."""
    return wanted._replace(callback="", user_attr=None)


def interest(key: str, name: str) -> str:
    """Return the key of a fact about an owner's interest in a destination."""
    return f"{quote(name, safe='')}@{key}"


def interest_of(text: str) -> tuple[str, str]:
    """Return the destination's key and the owner's name that interest() was given."""
    name, _, key = text.partition("@")
    return key, unquote(name)


def admin_of(fact: Fact, now: int, wall: float, here: str) -> Admin | None:
    """Return what a fact says of a destination; None for ready, as when its time is over.

    Arguments: fact; now, in us of this machine's clock; wall, in epoch seconds; here, this node's name.
    Raises: ValueError, or whatever else nonsense leads to.
    """
    if not fact.holds(now):
        return None
    fields = json.loads(fact.value)
    mode, by, why = (of_newer_unicode(each) if isinstance(each, str) else each for each in fields)
    left = (fact.ends - now) / SECOND if fact.ends else 0
    if fact.ends and left < LEAST_LEFT:
        return None
    said = modes.said(mode, left, by, why, int(wall))
    return said and (said if fact.author == here else said._replace(by=came_from(fact.author, said.by)))


def came_from(node: str, by: str = "") -> str:
    """Return by whom something was said that another node told. Arguments: node; by, who said it there."""
    whole = f"cluster:{node} {by}".rstrip()
    return whole.encode()[:MOST_TEXT_BYTES].decode(errors="ignore")


def is_same(one: Admin | None, other: Admin | None) -> bool:
    """Say whether two say the same: a second more or less is how times are rounded."""
    if one is None or other is None:
        return one is other
    return (one.mode, one.by, one.why) == (other.mode, other.by, other.why) and _near(one.until, other.until)


def _near(one: int, other: int) -> bool:
    return bool(one) == bool(other) and abs(one - other) <= 2


def wanted_of(fact: Fact) -> tuple[str, Owner] | None:
    """Return the URI of a destination and how its owner wants it; None if he does not any more.

    Raises: ValueError, or whatever else nonsense leads to.
    """
    if fact.value in (NOTHING, DELETED):
        return None
    uri, *fields = json.loads(fact.value)
    if not isinstance(uri, str):
        raise ValueError("no URI")
    return uri, shared(rows.owner(*fields))


def text(ordered: Ordered) -> str:
    """Return an order as a queue has it."""
    return json.dumps(ordered)


def of_text(said: str) -> Ordered:
    """Return the order that text() was given. Raises: ValueError, or whatever else nonsense leads to."""
    fields: list[Any] = json.loads(said)
    found = Ordered(*fields)
    if found.kind not in KINDS or not isinstance(found.value, str) or type(found.until) is not int:
        raise ValueError("no order")
    return found
