"""What the rows of the shared tables say: written here, and read strictly (pure).

Whoever may use RPC can write into the tables. So each function that reads a row raises a ValueError, or
whatever Python raises for a wrong shape, if the row was not written here: the caller drops it then, and goes
on as if it had never been there. What has no function ..._text is written by json_text().
"""

import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from . import uris
from .checks import number
from .listening import Gap, Pulse, Queue
from .mass_failure import Uplink
from .modes import ADMIN_MODES, NEVER, Admin
from .parameter import Whose
from .parameters import PARAMETERS, Value, check, check_options
from .record import Health
from .sockets import Listener
from .states import STATE_NAMES
from .uptime import Counted

# The width of a number: a text that takes the place of another one of the same length needs no memory.
_DIGITS: Final = 19
# The width of listening.Queue's bits, in hexadecimal digits.
_HEX_DIGITS: Final = 100
OF_RPC: Final = "rpc"
"""The origin of an owner that an operator added by RPC; that of all others is empty"""
# The width of the row that names the callback that runs.
_RUNNING: Final = 256


class Owner(NamedTuple):
    """One owner of a destination, who wants it monitored."""

    flags: int
    callback: str
    """``module:name``, empty for none"""
    user_attr: Any
    options: dict[str, Value] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    """the parameters it set for this destination"""
    group: str = ""
    priority: int = 0
    """a higher number is better"""
    weight: int = 0
    """a higher number is better, among those of one priority"""
    origin: str = ""
    """OF_RPC if an operator added it by RPC"""

    def copy_of_user_attr(self) -> Any:
        """Return what may be handed out: the owner itself is remembered, and shared."""
        return json.loads(json.dumps(self.user_attr))


class Behind(NamedTuple):
    """Where a target stands: behind a name, at an address."""

    name: str
    """the key of its name, whose owners are its own"""
    hop: str
    """the URI to which what is for the name is sent, such as sip:192.168.10.20:5060;transport=tcp"""


class Registration(NamedTuple):
    """A monitored destination, as its owners asked for it; or a target, as DNS says."""

    generation: int
    uri: str
    """the request URI of its pings: of a target its name's"""
    owners: dict[str, Owner]
    """of a target none"""
    target: Behind | None = None
    """None if it is no target"""

    @property
    def owners_by_group(self) -> dict[str, list[Owner]]:
        """The groups that owners put it into, the first owner's first, each with its owners there."""
        found: dict[str, list[Owner]] = {}
        for owner in self.owners.values():
            if owner.group:
                found.setdefault(owner.group, []).append(owner)
        return found

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of these groups."""
        return tuple(self.owners_by_group)

    @property
    def options(self) -> dict[str, Value]:
        """What the owners set for the destination; if they differ, the word of the first one counts."""
        merged: dict[str, Value] = {}
        for owner in reversed(self.owners.values()):
            merged |= owner.options
        return merged


def json_text(value: Any) -> str:
    """Return the text of a row that is JSON; a NamedTuple is the list of its fields."""
    return json.dumps(value)


def registration_text(generation: int, uri: str, owners: str, target: Behind | None) -> str:
    """Return the text of how a destination, or a target, is registered; owners are a text already."""
    return f"[{generation}, {json.dumps(uri)}, {owners}{f', {json.dumps(target)}' if target else ''}]"


def short_text(value: Any) -> str:
    """Return what json_text() would, in fewer bytes: of what there is much of, in a peer's words."""
    # A character takes up to 4 bytes so, and 12 if it is escaped, which half a character has to be.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def registration(key: str, text: str) -> Registration:
    """Return how a destination is registered."""
    generation, uri, owners, *behind = json.loads(text)
    target = Behind(*behind[0]) if behind else None
    _require(type(generation) is int and isinstance(uri, str) and len(behind) <= 1)
    _require(uris.parse(uri).key == (target.name if target else key))
    _require(target is None or uris.parse(uris.target_key(*target)).key == key)
    found = Registration(generation, uri, {name: owner(*fields) for name, fields in owners.items()}, target)
    _require(bool(found.owners) is (target is None))
    return found


def owner(*fields: Any) -> Owner:
    """Return how an owner wants a destination."""
    found = Owner(*fields)
    for each in (found.flags, found.priority, found.weight):
        number("a number", each)
    _require(isinstance(found.callback, str) and isinstance(found.group, str))
    # As checks.group_name() has it: half a character is no key to Kamailio.
    _require(found.group.isprintable())
    _require(found.origin in ("", OF_RPC))
    return found._replace(options=check_options(found.options))


def group_options(text: str) -> dict[str, dict[str, Value]]:
    """Return the options of a group, by their owners."""
    found = json.loads(text)
    _require(isinstance(found, dict))
    return {owner: check_options(given, Whose.GROUP) for owner, given in found.items()}


def health(text: str) -> Health:
    """Return what is known of a destination."""
    known = Health.from_text(text)
    _require(known.state in STATE_NAMES)
    return known


class Past(NamedTuple):
    """What became of a destination until now."""

    changes: list[list[Any]] = []  # noqa: RUF012 - a NamedTuple's default, never changed
    """the last ones, the newest last"""
    counted: Counted | None = None
    """how much of its time it was up; None if nothing is counted yet"""


def past(text: str) -> Past:
    """Return what became of a destination."""
    _, _, counted = text.rstrip().partition("\n")
    return Past(history(text), Counted.from_text(counted) if counted else None)


def past_text(known: Past) -> str:
    """Return the text of what became of a destination: a line of JSON, then what is counted."""
    changes = short_text(known.changes)
    return f"{changes}\n{known.counted.text()}" if known.counted else changes


def history(text: str) -> list[list[Any]]:
    """Return a destination's last changes, the newest last."""
    found = _list(text.partition("\n")[0])
    for at, before, after, reason in found:
        _require(isinstance(at, int) and isinstance(reason, str))
        _require(before in STATE_NAMES and after in STATE_NAMES)
    return found


def admin(text: str) -> Admin:
    """Return what an administrator said of a destination."""
    said = Admin(*_list(text))
    _require(said.mode in ADMIN_MODES)
    _require(all(type(when) is int and 0 <= when <= NEVER for when in (said.until, said.since)))
    _require(isinstance(said.by, str) and isinstance(said.why, str))
    return said


def uplink(text: str) -> Uplink:
    """Return what is known of a socket."""
    known = _list(text)
    _require(len(known) == len(Uplink._fields) and all(isinstance(number, int) for number in known))
    return Uplink(*known)


def pulse(text: str) -> Pulse:
    """Return when this server was seen awake."""
    beat, ahead = map(int, text.split())
    return Pulse(beat, ahead)


def pulse_text(known: Pulse) -> str:
    """Return the text of when this server was seen awake, of fixed width."""
    return f"{known.beat:0{_DIGITS}d} {known.ahead:0{_DIGITS}d}"


def gaps(text: str) -> list[Gap]:
    """Return of which times this server saw nothing."""
    found = []
    for each in text.split(","):
        at, stood, jumped = map(int, each.split())
        found.append(Gap(at, stood, jumped))
    return found


def gaps_text(known: Iterable[Gap]) -> str:
    """Return the text of the times of which this server saw nothing."""
    return ",".join(f"{gap.at} {gap.stood} {gap.jumped}" for gap in known)


def queue(text: str) -> Queue:
    """Return what is known of the answers at a socket."""
    newest, dropped, unread_since = text.split()
    return Queue(int(newest), int(dropped, 16), int(unread_since))


def queue_text(known: Queue) -> str:
    """Return the text of what is known of the answers at a socket, of fixed width."""
    return f"{known.newest:0{_DIGITS}d} {known.dropped:0{_HEX_DIGITS}x} {known.unread_since:0{_DIGITS}d}"


def settings(text: str) -> dict[str, Value]:
    """Return the settings in force."""
    values = {name: check(name, value) for name, value in json.loads(text).items()}
    _require(values.keys() == PARAMETERS.keys())
    return values


def callbacks(text: str) -> list[tuple[str, Any]]:
    """Return the callbacks for all changes, each ``module:name`` with its user_attr."""
    found = [(name, attr) for name, attr in _list(text)]
    _require(all(isinstance(name, str) for name, _ in found))
    return found


class RunningCallback(NamedTuple):
    """The callback that runs."""

    began_us: int = 0
    """0: none runs"""
    name: str = ""


def running_callback(text: str) -> RunningCallback:
    """Return which callback runs."""
    began, _, name = text.strip().partition(" ")
    return RunningCallback(int(began or 0), name)


def running_callback_text(running: RunningCallback) -> str:
    """Return the text of which callback runs, of fixed width."""
    return f"{running.began_us} {running.name}"[:_RUNNING].ljust(_RUNNING)


def listeners(text: str) -> list[Listener]:
    """Return at which sockets this server listens."""
    found = [Listener(*fields) for fields in _list(text)]
    for one in found:
        _require(
            isinstance(one.transport, str) and isinstance(one.address, str) and isinstance(one.port, int)
        )
        _require(isinstance(one.names, list) and isinstance(one.is_multicast, bool))
    return [one._replace(names=tuple(one.names)) for one in found]


def _list(text: str) -> list[Any]:
    found = json.loads(text)
    _require(isinstance(found, list))
    return list(found)


def _require(is_ours: bool) -> None:
    if not is_ours:
        raise ValueError("a value of another type, or out of range")
