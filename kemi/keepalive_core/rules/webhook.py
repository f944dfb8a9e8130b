"""A webhook: who is told, what is sent, and how the receiver knows that it is from us (pure)."""

import hashlib
import hmac
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from .checks import Refused
from .notices import Notice, json_line
from .quoting import MASK, one_line

MOST_URLS: Final = 8
"""each has a thread of its own"""
MOST_WAITING: Final = 100
"""notices that wait for one URL; beyond that the oldest go"""
PAUSES: Final = (1.0, 5.0)
"""seconds between the tries of one notice, of which there is one more"""
TIMEOUT: Final = 5.0
"""seconds that one try may take"""
LEAST_SECRET: Final = 16
"""bytes"""
MOST_SECRET: Final = 4096
"""bytes"""

_MOST_URL: Final = 2000


class Receiver(NamedTuple):
    """A URL that is told."""

    url: str

    @property
    def shown(self) -> str:
        """The URL as the log has it: what is behind the host, and before it, may be a secret."""
        return shown(self.url)

    @property
    def is_secure(self) -> bool:
        """Whether it is told over TLS."""
        return urlsplit(self.url).scheme == "https"


def shown(url: str) -> str:
    """Return a URL without what may be a secret in it."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return MASK
    if not parts.scheme or not host:
        return MASK
    hidden = MASK if parts.path.strip("/") or parts.query or parts.fragment else ""
    return one_line(f"{parts.scheme}://{host}/{hidden}")


def receivers(text: str) -> tuple[list[Receiver], list[str]]:
    """Return whom KEEPALIVE_WEBHOOK names, and a sentence for each word that is none."""
    found: list[Receiver] = []
    refused: list[str] = []
    for word in text.split():
        try:
            _check(word)
            if Receiver(word) in found:
                raise Refused("it is there twice")
            if len(found) == MOST_URLS:
                raise Refused(f"{MOST_URLS} are told at the most")
            found.append(Receiver(word))
        except Refused as refusal:
            refused.append(f"KEEPALIVE_WEBHOOK: {shown(word)} is ignored: {refusal}")
    return found, refused


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Refused(f"it is no URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise Refused("a URL begins with http:// or https://")
    if not host:
        raise Refused("it has no host")
    if len(url) > _MOST_URL or not url.isascii() or not url.isprintable():
        raise Refused(f"a URL is printable ASCII, of {_MOST_URL} characters at the most")
    if parts.fragment:
        raise Refused("a # is not sent to anybody")


def body(number: int, notice: Notice, server: str) -> bytes:
    """Return what is sent of a notice.

    Arguments: number, its own; server, the host's name. Both make an id, which stays the same if it is sent
    again.
    """
    return json_line({"id": f"{server}-{number}", "server": server, "number": number, **notice}).encode()


def signature(secret: bytes, at: int, sent: bytes) -> str:
    """Return what a request bears so that its receiver knows who has written it, and when.

    Arguments: secret; at, the time in epoch seconds; sent, the body.
    """
    digest = hmac.new(secret, b"%d." % at + sent, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def loss(tries: int, given_up: int, left_out: int, reason: str) -> str:
    """Return what went wrong with a webhook, in one line.

    Arguments: tries, that failed; given_up, notices of which each try failed; left_out, notices that went as
    too many waited; reason, of the last try that failed.
    """
    parts = [f"{tries} tries failed, the last one as {reason}"] if tries else []
    parts += [f"{given_up} notices were given up"] if given_up else []
    parts += [f"{left_out} notices went, the oldest, as {MOST_WAITING} waited"] if left_out else []
    return "; ".join(parts)


def refusal(status: int, reason: str) -> str:
    """Return why an answer is no success, "" if it is one."""
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"it answers {status}, and redirects are not followed"
    return one_line(f"it answers {status} {reason}".rstrip())
