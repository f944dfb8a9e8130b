"""The last orders of operators, in a ring of rows.

===================  =============  =====================================================
table                key            value
===================  =============  =====================================================
``keepalive``        ``orders``     int, counts the orders
``keepalive_order``  ``0`` to 99    JSON, an order and its number, see rules/order.py
===================  =============  =====================================================
"""

from collections.abc import Iterable

from ..rules import order as orders_of_operators
from ..rules.order import KEPT, Order
from .tables import COMMON, ORDER, all_keys, locked, next_number, read_number, read_row, store

_COUNTER = "orders"


def add(order: Order) -> None:
    """Keep an order; the oldest goes. Raises: SharedMemoryFull."""
    with locked(_COUNTER, ORDER):
        _store(next_number(_COUNTER), order)


def add_older(older: Iterable[Order]) -> None:
    """Keep orders that were given before those that are kept. Raises: SharedMemoryFull."""
    with locked(_COUNTER, ORDER):
        known = newest()
        all_of_them = [*older, *reversed(known)][-KEPT:]
        # Each that is known moves up, and the rows that they had are used again.
        first = max(1, counted() - len(known) + 1)
        store(COMMON, _COUNTER, first + len(all_of_them) - 1)
        for number, order in enumerate(all_of_them, first):
            _store(number, order)


def _store(number: int, order: Order) -> None:
    store(ORDER, str(number % KEPT), orders_of_operators.row_text(number, order))


def newest(count: int = KEPT) -> list[Order]:
    """Return the last orders, the newest first."""
    found = [row for key in all_keys(ORDER) if (row := read_row(ORDER, key, orders_of_operators.of_row))]
    return [order for _, order in sorted(found, reverse=True)[: min(max(0, count), KEPT)]]


def counted() -> int:
    """Return a number that is another one after each order."""
    return read_number(COMMON, _COUNTER)
