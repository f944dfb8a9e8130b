"""From a destination in any spelling to what is_alive says of it."""

import logging
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

Keys = tuple[str, tuple[str, ...]]
"""The key of a spelling, "" of a malformed one, and those that a name is looked for by if it is not there"""

_spellings: Cache[str, Keys] = Cache(
    _SPELLINGS_BYTES,
    lambda text, known: sum(map(getsizeof, (*known, *known[1]))) - (known[0] is text and getsizeof(text)),
)
spellings: dict[str, Keys] = _spellings.answers
"""What this process was asked for, and the keys of that."""

_usual: Final = usual_answers()
answers: dict[int | None, int] = {code: _usual[code] for code in _usual if code and not is_unknown(code)}
"""What is_alive says by what it reads of a destination. Once all that keepalive needs is called, that of who
is unknown is there, too; once the start-up is over, by None: what has no row then is not monitored."""


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
        others = uris.other_spellings(key) if key else ()
        _spellings.remember(destination, (destination if key == destination else key, others))
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
    return None in answers


def is_alive(destination: object) -> int:
    """Return what is_alive says of a destination in any spelling, -1 if it is not monitored or malformed.

    Raises: SharedMemoryFull.
    """
    if not the_adoption.is_sound:
        # It may be unknown for ever.
        the_adoption.look()
    elif len(answers) < len(_usual):
        answers.update(_usual)
    code = _code_in_any_spelling(key_of(destination))
    return ERROR if code is None else answer(code)


def state(destination: object) -> int:
    """Return the health of a destination in any spelling, -1 if it is not monitored or malformed.

    Raises: SharedMemoryFull.
    """
    code = _code_in_any_spelling(key_of(destination))
    return ERROR if code is None else state_of(code)


def _code_in_any_spelling(key: str) -> int | None:
    code = service_code(key) if key else None
    if code is None and (other := other_spelling(key)):
        code = service_code(other)
    return code


def service_code(key: str) -> int | None:
    """Return what is_alive reads of a destination, None if it is not monitored. Raises: SharedMemoryFull."""
    code = destination_rows.service_code(key)
    if code is None and not _is_over():
        is_over = startup.start()
        code = destination_rows.service_code(key)
        if is_over:
            if the_adoption.is_sound:
                answers[None] = ERROR
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
