"""The state file: what is known of all destinations, over a restart, a crash or ``kill -9``."""

import json
import logging
import os
import time
from pathlib import Path
from typing import Any, Final

from . import configuration, shared_memory
from .health import Health
from .modes import Admin
from .shared_memory import Restored

log = logging.getLogger("keepalive")

FORMAT: Final = "keepalive-state-3"
# What FORMAT has of a Health, in this order.
_FIELDS: Final = (
    *("generation", "state", "judged", "streak", "hold", "drain", "checked", "last_up", "code", "ok"),
    *("latency", "latency_ewma", "latency_min", "latency_max", "since", "last_down", "failed", "timeouts"),
    *("void", "resent", "drained", "kept_down", "flap_since", "flap_changes", "flap_level"),
    *("traffic", "calls_since", "calls_ok", "calls_failed", "shadow_downs", "samples", "reason"),
)
# Writing takes time in proportion to the number of destinations: rest ten times as long.
REST: Final = 10


class Foreign(ValueError):
    """A file is none of ours, or was damaged."""


def text_of(rows: dict[str, Restored]) -> str:
    """Return the file's text: a line that names the format, then a line a destination, then the end."""
    lines = [json.dumps([FORMAT])]
    for key, row in sorted(rows.items()):
        known = Health(*row.health)
        lines.append(json.dumps([key, [getattr(known, name) for name in _FIELDS], row.admin, row.history]))
    lines.append(json.dumps(["end", len(rows)]))
    return "\n".join(lines) + "\n"


def parse(text: str) -> dict[str, Restored]:
    """Read a file's text. Raises: Foreign."""
    try:
        first, *lines, last = [json.loads(line) for line in text.splitlines()]
        rows = {key: _row(fields, admin, history) for key, fields, admin, history in lines}
    except (ValueError, TypeError) as error:
        raise Foreign(str(error)) from None
    if first != [FORMAT] or last != ["end", len(rows)]:
        raise Foreign("its first or last line is not that of a whole state file")
    return rows


def _row(fields: list[Any], admin: list[Any] | None, history: list[list[Any]]) -> Restored:
    # Times of the monotonic clock mean nothing after a restart.
    known = Health(**dict(zip(_FIELDS, fields, strict=True)))._replace(
        generation=0, judged=0, hold=0, drain=0, kept_down=0, flap_since=0, traffic=0, calls_since=0
    )
    # Through its text once, to see that each field is what it should be.
    return Restored(list(Health.from_text(known.text())), list(Admin(*admin)) if admin else None, history)


def load() -> None:
    """Read the state file, if there is one, for the destinations that will be registered.

    A damaged or foreign file is set aside, and never stops the server.
    """
    path = _path()
    if path is None:
        return
    try:
        rows = parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        aside = path.with_name(path.name + ".bad")
        log.error("state_file %s is set aside as %s: %s", path, aside.name, error)
        try:
            path.replace(aside)
        except OSError as failure:
            log.error("state_file %s can't be set aside: %s", path, failure)
        return
    try:
        for key, row in rows.items():
            shared_memory.store_restored(key, row)
    except shared_memory.SharedMemoryFull as error:
        log.error("state_file %s is not restored as a whole: %s", path, error)
    log.info("state_file %s: %d destinations", path, len(rows))


def _path() -> Path | None:
    name = configuration.values()["state_file"]
    return Path(str(name)) if name else None


class Writer:
    """Writes the state file when something has changed; lives in a timer process of its own."""

    def __init__(self) -> None:
        self._written = ""
        self._not_before = 0.0
        self._failed = ""

    def tick(self) -> None:
        """Write the file, unless it says already what there is to say."""
        path = _path()
        if path is None or not shared_memory.is_started() or time.monotonic() < self._not_before:
            return
        began = time.monotonic()
        text = text_of(shared_memory.rows_to_restore())
        if text != self._written:
            try:
                self._write(path, text)
                self._written, self._failed = text, ""
            except OSError as error:
                if str(error) != self._failed:
                    self._failed = str(error)
                    log.error("state_file %s can't be written: %s", path, error)
        self._not_before = time.monotonic() + (time.monotonic() - began) * REST

    def _write(self, path: Path, text: str) -> None:
        # Whole or not at all: whoever reads the name finds the old file or the new one.
        draft = path.with_name(path.name + ".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


writer = Writer()
