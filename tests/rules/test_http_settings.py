"""What the settings of HTTP say, and what becomes of words that can't be."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.http_settings import (
    MOST_PATH_BYTES,
    HttpSettings,
    TcpPlace,
    UnixPlace,
    parse,
)

NAMES = ("http", "http_allow", "http_hosts", "http_rpc", "http_token_file")
TOKEN_FILE = {"http_token_file": "/etc/kamailio/token"}


def tcp(address: str, port: int) -> TcpPlace:
    return TcpPlace(ipaddress.ip_address(address), port)


def networks(*texts: str) -> tuple[object, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def refused(name: str, word: str) -> str:
    """The one sentence about a setting's only word; nothing of it holds."""
    settings, [sentence] = parse({**TOKEN_FILE, name: word})
    nothing = {"allowed": ()} if name == "http_allow" else {}
    token_file = "" if name == "http_token_file" else TOKEN_FILE["http_token_file"]
    assert settings == parse({})[0]._replace(token_file=token_file, **nothing)
    return sentence


def test_without_a_word_nothing_is_opened() -> None:
    """From this host alone one may come, and no method of Kamailio's is passed on."""
    assert parse({}) == (HttpSettings(allowed=networks("127.0.0.1", "::1")), [])
    assert parse(dict.fromkeys(NAMES, " ")) == parse({})


def test_what_holds() -> None:
    """Several places of each kind, in their order; a path, a name and an address have one form each."""
    settings, sentences = parse(
        {
            "http": "unix:/run//kamailio/./a.sock 127.0.0.1:8060  [::1]:8060 0.0.0.0:8061 [2001:DB8::1]:1",
            "http_allow": "10.0.0.0/8 192.0.2.7 2001:db8::/32 [2001:db9::1]",
            "http_hosts": "SBC1.example.com. sbc_1 10.0.0.1 [2001:DB8::1] 2001:db8::2",
            "http_rpc": "core.uptime htable.dump",
            "http_token_file": " /etc/kamailio/a token ",
        }
    )
    assert sentences == []
    places = (tcp("127.0.0.1", 8060), tcp("::1", 8060), tcp("0.0.0.0", 8061), tcp("2001:db8::1", 1))
    assert settings.places == (UnixPlace("/run/kamailio/a.sock"), *places)
    assert settings.tcp_places == places
    assert settings.allowed == networks("10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "2001:db9::1")
    assert settings.hosts == {"sbc1.example.com", "sbc_1", "10.0.0.1", "2001:db8::1", "2001:db8::2"}
    assert settings.methods == {"core.uptime", "htable.dump"}
    assert settings.token_file == "/etc/kamailio/a token"
    assert [str(place) for place in settings.places] == [
        *("unix:/run/kamailio/a.sock", "127.0.0.1:8060", "[::1]:8060", "0.0.0.0:8061", "[2001:db8::1]:1")
    ]


@pytest.mark.parametrize("allow", ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "127.0.0.1 2001:db8::1"])
def test_this_host_is_the_same_with_both_addresses(allow: str) -> None:
    """Whoever may come from 127.0.0.1 may come from ::1 too, and nobody else."""
    allowed = parse({"http_allow": allow})[0].allowed
    assert allowed == networks(*allow.split(), "::1")
    assert parse({"http_allow": "10.0.0.1 ::2"})[0].allowed == networks("10.0.0.1", "::2")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("8060", "is needed"),
        (":8060", "is needed"),
        ("*:8060", "is needed"),
        ("localhost:8060", "is needed"),
        ("tcp:127.0.0.1:8060", "is needed"),
        ("http://127.0.0.1:8060", "is needed"),
        ("127.0.0.1", "is needed"),
        ("127.0.0.1:", "is needed"),
        ("127.0.0.1:80600000", "is needed"),
        ("127.0.0.1:-1", "is needed"),
        ("127.0.0.1:8060,", "is needed"),
        ("127.0.0.1:٨٠٦٠", "is needed"),  # digits, but not of ASCII
        ("::1:8060", "is needed"),
        ("127.0.0.1:0", "a port is 1 to 65535"),
        ("127.0.0.1:65536", "a port is 1 to 65535"),
        ("127.0.0.256:1", "'127.0.0.256' is no IP address"),
        ("127.0.0.01:1", "'127.0.0.01' is no IP address"),
        ("[]:1", "no IP address"),
        ("[localhost]:1", "'localhost' is no IP address"),
        ("[127.0.0.1]:1", "brackets are around an IPv6 address"),
        ("[::ffff:127.0.0.1]:1", "an IPv4 address as such"),
        ("[fe80::1%eth0]:1", "without a zone"),
        ("[fe80::1]:1", "not served at such an address"),
        ("224.0.0.1:1", "not served at such an address"),
        ("unix:", "a path begins with /"),
        ("unix:run/x.sock", "a path begins with /"),
        ("unix:/run/", "a path begins with /"),
        ("unix:/", "a path begins with /"),
        ("unix:/run/../x.sock", "does not go back"),
        ("unix:/run/\x07", "no such characters"),
        ("unix:/run/\udcff", "no such characters"),
        ("unix:/" + "ä" * 54, f"longer than {MOST_PATH_BYTES} bytes"),
    ],
)
def test_a_place_that_can_not_be(word: str, reason: str) -> None:
    """It is named, with what it has to be instead."""
    assert refused("http", word).startswith("KEEPALIVE_HTTP: ")
    assert reason in refused("http", word)


def test_the_longest_path() -> None:
    """A socket's path has 107 bytes at the most."""
    path = "/" + "a" * (MOST_PATH_BYTES - 1)
    assert parse({"http": f"unix:{path}"}) == (
        HttpSettings((UnixPlace(path),), networks("127.0.0.1", "::1")),
        [],
    )
    assert "longer than" in refused("http", f"unix:{path}a")


@pytest.mark.parametrize(
    "two",
    [
        "127.0.0.1:8060 127.0.0.1:8060",
        "unix:/run/a unix://run/./a",
        "[::1]:1 [0:0:0:0:0:0:0:1]:1",
        "127.0.0.1:1 127.0.0.1:01",
    ],
)
def test_a_place_is_opened_once(two: str) -> None:
    """However it is written the second time."""
    settings, [sentence] = parse({"http": two})
    assert len(settings.places) == 1
    assert sentence == f"KEEPALIVE_HTTP: '{two.split()[1]}' is ignored: it is there twice"


def test_an_address_is_one_of_all_addresses() -> None:
    """The kernel would call the port taken; other ports and the other family are places of their own."""
    given = {**TOKEN_FILE, "http": "127.0.0.1:1 0.0.0.0:1 127.0.0.1:2 [::1]:1 [::]:2 unix:/run/a"}
    settings, sentences = parse(given)
    assert settings.places == (
        *(tcp("0.0.0.0", 1), tcp("127.0.0.1", 2), tcp("::1", 1), tcp("::", 2)),
        UnixPlace("/run/a"),
    )
    assert sentences == ["KEEPALIVE_HTTP: '127.0.0.1:1' is ignored: its port is served at all addresses"]


@pytest.mark.parametrize("outside", ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[2001:db8::1]:1", "128.0.0.1:1"])
def test_what_others_reach_needs_a_token_file(outside: str) -> None:
    """Without one it is not opened; what only this host reaches is."""
    for token_file in ("", "token"):
        settings, sentences = parse(
            {"http_token_file": token_file, "http": f"{outside} 127.0.0.2:1 [::1]:2 unix:/run/a"}
        )
        assert settings.places == (tcp("127.0.0.2", 1), tcp("::1", 2), UnixPlace("/run/a"))
        assert sentences[-1] == (
            f"KEEPALIVE_HTTP: '{outside}' is ignored: "
            "an address that others reach needs a KEEPALIVE_HTTP_TOKEN_FILE"
        )
    assert str(parse({**TOKEN_FILE, "http": outside})[0].places[0]) == outside


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("localhost", "no IP address"),
        ("10.0.0.0/33", "at most 32"),
        ("2001:db8::/129", "at most 128"),
        ("10.0.0.0/", "a number of bits"),
        ("10.0.0.0/-1", "a number of bits"),
        ("10.0.0.0/8/8", "a number of bits"),
        ("10.0.0.0/0.0.0.0", "a number of bits"),  # which ipaddress takes for all addresses
        ("10.0.0.0/٨", "a number of bits"),
        ("10.0.0.1/8", "is 10.0.0.1 meant, or 10.0.0.0/8?"),
        ("10.0.0.1-5", "no IP address"),
        ("[2001:db8::]/32]", "a number of bits"),
        ("[2001:db8::", "no IP address"),
        ("::ffff:10.0.0.1", "an IPv4 address as such"),
    ],
)
def test_who_can_not_be_allowed(word: str, reason: str) -> None:
    """Nobody is in his place: not those that the default would let in."""
    assert refused("http_allow", word).startswith("KEEPALIVE_HTTP_ALLOW: ")
    assert reason in refused("http_allow", word)


@pytest.mark.parametrize(
    "word",
    [
        "*",
        "*.example.com",
        "sbc1:8060",
        "http://sbc1",
        "-a",
        "a-",
        "a..b",
        ".",
        "a" * 64,
        "ä",
        "a." * 127 + "a",
    ],
)
def test_what_is_no_name(word: str) -> None:
    """A pattern would let in what it was not meant for."""
    assert "a host's name is needed, without a port" in refused("http_hosts", word)


def test_the_longest_name() -> None:
    """It has 253 characters at the most, and a label 63 (RFC 1035 section 2.3.4)."""
    assert parse({"http_hosts": "a." * 126 + "b"})[1] == []
    assert parse({"http_hosts": "a" * 63})[1] == []


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("core", "whole name"),
        ("core.*", "whole name"),
        ("*", "whole name"),
        ("core.", "whole name"),
        ("a." + "b" * 127, "whole name"),
        ("keepalive.list", "own methods"),
    ],
)
def test_what_is_not_passed_on(word: str, reason: str) -> None:
    """Each method has its own name, and no two of them one word."""
    assert reason in refused("http_rpc", word)
    assert parse({"http_rpc": "a." + "b" * 126})[1] == []


@pytest.mark.parametrize("path", ["token", "/etc/", "/etc/\ttoken", "/" + "a" * 4095])
def test_where_no_token_can_be(path: str) -> None:
    """Then there is none, and over TCP nothing is changed."""
    assert refused("http_token_file", path).startswith("KEEPALIVE_HTTP_TOKEN_FILE: ")


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=400)))
def test_whatever_is_said_has_short_sentences(given: dict[str, str]) -> None:
    """One for each word at the most; what holds is what is written."""
    settings, sentences = parse(given)
    assert all(len(sentence) < 300 and sentence.startswith("KEEPALIVE_HTTP") for sentence in sentences)
    assert len(sentences) <= sum(len(text.split()) for text in given.values())
    assert parse({"http": " ".join(map(str, settings.places)), "http_token_file": "/t"})[1] == []
