"""What may be said of a destination beside its settings."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import checks
from keepalive_core.rules.checks import Refused
from outcomes import outcome

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "check",
    [
        checks.owner_name,
        checks.group_to_configure,
        lambda value: checks.group_name("sip:192.168.10.20", value),
        lambda value: checks.remark("why", value),
    ],
)
@given(value=st.one_of(anything, st.text(min_size=200, max_size=300)))
def test_a_name_is_a_line_or_refused(check: Any, value: object) -> None:
    """Whatever is given for a name: text of one line, of 255 bytes at the most, or one short refusal."""
    name, fault = outcome(lambda: check(value), Refused)
    if not fault:
        assert name == value
        assert name.isprintable()
        assert len(name.encode()) <= checks.MOST_TEXT_BYTES


@pytest.mark.parametrize("length", [255, 256])
def test_a_name_has_255_bytes(length: int) -> None:
    """Bytes count, not characters."""
    for value in ("x" * length, "ö" * (length // 2) + "x" * (length % 2)):
        if length > checks.MOST_TEXT_BYTES:
            with pytest.raises(Refused, match="not longer than 255 bytes: '(x|ö)"):
                checks.owner_name(value)
        else:
            assert checks.owner_name(value) == value


@pytest.mark.parametrize("name", ["carriers", "Grüße", "two words", "x" * 255])
def test_a_name_is_taken_as_it_is(name: str) -> None:
    """Of an owner and of a group."""
    assert checks.owner_name(name) == checks.group_to_configure(name) == checks.group_name("", name) == name


@pytest.mark.parametrize("check", [checks.owner_name, checks.group_to_configure])
def test_an_owner_and_a_group_with_options_have_names(check: Any) -> None:
    """An empty text is no name of theirs; a destination without a group has that one."""
    with pytest.raises(Refused, match="not ''"):
        check("")
    assert checks.group_name("sip:a", "") == checks.remark("why", "") == ""


@pytest.mark.parametrize(
    ("check", "value", "refusal"),
    [
        (checks.owner_name, "", "the owner of a destination is a name, not ''"),
        (checks.owner_name, 7, "the owner of a destination is a name, not 7"),
        (checks.group_to_configure, "", "a group that has options has a name, not ''"),
        (checks.group_to_configure, None, "a group that has options has a name, not None"),
        (lambda value: checks.number("weight", value), "1", "weight: a number is needed, not str"),
        (
            lambda value: checks.number("weight", value),
            2**31,
            "weight 2147483648: -2147483647 to 2147483647 ",
        ),
        (lambda value: checks.number_of_text("weight", value), "x", "weight: a number is needed, not 'x'"),
        (
            lambda value: checks.number_of_text("weight", value),
            "9" * 10,
            "weight 9999999999: -2147483647 to ",
        ),
        (lambda value: checks.group_name("sip:a", value), 7, "group of 'sip:a': a name is needed, not 7"),
        (lambda value: checks.remark("why", value), "a\nb", "why is text of one line, not 'a\\nb'"),
        (
            lambda value: checks.remark("why", value),
            "x" * 256,
            "why is text of one line, not longer than 255 by",
        ),
        (checks.json_value, {1, 2}, "user_attr {1, 2} is no JSON value: "),
        (checks.json_value, math.nan, "user_attr nan is no JSON value: "),
        (checks.json_value, [-math.inf], "user_attr [-inf] is no JSON value: "),
        (checks.json_value, "x" * 9000, "user_attr 'xxx"),
    ],
)
def test_what_a_refusal_says(check: Any, value: object, refusal: str) -> None:
    """What was said, and what is needed."""
    with pytest.raises(Refused) as refused:
        check(value)
    assert str(refused.value).startswith(refusal)


@given(st.one_of(anything, st.integers(-(2**31) - 2, 2**31 + 1)))
def test_a_number_is_one_of_cs(value: object) -> None:
    """A whole number that fits into an int of C, or a refusal that says what it is of."""
    found, fault = outcome(lambda: checks.number("weight", value), Refused)
    if type(value) is int and abs(value) < 2**31:
        assert found == value
    else:
        assert fault.startswith("weight")


@pytest.mark.parametrize("text", ["2147483647", "-2147483647", "0", "007", "-0"])
def test_numbers_of_text(text: str) -> None:
    """Digits, with a sign or without."""
    assert checks.number_of_text("weight", text) == int(text)


@given(st.one_of(st.text(), st.from_regex(r"[-+ ]?[0-9_]{1,30}", fullmatch=True)))
def test_a_text_is_a_number_or_refused(text: str) -> None:
    """However many digits there are, and whatever else Python would take for a number."""
    found, fault = outcome(lambda: checks.number_of_text("weight", text), Refused)
    assert fault.startswith("weight") if fault else found == int(text)


@given(anything)
def test_a_user_attr_is_json_or_refused(value: object) -> None:
    """What another process will read of it is what JSON makes of it."""
    found, fault = outcome(lambda: checks.json_value(value), Refused)
    assert "is no JSON value" in fault if fault else found == json.loads(json.dumps(value))


def test_a_user_attr_has_a_bound() -> None:
    """8192 bytes as JSON; one that has no end, or contains itself, is refused."""
    longest = "x" * (checks.MOST_USER_ATTR_BYTES - 2)
    assert checks.json_value(longest) == longest
    with pytest.raises(Refused, match="longer than 8192 bytes as JSON"):
        checks.json_value(f"{longest}x")
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(Refused, match="is no JSON value"):
        checks.json_value(endless)


def test_what_is_not_monitored_is_named() -> None:
    """In quotation marks, as somebody has typed it."""
    assert str(checks.NotMonitored("sip:a b")) == "'sip:a b' is not monitored"
