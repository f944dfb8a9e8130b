"""From a destination in any spelling to what is_alive says of it."""

import logging
from collections.abc import Callable
from sys import getsizeof
from typing import Final

from ..kamailio import destination_rows, tables, variables
from ..rules import uris
from ..rules.cache import Cache
from ..rules.service_code import ERROR, answer, is_sound, is_unknown, state_of, usual_answers
from ..rules.states import UNKNOWN
from . import groups, inspection, open_rosters, registrations, startup
from .adoption import the_adoption

log = logging.getLogger("keepalive")

# For spellings and their keys, in each process: 256 bytes for each of eight destinations a slot; more than
# these are too many for the tables. To parse a spelling again takes 1 us if it is a key, and else up to 10.
_SPELLINGS_BYTES = 2048 * 2 ** variables.table_size()

_spellings: Cache[str, tuple[str, "Answers"]] = Cache(
    _SPELLINGS_BYTES, lambda text, known: getsizeof(known) + (0 if known[0] is text else getsizeof(known[0]))
)
spellings: dict[str, tuple[str, "Answers"]] = _spellings.answers
"""What this process was asked for: of each spelling the key, "" for a malformed one, and what is_alive says
by what it reads there."""

Answers = dict[int | None, int]
"""What is_alive says, by what it reads of a destination"""

_usual: Final = usual_answers()
_answers: Answers = {code: _usual[code] for code in _usual if code and not is_unknown(code)}
"""Once all that keepalive needs is called, that of who is unknown is there, too; once the start-up is over,
by None: what has no row then is not monitored."""
_answers_of_names: Answers = dict(_answers)
"""Likewise, and never by None: another spelling may be monitored, see other_spelling()"""


def key_of(destination: object) -> str:
    """Return the key of a destination in any spelling; "" for a malformed one, which is logged."""
    if not isinstance(destination, str):
        return _parsed_key(destination)
    known = spellings.get(destination)
    if known is not None:
        return known[0]
    key = _parsed_key(destination)
    # What is longer is no URI, and nothing is remembered of it.
    if len(destination.encode("utf-8", "surrogatepass")) <= uris.MAX_URI_BYTES:
        answers = _answers_of_names if key and uris.other_spellings(key) else _answers
        _spellings.remember(destination, (destination if key == destination else key, answers))
    return key


def _parsed_key(destination: object) -> str:
    try:
        return uris.parse(destination).key
    except uris.InvalidURI as error:
        log.error("%s", error)
        return ""


def monitored_key(destination: object) -> str:
    """Return the key of a destination in any spelling; "" for one that is malformed or not monitored.

    Raises: SharedMemoryFull.
    """
    key = key_of(destination)
    if not key or service_code(key) is not None:
        return key
    return other_spelling(key)


def other_spelling(key: str) -> str:
    """Return the key that is monitored in the place of a name that is not; "" if there is none.

    For what is not found under its own key alone. Nobody remembers it: what comes and goes decides each time.

    Raises: SharedMemoryFull.
    """
    look = destination_rows.service_code if _is_over() else service_code
    others = uris.other_spellings(key) if key else ()
    return next((other for other in others if look(other) is not None), "")


def _is_over() -> bool:
    """Say whether the start-up is over, and all that is configured has its rows."""
    return None in _answers


def is_alive(destination: object) -> int:
    """Return what is_alive says of a destination in any spelling, -1 if it is not monitored or malformed.

    Raises: SharedMemoryFull.
    """
    if not the_adoption.is_sound:
        # It may be unknown for ever.
        the_adoption.look()
    elif len(_answers_of_names) < len(_usual):
        _answers.update(_usual)
        _answers_of_names.update(_usual)
    code = _code_in_any_spelling(key_of(destination), _code_at_once)
    return ERROR if code is None else answer(code)


def state(destination: object) -> int:
    """Return the health of a destination in any spelling, -1 if it is not monitored or malformed.

    Raises: SharedMemoryFull.
    """
    code = _code_in_any_spelling(key_of(destination), service_code)
    return ERROR if code is None else state_of(code)


def _code_in_any_spelling(key: str, look: Callable[[str], int | None]) -> int | None:
    code = look(key) if key else None
    if code is None and (other := other_spelling(key)):
        code = look(other)
    return code


def _code_at_once(key: str) -> int | None:
    """Return what service_code() does, but do not look whether a row that is missing is lost."""
    code = destination_rows.service_code(key)
    return code if is_sound(code) or (code is None and _is_over()) else service_code(key)


def service_code(key: str) -> int | None:
    """Return what is_alive reads of a destination, None if it is not monitored. Raises: SharedMemoryFull."""
    code = destination_rows.service_code(key)
    if code is None and not _is_over():
        is_over = startup.start()
        code = destination_rows.service_code(key)
        if is_over:
            if the_adoption.is_sound:
                _answers[None] = ERROR
        elif code is None and startup.may_be_configured(key):
            # Another process is just registering what is configured: it is monitored all the same.
            return groups.code_now(UNKNOWN, None)
    if not is_sound(code) and registrations.is_there(key):
        # Its row is missing, or makes no sense; its prober sees to its other rows.
        tables.note_lost()
        inspection.put_right(key)
        open_rosters.settle()
        code = destination_rows.service_code(key)
    return code
