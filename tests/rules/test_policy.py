"""Whose word wins: for the server, and for one destination."""

import pytest

from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.pace import Pace
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting, check_options
from keepalive_core.rules.policy import Policy, Settings


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


@pytest.mark.parametrize("say", ["define", "change"])
@pytest.mark.parametrize(
    ("name", "text"), [("ping_interval", "MYINTERVAL"), ("ping_interval", ""), ("ping_timeout", "-3")]
)
def test_a_bad_text_changes_nothing(say: str, name: str, text: str) -> None:
    """What kamailio.cfg or an operator says is checked as strictly."""
    settings = Settings()
    with pytest.raises(InvalidSetting, match=f"bad {name}"):
        getattr(settings, say)(name, text)
    assert settings.values()[name] == PARAMETERS[name].default


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


def test_headers_are_sent_one_a_line() -> None:
    """Headers with "|" between them become lines, with Max-Forwards behind them."""
    settings = Settings()
    settings.modparam("ping_headers", "X-Probe: yes | Accept: application/sdp")
    settings.modparam("max_forwards", 1)
    headers = Policy(settings.values()).headers
    assert headers == "X-Probe: yes\r\nAccept: application/sdp\r\nMax-Forwards: 1\r\n"
