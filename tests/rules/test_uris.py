"""URIs: what is one destination, what is refused, what is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import uris
from keepalive_core.rules.quoting import quoted_uri


@pytest.mark.parametrize(
    ("text", "key", "uri"),
    [
        ("192.168.10.20", "sip:192.168.10.20:5060", "sip:192.168.10.20"),
        ("sip:192.168.10.20", "sip:192.168.10.20:5060", "sip:192.168.10.20"),
        ("SIP:192.168.10.20:5060", "sip:192.168.10.20:5060", "sip:192.168.10.20:5060"),
        ("192.168.10.20:5070", "sip:192.168.10.20:5070", "sip:192.168.10.20:5070"),
        ("sips:192.168.10.20", "sips:192.168.10.20:5061", "sips:192.168.10.20"),
        (
            "sips:gw.example.com;transport=tls",
            "sips:gw.example.com;transport=tls",
            "sips:gw.example.com;transport=tls",
        ),
        ("sip.Provider.COM.", "sip:sip.provider.com", "sip:sip.Provider.COM"),
        ("localhost:5060", "sip:localhost:5060", "sip:localhost:5060"),
        ("sip:host:5060;transport=udp", "sip:host:5060", "sip:host:5060;transport=udp"),
        ("sip:host:5061;transport=tls", "sip:host:5061;transport=tls", "sip:host:5061;transport=tls"),
        ("sips:host:5061;transport=TLS", "sips:host:5061", "sips:host:5061;transport=TLS"),
        ("10.0.0.1;transport=udp", "sip:10.0.0.1:5060", "sip:10.0.0.1;transport=udp"),
        ("10.0.0.1;transport=tls", "sip:10.0.0.1:5061;transport=tls", "sip:10.0.0.1;transport=tls"),
        ("alice@host", "sip:alice@host", "sip:alice@host"),
        ("sip:Alice@host", "sip:Alice@host", "sip:Alice@host"),
        ("sip:alice;x=y?:secret@host", "sip:alice;x=y?:secret@host", "sip:alice;x=y?:secret@host"),
        ("[2001:DB8:0::1]", "sip:[2001:db8::1]:5060", "sip:[2001:DB8:0::1]"),
        ("sip:[::1]:5070", "sip:[::1]:5070", "sip:[::1]:5070"),
        ("sip:host;transport=TCP", "sip:host;transport=tcp", "sip:host;transport=TCP"),
        ("sip:host;transport=udp", "sip:host;transport=udp", "sip:host;transport=udp"),
        ("sip:host;transport=tls", "sip:host;transport=tls", "sip:host;transport=tls"),
        ("sip:host;lr", "sip:host", "sip:host;lr"),
        ("sip:host;maddr=10.0.0.1", "sip:host;maddr=10.0.0.1", "sip:host;maddr=10.0.0.1"),
        ("gw_1.docker", "sip:gw_1.docker", "sip:gw_1.docker"),
    ],
)
def test_a_uri_has_one_key_and_is_sent_as_given(text: str, key: str, uri: str) -> None:
    """All spellings of a destination share a key; the ping goes to the URI as it was given."""
    assert uris.parse(text) == (key, uri)
    assert uris.parse(key).key == key


@pytest.mark.parametrize(
    ("text", "name", "hop"),
    [
        (
            "Provider.example.com:5060#192.168.10.20",
            "sip:provider.example.com:5060",
            "sip:192.168.10.20:5060",
        ),
        ("sip:p:5070#[2001:DB8:0::1]:5080", "sip:p:5070", "sip:[2001:db8::1]:5080"),
        ("sip:p:5060#1.2.3.4;transport=UDP", "sip:p:5060", "sip:1.2.3.4:5060"),
        (
            "sips:alice@p:5061#1.2.3.4:5061;transport=tls",
            "sips:alice@p:5061",
            "sip:1.2.3.4:5061;transport=tls",
        ),
        ("10.0.0.1#1.2.3.4", "sip:10.0.0.1:5060", "sip:1.2.3.4:5060"),
    ],
)
def test_a_target_is_a_name_and_an_address(text: str, name: str, hop: str) -> None:
    """Its key says both, in any spelling; and the ping has the request URI of the name."""
    found = uris.parse(text)
    assert found == (uris.target_key(name, hop), uris.parse(text.partition("#")[0]).uri)
    assert (uris.name_of(found.key), uris.hop_of(found.key)) == (name, hop)
    assert uris.is_target(found.key)
    assert f"sip:{uris.address_in(found.key)}" == hop.partition(";")[0]
    assert uris.parse(found.key).key == found.key


def test_a_destination_is_no_target() -> None:
    """It is behind nobody, and has no hop of its own."""
    key = "sip:10.0.0.1:5060"
    assert (uris.is_target(key), uris.name_of(key), uris.hop_of(key)) == (False, "", "")


@pytest.mark.parametrize(
    "text",
    ["#", "a#", "#1.2.3.4", "a#b", "a#u@1.2.3.4", "a#1.2.3.4;maddr=1.2.3.4", "a#b#1.2.3.4", "#" * 9999],
)
def test_what_is_no_target(text: str) -> None:
    """A name that is none, or what is no address behind it."""
    with pytest.raises(uris.InvalidURI):
        uris.parse(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        (None, "text is needed, not NoneType"),
        (b"sip:host", "text is needed, not bytes"),
        ("sip: host", "white space, control or non-ASCII character at position 4"),
        ("host ", "position 4"),
        ("host\r\nX: y", "position 4"),
        ("host\x00", "position 4"),
        ("h\u00f6st", "position 1"),
        ("\u4e2d.example", "position 0"),
        ("sip:" + "h" * 252, "longer than 255 bytes"),
        *((f"sip:{user}@host", "bad user part") for user in (":x", "a:b:c", "a:b;c", "a:b?c")),
        ("sip:user@a_b", "no user in front of a host with an underscore"),
        ("sip:", "host is empty"),
        ("sip::5060", "host is empty"),
        ("sip:user@", "host is empty"),
        ("sip:@host", "bad user part"),
        ("sip:a@b@host", "bad user part"),
        ("sip:us<er@host", "bad user part"),
        ("sip:us%zzer@host", "bad user part"),
        ("host:0", "bad port '0'"),
        ("host:65536", "bad port '65536'"),
        ("host:99999999999999999999", "bad port"),
        ("host:", "bad port ''"),
        ("sip:host:port", "bad port 'port'"),
        ("host:5060x", "bad port '5060x'"),
        ("tel:+49301234", "unknown scheme 'tel'"),
        ("http://host", "unknown scheme 'http'"),
        ("mailto:bob@example.com", "unknown scheme 'mailto'"),
        ("tel:+4930@127.0.0.1", "unknown scheme 'tel'"),
        ("2001:db8::1", "without brackets"),
        ("[2001:db8::1", "no closing bracket"),
        ("[2001:db8::1]x", "unexpected 'x'"),
        ("[2001:db8::zz]", "bad IPv6 address"),
        ("[fe80::1%eth0]", "IPv6"),
        ("192.168.10.256", "bad IPv4 address"),
        ("192.168.010.20", "bad IPv4 address"),
        ("1234", "bad IPv4 address"),
        ("host..example", "bad host"),
        ("-host", "bad host"),
        ("a" * 64 + ".example", "bad host"),
        ("sip:ho<st", "bad host"),
        ("sip:host?Subject=x", "bad host"),
        ("sip:host;transport=pigeon", "unknown transport 'pigeon'"),
        ("sip:host;transport", "unknown transport ''"),
        ("sip:host;transport=tcp;Transport=udp", "given twice"),
        ("sip:host;", "bad parameter ''"),
        ("sip:host;a=<b>", "bad parameter 'a=<b>'"),
        ("sip:host;a=", "bad parameter 'a='"),
    ],
)
def test_what_is_no_uri_is_refused_with_its_fault(text: object, fault: str) -> None:
    """A bad URI is refused by a message that names it and the fault, on one line."""
    with pytest.raises(uris.InvalidURI) as refusal:
        uris.parse(text)
    message = str(refusal.value)
    assert fault in message
    assert message.startswith(f"bad destination {quoted_uri(text)}: ")
    assert message.isprintable()
    assert len(message) < 250


def test_255_bytes_are_the_most() -> None:
    """A URI of 255 bytes is one; with one byte more it is none."""
    text = "sip:" + ".".join(["h" * 62] * 4)
    assert len(text) == 255
    assert uris.parse(text).uri == text
    with pytest.raises(uris.InvalidURI):
        uris.parse(text + "h")


@given(st.text())
def test_any_text_is_a_uri_or_refused(text: str) -> None:
    """Whatever text comes, the answer is a Destination that can be sent, or InvalidURI."""
    try:
        destination = uris.parse(text)
    except uris.InvalidURI:
        return
    assert destination.uri.startswith(("sip:", "sips:"))
    assert destination.uri.isascii()
    assert not any(character in destination.uri for character in " \t\r\n<>")
    assert uris.parse(destination.key).key == destination.key
    assert uris.parse(destination.uri).key == destination.key


@given(
    st.sampled_from(["", "sip:", "SIP:", "sips:"]),
    st.sampled_from(["", "alice@", "Bob@"]),
    st.sampled_from(["10.0.0.1", "Host.Example", "[2001:DB8::1]"]),
    st.sampled_from(["", ":5060", ":5061", ":6000"]),
    st.sampled_from(["", ";transport=tcp", ";transport=UDP", ";lr"]),
)
def test_every_well_formed_uri_is_accepted(scheme: str, user: str, host: str, port: str, tail: str) -> None:
    """Each combination of scheme, user, host, port and parameters is accepted, and the key has them."""
    key = uris.parse(scheme + user + host + port + tail).key
    assert key.startswith("sips:" if scheme == "sips:" else "sip:")
    assert f":{user}{host.lower()}" in key
    assert port in key


@given(
    st.sampled_from(["sip", "sips"]),
    st.sampled_from(["", "alice:5060@", "a;x=y@"]),
    st.sampled_from(["provider.com", "10.0.0.1", "[2001:db8::1]", "10.0.0.1.nip.io", "1.2.3.4a"]),
    st.sampled_from(["", "udp", "tcp", "tls"]),
)
def test_a_name_without_a_port_is_something_of_its_own(
    scheme: str, user: str, host: str, transport: str
) -> None:
    """By RFC 3263 DNS says its port, and its transport; an address without a port has the usual one."""
    tail = f";transport={transport}" if transport else ""
    port = 5061 if transport == "tls" or scheme == "sips" else 5060
    without, given_port = f"{scheme}:{user}{host}{tail}", f"{scheme}:{user}{host}:{port}{tail}"
    is_name = host[-1].isalpha()
    assert (uris.parse(without).key == uris.parse(given_port).key) is not is_name
    if is_name:
        assert uris.parse(without).key == without
    assert uris.peer_of(without) == uris.peer_of(given_port) == ("" if is_name else host, port)


@pytest.mark.parametrize(
    "spellings",
    [
        ["sip:p.com", "sip:p.com;transport=udp", "sip:p.com:5060"],
        ["sips:p.com", "sips:p.com;transport=tls", "sips:p.com:5061"],
        ["sip:u:5060@p.com;transport=tcp", "sip:u:5060@p.com:5060;transport=tcp"],
        ["sip:p.com;transport=tls", "sip:p.com:5061;transport=tls"],
        ["sips:p.com;transport=tcp", "sips:p.com:5061;transport=tcp"],
        [
            "sip:p.com;maddr=10.0.0.1",
            "sip:p.com;transport=udp;maddr=10.0.0.1",
            "sip:p.com:5060;maddr=10.0.0.1",
        ],
        ["sip:p.com:5070"],
        ["sip:p.com:5061"],
        ["sip:p.com:5060;transport=tls"],
        ["sip:10.0.0.1:5060"],
        ["sip:u@[2001:db8::1]:5060;transport=tcp"],
        ["sip:" + "a@" + "p" * 251],
    ],
)
def test_a_name_may_be_meant_by_other_spellings(spellings: list[str]) -> None:
    """Those with the port and the transport that it means by itself; each of them knows the others."""
    for key in spellings:
        assert uris.other_spellings(key) == tuple(each for each in spellings if each != key)


def test_what_stands_in_from_is_only_quoted() -> None:
    """As the sender a URI may have what Kamailio does not send to; white space it may not have."""
    assert uris.parse_sender("user@a_b") == "sip:user@a_b"
    with pytest.raises(uris.InvalidURI, match="white space"):
        uris.parse_sender("sip:a b")


@given(st.from_regex(uris._IS_KEY, fullmatch=True))
def test_what_is_taken_for_a_key_is_one(text: str) -> None:
    """A text that is not taken apart, as it is a key already, is just what would have become of it."""
    assert uris.parse(text) == (text, text)
    assert uris.parse(text + ";x=y") == (text, text + ";x=y")
    assert len(text) <= uris.MAX_URI_BYTES


@pytest.mark.parametrize(
    ("uri", "peer"),
    [
        ("sip:192.168.10.20", ("192.168.10.20", 5060)),
        ("sips:u:5061@192.168.10.20;maddr=192.168.10.21", ("192.168.10.20", 5061)),
        ("sip:[2001:DB8:0::1]:5070;transport=tcp", ("[2001:db8::1]", 5070)),
        ("sip:gateway.example;transport=tls", ("", 5061)),
        ("sip:bob:5070@gateway.example:5080;maddr=192.168.10.20;transport=tcp", ("", 5080)),
    ],
)
def test_the_peer_of_a_uri(uri: str, peer: tuple[str, int]) -> None:
    """Its address, which a name does not tell, and its port."""
    assert uris.peer_of(uri) == peer


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:192.168.10.20", ("udp", 4)),
        ("sip:[2001:db8::1]", ("udp", 6)),
        ("sip:gateway.example", ("", 0)),
        ("sip:gateway.example;transport=tcp", ("tcp", 0)),
        ("sips:gateway.example", ("tls", 0)),
        ("sips:192.168.10.20;transport=tcp", ("tls", 4)),
        ("sips:192.168.10.20;transport=udp", (uris.SIPS_OVER_UDP, 4)),
        ("sips:192.168.10.20;transport=ws", ("ws", 4)),
        ("sips:192.168.10.20;transport=wss", ("wss", 4)),
    ],
)
def test_where_a_request_goes_at_first(uri: str, hop: tuple[str, int]) -> None:
    """Without a transport UDP to an address, and of a name what its records say; sips is TLS or WebSocket."""
    assert uris.hop(uri) == hop


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (7, "text is needed, not int"),
        ("", "it is empty"),
        ("sip:u@a_b", "Kamailio reads no user in front of a host with an underscore"),
        ("sip:b^ob@host", "bad user part 'b^ob'"),
        ("sip:b^ob:secret:more@host", "bad user part 'b^ob:***'"),
        ("mailto:bob@host", "unknown scheme 'mailto', sip and sips are known"),
        ("a-b:1@host", "unknown scheme 'a-b', sip and sips are known"),
        ("sip:[::1", "the IPv6 address has no closing bracket"),
        ("sip:[::1]x]", "unexpected 'x]' behind the IPv6 address"),
        ("sip:[::1]:5060]", "bad port '5060]', 1 to 65535 is allowed"),
        ("sip:[::g]", "bad IPv6 address '[::g]'"),
        ("sip:[fe80::1%eth0]", "an IPv6 zone in '[fe80::1%eth0]', which a SIP URI can't carry"),
        ("sip:::1", "bad port, or an IPv6 address without brackets"),
        ("sip:host:1:2", "bad port, or an IPv6 address without brackets"),
        ("sip:", "the host is empty"),
        ("sip::5060", "the host is empty"),
        ("sip:host:0", "bad port '0', 1 to 65535 is allowed"),
        ("sip:host:65536", "bad port '65536', 1 to 65535 is allowed"),
        ("sip:host:005060", "bad port '005060', 1 to 65535 is allowed"),
        ("sip:1.2.3.256", "bad IPv4 address '1.2.3.256'"),
        (f"sip:{'h' * 64}", f"bad host '{'h' * 64}'"),
        ("sip:host;a=1;A=2", "parameter 'A' is given twice"),
        ("sip:host;a=<", "bad parameter 'a=<'"),
        ("sip:host;transport=pigeon", "unknown transport 'pigeon'"),
    ],
)
def test_what_a_refusal_says(text: object, fault: str) -> None:
    """The URI as it was given, and what is wrong with it."""
    with pytest.raises(uris.InvalidURI) as refusal:
        uris.parse(text)
    assert str(refusal.value) == f"bad destination {quoted_uri(text)}: {fault}"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("sip:host:1", "sip:host:1"),
        ("sip:host:65535", "sip:host:65535"),
        ("sip:[::1]:5070", "sip:[::1]:5070"),
        (f"sip:{'h' * 63}", f"sip:{'h' * 63}"),
        ("sip:host:5060;transport=udp", "sip:host:5060"),
        ("sip:host:5060;lr", "sip:host:5060"),
        ("sip:host:5060;maddr=10.0.0.1", "sip:host:5060;maddr=10.0.0.1"),
    ],
)
def test_what_is_just_allowed(text: str, key: str) -> None:
    """The first and the last port, the longest label; what says nothing new is no part of the key."""
    assert uris.parse(text).key == key


def test_the_address_of_a_uri() -> None:
    """With its port; a name has none."""
    assert uris.address_of("sip:192.168.10.20") == "192.168.10.20:5060"
    assert uris.address_of("sip:host") == ""
