"""What a method is given: by position or by name, each checked."""

import pytest

from keepalive_core.rules.method_parameters import (
    REQUIRED,
    InvalidParams,
    Kind,
    MethodParameter,
    bound,
    flag,
    number,
    one_of,
    options,
    text,
    texts,
    whole,
)

PARAMETERS = [
    MethodParameter("destination", text),
    MethodParameter("until", number(0, 100), 0),
    MethodParameter("why", text, ""),
]


@pytest.mark.parametrize("params", [["sip:a", 5], {"until": 5, "destination": "sip:a"}])
def test_by_position_or_by_name(params: list[object] | dict[str, object]) -> None:
    """Both give the same, and what is not given is its default."""
    assert bound(PARAMETERS, params) == {"destination": "sip:a", "until": 5, "why": ""}


def test_nothing_is_taken_where_nothing_is_needed() -> None:
    """A method without parameters takes none, in either way."""
    assert bound([], []) == bound([], {}) == {}


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ([], "destination is missing"),
        ({}, "destination is missing"),
        ({"until": 5}, "destination is missing"),
        ([1], "destination 1: a text is needed"),
        ([None], "destination None: a text is needed"),
        (["x" * 4097], f"destination '{'x' * 76}...: up to 4096 characters are allowed"),
        (["sip:a", "5"], "until '5': a number from 0 to 100 is needed"),
        (["sip:a", 101], "until 101: a number from 0 to 100 is needed"),
        (["sip:a", 1, "", 4], "4 values, destination [until] [why] is what it takes"),
        ({"destination": "sip:a", "wy": ""}, "unknown 'wy', destination [until] [why] is what it takes"),
        (
            {"destination": "sip:a", "x" * 500: 1},
            f"unknown '{'x' * 76}..., destination [until] [why] is what it takes",
        ),
    ],
)
def test_what_is_refused(params: list[object] | dict[str, object], reason: str) -> None:
    """The parameter and the reason are named, with a bound on their length."""
    with pytest.raises(InvalidParams) as refused:
        bound(PARAMETERS, params)
    assert str(refused.value) == reason


def test_a_method_that_takes_nothing_says_so() -> None:
    """What is given to it all the same is too much."""
    with pytest.raises(InvalidParams, match="1 values, nothing is what it takes"):
        bound([], [1])


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (text, ["", "x" * 4096], [None, 1, True, [], {}, "x" * 4097]),
        (flag, [True, False], [0, 1, "true", None]),
        (whole(0, 9), [0, 9], [-1, 10, 1.0, True, "1", None]),
        (number(0, 9), [0, 9, 1.5], [-1, 9.1, True, "1", None, 10**60]),
        (one_of("", "up"), ["", "up"], ["down", "UP", 1, None, ["up"]]),
        (texts(2), [[], ["a", ""]], ["a", ["a", 1], ["a", "b", "c"], ["x" * 4097], None, {"a": 1}]),
        (
            options,
            [{}, {"rise": 1, "a": "x", "b": 1.5}],
            [[], "a", None, {"a": None}, {"a": True}, {"a": []}],
        ),
    ],
)
def test_kinds(kind: Kind, good: list[object], bad: list[object]) -> None:
    """Each takes what it is for, and says what is needed instead of anything else."""
    assert [kind(value) for value in good] == [""] * len(good)
    assert all(kind(value) for value in bad)


def test_a_default_is_what_the_method_itself_would_take() -> None:
    """None is no value that is missing."""
    assert bound([MethodParameter("a", flag, False)], []) == {"a": False}
    with pytest.raises(InvalidParams):
        bound([MethodParameter("a", flag, REQUIRED)], [])
