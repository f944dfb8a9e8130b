"""What a parameter is: an attribute of values, with a name, a define and a default in kamailio.cfg."""

from keepalive_core.rules.kinds import SWITCH, whole
from keepalive_core.rules.parameter import Parameter, Whose


class Some:
    """Values of two parameters."""

    def __init__(self, **by_name: object) -> None:
        self.by_name = by_name

    rise = Parameter(1, whole(1, 9, "successes"), "successes", of_profile=True)
    is_on = Parameter(0, SWITCH, "whether it is on", whose=Whose.SERVER)


def test_a_parameter_is_an_attribute_of_values() -> None:
    """Of values it gives the one of its name; of the class it is the row of the table."""
    assert Some(rise=3, is_on=1).rise == 3
    assert Some(rise=3, is_on=1).is_on == 1
    assert (Some.rise.name, Some.rise.define) == ("rise", "KEEPALIVE_RISE")
    assert (Some.is_on.name, Some.is_on.define) == ("is_on", "KEEPALIVE_IS_ON")


def test_what_a_profile_says_is_empty_in_kamailio_cfg() -> None:
    """So that the default's value can be told from nobody's word; others have their default there."""
    assert (Some.rise.default, Some.rise.defined) == (1, "")
    assert (Some.is_on.default, Some.is_on.defined) == (0, "0")


def test_who_may_say_it() -> None:
    """Whoever may say a parameter of a destination may say it of a group and of the server."""
    assert Some.is_on.whose < Whose.GROUP < Some.rise.whose


def test_what_a_parameter_is_made_of() -> None:
    """What is given; without a word more, a parameter of destinations that has a default and may be set."""
    kind = whole(1, 9, "successes")
    plain = Parameter(1, kind, "successes")
    assert vars(plain) == {
        "name": "",
        "default": 1,
        "kind": kind,
        "help": "successes",
        "more": "",
        "whose": Whose.DESTINATION,
        "at_run_time": True,
        "of_profile": False,
    }
    assert plain.defined == "1"
    other = Parameter(2, kind, "more", "Even more.", Whose.GROUP, at_run_time=False, of_profile=True)
    other.__set_name__(Some, "other")
    assert (other.default, other.help, other.more, other.whose) == (2, "more", "Even more.", Whose.GROUP)
    assert (other.at_run_time, other.of_profile, other.define) == (False, True, "KEEPALIVE_OTHER")
