"""What the settings of HTTP say: where it is served, who may come, and by which names (pure).

Each word that can't be is refused by itself, with one sentence; the others hold.
"""

import ipaddress
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

from .checks import Refused
from .quoting import quoted

# A struct sockaddr_un has 108 bytes for the path and the NUL behind it (unix(7)).
MOST_PATH_BYTES: Final = 107
# Linux's PATH_MAX, with the NUL.
_MOST_FILE_BYTES: Final = 4095
_UNIX: Final = "unix:"
_TCP: Final = re.compile(r"(?:\[([^\[\]]*)\]|([0-9.]+)):([0-9]{1,5})", re.ASCII)
# RFC 1123 section 2.1, and the underscore that some have.
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_MOST_HOST: Final = 253
_METHOD: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", re.ASCII)
_MOST_METHOD: Final = 128
_OWN_METHODS: Final = "keepalive."
_LOOPBACK: Final = (ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1"))

_Word = TypeVar("_Word")
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class UnixPlace(NamedTuple):
    """A UNIX socket at which HTTP is served."""

    path: str

    def __str__(self) -> str:
        return _UNIX + self.path


class TcpPlace(NamedTuple):
    """An address and a port at which HTTP is served."""

    address: IpAddress
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"

    @property
    def is_of_this_host_alone(self) -> bool:
        """Whether nobody from outside gets there."""
        return self.address.is_loopback


Place = UnixPlace | TcpPlace


class HttpSettings(NamedTuple):
    """What holds."""

    places: tuple[Place, ...] = ()
    allowed: tuple[Network, ...] = ()
    """from where one may come over TCP"""
    hosts: frozenset[str] = frozenset()
    """more names by which the server is asked, in small letters"""
    methods: frozenset[str] = frozenset()
    """of Kamailio's own RPC, that are passed on"""
    token_file: str = ""
    """the path of the file with the token, "" for none"""

    @property
    def tcp_places(self) -> tuple[TcpPlace, ...]:
        """Those of places that are reached over TCP."""
        return tuple(place for place in self.places if isinstance(place, TcpPlace))


def parse(given: Mapping[str, str]) -> tuple[HttpSettings, list[str]]:
    """Return what the settings say, and a sentence for each word that can't be.

    Arguments: given, the texts of KEEPALIVE_HTTP ("http"), KEEPALIVE_HTTP_ALLOW ("http_allow"), and so on;
    one that is missing is as if it were empty.
    """
    refused: list[str] = []

    def words(name: str, read: Callable[[str], _Word]) -> list[_Word]:
        return _words(name, given.get(name, ""), read, refused)

    token_file = _one("http_token_file", given.get("http_token_file", ""), refused)
    places = _open(words("http", _place), token_file, refused)
    is_said = given.get("http_allow", "").strip()
    allowed = words("http_allow", _network) if is_said else [ipaddress.ip_network(_LOOPBACK[0])]
    # Who may come from the one comes from the same host with the other.
    if any(_LOOPBACK[0] in each for each in allowed):
        allowed.append(ipaddress.ip_network(_LOOPBACK[1]))
    hosts = words("http_hosts", _host)
    methods = words("http_rpc", _method)
    return HttpSettings(places, tuple(allowed), frozenset(hosts), frozenset(methods), token_file), refused


def _words(name: str, text: str, read: Callable[[str], _Word], refused: list[str]) -> list[_Word]:
    """Return what the words of a setting stand for; each that is refused leaves a sentence."""
    found: list[_Word] = []
    for word in text.split():
        try:
            value = read(word)
            if value in found:
                raise Refused("it is there twice")
            found.append(value)
        except Refused as refusal:
            refused.append(_sentence(name, word, str(refusal)))
    return found


def _sentence(name: str, word: object, reason: str) -> str:
    return f"KEEPALIVE_{name.upper()}: {quoted(word)} is ignored: {reason}"


def _open(found: list[Place], token_file: str, refused: list[str]) -> tuple[Place, ...]:
    """Return the places that may be opened, and can be side by side."""
    may: list[Place] = []
    for place in found:
        if token_file or isinstance(place, UnixPlace) or place.is_of_this_host_alone:
            may.append(place)
        else:
            reason = "an address that others reach needs a KEEPALIVE_HTTP_TOKEN_FILE"
            refused.append(_sentence("http", str(place), reason))
    alone = [place for place in may if not any(_is_part(place, each) for each in may)]
    reason = "its port is served at all addresses"
    refused += [_sentence("http", str(place), reason) for place in may if place not in alone]
    return tuple(alone)


def _is_part(place: Place, other: Place) -> bool:
    """Say whether a place is one of those that another one, of all addresses, has already."""
    if isinstance(place, UnixPlace) or isinstance(other, UnixPlace) or place.port != other.port:
        return False
    is_all = other.address.is_unspecified and other.address.version == place.address.version
    return is_all and place != other


def _place(word: str) -> Place:
    if word.startswith(_UNIX):
        return UnixPlace(_path(word.removeprefix(_UNIX), MOST_PATH_BYTES))
    matched = _TCP.fullmatch(word)
    if matched is None:
        raise Refused("unix:/PATH, IPV4:PORT or [IPV6]:PORT is needed, several parted by spaces")
    port = int(matched[3])
    if not 0 < port < 65536:
        raise Refused("a port is 1 to 65535")
    address = _address(matched[1] or matched[2])
    if address.version != (6 if matched[2] is None else 4):
        raise Refused("brackets are around an IPv6 address, and around no other")
    if address.is_multicast or address.is_link_local:
        raise Refused("HTTP is not served at such an address")
    return TcpPlace(address, port)


def _address(text: str) -> IpAddress:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Refused(f"{quoted(text)} is no IP address") from None
    if address.version == 6 and (address.ipv4_mapped or address.scope_id):
        raise Refused("an IPv6 address without a zone, or an IPv4 address as such, is needed")
    return address


def _path(path: str, most_bytes: int) -> str:
    """Return a path in its shortest form, which is the same for all that say the same."""
    if not path.startswith("/") or path.endswith("/") or ".." in path.split("/"):
        raise Refused("a path begins with /, does not end with it, and does not go back by ..")
    if not path.isprintable():
        raise Refused("a path has no such characters")
    # Behind two slashes POSIX allows another meaning, which Linux does not have.
    shortest = "/" + posixpath.normpath(path).lstrip("/")
    if len(shortest.encode()) > most_bytes:
        raise Refused(f"its path is longer than {most_bytes} bytes")
    return shortest


def _one(name: str, text: str, refused: list[str]) -> str:
    """Return a setting that is one path, which may have spaces; "" if it is none."""
    path = text.strip()
    try:
        return path and _path(path, _MOST_FILE_BYTES)
    except Refused as refusal:
        refused.append(_sentence(name, path, str(refusal)))
        return ""


def _network(word: str) -> Network:
    """Return a network; an address is one of its own."""
    text, slash, bits = word.partition("/")
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    address = _address(text)
    if not slash:
        return ipaddress.ip_network(address)
    if not re.fullmatch("[0-9]{1,3}", bits, re.ASCII) or int(bits) > address.max_prefixlen:
        raise Refused(f"behind the slash is a number of bits, at most {address.max_prefixlen}")
    network = ipaddress.ip_network((address, int(bits)), strict=False)
    if network.network_address != address:
        raise Refused(f"is {address} meant, or {network}?")
    return network


def _host(word: str) -> str:
    """Return a name, or an address, by which a client asks."""
    name = word.lower().removesuffix(".")
    try:
        return str(_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name))
    except Refused:
        pass
    if len(name) > _MOST_HOST or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise Refused("a host's name is needed, without a port; * would let any site in")
    return name


def _method(word: str) -> str:
    if word.startswith(_OWN_METHODS):
        raise Refused("this module's own methods are there without")
    if len(word) > _MOST_METHOD or not _METHOD.fullmatch(word):
        raise Refused("the whole name of one of Kamailio's methods is needed, such as core.uptime")
    return word
