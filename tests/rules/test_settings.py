"""Settings: types, limits, and whose word wins."""

import re

import pytest

from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.pace import Pace
from keepalive_core.rules.reply_codes import parse_codes
from keepalive_core.rules.settings import (
    SETTINGS,
    InvalidSetting,
    Policy,
    Settings,
    check_options,
    split_destinations,
)


def test_defaults_are_the_manuals() -> None:
    """Without a word from anybody, the interval is the manual's 30 seconds, and unknown counts as up."""
    policy = Policy(Settings().values())
    assert policy.interval == policy.interval_pending == policy.interval_down == 30
    assert policy.timeout == 3000
    assert (policy.method, policy.from_uri) == ("OPTIONS", "sip:keepalive@localhost")
    assert policy.criteria[:4] == Criteria(1, 1, ((200, 299),))[:4]
    assert (policy.criteria.flap_limit, policy.criteria.drain_codes) == (0, ())
    assert policy.unknown_as == "up"
    assert policy.headers == "Max-Forwards: 70\r\n"


def test_run_time_wins_over_modparam_wins_over_define() -> None:
    """Whatever the order in which they are said, a change at run time wins, then modparam, then a define."""
    settings = Settings()
    settings.change("ping_interval", "5")
    settings.modparam("ping_interval", 10)
    settings.define("ping_interval", "20")
    assert settings.values()["ping_interval"] == 5
    settings = Settings()
    settings.modparam("ping_interval", 10)
    settings.define("ping_interval", "20")
    assert settings.values()["ping_interval"] == 10
    settings = Settings()
    settings.define("ping_interval", "20")
    assert settings.values()["ping_interval"] == 20


def test_the_time_limit_is_never_longer_than_the_interval() -> None:
    """ping_timeout is cut to the interval, however the two were set."""
    settings = Settings()
    settings.modparam("ping_timeout", 8000)
    settings.modparam("ping_interval", 5)
    assert Policy(settings.values()).timeout == 5000
    settings.change("ping_interval", "60")
    assert Policy(settings.values()).timeout == 8000


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("pingg_interval", 10, "unknown parameter 'pingg_interval', known are ping_interval, "),
        (7, 10, "unknown parameter 7"),
        ("ping_interval", "10", "a number of seconds is needed, not str"),
        ("ping_interval", True, "a number of seconds is needed, not bool"),
        ("ping_interval", None, "a number of seconds is needed, not NoneType"),
        ("ping_interval", 0.05, "0.1 to 86400 seconds is allowed"),
        ("ping_interval_down", 0.05, "0, or 0.1 to 86400 seconds is allowed"),
        ("rise", 1.5, "a whole number of successes is needed, not float"),
        ("fall", 0, "1 to 1000 failures is allowed"),
        ("ping_jitter", 51, "0 to 50 percent is allowed"),
        ("honor_retry_after", 2, "0 (off) or 1 (on) is needed"),
        ("ping_method", "options", "a method such as OPTIONS"),
        ("ping_method", "OPTIONS sip:x", "a method such as OPTIONS"),
        ("ping_headers", "X-A: 1\r\nX-B: 2", "is no header"),
        ("ping_headers", "no header", "is no header"),
        ("ping_headers", "X-A: 1 | call-id: 2", "header call-id is written by Kamailio"),
        ("ping_headers", 7, "text such as"),
        *(("ping_headers", f"X{sign}: 1", "no name of a header") for sign in "%*`'("),
        ("ping_headers", "X-A: 1 | retry-after: 5", "is one of replies"),
        ("ping_method", "ACK", "nobody answers an ACK"),
        ("ping_socket", "192.168.10.1", "a socket such as udp:192.168.10.1:5060 is needed"),
        ("ping_socket", "udp:a\nb", "a socket such as"),
        ("outbound_proxy", "sip:a b", "white space"),
        ("max_forwards", 256, "0 to 255 hops is allowed"),
        ("ping_reply_codes", "2xx,7xx", "'7xx' is no code"),
        ("ping_reply_codes", "100", "'100' is no code"),
        ("ping_reply_codes", "404-200", "is no code"),
        ("ping_reply_codes", "", "no code would be alive"),
        ("ping_reply_codes", 200, "text such as '2xx,404' is needed, not int"),
        ("stale_after", -1, "0, or 1 to 864000 seconds is allowed"),
        ("ping_interval", 0, "0.1 to 86400 seconds is allowed"),
        ("ping_interval", -1, "0.1 to 86400 seconds is allowed"),
        ("ping_interval", 86401, "0.1 to 86400 seconds is allowed"),
        ("ping_timeout", 49, "50 to 32000 ms is allowed"),
        ("ping_timeout", 32001, "50 to 32000 ms is allowed"),
        ("passive_min", 10_001, "1 to 10000 calls is allowed"),
        ("ping_from", "sip:a b", "white space"),
        ("ping_from", 7, "text is needed"),
        ("unknown_as", "UP", "one of up, down, error is needed"),
        ("unknown_as", 1, "one of up, down, error is needed"),
    ],
)
def test_a_bad_value_changes_nothing(name: object, value: object, fault: str) -> None:
    """A value of the wrong type or out of range is refused by name and reason, and the old one holds."""
    settings = Settings()
    before = settings.values()
    with pytest.raises(InvalidSetting) as refusal:
        settings.modparam(name, value)
    assert fault in str(refusal.value)
    assert settings.values() == before


@pytest.mark.parametrize("say", ["define", "change"])
@pytest.mark.parametrize(
    ("name", "text"), [("ping_interval", "MYINTERVAL"), ("ping_interval", ""), ("ping_timeout", "-3")]
)
def test_a_bad_text_changes_nothing(say: str, name: str, text: str) -> None:
    """What kamailio.cfg or an operator says is checked as strictly."""
    settings = Settings()
    with pytest.raises(InvalidSetting, match=f"bad {name}"):
        getattr(settings, say)(name, text)
    assert settings.values()[name] == SETTINGS[name].default


def limits(name: str) -> tuple[list[float], list[float]]:
    """Return which values a parameter of numbers allows at its limits, and which it refuses beyond them."""
    with pytest.raises(InvalidSetting) as refusal:
        Settings().modparam(name, 10**12)
    said = re.search(r"(0, or )?([\d.]+) to (\d+) \w+ is allowed", str(refusal.value))
    assert said, refusal.value
    low, high = (float(each) if "." in each else int(each) for each in said.groups()[1:])
    off = said[1] is not None
    step = 0.01 if isinstance(low, float) else 1
    beyond = [high + step, *([] if off and low - step == 0 else [low - step]), -1]
    return [low, high, *([0] if off else [])], beyond


NUMBERS = [
    name
    for name, setting in SETTINGS.items()
    if isinstance(setting.default, int) and name not in ("honor_retry_after", "ping_check_source")
]


@pytest.mark.parametrize("name", NUMBERS)
def test_limits_are_allowed(name: str) -> None:
    """The smallest and the largest value are allowed as the refusal of others says, and no step beyond."""
    settings = Settings()
    allowed, beyond = limits(name)
    for value in allowed:
        settings.modparam(name, value)
        assert settings.values()[name] == value
    for value in beyond:
        with pytest.raises(InvalidSetting, match=f"bad {name} {value}: "):
            settings.modparam(name, value)
    assert SETTINGS[name].default in range(int(min(allowed)), int(max(allowed)) + 1)


def test_a_from_uri_gets_its_scheme() -> None:
    """ping_from may be given without its scheme."""
    settings = Settings()
    settings.modparam("ping_from", "monitor@example.com")
    assert settings.values()["ping_from"] == "sip:monitor@example.com"


def test_destinations_are_parted_by_commas_and_white_space() -> None:
    """A list in kamailio.cfg has commas, white space or both between its URIs."""
    assert split_destinations("192.168.10.20, sip.provider.com") == ["192.168.10.20", "sip.provider.com"]
    assert split_destinations(" a\tb,\n c ,,d ") == ["a", "b", "c", "d"]
    assert split_destinations("") == []


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("2xx", ((200, 299),)),
        ("2xx,404, 480", ((200, 299), (404, 404), (480, 480))),
        ("200-499", ((200, 499),)),
        ("any", ((200, 699),)),
        ("2XX,6xx", ((200, 299), (600, 699))),
    ],
)
def test_reply_codes(text: str, ranges: object) -> None:
    """Codes, ranges, classes and any, with commas between them."""
    assert parse_codes(text) == ranges


def test_options_of_a_destination_win() -> None:
    """A destination's own options win over the settings; a bad one is refused by its name."""
    settings = Settings()
    settings.modparam("fall", 5)
    options = check_options({"fall": 2, "ping_interval_pending": 1, "honor_retry_after": False})
    policy = Policy(settings.values(), options)
    assert policy.criteria.fall == 2
    assert policy.interval_at(Pace.PENDING) == 1_000_000
    assert policy.interval_at(Pace.DOWN) == policy.interval_at(Pace.REGULAR) == 30_000_000
    assert policy.criteria.most_drain == 0
    with pytest.raises(InvalidSetting, match="unknown parameter 'fal'"):
        check_options({"fal": 2})


def test_pings_are_skipped_for_less_than_it_takes_to_be_stale() -> None:
    """ping_skip_if_fresh is cut, so that a destination with calls is never unknown for want of a ping."""
    for skip, stale, cut in ((10, 0, 10), (10, 30, 10), (10, 15, 10), (60, 15, 10), (60, 3, 0)):
        options = {"ping_skip_if_fresh": skip, "stale_after": stale, "ping_interval": 5}
        assert Policy(Settings().values(), options).skip_if_fresh == cut


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


def test_headers_are_sent_one_a_line() -> None:
    """Headers with "|" between them become lines, with Max-Forwards behind them."""
    settings = Settings()
    settings.modparam("ping_headers", "X-Probe: yes | Accept: application/sdp")
    settings.modparam("max_forwards", 1)
    headers = Policy(settings.values()).headers
    assert headers == "X-Probe: yes\r\nAccept: application/sdp\r\nMax-Forwards: 1\r\n"
