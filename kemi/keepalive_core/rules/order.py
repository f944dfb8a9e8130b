"""An order: what an operator has changed, as the log, a row and a reader of the last ones have it (pure)."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from .modes import NEVER
from .operator import Operator
from .quoting import MOST_REMEMBERED, one_line, without_passwords

KEPT: Final = 100
"""The number of orders that are kept: the last ones"""

# More than is remembered: a password may end behind that.
_MOST_READ: Final = 3 * MOST_REMEMBERED
_KEPT_AS: Final = "order"
_TEXTS: Final = ("by", "place", "what", "before", "after")


class Order(NamedTuple):
    """One change by an operator. Each text is one line of a bounded length, without passwords."""

    at: int
    """epoch seconds"""
    by: str
    place: str
    what: str
    """what was changed, such as a destination's URI"""
    before: str
    after: str

    @classmethod
    def of(cls, at: int, operator: Operator, what: str, before: str, after: str) -> "Order":
        """Return an order of texts from anywhere; "" for before and after if there is no such thing."""
        return cls(at, *map(_safe, (*operator, what, before, after)))

    def line(self) -> str:
        """Return it as the log has it."""
        change = f" {self.before or 'nothing'} -> {self.after or 'nothing'}"
        return f"{self.by} ({self.place}): {self.what}{change if self.before or self.after else ''}"

    def fields(self) -> dict[str, Any]:
        """Return it as a reader gets it."""
        fields = self._asdict()
        return {"from" if name == "place" else name: value for name, value in fields.items()}


def _safe(text: str) -> str:
    """Return a text as it is kept; it returns the same of that, or no reader would take the row."""
    safe = one_line(without_passwords(text[:_MOST_READ]))
    # What was cut, or escaped, may look like another password.
    return safe if safe == text else _safe(safe)


def row_text(number: int, order: Order) -> str:
    """Return what an order's row says. Arguments: number, a higher one is of a later order."""
    return json.dumps([number, *order])


def of_row(text: str) -> tuple[int, Order]:
    """Return an order and its number. Raises: as rows.py says, for a row that was not written here."""
    number, *fields = json.loads(text)
    if type(number) is not int:
        raise ValueError("its number is none")
    return number, of_list(fields)


def to_be_kept(order: Order) -> dict[str, Any]:
    """Return an order's fields for a line of the state file."""
    return {_KEPT_AS: [*order]}


def kept(others: Iterable[Mapping[str, Any]]) -> list[Order]:
    """Return the orders among the fields of lines of a state file, in their order; nonsense is left out."""
    orders = []
    for fields in others:
        if _KEPT_AS in fields:
            with suppress(ValueError, TypeError):
                orders.append(of_list(fields[_KEPT_AS]))
    return orders


def of_list(fields: Any) -> Order:
    """Return an order of a list of its fields. Raises: as rows.py says, for what is none."""
    order = Order(*fields)
    if type(order.at) is not int or not 0 <= order.at <= NEVER:
        raise ValueError("its time is none")
    for name in _TEXTS:
        text = getattr(order, name)
        if text != _safe(text):
            raise ValueError(f"its {name} is no text of one line")
    return order
