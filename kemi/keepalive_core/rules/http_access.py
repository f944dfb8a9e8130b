"""Who may what over HTTP: a request is answered or refused, and a caller may change things or not (pure).

Over the UNIX socket its rights decide. Over TCP one reads from the addresses that are allowed, and changes
with the token. A browser does not say what its user wants: any site that he looks at may have it ask
(CSRF), and may give its own name an address of this server (DNS rebinding).
"""

import base64
import hmac
import ipaddress
import re
import stat
from collections.abc import Mapping, Set
from typing import Final, NamedTuple

from .checks import Refused
from .http_settings import HttpSettings, IpAddress
from .quoting import quoted

# Header fields, as lower() writes them.
_ORIGIN: Final = "origin"
_SITE: Final = "sec-fetch-site"
_MARK: Final = "x-keepalive"
_JSON: Final = "application/json"
# Fetch Metadata: where the page is from that had the browser ask; "none" is the user's own hand.
_OWN_SITES: Final = frozenset({"same-origin", "none"})
# Longer than any token is; of more nothing is decoded.
_MOST_CREDENTIALS: Final = 8192
_MOST_NAME: Final = 64
MOST_TOKEN_BYTES: Final = 4096
_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH
NAMELESS: Final = "token"
"""who changes something over TCP if he gave no name"""


class Refusal(NamedTuple):
    """Why a request is not answered."""

    status: int
    """of HTTP"""
    sentence: str


class Asked(NamedTuple):
    """A request, as far as it matters who may make it."""

    method: str
    headers: Mapping[str, str]
    """by names in small letters"""
    peer: str = ""
    """the address that it comes from; "" over the UNIX socket"""
    own: str = ""
    """this server's address that it came to"""

    @property
    def is_by_a_browser(self) -> bool:
        """Whether it bears what browsers add, and no page can take away."""
        return _ORIGIN in self.headers or _SITE in self.headers


def refusal(asked: Asked, settings: HttpSettings, names: Set[str]) -> Refusal | None:
    """Return why a request is not answered, whatever it is about; None if it is.

    Arguments: names, of this host, in small letters.
    """
    if asked.peer and not _is_allowed(asked.peer, settings):
        return Refusal(403, f"KEEPALIVE_HTTP_ALLOW does not have {asked.peer}")
    # A program over the UNIX socket says what it likes there; a browser gets to it by ssh -L, or by a proxy.
    if not asked.peer and not asked.is_by_a_browser:
        return None
    return _refused_host(asked, settings, names) or _refused_site(asked, settings) or _refused_post(asked)


def refusal_of_change(authorization: str, token: bytes) -> Refusal | None:
    """Return why somebody who asks over TCP may not change anything; None if he may.

    Arguments: authorization, that header field, "" for none; token, b"" if there is none to compare with.
    """
    if not token:
        return Refusal(403, "nothing is changed over TCP: there is no usable KEEPALIVE_HTTP_TOKEN_FILE")
    given = _credentials(authorization)[1]
    if not given:
        return Refusal(401, "a change over TCP needs the token: Authorization: Bearer TOKEN")
    if not hmac.compare_digest(given, token):
        return Refusal(401, "this is not the token")
    return None


def token_of(content: bytes, mode: int) -> bytes:
    """Return the token that a file has. Raises: Refused, with the reason.

    Arguments: content, of the file, or the beginning of it; mode, its rights.
    """
    if mode & _OTHERS:
        raise Refused("other users may read or write it; chmod o= takes that away")
    token = content.strip()
    if not token:
        raise Refused("it is empty")
    if len(content) > MOST_TOKEN_BYTES or not re.fullmatch(rb"[!-~]+", token):
        raise Refused(f"one word of {MOST_TOKEN_BYTES} ASCII characters at the most is needed")
    return token


def name_of(authorization: str) -> str:
    """Return what somebody who has the token calls himself, as a browser's user does."""
    name = _credentials(authorization)[0].decode("utf-8", "replace")
    return name[:_MOST_NAME] if name and name.isprintable() else NAMELESS


def _credentials(authorization: str) -> tuple[bytes, bytes]:
    """Return a name and a token, b"" for what there is none of (RFC 6750 section 2.1, RFC 7617 section 2)."""
    scheme, _, value = authorization[:_MOST_CREDENTIALS].partition(" ")
    if scheme.lower() == "bearer":
        return b"", value.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() != "basic":
        return b"", b""
    try:
        name, _, password = base64.b64decode(value.strip(), validate=True).partition(b":")
    except ValueError:
        return b"", b""
    return name, password


def _is_allowed(peer: str, settings: HttpSettings) -> bool:
    address = _address(peer)
    return address is not None and any(
        address in each for each in settings.allowed if each.version == address.version
    )


def _address(text: str) -> IpAddress | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address


def _refused_host(asked: Asked, settings: HttpSettings, names: Set[str]) -> Refusal | None:
    host = asked.headers.get("host", "")
    if not host:
        return Refusal(400, "a Host header is needed")
    name = _name_of_host(host)
    if name == "localhost" or name in names or name in settings.hosts:
        return None
    address = _address(name)
    places = {each.address for each in settings.tcp_places}
    if address is not None and (address in places or address == _address(asked.own)):
        return None
    return Refusal(403, f"Host {quoted(host)} is no name of this server; KEEPALIVE_HTTP_HOSTS may have more")


def _name_of_host(host: str) -> str:
    """Return a name or an address without its port, in small letters; "" if that is no host at all."""
    text = host.strip().lower()
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = text.partition(":")
    return name.removesuffix(".") if not port or port.isdecimal() else ""


def _refused_site(asked: Asked, settings: HttpSettings) -> Refusal | None:
    """Refuse what another site's page had the browser send."""
    origin = asked.headers.get(_ORIGIN)
    if origin is not None:
        host = origin.partition("://")[2].lower()
        if host != asked.headers["host"].strip().lower() and _name_of_host(host) not in settings.hosts:
            return Refusal(403, f"pages of {quoted(origin)} get no answer here")
    elif asked.headers.get(_SITE, "none") not in _OWN_SITES:
        # A link on another page may lead here: that shows it to the user, and to nobody else.
        is_followed = asked.headers.get("sec-fetch-mode") == "navigate" and asked.method in ("GET", "HEAD")
        if not is_followed:
            return Refusal(403, "other sites get no answer here")
    return None


def _refused_post(asked: Asked) -> Refusal | None:
    """Refuse a POST that a page of another site could have the browser send without asking first."""
    if asked.method in ("GET", "HEAD"):
        return None
    if asked.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        return Refusal(415, f"Content-Type: {_JSON} is needed")
    if asked.headers.get(_MARK, "").strip() != "1":
        return Refusal(403, "X-Keepalive: 1 is needed")
    return None
