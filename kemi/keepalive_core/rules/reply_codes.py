"""Which SIP reply codes count as alive: the text of ping_reply_codes, read (pure)."""

import re

from .cache import Cache
from .quoting import quoted

CodeRanges = tuple[tuple[int, int], ...]

# Final codes, RFC 3261 section 21.
LOWEST = 200
HIGHEST = 699


def parse_codes(text: str) -> CodeRanges:
    """Read a list of codes such as ``2xx,404,480``, ``200-499`` or ``any``.

    Returns: the ranges it names, first and last code of each; none for an empty text.
    Raises: ValueError with the fault.
    """
    return _known.answer(text, _parsed)


def _parsed(text: str) -> CodeRanges:
    if not text:
        return ()
    ranges = [_range(part.strip().lower()) for part in text.split(",")]
    return tuple(ranges)


_known: Cache[str, CodeRanges] = Cache(1 << 20, lambda _, ranges: 120 * len(ranges))


def has_code(codes: CodeRanges, code: int) -> bool:
    """Say whether a code is in one of the ranges."""
    for low, high in codes:  # noqa: SIM110 - any() takes three times as long
        if low <= code <= high:
            return True
    return False


def _range(part: str) -> tuple[int, int]:
    if part == "any":
        return LOWEST, HIGHEST
    if re.fullmatch(r"[2-6]xx", part):
        return int(part[0]) * 100, int(part[0]) * 100 + 99
    if re.fullmatch(r"\d{3}(-\d{3})?", part):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if LOWEST <= first <= last <= HIGHEST:
            return first, last
    raise ValueError(f"{quoted(part)} is no code, range, class or 'any' of {LOWEST} to {HIGHEST}")
