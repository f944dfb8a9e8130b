"""Settings: types, limits, and whose word wins."""

import pytest

from keepalive_core.settings import SETTINGS, InvalidSetting, Settings, split_destinations


def test_defaults_are_the_manuals() -> None:
    """Without a word from anybody, the interval is the manual's 30 seconds, and unknown counts as up."""
    settings = Settings()
    assert settings.ping_interval == 30
    assert settings.ping_timeout == 3000
    assert settings.ping_from == "sip:keepalive@localhost"
    assert settings.unknown_as == "up"


def test_run_time_wins_over_modparam_wins_over_define() -> None:
    """Whatever the order in which they are said, a change at run time wins, then modparam, then a define."""
    settings = Settings()
    settings.change("ping_interval", "5")
    settings.modparam("ping_interval", 10)
    settings.define("ping_interval", "20")
    assert settings.ping_interval == 5
    settings = Settings()
    settings.modparam("ping_interval", 10)
    settings.define("ping_interval", "20")
    assert settings.ping_interval == 10
    settings = Settings()
    settings.define("ping_interval", "20")
    assert settings.ping_interval == 20


def test_the_time_limit_is_never_longer_than_the_interval() -> None:
    """ping_timeout is cut to the interval, however the two were set."""
    settings = Settings()
    settings.modparam("ping_timeout", 8000)
    settings.modparam("ping_interval", 5)
    assert settings.ping_timeout == 5000
    settings.change("ping_interval", "60")
    assert settings.ping_timeout == 8000


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("pingg_interval", 10, "unknown parameter 'pingg_interval', known are ping_interval, "),
        (7, 10, "unknown parameter 7"),
        ("ping_interval", "10", "a whole number of seconds is needed, not str"),
        ("ping_interval", True, "a whole number of seconds is needed, not bool"),
        ("ping_interval", 1.5, "float is no type of a parameter"),
        ("ping_interval", None, "NoneType is no type of a parameter"),
        ("ping_interval", 0, "1 to 86400 seconds is allowed"),
        ("ping_interval", -1, "1 to 86400 seconds is allowed"),
        ("ping_interval", 86401, "1 to 86400 seconds is allowed"),
        ("ping_timeout", 99, "100 to 32000 ms is allowed"),
        ("ping_timeout", 32001, "100 to 32000 ms is allowed"),
        ("ping_from", "sip:a b", "white space"),
        ("ping_from", 7, "text is needed"),
        ("unknown_as", "UP", "one of up, down, error is needed"),
        ("unknown_as", 1, "one of up, down, error is needed"),
    ],
)
def test_a_bad_value_changes_nothing(name: object, value: object, fault: str) -> None:
    """A value of the wrong type or out of range is refused by name and reason, and the old one holds."""
    settings = Settings()
    before = [getattr(settings, each) for each in SETTINGS]
    with pytest.raises(InvalidSetting) as refusal:
        settings.modparam(name, value)
    assert fault in str(refusal.value)
    assert [getattr(settings, each) for each in SETTINGS] == before


@pytest.mark.parametrize("say", ["define", "change"])
@pytest.mark.parametrize(
    ("name", "text"), [("ping_interval", "MYINTERVAL"), ("ping_interval", ""), ("ping_timeout", "-3")]
)
def test_a_bad_text_changes_nothing(say: str, name: str, text: str) -> None:
    """What kamailio.cfg or an operator says is checked as strictly."""
    settings = Settings()
    with pytest.raises(InvalidSetting, match=f"bad {name}"):
        getattr(settings, say)(name, text)
    assert getattr(settings, name) == SETTINGS[name].default


def test_limits_are_allowed() -> None:
    """The smallest and the largest value are allowed."""
    settings = Settings()
    for value in (1, 86_400):
        settings.modparam("ping_interval", value)
        assert settings.ping_interval == value
    for value in (100, 32_000):
        settings.modparam("ping_timeout", value)
        assert settings.ping_timeout == value


def test_a_from_uri_gets_its_scheme() -> None:
    """ping_from may be given without its scheme."""
    settings = Settings()
    settings.modparam("ping_from", "monitor@example.com")
    assert settings.ping_from == "sip:monitor@example.com"


def test_destinations_are_parted_by_commas_and_white_space() -> None:
    """A list in kamailio.cfg has commas, white space or both between its URIs."""
    assert split_destinations("192.168.10.20, sip.provider.com") == ["192.168.10.20", "sip.provider.com"]
    assert split_destinations(" a\tb,\n c ,,d ") == ["a", "b", "c", "d"]
    assert split_destinations("") == []
