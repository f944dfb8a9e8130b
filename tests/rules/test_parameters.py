"""The table of parameters: names, types and limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import parameters, units
from keepalive_core.rules.parameters import PARAMETERS, InvalidSetting, Values, check, known
from keepalive_core.rules.policy import Settings
from limits_of_parameters import NUMBERS, limits


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("pingg_interval", 10, "unknown parameter 'pingg_interval', known are ping_interval, "),
        ("cluster_quorums", 10, "unknown parameter 'cluster_quorums', known are cluster_quorum, "),
        (7, 10, "unknown parameter 7"),
        ("ping_interval", "ten", "a number of seconds, such as 30, 500ms, 2s, 5m or 1h, is needed"),
        ("ping_interval", "2S", "a number of seconds, such as"),
        ("ping_interval", "2 s", "a number of seconds, such as"),
        ("ping_interval", "20%", "a number of seconds, such as"),
        ("ping_interval", "", "a number of seconds, such as"),
        ("ping_interval", "2d", "0.1 to 86400 seconds is allowed"),
        ("ping_timeout", "10ms", "50 to 32000 ms is allowed"),
        ("ping_timeout", "0.5", "a whole number of ms is needed, not 0.5"),
        ("drain_time", "1500ms", "a whole number of seconds is needed, not 1.5"),
        ("ping_jitter", "20s", "a whole number of percent, such as 20 or 20%, is needed"),
        ("rise", "3x", "a whole number of successes is needed"),
        ("rise", "3%", "a whole number of successes is needed"),
        ("honor_retry_after", "yes", "0 (off) or 1 (on) is needed"),
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
        *(("ping_headers", f"X-A{end}: 1", "is no header") for end in ("\r\n", "\n", "\0", "\xa0", "\x85")),
        ("ping_headers", "X-A\r\nX-B\n: 1", "is no header"),
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
    assert PARAMETERS[name].default in range(int(min(allowed)), int(max(allowed)) + 1)


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_table_is_whole(name: str) -> None:
    """Each parameter has a default that it allows, in kamailio.cfg's words too, and one sentence."""
    parameter = PARAMETERS[name]
    assert parameter.name == name
    assert check(name, parameter.default) == parameter.default
    if parameter.defined:
        assert check(name, parameter.defined) == parameter.default
    assert parameter.kind.allows
    assert parameter.help
    assert not parameter.help.endswith(".")
    assert not parameter.more or parameter.more.endswith(".")


@pytest.mark.parametrize("name", NUMBERS)
def test_a_value_may_be_text(name: str) -> None:
    """A number may be written as text, with its unit if it has one; that comes to the same value."""
    for value in limits(name)[0]:
        unit = PARAMETERS[name].kind.unit
        for text in (str(value), units.written(value, unit)):
            found = check(name, text)
            assert found == value
            assert isinstance(found, type(value) if value != int(value) else int)


@given(st.sampled_from([*PARAMETERS, "colour", ""]), st.text() | st.text("0123456789.-smhd%", max_size=12))
def test_any_text_is_taken_or_refused(name: str, text: str) -> None:
    """Whatever somebody writes is refused with one short line, or taken: taken again, it is the same."""
    try:
        found = check(name, text)
    except InvalidSetting as error:
        refusal = str(error)
    else:
        refusal = ""
        assert check(name, found) == found
    assert len(refusal) < 900
    assert refusal.isprintable() or not refusal


def test_a_parameter_is_a_row_or_a_value() -> None:
    """Asked of the class it is the row, with the name of its define; of values, the value."""
    assert Values.ping_interval is PARAMETERS["ping_interval"]
    assert PARAMETERS["ping_interval"].define == "KEEPALIVE_PING_INTERVAL"
    assert Values({"ping_interval": 7}).ping_interval == 7


@pytest.mark.parametrize("name", [None, [], {}, 7])
def test_a_name_that_is_no_text(name: object) -> None:
    """Whatever a script gives as the name of a parameter is refused as one that nobody knows."""
    with pytest.raises(InvalidSetting, match="^unknown parameter "):
        known(name)


def test_times_are_in_seconds() -> None:
    """With the limits that are given, and 0 only if that turns something off."""
    assert parameters._seconds(0.1, 60)[1:] == ("0.1 to 60", units.SECONDS)
    assert parameters._seconds(0.1, 60, off=True)[1:] == ("0, or 0.1 to 60", units.SECONDS)
