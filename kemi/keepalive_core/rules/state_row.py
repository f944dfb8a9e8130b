"""What is kept of one destination over a restart, and whether it can be true (pure).

Times of the monotonic clock mean nothing after a restart, so they are epoch seconds here.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from . import uris
from .checks import remark
from .evidence import WORDS
from .latency import LOSS, RECENT
from .modes import ADMIN_MODES, MOST_SECONDS, NEVER, READY, Admin
from .record import HISTORY, Health
from .rows import Past
from .states import DOWN, STATE_NAMES, UP
from .times import SECOND
from .uptime import Counted

# The fields of Health that are kept as they are.
_COUNTERS: Final = ("ok", "failed", "timeouts", "void", "resent", "drained", "mismatched", "shadow_downs")
_EPOCHS: Final = ("checked", "last_up", "last_down", "since")
_LATENCIES: Final = ("latency", "latency_ewma", "latency_min", "latency_max")
SAVED: Final = (
    *("state", "streak", "code", "flap_changes", "flap_level", "result", "samples", "reason"),
    *(*_COUNTERS, *_EPOCHS, *_LATENCIES),
)
# The times of the monotonic clock that mean something after a restart too.
TIMES: Final = ("kept_down", "flap_since")

_MOST: Final = 2**53
_MOST_REASON: Final = 500
# flap_hold_max and passive_window are a day at the most.
_LONGEST_HOLD: Final = 86_400
# This number of doublings takes flap_hold from a second to a day.
_MOST_LEVEL: Final = 17
_MOST_CHANGES: Final = 1000
_SLACK: Final = 2
_SAMPLES: Final = re.compile(rf"[!-{LOSS}]{{0,{RECENT}}}")

_LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys((*_COUNTERS, *_LATENCIES), (0, _MOST)),
    **dict.fromkeys((*_EPOCHS, *TIMES, "left"), (0, NEVER)),
    "state": (min(STATE_NAMES), max(STATE_NAMES)),
    "streak": (-_MOST, _MOST),
    "code": (0, 999),
    "flap_changes": (0, _MOST_CHANGES),
    "flap_level": (0, _MOST_LEVEL),
}


class Untrue(ValueError):
    """What is said of a destination can't be so; the message says what and why."""


class Row(NamedTuple):
    """What is kept of a destination."""

    health: Health
    """without generation, and without what is a time of the monotonic clock"""
    kept_down: int = 0
    """epoch seconds; 0 for never"""
    flap_since: int = 0
    """epoch seconds; 0 for never"""
    admin: Admin | None = None
    history: list[list[Any]] = []  # noqa: RUF012 - a NamedTuple's default, never changed
    counted: Counted | None = None
    """how much of its time it was up; None if nothing was counted"""
    left: int = 0
    """epoch seconds since when it is not monitored any more; 0 if it is"""

    @staticmethod
    def of(known: Health, admin: Admin | None, past: Past, now: int, wall: float) -> "Row":
        """Return what is kept of a destination.

        Arguments: known, admin and past, of it; now, in us, and wall, epoch seconds, of the same moment.
        """

        def epoch(when: int, rounded: Any) -> int:
            return max(1, rounded(wall + (when - now) / SECOND)) if when else 0

        kept = Health(0, **{name: getattr(known, name) for name in SAVED})
        return Row(kept, epoch(known.kept_down, math.ceil), epoch(known.flap_since, int), admin, *past)

    def health_at(self, now: int, wall: float) -> Health:
        """Return what is known of the destination after the restart.

        Arguments: now, in us, and wall, epoch seconds, of the same moment.
        """
        # If the wall clock was set back meanwhile, the newest time that is known says how late it is.
        late = max(wall, newest(self.health))

        def monotonic(when: int) -> int:
            return now + int((when - late) * SECOND) if when else 0

        return self.health._replace(
            kept_down=monotonic(self.kept_down), flap_since=monotonic(self.flap_since)
        )


def newest(health: Health) -> int:
    """Return the last of a destination's times, epoch seconds."""
    return max(health.checked, health.last_up, health.last_down, health.since)


def away_for(row: Row, wall: int) -> int:
    """Return for how long a destination has not been monitored, in s; less than 0 if it left in the future.

    Arguments: row, which says when it left; wall, epoch seconds.
    """
    # A server may begin in 1970, and learn the time later: it did not leave before what is known of it.
    known = max(newest(row.health), row.admin.since if row.admin else 0)
    return wall - (max(row.left, known) if known <= wall else row.left)


def fields_of(key: str, row: Row) -> dict[str, Any]:
    """Return a row's fields by their names, without those that have their default."""
    fields: dict[str, Any] = {"destination": key}
    fields |= {name: value for name in SAVED if (value := getattr(row.health, name))}
    fields |= {name: value for name in (*TIMES, "history", "left") if (value := getattr(row, name))}
    if row.counted:
        fields["availability"] = row.counted.text()
    if row.admin:
        fields["admin"] = row.admin._asdict()
    return fields


def key_of(fields: Mapping[str, Any]) -> str:
    """Return the key of the destination that fields are of. Raises: Untrue."""
    key = fields.get("destination")
    try:
        canonical = uris.parse(key).key
    except uris.InvalidURI as fault:
        raise Untrue(str(fault)) from None
    if key != canonical:
        raise Untrue("its destination is not spelled as a key is")
    return canonical


def row_of(fields: Mapping[str, Any], wall: float) -> Row:
    """Return the row that fields stand for.

    Arguments: fields, by their names, of which others are ignored; wall, epoch seconds.
    Raises: Untrue.
    """
    for name, value in fields.items():
        limits = _LIMITS.get(name)
        # True is an int to Python.
        if limits and (type(value) is not int or not limits[0] <= value <= limits[1]):
            raise Untrue(f"its {name} is no number from {limits[0]} to {limits[1]}")
    _check_texts(fields)
    known = Health(0, **{name: fields[name] for name in SAVED if name in fields})
    if known.result not in WORDS:
        known = known._replace(result="")  # it informs, and a later version may have another word
    times = {name: fields[name] for name in (*TIMES, "left") if name in fields}
    history, counted = _history(fields.get("history", [])), _counted(fields.get("availability"))
    row = Row(known, admin=admin_of(fields.get("admin")), history=history, counted=counted, **times)
    _check_agreement(row, wall)
    return row


def _check_texts(fields: Mapping[str, Any]) -> None:
    reason, samples = fields.get("reason", ""), fields.get("samples", "")
    if not isinstance(fields.get("result", ""), str):
        raise Untrue("its result is no word")
    if not _is_reason(reason):
        raise Untrue("its reason is no text of one line")
    if not isinstance(samples, str) or not _SAMPLES.fullmatch(samples):
        raise Untrue("its samples are none")


def _is_reason(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_REASON and value.isprintable()


def admin_of(value: object) -> Admin | None:
    """Return the admin mode that fields stand for, None if there are none. Raises: Untrue."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Untrue("its admin mode is none")
    known: dict[str, Any] = {**_READY._asdict(), **value}
    said = Admin(*(known[name] for name in Admin._fields))
    if not isinstance(said.mode, str) or said.mode not in ADMIN_MODES or said.mode == READY:
        raise Untrue("its admin mode is none")
    if type(said.since) is not int or not 0 <= said.since <= NEVER:
        raise Untrue("its admin mode has no time")
    if type(said.until) is not int or not (said.until == 0 or 0 < said.until - said.since <= MOST_SECONDS):
        raise Untrue("its admin mode has no true end")
    try:
        return said._replace(by=remark("by", said.by), why=remark("why", said.why))
    except ValueError as fault:
        raise Untrue(str(fault)) from None


_READY: Final = Admin(READY, 0, "", "", 0)


def _counted(value: object) -> Counted | None:
    try:
        return Counted.from_text(str(value))
    except ValueError:
        return None  # it informs, and a later version may write it in another way


def _history(value: object) -> list[list[Any]]:
    if not isinstance(value, list) or len(value) > HISTORY or not all(map(_is_change, value)):
        raise Untrue("its history is none")
    return value


def _is_change(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 4:
        return False
    at, before, after, reason = value
    if type(at) is not int or type(before) is not int or type(after) is not int:
        return False
    return 0 <= at <= NEVER and before in STATE_NAMES and after in STATE_NAMES and _is_reason(reason)


def _check_agreement(row: Row, wall: float) -> None:
    """Refuse what each for itself can be so, but not together."""
    known = row.health
    if known.code and known.code < 100:
        raise Untrue(f"its code {known.code} is none")
    if bool(known.ok) != bool(known.last_up) or bool(known.failed) != bool(known.last_down):
        raise Untrue("its counters do not fit its times")
    if (known.state == UP and not known.ok) or (known.state == DOWN and not known.failed):
        raise Untrue(f"it is {STATE_NAMES[known.state]} without a result that says so")
    if known.state and not known.since:
        raise Untrue(f"it is {STATE_NAMES[known.state]} since never")
    if known.streak > known.ok or -known.streak > known.failed or known.timeouts > known.failed:
        raise Untrue("its counters do not fit one another")
    measured = (known.latency, known.latency_ewma)
    if not all(known.latency_min <= each <= known.latency_max for each in measured):
        raise Untrue("its latencies do not fit one another")
    late = max(wall, newest(known))
    if row.kept_down > late + _LONGEST_HOLD + _SLACK:
        raise Untrue("it is kept down for more than a day")
    if known.flap_level and not row.kept_down:
        raise Untrue("it flapped, and was never kept down")
    if row.flap_since > late + _SLACK or bool(row.flap_since) != bool(known.flap_changes):
        raise Untrue("its changes do not fit their time")
