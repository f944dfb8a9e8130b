"""What holds for the whole server: pings paused or disabled, the settings in force, what was told in the log.

=============  ===================  ================================================================
table          key                  value
=============  ===================  ================================================================
``keepalive``  ``paused``           int, 1 while no pings are to be sent, 2 after that
``keepalive``  ``disabled``         int, 1 while the setting ``enabled`` lets none be sent, by the
                                    first prober
``keepalive``  ``settings``         JSON, the settings in force, by the prober
``keepalive``  ``self``             JSON, the Admin, if this server was ever drained
``keepalive``  ``unmeasured``       unmeasured.text(), the times in which nothing was measured
``keepalive``  ``told`` and a word  int, the second of clock.now() at which that was told
=============  ===================  ================================================================
"""

from functools import lru_cache
from typing import Final

from ..rules import rows, unmeasured
from ..rules.modes import READY, Admin
from ..rules.parameters import Value
from ..rules.times import SECOND
from ..rules.unmeasured import Span
from .revised_rows import revise
from .tables import COMMON, get, locked, read_number, read_row, store


def may_tell(what: str, now: int, seconds: int = 60) -> bool:
    """Return True in one process of all, the one that has to log what all may see; then not for some time.

    Arguments: what, a word for it; now, in us; seconds, until it may be told again. Raises: SharedMemoryFull.
    """
    key = f"told {what}"
    with locked(key, COMMON):
        told = read_number(COMMON, key)
        second = now // SECOND
        if told and second < told + seconds:
            return False
        store(COMMON, key, second)
        return True


_PAUSED: Final = 1
_RESUMED: Final = 2


def is_paused() -> bool:
    """Say whether pings are paused."""
    return bool(get(COMMON, "paused") == _PAUSED)


def is_pause_lost() -> bool:
    """Say whether nobody has said yet whether pings are paused, or that was deleted."""
    return get(COMMON, "paused") not in (_PAUSED, _RESUMED)


def store_paused(paused: bool) -> None:
    """Pause all pings, or let them go on. Raises: SharedMemoryFull."""
    store(COMMON, "paused", _PAUSED if paused else _RESUMED)


def is_disabled() -> bool:
    """Say whether the setting ``enabled`` lets no pings be sent, as the first prober saw it."""
    return bool(get(COMMON, "disabled") == 1)


def store_disabled(disabled: bool) -> None:
    """Let all processes know whether the setting lets pings be sent. Raises: SharedMemoryFull."""
    store(COMMON, "disabled", int(disabled))


# There is one text, which changes with the settings only.
_published = lru_cache(maxsize=1)(rows.settings)


def published_settings() -> dict[str, Value] | None:
    """Return the settings in force as the prober published them; None before it did."""
    return read_row(COMMON, "settings", _published)


def publish_settings(values: dict[str, Value]) -> None:
    """Let all processes know of the settings in force. Raises: SharedMemoryFull."""
    store(COMMON, "settings", rows.json_text(values))
    revise()


# There is one text, which changes with a pause only.
_spans = lru_cache(maxsize=1)(unmeasured.spans_of)


def unmeasured_spans() -> list[Span]:
    """Return the times in which this server measured nothing, not to be changed."""
    return read_row(COMMON, "unmeasured", _spans) or []


def store_unmeasured_spans(spans: list[Span]) -> None:
    """Write the times in which it measured nothing. Raises: SharedMemoryFull."""
    store(COMMON, "unmeasured", unmeasured.text(spans))
    revise()


def drain_order() -> Admin | None:
    """Return what was ordered last of this server, that it is ready too; None if nothing was."""
    return read_row(COMMON, "self", rows.admin)


def drain() -> Admin | None:
    """Return the drain of this server that was ordered last; None if it was made ready since."""
    said = drain_order()
    return None if said is None or said.mode == READY else said


def store_drain(said: Admin) -> None:
    """Write what was ordered for this server. Raises: SharedMemoryFull."""
    store(COMMON, "self", rows.json_text(said))
