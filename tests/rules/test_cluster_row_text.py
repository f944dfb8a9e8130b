"""What is written down of the cluster can be read again, and by another version too."""

import json

import pytest

from keepalive_core.rules.cluster_row_text import CaseRow, OwnRow, PeerRow, ViewRow, are_agreed, parsed, text
from keepalive_core.rules.cluster_share import Exceptional

ROWS = [
    ViewRow(3, "a", 77, ("a", "b"), ("a",), ("a",), ("a", "b"), True, True, True, True, True, True, True),
    OwnRow(3, 1, 2, 4, "0.1.0", 1234),
    PeerRow(77, True, True, 5_000_000, 2, True, True, True, "0.1.0", 1234, True),
    CaseRow(
        {"a": ("down", "408", 1_700_000_000)}, "HOLD", "b asked", True, ("a", "b"), True, True, ("a",), 99
    ),
]


@pytest.mark.parametrize("row", [*ROWS, *(type(row)() for row in ROWS)])
def test_a_row_is_read_as_it_was_written(row: ViewRow) -> None:
    """Each field, also if it is what it is by default."""
    assert parsed(type(row), text(row)) == row


@pytest.mark.parametrize("row", ROWS)
def test_other_fields_are_skipped_and_missing_ones_are_as_by_default(row: ViewRow) -> None:
    """A part of the module that was reloaded may know more, or less."""
    assert parsed(type(row), json.dumps({**json.loads(text(row)), "more": [1]})) == row
    assert parsed(type(row), "{}") == type(row)()


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("nonsense", [None, 1.5, "", [1], {"a": 1}, {"a": ["down", 1, 2]}, {"a": [1]}])
def test_nonsense_is_no_row(row: ViewRow, nonsense: object) -> None:
    """Whoever may use RPC may have written it: each field is of its type."""
    for name, default in type(row)()._asdict().items():
        if isinstance(default, str) and nonsense == "":
            continue
        with pytest.raises((ValueError, TypeError, AttributeError)):
            parsed(type(row), json.dumps({name: nonsense}))
    for said in ("", "[]", "7", "x"):
        with pytest.raises((ValueError, TypeError)):
            parsed(type(row), said)


def test_a_view_is_that_of_the_rules() -> None:
    """Names are sets there."""
    view = ROWS[0].view  # type: ignore[attr-defined]
    assert (view.me, view.live, view.fit, view.ready) == ("a", {"a", "b"}, {"a"}, {"a"})
    assert (view.counted, view.pings, view.degraded) == ({"a", "b"}, True, True)


def test_what_a_case_means_for_the_prober() -> None:
    """Whether it pings, and whether anybody says how the destination is."""
    case = CaseRow({"a": ("unsent", "", 0), "b": ("lacks", "", 0)}, ping=True, agreed=True)
    assert case.exceptional == Exceptional(pings=True, agreed=True, lacking=frozenset("b"))
    assert not case.is_spoken_of
    assert all(CaseRow({"a": (kind, "", 0)}).is_spoken_of for kind in ("up", "down", "drain"))
    assert not CaseRow({"a": ("up", "", 0)}, "STANDS").is_spoken_of, "of a dead node"


def test_when_what_follows_others_may_be_given_up() -> None:
    """If something of that is down, and others can't reach any of it either."""
    up, down, alone = (CaseRow(outcome=outcome) for outcome in ("UP", "DOWN", "ALONE"))
    assert not are_agreed([])
    assert not are_agreed([up._replace(agreed=True)])
    assert are_agreed([up, down._replace(agreed=True)])
    assert not are_agreed([down._replace(agreed=True), alone])
    assert not are_agreed([down])
