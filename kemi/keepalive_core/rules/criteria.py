"""By which criteria a destination is judged, and how they travel with a ping (pure)."""

import json
from typing import Any, Final, NamedTuple

from .cache import Cache
from .reply_codes import CodeRanges

# The most intervals for which a Retry-After is followed: no peer talks us into never asking again.
RETRY_AFTER_INTERVALS: Final = 10


class Criteria(NamedTuple):
    """What decides a destination's state; see the parameters of the same names."""

    rise: int = 1
    fall: int = 1
    codes: CodeRanges = ((200, 299),)
    remove_after: int = 0
    timeout: int = 0
    """ms; 0 if no ping's silence is judged"""
    resent_after: int = 0
    """ms after which a ping is sent again; 0 for never, as over TCP"""
    drain_codes: CodeRanges = ()
    drain_time: int = 0
    """seconds of a drain for which the reply names no end"""
    most_drain: int = 0
    """the most seconds for which a Retry-After is followed; 0 for not at all"""
    flap_limit: int = 0
    flap_window: int = 0
    """seconds"""
    flap_hold: int = 0
    """seconds"""
    flap_hold_max: int = 0
    """seconds"""

    def text(self) -> str:
        """Return what differs from the defaults, as JSON without white space, for from_text()."""
        named = zip(self._fields, self, _DEFAULT, strict=True)
        return json.dumps(
            {name: value for name, value, default in named if value != default}, separators=(",", ":")
        )

    @staticmethod
    def from_text(text: str) -> "Criteria":
        """Return the criteria that a text() stands for. Raises: ValueError or TypeError for another text."""
        # Called for each reply: it is what answer() does, in half of the time.
        known = _criteria.answers.get(text)
        return _criteria.remember(text, _read(text)) if known is None else known


_DEFAULT: Final = Criteria()


def _read(text: str) -> Criteria:
    try:
        said = dict(json.loads(text))
    except RecursionError:  # a route of the script can write the AVP
        raise ValueError("criteria nested too deeply") from None
    named: dict[str, Any] = {
        name: tuple((low, high) for low, high in value) if isinstance(value, list) else value
        for name, value in said.items()
    }
    found = Criteria(**named)
    if [*map(type, found)] != [*map(type, _DEFAULT)]:
        raise ValueError(f"criteria of other types: {text}")
    return found


# Each reply brings the text of its ping's criteria; these take some 500 bytes beside their codes.
_criteria: "Cache[str, Criteria]" = Cache(4 << 20, lambda text, _: 500 + 10 * len(text))
