"""What the rows of the shared tables say: read strictly, as who may use RPC can write into them (pure).

Each function reads the text of a row. It raises a ValueError, or whatever Python raises for a wrong shape,
for one that none of us wrote: who reads it drops the row then, and goes on as if it had never been there.
"""

import json
from typing import Any, NamedTuple

from . import uris
from .checks import number
from .listening import Gap, Pulse, Queue
from .mass_failure import Uplink
from .modes import ADMIN_MODES, NEVER, Admin
from .parameters import PARAMETERS, Value, Whose, check, check_options
from .record import Health
from .states import STATE_NAMES


class Owner(NamedTuple):
    """Who wants a destination monitored."""

    flags: int
    callback: str
    """``module:name``, empty for none"""
    user_attr: Any
    options: dict[str, Value] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    """the parameters it set for this destination"""
    group: str = ""
    priority: int = 0
    weight: int = 0

    def copy_of_user_attr(self) -> Any:
        """Return what may be handed out: the owner itself is remembered, and shared."""
        return json.loads(json.dumps(self.user_attr))


class Registration(NamedTuple):
    """A monitored destination, as its owners asked for it."""

    generation: int
    uri: str
    """what the pings are sent to"""
    owners: dict[str, Owner]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that its owners put it into, those of the first owner first."""
        return tuple(dict.fromkeys(owner.group for owner in self.owners.values() if owner.group))

    @property
    def options(self) -> dict[str, Value]:
        """What the owners set for the destination; where they differ, the word of the first one counts."""
        merged: dict[str, Value] = {}
        for owner in reversed(self.owners.values()):
            merged |= owner.options
        return merged


def registration(key: str, text: str) -> Registration:
    """Return how a destination is registered."""
    generation, uri, owners = json.loads(text)
    _see(type(generation) is int and isinstance(uri, str) and uris.parse(uri).key == key)
    found = Registration(generation, uri, {name: _owner(*fields) for name, fields in owners.items()})
    _see(bool(found.owners))
    return found


def _owner(*fields: Any) -> Owner:
    owner = Owner(*fields)
    for each in (owner.flags, owner.priority, owner.weight):
        number("a number", each)
    _see(isinstance(owner.callback, str) and isinstance(owner.group, str))
    return owner._replace(options=check_options(owner.options))


def group_options(text: str) -> dict[str, dict[str, Value]]:
    """Return the options of a group, by who gave them."""
    found = json.loads(text)
    _see(isinstance(found, dict))
    return {owner: check_options(given, Whose.GROUP) for owner, given in found.items()}


def health(text: str) -> Health:
    """Return what is known of a destination."""
    known = Health.from_text(text)
    _see(known.state in STATE_NAMES)
    return known


def history(text: str) -> list[list[Any]]:
    """Return a destination's last changes, the newest last."""
    found = _list(text)
    for at, before, after, reason in found:
        _see(isinstance(at, int) and isinstance(reason, str))
        _see(before in STATE_NAMES and after in STATE_NAMES)
    return found


def admin(text: str) -> Admin:
    """Return what an administrator said of a destination."""
    said = Admin(*_list(text))
    _see(said.mode in ADMIN_MODES)
    _see(all(type(when) is int and 0 <= when <= NEVER for when in (said.until, said.since)))
    _see(isinstance(said.by, str) and isinstance(said.why, str))
    return said


def uplink(text: str) -> Uplink:
    """Return what is known of a socket."""
    known = _list(text)
    _see(len(known) == len(Uplink._fields) and all(isinstance(number, int) for number in known))
    return Uplink(*known)


def pulse(text: str) -> Pulse:
    """Return when this server was seen awake."""
    beat, ahead = map(int, text.split())
    return Pulse(beat, ahead)


def gaps(text: str) -> list[Gap]:
    """Return of which times this server saw nothing."""
    found = []
    for each in text.split(","):
        at, stood, jumped = map(int, each.split())
        found.append(Gap(at, stood, jumped))
    return found


def queue(text: str) -> Queue:
    """Return what is known of the answers at a socket."""
    newest, dropped, unread_since = text.split()
    return Queue(int(newest), int(dropped, 16), int(unread_since))


def settings(text: str) -> dict[str, Value]:
    """Return the settings in force."""
    values = {name: check(name, value) for name, value in json.loads(text).items()}
    _see(values.keys() == PARAMETERS.keys())
    return values


def callbacks(text: str) -> list[tuple[str, Any]]:
    """Return the callbacks for all changes, each ``module:name`` with its user_attr."""
    found = [(name, attr) for name, attr in _list(text)]
    _see(all(isinstance(name, str) for name, _ in found))
    return found


def running_callback(text: str) -> tuple[int, str]:
    """Return when the callback that runs began, us, and which it is; (0, "") for none."""
    began, _, name = text.strip().partition(" ")
    return int(began or 0), name


def listeners(text: str) -> list[list[Any]]:
    """Return the fields of each sockets.Listener."""
    found = _list(text)
    for transport, address, port, names, is_multicast in found:
        _see(isinstance(transport, str) and isinstance(address, str) and isinstance(port, int))
        _see(isinstance(names, list) and isinstance(is_multicast, bool))
    return found


def _list(text: str) -> list[Any]:
    found = json.loads(text)
    _see(isinstance(found, list))
    return list(found)


def _see(is_ours: bool) -> None:
    if not is_ours:
        raise ValueError("a value of another type, or out of range")
