"""What kamailio.cfg defines, and what Kamailio's own settings are: texts of operators, in any encoding."""

import re
from functools import cache
from typing import Any, Final

import KSR

# A define may stand for another one, but not in a circle.
_MOST_DEFINES: Final = 8


# The number of queues of changes that keepalive-settings.cfg declares.
MOST_PROBERS: Final = 8
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
# htable makes 2^31 slots at the most.
MOST_TABLE_SIZE: Final = 31


class Unreadable(Exception):
    """Kamailio gave no text at all for a variable."""


def defined(name: str) -> str | None:
    """Return a setting as kamailio.cfg or ``-A`` defines it, None if it does not.

    It is the define's text, and can be read anywhere, in mod_init too. Raises: Unreadable.
    """
    return _resolved(_read(f"def(KEEPALIVE_{name.upper()})"))


def is_defined(name: str) -> bool:
    """Say whether kamailio.cfg or ``-A`` defines a setting, whatever its text is."""
    try:
        return defined(name) is not None
    except Unreadable:
        return True


def _resolved(text: Any) -> str | None:
    """Return what a define's text comes to, without quotation marks; it may name another define."""
    for _ in range(_MOST_DEFINES):
        other = _read(f"def({text})") if _is_name(text) else None
        if other is None:
            break
        text = other
    return text.strip("\"'") if isinstance(text, str) else None


def _is_name(text: object) -> bool:
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def configured(name: str) -> str | None:
    """Return a setting as Kamailio has it now, with what an operator changed at run time.

    Before anybody did it is the define's text, which may name another define. Only for timers and
    routes: in child_init this read crashes Kamailio (5.6 to 6.0). Raises: Unreadable.
    """
    value = _read(f"sel(cfg_get.keepalive.{name})")
    return _resolved(value) if _is_name(value) else None if value is None else str(value)


def _read(name: str) -> Any:
    """Return a variable's value.

    Of a text that is no UTF-8 each wrong byte is half a character, which no setting is allowed to have.
    """
    try:
        return KSR.pv.get(f"${name}")
    except (UnicodeDecodeError, SystemError):
        pass
    try:
        # In hexadecimal digits any text can be read.
        return bytes.fromhex(KSR.pv.get(f"$({name}{{s.encode.hexa}})")).decode("utf-8", "surrogateescape")
    except (TypeError, ValueError, SystemError) as error:
        raise Unreadable(f"${name} can't be read: {error}") from None


def waits_for_connections() -> bool:
    """Say whether a process that sends over TCP waits for the connection (tcp_async=no); False if unknown.

    Only for timers and routes, as configured().
    """
    try:
        return bool(_read("sel(cfg_get.tcp.async)") in (0, "0"))
    except Unreadable:
        return False


@cache
def probers() -> int:
    """Return how many prober processes there are; those beyond MOST_PROBERS have nothing to do."""
    return _whole_number("probers", 1, MOST_PROBERS)


@cache
def table_size() -> int:
    """Return the power of 2 that is the number of slots of the tables with a row a destination."""
    return _whole_number("table_size", 0, MOST_TABLE_SIZE)


def _whole_number(name: str, least: int, most: int) -> int:
    # What is none is Kamailio's to refuse, which makes processes and tables of the same defines.
    try:
        return min(max(int(defined(name) or least), least), most)
    except (ValueError, Unreadable):
        return least
