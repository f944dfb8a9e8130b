"""What operators have changed: a line of the log for each order, and the last ones to be read."""

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ..kamailio import order_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules import order
from ..rules.operator import Operator
from ..rules.order import KEPT, Order
from . import change_lines, feed

log = logging.getLogger("keepalive")


def note(operator: Operator, what: str, before: str = "", after: str = "") -> None:
    """Tell the log of something that an operator has changed, and keep it.

    Arguments: operator; what was changed, such as a destination's URI; before and after, how it was and how
    it is, "" if there is no such thing, as with a ping.
    """
    noted = Order.of(int(time.time()), operator, what, before, after)
    change_lines.write_order(noted.fields(), noted.line())
    feed.put_order(noted.fields())
    try:
        order_rows.add(noted)
    except SharedMemoryFull as refusal:
        # What was ordered is done already.
        log.warning("the order stands in the log only: %s", refusal)


def to_be_kept() -> list[dict[str, Any]]:
    """Return the fields of the state file's lines of the last orders, the oldest first."""
    return [order.to_be_kept(each) for each in reversed(order_rows.newest())]


def restarted(others: Iterable[Mapping[str, Any]]) -> None:
    """Take over the orders from before the start. Arguments: others, what no destination's lines say."""
    before = order.kept(others)
    if not before:
        return
    try:
        order_rows.add_older(before)
    except SharedMemoryFull as refusal:
        log.warning("the last orders from before the start are not all shown: %s", refusal)


def orders(count: int = KEPT) -> list[dict[str, Any]]:
    """Return the last orders, the newest first.

    Arguments: count, how many of them, 100 at the most.
    Returns: of each ``at`` (epoch seconds), ``by``, ``from``, ``what``, ``before`` and ``after``.
    """
    return [each.fields() for each in order_rows.newest(count)]
