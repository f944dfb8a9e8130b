"""What an operator has changed: one line, safe and of a bounded length, whatever the texts are."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keepalive_core.rules import order
from keepalive_core.rules.operator import Operator
from keepalive_core.rules.order import Order

ANNA = Operator("anna", "unix socket")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (
            "ready",
            "maint until 14:00 (card swap)",
            "anna (unix socket): sip:10.0.0.9 ready -> maint until 14:00 (card swap)",
        ),
        ("", "up", "anna (unix socket): sip:10.0.0.9 nothing -> up"),
        ("up", "", "anna (unix socket): sip:10.0.0.9 up -> nothing"),
        ("", "", "anna (unix socket): sip:10.0.0.9"),
    ],
)
def test_an_order_is_one_sentence(before: str, after: str, line: str) -> None:
    """Who, from where, what, before and after; without the two if there are none."""
    made = Order.of(7, ANNA, "sip:10.0.0.9", before, after)
    assert made.line() == line
    assert made.fields() == {
        "at": 7,
        "by": "anna",
        "from": "unix socket",
        "what": "sip:10.0.0.9",
        "before": before,
        "after": after,
    }


# As long as the log takes a line of, see kamailio_log.py.
LONGEST = 1500
TEXTS = st.text(st.characters(), max_size=900)


@given(name=TEXTS, place=TEXTS, what=TEXTS, before=TEXTS, after=TEXTS)
def test_any_text_makes_one_line_and_comes_back(
    name: str, place: str, what: str, before: str, after: str
) -> None:
    """Half characters, line ends, megabytes: the row says what the line said."""
    made = Order.of(7, Operator(name, place), what, before, after)
    assert made.line().isprintable()
    assert len(made.line()) < LONGEST
    assert order.of_row(order.row_text(3, made)) == (3, made)


PIECES = st.sampled_from(
    [
        "sip:",
        "sips:",
        "u:p@",
        "@",
        ":",
        " ",
        "?",
        "<",
        '"',
        "'",
        "\n",
        "\x00",
        "\udc80",
        "\u202e",
        "/",
        "x" * 90,
    ]
)


@given(text=st.lists(PIECES, max_size=30).map("".join))
@example(text='";\u202e/sips:\x00http://u:p@hsip:\'"')
def test_whatever_looks_like_passwords_comes_back(text: str) -> None:
    """An order that no reader takes would be lost to all but the log."""
    made = Order.of(7, Operator(text, text), text, text, text)
    assert order.of_row(order.row_text(3, made)) == (3, made)
    assert order.kept([order.to_be_kept(made)]) == [made]


@pytest.mark.parametrize("padding", [0, 190, 599])
def test_no_order_has_a_password(padding: int) -> None:
    """Wherever it stands, also where the text is cut."""
    text = "x" * padding + " sip:u:secret@host"
    made = Order.of(7, Operator(text, text), text, text, text)
    assert "secr" not in made.line()


GOOD = [7, "anna", "unix socket", "sip:a", "ready", "drain"]


@pytest.mark.parametrize(
    "row",
    [
        ["1", *GOOD],
        [True, *GOOD],
        [1, *GOOD[:-1]],
        [1, *GOOD, ""],
        [1, "7", *GOOD[1:]],
        [1, -1, *GOOD[1:]],
        [1, 2**60, *GOOD[1:]],
        [1, 7, "an\nna", *GOOD[2:]],
        [1, 7, "x" * 201, *GOOD[2:]],
        [1, 7, 5, *GOOD[2:]],
        {},
        [],
        7,
    ],
)
def test_a_row_of_somebody_else_is_refused(row: object) -> None:
    """Whoever may use RPC can write anything there."""
    with pytest.raises((ValueError, TypeError, KeyError)):
        order.of_row(json.dumps(row))


def test_orders_come_back_from_a_state_file() -> None:
    """Those lines that say one, in their order."""
    made = [Order.of(at, ANNA, f"sip:{at}", "", "") for at in (7, 9)]
    others = [{"server": 1}, *map(order.to_be_kept, made), {"order": 5}, {"order": ["x"] * 6}]
    assert order.kept(others) == made
