"""The criteria travel as text."""

import pytest

from keepalive_core.rules.criteria import Criteria


def test_rules_travel_as_text() -> None:
    """Criteria come back from their text as they were; there is no white space in it."""
    criteria = Criteria(3, 4, ((200, 299), (404, 404)), timeout=500, flap_limit=3)
    assert Criteria.from_text(criteria.text()) == criteria
    criteria = criteria._replace(drain_codes=((503, 503), (480, 480)))
    assert Criteria.from_text(criteria.text()) == criteria
    assert " " not in criteria.text()


def test_only_what_differs_travels() -> None:
    """The text names what is not the default, so that it is short, and can be read in a debug log."""
    assert Criteria().text() == "{}"
    assert Criteria(fall=3, drain_codes=((480, 480),)).text() == '{"fall":3,"drain_codes":[[480,480]]}'


@pytest.mark.parametrize(
    "text", ["", "3", "[]x", '{"fall":"3"}', '{"falls":3}', '{"codes":[[1]]}', '{"codes":3}', "1/1/200-299"]
)
def test_what_is_no_criteria(text: str) -> None:
    """Whatever else a route has written into the AVP is refused."""
    with pytest.raises((ValueError, TypeError)):
        Criteria.from_text(text)


def test_criteria_nested_too_deeply_are_refused() -> None:
    """A route of the script can write the AVP that has them: that is no reason for another error."""
    with pytest.raises(ValueError, match="^criteria nested too deeply$"):
        Criteria.from_text("[" * 100_000)


def test_criteria_of_other_types_are_refused_by_their_text() -> None:
    """The refusal shows what the AVP had."""
    with pytest.raises(ValueError) as refused:
        Criteria.from_text('{"fall":"3"}')
    assert str(refused.value) == 'criteria of other types: {"fall":"3"}'


def test_a_text_is_read_once() -> None:
    """Each reply brings one: the same text has the same criteria, without work, and each text its own."""
    text = Criteria(fall=3).text()
    assert Criteria.from_text(text) is Criteria.from_text(text)
    assert Criteria.from_text(Criteria(fall=4).text()).fall == 4
    assert Criteria.from_text(text).fall == 3
