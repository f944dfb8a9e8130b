"""Who may what over HTTP: programs of this host, addresses that are allowed, browsers, and pages in them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import http_access
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.http_access import Asked, Refusal
from keepalive_core.rules.http_settings import parse

SETTINGS = parse(
    {
        "http": "unix:/run/a 127.0.0.1:8060 [2001:db8::1]:8060",
        "http_allow": "127.0.0.1 10.0.0.0/8 2001:db8::/32",
        "http_hosts": "noc.example.com",
        "http_token_file": "/etc/token",
    }
)[0]
NAMES = frozenset({"sbc1", "sbc1.example.com"})
# What a program sends that knows this server.
OURS = {"host": "127.0.0.1:8060", "content-type": "application/json", "x-keepalive": "1"}
EVIL = "http://evil.example"


def status(
    method: str = "POST", peer: str = "127.0.0.1", own: str = "127.0.0.1", **headers: str | None
) -> int:
    """The answer to what a program sends that knows this server, but for some headers; 200 for none."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in {**OURS, **given}.items() if value is not None}
    refusal = http_access.refusal(Asked(method, sent, peer, own), SETTINGS, NAMES)
    if refusal is None:
        return 200
    assert refusal.sentence
    assert len(refusal.sentence) < 200
    return refusal.status


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        *(("127.0.0.1", 200), ("::1", 200), ("10.255.0.1", 200), ("2001:db8::7", 200)),
        *(("::ffff:10.0.0.1", 200), ("2001:db8::7%eth0", 200)),
        *(("127.0.0.2", 403), ("11.0.0.1", 403), ("::2", 403), ("2001:db9::7", 403)),
        *(("::ffff:11.0.0.1", 403), ("no address", 403)),
    ],
)
def test_over_tcp_one_comes_from_an_address_that_is_allowed(peer: str, expected: int) -> None:
    """Reading and changing alike."""
    assert status("GET", peer) == status("POST", peer) == expected


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:8060", "localhost", "LOCALHOST:1", "[2001:DB8::1]:8060", "[2001:db8:0::1]"),
        *("10.0.0.9", "10.0.0.9:8060", "sbc1", "sbc1.example.com.", "NOC.example.com:443", "noc.example.com"),
        " sbc1 ",
    ],
)
def test_a_name_of_this_server(host: str) -> None:
    """A place, localhost, the host's names, those that are set, and the address that the request came to.

    The port is whatever ssh -L or a proxy made of it.
    """
    assert status("GET", own="10.0.0.9", host=host) == status(own="10.0.0.9", host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:8060",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.8",
        ),
        *(
            "::1",
            "[::1",
            "[::1]x",
            "127.0.0.1:x",
            "127.0.0.1:8060:1",
            "@127.0.0.1",
            "127.1",
            "0177.0.0.1",
            ":",
        ),
        *("[2001:db8::2]", "sbc1,evil.example", "sbc1 evil.example", "\udcff", "x" * 9000),
    ],
)
def test_another_name_is_a_page_s_own(host: str) -> None:
    """Whoever gives his name this server's address (DNS rebinding) gets nothing."""
    assert status("GET", host=host) == status(host=host) == 403


def test_each_request_names_its_host() -> None:
    """As HTTP/1.1 demands (RFC 9112 section 3.2)."""
    assert status("GET", host=None) == status("GET", host="") == 400


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content_type": "application/json; charset=utf-8"}, 200),
        ({"content_type": "Application/JSON", "x_keepalive": " 1 "}, 200),
        ({"content_type": None}, 415),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "text/plain; a=application/json"}, 415),
        ({"content_type": "application/json-patch+json"}, 415),
        ({"x_keepalive": None}, 403),
        ({"x_keepalive": "0"}, 403),
    ],
)
def test_what_no_page_may_have_sent_without_asking(headers: dict[str, str], expected: int) -> None:
    """A POST has what a form can't set; reading needs none of it."""
    assert status(**headers) == expected
    assert status("GET", **headers) == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"origin": EVIL}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://127.0.0.1:3000"}, 403),
        ({"origin": "http://127.0.0.1:8060"}, 200),
        ({"origin": "https://NOC.example.com"}, 200),
        ({"origin": "https://noc.example.com.evil.example"}, 403),
        ({"origin": EVIL, "host": "evil.example"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none", "sec_fetch_mode": "navigate"}, 200),
        ({"sec_fetch_site": "cross-site", "host": "evil.example"}, 403),
        ({"sec_fetch_site": "same-origin", "host": "evil.example"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1:8060"}, 200),  # no browser says that
    ],
)
@pytest.mark.parametrize("peer", ["127.0.0.1", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_sites_get_nowhere(method: str, peer: str, headers: dict[str, str], expected: int) -> None:
    """A browser says whose page it is; over the UNIX socket too, to which ssh -L may lead."""
    assert status(method, peer, **headers) == expected


@pytest.mark.parametrize(("method", "expected"), [("GET", 200), ("HEAD", 200), ("POST", 403)])
def test_a_link_from_another_site(method: str, expected: int) -> None:
    """It may be followed, and shows the page to the user alone; a form leads nowhere."""
    assert status(method, sec_fetch_site="cross-site", sec_fetch_mode="navigate") == expected
    assert status("GET", sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 403


def test_over_the_unix_socket_no_header_is_needed() -> None:
    """Its rights have decided; a program names any host, or none."""
    nothing: dict[str, str | None] = dict.fromkeys(["host", "content_type", "x_keepalive"])
    assert status("POST", "", "", **nothing) == status("GET", "", "", host="whatever") == 200
    # A browser there is held to the same as over TCP.
    assert status("POST", "", "", origin="http://localhost:9000", host="localhost:9000") == 200
    assert (
        status("POST", "", "", origin="http://localhost", host="localhost", content_type="text/plain") == 415
    )
    assert status("POST", "", "", origin="http://localhost", host="localhost", x_keepalive=None) == 403


# --- the right to change ----------------------------------------------------------------------------------

TOKEN = b"correct horse"


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("Bearer correct horse", 200),
        ("bearer  correct horse ", 200),
        (basic(b"anna:correct horse"), 200),
        (basic(b":correct horse"), 200),
        (basic(b"anna:correct horse").replace("Basic", "BASIC"), 200),
        ("", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("Bearer correct hors", 401),
        ("Bearer correct horse2", 401),
        ("Bearer Correct horse", 401),
        ("Bearer \udcff\u00fc", 401),
        ("correct horse", 401),
        ("Digest correct horse", 401),
        (basic(b"correct horse"), 401),
        (basic(b"correct horse:"), 401),
        (basic(b"anna:x:correct horse"), 401),
        ("Basic !", 401),
        ("Basic \u00fc", 401),
        (basic(b"anna:" + b"x" * 10_000), 401),
    ],
)
def test_the_token_gives_the_right_to_change(authorization: str, expected: int) -> None:
    """As a Bearer, or as the password that a browser asks for."""
    refusal = http_access.refusal_of_change(authorization, TOKEN)
    assert (refusal.status if refusal else 200) == expected


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer x", basic(b":"), basic(b"")])
def test_without_a_token_nobody_changes_anything(authorization: str) -> None:
    """No text is equal to none; a browser does not ask for what does not exist."""
    assert http_access.refusal_of_change(authorization, b"") == Refusal(
        403, "nothing is changed over TCP: there is no usable KEEPALIVE_HTTP_TOKEN_FILE"
    )


@pytest.mark.parametrize(
    ("authorization", "name"),
    [
        (basic(b"anna:x"), "anna"),
        (basic("jörg:x".encode()), "jörg"),
        (basic(b"\xff:x"), "\N{REPLACEMENT CHARACTER}"),
        (basic(b"an\nna:x"), "token"),
        (basic(b":x"), "token"),
        (basic(b"a" * 100 + b":x"), "a" * 64),
        ("Bearer x", "token"),
        ("", "token"),
    ],
)
def test_who_has_the_token_may_say_his_name(authorization: str, name: str) -> None:
    """The one that a browser asks for; it is one line, and short."""
    assert http_access.name_of(authorization) == name


@pytest.mark.parametrize(
    ("content", "mode"), [(b"a-Token_1", 0o640), (b" t \r\n\n", 0o100600), (b"t" * 4096, 0o660)]
)
def test_a_token(content: bytes, mode: int) -> None:
    """One word, which other users can't read."""
    assert http_access.token_of(content, mode) == content.strip()


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (b"", 0o640, "it is empty"),
        (b" \n\n", 0o640, "it is empty"),
        (b"t", 0o644, "other users may read or write it"),
        (b"t", 0o100602, "other users may read or write it"),
        (b"", 0o644, "other users may read or write it"),
        (b"two words", 0o640, "one word"),
        (b"one\ntwo", 0o640, "one word"),
        (b"t\xc3\xa4", 0o640, "one word"),
        (b"t\0", 0o640, "one word"),
        (b"t" * 4097, 0o640, "one word"),
        (b"t" + b" " * 4096, 0o640, "one word"),
    ],
)
def test_what_is_no_token(content: bytes, mode: int, reason: str) -> None:
    """The reason is told to the log."""
    with pytest.raises(Refused, match=reason):
        http_access.token_of(content, mode)


@given(st.text(max_size=100), st.dictionaries(st.sampled_from(["host", "origin", "content-type"]), st.text()))
def test_whatever_comes_is_judged(authorization: str, headers: dict[str, str]) -> None:
    """No text makes a rule fail, and none but the token changes anything."""
    for peer in ("", "127.0.0.1"):
        http_access.refusal(Asked("POST", headers, peer, "127.0.0.1"), SETTINGS, NAMES)
    assert http_access.refusal_of_change(authorization, b"no such token") is not None
    assert http_access.name_of(authorization).isprintable()
