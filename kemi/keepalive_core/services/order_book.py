"""What operators have changed: a line of the log for each order, and the last ones to be read."""

import logging
import time
from typing import Any

from ..kamailio import order_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules.operator import Operator
from ..rules.order import KEPT, Order
from . import change_lines, feed

log = logging.getLogger("keepalive")


def note(operator: Operator, what: str, before: str = "", after: str = "") -> None:
    """Tell the log of something that an operator has changed, and keep it.

    Arguments: operator; what was changed, such as a destination's URI; before and after, how it was and how
    it is, "" if there is no such thing, as with a ping.
    """
    order = Order.of(int(time.time()), operator, what, before, after)
    change_lines.write_order(order.fields(), order.line())
    feed.put_order(order.fields())
    try:
        order_rows.add(order)
    except SharedMemoryFull as refusal:
        # What was ordered is done already.
        log.warning("the order stands in the log only: %s", refusal)


def orders(count: int = KEPT) -> list[dict[str, Any]]:
    """Return the last orders, the newest first.

    Arguments: count, how many of them, 100 at the most.
    Returns: of each ``at`` (epoch seconds), ``by``, ``from``, ``what``, ``before`` and ``after``.
    """
    return [order.fields() for order in order_rows.newest(count)]
