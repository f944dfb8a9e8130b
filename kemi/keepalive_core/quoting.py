"""How what comes from outside stands in a log line: in one line of a bounded length (pure)."""

from typing import Final

_MOST: Final = 80
# Nobody reads the digits of more; and Python writes none of a number with more than 4300.
_MOST_BITS: Final = 256
# Of a text that is remembered: a reason phrase, or what a route reports.
MOST_REMEMBERED: Final = 128


def quoted(value: object) -> str:
    """Return what a value looks like, in quotation marks where it is a text; it never raises."""
    if isinstance(value, str | bytes):
        # Cut first: there may be megabytes of it.
        return _cut(repr(value[: _MOST + 1]))
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a number of {value.bit_length()} bits"
    try:
        return _cut(repr(value))
    except Exception:
        return f"a {type(value).__name__}"


def one_line(text: str) -> str:
    """Return a text from outside as it can stand in a log line and in a record."""
    cut = text[: MOST_REMEMBERED + 1]
    return _cut(cut if cut.isprintable() else repr(cut), MOST_REMEMBERED)


def _cut(text: str, most: int = _MOST) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
