"""Whose word wins: for the server, and for one destination."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.calls import CallCriteria
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.pace import Pace
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting, check, check_options
from keepalive_core.rules.policy import Policy, Settings
from keepalive_core.rules.profiles import PROFILES


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


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({}, 30),
        ({"fall": 3}, 3),
        ({"rise": 2}, 3),
        ({"fall": 3, "ping_interval": 5}, 1),
        ({"fall": 3, "ping_interval": 0.5}, 0.5),
        ({"fall": 3, "ping_interval": "1h"}, 360),
        ({"fall": 3, "ping_interval_pending": 0}, 30),
        ({"fall": 3, "ping_interval_pending": "500ms"}, 0.5),
        ({"fall": 3, "ping_interval_pending": 60}, 60),
        ({"ping_interval_pending": 7}, 7),
    ],
)
def test_the_interval_while_a_change_is_pending(options: dict[str, object], seconds: float) -> None:
    """A tenth of the interval, at least 1 s and never longer than it, unless somebody says what it is."""
    policy = Policy(Settings().values(), check_options(options))
    assert policy.interval_at(Pace.PENDING) == seconds * 1_000_000


def test_a_group_stands_between_the_server_and_a_destination() -> None:
    """Default, server, group, destination: each wins over those before it."""
    settings = Settings()
    settings.modparam("fall", 2)
    settings.modparam("rise", 2)
    policy = Policy(settings.values(), {"fall": 5}, {"fall": 4, "rise": 4, "drain_time": 9})
    assert (policy.criteria.fall, policy.criteria.rise, policy.criteria.drain_time) == (5, 4, 9)
    assert policy.criteria.flap_window == 60


def test_any_word_wins_over_the_profile() -> None:
    """The profile is beneath all that is said, be it the default's value; an empty text says nothing."""
    settings = Settings()
    settings.define("profile", "carrier")
    for name in PARAMETERS:
        if name != "profile":
            settings.define(name, PARAMETERS[name].defined)
    assert {name: settings.values()[name] for name in PROFILES["carrier"]} == PROFILES["carrier"]
    settings.define("fall", "1")
    settings.modparam("rise", 1)
    settings.change("ping_timeout", "3s")
    values = settings.values()
    assert (values["fall"], values["rise"], values["ping_timeout"]) == (1, 1, 3000)
    assert settings.profile() == (
        "carrier",
        PROFILES["carrier"],
        {"fall": 1, "rise": 1, "ping_timeout": 3000},
    )
    settings.change("ping_timeout", "")
    assert settings.values()["ping_timeout"] == 1000
    policy = Policy(values, {"mass_failure": 0, "flap_limit": 0}, {"flap_hold_max": 7})
    assert (policy.criteria.flap_limit, policy.criteria.flap_hold_max) == (0, 30)
    settings.change("profile", "")
    assert settings.values()["flap_limit"] == 0
    assert settings.profile() == ("", {}, {})
    with pytest.raises(InvalidSetting, match="bad profile 'hotel': one of '', carrier is needed"):
        settings.change("profile", "hotel")


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_made_of_parameters(name: str) -> None:
    """Its values are allowed, can be told from defaults in kamailio.cfg, and let groups overflow."""
    for each, value in PROFILES[name].items():
        assert check(each, value) == value
        assert PARAMETERS[each].of_profile
    assert "group_min_alive" not in PROFILES[name]
    assert {each for each in PARAMETERS if PARAMETERS[each].of_profile} == set().union(*PROFILES.values())


def test_the_name_of_the_c_module() -> None:
    """delete_counter is remove_after, wherever a parameter is said; both at once are refused."""
    settings = Settings()
    settings.modparam("delete_counter", 5)
    assert settings.values()["remove_after"] == 5
    assert check_options({"delete_counter": "7"}) == {"remove_after": 7}
    with pytest.raises(InvalidSetting, match="delete_counter is remove_after, which is given too"):
        check_options({"delete_counter": 7, "remove_after": 7})
    with pytest.raises(InvalidSetting, match="bad delete_counter -1: 0 to 1000000 failures is allowed"):
        settings.modparam("delete_counter", -1)


def test_what_the_script_said_can_be_taken_back() -> None:
    """A reload of the script that is refused changes no setting."""
    settings = Settings()
    settings.modparam("ping_interval", 10)
    before = settings.of_script()
    settings.modparam("ping_interval", 20)
    settings.modparam("fall", 3)
    settings.take_back(before)
    assert settings.of_script() == {"ping_interval": 10}
    assert (settings.values()["ping_interval"], settings.values()["fall"]) == (10, 1)


ANY_VALUES = st.one_of(
    st.integers(-1, 90_000), st.floats(0, 100), st.booleans(), st.text(max_size=5), st.text("0123456789smh%.")
)
PLAUSIBLE = (
    "2xx,404",
    "sip:a@b",
    "udp:10.0.0.1:5060",
    "X-A: 1 | X-B: 2",
    "INFO",
    "50%",
    "auto",
    "carrier",
    "off",
)


@given(name=st.sampled_from(sorted(PARAMETERS)), value=ANY_VALUES | st.sampled_from(PLAUSIBLE))
def test_what_is_said_is_a_text_that_says_the_same(name: str, value: object) -> None:
    """Whatever anybody says, its text is read as that very value; no text of another value says it."""
    settings = Settings()
    assert settings.is_said_by(name, PARAMETERS[name].defined)
    assert settings.is_said_by(name, settings.text(name))
    try:
        settings.modparam(name, value)
    except InvalidSetting:
        return
    text = settings.text(name)
    assert settings.is_said_by(name, text)
    assert check(name, text) == settings.said()[name]
    assert text.isascii()
    other = Settings()
    other.define(name, text)
    assert other.is_said_by(name, text)
    assert not settings.is_said_by(name, "no such value")


def test_each_criterion_is_what_somebody_said() -> None:
    """All that decides a state comes from the parameter of its name; over UDP a ping may be sent again."""
    said: dict[str, object] = {
        "rise": 2,
        "fall": 3,
        "ping_reply_codes": "2xx,404",
        "remove_after": 7,
        "ping_interval": 5,
        "ping_timeout": 900,
        "drain_codes": "480",
        "drain_time": 11,
        "flap_limit": 4,
        "flap_window": 50,
        "flap_hold": 12,
        "flap_hold_max": 130,
        "passive_mode": "shadow",
        "passive_min": 8,
        "passive_window": 40,
    }
    policy = Policy(Settings().values(), check_options(said))
    assert policy.criteria == Criteria(
        rise=2,
        fall=3,
        codes=((200, 299), (404, 404)),
        remove_after=7,
        timeout=900,
        resent_after=0,
        drain_codes=((480, 480),),
        drain_time=11,
        most_drain=50,
        flap_limit=4,
        flap_window=50,
        flap_hold=12,
        flap_hold_max=130,
    )
    assert policy.calls == CallCriteria("shadow", 8, 40)
    assert Criteria.from_text(policy.reliable_criteria_text) == policy.criteria
    assert policy.udp_criteria == policy.criteria._replace(resent_after=500)
    assert Criteria.from_text(policy.udp_criteria_text) == policy.udp_criteria


def test_how_a_ping_travels_is_what_somebody_said() -> None:
    """Its socket, its proxy, and whether its reply has to come from there; and how far it is moved."""
    said = {"ping_socket": "udp:10.0.0.1:5060", "outbound_proxy": "sip:10.0.0.2", "ping_check_source": 1}
    policy = Policy(Settings().values(), {**said, "ping_jitter": 25})
    assert (policy.socket, policy.proxy) == ("udp:10.0.0.1:5060", "sip:10.0.0.2")
    assert policy.check_source is True
    assert policy.jitter == 0.25
    assert Policy(Settings().values()).check_source is False


def test_nobody_has_said_anything() -> None:
    """Then there is no profile; what is said is what is compared."""
    settings = Settings()
    assert settings.profile() == ("", {}, {})
    settings.modparam("fall", 4)
    assert settings.is_said_by("fall", "4")
    assert not settings.is_said_by("fall", "1")


def test_who_set_a_parameter() -> None:
    """Whose word is in force; what this process has not heard of was set at run time."""
    settings = Settings()
    for name, parameter in PARAMETERS.items():
        settings.define(name, parameter.defined)
    settings.define("ping_interval", "20")
    settings.define("profile", "carrier")
    settings.modparam("ping_timeout", 700)
    asked = ("ping_interval", "ping_timeout", "fall", "ping_jitter", "profile")
    in_force = settings.values()
    assert [settings.set_by(name, in_force[name]) for name in asked] == [
        *("kamailio.cfg", "script", "profile", "default", "kamailio.cfg")
    ]
    assert [settings.set_by(name, value) for name, value in (("fall", 9), ("ping_jitter", 9))] == [
        "kamcmd"
    ] * 2
    assert Settings().set_by("rise", PARAMETERS["rise"].default) == "default"


def test_the_longest_interval_is_that_of_any_pace() -> None:
    """Whatever state a destination is in, its pings are no further apart."""
    settings = Settings()
    settings.modparam("ping_interval", 20)
    settings.modparam("ping_interval_down", 50)
    assert Policy(settings.values()).longest_interval == 50_000_000
    assert Policy(settings.values(), {"ping_interval": 60}).longest_interval == 60_000_000


def test_what_is_tracked_is_known_by_its_key() -> None:
    """In whatever spelling it is named. Nothing is by default; "" takes back what a group says."""
    key = "sip:192.168.10.20:5060"
    values = Settings().values()
    assert Policy(values, {"track": check("track", "192.168.10.20")}).track == key
    assert Policy(values, {}, {"track": key}).track == key
    assert Policy(values, {"track": ""}, {"track": key}).track == Policy(values).track == ""
