"""Whom a webhook tells, what it sends, and how that is known to be true."""

import hashlib
import hmac
import json

import pytest

from keepalive_core.rules import notices, webhook
from keepalive_core.rules.webhook import Receiver


def test_urls_are_read_one_by_one() -> None:
    """Several, parted by white space; each that is none has its sentence, and the others are told."""
    text = " https://noc.example.com/hook?key=secret\n http://[::1]:8080/ ftp://a/secret "
    found, refused = webhook.receivers(text)
    assert found == [Receiver("https://noc.example.com/hook?key=secret"), Receiver("http://[::1]:8080/")]
    assert [each.is_secure for each in found] == [True, False]
    assert refused == ["KEEPALIVE_WEBHOOK: ftp://a/*** is ignored: a URL begins with http:// or https://"]
    assert webhook.receivers("") == ([], [])


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("noc.example.com/secret", "a URL begins with http:// or https://"),
        ("https:///secret", "it has no host"),
        ("https://:443/secret", "it has no host"),
        ("https://[::1/secret", "it is no URL: Invalid IPv6 URL"),
        ("https://a:99999/secret", "it is no URL: Port out of range 0-65535"),
        ("https://a/sécret", "a URL is printable ASCII, of 2000 characters at the most"),
        ("https://a/secret" + "x" * 2000, "a URL is printable ASCII, of 2000 characters at the most"),
        ("https://a/#secret", "a # is not sent to anybody"),
        ("https://b/secret https://b/secret", "it is there twice"),
        (" ".join(f"https://{n}/secret" for n in range(9)), "8 are told at the most"),
    ],
)
def test_what_is_no_url_says_so(word: str, reason: str) -> None:
    """One sentence with the reason, of a bounded length, that tells no secret."""
    _, [sentence] = webhook.receivers(word)
    assert sentence.startswith("KEEPALIVE_WEBHOOK: ")
    assert sentence.endswith(f" is ignored: {reason}")
    assert "secret" not in sentence
    assert len(sentence) < 400


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a", "https://a/"),
        ("https://a:8443/", "https://a:8443/"),
        ("https://a/services/T0/B0/secret", "https://a/***"),
        ("https://a?key=secret", "https://a/***"),
        ("https://bob:secret@a/", "https://a/"),
        ("https://bob:se@cret@a/", "https://a/"),
        ("secret", "***"),
        ("//secret", "***"),
        ("https://[secret", "***"),
    ],
)
def test_the_log_has_no_secret_of_a_url(url: str, shown: str) -> None:
    """Neither a password nor what stands behind the host."""
    assert webhook.shown(url) == Receiver(url).shown == shown


def test_what_is_sent() -> None:
    """The notice, with an id that is the same each time it is sent."""
    notice = notices.gap(7)
    sent = json.loads(webhook.body(12, notice, "host"))
    assert sent == {"id": "host-12", "server": "host", "number": 12, "event": "keepalive.gap", "at": 7}


def test_the_signature() -> None:
    """HMAC-SHA256 over time, a dot and body, in hexadecimal digits."""
    digest = hmac.new(b"secret", b"1700000000.{}", hashlib.sha256).hexdigest()
    assert webhook.signature(b"secret", 1700000000, b"{}") == f"t=1700000000,v1={digest}"


def test_what_was_lost() -> None:
    """Each kind of loss that there was, and no other."""
    assert webhook.loss(2, 0, 0, "no answer") == "2 tries failed, the last one as no answer"
    assert webhook.loss(0, 0, 6, "") == "6 notices went, the oldest, as 100 waited"
    assert webhook.loss(3, 1, 0, "no answer").endswith("; 1 notices were given up")


@pytest.mark.parametrize(
    ("status", "reason", "refusal"),
    [
        (200, "OK", ""),
        (204, "", ""),
        (302, "Found", "it answers 302, and redirects are not followed"),
        (404, "Not Found", "it answers 404 Not Found"),
        (500, "", "it answers 500"),
        (500, "a\x01" * 1000, None),
    ],
)
def test_what_an_answer_says(status: int, reason: str, refusal: str | None) -> None:
    """2xx is a success; of anything else there is one line of a bounded length."""
    said = webhook.refusal(status, reason)
    assert said == refusal or (refusal is None and len(said) <= 200 and said.isprintable())
