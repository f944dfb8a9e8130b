"""What kinds of values there are, and what each allows."""

import pytest

from keepalive_core.rules.parameters import InvalidSetting
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
