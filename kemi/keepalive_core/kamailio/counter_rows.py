"""What was counted since the server's start, for its metrics: with KEEPALIVE_HTTP alone.

=====================  =========================  =========================================================
table                  key                        value
=====================  =========================  =========================================================
``keepalive_metrics``  see rules/counted.py       int, how often that was counted, for one set of groups
``keepalive``          ``counter_rows``           int, counts the rows of that table
``keepalive``          ``ticked`` and a number    int, the second of clock.now() of that prober's last tick
``keepalive``          ``planned`` and a number   int, the pings that it has to send in 1000 s
=====================  =========================  =========================================================
"""

from contextlib import suppress
from functools import cache
from typing import Final, NamedTuple

import KSR

from ..rules.counted import NO_GROUP
from . import variables
from .tables import COMMON, METRICS, SharedMemoryFull, read_number, store

MOST_ROWS: Final = 100_000
"""The most rows; what is counted beyond them is counted as of no group"""


@cache
def is_counting() -> bool:
    """Say whether anything is counted, as kamailio.cfg says for good. Only where defines can be read."""
    return variables.is_defined("http")


def count(word: str, groups: str) -> None:
    """Count one more: nearly always one call of KSR. What finds no memory is not counted.

    Arguments: word, as which; groups, the set of groups of the destination. Both as in rules/counted.py.
    """
    try:
        if KSR.htable.sht_inc(METRICS, f"{word} {groups}") == 1 and groups != NO_GROUP:
            _keep_in_bounds(word, groups)
    except Exception:  # 5.6 raises where 6.x says no: what is counted is worth no verdict
        return


def _keep_in_bounds(word: str, groups: str) -> None:
    """Have a new row stay, unless there are too many."""
    if KSR.htable.sht_inc(COMMON, "counter_rows") > MOST_ROWS:
        KSR.htable.sht_dec(COMMON, "counter_rows")
        KSR.htable.sht_rm(METRICS, f"{word} {groups}")
        KSR.htable.sht_inc(METRICS, f"{word} {NO_GROUP}")


def counted() -> dict[str, int]:
    """Return the rows by their keys: it walks the whole table."""
    found: dict[str, int] = {}
    # The iterator holds a slot's lock between two steps: nothing else happens in this loop.
    KSR.htable.sht_iterator_start(COMMON, METRICS)
    try:
        while KSR.htable.sht_iterator_next(COMMON) > 0:
            with suppress(UnicodeDecodeError):
                key, number = KSR.pv.get("$shtitkey(keepalive)"), KSR.pv.get("$shtitval(keepalive)")
                if isinstance(number, int):
                    found[key] = number
    finally:
        KSR.htable.sht_iterator_end(COMMON)
    return found


def store_number_of_rows(number: int) -> None:
    """Write how many rows there are: operators may have removed some."""
    with suppress(SharedMemoryFull):
        store(COMMON, "counter_rows", number)


def store_tick(prober: int, second: int, rate: float) -> None:
    """Let others know that a prober is at work. Raises: SharedMemoryFull, the first time only.

    Arguments: prober, its number; second, of clock.now(); rate, the pings that it has to send in a second.
    """
    store(COMMON, f"ticked {prober}", second)
    store(COMMON, f"planned {prober}", round(rate * 1000))


class Work(NamedTuple):
    """What a prober said of itself."""

    ticked: int
    """the second of clock.now(); 0 for never"""
    rate: float
    """the pings that it has to send in a second"""


def work() -> list[Work]:
    """Return what each prober said, by their numbers."""
    return [
        Work(read_number(COMMON, f"ticked {prober}"), read_number(COMMON, f"planned {prober}") / 1000)
        for prober in range(variables.probers())
    ]
