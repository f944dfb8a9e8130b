"""The parameters: their names, units and limits, and whose word wins (pure)."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from . import calls, group_floor, uris
from .calls import CallCriteria
from .criteria import RETRY_AFTER_INTERVALS, Criteria
from .pace import Pace
from .quoting import quoted
from .reply_codes import parse_codes
from .schedule import SECOND

Value = int | float | str


class InvalidSetting(ValueError):
    """A parameter was refused; the message names it, the value and the reason."""


class Setting(NamedTuple):
    """One parameter of modparam(), of kamailio.cfg and, for one destination, of add_destination()."""

    default: Value
    check: Callable[[Any], Value]
    """returns the value to use, raises ValueError with the reason to refuse it"""
    of_destination: bool = True
    """whether a destination may have one of its own"""
    at_run_time: bool = True
    """whether kamcmd may set it: not what names a file, which is the business of who owns kamailio.cfg"""


def _number(
    low: float, high: float, unit: str, kind: type = int, off: bool = False
) -> Callable[[Any], Value]:
    """Check a number from low to high; kind float allows fractions, off allows 0 too."""
    what = f"a whole number of {unit}" if kind is int else f"a number of {unit}"
    limits = f"{'0, or ' if off else ''}{low} to {high} {unit}"

    def check(value: Any) -> Value:
        # True is an int to Python, but no number of seconds to anybody.
        if not isinstance(value, int if kind is int else int | float) or isinstance(value, bool):
            raise ValueError(f"{what} is needed, not {type(value).__name__}")
        if not (low <= value <= high or (off and value == 0)):
            raise ValueError(f"{limits} is allowed")
        return value

    return check


def _one_of(*words: str) -> Callable[[Any], Value]:
    def check(value: Any) -> Value:
        if value not in words or not isinstance(value, str):
            raise ValueError(f"one of {', '.join(words)} is needed")
        return value

    return check


def _switch(value: Any) -> Value:
    if not isinstance(value, int) or value not in (0, 1):
        raise ValueError("0 (off) or 1 (on) is needed")
    return int(value)


def _text(pattern: str, what: str) -> Callable[[Any], Value]:
    def check(value: Any) -> Value:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"{what} is needed")
        return value

    return check


def _method(value: Any) -> Value:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{1,32}", value):
        raise ValueError("a method such as OPTIONS, in capital letters, is needed")
    if value == "ACK":
        raise ValueError("nobody answers an ACK (RFC 3261 section 17)")
    return value


def _sender(value: Any) -> Value:
    return uris.parse_sender(value)


def _sip_uri(value: Any) -> Value:
    return uris.parse(value).uri


def _sip_uri_or_none(value: Any) -> Value:
    return "" if value == "" else _sip_uri(value)


# As many characters as a text may have.
_MOST_CODES: Final = 255
_MOST_HEADERS: Final = 2048


def _see_length(text: str, most: int) -> None:
    if len(text) > most:
        raise ValueError(f"{most} characters are allowed, not {len(text)}")


def _codes(value: Any) -> Value:
    if not isinstance(value, str):
        raise ValueError(f"text such as '2xx,404' is needed, not {type(value).__name__}")
    _see_length(value, _MOST_CODES)
    parse_codes(value)
    return value


def _reply_codes(value: Any) -> Value:
    if value == "":
        raise ValueError("no code would be alive")
    return _codes(value)


def _least_alive(value: Any) -> Value:
    # A number may be written as one, in kamailio.cfg too.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not group_floor.is_group_floor(text):
        raise ValueError("a number of members or a percentage, such as '50%', is needed")
    return text


# Headers that tm writes itself, or that have a parameter of their own; a second one breaks the request.
_OWN_HEADERS: Final = frozenset(
    {
        *("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "max-forwards"),
        *("content-length", "l", "content-type", "c", "route", "record-route", "user-agent"),
    }
)


# RFC 3261 section 25.1 allows ! % * ` ' too, but there tm refuses the ping: Kamailio's header parser does not
# take them (5.6 to 6.1).
_HEADER_NAME: Final = r"[A-Za-z0-9.+_~-]+"


def _headers(value: Any) -> Value:
    """Check headers, one or several with "|" between them; return them as they are sent."""
    if not isinstance(value, str):
        raise ValueError(f"text such as 'X-A: 1 | X-B: 2' is needed, not {type(value).__name__}")
    _see_length(value, _MOST_HEADERS)
    for header in filter(None, (part.strip() for part in value.split("|"))):
        if not re.fullmatch(r"[^:]+: ?[\x20-\x7e]+", header):
            raise ValueError(f"{quoted(header)} is no header, 'Name: value' in printable ASCII is needed")
        if "!" in header:
            raise ValueError(
                f"{quoted(header)} has a '!', at which Kamailio's tm breaks a request (5.6, 6.0)"
            )
        name = header.partition(":")[0].strip()
        if not re.fullmatch(_HEADER_NAME, name):
            raise ValueError(
                f"{quoted(name)} is no name of a header: letters, digits and . + _ ~ - are allowed"
            )
        if name.lower() == "retry-after":
            raise ValueError(f"header {name} is one of replies (RFC 3261 section 20.33)")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"header {name} is written by Kamailio")
    return value


# RFC 3261 section 17.1.2.2, T1: ms after which an unanswered ping is sent again, over UDP.
RESENT_AFTER: Final = 500

_file_name = Setting(
    "", _text(r"|/[\x21-\x7e]{1,1023}", "an absolute path"), of_destination=False, at_run_time=False
)

_INTERVAL = (0.1, 86_400, "seconds", float)

SETTINGS: Final[dict[str, Setting]] = {
    "ping_interval": Setting(30, _number(*_INTERVAL)),
    "ping_interval_pending": Setting(0, _number(*_INTERVAL, off=True)),
    "ping_interval_down": Setting(0, _number(*_INTERVAL, off=True)),
    "ping_jitter": Setting(10, _number(0, 50, "percent")),
    # tm gives up a transaction after 32 s (max_noninv_lifetime) whatever time limit it was given.
    "ping_timeout": Setting(3000, _number(50, 32_000, "ms")),
    "ping_from": Setting("sip:keepalive@localhost", _sender),
    "ping_method": Setting("OPTIONS", _method),
    "ping_headers": Setting("", _headers),
    "ping_socket": Setting(
        "", _text(r"|(udp|tcp|tls|sctp):[A-Za-z0-9.\-\[\]:]{1,200}", "a socket such as udp:192.168.10.1:5060")
    ),
    "outbound_proxy": Setting("", _sip_uri_or_none),
    "ping_check_source": Setting(0, _switch),
    "max_forwards": Setting(70, _number(0, 255, "hops")),
    "ping_reply_codes": Setting("2xx", _reply_codes),
    "rise": Setting(1, _number(1, 1000, "successes")),
    "fall": Setting(1, _number(1, 1000, "failures")),
    "honor_retry_after": Setting(1, _switch),
    "drain_codes": Setting("", _codes),
    "drain_time": Setting(60, _number(1, 86_400, "seconds")),
    "remove_after": Setting(0, _number(0, 1_000_000, "failures")),
    "stale_after": Setting(0, _number(1, 864_000, "seconds", off=True)),
    "unknown_as": Setting("up", _one_of("up", "down", "error")),
    "group_min_alive": Setting("0", _least_alive),
    "mass_failure": Setting(0, _number(0, 99, "percent"), of_destination=False),
    "flap_limit": Setting(0, _number(2, 1000, "changes", off=True)),
    "flap_window": Setting(60, _number(1, 86_400, "seconds")),
    "flap_hold": Setting(30, _number(1, 86_400, "seconds")),
    "flap_hold_max": Setting(1800, _number(1, 86_400, "seconds")),
    "passive_mode": Setting("on", _one_of(*calls.MODES)),
    "passive_min": Setting(5, _number(1, 10_000, "calls")),
    "passive_window": Setting(60, _number(1, 86_400, "seconds")),
    "ping_skip_if_fresh": Setting(0, _number(0.1, 86_400, "seconds", float, off=True)),
    "list_file": _file_name,
    "state_file": _file_name,
}

DESTINATION: Final = "destination"
"""The one parameter that can be given many times; the registry keeps its values."""


def split_destinations(text: str) -> list[str]:
    """Return the URIs of a list with commas or white space between them, as kamailio.cfg has it."""
    return [uri for uri in re.split(r"[,\s]+", text) if uri]


class Policy:
    """What is in force for one destination: its own options, and the settings for the rest.

    Arguments: settings, by the names of the parameters; options, what the destination has of its own.
    """

    def __init__(self, settings: Mapping[str, Value], options: Mapping[str, Value] | None = None) -> None:
        self.options = dict(options or {})
        values = {**settings, **self.options}
        self.interval = float(values["ping_interval"])
        """s (manual, section 2.3.1)"""
        self.interval_pending = float(values["ping_interval_pending"]) or self.interval
        self.interval_down = float(values["ping_interval_down"]) or self.interval
        self.jitter = int(values["ping_jitter"]) / 100
        """a part of the interval"""
        self.timeout = int(min(float(values["ping_timeout"]), self.interval * 1000))
        """ms; never longer than the interval, so that pings do not pile up"""
        self.method = str(values["ping_method"])
        self.from_uri = str(values["ping_from"])
        self.socket = str(values["ping_socket"])
        self.proxy = str(values["outbound_proxy"])
        self.check_source = bool(values["ping_check_source"])
        headers = [header.strip() for header in str(values["ping_headers"]).split("|") if header.strip()]
        headers.append(f"Max-Forwards: {values['max_forwards']}")
        self.headers = "".join(f"{header}\r\n" for header in headers)
        """as they are sent, beside From and To"""
        self.stale_after = float(values["stale_after"])
        self.unknown_as = str(values["unknown_as"])
        self.skip_if_fresh = float(values["ping_skip_if_fresh"])
        """s; so much shorter than stale_after that a ping is sent before"""
        if self.stale_after:
            self.skip_if_fresh = max(0.0, min(self.skip_if_fresh, self.stale_after - self.interval))
        self.calls = CallCriteria(
            str(values["passive_mode"]), int(values["passive_min"]), int(values["passive_window"])
        )
        honored = RETRY_AFTER_INTERVALS if values["honor_retry_after"] else 0
        self.criteria = Criteria(
            rise=int(values["rise"]),
            fall=int(values["fall"]),
            codes=parse_codes(str(values["ping_reply_codes"])),
            remove_after=int(values["remove_after"]),
            timeout=self.timeout,
            drain_codes=parse_codes(str(values["drain_codes"])),
            drain_time=int(values["drain_time"]),
            most_drain=math.ceil(honored * self.interval),
            flap_limit=int(values["flap_limit"]),
            flap_window=int(values["flap_window"]),
            flap_hold=int(values["flap_hold"]),
            flap_hold_max=max(int(values["flap_hold"]), int(values["flap_hold_max"])),
        )

        self.reliable_criteria_text = self.criteria.text()
        # Over UDP a ping may be sent more than once.
        self.udp_criteria = self.criteria._replace(resent_after=RESENT_AFTER)
        self.udp_criteria_text = self.udp_criteria.text()

        self._intervals = {
            Pace.REGULAR: int(self.interval * SECOND),
            Pace.PENDING: int(self.interval_pending * SECOND),
            Pace.DOWN: int(self.interval_down * SECOND),
        }

    def interval_at(self, pace: Pace) -> int:
        """Return the time between two pings at a pace, us."""
        return self._intervals[pace]


class Settings:
    """All parameters with a single value.

    A change at run time wins over ``modparam``, that over a define in kamailio.cfg, that over the default.
    """

    def __init__(self) -> None:
        self._defined: dict[str, Value] = {}
        self._modparam: dict[str, Value] = {}
        self._run_time: dict[str, Value] = {}

    def modparam(self, name: object, value: object) -> None:
        """Take a value from the script, of the parameter's own type.

        Raises: InvalidSetting; then nothing has changed.
        """
        self._modparam[_known(name)] = check(name, value)

    def of_script(self) -> Mapping[str, Value]:
        """Return what the script has set until now."""
        return self._modparam.copy()

    def take_back(self, before: Mapping[str, Value]) -> None:
        """Forget what the script has set since of_script() gave that."""
        self._modparam = dict(before)

    def define(self, name: str, text: str) -> None:
        """Take a value that kamailio.cfg gave at the start, as text.

        Raises: InvalidSetting; then nothing has changed.
        """
        self._defined[name] = check(name, from_text(name, text))

    def change(self, name: str, text: str) -> None:
        """Take a value that an operator set at run time, as text.

        Raises: InvalidSetting; then nothing has changed.
        """
        self._run_time[name] = check(name, from_text(name, text))

    def values(self) -> dict[str, Value]:
        """Return the value in force of every parameter."""
        defaults = {name: setting.default for name, setting in SETTINGS.items()}
        return {**defaults, **self._defined, **self._modparam, **self._run_time}


def check(name: object, value: object) -> Value:
    """Return a parameter's value as it is to be used.

    Raises: InvalidSetting for an unknown name, a wrong type or a value out of range.
    """
    try:
        return SETTINGS[_known(name)].check(value)
    except InvalidSetting:
        raise
    except ValueError as fault:
        raise InvalidSetting(f"bad {name} {quoted(value)}: {fault}") from None


def check_options(options: Mapping[str, object]) -> dict[str, Value]:
    """Return one destination's options as they are to be used. Raises: InvalidSetting."""
    for name in options:
        if name in SETTINGS and not SETTINGS[name].of_destination:
            raise InvalidSetting(f"{name} is no parameter of one destination")
    return {name: check(name, value) for name, value in options.items()}


def _known(name: object) -> str:
    if not isinstance(name, str) or name not in SETTINGS:
        known = ", ".join([*SETTINGS, DESTINATION])
        raise InvalidSetting(f"unknown parameter {quoted(name)}, known are {known}")
    return name


def from_text(name: str, text: str) -> Value:
    """Return the value that a text of kamailio.cfg, of an operator or of a list file stands for."""
    if not isinstance(SETTINGS[_known(name)].default, str):
        # No limit has more digits, and Python makes no number of more than 4300.
        if re.fullmatch(r"-?[0-9]{1,18}", text):
            return int(text)
        if re.fullmatch(r"-?[0-9]{1,18}\.[0-9]{1,18}", text):
            return float(text)
    return text
