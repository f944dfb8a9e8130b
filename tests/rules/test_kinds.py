"""What kinds of values there are, and what each allows."""

import pytest

from keepalive_core.rules import kinds, units
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting
from keepalive_core.rules.policy import Settings


def test_a_from_uri_gets_its_scheme() -> None:
    """ping_from may be given without its scheme."""
    settings = Settings()
    settings.modparam("ping_from", "monitor@example.com")
    assert settings.values()["ping_from"] == "sip:monitor@example.com"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (2, "2"), ("3", "3"), ("50%", "50%")])
def test_group_min_alive_is_a_number_or_a_percentage(value: object, text: str) -> None:
    """As a number or as a text, from a script or from kamailio.cfg."""
    settings = Settings()
    settings.modparam("group_min_alive", value)
    settings.define("group_min_alive", text)
    assert settings.values()["group_min_alive"] == text
    for bad in (-1, "half", True, 1.5):
        with pytest.raises(InvalidSetting, match="a number of members or a percentage"):
            settings.modparam("group_min_alive", bad)


@pytest.mark.parametrize("value", ["auto", 1, "2s", 60])
def test_a_number_or_a_word(value: object) -> None:
    """The word, or what the kind of number allows."""
    kind = kinds.number_or("auto", kinds.number(1, 60, units.SECONDS))
    assert kind.check(value) == (value if value in ("auto", 1, 60) else 2)
    assert kind.allows == "`auto`, " + kinds.number(1, 60, units.SECONDS).allows
    assert kind.unit == units.SECONDS


@pytest.mark.parametrize("value", ["automatic", "", 61, 0, None, b"auto", []])
def test_neither_a_number_nor_the_word(value: object) -> None:
    """The refusal has both."""
    with pytest.raises(ValueError, match="'auto'"):
        kinds.number_or("auto", kinds.number(1, 60, units.SECONDS)).check(value)


def test_a_header_has_no_exclamation_mark() -> None:
    """Kamailio's tm breaks a request at one."""
    with pytest.raises(ValueError, match="has a '!'"):
        PARAMETERS["ping_headers"].kind.check("X-A: so!")


@pytest.mark.parametrize(
    ("name", "value"),
    [("ping_headers", f"X-A: {'x' * 5000}"), ("ping_reply_codes", ",".join(["2xx"] * 2000))],
)
def test_a_text_has_a_bound(name: str, value: str) -> None:
    """It is in force for each ping."""
    with pytest.raises(ValueError, match=f"characters are allowed, not {len(value)}"):
        PARAMETERS[name].kind.check(value)
