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


# Each is made in its test: what makes it is under test too.
KINDS = {
    "count": lambda: kinds.whole(2, 9, "failures"),
    "count or off": lambda: kinds.whole(2, 9, "failures", off=True),
    "ms": lambda: kinds.whole(50, 32_000, units.MILLISECONDS),
    "time": lambda: kinds.number(0.5, 9, units.SECONDS),
    "time or off": lambda: kinds.number(0.5, 9, units.SECONDS, off=True),
    "word": lambda: kinds.one_of("", "carrier", "lab"),
    "path": lambda: kinds.text("|/[a-z]+", "a path"),
    "switch": lambda: kinds.SWITCH,
    "URI": lambda: kinds.URI_OR_NOTHING,
    "destination": lambda: kinds.DESTINATION_OR_NOTHING,
    "method": lambda: kinds.METHOD,
    "headers": lambda: kinds.HEADERS,
    "codes": lambda: kinds.CODES,
    "some codes": lambda: kinds.SOME_CODES,
    "members": lambda: kinds.MEMBERS,
    "targets": lambda: kinds.TARGETS,
}
NO_HEADER = "is no header, 'Name: value' in printable ASCII is needed"


@pytest.mark.parametrize(
    ("kind", "value", "used"),
    [
        ("targets", 2, "2"),
        ("targets", "all", "all"),
        ("count or off", 2, 2),
        ("count or off", 9, 9),
        ("count or off", "9", 9),
        ("count or off", 0, 0),
        ("ms", "2s", 2000),
        ("time or off", 0.5, 0.5),
        ("time or off", "500ms", 0.5),
        ("time or off", "0", 0),
        ("word", "", ""),
        ("word", "carrier", "carrier"),
        ("path", "/etc", "/etc"),
        ("path", "", ""),
        ("headers", "X-A: 1 | X-B:2", "X-A: 1 | X-B:2"),
        ("headers", "Subject: a: b", "Subject: a: b"),
        ("headers", f"X-A: {'x' * 2043}", f"X-A: {'x' * 2043}"),
        *(("switch", value, int(value)) for value in (0, 1, "0", "1", True, False)),
        ("URI", "", ""),
        ("destination", "", ""),
        ("destination", "192.168.10.20", "sip:192.168.10.20:5060"),
        ("URI", "10.0.0.1", "sip:10.0.0.1"),
        ("headers", "", ""),
        ("some codes", "2xx", "2xx"),
        ("codes", "", ""),
    ],
)
def test_what_is_allowed(kind: str, value: object, used: object) -> None:
    """To both ends of a range; as a number or as its text."""
    found = KINDS[kind]().check(value)
    assert (found, type(found)) == (used, type(used))


@pytest.mark.parametrize(
    ("kind", "value", "refusal"),
    [
        ("count or off", 1, "0, or 2 to 9 failures is allowed"),
        ("count or off", 10, "0, or 2 to 9 failures is allowed"),
        ("count", 0, "2 to 9 failures is allowed"),
        ("count or off", 2.5, "a whole number of failures is needed, not float"),
        ("count or off", "2.5", "a whole number of failures is needed, not 2.5"),
        ("count or off", "2s", "a whole number of failures is needed"),
        (
            "ms",
            "soon",
            "a whole number of ms, such as 3000, 500ms or 2s, is needed",
        ),
        ("time or off", 0.4, "0, or 0.5 to 9 seconds is allowed"),
        ("time", 0, "0.5 to 9 seconds is allowed"),
        ("time or off", None, "a number of seconds is needed, not NoneType"),
        ("time or off", "soon", "a number of seconds, such as 30, 500ms, 2s, 5m or 1h, is needed"),
        ("word", "trunk", "one of '', carrier, lab is needed"),
        ("word", 1, "one of '', carrier, lab is needed"),
        ("path", "etc", "a path is needed"),
        ("path", None, "a path is needed"),
        ("switch", "2", "0 (off) or 1 (on) is needed"),
        ("switch", None, "0 (off) or 1 (on) is needed"),
        ("headers", "Retry-After: 5", "header Retry-After is one of replies (RFC 3261 section 20.33)"),
        (
            "codes",
            "7xx",
            "'7xx' is no code, range, class or 'any' of 200 to 699",
        ),
        ("switch", 2, "0 (off) or 1 (on) is needed"),
        ("method", "options", "a method such as OPTIONS, in capital letters, is needed"),
        ("method", "ACK", "nobody answers an ACK (RFC 3261 section 17)"),
        ("headers", 1, "text such as 'X-A: 1 | X-B: 2' is needed, not int"),
        ("headers", "nonsense", f"'nonsense' {NO_HEADER}"),
        ("headers", "X-A: ä", f"'X-A: ä' {NO_HEADER}"),
        ("headers", "X-A: \x7f", f"'X-A: \\x7f' {NO_HEADER}"),
        ("headers", "X;A: 1", "'X;A' is no name of a header: letters, digits and . + _ ~ - are allowed"),
        (
            "headers",
            "X-A: so!",
            "'X-A: so!' has a '!', at which Kamailio's tm breaks a request (5.6, 6.0)",
        ),
        ("headers", "Via: a: b", "header Via is written by Kamailio"),
        ("headers", f"X-A: {'x' * 2044}", "2048 characters are allowed, not 2049"),
        ("codes", None, "text such as '2xx,404' is needed, not NoneType"),
        ("some codes", "", "no code would be alive"),
        ("targets", True, "a number from 1 on, a percentage, such as '50%', or 'all' is needed"),
        ("targets", "0", "a number from 1 on, a percentage, such as '50%', or 'all' is needed"),
        ("targets", None, "a number from 1 on, a percentage, such as '50%', or 'all' is needed"),
        ("members", True, "a number of members or a percentage, such as '50%', is needed"),
    ],
)
def test_why_a_value_is_refused(kind: str, value: object, refusal: str) -> None:
    """In a sentence that an engineer can do something with."""
    with pytest.raises(ValueError) as refused:
        KINDS[kind]().check(value)
    assert str(refused.value) == refusal


@pytest.mark.parametrize(
    ("kind", "allows", "unit"),
    [
        ("count", "2 to 9", "failures"),
        ("count or off", "0, or 2 to 9", "failures"),
        ("time", "0.5 to 9", units.SECONDS),
        ("time or off", "0, or 0.5 to 9", units.SECONDS),
        ("word", "nothing, `carrier`, `lab`", ""),
        ("path", "a path", ""),
    ],
)
def test_what_a_kind_allows(kind: str, allows: str, unit: str) -> None:
    """For the documents."""
    assert KINDS[kind]()[1:] == (allows, unit)
