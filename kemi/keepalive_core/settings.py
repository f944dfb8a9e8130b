"""The parameters: their names, units and limits, and whose word wins (pure)."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from . import uris

Value = int | str


class InvalidSetting(ValueError):
    """A parameter was refused; the message names it, the value and the reason."""


class Setting(NamedTuple):
    """One parameter of modparam() and kamailio.cfg."""

    default: Value
    check: Callable[[Value], Value]
    """returns the value to use, raises ValueError with the reason to refuse it"""


def _whole_number(low: int, high: int, unit: str) -> Callable[[Value], Value]:
    def check(value: Value) -> Value:
        # True is an int to Python, but no number of seconds to anybody.
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"a whole number of {unit} is needed, not {type(value).__name__}")
        if not low <= value <= high:
            raise ValueError(f"{low} to {high} {unit} is allowed")
        return value

    return check


def _one_of(*words: str) -> Callable[[Value], Value]:
    def check(value: Value) -> Value:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)} is needed")
        return value

    return check


def _sip_uri(value: Value) -> Value:
    return uris.parse(value).uri


SETTINGS: Final[dict[str, Setting]] = {
    "ping_interval": Setting(30, _whole_number(1, 86_400, "seconds")),
    # tm gives up a transaction after 32 s (max_noninv_lifetime) whatever time limit it was given.
    "ping_timeout": Setting(3000, _whole_number(100, 32_000, "ms")),
    "ping_from": Setting("sip:keepalive@localhost", _sip_uri),
    "unknown_as": Setting("up", _one_of("up", "down", "error")),
}

DESTINATION: Final = "destination"
"""The one parameter that can be given many times; the registry keeps its values."""


def split_destinations(text: str) -> list[str]:
    """Return the URIs of a list with commas or white space between them, as kamailio.cfg has it."""
    return [uri for uri in re.split(r"[,\s]+", text) if uri]


class Settings:
    """All parameters with a single value; each is asked for by its name.

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
        self._modparam[_known(name)] = _checked(_known(name), value)

    def define(self, name: str, text: str) -> None:
        """Take a value that kamailio.cfg gave at the start, as text.

        Raises: InvalidSetting; then nothing has changed.
        """
        self._defined[_known(name)] = _checked(name, _from_text(name, text))

    def change(self, name: str, text: str) -> None:
        """Take a value that an operator set at run time, as text.

        Raises: InvalidSetting; then nothing has changed.
        """
        self._run_time[_known(name)] = _checked(name, _from_text(name, text))

    def _value(self, name: str) -> Value:
        for layer in (self._run_time, self._modparam, self._defined):
            if name in layer:
                return layer[name]
        return SETTINGS[name].default

    @property
    def ping_interval(self) -> int:
        """Time between two pings of a destination, seconds (manual, section 2.3.1)."""
        return int(self._value("ping_interval"))

    @property
    def ping_timeout(self) -> int:
        """Time a reply may take, ms; never longer than the interval, so that pings do not pile up."""
        return min(int(self._value("ping_timeout")), self.ping_interval * 1000)

    @property
    def ping_from(self) -> str:
        """The From URI of a ping."""
        return str(self._value("ping_from"))

    @property
    def unknown_as(self) -> str:
        """What is_alive answers before a destination's first result: "up", "down" or "error"."""
        return str(self._value("unknown_as"))


def _known(name: object) -> str:
    if not isinstance(name, str) or name not in SETTINGS:
        known = ", ".join([*SETTINGS, DESTINATION])
        raise InvalidSetting(f"unknown parameter {name!r}, known are {known}")
    return name


def _checked(name: str, value: object) -> Value:
    if not isinstance(value, int | str):
        raise InvalidSetting(f"bad {name} {value!r}: {type(value).__name__} is no type of a parameter")
    try:
        return SETTINGS[name].check(value)
    except ValueError as fault:
        raise InvalidSetting(f"bad {name} {value!r}: {fault}") from None


def _from_text(name: str, text: str) -> Value:
    if isinstance(SETTINGS[name].default, int) and re.fullmatch(r"-?\d+", text):
        return int(text)
    return text
